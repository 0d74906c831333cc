"""The exact words of the undertaking, and the codes: no row, no clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.funding.rules import NOTHING, Base, Split, VatRegime, grant, split
from portal.signature import rules
from portal.signature.rules import (
    CodeFormat,
    code_digest,
    code_text,
    consent_sentences,
    normalise_code,
    read_verification_code,
    strokes,
    verification_code,
)
from tests.conftest import NOW

KEY = "k" * 48


def shares(
    price: int,
    regime: VatRegime,
    net: int,
    *,
    pays_vat: bool = False,
    subrogation: bool = True,
) -> Split:
    granted = grant(net, Base.NET, pays_vat, regime) if net else NOTHING
    return split(price, regime, granted, subrogation)


def words(given: Split | None, *, subrogation: bool = True, recovers_vat: bool = True) -> list[str]:
    sentences = consent_sentences(
        "C-2026-0142",
        "Nordlys Conseil",
        given,
        subrogation=subrogation,
        organisation="Atelier Cascade",
        funder="Atlas",
        recovers_vat=recovers_vat,
    )
    return [sentence.replace("\u00a0", " ") for sentence in sentences]


ACCEPTS = "J’ai lu et j’accepte, pour Nordlys Conseil, la convention C-2026-0142."
STANDARD, EXEMPT, FRANCHISE = VatRegime.STANDARD, VatRegime.EXEMPT, VatRegime.FRANCHISE
PROMISE = "Je m’engage, pour Nordlys Conseil, à régler "


def test_nothing_to_pay_is_one_sentence() -> None:
    """Examples (a), (d) and (e): a total agreement asks for no undertaking."""
    assert words(None) == [ACCEPTS]
    assert words(shares(280_000, EXEMPT, 280_000)) == [ACCEPTS]
    total = shares(120_000, STANDARD, 120_000, subrogation=False)
    assert (total.client_due_cents, words(total, subrogation=False)) == (144_000, [ACCEPTS])
    for regime in (EXEMPT, STANDARD, FRANCHISE):
        assert words(shares(189_000, regime, 189_000), recovers_vat=False) == [ACCEPTS]


@pytest.mark.parametrize(
    ("given", "subrogation", "recovers_vat", "expected"),
    [
        # no VAT: the remainder is what is paid
        (shares(240_000, EXEMPT, 160_000), True, True, "le reste à charge de 800,00 €."),
        (shares(240_000, FRANCHISE, 160_000), True, False, "le reste à charge de 800,00 €."),
        # example (b), mode A: the funder pays no VAT
        (
            shares(504_000, STANDARD, 378_000),
            True,
            True,
            (
                "le reste à charge de 1 260,00 € HT, soit 2 268,00 € à régler par l’entreprise "
                "(1 260,00 € HT et 1 008,00 € de TVA sur la totalité du prix)."
            ),
        ),
        # example (b), mode B: it pays the VAT on its share
        (
            shares(504_000, STANDARD, 378_000, pays_vat=True),
            True,
            True,
            (
                "le reste à charge de 1 260,00 € HT, soit 1 512,00 € à régler par l’entreprise "
                "(1 260,00 € HT et 252,00 € de TVA sur le reste à charge)."
            ),
        ),
        # a client that does not recover VAT reads it first
        (
            shares(504_000, STANDARD, 378_000),
            True,
            False,
            (
                "le reste à charge de 2 268,00 € TTC, soit 1 260,00 € HT et 1 008,00 € de TVA "
                "sur la totalité du prix."
            ),
        ),
        (
            shares(504_000, STANDARD, 378_000, pays_vat=True),
            True,
            False,
            (
                "le reste à charge de 1 512,00 € TTC, soit 1 260,00 € HT et 252,00 € de TVA sur le "
                "reste à charge."
            ),
        ),
        # without subrogation, as in (d) but partial: the whole price, reimbursed in part
        (
            shares(504_000, STANDARD, 378_000, subrogation=False),
            False,
            True,
            (
                "à Atelier Cascade la totalité du prix de 5 040,00 € HT, soit 6 048,00 € à régler "
                "par l’entreprise, TVA comprise ; Atlas rembourse 3 780,00 € à l’entreprise, dont "
                "le reste à charge est de 1 260,00 € HT."
            ),
        ),
        (
            shares(504_000, STANDARD, 378_000, pays_vat=True, subrogation=False),
            False,
            False,
            (
                "à Atelier Cascade la totalité du prix, soit 6 048,00 € TTC ; Atlas rembourse "
                "4 536,00 € à l’entreprise, dont le reste à charge est de 1 512,00 € TTC "
                "(1 260,00 € HT)."
            ),
        ),
        (
            shares(240_000, EXEMPT, 160_000, subrogation=False),
            False,
            True,
            (
                "à Atelier Cascade la totalité du prix, soit 2 400,00 € ; Atlas rembourse "
                "1 600,00 € à l’entreprise, dont le reste à charge est de 800,00 €."
            ),
        ),
        # example (c), the client goes on by itself; (e), the same price under three regimes
        (
            shares(150_000, EXEMPT, 0, subrogation=False),
            False,
            True,
            "la totalité du prix, soit 1 500,00 €.",
        ),
        (
            shares(189_000, FRANCHISE, 0, subrogation=False),
            False,
            True,
            "la totalité du prix, soit 1 890,00 €.",
        ),
        (
            shares(189_000, STANDARD, 0, subrogation=False),
            False,
            True,
            (
                "la totalité du prix de 1 890,00 € HT, soit 2 268,00 € à régler par l’entreprise, "
                "TVA comprise."
            ),
        ),
        (
            shares(189_000, STANDARD, 0, subrogation=False),
            False,
            False,
            "la totalité du prix, soit 2 268,00 € TTC (1 890,00 € HT).",
        ),
    ],
)
def test_the_undertaking_names_exact_amounts(
    given: Split, subrogation: bool, recovers_vat: bool, expected: str
) -> None:
    assert words(given, subrogation=subrogation, recovers_vat=recovers_vat) == [
        ACCEPTS,
        PROMISE + expected,
    ]


@given(
    st.integers(1, 99_999_999),
    st.floats(0, 0.999),
    st.sampled_from(list(VatRegime)),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_what_is_owed_is_always_written(
    price: int, part: float, regime: VatRegime, pays_vat: bool, subrogation: bool, recovers: bool
) -> None:
    made = shares(price, regime, int(price * part), pays_vat=pays_vat, subrogation=subrogation)
    sentences = consent_sentences(
        "E-2026-0142",
        "Nordlys {Conseil}",
        made,
        subrogation=subrogation,
        organisation="Atelier",
        funder="",
        recovers_vat=recovers,
    )
    assert sentences[0] == (
        "J’ai lu et j’accepte, pour Nordlys {Conseil}, l’engagement de règlement E-2026-0142."
    )
    assert rules.money.euros(made.client_due_cents) in sentences[1]
    if made.granted.net_cents:
        assert rules.money.euros(made.remainder_cents) in sentences[1]


def test_a_published_text_never_changes() -> None:
    assert rules.consent_digest(1) == (
        "7347686d24a6bd7696663ba7f31d00ee88c00fc6d5e1c28b4c17deee648dc19f"
    ), "a new wording is a new version: leave version 1 as it is"


# --- Codes


@pytest.mark.parametrize(
    "typed",
    [
        "123456",
        " 123 456 ",
        "123\u00a0456",
        "12 34 56",
        "123-456",
        "123\u202f456\n",
        "\u200b123456",
        "123.456",
    ],
)
def test_a_code_is_read_however_it_is_pasted(typed: str) -> None:
    assert normalise_code(typed) == "123456"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Saisissez le code à six chiffres"),
        ("   ", "Saisissez le code à six chiffres"),
        ("12345", "Le code compte six chiffres, par exemple 123\u00a0456"),
        ("1234567", "Le code compte six chiffres, par exemple 123\u00a0456"),
        ("12345O", "Le code compte six chiffres, par exemple 123\u00a0456"),
        ("１２３４５６", "Saisissez le code avec les chiffres ordinaires du clavier"),
        ("١٢٣٤٥٦", "Saisissez le code avec les chiffres ordinaires du clavier"),
        ("²³¹²³¹", "Le code compte six chiffres"),
    ],
)
def test_what_is_not_a_code_is_said_kindly(typed: str, sentence: str) -> None:
    with pytest.raises(CodeFormat, match="^" + sentence):
        normalise_code(typed)


def test_the_digits_belong_to_one_row_one_link_one_file() -> None:
    usual = code_text(KEY, 1, 2, "a" * 64, NOW)
    assert usual == code_text(KEY, 1, 2, "a" * 64, NOW)
    assert len(usual) == 6
    assert usual.isdigit()
    others = {
        code_text(KEY, 3, 2, "a" * 64, NOW),
        code_text(KEY, 1, 3, "a" * 64, NOW),
        code_text(KEY, 1, 2, "b" * 64, NOW),
        code_text(KEY, 1, 2, "a" * 64, NOW.replace(microsecond=1)),
        code_text("other" * 10, 1, 2, "a" * 64, NOW),
    }
    assert usual not in others
    assert len(others) == 5


def test_the_digits_are_spread_evenly() -> None:
    found = {code_text(KEY, number, 1, "a" * 64, NOW) for number in range(5_000)}
    assert len(found) > 4_950
    firsts = [sum(code.startswith(str(digit)) for code in found) for digit in range(10)]
    assert min(firsts) > 400


def test_a_stored_digest_opens_nothing_else() -> None:
    usual = code_digest(KEY, 2, "a" * 64, "123456")
    assert "123456" not in usual
    assert usual != code_digest(KEY, 3, "a" * 64, "123456")
    assert usual != code_digest(KEY, 2, "b" * 64, "123456")
    assert usual != code_digest(KEY, 2, "a" * 64, "123457")


@given(st.binary(min_size=16, max_size=16))
def test_a_printed_code_is_read_back(random: bytes) -> None:
    code = verification_code(random)
    assert len(code) == 34
    assert read_verification_code(code) == code
    spelt = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert read_verification_code(f" {spelt} ") == code


def test_printed_codes_are_128_bits_of_chance() -> None:
    assert len({verification_code() for _ in range(1_000)}) == 1_000
    assert verification_code(b"\xff" * 16) != verification_code(b"\xff" * 15 + b"\xfe")


def test_a_misread_letter_is_noticed() -> None:
    code = verification_code(b"sixteen octets !")
    for position, letter in enumerate(code):
        if letter != "-":
            other = "7" if letter != "7" else "9"
            assert read_verification_code(code[:position] + other + code[position + 1 :]) is None
    assert read_verification_code(code[:-1]) is None
    assert read_verification_code("") is None
    assert read_verification_code("U" * 28) is None


def test_a_drawing_is_points_and_nothing_else() -> None:
    assert strokes("12,30 13,31;40,20 41,22") == [[(12, 30), (13, 31)], [(40, 20), (41, 22)]]
    for other in (
        None,
        "",
        "12",
        "1,2;;3,4",
        "1,2 ;3,4",
        "601,2",
        "1,201",
        "-1,2",
        "data:image/png",
        "1,2\n",
    ):
        assert strokes(other) == []
    assert strokes("1,2 " * 20_000 + "1,2") == []
