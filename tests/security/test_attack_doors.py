"""The doors themselves: what they tell a stranger, and what holds when a part fails."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from werkzeug.test import TestResponse

from portal.access.models import Attempt
from portal.accounts.models import User
from portal.app import create_app
from portal.config import Config
from portal.extensions import db, writing
from portal.journal.models import JournalDetails
from tests.conftest import NOW, OTHER_TRAINER, PASSWORD, TRAINER, close
from tests.pages import BASE_URL
from tests.security.world import Bare, World

LOOPBACK = "http://127.0.0.1:26001"
NOBODY = "personne@rivage-formation.example"


def bare(answer: TestResponse) -> str:
    """A page without what changes at each display."""
    return re.sub(r'(csrf_token|key|edit_id)" value="[^"]*"', "", answer.text)


@contextmanager
def running(config: Config) -> Iterator[Flask]:
    app = create_app(config)
    yield app
    close(app)


# --- What a stranger learns


def test_the_login_says_the_same_of_every_address(world: World) -> None:
    with world.app.app_context(), writing():
        disabled = db.session.scalars(db.select(User).filter_by(email=OTHER_TRAINER)).one()
        disabled.is_enabled = False
    pages = set()
    for email in (TRAINER, TRAINER.upper(), NOBODY, OTHER_TRAINER, "helene@quetzal.example"):
        visitor = world.visitor("nobody")
        password = PASSWORD if email == OTHER_TRAINER else "un autre mot de passe"
        answer = visitor.send("/connexion", {"email": email, "password": password})
        cookies = tuple(c.partition("=")[0] for c in answer.headers.getlist("Set-Cookie"))
        shown = re.sub(r'(<input[^>]*) value="[^"]*"', r"\1", answer.text)
        pages.add((answer.status_code, shown, cookies))
    assert len(pages) == 1
    assert pages.pop()[0] == 422


def test_waiting_is_asked_of_unknown_addresses_too(world: World) -> None:
    found = []
    for email in (TRAINER, NOBODY):
        world.restore()
        visitor = world.visitor("nobody")
        answers = [visitor.send("/connexion", {"email": email, "password": "x"}) for _ in range(7)]
        found.append([(a.status_code, a.headers.get("Retry-After")) for a in answers])
    assert found[0] == found[1]
    assert found[0][-1][0] == 429


def test_a_stranger_s_dossier_and_no_dossier_are_one_page(world: World) -> None:
    strange, none = world.theirs.sent, "S-2026-9999"
    for rest in ("", "depot", "documents.zip", "etapes/programme", "lien/qr.svg"):
        answers = [
            world.visitor("owner").get(f"/formateur/sessions/{ref}/{rest}")
            for ref in (strange.ref, none)
        ]
        assert answers[0].status_code == answers[1].status_code == 404
        assert bare(answers[0]) == bare(answers[1])


def test_a_dead_link_tells_no_address(world: World) -> None:
    for state in ("expired", "revoked"):
        path = f"/l/{world.mine.draft.tokens[state]}"
        visitor = world.visitor("nobody")
        told = [visitor.get(path), visitor.send(f"{path}/nouveau-lien"), visitor.get(path)]
        told.append(visitor.get(f"{path}?suite=envoye"))
        for answer in told:
            assert world.mine.word not in answer.text.replace(path, "")


def test_misses_are_counted_by_address_not_by_what_it_claims(world: World) -> None:
    """X-Forwarded-For is nobody's word when no proxy is declared."""
    visitor = world.visitor("nobody")
    statuses = [
        visitor.get(
            f"/l/inconnu-{n}",
            headers={"X-Forwarded-For": f"198.51.100.{n}", "X-Real-IP": f"198.51.100.{n}",
                     "Forwarded": f"for=198.51.100.{n}"},
        ).status_code
        for n in range(31)
    ]  # fmt: skip
    assert statuses == [404] * 30 + [429]
    elsewhere = visitor.get("/l/inconnu", environ_overrides={"REMOTE_ADDR": "203.0.113.9"})
    assert elsewhere.status_code == 404


@pytest.mark.parametrize(
    ("proxies", "expected"), [(0, "127.0.0.1"), (1, "198.51.100.7"), (2, "203.0.113.5")]
)
def test_the_journal_keeps_the_address_the_declared_proxies_give(
    config: Config, proxies: int, expected: str
) -> None:
    forwarded = {"X-Forwarded-For": "192.0.2.1, 203.0.113.5, 198.51.100.7"}
    with running(replace(config, proxies=proxies)) as app:
        visitor = Bare(app, app.response_class)
        visitor.send("/connexion", {"email": TRAINER, "password": PASSWORD}, headers=forwarded)
        visitor.known_token = None
        made = visitor.send("/formateur/sessions/nouvelle", {"way": "self"}, headers=forwarded)
        assert made.status_code == 303
        with app.app_context():
            details = db.session.scalars(db.select(JournalDetails)).one().details
    assert details["ip"] == expected


# --- Cookies without TLS


def test_on_ones_own_machine_cookies_are_kept_as_well_as_they_can(config: Config) -> None:
    demonstration = replace(config, base_url=LOOPBACK, demo=True)
    with running(demonstration) as app:
        client = app.test_client()
        page = client.get("/connexion", base_url=LOOPBACK)
        token = re.findall(r'csrf_token" value="([^"]*)"', page.text)[0]
        signed_in = client.post(
            "/connexion",
            data={"email": TRAINER, "password": PASSWORD, "csrf_token": token},
            base_url=LOOPBACK,
            headers={"Origin": LOOPBACK},
        )
        assert signed_in.status_code == 303
        cookies = page.headers.getlist("Set-Cookie") + signed_in.headers.getlist("Set-Cookie")
    assert {cookie.partition("=")[0] for cookie in cookies} == {"portail", "appareil"}
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie
        assert "Secure" not in cookie  # a browser would drop it without TLS
    assert "Strict-Transport-Security" not in page.headers


# --- When a part fails


@pytest.fixture
def without_tries(config: Config) -> Iterator[Flask]:
    """Served for real (failures become pages), and the table of tries is gone."""
    with running(replace(config, testing=False)) as app:
        with app.app_context():
            Attempt.__table__.drop(db.engine)  # type: ignore[attr-defined]
        yield app


def test_without_its_counter_the_login_stays_closed_and_pages_open(
    without_tries: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    visitor = Bare(without_tries, without_tries.response_class)
    answer = visitor.send("/connexion", {"email": TRAINER, "password": PASSWORD})
    assert answer.status_code >= 500
    assert visitor.get("/formateur/").status_code == 303
    assert not [c for c in answer.headers.getlist("Set-Cookie") if "appareil" in c]
    assert visitor.get("/l/inconnu").status_code >= 500
    for path in ("/", "/connexion", "/aide/session-opco"):
        assert visitor.get(path).status_code == 200
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize(
    "path", ["/%0AERROR%20faux%20journal", "/%1b[31mrouge", "/%E2%80%AE", "/%0D"]
)
def test_an_address_writes_one_plain_line_in_the_log(
    config: Config, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    with running(replace(config, testing=False)) as app:

        def fail(anything: str) -> None:
            raise RuntimeError("panne")

        app.add_url_rule("/panne/<path:anything>", view_func=fail)
        with caplog.at_level(logging.INFO):
            answer = app.test_client().get(f"/panne{path}", base_url=BASE_URL)
        assert answer.status_code == 500
    (message,) = [r.getMessage() for r in caplog.records if r.name.endswith("errors")]
    assert message.isprintable()


def test_a_login_wait_cannot_be_jumped_by_the_clock_of_the_browser(world: World) -> None:
    visitor = world.visitor("nobody")
    for _ in range(7):
        answer = visitor.send("/connexion", {"email": TRAINER, "password": "x"},
                              headers={"Date": "Thu, 01 Jan 2099 00:00:00 GMT"})  # fmt: skip
    assert answer.status_code == 429
    with time_machine.travel(NOW + timedelta(seconds=2), tick=False):
        assert visitor.send("/connexion", {"email": TRAINER, "password": "x"}).status_code == 422
