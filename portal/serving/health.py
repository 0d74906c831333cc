"""Whether the portal does its work: for a monitor outside, which looks every minute or so.

Nothing here tells a stranger more than « ok » or not: no figure, name, path or version.
"""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from portal import clock
from portal.emails.models import Email, EmailState
from portal.extensions import db, settings

ROOM = 500 * 1024 * 1024  # octets that must be left: a day of papers and uploads
SILENCE = timedelta(minutes=2)  # a worker says every ten seconds that it is there
LATE = timedelta(minutes=30)  # a message that was due that long ago waits for somebody
_BEAT = "worker.alive"


def beat(data: Path) -> None:
    """The worker is there, now."""
    (data / _BEAT).write_text(clock.now().isoformat())


def database_answers() -> bool:
    try:
        db.session.execute(select(1))
    except SQLAlchemyError:
        return False
    return True


def checks() -> dict[str, bool]:
    """Each part of the portal and whether it is well, under the French name a monitor shows."""
    if not database_answers():
        return {"base": False}
    now = clock.now()
    return {
        "base": True,
        "disque": shutil.disk_usage(settings().data).free >= ROOM,
        "travail": _worker_is_there(now),
        "courriels": _messages_leave(now),
    }


def _worker_is_there(now: datetime) -> bool:
    try:
        last = datetime.fromisoformat((settings().data / _BEAT).read_text())
    except (OSError, ValueError):
        return False
    return now - last < SILENCE


def _messages_leave(now: datetime) -> bool:
    """One look at the index of what is due; a server that refuses moves the instant further."""
    oldest = db.session.scalar(
        select(func.min(Email.next_at)).where(Email.state == EmailState.QUEUED.value)
    )
    return oldest is None or now - oldest.astimezone(UTC) < LATE
