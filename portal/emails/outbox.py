"""The outbox: carries out the messages that transactions left as rows.

A row is claimed by lease, so that two workers never send it together and a killed one loses
nothing. « Envoyé » is written only when a server accepted the message.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, case, or_, select, update

from portal import clock
from portal.documents.models import Document, DocumentState
from portal.emails import leaving, smtp
from portal.emails.keeping import keep, path_of_eml
from portal.emails.message import (
    message_of,
)
from portal.emails.models import Email, EmailState
from portal.emails.rules import NEVER, wait_after
from portal.emails.withdrawing import cancel_queued
from portal.extensions import claim, db, settings, writing

__all__ = ["cancel_queued", "deliver", "due_ids", "message_of", "path_of_eml", "post", "retry"]

LEASE = timedelta(minutes=5)  # longer than any exchange with a server may last
UNCERTAIN_WAIT = timedelta(minutes=1)
_WAITING = (EmailState.QUEUED.value, EmailState.UNCERTAIN.value)

log = logging.getLogger(__name__)


def post(email: Email) -> Email:
    """Adds `email` to the caller's transaction; the row already there when the act was repeated.

    A second press writes the same key: it must neither send twice nor fail.
    """
    known = db.session.scalar(select(Email).where(Email.dedupe_key == email.dedupe_key))
    if known is None:
        db.session.add(email)
    return known or email


# --- What is to be done


def due_ids(now: datetime, limit: int = 500) -> list[int]:
    """The messages that should leave now, oldest first."""
    query = select(Email.id).where(*_is_due(now)).order_by(Email.next_at, Email.id)
    return list(db.session.scalars(query.limit(limit)))


def next_try(email_id: int) -> datetime | None:
    """When the worker will look at that message again by itself; None when it will not."""
    row = db.session.execute(select(Email.state, Email.next_at).where(Email.id == email_id)).first()
    return row.next_at if row and row.state in _WAITING and row.next_at < NEVER else None


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
                .where(Email.id.in_(email_ids), *_unleased(now))
                .values(next_at=case((Email.created_at > now, Email.created_at), else_=now))
            )
    return email_ids


def _is_due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (Email.state.in_(_WAITING), Email.next_at <= now, *_unleased(now))


def _unleased(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (or_(Email.lease_until.is_(None), Email.lease_until < now),)


# --- Sending


def deliver(email_id: int) -> bool:
    """Takes one due message as far as it can go now; False when it was not due, or not free.

    Never call it inside a transaction: it holds none while it talks to the server.
    """
    now = clock.now()
    email = db.session.scalar(select(Email).where(Email.id == email_id, *_is_due(now)))
    if email is None:
        return False
    try:
        leaving.check(email)
    except leaving.NotYet as wait:
        reason, next_at = wait.reason, now + wait.wait
        return claim(Email, email_id, *_is_due(now), next_at=next_at, error=reason)
    except leaving.WITHDRAWALS as withdrawal:
        state, reason = leaving.without_sending(withdrawal)
        return claim(Email, email_id, *_is_due(now), state=state.value, error=reason)
    lease, attempts = now + LEASE, Email.attempts + 1
    won = claim(Email, email_id, *_is_due(now), lease_until=lease, attempts=attempts)
    if won:
        _hand_over(db.session.get_one(Email, email_id), lease)
    return won


def _hand_over(email: Email, lease: datetime) -> None:
    """Sends a claimed message and writes down what became of it."""
    identity, attempts, uncertain = email.id, email.attempts, email.state == EmailState.UNCERTAIN
    is_code = "code_id" in email.context  # never sent twice: its owner asks for another
    server = settings().smtp
    try:
        message = message_of(email)
        path = path_of_eml(email)
        db.session.rollback()  # no transaction is held while the server answers
        if server is None:
            keep(message, path)
            _settle(identity, lease, state=EmailState.KEPT)
            return
        reply = smtp.send(server, message, urlsplit(settings().base_url).hostname or "localhost")
    except smtp.Uncertain as ending:
        _settle(identity, lease, **_after_cut(ending.reason, again=uncertain or is_code))
    except smtp.Refused as ending:
        _settle(identity, lease, state=EmailState.FAILED, error=ending.reason)
    except smtp.Postponed as ending:
        _settle(identity, lease, **_after_failure(ending.reason, attempts, uncertain=uncertain))
    except Exception:
        # A damaged file, an address no server can read…: shown as it is, and tried again, since
        # a repaired disk or a corrected program makes it leave.
        log.exception("message %s could not be sent", identity)
        reason = "Le message n’a pas pu être composé\u00a0: le journal technique dit pourquoi"
        _settle(identity, lease, **_after_failure(reason, attempts, uncertain=uncertain))
    else:
        _settle(identity, lease, state=EmailState.SENT, reply=reply, sent_at=clock.now())


def _after_failure(reason: str, attempts: int, *, uncertain: bool) -> dict[str, Any]:
    """Back into the queue, a little later each time; given up after 24 hours of tries."""
    wait = wait_after(attempts)
    if wait is not None:
        state = EmailState.UNCERTAIN if uncertain else EmailState.QUEUED
        return {"state": state, "error": reason, "next_at": clock.now() + wait}
    return {"state": EmailState.FAILED, "error": f"Abandon après 24 heures d’essais. {reason}"}


def _after_cut(reason: str, *, again: bool) -> dict[str, Any]:
    """One more sending with the same Message-ID; a second cut waits for a person."""
    next_at = NEVER if again else clock.now() + UNCERTAIN_WAIT
    return {"state": EmailState.UNCERTAIN, "error": reason, "next_at": next_at}


def _settle(identity: int, lease: datetime, *, state: EmailState, **changes: Any) -> None:
    """Writes the ending. A message that left is said to have left, whatever happened meanwhile."""
    left = state in (EmailState.SENT, EmailState.KEPT)
    conditions = () if left else (Email.lease_until == lease, Email.state.in_(_WAITING))
    changes = {"error": None, **changes}
    claim(Email, identity, *conditions, state=state.value, lease_until=None, **changes)


# --- By hand


def retry(email: Email, at: datetime) -> None:
    """Puts a message that did not leave back in the queue, inside the caller's transaction.

    It keeps its Message-ID. Raises ValueError when it left, or was withdrawn.
    """
    if email.state not in (EmailState.FAILED, EmailState.UNCERTAIN, EmailState.QUEUED):
        raise ValueError(f"message {email.id} is {email.state}")
    email.state = EmailState.QUEUED.value
    email.attempts = 0
    email.next_at = at
    email.error = None
