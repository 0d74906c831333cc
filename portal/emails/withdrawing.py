"""Taking back messages that have not left; inside the caller's transaction."""

from typing import Any

from sqlalchemy import or_, select, update

from portal import clock
from portal.emails.models import Email, EmailState
from portal.emails.rules import NEVER
from portal.extensions import db

_WAITING = Email.state.in_((EmailState.QUEUED.value, EmailState.HELD.value))
WITHDRAWN = "Retiré avant son départ"


def cancel_queued(training_id: int) -> None:
    """Withdraws what has not left of a session.

    A message already on its way to the server is left to end.
    """
    of_session = _free(training_id)
    db.session.execute(
        update(Email)
        .where(_WAITING, *of_session)
        .values(state=EmailState.CANCELLED.value, error=WITHDRAWN)
    )
    db.session.execute(
        update(Email)
        .where(Email.state == EmailState.UNCERTAIN.value, *of_session)
        .values(next_at=NEVER)
    )


def queued(training_id: int) -> list[Email]:
    """The messages of a session that wait for their departure, and that nobody is sending."""
    return list(db.session.scalars(select(Email).where(_WAITING, *_free(training_id))))


def withdraw(email: Email) -> None:
    """It will not leave."""
    email.state, email.error = EmailState.CANCELLED.value, WITHDRAWN


def _free(training_id: int) -> tuple[Any, ...]:
    """Of that session, and held by no worker."""
    unleased = or_(Email.lease_until.is_(None), Email.lease_until < clock.now())
    return (Email.training_id == training_id, unleased)
