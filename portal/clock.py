"""The only clock: stored instants are UTC, days and hours read by people are in Paris."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")


def now() -> datetime:
    """The current instant, UTC, aware."""
    return datetime.now(UTC)


def today() -> date:
    """The current day in Paris: the day a French deadline is counted in."""
    return paris(now()).date()


def paris(instant: datetime) -> datetime:
    """The same instant on a clock in Paris."""
    return instant.astimezone(PARIS)
