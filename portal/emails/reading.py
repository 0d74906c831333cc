"""Reading the outbox: what left, in the words of the screens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, or_, select
from sqlalchemy.orm import joinedload

from portal import french
from portal.access.rules import Role
from portal.documents.models import Document
from portal.emails.models import LOST, Email, EmailState
from portal.extensions import db
from portal.signature.copies import ATTACHED
from portal.training.labels import Label
from portal.training.models import TrainingSession

MOST = 100  # messages of one session
PER_PAGE = 20

STATE_LABEL = {
    EmailState.HELD: Label("À relire", "warn", "eye"),
    EmailState.QUEUED: Label("En attente d’envoi", "info", "clock"),
    EmailState.SENT: Label("Envoyé", "ok", "check"),
    EmailState.KEPT: Label("Conservé, non envoyé", "", "inbox"),
    EmailState.UNCERTAIN: Label("Envoi incertain", "warn", "circle-help"),
    EmailState.FAILED: Label("Non envoyé", "bad", "x"),
    EmailState.CANCELLED: Label("Annulé", "", "ban"),
}


RETURNED = Label("Revenu, non remis", "bad", "x")


@dataclass(frozen=True)
class Line:
    """One message of a list; `ref` is its session, where the list is not of one session."""

    id: int
    ref: str
    subject: str
    to: str
    at: datetime
    papers: int
    label: Label
    error: str | None
    is_leaving: bool
    may_correct: bool


# Asked by every page of a session: built once.
_OF_TRAINING = (
    select(Email)
    .where(Email.training_id == bindparam("training_id"))
    .order_by(Email.id.desc())
    .limit(MOST)
)


def of_training(training_id: int) -> list[Line]:
    """The messages of a session, the latest first."""
    found = db.session.scalars(_OF_TRAINING, {"training_id": training_id})
    return [_line(mail) for mail in found]


def is_undelivered() -> ColumnElement[bool]:
    """Whether a message did not arrive, or perhaps not.

    Found by their indexes first: in the order of a page, all that arrived would be read too.
    """
    lost = select(Email.id).where(or_(Email.state == EmailState.UNCERTAIN.value, LOST))
    return Email.id.in_(lost)


def recent(
    trainer_id: int | None, *, undelivered: bool = False, before: int | None = None
) -> tuple[list[Line], bool]:
    """One page of the messages of a trainer's sessions, or of everybody's, the latest first.

    `undelivered` keeps those that did not arrive, or perhaps not; `before` is the id of the last
    line of the page before. True says that older ones follow.
    """
    statement = select(Email).options(joinedload(Email.training).load_only(TrainingSession.ref))
    if trainer_id is not None:
        statement = statement.join(TrainingSession).where(TrainingSession.trainer_id == trainer_id)
    if undelivered:
        statement = statement.where(is_undelivered())
    if before is not None:
        statement = statement.where(Email.id < before)
    statement = statement.order_by(Email.id.desc()).limit(PER_PAGE + 1)
    found = [
        _line(mail, mail.training.ref if mail.training else "")
        for mail in db.session.scalars(statement)
    ]
    return found[:PER_PAGE], len(found) > PER_PAGE


def _line(mail: Email, ref: str = "") -> Line:
    return Line(
        id=mail.id,
        ref=ref,
        subject=mail.subject,
        to=mail.to_email,
        at=mail.sent_at or mail.created_at,
        papers=len(mail.document_ids) + (len(ATTACHED) if mail.context.get("signature_id") else 0),
        label=label_of(mail.state, mail.bounced_at),
        error=mail.error,
        is_leaving=mail.state == EmailState.QUEUED and not mail.attempts,
        may_correct=may_correct(mail),
    )


def label_of(state: str, bounced_at: datetime | None) -> Label:
    """What became of a message, in two words; one that came back did not arrive."""
    return RETURNED if bounced_at else STATE_LABEL[EmailState(state)]


def may_correct(mail: Email) -> bool:
    """Whether its address may be put right: a message to the client that did not arrive.

    A one-time code is asked for again, never sent elsewhere.
    """
    failed = mail.state in (EmailState.FAILED, EmailState.UNCERTAIN) or mail.bounced_at is not None
    return failed and mail.audience == Role.CLIENT and mail.letter != "one_time_code"


def attachments(mail: Email) -> Sequence[Document]:
    """The papers of a message, in the order they were attached."""
    if not mail.document_ids:
        return ()
    found = {
        document.id: document
        for document in db.session.scalars(
            select(Document).where(
                Document.id.in_(mail.document_ids), Document.training_id == mail.training_id
            )
        )
    }
    return [found[i] for i in mail.document_ids if i in found]


def status_sentence(mail: Email) -> str:
    """What became of a message, as a sentence."""
    if mail.state == EmailState.SENT and mail.sent_at and mail.bounced_at is None:
        return f"Accepté par le serveur {french.moment(mail.sent_at)}"
    if mail.state == EmailState.QUEUED:
        tried = f" après {french.count(mail.attempts, 'essai')}" if mail.attempts else ""
        waiting = f"En attente{tried}, prochain essai {french.moment(mail.next_at)}"
        return f"{waiting}. {mail.error}" if mail.error else waiting
    if mail.state == EmailState.HELD:
        return "Attend que l’organisme ait relu ses documents"
    if mail.state == EmailState.KEPT:
        return "Conservé sur le portail\u00a0: aucun serveur d’envoi n’est configuré"
    label = label_of(mail.state, mail.bounced_at).text
    return f"{label}. {mail.error}" if mail.error else label
