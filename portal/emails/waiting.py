"""Messages that wait for what they carry: a paper being made, a signature being sealed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, case, or_, select, update

from portal.documents.models import Document, DocumentState
from portal.emails.models import Email, EmailState
from portal.extensions import db, writing


def waits_for(email_ids: Sequence[int], document_ids: Sequence[int]) -> set[int]:
    """Which of those messages carry one of those papers."""
    rows = db.session.execute(select(Email.id, Email.document_ids).where(Email.id.in_(email_ids)))
    return {row.id for row in rows if set(row.document_ids) & set(document_ids)}


def release(document_id: int, now: datetime) -> list[int]:
    """Makes due the messages whose last missing paper has just been made, and names them.

    Not before the moment they were written for: until then a decision may be taken back.
    """
    training_id = select(Document.training_id).where(Document.id == document_id)
    waiting = db.session.execute(
        select(Email.id, Email.letter, Email.document_ids).where(
            Email.training_id == training_id.scalar_subquery(),
            Email.state == EmailState.QUEUED.value,
            Email.attempts == 0,
        )
    ).all()
    ready = set(
        db.session.scalars(
            select(Document.id).where(
                Document.training_id == training_id.scalar_subquery(),
                Document.state == DocumentState.READY.value,
            )
        )
    )
    concerned = (
        row for row in waiting if document_id in row.document_ids or row.letter == "sign_request"
    )
    return _due_at([row.id for row in concerned if ready >= set(row.document_ids)], now)


def release_signed(signature_id: int, now: datetime) -> list[int]:
    """Makes due the messages that waited for the seal of that signature, and names them."""
    waiting = select(Email.id).where(
        Email.state == EmailState.QUEUED.value,
        Email.context["signature_id"].as_integer() == signature_id,
    )
    return _due_at(list(db.session.scalars(waiting)), now)


def _due_at(email_ids: list[int], now: datetime) -> list[int]:
    if email_ids:
        with writing():
            db.session.execute(
                update(Email)
                .where(Email.id.in_(email_ids), *unleased(now))
                .values(next_at=case((Email.created_at > now, Email.created_at), else_=now))
            )
    return email_ids


def unleased(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """On which nobody is at work."""
    return (or_(Email.lease_until.is_(None), Email.lease_until < now),)
