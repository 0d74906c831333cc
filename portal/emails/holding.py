"""« Relecture avant envoi »: messages that wait until the office has read their papers over.

Everything here happens inside the caller's transaction.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update

from portal.emails.models import Email, EmailState
from portal.extensions import db

_HELD = EmailState.HELD.value
FIRST = "documents_to_client"


def hold(emails: Sequence[Email]) -> None:
    """Keeps these new messages back."""
    for email in emails:
        email.state = _HELD


def withdraw(emails: Sequence[Email]) -> None:
    """Withdraws what was held before for the sessions of these new messages."""
    for training_id in {email.training_id for email in emails}:
        db.session.execute(
            update(Email)
            .where(Email.training_id == training_id, Email.state == _HELD)
            .values(state=EmailState.CANCELLED.value, error="Remplacé avant sa relecture")
        )


def release(training_id: int, at: datetime) -> list[int]:
    """Puts the held messages of a session in the queue, and names them."""
    held = db.session.scalars(
        select(Email)
        .where(Email.training_id == training_id, Email.state == _HELD)
        .order_by(Email.id)
        .with_for_update()
    ).all()
    for email in held:
        email.state, email.next_at = EmailState.QUEUED.value, at
    return [email.id for email in held]


def of_training(training_id: int) -> Sequence[Email]:
    """The messages of that session that wait to be read over, in the order they will leave."""
    query = select(Email).where(Email.training_id == training_id, Email.state == _HELD)
    return db.session.scalars(query.order_by(Email.id)).all()


def is_first(training_id: int) -> bool:
    """Whether the first sending of that session still waits: the client has seen no paper yet."""
    return any(email.letter == FIRST for email in of_training(training_id))


def is_held(training_id: int) -> bool:
    """Whether papers of that session wait to be read over."""
    query = select(Email.id).where(Email.training_id == training_id, Email.state == _HELD)
    return db.session.scalar(query.limit(1)) is not None


def training_ids() -> list[int]:
    """The sessions whose papers wait to be read over, the longest waiting first."""
    query = select(Email.training_id).where(Email.state == _HELD, Email.training_id.is_not(None))
    found = db.session.scalars(query.order_by(Email.id))
    return list(dict.fromkeys(identity for identity in found if identity is not None))
