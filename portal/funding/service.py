"""Reading and keeping the funder's agreement."""

from datetime import datetime, timedelta

from sqlalchemy import select

from portal.accounts.models import User
from portal.extensions import db
from portal.funding.models import Agreement
from portal.funding.rules import AgreementState, Grant, Split, VatRegime, split
from portal.training.models import TrainingSession

LOOKING = timedelta(minutes=5)  # somebody who opened an agreement is taken to be on it that long


def open_agreement(training: TrainingSession) -> Agreement | None:
    """The agreement that waits for a decision."""
    return _latest(training, AgreementState.RECEIVED)


def validated_agreement(training: TrainingSession) -> Agreement | None:
    """The agreement in force."""
    return _latest(training, AgreementState.VALIDATED)


def latest(training: TrainingSession) -> Agreement | None:
    """The last agreement received, whatever became of it."""
    return training.agreements[-1] if training.agreements else None


def _latest(training: TrainingSession, state: AgreementState) -> Agreement | None:
    found = [a for a in training.agreements if a.state == state]
    return found[-1] if found else None


def split_of(training: TrainingSession) -> Split:
    """Who is invoiced what. Raises ValueError while the grant or the price is not known."""
    if training.granted_cents is None or training.price_cents is None:
        raise ValueError("the grant is not known yet")
    return split(
        training.price_cents,
        VatRegime(training.vat_regime or VatRegime.EXEMPT),
        Grant(training.granted_cents, training.granted_vat_cents or 0),
        bool(training.subrogation),
    )


def queue() -> list[Agreement]:
    """The agreements to check, the one received first first."""
    return list(
        db.session.scalars(
            select(Agreement)
            .where(Agreement.state == AgreementState.RECEIVED.value)
            .order_by(Agreement.received_at, Agreement.id)
        )
    )


def waiting_count() -> int:
    """How many agreements wait for a decision."""
    statement = (
        select(db.func.count())
        .select_from(Agreement)
        .where(Agreement.state == AgreementState.RECEIVED.value)
    )
    return db.session.scalar(statement) or 0


def look(agreement: Agreement, user_id: int, at: datetime) -> User | None:
    """Notes who has it on screen; gives back another person who had it within five minutes.

    A coalesced note, like « last seen »: it is not an act and leaves no trace in the journal.
    """
    other = None
    if agreement.looked_by_id not in (None, user_id) and agreement.looked_at:
        if at - agreement.looked_at < LOOKING:
            other = db.session.get(User, agreement.looked_by_id)
    return other


def decided_since(user_id: int, at: datetime) -> list[Agreement]:
    """The decisions that person took since `at`, the latest first."""
    return list(
        db.session.scalars(
            select(Agreement)
            .where(Agreement.decided_by_id == user_id, Agreement.decided_at > at)
            .order_by(Agreement.decided_at.desc())
        )
    )
