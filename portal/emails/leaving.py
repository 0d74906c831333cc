"""What a message waits for before it leaves, and what withdraws it."""

import logging
from datetime import timedelta

from portal.documents.models import Document, DocumentState
from portal.emails.message import (
    DeadCode,
    DeadLink,
    WrongAttachment,
    check_code,
    check_link,
    documents_of,
    signature_of,
)
from portal.emails.models import Email, EmailState
from portal.emails.rules import MAX_TRIES
from portal.signature import copies
from portal.signature.models import Signature

DOCUMENT_WAIT = timedelta(seconds=5)
FAILED_DOCUMENT_WAIT = timedelta(minutes=1)
SEALING = "Le document signé n’a pas encore pu être scellé\u00a0: le message l’attend"

log = logging.getLogger(__name__)


class Withdrawn(Exception):
    """The message has no reason to leave any more; the text says why, in French."""


class GivenUp(Exception):
    """Every try ended with the worker itself: this message may be what kills it."""


class NotYet(Exception):
    """A paper is still being made; `wait` is when to look again."""

    def __init__(self, reason: str | None, wait: timedelta) -> None:
        super().__init__(reason)
        self.reason, self.wait = reason, wait


WITHDRAWALS = (Withdrawn, GivenUp, DeadCode, DeadLink, WrongAttachment)


def check(email: Email) -> None:
    """Raises when the message cannot leave now, or at all."""
    if email.attempts >= MAX_TRIES:
        raise GivenUp("Chaque essai d’envoi a été interrompu")
    documents = documents_of(email) or _to_sign(email)
    if any(row.superseded_at is not None for row in documents):
        raise Withdrawn("Les documents ont été remplacés ou retirés avant le départ du message")
    failed = [row for row in documents if row.state == DocumentState.FAILED]
    if failed:
        raise NotYet(
            "Un document n’a pas pu être préparé\u00a0: le message l’attend",
            FAILED_DOCUMENT_WAIT,
        )
    if any(row.state != DocumentState.READY for row in documents):
        raise NotYet(None, DOCUMENT_WAIT)
    _check_signature(signature_of(email))
    check_link(email)
    check_code(email)


def _to_sign(email: Email) -> list[Document]:
    """What a signing link opens: the message that carries it waits until it can be read."""
    if email.letter != "sign_request" or email.training is None:
        return []
    return [row for row in email.training.documents if row.superseded_at is None]


def _check_signature(signature: Signature | None) -> None:
    """The message waits for the seal and the proof of the signature it tells of."""
    if signature is None:
        return
    if signature.voided_at is not None:
        raise Withdrawn("La signature a été reprise avant le départ du message")
    if not copies.is_ready(signature):
        wait = FAILED_DOCUMENT_WAIT if signature.error else DOCUMENT_WAIT
        raise NotYet(SEALING if signature.error else None, wait)


def without_sending(withdrawal: Exception) -> tuple[EmailState, str]:
    if isinstance(withdrawal, WrongAttachment):
        log.error("message %s refers to another session: not sent", withdrawal)
        return EmailState.FAILED, "Une pièce jointe est d’un autre dossier\u00a0: rien n’est parti"
    if isinstance(withdrawal, DeadLink):
        return EmailState.CANCELLED, "Le lien a été fermé avant le départ du message"
    if isinstance(withdrawal, DeadCode):
        return EmailState.CANCELLED, "Le code n’était plus valable au départ du message"
    given_up = isinstance(withdrawal, GivenUp)
    return EmailState.FAILED if given_up else EmailState.CANCELLED, str(withdrawal)
