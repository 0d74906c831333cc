"""What real processes write while people work and things break: no link, no person, no password."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import conftest, databases, story
from tests.emails.mailroom import Server, serving
from tests.races.running import Person, Portal, ready_sessions, running, signed_in, until

ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
NEW = "/formateur/sessions/nouvelle"


@pytest.fixture
def portal(template: Path, tmp_path: Path) -> Iterator[Portal]:
    """A mail server that refuses everybody and repeats their address; web server and worker."""
    mail = Server(after_rcpt=f"550 5.1.1 <{story.CLIENT}> inconnu")
    source = ready_sessions(template, tmp_path / "ready", 1)
    with serving(mail), running(source, tmp_path / "data", mail) as portal:
        portal.start_worker()
        yield portal


def written(portal: Portal) -> str:
    return portal.said() + (portal.data / "access.log").read_text()


def test_logs_name_nobody_and_open_nothing(portal: Portal) -> None:
    stranger = Person(portal)
    stranger.get("/connexion")
    stranger.post("/connexion", {"email": conftest.OFFICE, "password": "un essai au hasard"})
    trainer = signed_in(portal)
    trainer.get(f"/formateur/?q={story.CLIENT}")
    (ref,) = portal.rows("SELECT ref FROM training_session")
    trainer.post(f"/formateur/sessions/{ref}/verifier")
    until(lambda: portal.rows("SELECT id FROM email WHERE state = 'failed'"), "nothing was refused")

    with portal.app() as app:
        told = story.a_training(app, "shared")
    link = told.link.removeprefix(portal.url)
    client = Person(portal)
    client.get(link)
    client.post(link)

    portal.write("ALTER TABLE journal_details RENAME TO journal_details_gone")
    assert trainer.post(NEW, {"way": "self", "key": "broken"}).status == 500

    text = written(portal)
    assert re.search(r"ERROR portal\.blueprints\.errors failure [0-9A-F]{8} on (GET|POST)", text)
    assert "journal_details" in text  # what broke is told, not for whom
    assert "GET /l/*** HTTP/1.1" in text
    assert "GET /formateur/ HTTP/1.1" in text
    assert link.rpartition("/")[2] not in text
    assert ADDRESS.findall(text) == []
    for word in (conftest.PASSWORD, "un essai au hasard", "Montagnier", "q="):
        assert word not in text
    for value in (*trainer.cookies.values(), *client.cookies.values(), trainer.token):
        assert value not in text


@pytest.mark.skipif(not databases.ON_POSTGRESQL, reason="SQLite repeats no row")
def test_a_row_that_postgresql_refuses_is_not_repeated(portal: Portal) -> None:
    trainer = signed_in(portal)
    portal.write("ALTER TABLE training_session ADD CHECK (creation_key NOT LIKE '%oneself')")
    assert trainer.post(NEW, {"way": "self", "key": "kept-to-oneself"}).status == 500
    text = written(portal)
    assert "violates check constraint" in text  # what broke is told, not on what
    assert "kept-to-oneself" not in text
    assert "Failing row" not in text
