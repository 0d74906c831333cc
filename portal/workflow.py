"""The corridor: every act on a session goes through `perform`, in one transaction.

Read from top to bottom, the effects tell the journey of a session.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from portal import clock, tasks
from portal.access import service as access
from portal.access.models import ShareLink
from portal.access.rules import Actor, Role
from portal.accounts import service as accounts
from portal.accounts.models import Organisation, User
from portal.documents import service as documents
from portal.documents.models import Document
from portal.emails import letters, outbox
from portal.emails.models import Email
from portal.extensions import db, writing
from portal.journal import service as journal
from portal.training import rules
from portal.training import service as trainings
from portal.training.models import TrainingSession
from portal.training.rules import Consequence, Event, State, Way

log = logging.getLogger(__name__)


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
    body: dict[str, Any] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    result: Any = None

    def send(self, *emails: Email) -> None:
        """Posts messages with the act; one already posted (a second press) is not doubled."""
        self.emails += [outbox.post(email) for email in emails]


def perform(event: Event, training: TrainingSession, actor: Actor, **data: Any) -> Any:
    """Carries out `event` whole or not at all, and returns what its effect gives back.

    Raises Refused with the French sentences that stand in the way, or StaleTopic. Documents and
    messages are rows of the same transaction; the worker is woken after it.
    """
    with writing():
        act = _act(training.id, actor, data)
        # the client of a link that expired asks for a new one with that link
        link = data.get("link") or access.open_link(act.training, act.at)
        facts = trainings.facts(
            act.training,
            missing=_missing_settings(event, act.organisation),
            has_open_link=link is not None and link.revoked_at is None,
            reason=data.get("reason"),
            filed_on=data.get("filed_on"),
        )
        sentences = rules.blockers(event, facts, actor.role)
        if sentences:
            raise Refused(sentences)
        EFFECTS[event](act)
        target = rules.TRANSITIONS[event].target
        if target is not None:
            act.training.state = target.value
        act.training.updated_at = act.at
        act.training.version += 1
        if data.get("journaled", True):
            journal.record(
                event.value, actor, act.at, act.training.id, body=act.body, details=act.details
            )
        db.session.flush()
        wake = [d.id for d in act.documents], [e.id for e in act.emails]
        result = act.result
    tasks.wake(*wake)
    return result


def create(
    trainer: User,
    actor: Actor,
    way: Way,
    creation_key: str,
    *,
    client_email: str | None = None,
    source: TrainingSession | None = None,
) -> TrainingSession:
    """A new draft, empty or copied from `source`; pressing twice gives the same one."""
    with writing():
        existing = trainings.created_with(creation_key)
        if existing is not None:
            return existing
        at = clock.now()
        training = trainings.create(db.session.merge(trainer), way, creation_key, at)
        if source is not None:
            trainings.copy_session(db.session.merge(source), training, by=actor.name, at=at)
        if way is Way.LINK:
            access.issue_link(training, actor, client_email, at)
        journal.record("create", actor, at, training.id, body={"way": way.value})
    return training


def call_trainer(training: TrainingSession, ip: str | None) -> None:
    """The client of a dead link, whose address is not known, asks the trainer for a new one."""
    with writing():
        act = _act(training.id, Actor(Role.CLIENT, None, "Client", ip), {})
        act.send(letters.call_trainer(act.training, act.organisation, act.at))
        journal.record("call_trainer", act.actor, act.at, training.id)
        db.session.flush()
        ids = [email.id for email in act.emails]
    tasks.wake([], ids)


def retry_email(email: Email, actor: Actor) -> None:
    """Sends again, by hand, a message that could not leave; it keeps its Message-ID."""
    with writing():
        fresh = db.session.get_one(Email, email.id)
        at = clock.now()
        outbox.retry(fresh, at)
        journal.record("retry_email", actor, at, fresh.training_id, body={"email": fresh.id})
        identity = fresh.id
    tasks.wake([], [identity])


def _act(training_id: int, actor: Actor, data: dict[str, Any]) -> Act:
    training = db.session.get_one(TrainingSession, training_id)
    return Act(training, actor, accounts.organisation(), clock.now(), data)


def _missing_settings(event: Event, organisation: Organisation) -> list[str]:
    if event not in (Event.ISSUE_DOCUMENTS, Event.AMEND):
        return []
    return accounts.missing_settings(organisation)


# --- Effects, in the order of the journey ---------------------------------------------------


def _save_topic(act: Act) -> None:
    """Keeps what was typed; the journal gets valid steps, not autosaves."""
    act.result = [
        trainings.save_topic(act.training, topic, raw, by=act.actor.name, at=act.at, **versioning)
        for topic, raw, versioning in act.data["topics"]
    ]
    act.body = {"topics": [answers.topic for answers in act.result]}


def _share_link(act: Act) -> None:
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
        letter = letters.client_reminder if act.data.get("again") else letters.invitation
        extra = {} if act.data.get("again") else {"dedupe": act.data.get("key") or str(act.at)}
        act.send(letter(act.training, link, act.organisation, act.at, **extra))
    act.body, act.details = {"link": link.id}, {"email": link.recipient_email}
    act.result = link


def _renew_link(act: Act) -> None:
    """The old text dies, the new one goes to the address on file alone."""
    asked = act.data.get("link") or access.open_link(act.training, act.at)
    link = db.session.get_one(ShareLink, asked.id) if asked else _client_link(act)
    access.rotate(link, act.at)
    if address_on_file(act.training, link):
        act.send(letters.new_link(act.training, link, act.organisation, act.at))
    act.body = {"link": link.id, "rotation": link.rotation}
    act.result = link


def _revoke_link(act: Act) -> None:
    for link in act.training.links:
        if link.revoked_at is None:
            access.revoke(link, act.at)
    act.body = {"links": [link.id for link in act.training.links]}


def _issue_documents(act: Act) -> None:
    """Freezes the facts in three papers, which leave for the client, with a copy to the trainer."""
    training = act.training
    training.vat_regime = act.organisation.vat_regime
    training.sent_at = act.at
    if act.actor.role is Role.CLIENT:
        training.completed_at, training.completed_by = act.at, act.actor.name
    _client_link(act)
    act.documents = documents.issue(training, act.organisation, act.at)
    db.session.flush()
    act.send(
        letters.documents_to_client(training, act.documents, act.organisation, act.at),
        letters.documents_to_trainer(training, act.documents, act.organisation, act.at),
    )
    act.body = {"documents": [[d.kind, d.version] for d in act.documents]}


def _note_filing(act: Act) -> None:
    training = act.training
    training.filed_on = act.data["filed_on"]
    training.filing_number = act.data.get("number") or None
    training.filed_by = act.actor.role.value
    act.body = {"filed_on": training.filed_on.isoformat()}
    act.details = {"number": training.filing_number}


def _amend(act: Act) -> None:
    """A change after sending: the table says whether the three papers are issued again."""
    before = trainings.snapshot(act.training)
    _save_topic(act)
    invalid = [answers.topic for answers in act.result if not answers.is_valid]
    if invalid:
        raise Refused(("Cette page contient des réponses à corriger",))
    changed = trainings.changed(before, trainings.snapshot(act.training))
    if changed and rules.consequence(changed) is Consequence.NEW_DOCUMENTS:
        facts = trainings.facts(act.training, reason=act.data["reason"])
        sentences = rules.blockers(Event.AMEND, facts, act.actor.role)
        if sentences:
            raise Refused(sentences)
        _client_link(act)
        act.documents = documents.issue(act.training, act.organisation, act.at)
        db.session.flush()
        reason = act.data["reason"]
        arguments = (act.training, act.documents, act.organisation, reason, act.at)
        act.send(letters.documents_amended(*arguments), letters.amended_to_trainer(*arguments))
    act.body = {"changed": changed, "documents": [[d.kind, d.version] for d in act.documents]}
    act.details = {"reason": act.data["reason"]}
    act.result = changed


def _reopen(act: Act) -> None:
    """Back to a draft: the papers are superseded (still readable) and the client is told."""
    training = act.training
    documents.supersede(training, act.at)
    outbox.cancel_queued(training.id)
    training.filed_on = training.filed_by = training.filing_number = None
    training.completed_at = training.completed_by = None
    reason = act.data["reason"]
    act.send(letters.documents_withdrawn(training, act.organisation, reason, act.at))
    act.details = {"reason": reason}


def _cancel(act: Act) -> None:
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


def _client_link(act: Act) -> ShareLink:
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


EFFECTS: dict[Event, Callable[[Act], None]] = {
    Event.SAVE_TOPIC: _save_topic,
    Event.SHARE_LINK: _share_link,
    Event.RENEW_LINK: _renew_link,
    Event.REVOKE_LINK: _revoke_link,
    Event.ISSUE_DOCUMENTS: _issue_documents,
    Event.NOTE_FILING: _note_filing,
    Event.AMEND: _amend,
    Event.REOPEN: _reopen,
    Event.CANCEL: _cancel,
}


def may(event: Event, training: TrainingSession, role: Role) -> bool:
    """Whether a screen should offer `event` (its reason or form comes later)."""
    transition = rules.TRANSITIONS[event]
    return role in transition.actors and State(training.state) in transition.sources
