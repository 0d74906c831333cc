"""Identifiers as people copy them from their papers, their mails and their spreadsheets."""

from collections.abc import Callable

import pytest

from portal.companies import rules

Check = Callable[[str], str]


@pytest.mark.parametrize(
    ("check", "typed", "kept"),
    [
        (rules.check_siret, "12345678200010", "12345678200010"),
        (rules.check_siret, "98765432400019", "98765432400019"),
        (rules.check_siret, "11122233700011", "11122233700011"),
        (rules.check_siret, "44455566800011", "44455566800011"),
        (rules.check_siret, "732 829 320 00074", "73282932000074"),
        (rules.check_siret, "732\u00a0829\u00a0320\u00a000074", "73282932000074"),
        (rules.check_siret, "732\u202f829\u202f320\u202f00074", "73282932000074"),
        (rules.check_siret, "732.829.320-00074 ", "73282932000074"),
        (rules.check_siret, "７３２８２９３２００００７４", "73282932000074"),
        (rules.check_siret, "\u200e732829320\u200b00074", "73282932000074"),
        # La Poste: its head office has a usual key, its establishments a key of their own
        (rules.check_siret, "35600000000048", "35600000000048"),
        (rules.check_siret, "35600000049837", "35600000049837"),
        (rules.check_naf, "8559A", "85.59A"),
        (rules.check_naf, "85.59a", "85.59A"),
        (rules.check_naf, "43 32 A", "43.32A"),
        (rules.check_postcode, "21200", "21200"),
        (rules.check_postcode, " 21 200 ", "21200"),
        (rules.check_postcode, "F-21200", "21200"),
        (rules.check_postcode, "01000", "01000"),
        (rules.check_postcode, "20000", "20000"),
        (rules.check_postcode, "97411", "97411"),
        (rules.check_postcode, "98714", "98714"),
        (rules.check_postcode, "98000", "98000"),
        (rules.check_phone, "06 99 00 12 34", "0699001234"),
        (rules.check_phone, "06.99.00.12.34", "0699001234"),
        (rules.check_phone, "06-99-00-12-34", "0699001234"),
        (rules.check_phone, "+33 6 99 00 12 34", "0699001234"),
        (rules.check_phone, "+33 (0)6 99 00 12 34", "0699001234"),
        (rules.check_phone, "0033699001234", "0699001234"),
        (rules.check_phone, "(01) 99 00 12 34", "0199001234"),
        (rules.check_phone, "+32 2 555 12 34", "+32 2 555 12 34"),
        (rules.check_phone, "0041 21 555 12 34", "0041 21 555 12 34"),
        (rules.check_phone, "+262 262 55 12 34", "+262 262 55 12 34"),
        (rules.check_vat_number, "FR44732829320", "FR44732829320"),
        (rules.check_vat_number, "fr 03 552 081 317", "FR03552081317"),
        (rules.check_vat_number, "FR11123456782", "FR11123456782"),
        (rules.check_iban, "FR76 3000 6000 0112 3456 7890 189", "FR7630006000011234567890189"),
        (rules.check_iban, "fr14 2004 1010 0505 0001 3m02 606", "FR1420041010050500013M02606"),
        (rules.check_iban, "BE68 5390 0754 7034", "BE68539007547034"),
        (rules.check_nda, "11750000075", "11750000075"),
        (rules.check_nda, "11 75 00000 75", "11750000075"),
        (rules.check_nda, "01 75 00000 75", "01750000075"),
    ],
)
def test_what_is_right_is_kept_in_one_spelling(check: Check, typed: str, kept: str) -> None:
    assert check(typed) == kept
    assert check(kept) == kept


@pytest.mark.parametrize(
    ("check", "typed", "sentence"),
    [
        (rules.check_siret, "7328293200007", "Le SIRET compte 14 chiffres, il en manque 1"),
        (rules.check_siret, "123", "Le SIRET compte 14 chiffres, il en manque 11"),
        (rules.check_siret, "732829320000740", "il y en a 1 de trop"),
        (rules.check_siret, "12345678200011", "erreur de frappe"),
        (rules.check_siret, "35600000049838", "erreur de frappe"),
        (rules.check_siret, "0" * 14, "erreur de frappe"),
        (rules.check_siret, "732829320", "Vous avez donné un SIREN"),
        (rules.check_siret, "732 829 320", "Vous avez donné un SIREN"),
        (rules.check_siret, "٧٣٢٨٢٩٣٢٠٠٠٠٧٤", "chiffres de 0 à 9"),
        (rules.check_siret, "7328293200007O", "chiffres de 0 à 9"),
        (rules.check_siret, "", "chiffres de 0 à 9"),
        (rules.check_naf, "8559", "4 chiffres et une lettre"),
        (rules.check_naf, "85.59AB", "4 chiffres et une lettre"),
        (rules.check_naf, "A8559", "4 chiffres et une lettre"),
        (rules.check_postcode, "2A004", "En Corse, le code postal commence par 20"),
        (rules.check_postcode, "2b033", "En Corse, le code postal commence par 20"),
        (rules.check_postcode, "1000", "il en manque 1"),
        (rules.check_postcode, "212000", "il y en a 1 de trop"),
        (rules.check_postcode, "99100", "Aucun code postal français"),
        (rules.check_postcode, "96000", "Aucun code postal français"),
        (rules.check_postcode, "B-1000", "chiffres de 0 à 9"),
        (rules.check_phone, "06 99 00 12 3", "il en manque 1"),
        (rules.check_phone, "06 99 00 12 345", "il y en a 1 de trop"),
        (rules.check_phone, "1199001234", "commence par 01 à 09"),
        (rules.check_phone, "+3", "numéro étranger est incomplet"),
        (rules.check_phone, "appelez-moi", "en chiffres"),
        (rules.check_phone, "", "en chiffres"),
        (rules.check_vat_number, "FR00123456782", "comporte une erreur"),
        (rules.check_vat_number, "FR4473282932", "comporte une erreur"),
        (rules.check_vat_number, "44732829320", "commence par FR"),
        (rules.check_iban, "FR76 3000 6000 0112 3456 7890 188", "erreur de frappe"),
        (rules.check_iban, "FR76", "erreur de frappe"),
        (rules.check_iban, "", "erreur de frappe"),
        (rules.check_nda, "1175000007", "11 chiffres, il en manque 1"),
        (rules.check_nda, "117500000755", "11 chiffres, il y en a 1 de trop"),
        (rules.check_nda, "11A50000075", "chiffres de 0 à 9"),
    ],
)
def test_what_is_wrong_is_explained(check: Check, typed: str, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:
        check(typed)
    assert sentence in str(caught.value)
    assert str(caught.value)[0].isupper()


@pytest.mark.parametrize("count", [None, 1, 49])
def test_a_small_company_needs_no_warning(count: int | None) -> None:
    assert rules.staff_note(count) is None


@pytest.mark.parametrize("count", [50, 51, 12_000])
def test_a_company_of_fifty_is_told_of_the_funds(count: int) -> None:
    note = rules.staff_note(count)
    assert note is not None
    assert "L6332-1-3" in note
