"""One act being carried out: what the effects read, and the rows they leave for after."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from portal.access.rules import Actor
from portal.accounts.models import Organisation
from portal.documents.models import Document
from portal.emails import holding, outbox
from portal.emails.models import Email
from portal.signature.models import Signature
from portal.training.models import TrainingSession
from portal.uploads.models import Upload


class Refused(Exception):
    """The act cannot happen now; `sentences` say why, in French."""

    def __init__(self, sentences: tuple[str, ...]) -> None:
        super().__init__(" ; ".join(sentences))
        self.sentences = sentences


@dataclass
class Act:
    """One act being carried out: what the effects read, and the rows they leave for after."""

    training: TrainingSession
    actor: Actor
    organisation: Organisation
    at: datetime
    data: dict[str, Any]
    documents: list[Document] = field(default_factory=list)
    emails: list[Email] = field(default_factory=list)
    lookups: list[int] = field(default_factory=list)
    uploads: list[Upload] = field(default_factory=list)
    signatures: list[Signature] = field(default_factory=list)
    body: dict[str, Any] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    result: Any = None

    def send(self, *emails: Email) -> None:
        """Posts messages with the act; one already posted (a second press) is not doubled."""
        self.emails += [outbox.post(email) for email in emails]

    def send_papers(self, *emails: Email) -> None:
        """Posts messages that carry papers; the organisation may have them read over first."""
        holding.withdraw(emails)
        if self.organisation.reads_over:
            holding.hold(emails)
        self.send(*emails)

    def wake(self) -> dict[str, list[int]]:
        """The rows whose work starts after the commit."""
        return {
            "documents": [row.id for row in self.documents],
            "emails": [row.id for row in self.emails],
            "lookups": self.lookups,
            "uploads": [row.id for row in self.uploads],
            "signatures": [row.id for row in self.signatures],
        }
