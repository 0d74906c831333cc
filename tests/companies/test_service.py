"""What is kept of a look-up: proposals with their proof, confirmations, and blanks filled later."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from portal import clock, tasks, workflow
from portal.access.rules import Actor, Role
from portal.companies import service as companies
from portal.companies.finder import Finder
from portal.companies.models import CompanyFinding, FindingState
from portal.extensions import db, settings, writing
from portal.journal import service as journal
from portal.training import service as trainings
from portal.training.models import TrainingSession
from portal.training.rules import Event
from tests import story
from tests.companies import fake_registry as fake
from tests.companies.fake_registry import Directory
from tests.conftest import NOW

PERSON = {
    "signatory_first_name": "Hélène",
    "signatory_last_name": "Vasseur",
    "signatory_function": "Gérante",
    "signatory_email": "helene.vasseur@menuiserie-vasseur.example",
}
CLIENT = Actor(Role.CLIENT, 1, "Hélène Vasseur")


@pytest.fixture
def app(app: Flask, directory: Directory) -> Iterator[Flask]:
    app.config["PORTAL"] = replace(app.config["PORTAL"], registry_url=directory.url)
    with app.app_context():
        yield app


@pytest.fixture
def training(app: Flask) -> int:
    return story.a_training(app, "draft", company=None, funding=None).id


def save(training: int, topic: str, final: bool = True, **answers: str) -> None:
    row = db.session.get_one(TrainingSession, training)
    stored = trainings.answers_of(row, topic)
    raw = {name: [value] for name, value in answers.items()}
    versioning = {"version": stored.version if stored else 0, "edit_id": "page", "final": final}
    workflow.perform(Event.SAVE_TOPIC, row, CLIENT, topics=[(topic, raw, versioning)])


def row(training: int) -> CompanyFinding:
    db.session.rollback()
    found = companies.finding_of(training)
    assert found is not None
    return found


def typed(training: int) -> dict[str, str]:
    db.session.rollback()
    answers = trainings.answers_of(db.session.get_one(TrainingSession, training), "company")
    assert answers is not None
    return {name: values[0] for name, values in answers.raw.items()}


def test_a_company_typed_by_hand_is_looked_up_later(app: Flask, training: int) -> None:
    save(training, "company", siret="900 553 124 00018", legal_name="Vasseur & fille", **PERSON)
    assert row(training).state == FindingState.PENDING
    assert db.session.get_one(TrainingSession, training).company is None  # no address yet
    tasks.run_pending(app)
    found = row(training)
    assert (found.state, found.proposed.code) == (FindingState.FOUND, "CONSTRUCTYS")
    assert (found.proposed.path, found.proposed.month) == ("establishment", "2026-08")
    assert "France compétences" in found.proposed.source
    assert found.confirmed_at is None
    company = db.session.get_one(TrainingSession, training).company
    assert company is not None
    assert company.legal_name == "Vasseur & fille"  # what a person typed stays
    assert (company.address, company.postcode, company.city, company.naf) == (
        "14 Rue des Forges",
        "21200",
        "Beaune",
        "43.32A",
    )


def test_nothing_typed_is_ever_overwritten(app: Flask, training: int) -> None:
    given = {"address": "ailleurs", "postcode": "2", "city": "Autun", "naf": "?", "legal_name": "V"}
    save(training, "company", siret=fake.VASSEUR, **given, **PERSON)
    tasks.run_pending(app)
    assert row(training).state == FindingState.FOUND
    assert {name: typed(training)[name] for name in given} == given


def test_a_siret_that_changed_meanwhile_is_not_filled_with_the_other_s(
    app: Flask, training: int, directory: Directory
) -> None:
    save(training, "company", siret=fake.VASSEUR, legal_name="V", **PERSON)
    identity = row(training).id
    save(training, "company", final=False, siret=fake.SIGNED, legal_name="V", **PERSON)
    tasks.complete_company(identity)
    assert typed(training).get("address") is None


def test_an_outage_is_tried_again_later_and_later(
    app: Flask, training: int, directory: Directory
) -> None:
    directory.fault = fake.broken
    with time_machine.travel(NOW, tick=False) as now:
        save(training, "company", siret=fake.VASSEUR, legal_name="V", **PERSON)
        waits = []
        for _ in range(7):
            tasks.run_pending(app)
            found = row(training)
            assert (found.state, found.card) == (FindingState.PENDING, None)
            assert found.next_try_at is not None
            waits.append((found.next_try_at - clock.now()) // timedelta(minutes=1))
            now.shift(found.next_try_at - clock.now())
        assert waits == [1, 5, 15, 60, 360, 360, 360]
        directory.fault = None
        tasks.run_pending(app)
        assert row(training).state == FindingState.FOUND
        assert row(training).next_try_at is None


def test_it_is_given_up_after_a_week(
    app: Flask, training: int, monkeypatch: pytest.MonkeyPatch, directory: Directory
) -> None:
    directory.fault = fake.broken
    monkeypatch.setattr(companies, "MOST_ATTEMPTS", 1)
    save(training, "company", siret=fake.VASSEUR, legal_name="V", **PERSON)
    tasks.run_pending(app)
    assert row(training).state == FindingState.UNKNOWN
    assert companies.due_ids(clock.now() + timedelta(days=30)) == []


def test_looking_up_twice_asks_once(app: Flask, training: int, directory: Directory) -> None:
    save(training, "company", siret=fake.VASSEUR, legal_name="V", **PERSON)
    identity = row(training).id
    assert companies.look_up(identity) is not None
    assert companies.look_up(identity) is None
    assert companies.look_up(987_654) is None
    assert len(directory.asked) == 1


def test_whoever_sends_the_funding_confirms_the_opco(app: Flask, training: int) -> None:
    save(training, "company", siret=fake.VASSEUR, legal_name="V", **PERSON)
    tasks.run_pending(app)
    save(training, "funding", final=False, funder="CONSTRUCTYS", subrogation="oui")
    assert row(training).confirmed_at is None  # being typed
    with time_machine.travel(NOW, tick=False):
        save(training, "funding", funder="CONSTRUCTYS", subrogation="oui")
    found = row(training)
    assert (found.confirmed_code, found.confirmed_siret) == ("CONSTRUCTYS", fake.VASSEUR)
    assert (found.confirmed_by, found.confirmed_at) == ("Hélène Vasseur", NOW)
    save(training, "funding", funder="CONSTRUCTYS", subrogation="non")
    assert row(training).confirmed_at == NOW  # confirming again changes nothing
    assert journal.verify() == []


def test_another_choice_is_another_confirmation(app: Flask, training: int) -> None:
    save(training, "company", siret=fake.VASSEUR, legal_name="V", **PERSON)
    save(training, "funding", funder="CONSTRUCTYS", subrogation="oui")
    save(training, "funding", funder="AKTO", subrogation="oui")
    assert row(training).confirmed_code == "AKTO"
    save(training, "funding", funder="unknown", subrogation="oui")
    assert (row(training).confirmed_code, row(training).confirmed_at) == (None, None)


def test_an_outage_never_erases_what_is_known_or_confirmed(
    app: Flask, training: int, directory: Directory
) -> None:
    save(training, "company", siret=fake.VASSEUR, legal_name="V", **PERSON)
    tasks.run_pending(app)
    save(training, "funding", funder="CONSTRUCTYS", subrogation="oui")
    before = row(training)
    kept = (before.card, before.proposal, before.confirmed_at, before.confirmed_by, before.state)
    directory.fault = fake.broken
    settings().registry_state.unlink()
    silent = Finder.of(settings()).look_up(fake.VASSEUR)
    assert silent.outage is not None
    with writing():
        companies.keep(training, silent, clock.now())
    after = row(training)
    assert (
        after.card, after.proposal, after.confirmed_at, after.confirmed_by, after.state
    ) == kept  # fmt: skip


def test_the_worker_finds_what_a_dead_one_left(app: Flask, training: int) -> None:
    save(training, "company", siret=fake.VASSEUR, legal_name="V", **PERSON)
    queue = tasks.queue_of(settings().queue)
    queue.huey.flush()  # the queue is lost
    tasks.sweep()
    while (task := queue.huey.dequeue()) is not None:
        queue.huey.execute(task)
    assert row(training).state == FindingState.FOUND


def test_saving_tells_the_worker_at_once(app: Flask, training: int) -> None:
    tasks.queue_of(settings().queue).huey.flush()
    save(training, "company", siret=fake.VASSEUR, legal_name="V", **PERSON)
    task = tasks.queue_of(settings().queue).huey.dequeue()
    assert (task.name, list(task.args)) == ("look_up", [row(training).id])
