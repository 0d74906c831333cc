"""The half-days of a session, and the arithmetic of its duration and price."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from fractions import Fraction

from portal import money


class Period(StrEnum):
    MORNING = "morning"
    AFTERNOON = "afternoon"


class PlaceMode(StrEnum):
    CLIENT = "client"
    OTHER = "other"
    REMOTE = "remote"


class PriceBasis(StrEnum):
    """What the unit price multiplies."""

    FLAT = "flat"
    DAY = "day"
    HOUR = "hour"
    TRAINEE = "trainee"
    HOUR_TRAINEE = "hour_trainee"


PRICE_BASIS_LABEL = {
    PriceBasis.FLAT: "Forfait",
    PriceBasis.DAY: "Par jour",
    PriceBasis.HOUR: "Par heure",
    PriceBasis.TRAINEE: "Par stagiaire",
    PriceBasis.HOUR_TRAINEE: "Par heure et par stagiaire",
}
MAX_TRAINEES = 200


@dataclass(frozen=True)
class Slot:
    """A half-day as typed: the pure twin of the row `HalfDay`."""

    day: date
    period: Period
    starts: time
    ends: time

    @property
    def minutes(self) -> int:
        return (self.ends.hour - self.starts.hour) * 60 + self.ends.minute - self.starts.minute


def total_minutes(slots: Sequence[Slot]) -> int:
    """Duration of the session in minutes: the sum of its half-days."""
    return sum(slot.minutes for slot in slots)


def days_of(slots: Sequence[Slot]) -> list[date]:
    """The distinct days, in order."""
    return sorted({slot.day for slot in slots})


def overlap(slots: Sequence[Slot]) -> tuple[Slot, Slot] | None:
    """The first two half-days that run at the same time; None when there are none."""
    ordered = sorted(slots, key=lambda slot: (slot.day, slot.starts))
    for before, after in zip(ordered, ordered[1:], strict=False):
        if before.day == after.day and after.starts < before.ends:
            return before, after
    return None


def price_cents(basis: PriceBasis, unit_cents: int, days: int, minutes: int, headcount: int) -> int:
    """The price excluding VAT, in cents: unit price × quantity, rounded once."""
    return money.times(unit_cents, quantity(basis, days, minutes, headcount))


def quantity(basis: PriceBasis, days: int, minutes: int, headcount: int) -> Fraction:
    """What the unit price multiplies: days, hours, trainees, or trainee-hours."""
    hours = Fraction(minutes, 60)
    return {
        PriceBasis.FLAT: Fraction(1),
        PriceBasis.DAY: Fraction(days),
        PriceBasis.HOUR: hours,
        PriceBasis.TRAINEE: Fraction(headcount),
        PriceBasis.HOUR_TRAINEE: hours * headcount,
    }[basis]
