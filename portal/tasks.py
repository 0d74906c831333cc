"""What the worker does after a commit: papers and seals first, then the messages.

A task is never the truth: the row is. The queue takes a task out before carrying it out, so a
killed worker loses it; the sweep finds again, every minute, what is pending or was left behind.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from portal import clock
from portal.companies import service as companies
from portal.config import Config
from portal.documents import coherence
from portal.documents import service as documents
from portal.emails import outbox
from portal.extensions import db, settings, writing
from portal.funding import service as fundings
from portal.queueing import crontab, opened
from portal.signature import service as signatures
from portal.training import completing
from portal.uploads import service as uploads

WORKERS = 3  # threads of the worker
SENDERS = 2  # of them: a mail server that says nothing never holds the one that makes papers
SOON = timedelta(seconds=75)  # a next try that near is scheduled; the sweep finds the others
CROWDED = 1_000  # tasks waiting: the sweep adds nothing to them
# A message whose papers are ready leaves before the papers of the next session are made.
# Pages handed in come last: they are looked at minutes later, and may take seconds to draw.
MAIL_PRIORITY, SEAL_PRIORITY, PAPER_PRIORITY, SWEEP_PRIORITY, PAGES_PRIORITY = 5, 4, 3, 2, 1
LOOKUP_PRIORITY = PAPER_PRIORITY  # a person may be waiting for the address to appear

log = logging.getLogger(__name__)


class App(Protocol):
    """What the tasks need of the Flask application."""

    config: Any
    extensions: dict[str, Any]

    def app_context(self) -> AbstractContextManager[Any]: ...


class Queue:
    """The queue of one installation, and its tasks."""

    def __init__(self, app: App, path: Path, rounds: Sequence[Callable[[], object]]) -> None:
        self.app = app
        self.rounds = rounds
        self.letters: dict[int, None] = {}  # to send as soon as a sender is free, oldest first
        self.senders = threading.Semaphore(SENDERS)
        self.picking = threading.Lock()
        self.stopping = threading.Event()
        self.huey = opened(path)
        task = self.huey.task
        self.prepare = task(name="prepare", priority=PAPER_PRIORITY)(self._prepare)
        self.deliver = task(name="deliver", priority=MAIL_PRIORITY)(self._deliver)
        self.look_up = task(name="look_up", priority=LOOKUP_PRIORITY)(self._look_up)
        self.finish = task(name="finish", priority=SEAL_PRIORITY)(self._finish)
        self.draw = task(name="draw", priority=PAGES_PRIORITY)(self._draw)
        self.sweep = self.huey.periodic_task(
            crontab(minute="*"), name="sweep", priority=SWEEP_PRIORITY
        )(self._sweep)
        self.go_round = self.huey.periodic_task(
            crontab(minute="*/5"), name="go_round", priority=SWEEP_PRIORITY
        )(self._go_round)

    def _prepare(self, document_id: int) -> None:
        with self.app.app_context():
            if documents.prepare(document_id):
                for email_id in outbox.release(document_id, clock.now()):
                    self.deliver_in_time(email_id)

    def deliver_in_time(self, email_id: int) -> None:
        """Now, or at its moment when it waits so that a decision can be taken back."""
        due_at = outbox.next_try(email_id)
        wait = _seconds_to(due_at) if due_at else 0.0
        if wait > 0:
            self.deliver.schedule((email_id,), delay=wait)
        else:
            self.deliver(email_id)

    def _deliver(self, email_id: int) -> None:
        """Sends it, or leaves it to those who are sending: their queue is drained by whoever is
        free, and looked at once more after each has finished."""
        self.letters[email_id] = None
        while self.letters and self.senders.acquire(blocking=False):
            try:
                while (letter := self._next_letter()) is not None:
                    self._send(letter)
            finally:
                self.senders.release()
            if self.stopping.is_set():
                return

    def _next_letter(self) -> int | None:
        """None when there is none left, or no time: rows say what has not left."""
        if self.stopping.is_set():
            return None
        with self.picking:
            letter = next(iter(self.letters), None)
            if letter is not None:
                del self.letters[letter]
        return letter

    def _send(self, email_id: int) -> None:
        with self.app.app_context():
            again = outbox.next_try(email_id) if outbox.deliver(email_id) else None
        if again is not None and again - clock.now() < SOON:
            self.deliver.schedule((email_id,), delay=max(1.0, _seconds_to(again)))

    def _look_up(self, finding_id: int) -> None:
        with self.app.app_context():
            complete_company(finding_id)

    def _finish(self, signature_id: int) -> None:
        with self.app.app_context():
            if may_seal(signature_id) and signatures.finish(signature_id):
                for email_id in outbox.release_signed(signature_id, clock.now()):
                    self.deliver(email_id)

    def _draw(self, upload_id: int) -> None:
        with self.app.app_context():
            _draw(upload_id)

    def _sweep(self) -> None:
        if self.huey.pending_count() > CROWDED:
            return
        with self.app.app_context():
            waiting = (
                (self.prepare, documents.pending_ids()),
                (self.finish, signatures.pending_ids()),
                (self.draw, [*uploads.pending_ids(), *fundings.unread_ids()]),
                (self.deliver, outbox.due_ids(clock.now())),
                (self.look_up, companies.due_ids(clock.now())),
            )
        for task, identities in waiting:
            for identity in identities:
                task(identity)

    def _go_round(self) -> None:
        """Often, so that a worker that was stopped in the morning catches up."""
        with self.app.app_context():
            for one in self.rounds:
                one()


def may_seal(signature_id: int) -> bool:
    """Whether the papers of that dossier agree; else the seal waits, and the dossier says why."""
    found = coherence.before_sealing(signature_id)
    for difference in found:
        log.error("signature %s is not sealed: %s", signature_id, difference.sentence)
    db.session.rollback()
    return not found


def complete_company(finding_id: int) -> None:
    """Asks the directory of companies, then fills in what the person left blank, nothing else."""
    found = companies.look_up(finding_id)
    if found is None:
        return
    training_id, siret = found.training_id, found.siret
    values = companies.values_of(found)
    with writing():
        completing.complete_company(training_id, siret, values, clock.now())


def init_app(app: App, rounds: Sequence[Callable[[], object]] = ()) -> None:
    """Gives the application its queue, opened at the first use: after a fork, never before.

    `rounds` are gone every five minutes: each knows by itself whether something is to be done.
    """
    config: Config = app.config["PORTAL"]
    _openers[config.queue] = partial(Queue, app, config.queue, rounds)
    close(config.queue)


_openers: dict[Path, Callable[[], Queue]] = {}
_queues: dict[Path, Queue] = {}
_opening = threading.Lock()


def queue_of(path: Path) -> Queue:
    """The queue kept in that file, opened once per process."""
    with _opening:
        if path not in _queues:
            _queues[path] = _openers[path]()
        return _queues[path]


def close(path: Path) -> None:
    """Lets go of that queue; the next use opens it again."""
    with _opening:
        queue = _queues.pop(path, None)
    if queue is not None:
        queue.huey.storage.close()


def wake(
    *,
    documents: Sequence[int] = (),
    emails: Sequence[int] = (),
    uploads: Sequence[int] = (),
    signatures: Sequence[int] = (),
    lookups: Sequence[int] = (),
) -> None:
    """Tells the worker, by ids, what a commit has just left to do.

    Never raises: the sweep would find it.
    """
    try:
        queue = queue_of(settings().queue)
        # The message whose papers are being made leaves with the last of them.
        later = outbox.waits_for(emails, documents)
        for task, identities in (
            (queue.prepare, documents),
            (queue.finish, signatures),
            (queue.draw, uploads),
            (queue.deliver_in_time, [each for each in emails if each not in later]),
            (queue.look_up, lookups),
        ):
            for identity in identities:
                task(identity)
    except Exception:
        log.exception("the worker could not be told: the sweep will find the work")


def sweep() -> None:
    """Asks the worker to look, now, for everything that is pending."""
    queue_of(settings().queue).sweep()


def run_pending(app: App) -> None:
    """Does everything that is due, here and now, without a worker."""
    with app.app_context():
        for finding_id in companies.due_ids(clock.now()):
            complete_company(finding_id)
        for pending, carry_out in (
            (documents.pending_ids, _print),
            (uploads.pending_ids, _draw),
            (fundings.unread_ids, fundings.suggest),
            (signatures.pending_ids, _seal),
            (lambda: outbox.due_ids(clock.now()), outbox.deliver),
        ):
            while identities := pending():
                for identity in identities:
                    carry_out(identity)


def _print(document_id: int) -> None:
    documents.prepare(document_id)
    outbox.release(document_id, clock.now())


def _draw(upload_id: int) -> None:
    uploads.prepare(upload_id)
    fundings.suggest(upload_id)


def _seal(signature_id: int) -> None:
    if may_seal(signature_id) and signatures.finish(signature_id):
        outbox.release_signed(signature_id, clock.now())


def _seconds_to(instant: datetime) -> float:
    return (instant - clock.now()).total_seconds()
