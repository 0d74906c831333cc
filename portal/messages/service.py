"""The thread of a dossier. Writes are the caller's transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select

from portal.access.rules import Actor, Role
from portal.extensions import db
from portal.messages import rules
from portal.messages.models import Message, MessageMark, UnreadMessage

SHOWN = 100  # the latest messages of a thread; older ones are counted


@dataclass(frozen=True)
class Line:
    """One message as a page shows it to `role`."""

    id: int
    author: str
    side: str
    initials: str
    body: str
    at: datetime
    is_own: bool
    is_new: bool
    read_by: str


@dataclass(frozen=True)
class Thread:
    """What one side reads: oldest first."""

    lines: list[Line]
    hidden: int
    unread: int
    last_id: int


# Asked by every page of a session: built once.
_LATEST = (
    select(Message)
    .where(Message.training_id == bindparam("training_id"))
    .order_by(Message.id.desc())
    .limit(SHOWN)
)


def thread(training_id: int, role: Role) -> Thread:
    """The latest messages of a dossier, with what that side has not said it read."""
    latest = db.session.scalars(_LATEST, {"training_id": training_id}).all()
    rows = list(reversed(latest))
    marks = _marks(training_id) if rows else {}
    lines = [_line(row, role, marks) for row in rows]
    return Thread(
        lines=lines,
        hidden=_count(training_id) - SHOWN if len(rows) == SHOWN else 0,
        unread=sum(line.is_new for line in lines),
        last_id=rows[-1].id if rows else 0,
    )


def _count(training_id: int) -> int:
    counted = select(func.count()).select_from(Message).filter_by(training_id=training_id)
    return db.session.scalar(counted) or 0


def _line(row: Message, role: Role, marks: dict[Role, int]) -> Line:
    author = Role(row.author_role)
    seen = [side for side, mark in marks.items() if mark >= row.id and side is not author]
    return Line(
        id=row.id,
        author=row.author_name,
        side=rules.ROLE_NAME[author],
        initials="".join(word[0] for word in row.author_name.split()[:2]).upper(),
        body=row.body,
        at=row.written_at,
        is_own=author is role,
        is_new=author is not role and marks.get(role, 0) < row.id,
        read_by=rules.readers(seen) if author is role else "",
    )


def _marks(training_id: int) -> dict[Role, int]:
    query = select(MessageMark).filter_by(training_id=training_id)
    return {Role(row.role): row.message_id for row in db.session.scalars(query)}


def written_with(training_id: int, key: str) -> Message | None:
    """The message that page already wrote."""
    return db.session.scalar(select(Message).filter_by(training_id=training_id, key=key))


def add(training_id: int, actor: Actor, body: str, key: str, at: datetime) -> Message:
    """A new message, which its own side has read."""
    row = Message(
        training_id=training_id,
        author_role=actor.role.value,
        author_name=actor.name,
        body=body,
        key=key,
        written_at=at,
    )
    db.session.add(row)
    db.session.flush()
    mark(training_id, actor.role, row.id, at)
    for side in rules.others(actor.role):
        db.session.merge(UnreadMessage(training_id=training_id, role=side.value, message_id=row.id))
    return row


def mark(training_id: int, role: Role, message_id: int, at: datetime) -> None:
    """That side read up to this message of this dossier; never goes back."""
    row = db.session.get(Message, message_id)
    if row is None or row.training_id != training_id:
        return
    known = db.session.get(MessageMark, (training_id, role.value))
    if known is None:
        known = MessageMark(training_id=training_id, role=role.value, message_id=0, marked_at=at)
        db.session.add(known)
    if known.message_id < message_id:
        known.message_id, known.marked_at = message_id, at
        unread = db.session.get(UnreadMessage, (training_id, role.value))
        if unread is not None and unread.message_id <= message_id:
            db.session.delete(unread)
