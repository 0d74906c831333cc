"""Beside the corridor: what is written to people about a dossier, and what of it comes back.

None of it moves a state. The same transaction as an act: the row, the messages and the entry of
the journal are one.
"""

import logging
from collections.abc import Mapping

from portal import clock, tasks, workflow
from portal.access import tries
from portal.access.rules import CLOCK, Actor
from portal.effects import reminding, telling
from portal.emails import bounces
from portal.extensions import db, writing
from portal.journal import service as journal
from portal.messages import service as messages
from portal.messages.rules import PER_HOUR, TOO_MANY, digest, without_links
from portal.reminders import service as reminders
from portal.reminders.rules import Facts as ReminderFacts
from portal.reminders.rules import Kind, Setting, is_time
from portal.reminders.service import Shown
from portal.training.models import TrainingSession

log = logging.getLogger(__name__)


def remind(training: TrainingSession, actor: Actor, kind: Kind) -> bool:
    """Reminds whoever is waited for; False when the clock finds nothing to send today.

    Raises Refused when a person asks for a reminder that has no object any more.
    """
    with writing():
        act = workflow.act_on(training.id, actor, {})
        sent = reminding.remind(act, kind, _reminder_facts(act.training))
        if sent:
            journal.record("remind", actor, act.at, training.id, body=act.body)
        db.session.flush()
        wake = act.wake()
    tasks.wake(**wake)
    return sent


def remind_all() -> None:
    """The round of the day, once, in the hours people work: what is due leaves.

    A dossier that fails is written to the log; it does not keep the others waiting.
    """
    at = clock.now()
    today = clock.paris(at).date()
    if not is_time(at) or reminders.is_round_made(today):
        return
    for identity in reminders.candidates():
        try:
            training = db.session.get_one(TrainingSession, identity)
            for kind in reminders.due_kinds(identity, _reminder_facts(training), today):
                remind(training, CLOCK, kind)
        except Exception:
            log.exception("the reminders of session %s could not be sent", identity)
        finally:
            db.session.remove()
    reminders.end_round(today, at)


def pause_reminders(training: TrainingSession, actor: Actor, *, paused: bool) -> None:
    """Suspends the reminders of a dossier, or takes them up again."""
    with writing():
        at = clock.now()
        if paused:
            reminders.pause(training.id, at, actor.name)
        else:
            reminders.resume(training.id)
        journal.record(f"{'pause' if paused else 'resume'}_reminders", actor, at, training.id)


def choose_reminders(settings: Mapping[Kind, Setting], actor: Actor) -> None:
    """Keeps the delays the organisation chose."""
    with writing():
        reminders.choose(settings)
        body = {kind.value: [x.is_on, x.after, x.gap] for kind, x in settings.items()}
        journal.record("choose_reminders", actor, clock.now(), body=body)


def reminders_of(training: TrainingSession) -> Shown:
    """What the page of a dossier says of its reminders."""
    return reminders.shown(training.id, _reminder_facts(training), clock.now())


def _reminder_facts(training: TrainingSession) -> ReminderFacts:
    return reminders.facts_of(training, workflow.facts_of(training).owes_undertaking)


# --- What comes back


def collect_returns() -> int:
    """Reads the mailbox of returns; how many of our messages came back."""
    return bounces.collect(_note_return)


def _note_return(failure: bounces.Failure) -> bool:
    """The mark on the message and its entry in the journal; False when there is nothing new."""
    with writing():
        at = clock.now()
        email = bounces.mark(failure, at)
        if email is None:
            return False
        told = {"to": email.to_email, "words": failure.words}
        body = {"email": email.id}
        journal.record("return_email", CLOCK, at, email.training_id, body=body, details=told)
    return True


# --- Messages


def write_message(training: TrainingSession, actor: Actor, body: str, key: str) -> bool:
    """A message on the dossier, and its notices; False when the client has no address to tell.

    `key` names the opened page: pressed twice, it is one message. Raises Refused beyond
    `PER_HOUR` messages of one person.
    """
    if messages.written_with(training.id, key) is not None:
        return True
    counted = f"message:{training.id}:{actor.role}:{actor.id}"
    if not tries.allow(counted, PER_HOUR, 3_600, clock.now()):
        raise workflow.Refused((TOO_MANY,))
    with writing():
        act = workflow.act_on(training.id, actor, {})
        if messages.written_with(training.id, key) is not None:
            return True
        row = messages.add(training.id, actor, without_links(body), key, act.at)
        reached = telling.tell(act, row)
        traced = {"message": row.id, "sha256": digest(key, row.body)}
        journal.record("write_message", actor, act.at, training.id, body=traced)
        db.session.flush()
        wake = act.wake()
    tasks.wake(**wake)
    return reached


def mark_read(training: TrainingSession, actor: Actor, message_id: int) -> None:
    """One side says it read up to that message."""
    with writing():
        messages.mark(training.id, actor.role, message_id, clock.now())
