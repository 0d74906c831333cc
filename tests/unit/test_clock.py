"""Instants are UTC; days and hours are those of Paris, on the days the clocks change too."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
import time_machine

from portal import clock


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2026-11-23T22:59:59+00:00", date(2026, 11, 23)),
        ("2026-11-23T23:00:00+00:00", date(2026, 11, 24)),
        ("2026-07-14T21:59:59+00:00", date(2026, 7, 14)),
        ("2026-07-14T22:00:00+00:00", date(2026, 7, 15)),
        ("2026-12-31T23:00:00+00:00", date(2027, 1, 1)),
        ("2026-10-24T22:30:00+00:00", date(2026, 10, 25)),
        ("2026-10-25T22:59:59+00:00", date(2026, 10, 25)),
        ("2027-03-27T23:00:00+00:00", date(2027, 3, 28)),
        ("2027-03-28T22:00:00+00:00", date(2027, 3, 29)),
    ],
)
def test_the_day_turns_at_midnight_in_paris(instant: str, day: date) -> None:
    with time_machine.travel(datetime.fromisoformat(instant), tick=False):
        assert clock.today() == day


def test_now_is_aware_and_in_utc() -> None:
    assert clock.now().utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("utc_hour", "paris_hour"),
    [
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), (2, 30)),  # 2 h 30, summer time
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), (2, 30)),  # 2 h 30 again, winter time
        (datetime(2027, 3, 28, 0, 59, tzinfo=UTC), (1, 59)),
        (datetime(2027, 3, 28, 1, 0, tzinfo=UTC), (3, 0)),  # 2 h never comes
    ],
)
def test_hours_on_the_days_the_clocks_change(
    utc_hour: datetime, paris_hour: tuple[int, int]
) -> None:
    there = clock.paris(utc_hour)
    assert (there.hour, there.minute) == paris_hour


def test_an_instant_of_another_zone_is_moved_to_paris() -> None:
    montreal = timezone(timedelta(hours=-5))
    assert clock.paris(datetime(2026, 11, 23, 20, 0, tzinfo=montreal)).day == 24


def test_a_told_clock_stands_still_and_comes_back() -> None:
    past = datetime(2026, 10, 2, 9, 15, tzinfo=clock.PARIS)
    with clock.told(past):
        assert clock.now() == past
        assert clock.now().utcoffset() == timedelta(0)
        assert clock.today() == date(2026, 10, 2)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=1)
