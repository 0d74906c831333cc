"""The drill of docs/deployment.md: a backup under way while people work, put back elsewhere."""

import hashlib
import itertools
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.emails.mailroom import Server, serving
from tests.installation import ROOT, stamped
from tests.races.running import (
    PAPERS,
    Person,
    Portal,
    ready_sessions,
    running,
    signed_in,
    until,
)

NEW = "/formateur/sessions/nouvelle"
KEYS = ("secret.key", "link.key")  # kept apart from the backups


def flask(portal: Portal, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A command, as whoever looks after the portal types it."""
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *arguments],
        cwd=ROOT,
        env=portal.env,
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def people_at_work(trainer: Person) -> Iterator[None]:
    """Somebody creates one session after another, until the block ends."""
    is_over, done = threading.Event(), threading.Event()

    def create() -> None:
        for number in itertools.count():
            answer = trainer.post(NEW, {"way": "self", "key": f"meanwhile-{number}"})
            assert answer.status == 303, answer.text
            done.set()
            if is_over.is_set():
                return

    thread = threading.Thread(target=create)
    thread.start()
    try:
        assert done.wait(30)
        yield
    finally:
        is_over.set()
        thread.join()


def papers_of(portal: Portal) -> list[tuple[int, str]]:
    """Id and SHA-256 of each paper that is made."""
    return portal.rows("SELECT id, sha256 FROM document WHERE state = 'ready' ORDER BY id")


def test_a_portal_that_serves_is_put_back_elsewhere(template: Path, tmp_path: Path) -> None:
    mail, kept = Server(), tmp_path / "kept"
    kept.mkdir()
    source = ready_sessions(template, tmp_path / "ready", 2)
    with serving(mail), running(source, tmp_path / "first", mail) as first:
        with first.app() as app:
            stamped(app)
        first.start_worker()
        trainer = signed_in(first)
        (ref, _other) = first.rows("SELECT ref FROM training_session ORDER BY id")
        page = f"/formateur/sessions/{ref}/"
        assert trainer.post(f"{page}verifier").location == page
        until(lambda: len(papers_of(first)) == PAPERS, "the papers are never made")
        made = papers_of(first)

        with people_at_work(trainer):
            done = flask(first, "backup", str(kept))
        assert done.returncode == 0, done.stderr
        at_last = first.rows("SELECT count(*) FROM training_session")[0]

        second = Portal(tmp_path / "second", mail)
        second.data.mkdir()
        for key in KEYS:
            shutil.copy(first.data / key, second.data / key)
        (archive,) = kept.iterdir()
        done = flask(second, "restore", str(archive))
        assert done.returncode == 0, done.stderr
        assert "Journal et fichiers sont intacts" in done.stdout

        # one cut: numbers without a gap, and an entry of the journal for each session
        numbers = [int(found[-4:]) for found in second.rows("SELECT ref FROM training_session")]
        assert sorted(numbers) == list(range(1, len(numbers) + 1))
        assert 2 < len(numbers) <= at_last
        assert second.rows("SELECT n FROM counter WHERE name LIKE 'session-%'") == [len(numbers)]

        try:
            second.start_web()
            again = signed_in(second)
            assert second.rows("SELECT count(*) FROM login_session") == [1]
            assert papers_of(second) == made
            for identity, sha256 in made:
                answer = again.get(f"{page}documents/{identity}")
                assert answer.status == 200
                assert hashlib.sha256(answer.content).hexdigest() == sha256
            assert again.post(NEW, {"way": "self", "key": "afterwards"}).status == 303
            assert second.findings() == []
        finally:
            second.stop()
