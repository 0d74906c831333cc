"""The only clock: stored instants are UTC, days and hours read by people are in Paris."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
_told: ContextVar[datetime | None] = ContextVar("told", default=None)


def now() -> datetime:
    """The current instant, UTC, aware."""
    return _told.get() or datetime.now(UTC)


def today() -> date:
    """The current day in Paris: the day a French deadline is counted in."""
    return paris(now()).date()


def paris(instant: datetime) -> datetime:
    """The same instant on a clock in Paris."""
    return instant.astimezone(PARIS)


@contextmanager
def told(instant: datetime) -> Iterator[None]:
    """Inside it, this thread's clock stands at `instant`: for the demonstration's past alone."""
    before = _told.set(instant.astimezone(UTC))
    try:
        yield
    finally:
        _told.reset(before)
