"""The worker's queue: papers first, messages as soon as they can leave, nothing ever lost."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from huey.registry import Message

from portal import tasks
from portal.documents import service as documents
from portal.documents.models import Document
from portal.emails import letters, outbox
from portal.emails.models import Email
from portal.extensions import claim, db, settings
from portal.queueing import JsonSerializer
from tests.emails.mailroom import (
    NOW,
    Server,
    again,
    configured,
    dossier,
    finish,
    link_of,
    make_app,
    papers,
    parsed,
    posted,
    serving,
)

ROOT = Path(__file__).parents[2]
WORKER = """
import sys
from pathlib import Path
from portal.serving import worker
from portal.config import Smtp
from tests.emails.mailroom import app_on
port = int(sys.argv[2])
app = app_on(Path(sys.argv[1]), Smtp("127.0.0.1", port, "none", None, None))
print("ready", flush=True)
worker.run(app, warm=False)
print("ended", flush=True)
"""


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    app = make_app(tmp_path)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
        tasks.close(settings().queue)


@pytest.fixture
def press(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A press that makes any paper at once; the ids it was given, in order."""
    made: list[int] = []

    def prepare(document_id: int) -> bool:
        made.append(document_id)
        finish(db.session.get_one(Document, document_id))
        return True

    monkeypatch.setattr(documents, "prepare", prepare)
    return made


def issued() -> tuple[list[int], list[int]]:
    """Three pending papers, and the messages to client and trainer that carry them."""
    training, organisation = dossier()
    link_of(training)
    rows = papers(training, ready=False)
    emails = [
        posted(letters.documents_to_client(training, rows, organisation, NOW)),
        posted(letters.documents_to_trainer(training, rows, organisation, NOW)),
    ]
    return [row.id for row in rows], emails


def work(queue: tasks.Queue) -> list[str]:
    """Carries out the queue as one worker would; the names of the tasks, in order."""
    done = []
    while (task := queue.huey.dequeue()) is not None:
        done.append(f"{task.name} {task.args[0]}" if task.args else task.name)
        queue.huey.execute(task)
    return done


def test_papers_are_made_first_and_their_messages_leave_with_the_last(
    app: Flask, press: list[int]
) -> None:
    document_ids, email_ids = issued()
    with time_machine.travel(NOW, tick=False):
        tasks.wake(documents=document_ids, emails=email_ids)
        done = work(tasks.queue_of(settings().queue))
    assert done == [
        *(f"prepare {i}" for i in document_ids),
        *(f"deliver {i}" for i in email_ids),
    ]
    assert [again(i).state for i in email_ids] == ["kept", "kept"]


def test_a_message_without_papers_leaves_before_those_of_others(
    app: Flask, press: list[int]
) -> None:
    document_ids, email_ids = issued()
    training, organisation = dossier(ref="S-2026-0143")
    alone = posted(letters.call_trainer(training, organisation, NOW))
    with time_machine.travel(NOW, tick=False):
        tasks.wake(documents=document_ids, emails=email_ids)
        tasks.wake(emails=[alone])
        done = work(tasks.queue_of(settings().queue))
    assert done[0] == f"deliver {alone}"


def test_a_paper_that_fails_holds_its_messages_only(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "prepare", lambda document_id: False)
    document_ids, email_ids = issued()
    with time_machine.travel(NOW, tick=False):
        tasks.wake(documents=document_ids, emails=email_ids)
        work(tasks.queue_of(settings().queue))
    assert [again(i).state for i in email_ids] == ["queued", "queued"]


def test_the_sweep_finds_what_a_dead_worker_left(app: Flask, press: list[int]) -> None:
    """The queue is lost altogether: the rows are enough."""
    document_ids, email_ids = issued()
    with time_machine.travel(NOW, tick=False):
        tasks.sweep()
        work(tasks.queue_of(settings().queue))
    assert press == document_ids
    assert [again(i).state for i in email_ids] == ["kept", "kept"]


def test_the_sweep_adds_nothing_to_a_crowded_queue(
    app: Flask, press: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    issued()
    monkeypatch.setattr(tasks, "CROWDED", -1)
    tasks.sweep()
    assert work(tasks.queue_of(settings().queue)) == ["sweep"]


def test_waking_never_fails_the_act_that_was_committed(
    app: Flask, press: list[int], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def locked(path: Path) -> None:
        raise OSError("database is locked")

    monkeypatch.setattr(tasks, "queue_of", locked)
    tasks.wake(documents=[1], emails=[2])
    assert "the sweep will find the work" in caplog.text


def test_everything_due_can_be_done_without_a_worker(app: Flask, press: list[int]) -> None:
    document_ids, email_ids = issued()
    with time_machine.travel(NOW, tick=False):
        tasks.run_pending(app)
    assert press == document_ids
    assert [again(i).state for i in email_ids] == ["kept", "kept"]


def test_doing_what_is_due_ends_when_the_server_is_down(app: Flask, press: list[int]) -> None:
    _, email_ids = issued()
    configured(app, smtp=Server(port=1).smtp())
    with time_machine.travel(NOW, tick=False):
        tasks.run_pending(app)
    assert [again(i).state for i in email_ids] == ["queued", "queued"]


def test_a_try_that_is_near_is_planned_once(app: Flask) -> None:
    """Each waiting message has one planned try, however many times it is looked at."""
    configured(app, smtp=Server(port=1).smtp())
    training, organisation = dossier()
    email_id = posted(letters.call_trainer(training, organisation, NOW))
    queue = tasks.queue_of(settings().queue)
    with time_machine.travel(NOW, tick=False):
        for _ in range(3):
            queue.deliver(email_id)
        work(queue)
    (planned,) = queue.huey.scheduled()
    assert planned.args == [email_id]
    assert planned.eta == (NOW + timedelta(minutes=1)).replace(tzinfo=None)


def test_what_waits_for_a_decision_to_stand_leaves_at_its_minute(app: Flask) -> None:
    training, organisation = dossier()
    email_id = posted(letters.call_trainer(training, organisation, NOW + timedelta(minutes=1)))
    queue = tasks.queue_of(settings().queue)
    with time_machine.travel(NOW, tick=False):
        tasks.wake(emails=[email_id])
        work(queue)
    (planned,) = queue.huey.scheduled()
    assert planned.args == [email_id]
    assert planned.eta == (NOW + timedelta(minutes=1)).replace(tzinfo=None)


def test_a_far_try_is_left_to_the_sweep(app: Flask) -> None:
    configured(app, smtp=Server(port=1).smtp())
    training, organisation = dossier()
    email_id = posted(letters.call_trainer(training, organisation, NOW))
    claim(Email, email_id, attempts=3)
    queue = tasks.queue_of(settings().queue)
    with time_machine.travel(NOW, tick=False):
        queue.deliver(email_id)
        work(queue)
    assert queue.huey.scheduled_count() == 0
    assert outbox.next_try(email_id) == NOW + timedelta(hours=1)


def test_tasks_are_kept_as_json_and_come_back_whole() -> None:
    serializer = JsonSerializer()
    eta = datetime(2026, 11, 23, 16, 5)  # noqa: DTZ001 - huey keeps naive UTC
    message = Message("id", "portal.tasks.deliver", eta, 0, 0, 3, [12], {})
    stored = serializer.serialize(message)
    assert json.loads(stored)[1] == "portal.tasks.deliver"
    assert serializer.deserialize(stored) == message
    with pytest.raises(UnicodeDecodeError):
        serializer.deserialize(b"\x80\x05cos\nsystem\n")


def test_the_queue_is_opened_at_its_first_use(tmp_path: Path) -> None:
    """A web process forks after it is configured: nothing may be open before."""
    app = make_app(tmp_path)
    assert not (tmp_path / "queue.sqlite3").exists()
    with app.app_context():
        tasks.wake()
        db.session.remove()
        db.engine.dispose()
    assert (tmp_path / "queue.sqlite3").exists()
    tasks.close(app.config["PORTAL"].queue)


@pytest.fixture
def worker(app: Flask, tmp_path: Path) -> Iterator[tuple[Server, Any]]:
    """A worker in a process of its own, beside the application, and the server it sends to."""
    with serving(Server()) as server:
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(tmp_path), str(server.port)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield server, process
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


def until(condition: Any, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_worker_ends_what_it_began_when_asked_to_stop(
    app: Flask, worker: tuple[Server, Any], number: int
) -> None:
    server, process = worker
    server.delay = 0.2
    training, organisation = dossier()
    email_id = posted(letters.call_trainer(training, organisation, NOW))
    tasks.wake(emails=[email_id])
    until(lambda: again(email_id).lease_until is not None)
    process.send_signal(number)
    assert process.stdout.readline() == "ended\n"
    assert process.wait(5) == 0
    assert again(email_id).state == "sent"
    assert len(server.received) == 1


def test_a_killed_worker_s_successor_takes_up_its_work(
    app: Flask, worker: tuple[Server, Any], tmp_path: Path
) -> None:
    server, process = worker
    process.kill()
    process.wait()
    training, organisation = dossier()
    email_id = posted(letters.call_trainer(training, organisation, NOW))
    successor = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(tmp_path), str(server.port)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
    )
    try:
        until(lambda: again(email_id).state == "sent")
    finally:
        successor.kill()
        successor.wait()
    assert parsed(server.received[0])["Message-ID"] == again(email_id).message_id
