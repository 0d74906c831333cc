"""The demonstration is whole, fictional, and adds nothing the second time."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.accounts.models import Organisation, User
from portal.accounts.service import missing_settings
from portal.companies import rules as identifiers
from portal.demonstration import loader, stories
from portal.documents.models import Document
from portal.emails.models import Email
from portal.extensions import db, store
from portal.journal import service as journal
from portal.training.models import Programme, TrainingSession
from tests.installation import close, migrated

EMAIL = re.compile(r"[\w.+-]+@[\w.-]+")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    app = migrated(tmp_path)
    with app.app_context():
        yield app
        close()


def load(app: Flask) -> str:
    done = app.test_cli_runner().invoke(args=["demonstration"])
    assert done.exit_code == 0, done.output
    return done.output


def test_what_it_shows(app: Flask) -> None:
    assert "est chargé" in load(app)
    found = db.session.scalars(select(TrainingSession).order_by(TrainingSession.id)).all()
    assert [(row.state, row.shared_at is not None) for row in found] == [
        ("sent", True),
        ("draft", True),
        ("draft", False),
        ("sent", False),
    ]
    assert [row.price_cents for row in found if row.price_cents] == [240_000] * 3
    assert found[3].filed_on is not None
    assert all(row.first_day is None or row.first_day.weekday() == 1 for row in found)
    assert db.session.scalar(select(func.count()).select_from(Document)) == 6
    assert journal.verify() == []
    described = db.session.get_one(Organisation, 1)
    assert missing_settings(described) == []
    assert store().has(str(described.logo_sha256))


def test_a_typing_error_is_kept_in_the_draft(app: Flask) -> None:
    load(app)
    draft = db.session.scalars(select(TrainingSession).filter_by(way="self")).first()
    assert draft is not None
    (company,) = (row for row in draft.answers if row.topic == "company")
    assert not company.is_valid
    assert company.raw["siret"] == [stories.BEGUN["siret"]]
    assert draft.company is None


def test_loading_twice_adds_nothing(app: Flask) -> None:
    load(app)
    before = [db.session.scalar(select(func.count()).select_from(m)) for m in COUNTED]
    assert load(app) == ""
    db.session.rollback()
    assert [db.session.scalar(select(func.count()).select_from(m)) for m in COUNTED] == before


COUNTED = (Organisation, User, Programme, TrainingSession, Document, Email)


def test_a_loading_that_was_interrupted_is_completed(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(loader, "_shared", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        app.test_cli_runner().invoke(args=["demonstration"])
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(TrainingSession)) == 1
    load(app)
    assert db.session.scalar(select(func.count()).select_from(TrainingSession)) == 4


def test_every_address_is_fictional(app: Flask) -> None:
    load(app)
    texts = [row.to_email for row in db.session.scalars(select(Email))]
    texts += [row.email for row in db.session.scalars(select(User))]
    for file in loader.HERE.rglob("*"):
        if file.suffix in (".toml", ".txt", ".py"):
            texts.append(file.read_text(encoding="utf-8"))
    addresses = {address.rstrip(".") for text in texts for address in EMAIL.findall(text)}
    assert len(addresses) > 8
    assert {address for address in addresses if not address.endswith(".example")} == set()


def test_accounts_are_marked_as_a_demonstration(app: Flask) -> None:
    load(app)
    users = db.session.scalars(select(User).order_by(User.id)).all()
    assert [user.name for user in users] == [
        "Claire Montagnier",
        "Malik Aubertin",
        "Nadia Belkacem",
    ]
    assert all(user.is_demonstration for user in users)


def test_a_real_installation_is_left_alone(tmp_path: Path) -> None:
    app = migrated(tmp_path, demo=False)
    with app.app_context():
        done = app.test_cli_runner().invoke(args=["demonstration"])
        assert done.exit_code == 1
        assert "PORTAL_DEMO=1" in done.output
        assert db.session.scalar(select(func.count()).select_from(User)) == 0
        close()


def test_the_catalogue_says_what_qualiopi_wants_published(app: Flask) -> None:
    load(app)
    programmes = db.session.scalars(select(Programme)).all()
    assert {row.title for row in programmes} == {
        "Lecture de plans et métrés",
        "Prise de parole en public",
        "Encadrer une petite équipe",
    }
    for row in programmes:
        assert row.minutes == 14 * 60 == sum(module["minutes"] for module in row.content)
        assert len(row.objectives) == 5
        assert "\n" not in row.methods
        assert row.results
        assert row.remote_help


def test_texts_follow_french_typography() -> None:
    wrong = re.compile(r"(?<=[\wé»)]) [:;?!»](?=\s)|« |'")
    for file in loader.HERE.rglob("*"):
        if file.suffix in (".toml", ".txt"):
            lines = file.read_text(encoding="utf-8").splitlines()
            found = [line for line in lines if not line.startswith("#") and wrong.search(line)]
            assert found == [], file.name


@pytest.mark.parametrize("company", [stories.VASSEUR, stories.NORDLYS])
def test_companies_have_valid_identifiers(company: dict[str, str]) -> None:
    assert identifiers.check_siret(company["siret"])
    assert identifiers.check_naf(company["naf"]) == company["naf"]
    assert identifiers.check_postcode(company["postcode"]) == company["postcode"]
    assert identifiers.check_phone(company["phone"])
