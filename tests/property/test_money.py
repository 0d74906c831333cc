"""Whatever the amount: read back as it was shown, and never a cent lost."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from portal import money

CENTS = st.integers(min_value=0, max_value=money.MAX_CENTS)


@given(CENTS)
def test_an_amount_shown_is_read_back(cents: int) -> None:
    assert money.parse(money.euros(cents)) == cents
    assert money.parse(money.figures(cents)) == cents
    assert money.parse(f"{cents // 100}.{cents % 100:02d}") == cents


@given(CENTS, st.sampled_from([" ", "\u00a0", "\u202f", "\u2009", "'", "’", ""]))
def test_any_separator_of_thousands_gives_the_same_amount(cents: int, separator: str) -> None:
    assert money.parse(money.figures(cents).replace(money.NBSP, separator)) == cents


@given(st.text(max_size=30))
def test_any_text_is_an_amount_or_a_sentence(text: str) -> None:
    try:
        cents = money.parse(text)
    except money.AmountError as error:
        sentence = str(error)
    else:
        assert 0 <= cents <= money.MAX_CENTS
        return
    assert sentence


@given(st.fractions(min_value=-(10**9), max_value=10**9))
def test_rounding_moves_by_half_a_cent_at_most(amount: Fraction) -> None:
    rounded = money.half_up(amount)
    assert abs(rounded - amount) <= Fraction(1, 2)
    assert money.half_up(-amount) == -rounded


@given(CENTS, st.sampled_from([0, 210, 550, 1_000, 2_000]))
def test_vat_never_exceeds_its_rate_by_more_than_half_a_cent(net: int, rate: int) -> None:
    vat = money.vat(net, rate)
    assert 0 <= vat <= net
    assert abs(vat - Fraction(net * rate, 10_000)) <= Fraction(1, 2)


@given(CENTS, st.integers(min_value=1, max_value=500))
def test_a_whole_quantity_needs_no_rounding(unit: int, quantity: int) -> None:
    assert money.times(unit, quantity) == unit * quantity
