"""Taking back one message that has not left; inside the caller's transaction."""

from sqlalchemy import or_, select

from portal import clock
from portal.emails.models import Email, EmailState
from portal.extensions import db


def queued(training_id: int) -> list[Email]:
    """The messages of a session that wait for their departure, and that nobody is sending."""
    query = select(Email).where(
        Email.training_id == training_id,
        Email.state == EmailState.QUEUED.value,
        or_(Email.lease_until.is_(None), Email.lease_until < clock.now()),
    )
    return list(db.session.scalars(query))


def withdraw(email: Email) -> None:
    """It will not leave."""
    email.state, email.error = EmailState.CANCELLED.value, "Retiré avant son départ"
