"""From the first link to the papers sent, and the changes and ends on the way."""

from portal.access import service as access
from portal.access.models import ShareLink
from portal.access.rules import Role, Scope
from portal.documents import service as documents
from portal.effects import company, signing
from portal.effects.act import Act
from portal.emails import holding, letters, outbox
from portal.extensions import db
from portal.training import service as trainings
from portal.training.models import TrainingSession
from portal.training.rules import State


def save_topic(act: Act) -> None:
    """Keeps what was typed; the journal gets valid steps, not autosaves."""
    act.result = [
        trainings.save_topic(act.training, topic, raw, by=act.actor.name, at=act.at, **versioning)
        for topic, raw, versioning in act.data["topics"]
    ]
    act.body = {"topics": [answers.topic for answers in act.result]}
    company.follow(act)


def share_link(act: Act) -> None:
    """A link for the client, by e-mail when an address is given."""
    link = access.open_link(act.training, act.at)
    email = act.data.get("email")
    if link is None:
        link = access.issue_link(act.training, act.actor, email, act.at)
    elif email:
        link.recipient_email = email
    db.session.flush()
    act.training.shared_at = act.training.shared_at or act.at
    if link.recipient_email and act.data.get("send", True):
        asks = act.training.state == State.DRAFT
        letter = letters.invitation if asks else letters.client_reminder
        press = act.data.get("key") or act.at.isoformat()
        act.send(letter(act.training, link, act.organisation, act.at, press))
    act.body, act.details = {"link": link.id}, {"email": link.recipient_email}
    act.result = link


def renew_link(act: Act) -> None:
    """The old text dies, the new one goes to the address on file alone."""
    asked = act.data.get("link") or access.open_link(act.training, act.at)
    link = db.session.get_one(ShareLink, asked.id) if asked else client_link(act)
    if act.data.get("rotation") not in (None, link.rotation):
        act.result = link  # a second press: the link the page showed is replaced already
        return
    access.rotate(link, act.at)
    if link.scope == Scope.SIGN:
        act.send(signing.request_letter(act, link, act.at))
    elif address_on_file(act.training, link):
        act.send(letters.new_link(act.training, link, act.organisation, act.at))
    act.body = {"link": link.id, "rotation": link.rotation}
    act.result = link


def revoke_link(act: Act) -> None:
    for link in act.training.links:
        if link.revoked_at is None:
            access.revoke(link, act.at)
    act.body = {"links": [link.id for link in act.training.links]}


def issue_documents(act: Act) -> None:
    """Freezes the facts in three papers, which leave for the client, with a copy to the trainer."""
    training = act.training
    training.vat_regime = act.organisation.vat_regime
    training.sent_at = act.at
    if act.actor.role is Role.CLIENT:
        training.completed_at, training.completed_by = act.at, act.actor.name
    client_link(act)
    act.documents = documents.issue(training, act.organisation, act.at)
    db.session.flush()
    act.send_papers(
        letters.documents_to_client(training, act.documents, act.organisation, act.at),
        letters.documents_to_trainer(training, act.documents, act.organisation, act.at),
    )
    act.body = {"documents": [[d.kind, d.version] for d in act.documents]}


def note_filing(act: Act) -> None:
    training = act.training
    training.filed_on = act.data["filed_on"]
    training.filing_number = act.data.get("number") or None
    training.filed_by = act.actor.role.value
    act.body = {"filed_on": training.filed_on.isoformat()}
    act.details = {"number": training.filing_number}


def reopen(act: Act) -> None:
    """Back to a draft: the papers are superseded (still readable) and the client is told."""
    training = act.training
    documents.supersede(training, act.at)
    signing.void_all(act, act.data["reason"])
    signing.close_links(act)
    was_received = not holding.is_first(training.id)
    outbox.cancel_queued(training.id)
    training.state = State.DRAFT.value  # at once: the table refuses a sent session without a regime
    training.vat_regime = None  # a draft shows the regime it would be issued with
    training.filed_on = training.filed_by = training.filing_number = None
    training.completed_at = training.completed_by = None
    reason = act.data["reason"]
    if was_received:
        act.send(letters.documents_withdrawn(training, act.organisation, reason, act.at))
    act.details = {"reason": reason}


def cancel(act: Act) -> None:
    training = act.training
    # with its date at once: the table refuses one without the other
    training.state, training.cancelled_at = State.CANCELLED.value, act.at
    training.cancel_reason = act.data["reason"]
    for link in training.links:
        if link.revoked_at is None:
            access.revoke(link, act.at)
    outbox.cancel_queued(training.id)
    reason = act.data["reason"]
    if training.company is not None and training.sent_at is not None:
        act.send(letters.cancelled_to_client(training, act.organisation, reason, act.at))
    act.send(letters.cancelled_to_trainer(training, act.organisation, reason, act.at))
    act.details = {"reason": reason}


def client_link(act: Act) -> ShareLink:
    """The open link of the client's space, made when the trainer filled everything in."""
    link = access.open_link(act.training, act.at)
    if link is None:
        link = access.issue_link(act.training, act.actor, None, act.at)
    access.extend(link, act.training.last_day, act.at)
    db.session.flush()
    return link


def address_on_file(training: TrainingSession, link: ShareLink) -> str | None:
    """The only address a renewed link is ever written to."""
    if link.recipient_email:
        return link.recipient_email
    return training.company.correspondent_email if training.company else None
