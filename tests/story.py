"""Sessions brought to a point of their life by the real workflow, and what left of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask

from portal import clock, tasks, workflow
from portal.access import service as access
from portal.access.rules import Actor, Role
from portal.accounts.models import User
from portal.app import create_app
from portal.demonstration import stories
from portal.documents import service as documents
from portal.documents.models import Document
from portal.emails.models import Email
from portal.emails.outbox import message_of
from portal.extensions import db, store, writing
from portal.training.models import Programme, TrainingSession
from portal.training.rules import Event, Way
from tests import conftest, databases, second_half
from tests.documents import papers
from tests.pages import BASE_URL, Visitor
from tests.screens import Answers as Answers
from tests.screens import plain

VASSEUR, TEAM = stories.VASSEUR, stories.VASSEUR_TEAM
CLIENT = VASSEUR["signatory_email"]
ASKED = {
    "company": VASSEUR,
    "funding": {"funder": "CONSTRUCTYS", "subrogation": "oui"},
    "programme": {"code": "LPM-14", "price_basis": "", "unit_price": "", "remote_percent": "0"},
}
POINTS = ("draft", "shared", "sent", "filed", "cancelled")
FULL_DAY = ("09:00", "12:30", "13:30", "17:00")
HALVES = ("morning_starts", "morning_ends", "afternoon_starts", "afternoon_ends")
REASON = "Le chantier est reporté"


# --- Sessions


@dataclass(frozen=True)
class Told:
    """A session as a test speaks of it: its id, and the addresses people open."""

    id: int
    ref: str
    public_id: str
    link: str = ""

    @property
    def page(self) -> str:
        return f"/formateur/sessions/{self.ref}/"

    @property
    def space(self) -> str:
        return f"/espace/{self.public_id}/"

    def step(self, slug: str) -> str:
        return f"{self.page}etapes/{slug}"

    def client_step(self, slug: str) -> str:
        return f"{self.space}etapes/{slug}"


def a_training(
    app: Flask,
    at: str = "draft",
    *,
    way: str = "link",
    trainer: str = conftest.TRAINER,
    client_email: str | None = CLIENT,
    answer: second_half.Answer | None = None,
    early: bool = False,
    **topics: Answers | None,
) -> Told:
    """A session at that point of `POINTS` or `second_half.POINTS`, brought there by the real acts.

    `answer` is what the funder grants, two thirds of the usual price unless told otherwise;
    `early`: the convention was signed before.

    `topics` change the usual answers of company, funding and programme (`code` names one of the
    catalogue), replace those of schedule and trainees; None leaves a topic empty. A draft by link
    has the trainer's part only, whatever the client's topics say.
    """
    with app.app_context():
        person = conftest.user(trainer)
        actor = Actor(Role.TRAINER, person.id, person.name)
        training = _create(person, actor, Way(way), client_email)
        identity = training.id
        given = {topic: _answers(topic, topics) for topic in _ORDER}
        _fill(training, actor, given, _TRAINER_PART if way == "link" else _ORDER)
        is_later = at in second_half.POINTS
        _bring(identity, actor, POINTS.index("filed" if is_later else at), given)
        if is_later:
            second_half.bring(identity, at, answer or second_half.Answer(), early=early)
    return told(app, identity)


def told(app: Flask, identity: int) -> Told:
    """The addresses of that session as they are now."""
    with app.app_context():
        training = db.session.get_one(TrainingSession, identity)
        link = access.open_link(training, clock.now())
        path = access.url_of(link).removeprefix(BASE_URL) if link else ""
        return Told(identity, training.ref, training.public_id, path)


def told_at(app: Flask, url: str) -> Told:
    """The session of a trainer's address, « /formateur/sessions/S-2026-0001/etapes/programme »."""
    with app.app_context():
        query = db.select(TrainingSession.id).filter_by(ref=url.split("/")[3])
        identity = db.session.scalars(query).one()
    return told(app, identity)


def _copy(template: Path, folder: Path) -> Flask:
    databases.copy(template, folder / "data")
    app = create_app(conftest.config_in(folder / "data"))
    app.test_client_class = Visitor
    return app


def app_of_the_module() -> Any:
    """A fixture: one application for all the tests of a module, each with sessions of its own."""

    @pytest.fixture(scope="module")
    def shared(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
        app = _copy(template, tmp_path_factory.mktemp("module"))
        yield app
        conftest.close(app)

    return shared


def trainer_of_the_module() -> Any:
    """A fixture: its trainer, who signed in once, at NOW; each test gets a browser of its own.

    A test that moves days takes an application for itself and signs in there.
    """

    @pytest.fixture
    def signed_in(app: Flask) -> Visitor:
        name, domain = "__Host-portail", BASE_URL.removeprefix("https://")
        if "trainer" not in app.extensions:
            with time_machine.travel(conftest.NOW, tick=False):
                first = conftest.sign_in(app, conftest.TRAINER)
            cookie = first.get_cookie(name, domain=domain)
            assert cookie is not None
            app.extensions["trainer"] = cookie.value
        visitor = Visitor(app, app.response_class)
        visitor.set_cookie(name, app.extensions["trainer"], domain=domain, secure=True)
        return visitor

    return signed_in


def app_of_one_test() -> Any:
    """A fixture: an application that one test of such a module has for itself."""

    @pytest.fixture
    def alone(template: Path, tmp_path: Path) -> Iterator[Flask]:
        app = _copy(template, tmp_path)
        yield app
        conftest.close(app)

    return alone


_ORDER = ("company", "funding", "programme", "schedule", "trainees")
_TRAINER_PART = ("programme", "schedule")


def _create(person: User, actor: Actor, way: Way, email: str | None) -> TrainingSession:
    count = db.session.scalar(db.select(db.func.count()).select_from(TrainingSession))
    return workflow.create(person, actor, way, f"story-{count}", client_email=email)


def _answers(topic: str, changes: Mapping[str, Answers | None]) -> Answers | None:
    changed = changes.get(topic, {})
    if changed is None:
        return None
    if topic == "schedule":
        return changed or schedule(first_days())
    if topic == "trainees":
        return changed or stories.people(TEAM)
    answers = {**ASKED[topic], **changed}
    if topic == "programme":
        code = answers.pop("code")
        identity = db.session.scalars(db.select(Programme.id).filter_by(code=code)).one()
        answers = {"programme_id": str(identity), **answers}
    return answers


def _fill(
    training: TrainingSession,
    actor: Actor,
    given: Mapping[str, Answers | None],
    asked: Iterable[str],
) -> None:
    saves = [
        (
            topic,
            {name: [value] for name, value in (given[topic] or {}).items()},
            {"version": 0, "edit_id": f"story-{topic}", "final": True},
        )
        for topic in asked
        if given[topic] is not None
    ]
    workflow.perform(Event.SAVE_TOPIC, training, actor, topics=saves)


def _bring(identity: int, trainer: Actor, point: int, given: Mapping[str, Answers | None]) -> None:
    def now() -> TrainingSession:
        db.session.rollback()
        return db.session.get_one(TrainingSession, identity)

    actor, by_link = trainer, now().way == Way.LINK
    if by_link and point >= 1:
        workflow.perform(Event.SHARE_LINK, now(), trainer)
    if by_link and point >= 2:
        name = "{signatory_first_name} {signatory_last_name}".format(**given["company"] or VASSEUR)
        actor = Actor(Role.CLIENT, now().links[-1].id, name)
        _fill(now(), actor, given, ("company", "trainees", "funding"))
    if point >= 2:
        workflow.perform(Event.ISSUE_DOCUMENTS, now(), actor)
    if point == 3:
        workflow.perform(
            Event.NOTE_FILING, now(), actor, filed_on=clock.today(), number="CO-2026-7"
        )
    if point == 4:
        workflow.perform(Event.CANCEL, now(), trainer, reason=REASON)


# --- Answers


def first_days(count: int = 2, after: int = 48) -> list[date]:
    """Days in a row from the first Tuesday, at least `after` days away: 12 January 2027."""
    first = clock.today() + timedelta(days=after)
    first += timedelta(days=(1 - first.weekday()) % 7)
    return [first + timedelta(days=n) for n in range(count)]


def schedule(days: Iterable[date], hours: Sequence[str] = FULL_DAY, **others: str) -> Answers:
    """The answers of « Dates et lieu »: whole days at the client's unless told otherwise."""
    answers = {"place_mode": "client", "place": "", "access_notes": "", **others}
    for number, day in enumerate(days):
        answers[f"days-{number}-date"] = day.isoformat()
        answers |= {f"days-{number}-{h}": t for h, t in zip(HALVES, hours, strict=True)}
    return answers


# --- Papers and messages


work = tasks.run_pending


def made(app: Flask, training: Told) -> None:
    """Its papers are ready without waiting for the press: each holds a few bytes of its own."""
    with app.app_context(), writing():
        query = db.select(Document).filter_by(training_id=training.id, state="pending")
        for row in db.session.scalars(query):
            content = f"%PDF-1.7 {row.kind} v{row.version} {training.ref}".encode()
            row.sha256, row.octets = store().put(content), len(content)
            row.state, row.pages = "ready", 2


def messages(app: Flask, training: Told) -> list[dict[str, Any]]:
    """The messages of a session in order: letter, to, subject, text."""
    with app.app_context():
        rows = db.session.scalars(
            db.select(Email).filter_by(training_id=training.id).order_by(Email.id)
        )
        return [
            {"letter": row.letter, "to": row.to_email, "subject": row.subject,
             "papers": len(row.document_ids), "text": plain(message_of(row).body or "")}
            for row in rows
        ]  # fmt: skip


def last_email(training: Told, letter: str) -> Email:
    """The latest message of that kind; needs an application context."""
    query = db.select(Email).filter_by(training_id=training.id, letter=letter)
    return db.session.scalars(query.order_by(Email.id.desc())).first() or pytest.fail(letter)


def print_papers(app: Flask, training: Told) -> dict[str, papers.Paper]:
    """The current papers of a session as they were really printed, by kind."""
    with app.app_context():
        query = db.select(Document).filter_by(training_id=training.id, superseded_at=None)
        identities = {row.kind: row.id for row in db.session.scalars(query)}
        assert all(map(documents.prepare, identities.values()))
        rows = {kind: db.session.get_one(Document, x) for kind, x in identities.items()}
        return {kind: papers.read(documents.pdf_bytes(row)) for kind, row in rows.items()}
