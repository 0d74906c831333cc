"""Working days of France, computed: checked against the calendars that were published."""

from datetime import date, timedelta

import pytest

from portal import workdays


@pytest.mark.parametrize(
    ("year", "month", "day"),
    [
        (1954, 4, 18), (1981, 4, 19), (2000, 4, 23), (2008, 3, 23), (2024, 3, 31),
        (2025, 4, 20), (2026, 4, 5), (2027, 3, 28), (2035, 3, 25), (2038, 4, 25), (2049, 4, 18),
    ],
)  # fmt: skip
def test_easter(year: int, month: int, day: int) -> None:
    assert workdays.easter(year) == date(year, month, day)


def test_easter_stays_a_sunday_between_22_march_and_25_april() -> None:
    for year in range(1900, 2200):
        found = workdays.easter(year)
        assert found.weekday() == 6
        assert date(year, 3, 22) <= found <= date(year, 4, 25)


def test_the_eleven_holidays_of_2026() -> None:
    assert sorted(workdays.holidays(2026)) == [
        date(2026, 1, 1),
        date(2026, 4, 6),  # lundi de Pâques
        date(2026, 5, 1),
        date(2026, 5, 8),
        date(2026, 5, 14),  # Ascension
        date(2026, 5, 25),  # lundi de Pentecôte
        date(2026, 7, 14),
        date(2026, 8, 15),
        date(2026, 11, 1),
        date(2026, 11, 11),
        date(2026, 12, 25),
    ]


def test_nobody_works_on_a_sunday_nor_on_a_holiday() -> None:
    assert workdays.is_working(date(2026, 11, 23))
    assert not workdays.is_working(date(2026, 11, 22))
    assert not workdays.is_working(date(2026, 11, 21))
    assert not workdays.is_working(date(2026, 11, 11))


@pytest.mark.parametrize(
    ("day", "count", "found"),
    [
        (date(2026, 11, 20), 1, date(2026, 11, 23)),  # a weekend between
        (date(2026, 11, 10), 1, date(2026, 11, 12)),  # a holiday between
        (date(2026, 11, 12), -1, date(2026, 11, 10)),
        (date(2026, 12, 31), 1, date(2027, 1, 4)),  # the year turns
        (date(2026, 11, 22), 0, date(2026, 11, 22)),
        (date(2026, 5, 13), 2, date(2026, 5, 18)),  # Ascension, then the weekend
    ],
)
def test_days_are_counted_over_what_is_not_worked(day: date, count: int, found: date) -> None:
    assert workdays.shifted(day, count) == found


def test_counting_and_shifting_agree() -> None:
    first = date(2026, 4, 1)
    for number in range(60):
        last = first + timedelta(days=number)
        assert workdays.between(first, last) == sum(
            workdays.is_working(first + timedelta(days=n)) for n in range(1, number + 1)
        )
        assert workdays.between(first, workdays.shifted(first, number)) == number
    assert workdays.between(first, first - timedelta(days=3)) == 0
