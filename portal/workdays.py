"""The days France works: no weekend, none of the eleven public holidays. Pure, nothing by hand.

The holidays are those of article L3133-1 of the Code du travail; what is proper to Alsace-Moselle
or to an overseas department is left out. Easter is computed for the Gregorian calendar (the
algorithm published in Nature in 1876, after Meeus, « Astronomical Algorithms », chapter 8).
"""

from datetime import date, timedelta
from functools import cache

DAY = timedelta(days=1)
_FIXED = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
_AFTER_EASTER = (1, 39, 50)  # Easter Monday, Ascension Day, Whit Monday


def easter(year: int) -> date:
    """Easter Sunday of a year of the Gregorian calendar."""
    golden = year % 19
    century, of_century = divmod(year, 100)
    leap_centuries, rest = divmod(century, 4)
    drift = (century - (century + 8) // 25 + 1) // 3
    moon = (19 * golden + century - leap_centuries - drift + 15) % 30
    leaps, days = divmod(of_century, 4)
    sunday = (32 + 2 * rest + 2 * leaps - moon - days) % 7
    late = (golden + 11 * moon + 22 * sunday) // 451
    month, day = divmod(moon + sunday - 7 * late + 114, 31)
    return date(year, month, day + 1)


@cache
def holidays(year: int) -> frozenset[date]:
    """The public holidays of the whole country in that year."""
    fixed = {date(year, month, day) for month, day in _FIXED}
    return frozenset(fixed | {easter(year) + timedelta(days=n) for n in _AFTER_EASTER})


def is_working(day: date) -> bool:
    """Whether people work that day."""
    return day.weekday() < 5 and day not in holidays(day.year)


def shifted(day: date, count: int) -> date:
    """The working day that many working days after `day`, or before it when `count` is negative.

    With 0, `day` itself, whatever it is.
    """
    step = DAY if count > 0 else -DAY
    for _ in range(abs(count)):
        day += step
        while not is_working(day):
            day += step
    return day


def between(first: date, last: date) -> int:
    """How many working days come after `first`, up to `last`; 0 when `last` is not later."""
    days = (first + timedelta(days=n) for n in range(1, (last - first).days + 1))
    return sum(map(is_working, days))
