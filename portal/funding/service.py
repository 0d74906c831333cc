"""Reading and keeping the funder's agreement."""

import logging
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal.accounts.models import User
from portal.extensions import db, writing
from portal.funding import reading
from portal.funding.models import Agreement
from portal.funding.rules import AgreementState, Grant, Split, VatRegime, split
from portal.training.models import TrainingSession
from portal.uploads.models import Upload, UploadState

log = logging.getLogger(__name__)

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
    """The agreements to check with the dossier of each, the one received first first."""
    dossier = joinedload(Agreement.training)
    return list(
        db.session.scalars(
            select(Agreement)
            .options(
                dossier.joinedload(TrainingSession.company),
                dossier.joinedload(TrainingSession.programme),
            )
            .where(Agreement.state == AgreementState.RECEIVED.value)
            .order_by(Agreement.received_at, Agreement.id)
        )
    )


# Asked by every page of the office, in its navigation: built once.
_WAITING = (
    select(db.func.count())
    .select_from(Agreement)
    .where(Agreement.state == AgreementState.RECEIVED.value)
)


def waiting_count() -> int:
    """How many agreements wait for a decision."""
    return db.session.scalar(_WAITING) or 0


def look(agreement: Agreement, user_id: int, at: datetime) -> User | None:
    """Notes who has it on screen; gives back another person who had it within five minutes.

    A coalesced note, like « last seen »: it is not an act and leaves no trace in the journal.
    """
    is_other = agreement.looked_by_id not in (None, user_id)
    if is_other and agreement.looked_at and at - agreement.looked_at < LOOKING:
        return db.session.get(User, agreement.looked_by_id)
    return None


def decided_since(user_id: int, at: datetime) -> list[Agreement]:
    """The decisions that person took since `at`, the latest first."""
    return list(
        db.session.scalars(
            select(Agreement)
            .where(Agreement.decided_by_id == user_id, Agreement.decided_at > at)
            .order_by(Agreement.decided_at.desc())
        )
    )


def suggest(upload_id: int) -> None:
    """Reads the words of a prepared file into suggestions for the agreements it carries.

    They are shown beside the form, « à vérifier »; nothing is ever applied by itself. Words that
    cannot be read are treated as a scan: there is nothing to suggest.
    """
    upload = db.session.get(Upload, upload_id)
    if upload is None or upload.state == UploadState.RECEIVED:
        return
    try:
        found = reading.read(reading.parse_bbox(upload.words or ""))
    except reading.PagesError:
        log.warning("the words of upload %s cannot be read", upload_id)
        found = reading.Reading(is_scan=True)
    with writing():
        db.session.execute(
            db.update(Agreement)
            .where(Agreement.upload_id == upload_id, Agreement.suggestions.is_(None))
            .values(suggestions=found.to_json())
        )


def unread_ids() -> list[int]:
    """The files that stand ready and whose agreement nobody read: the worker died in between."""
    return list(
        db.session.scalars(
            select(Upload.id)
            .join(Agreement, Agreement.upload_id == Upload.id)
            .where(Agreement.suggestions.is_(None), Upload.state != UploadState.RECEIVED.value)
            .distinct()
        )
    )
