"""A letter put in its envelope: to whom it goes, and the row that waits for the outbox."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select

from portal import french
from portal.access.models import ShareLink
from portal.access.rules import Role, Scope
from portal.accounts.models import Organisation
from portal.documents.models import Document
from portal.emails import facts
from portal.emails.models import Email, EmailState
from portal.emails.rules import said
from portal.extensions import db, settings
from portal.training.models import TrainingSession


class NoRecipient(ValueError):
    """Nobody to write to: the dossier holds no address for the client."""


def to_client(
    letter: str,
    training: TrainingSession,
    organisation: Organisation,
    at: datetime,
    *,
    link: ShareLink | None = None,
    with_space: bool = True,
    **content: Any,
) -> Email:
    """To the address of the link when the message is about it, else to the correspondent.

    Without `with_space` the message opens nothing, even while a link is open.
    """
    company = training.company
    known = company.correspondent_email if company else None
    address = (link.recipient_email if link else None) or known
    link = link or _open_link(training, at)
    if not address and link is not None:
        address = link.recipient_email
    if not address:
        raise NoRecipient(training.ref)
    name = ""
    if company is not None:
        names = {
            company.signatory_email: company.signatory_name,
            company.correspondent_email: company.correspondent_name,
        }
        name = names.get(address, "")
    opened = link if with_space else None
    return _row(letter, Role.CLIENT, training, organisation, at, (address, name), opened, **content)


def to_trainer(
    letter: str,
    training: TrainingSession,
    organisation: Organisation,
    at: datetime,
    **content: Any,
) -> Email:
    """To the trainer's own address; never with a link of the client."""
    trainer = (training.trainer.email, training.trainer.name)
    return _row(letter, Role.TRAINER, training, organisation, at, trainer, None, **content)


def to_office(
    letter: str,
    training: TrainingSession,
    organisation: Organisation,
    at: datetime,
    **content: Any,
) -> Email:
    """To the organisation's own mailbox; never with a link of the client."""
    office = (organisation.email, organisation.contact_name)
    return _row(letter, Role.OFFICE, training, organisation, at, office, None, **content)


def to_signatory(
    letter: str,
    training: TrainingSession,
    link: ShareLink | None,
    organisation: Organisation,
    at: datetime,
    *,
    address: str | None = None,
    **content: Any,
) -> Email:
    """To the signing link's own address alone; `address` for a message that carries no link."""
    to = address or (link.recipient_email if link else None)
    if not to:
        raise NoRecipient(training.ref)
    company = training.company
    name = company.signatory_name if company and company.signatory_email == to else ""
    return _row(letter, Role.CLIENT, training, organisation, at, (to, name), link, **content)


def _row(
    letter: str,
    audience: Role,
    training: TrainingSession,
    organisation: Organisation,
    at: datetime,
    recipient: tuple[str, str],
    link: ShareLink | None,
    *,
    subject: str,
    key: str,
    documents: Sequence[Document] = (),
    more: dict[str, Any] | None = None,
) -> Email:
    address, name = recipient
    host = urlsplit(settings().base_url).hostname
    return Email(
        training_id=training.id,
        letter=letter,
        audience=audience.value,
        to_email=french.one_line(address),
        to_name=said(name, 80),
        subject=french.clean(subject),
        context={
            "link_id": link.id if link else None,
            "name": said(name, 80),
            "organisation": facts.organisation_facts(organisation),
            "training": facts.training_facts(training, organisation.vat_regime),
            "funding": facts.funding_facts(training, at),
            "documents": facts.document_facts(training, list(documents)),
            **(more or {}),
        },
        document_ids=[document.id for document in documents],
        dedupe_key=f"{letter}:{training.id}:{key}",
        message_id=f"<{uuid.uuid4().hex}@{host}>",
        state=EmailState.QUEUED.value,
        attempts=0,
        next_at=at,
        created_at=at,
    )


def _open_link(training: TrainingSession, at: datetime) -> ShareLink | None:
    return db.session.scalar(
        select(ShareLink)
        .where(
            ShareLink.training_id == training.id,
            ShareLink.scope == Scope.SPACE.value,
            ShareLink.revoked_at.is_(None),
            ShareLink.expires_at > at,
        )
        .order_by(ShareLink.id.desc())
        .limit(1)
    )
