"""The catalogue of e-mails: one function writes one message, as a row that has not left yet.

A row holds ids and plain facts, never a link: the outbox fills that in when the message leaves.
Only messages to the client carry the link of the space; the trainer's copies never do.
"""

from collections.abc import Sequence
from datetime import datetime

from portal import french
from portal.access.models import ShareLink
from portal.accounts.models import Organisation
from portal.documents import kinds
from portal.documents.models import Document
from portal.emails.envelope import to_client, to_trainer
from portal.emails.facts import funding_facts
from portal.emails.models import Email
from portal.emails.rules import said
from portal.training.models import TrainingSession
from portal.training.rules import State

REASON_LIMIT = 1_000


def invitation(
    training: TrainingSession,
    link: ShareLink,
    organisation: Organisation,
    at: datetime,
    dedupe: str,
) -> Email:
    """Asks the client to fill its request in. `dedupe` names the press of the button."""
    about = f" «\u00a0{_title(training)}\u00a0»" if training.programme else ""
    return to_client(
        "invitation",
        training,
        organisation,
        at,
        subject=f"Votre formation{about}\u00a0: 4 minutes pour compléter la demande",
        key=f"{link.id}:{dedupe}",
        link=link,
        more={"expires": french.date_long(link.expires_at)},
    )


def documents_to_client(
    training: TrainingSession,
    documents: Sequence[Document],
    organisation: Organisation,
    at: datetime,
) -> Email:
    """The three papers, and what to do with them."""
    return to_client(
        "documents_to_client",
        training,
        organisation,
        at,
        subject=f"Vos documents\u00a0: {_names(documents)} ({training.ref})",
        key=_ids(documents),
        documents=documents,
    )


def documents_to_trainer(
    training: TrainingSession,
    documents: Sequence[Document],
    organisation: Organisation,
    at: datetime,
) -> Email:
    """The trainer's copy: same papers, no link of the client."""
    return to_trainer(
        "documents_to_trainer",
        training,
        organisation,
        at,
        subject=f"Copie\u00a0: les documents {_of_client(training)} ({training.ref})",
        key=_ids(documents),
        documents=documents,
    )


def new_link(
    training: TrainingSession, link: ShareLink, organisation: Organisation, at: datetime
) -> Email:
    """A link that replaces another one, to the address on file."""
    about = f" pour la formation «\u00a0{_title(training)}\u00a0»" if training.programme else ""
    return to_client(
        "new_link",
        training,
        organisation,
        at,
        subject=f"Votre nouveau lien{about}",
        key=f"{link.id}:{link.rotation}",
        link=link,
        more={"expires": french.date_long(link.expires_at)},
    )


def call_trainer(training: TrainingSession, organisation: Organisation, at: datetime) -> Email:
    """The client of a dead link, whose address is not known, asks its trainer for another one."""
    return to_trainer(
        "call_trainer",
        training,
        organisation,
        at,
        subject=f"Un nouveau lien est demandé par {_client(training)} ({training.ref})",
        key=at.isoformat(),
    )


def documents_withdrawn(
    training: TrainingSession, organisation: Organisation, reason: str, at: datetime
) -> Email:
    """The request was opened again: the papers received are void."""
    return to_client(
        "documents_withdrawn",
        training,
        organisation,
        at,
        subject=f"Vos documents ne sont plus à utiliser ({training.ref})",
        key=at.isoformat(),
        more={"reason": _quoted(reason)},
    )


def documents_amended(
    training: TrainingSession,
    documents: Sequence[Document],
    organisation: Organisation,
    reason: str,
    at: datetime,
    *,
    changes: Sequence[str] = (),
    after: str = "",
) -> Email:
    """New versions that replace the papers received, what differs, and what to tell the funder."""
    return to_client(
        "documents_amended",
        training,
        organisation,
        at,
        subject=f"Documents mis à jour\u00a0: {_names(documents)} ({training.ref})",
        key=_ids(documents),
        documents=documents,
        more={"reason": _quoted(reason), "changes": _lines(changes), "after": after},
    )


def amended_to_trainer(
    training: TrainingSession,
    documents: Sequence[Document],
    organisation: Organisation,
    reason: str,
    at: datetime,
    *,
    changes: Sequence[str] = (),
) -> Email:
    """The trainer's copy of the new versions."""
    return to_trainer(
        "amended_to_trainer",
        training,
        organisation,
        at,
        subject=f"Copie\u00a0: documents mis à jour {_of_client(training)} ({training.ref})",
        key=_ids(documents),
        documents=documents,
        more={"reason": _quoted(reason), "changes": _lines(changes)},
    )


def cancelled_to_client(
    training: TrainingSession, organisation: Organisation, reason: str, at: datetime
) -> Email:
    """The session will not take place."""
    about = f"«\u00a0{_title(training)}\u00a0» " if training.programme else ""
    return to_client(
        "cancelled_to_client",
        training,
        organisation,
        at,
        subject=f"Formation annulée\u00a0: {about}({training.ref})",
        key=at.isoformat(),
        with_space=False,
        more={"reason": _quoted(reason)},
    )


def cancelled_to_trainer(
    training: TrainingSession, organisation: Organisation, reason: str, at: datetime
) -> Email:
    """The trainer keeps a written trace of the cancellation."""
    return to_trainer(
        "cancelled_to_trainer",
        training,
        organisation,
        at,
        subject=f"Session annulée\u00a0: {_client(training)} ({training.ref})",
        key=at.isoformat(),
        more={"reason": _quoted(reason)},
    )


def client_reminder(
    training: TrainingSession,
    link: ShareLink,
    organisation: Organisation,
    at: datetime,
    dedupe: str | None = None,
) -> Email:
    """Reminds the client of its next step: answers while a draft, then the filing.

    `dedupe` names the press of the button, when there was one.
    """
    funding = funding_facts(training, at)
    about = f" «\u00a0{_title(training)}\u00a0»" if training.programme else ""
    if training.state == State.DRAFT:
        step, subject = "answers", f"Votre formation{about} attend vos réponses"
    elif funding["choice"] == "none":
        step, subject = "reading", f"Vos documents vous attendent ({training.ref})"
    else:
        funder = funding["opco"] or "votre OPCO"
        step, subject = "filing", f"Avez-vous déposé votre demande chez {funder}\u00a0?"
    return to_client(
        "client_reminder",
        training,
        organisation,
        at,
        subject=subject,
        key=f"{link.id}:{dedupe or at.isoformat()}",
        link=link,
        more={"step": step, "expires": french.date_long(link.expires_at)},
    )


def _lines(changes: Sequence[str]) -> list[str]:
    """The differences, as a message may repeat them."""
    return [said(line, 300) for line in changes]


def _quoted(reason: str) -> str:
    """A reason as it stands between quotation marks: the sentence around it has its own stop."""
    return said(reason, REASON_LIMIT).rstrip(". ")


def _title(training: TrainingSession) -> str:
    return french.one_line(training.title)[:80]


def _client(training: TrainingSession) -> str:
    return said(training.company.legal_name, 60) if training.company else "votre client"


def _of_client(training: TrainingSession) -> str:
    return french.of(_client(training))


def _names(documents: Sequence[Document]) -> str:
    order = list(kinds.KINDS)
    return ", ".join(sorted((row.kind for row in documents), key=order.index))


def _ids(documents: Sequence[Document]) -> str:
    return "-".join(str(row.id) for row in documents)
