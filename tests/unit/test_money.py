"""What people type as an amount, and how amounts are shown and rounded."""

from fractions import Fraction

import pytest

from portal import money


@pytest.mark.parametrize(
    ("typed", "cents"),
    [
        ("1 234,50", 123_450),
        ("1\u00a0234,50\u00a0€", 123_450),
        ("1\u202f234,50\u202f€", 123_450),
        ("1\u2009234,50", 123_450),
        ("1.234,50", 123_450),
        ("1.234.567,89", 123_456_789),
        ("1234.5", 123_450),
        ("1600,5", 160_050),
        ("1'234", 123_400),
        ("1’234,00", 123_400),
        ("1 600", 160_000),
        ("  2400 euros ", 240_000),
        ("2400 EUR", 240_000),
        ("1 euro", 100),
        ("0", 0),
        ("0,05", 5),
        ("007", 700),
        ("9 999 999,99", money.MAX_CENTS),
    ],
)
def test_amounts_as_they_are_typed(typed: str, cents: int) -> None:
    assert money.parse(typed) == cents


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Indiquez un montant"),
        ("€", "Indiquez un montant"),
        ("-1", "négatif"),
        ("− 12,50", "négatif"),
        ("1,234.50", "se lit de deux façons"),
        ("1.600", "se lit de deux façons"),
        ("1,600", "se lit de deux façons"),
        ("0,005", "se lit de deux façons"),
        ("12,3456", "en chiffres"),
        ("1e9", "en chiffres"),
        ("NaN", "en chiffres"),
        ("Infinity", "en chiffres"),
        ("٣", "en chiffres"),
        ("１２", "en chiffres"),
        ("0x10", "en chiffres"),
        ("1_000", "en chiffres"),
        ("10 k€", "en chiffres"),
        ("1,5,5", "en chiffres"),
        ("10 000 000", "dépasse"),
        ("10 000 000,00", "dépasse"),
        ("1" + "0" * 40, "en chiffres"),
        ("1" + "0" * 15, "dépasse"),
    ],
)
def test_what_is_not_an_amount_is_refused_with_a_sentence(typed: str, sentence: str) -> None:
    with pytest.raises(money.AmountError) as caught:
        money.parse(typed)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("cents", "shown"),
    [
        (0, "0,00\u00a0€"),
        (5, "0,05\u00a0€"),
        (123_450, "1\u00a0234,50\u00a0€"),
        (123_456_789, "1\u00a0234\u00a0567,89\u00a0€"),
        (-2_050, "−20,50\u00a0€"),
    ],
)
def test_amounts_are_shown_the_french_way(cents: int, shown: str) -> None:
    assert money.euros(cents) == shown


@pytest.mark.parametrize(
    ("amount", "cents"),
    [
        (Fraction(1, 2), 1),
        (Fraction(-1, 2), -1),
        (Fraction(49, 100), 0),
        (Fraction(5, 2), 3),
        (Fraction(7, 2), 4),
        (Fraction(-5, 2), -3),
        (Fraction(3), 3),
    ],
)
def test_halves_go_away_from_zero(amount: Fraction, cents: int) -> None:
    assert money.half_up(amount) == cents


def test_vat_is_rounded_once_on_the_total() -> None:
    assert money.vat(504_000, 2_000) == 100_800
    assert money.vat(189_000, 2_000) == 37_800
    assert money.vat(12, 2_000) == 2
    assert money.vat(13, 2_000) == 3
    # three lines of 0,13 € rounded one by one would give 9 cents
    assert money.vat(39, 2_000) == 8
    assert money.vat(100_000, 550) == 5_500


def test_unit_price_times_a_quantity() -> None:
    assert money.times(4_000, Fraction(126)) == 504_000
    assert money.times(3_333, Fraction(7, 2)) == 11_666
    assert money.times(1, Fraction(1, 2)) == 1
