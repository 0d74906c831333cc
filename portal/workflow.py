"""The corridor: every act on a session goes through `perform`, in one transaction.

Read from top to bottom, the effects tell the journey of a session.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from portal import clock, tasks
from portal.access import service as access
from portal.access.models import ShareLink
from portal.access.rules import Actor, Role
from portal.accounts import service as accounts
from portal.accounts.models import Organisation, User
from portal.documents.models import Document
from portal.effects import (
    addresses,
    amending,
    funding,
    gate,
    paper,
    preparing,
    reminding,
    signing,
)
from portal.effects.act import Act
from portal.effects.act import Refused as Refused
from portal.effects.preparing import address_on_file as address_on_file
from portal.emails import holding, letters, outbox, reading, signing_notices
from portal.emails.models import Email
from portal.extensions import db, writing
from portal.funding import service as fundings
from portal.journal import service as journal
from portal.reminders import service as reminders
from portal.signature import codes
from portal.signature.models import Channel
from portal.training import life_rules, reusing
from portal.training import service as trainings
from portal.training.models import TrainingSession
from portal.training.rules import Event, Facts, State, Way


def perform(event: Event, training: TrainingSession, actor: Actor, **data: Any) -> Any:
    """Carries out `event` whole or not at all, and returns what its effect gives back.

    Raises Refused with the French sentences that stand in the way, or StaleTopic. Documents and
    messages are rows of the same transaction; the worker is woken after it.
    """
    with writing():
        act = act_on(training.id, actor, data)
        # the client of a link that expired asks for a new one with that link
        link = data.get("link") or access.open_link(act.training, act.at)
        facts = facts_of(
            act.training,
            missing=_missing_settings(event, act.organisation),
            has_open_link=link is not None and link.revoked_at is None,
            reason=data.get("reason"),
            filed_on=data.get("filed_on"),
            asked_grant_cents=_asked_grant(event, act),
        )
        if event is Event.AMEND:
            # the change itself may put these right: its effect looks at them once it is made
            facts = replace(facts, first_day=None, missing=(), needs_reason=False)
        sentences = life_rules.blockers(event, facts, actor.role)
        if sentences:
            raise Refused(sentences)
        EFFECTS[event](act)
        gate.check(act)
        target = life_rules.TRANSITIONS[event].target
        if target is not None:
            act.training.state = target.value
        act.training.updated_at = act.at
        act.training.version += 1
        owes = facts_of(act.training).owes_undertaking
        reminding.withdraw(act, reminders.facts_of(act.training, owes))
        if data.get("journaled", True):
            journal.record(
                event.value, actor, act.at, act.training.id, body=act.body, details=act.details
            )
        db.session.flush()
        wake = act.wake()
        result = act.result
    tasks.wake(**wake)
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
            reusing.copy_session(db.session.merge(source), training, by=actor.name, at=at)
        if way is Way.LINK:
            access.issue_link(training, actor, client_email, at)
        journal.record("create", actor, at, training.id, body={"way": way.value})
    return training


def call_trainer(training: TrainingSession, ip: str | None) -> None:
    """The client of a dead link, whose address is not known, asks the trainer for a new one."""
    with writing():
        act = act_on(training.id, Actor(Role.CLIENT, None, "Client", ip), {})
        act.send(letters.call_trainer(act.training, act.organisation, act.at))
        journal.record("call_trainer", act.actor, act.at, training.id)
        db.session.flush()
        ids = [email.id for email in act.emails]
    tasks.wake(emails=ids)


def send_code(
    training: TrainingSession, link: ShareLink, document: Document, channel: Channel, actor: Actor
) -> str | None:
    """A one-time code for the signatory. By phone, the office receives its digits, once, to read.

    Raises CodeRefused. The client asks for it by e-mail or SMS, the office alone reads it out:
    nobody who prepares the session can have it sent elsewhere.
    """
    if (channel is Channel.PHONE) is not (actor.role is Role.OFFICE) or actor.role is Role.TRAINER:
        raise codes.CodeRefused("Ce code ne peut pas être demandé d’ici")
    with writing():
        act = act_on(training.id, actor, {})
        number = signing.mobile_of(act.training) if channel is Channel.SMS else None
        code = codes.issue_code(link, document, channel, act.at)
        if channel is Channel.EMAIL:
            arguments = (act.training, link, document, code, act.organisation, act.at)
            act.send(signing_notices.one_time_code(*arguments))
        body = {"code": code.id, "link": link.id, "document": document.id, "channel": channel.value}
        journal.record("send_code", actor, act.at, training.id, body=body)
        db.session.flush()
        wake, digits = act.wake(), codes.text_of(code)
    if number is not None:
        signing.text_code(code, number, digits)
    tasks.wake(**wake)
    return digits if channel is Channel.PHONE else None


def retry_email(email: Email, actor: Actor) -> None:
    """Sends again, by hand, a message that could not leave; it keeps its Message-ID."""
    with writing():
        fresh = db.session.get_one(Email, email.id)
        at = clock.now()
        outbox.retry(fresh, at)
        journal.record("retry_email", actor, at, fresh.training_id, body={"email": fresh.id})
        identity = fresh.id
    tasks.wake(emails=[identity])


def correct_address(email: Email, address: str, actor: Actor) -> None:
    """The right address instead of one that fails, and the message again. Raises Refused."""
    with writing():
        fresh = db.session.get_one(Email, email.id)
        if fresh.training_id is None or not reading.may_correct(fresh):
            raise Refused((addresses.NOT_ON_FILE,))
        act = act_on(fresh.training_id, actor, {"email_id": fresh.id, "address": address})
        addresses.correct(act)
        act.training.version += 1
        training_id = act.training.id
        journal.record(
            "correct_address", actor, act.at, training_id, body=act.body, details=act.details
        )
        db.session.flush()
        wake = act.wake()
    tasks.wake(**wake)


def send_held(training: TrainingSession, actor: Actor) -> int:
    """« Envoyer », once the papers were read over: the messages leave. Returns how many."""
    with writing():
        at = clock.now()
        ids = holding.release(training.id, at)
        if ids:
            journal.record("send_held", actor, at, training.id, body={"emails": ids})
    tasks.wake(emails=ids)
    return len(ids)


def act_on(training_id: int, actor: Actor, data: dict[str, Any]) -> Act:
    """The act that begins, on the session read again inside the caller's transaction."""
    training = db.session.get_one(TrainingSession, training_id)
    return Act(training, actor, accounts.organisation(), clock.now(), data)


def _missing_settings(event: Event, organisation: Organisation) -> list[str]:
    return accounts.missing_settings(organisation) if event is Event.ISSUE_DOCUMENTS else []


EFFECTS: dict[Event, Callable[[Act], None]] = {
    Event.SAVE_TOPIC: preparing.save_topic,
    Event.SHARE_LINK: preparing.share_link,
    Event.RENEW_LINK: preparing.renew_link,
    Event.REVOKE_LINK: preparing.revoke_link,
    Event.ISSUE_DOCUMENTS: preparing.issue_documents,
    Event.NOTE_FILING: preparing.note_filing,
    Event.AMEND: amending.amend,
    Event.REOPEN: preparing.reopen,
    Event.CANCEL: preparing.cancel,
    Event.RECEIVE_AGREEMENT: funding.receive_agreement,
    Event.RETURN_AGREEMENT: funding.return_agreement,
    Event.VALIDATE_AGREEMENT: funding.validate_agreement,
    Event.CORRECT_AGREEMENT: funding.correct_agreement,
    Event.UNDO_DECISION: funding.undo_decision,
    Event.RECORD_REFUSAL: funding.record_refusal,
    Event.SELF_FUND: funding.self_fund,
    Event.POSTPONE: funding.postpone,
    Event.SEND_SIGN_LINK: signing.send_link,
    Event.SIGN: signing.sign,
    Event.RECEIVE_SIGNED_PAPER: paper.receive_signed_paper,
    Event.REFUSE_SIGNED_PAPER: paper.refuse_signed_paper,
    Event.RECORD_PAPER_SIGNATURE: paper.record_paper_signature,
    Event.DECLINE_SIGNATURE: signing.decline_signature,
    Event.DELEGATE_SIGNATURE: signing.delegate_signature,
    Event.START: funding.start,
}


def facts_of(training: TrainingSession, **asked: Any) -> Facts:
    """The facts of a session with its money and signatures: what guards and screens look at."""
    due = None
    if training.granted_cents is not None and training.price_cents is not None:
        due = fundings.split_of(training).client_due_cents
    return trainings.facts(
        training,
        price_cents=training.price_cents,
        granted_cents=training.granted_cents,
        client_due_cents=due,
        committed_cents=training.committed_cents,
        is_signed=training.signed_at is not None,
        has_agreement=any(a.state in ("received", "validated") for a in training.agreements),
        **asked,
    )


def _asked_grant(event: Event, act: Act) -> int | None:
    if event is not Event.VALIDATE_AGREEMENT:
        return None
    return funding.asked_grant(act.training, act.data).net_cents


def blockers(event: Event, training: TrainingSession, role: Role, **asked: Any) -> tuple[str, ...]:
    """Why `event` cannot happen now: the list the screens show is the list that guards."""
    return life_rules.blockers(event, facts_of(training, **asked), role)


def may(event: Event, training: TrainingSession, role: Role) -> bool:
    """Whether a screen should offer `event` (its reason or form comes later)."""
    transition = life_rules.TRANSITIONS[event]
    return role in transition.actors and State(training.state) in transition.sources
