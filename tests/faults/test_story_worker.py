"""The worker stopped or killed: the act is done at once, and everything arrives, once."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.emails.mailroom import Server, parsed, serving
from tests.races.running import (
    LETTERS,
    PAPERS,
    WHOLE,
    Person,
    Portal,
    arrived,
    ready_sessions,
    running,
    signed_in,
    until,
)

LOOSE = 1.5  # seconds a test grants an act; bench/acts.py measures it
SESSIONS = 5
LONG_AGO = "2020-01-01 00:00:00.000000"


@dataclass
class Patient(Server):
    """Takes its time with a message before it keeps it, or once it is kept, and says so."""

    before: float = 0.0
    after: float = 0.0
    reached: threading.Event = field(default_factory=threading.Event)
    kept: threading.Event = field(default_factory=threading.Event)

    async def handle_DATA(  # noqa: N802 - named by aiosmtpd
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.reached.set()
        await asyncio.sleep(self.before)
        assert isinstance(envelope.content, bytes)
        self.received.append(envelope.content)
        self.kept.set()
        await asyncio.sleep(self.after)
        return self.after_data


@pytest.fixture(scope="module")
def mail() -> Iterator[Patient]:
    server = Patient()
    with serving(server):
        yield server


@pytest.fixture(scope="module")
def served(
    template: Path, tmp_path_factory: pytest.TempPathFactory, mail: Patient
) -> Iterator[Portal]:
    source = ready_sessions(template, tmp_path_factory.mktemp("ready") / "data", SESSIONS)
    with running(source, tmp_path_factory.mktemp("served") / "data", mail) as portal:
        yield portal


@pytest.fixture
def portal(served: Portal, mail: Patient) -> Iterator[Portal]:
    """Served, without its worker; sound at the end, whatever was killed."""
    mail.before = mail.after = 0.0
    mail.reached.clear()
    mail.kept.clear()
    mail.received.clear()
    yield served
    served.stop_worker()
    assert served.findings() == []


@dataclass(frozen=True)
class Sent:
    """A session whose trainer has just pressed « Envoyer »."""

    portal: Portal
    trainer: Person
    id: int
    page: str

    @classmethod
    def now(cls, portal: Portal) -> "Sent":
        trainer = signed_in(portal)
        identity, ref = portal.rows(
            "SELECT id, ref FROM training_session WHERE state = 'draft' LIMIT 1"
        )[0]
        page = f"/formateur/sessions/{ref}/"
        answer = trainer.post(f"{page}verifier")
        assert (answer.status, answer.location) == (303, page)
        assert answer.seconds < LOOSE
        assert portal.set_of(ref) == WHOLE
        return cls(portal, trainer, identity, page)

    def count(self, table: str, condition: str) -> int:
        query = f"SELECT count(*) FROM {table} WHERE training_id = ? AND {condition}"  # noqa: S608
        return int(self.portal.rows(query, self.id)[0])

    def has_arrived(self) -> bool:
        ready = self.count("document", "state = 'ready'") == PAPERS
        return ready and self.count("email", "state = 'sent'") == LETTERS

    def copies(self) -> list[int]:
        """How many times each of its messages was taken by the mail server."""
        counted = Counter(arrived(self.portal.mail))
        own = self.portal.rows("SELECT message_id FROM email WHERE training_id = ?", self.id)
        assert set(counted) <= set(own), "a message nobody wrote"
        return [counted[each] for each in own]


def leases_end(portal: Portal) -> None:
    """Minutes later: what a dead worker held is free again."""
    for table in ("document", "email"):
        portal.write(
            f"UPDATE {table} SET lease_until = ? WHERE lease_until IS NOT NULL",  # noqa: S608
            LONG_AGO,
        )


def test_without_a_worker_the_act_is_done_and_the_papers_come_later(portal: Portal) -> None:
    sent = Sent.now(portal)
    shown = sent.trainer.get(sent.page)
    assert shown.seconds < LOOSE
    assert shown.text.count("En préparation") == PAPERS
    assert arrived(portal.mail) == []

    portal.start_worker()
    until(sent.has_arrived, "papers or messages never come")
    assert "En préparation" not in sent.trainer.get(sent.page).text
    assert sent.copies() == [1] * LETTERS
    for content in portal.mail.received:
        names = [part.get_filename() for part in parsed(content).iter_attachments()]
        assert [str(name).split("-")[0] for name in names] == ["Devis", "Convention", "Programme"]


@pytest.mark.parametrize("made", [0, 1])
def test_a_worker_killed_while_it_prints(portal: Portal, made: int) -> None:
    """Before the first paper is there, and between the first and the last."""
    sent = Sent.now(portal)
    held = "state = 'pending' AND lease_until IS NOT NULL"

    def is_printing() -> bool:
        return (
            sent.count("document", "state = 'ready'") >= made and sent.count("document", held) > 0
        )

    portal.start_worker()
    until(is_printing, "nothing is printed", pause=0.001)
    portal.kill_worker()
    assert sent.count("document", held), "killed too late: nothing was under way"
    assert arrived(portal.mail) == []

    leases_end(portal)
    portal.start_worker()
    until(sent.has_arrived, "the papers never come")
    assert sent.count("document", "version = 1") == PAPERS
    assert sent.copies() == [1] * LETTERS


def test_a_worker_killed_while_it_sends(portal: Portal, mail: Patient) -> None:
    """The server had received everything but had not kept it: nobody got the message."""
    mail.before = 30.0
    sent = Sent.now(portal)
    portal.start_worker()
    assert mail.reached.wait(30)
    portal.kill_worker()
    assert arrived(mail) == []

    mail.before = 0.0
    leases_end(portal)
    portal.start_worker()
    until(sent.has_arrived, "the messages never leave")
    assert sent.copies() == [1] * LETTERS


def test_a_worker_killed_before_it_hears_the_answer(portal: Portal, mail: Patient) -> None:
    """The server kept the message and could not say so: the second copy is the same message."""
    mail.after = 30.0
    sent = Sent.now(portal)
    portal.start_worker()
    assert mail.kept.wait(30)
    portal.kill_worker()
    taken = len(arrived(mail))
    assert taken >= 1
    assert sent.count("email", "state = 'sent'") == 0

    mail.after = 0.0
    leases_end(portal)
    portal.start_worker()
    until(sent.has_arrived, "the messages never leave")
    assert sum(sent.copies()) == LETTERS + taken
    assert len(set(arrived(mail))) == LETTERS
