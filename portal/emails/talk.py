"""The notices of a message written on a dossier: the text itself, and the way to answer.

Only the client's notice carries a link of the client; those of the staff lead to their own pages.
"""

from datetime import datetime

from portal import french
from portal.access.models import ShareLink
from portal.accounts.models import Organisation
from portal.emails.envelope import to_client, to_office, to_trainer
from portal.emails.models import Email
from portal.emails.rules import said
from portal.emails.shape import FILE, SESSION, about, notice
from portal.messages.models import Message
from portal.messages.rules import LIMIT
from portal.training.models import TrainingSession


def message_to_client(
    message: Message,
    training: TrainingSession,
    link: ShareLink | None,
    organisation: Organisation,
    at: datetime,
) -> Email:
    """To the client, with the link of its space while one is open."""
    return to_client(
        "message_to_client", training, organisation, at,
        subject=_subject(message, training), key=str(message.id), link=link,
        more=notice(_heading(message), _lines(message, training), "Répondre dans mon espace"),
    )  # fmt: skip


def message_to_trainer(
    message: Message, training: TrainingSession, organisation: Organisation, at: datetime
) -> Email:
    """To the trainer."""
    return to_trainer(
        "message_to_trainer", training, organisation, at,
        subject=_subject(message, training), key=str(message.id),
        more=notice(_heading(message), _lines(message, training), SESSION),
    )  # fmt: skip


def message_to_office(
    message: Message, training: TrainingSession, organisation: Organisation, at: datetime
) -> Email:
    """To the office."""
    return to_office(
        "message_to_office", training, organisation, at,
        subject=_subject(message, training), key=str(message.id),
        more=notice(_heading(message), _lines(message, training), FILE),
    )  # fmt: skip


def _subject(message: Message, training: TrainingSession) -> str:
    return f"Message {french.of(said(message.author_name, 60))} ({training.ref})"


def _heading(message: Message) -> str:
    return f"{said(message.author_name, 60)} vous écrit"


def _lines(message: Message, training: TrainingSession) -> list[str]:
    """The message line by line, as typed but for what a mail program would turn into a link."""
    typed = [said(line, LIMIT) for line in message.body.splitlines()]
    return [f"Au sujet de {about(training)}\u00a0:", *typed]
