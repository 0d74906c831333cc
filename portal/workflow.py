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
