"""Signatures: written with the act, sealed and proved afterwards by the worker."""

import logging
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select

from portal import clock
from portal.access.models import ShareLink
from portal.access.rules import CLOCK, Actor
from portal.documents.models import Document, DocumentState
from portal.extensions import claim, db, writing
from portal.journal import service as journal
from portal.signature import evidence
from portal.signature.models import Signature, SignatureKind
from portal.signature.rules import digest_of, strokes, verification_code
from portal.training.models import TrainingSession
from portal.uploads.models import Upload

LEASE = timedelta(minutes=2)  # longer than a seal, its time-stamp and the press may take
# A failure waits, for what it needs (disk, time-stamping authority) may come back.
WAITS = tuple(timedelta(minutes=n) for n in (1, 5, 15, 60, 180, 360, 360, 360))
MAX_ATTEMPTS = len(WAITS) + 1
ALREADY = "Ce document est déjà signé"

log = logging.getLogger(__name__)


class AlreadySigned(ValueError):
    """Somebody signed that version first; the message is a French sentence."""


# --- Inside the caller's transaction


def sign(
    training: TrainingSession,
    document: Document,
    *,
    link: ShareLink,
    actor: Actor,
    name: str,
    function: str,
    sentences: list[str],
    committed_cents: int | None,
    drawn: str | None,
    request_facts: dict[str, str | None],
    at: datetime,
) -> Signature:
    """The one signature of that version, with its evidence; the code was used just before.

    Raises AlreadySigned, or ValueError when the paper has no file, is not current, or is of
    another dossier.
    """
    _check(training, document)
    if document.state != DocumentState.READY.value or link.training_id != training.id:
        raise ValueError("not the bytes that were shown")
    code = verification_code()
    facts = evidence.online(
        training,
        document,
        link=link,
        actor=actor,
        signatory={"name": name, "function": function, "email": link.recipient_email},
        sentences=sentences,
        committed_cents=committed_cents,
        drawn=strokes(drawn),
        request_facts=request_facts,
        code=code,
        at=at,
    )
    return _added(
        Signature(
            training=training,
            document=document,
            kind=SignatureKind.ONLINE.value,
            name=name,
            function=function,
            email=link.recipient_email or "",
            committed_cents=committed_cents,
            signed_at=at,
            evidence=facts,
            code=code,
            attempts=0,
        )
    )


def record_paper(
    training: TrainingSession,
    document: Document,
    upload: Upload,
    *,
    actor: Actor,
    committed_cents: int | None,
    at: datetime,
) -> Signature:
    """The signature read on the scan of the paper, confirmed by `actor` of the back office.

    Raises AlreadySigned, or ValueError when paper or scan is of another dossier.
    """
    _check(training, document)
    company = training.company
    if upload.training_id != training.id or company is None:
        raise ValueError("not the scan of this dossier")
    code = verification_code()
    facts = evidence.paper(
        training, document, upload, actor=actor, committed_cents=committed_cents, code=code, at=at
    )
    return _added(
        Signature(
            training=training,
            document=document,
            kind=SignatureKind.PAPER.value,
            name=company.signatory_name,
            function=company.signatory_function,
            email=company.signatory_email,
            committed_cents=committed_cents,
            signed_at=at,
            evidence=facts,
            code=code,
            upload_id=upload.id,
            attempts=0,
        )
    )


def void(signature: Signature, reason: str, at: datetime) -> None:
    """Takes a signature away: kept with its evidence, it binds nobody any more."""
    if signature.voided_at is None:
        signature.voided_at, signature.void_reason = at, reason


def evidence_digest(signature: Signature) -> str:
    """SHA-256 of the evidence: written in the journal, it ties the proof to the chain."""
    return digest_of(signature.evidence)


def _check(training: TrainingSession, document: Document) -> None:
    if document.training_id != training.id or document.superseded_at is not None:
        raise ValueError("not a current paper of this dossier")
    # On PostgreSQL a second signatory waits here, then finds the first one's row.
    db.session.execute(select(Document.id).where(Document.id == document.id).with_for_update())
    live = select(Signature.id).where(
        Signature.document_id == document.id, Signature.voided_at.is_(None)
    )
    if db.session.scalar(live.limit(1)) is not None:
        raise AlreadySigned(ALREADY)


def _added(signature: Signature) -> Signature:
    db.session.add(signature)
    db.session.flush()
    return signature


# --- The worker


def pending_ids() -> list[int]:
    """The signatures still without their proof, and on which nobody is at work."""
    return list(
        db.session.scalars(
            select(Signature.id).where(*_is_open(clock.now())).order_by(Signature.id)
        )
    )


def finish(signature_id: int) -> bool:
    """Seals what was signed and makes its proof; True when both stand, by this call or before.

    Claimed by lease, so that doing it twice or dying in the middle is harmless: whoever settles
    first has the only seal. A failure is tried again, later and later, for a day.
    """
    now = clock.now()
    lease = now + LEASE
    won = claim(
        Signature,
        signature_id,
        *_is_open(now),
        lease_until=lease,
        attempts=Signature.attempts + 1,
    )
    signature = db.session.get(Signature, signature_id, populate_existing=True)
    if signature is None or not won:
        return signature is not None and signature.proof_sha256 is not None
    attempts = signature.attempts
    try:
        # pyHanko and reportlab weigh 60 MiB: the processes that answer people never load them.
        from portal.signature import finishing

        made = finishing.make(signature, attempts)
    except Exception as error:  # whatever went wrong is said on the row, and tried again
        db.session.rollback()
        log.exception("signature %s could not be sealed", signature_id)
        _note_failure(signature_id, lease, attempts, error)
        return False
    return _settle(signature_id, made)


def warm_up() -> None:
    """Loads what seals, in the worker, so that the first seal of the day is as fast as others."""
    from portal.signature import finishing  # noqa: F401


def _settle(signature_id: int, made: dict[str, str | None]) -> bool:
    """Writes what was made, once, with its entry in the journal."""
    with writing():
        signature = db.session.get_one(Signature, signature_id, with_for_update=True)
        if signature.proof_sha256 is not None:
            return True
        for column, value in made.items():
            setattr(signature, column, value)
        signature.lease_until = signature.error = None
        journal.record(
            "seal",
            CLOCK,
            clock.now(),
            signature.training_id,
            body={"signature": signature.id, "document": signature.document_id, **made},
        )
    return True


def _note_failure(signature_id: int, lease: datetime, attempts: int, error: Exception) -> None:
    wait = WAITS[min(attempts, len(WAITS)) - 1]
    over = attempts >= MAX_ATTEMPTS
    claim(
        Signature,
        signature_id,
        Signature.lease_until == lease,
        lease_until=None if over else clock.now() + wait,
        error=f"{type(error).__name__}: {error}"[:500],
    )


def retry(signature: Signature) -> None:
    """Has a seal that was given up tried again; inside the caller's transaction."""
    if signature.proof_sha256 is None:
        signature.attempts, signature.lease_until = 0, None


def _is_open(now: datetime) -> tuple[Any, ...]:
    return (
        Signature.proof_sha256.is_(None),
        Signature.attempts < MAX_ATTEMPTS,
        or_(Signature.lease_until.is_(None), Signature.lease_until < now),
    )


# --- Reading


def live(document: Document) -> Signature | None:
    """The signature in force of that version."""
    return db.session.scalar(
        select(Signature)
        .where(Signature.document_id == document.id, Signature.voided_at.is_(None))
        .limit(1)
    )
