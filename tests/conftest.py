"""One application per test, on a copy of a database made once; people signed in for real."""

import gc
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from hypothesis import HealthCheck, settings

from portal import tasks
from portal.access import service as access
from portal.access.rules import Role
from portal.accounts import service as accounts
from portal.accounts.models import User
from portal.accounts.profile import organisation_fields
from portal.app import create_app
from portal.config import Config
from portal.declared import read
from portal.extensions import db, store, writing
from portal.programmes.describing import create_programme
from tests import databases, hurrying
from tests.pages import BASE_URL, Visitor

# How long an example takes to draw says how busy the machine is, nothing of the code.
settings.register_profile("portal", suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("portal")
hurrying.write_to_memory()

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DEMONSTRATION = Path(accounts.__file__).parents[1] / "demonstration"
PASSWORD = "sept chaises bleues"
TRAINER = "claire.montagnier@rivage-formation.example"
OTHER_TRAINER = "malik.aubertin@rivage-formation.example"
OFFICE = "nadia.belkacem@rivage-formation.example"
PEOPLE = {
    TRAINER: ("Claire", "Montagnier", Role.TRAINER),
    OTHER_TRAINER: ("Malik", "Aubertin", Role.TRAINER),
    OFFICE: ("Nadia", "Belkacem", Role.OFFICE),
}


def config_in(folder: Path, **changes: Any) -> Config:
    """The settings of a real installation, in a folder of its own."""
    config = Config(
        base_url=BASE_URL,
        data=folder,
        database_url=databases.url_in(folder),
        secret_key="test-secret-0123456789abcdefghijklmnop",
        link_key="test-links-0123456789abcdefghijklmnopq",
        testing=True,
    )
    return replace(config, **changes)


def close(app: Flask) -> None:
    """Leaves no connection open behind, and nothing that keeps the application in memory."""
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    queue = app.config["PORTAL"].queue
    tasks.close(queue)
    tasks._openers.pop(queue, None)


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: it is not to be looked at again at each clearing."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browsers last: they leave an event loop running, and sealing wants to start its own."""
    items.sort(key=lambda item: "browser" in item.path.parts)


@pytest.fixture(autouse=True, scope="session")
def hurried(tmp_path_factory: pytest.TempPathFactory) -> None:
    hurrying.compile_templates_once(tmp_path_factory.mktemp("templates"))
    hurrying.compile_addresses_once()
    hurrying.compile_statements_once()
    hurrying.recognise_passwords_once()


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing outside this machine is ever called."""
    connect = socket.socket.connect

    def checked(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"network call to {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", checked)


def _describe_organisation() -> None:
    data = read(DEMONSTRATION / "organisation.toml")
    data["logo_sha256"] = store().put(data.pop("logo"))
    accounts.create_organisation(organisation_fields(data))
    with writing():
        for path in sorted((DEMONSTRATION / "programmes").glob("*.toml")):
            create_programme(read(path))


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with its tables, the organisation, its people and its programmes."""
    return described(tmp_path_factory.mktemp("template"))


def described(folder: Path) -> Path:
    """The same in that folder."""
    app = create_app(config_in(folder))
    with app.app_context():
        db.create_all()
        _describe_organisation()
        for email, (first_name, last_name, role) in PEOPLE.items():
            accounts.create_user(
                email=email,
                first_name=first_name,
                last_name=last_name,
                role=role,
                password=PASSWORD,
                phone="0199001234",
                at=NOW,
            )
        if not databases.ON_POSTGRESQL:
            db.session.execute(db.text("PRAGMA wal_checkpoint(TRUNCATE)"))
    close(app)
    return folder


@pytest.fixture
def config(template: Path, tmp_path: Path) -> Iterator[Config]:
    """Settings over a fresh copy of the template."""
    folder = tmp_path / "data"
    databases.copy(template, folder)
    yield config_in(folder)
    databases.forget(folder)


@pytest.fixture
def app(config: Config) -> Iterator[Flask]:
    app = create_app(config)
    app.test_client_class = Visitor
    yield app
    close(app)


@pytest.fixture
def context(app: Flask) -> Iterator[None]:
    """An application context, to read and prepare rows."""
    with app.app_context():
        yield


@pytest.fixture
def frozen() -> Iterator[time_machine.Traveller]:
    """The clock stands at NOW; `frozen.shift(…)` and `frozen.move_to(…)` move it."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def sign_in(app: Flask, email: str, password: str = PASSWORD) -> Visitor:
    """A browser in which that person signed in, through the login page."""
    visitor = Visitor(app, app.response_class)
    answer = visitor.submit("/connexion", {"email": email, "password": password})
    assert answer.status_code == 303, answer.text
    return visitor


@pytest.fixture
def anonymous(app: Flask) -> Visitor:
    return Visitor(app, app.response_class)


@pytest.fixture
def trainer(app: Flask) -> Visitor:
    return sign_in(app, TRAINER)


@pytest.fixture
def other_trainer(app: Flask) -> Visitor:
    return sign_in(app, OTHER_TRAINER)


@pytest.fixture
def office(app: Flask) -> Visitor:
    return sign_in(app, OFFICE)


def user(email: str) -> User:
    """The account with that e-mail; needs an application context."""
    return db.session.scalars(db.select(User).filter_by(email=email)).one()


@pytest.fixture
def client_of(app: Flask) -> Callable[[int], Visitor]:
    """A browser in which the client of that session (its id) pressed « Commencer »."""
    from portal import clock
    from portal.training.models import TrainingSession

    def opened(training_id: int) -> Visitor:
        with app.app_context():
            training = db.session.get_one(TrainingSession, training_id)
            link = access.open_link(training, clock.now())
            assert link is not None
            path = access.url_of(link).removeprefix(BASE_URL)
        visitor = Visitor(app, app.response_class)
        answer = visitor.submit(path)
        assert answer.status_code == 303
        assert "/espace/" in answer.headers["Location"]
        return visitor

    return opened
