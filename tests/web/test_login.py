"""Signing in and out: what is accepted, what it opens, when it ends."""

import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from argon2 import extract_parameters
from flask import Flask

from portal.access import tries
from portal.access.rules import Role
from portal.accounts import service as accounts
from portal.accounts.models import LoginSession, User
from portal.app import create_app
from portal.config import Config
from portal.extensions import db, writing
from tests.conftest import NOW, OFFICE, PASSWORD, TRAINER, close, sign_in
from tests.pages import Visitor, soup_of, text_of

WRONG = "L’e-mail ou le mot de passe ne correspond à aucun compte"


def test_signing_in_leads_to_the_page_that_was_asked_for(anonymous: Visitor) -> None:
    refused = anonymous.get("/formateur/courriels/?page=2")
    assert refused.status_code == 303
    login = refused.headers["Location"]
    answer = anonymous.submit(login, {"email": TRAINER, "password": PASSWORD})
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/formateur/courriels/?page=2"


@pytest.mark.parametrize(
    "suite",
    ["//evil.example/", "https://evil.example/", "/\\evil.example", "/nope", "javascript:alert(1)"],
)
def test_never_leads_outside_the_portal(anonymous: Visitor, suite: str) -> None:
    answer = anonymous.post(
        "/connexion",
        query_string={"suite": suite},
        data={"email": TRAINER, "password": PASSWORD, "csrf_token": token(anonymous)},
    )
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/formateur/"


def test_signing_in_from_the_home_page_leads_to_one_s_own(anonymous: Visitor) -> None:
    answer = anonymous.submit("/connexion?suite=/", {"email": TRAINER, "password": PASSWORD})
    assert answer.headers["Location"] == "/formateur/"


def token(visitor: Visitor) -> str:
    field = soup_of(visitor.get("/connexion").text).select_one("[name=csrf_token]")
    assert field is not None
    return str(field["value"])


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(anonymous: Visitor) -> None:
    texts = []
    for email in (TRAINER, "personne@rivage-formation.example"):
        answer = anonymous.submit("/connexion", {"email": email, "password": "autre mot de passe"})
        assert answer.status_code == 422
        texts.append(text_of(answer))
        assert anonymous.get("/formateur/").status_code == 303
    assert texts[0] == texts[1]
    assert WRONG in texts[0]


def test_empty_answers_are_said_field_by_field(anonymous: Visitor) -> None:
    answer = anonymous.submit("/connexion", {"email": "claire@", "password": ""})
    text = text_of(answer)
    assert answer.status_code == 422
    assert text.count("Il manque le nom de domaine après @") == 2  # in the summary, by the field
    assert "Indiquez votre mot de passe" in text
    email = soup_of(answer.text).select_one("#email")
    assert email is not None
    assert email["value"] == "claire@"
    assert email["aria-invalid"] == "true"


def test_the_password_is_never_shown_again(anonymous: Visitor) -> None:
    answer = anonymous.submit("/connexion", {"email": TRAINER, "password": "ne pas montrer"})
    assert "ne pas montrer" not in answer.text


def test_logout_kills_the_login_wherever_its_cookie_was_copied(app: Flask) -> None:
    owner, thief = sign_in(app, TRAINER), Visitor(app, app.response_class)
    stolen = owner.get_cookie("__Host-portail", domain="portail.rivage-formation.example")
    assert stolen is not None
    thief.set_cookie(
        "__Host-portail", stolen.value, domain="portail.rivage-formation.example", secure=True
    )
    assert thief.get("/formateur/").status_code == 200
    page = owner.get("/formateur/")
    left = owner.submit(page, form=".top__end form")
    assert left.status_code == 303
    assert left.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert owner.get_cookie("__Host-portail", domain=stolen.domain) is None
    assert thief.get("/formateur/").status_code == 303
    assert owner.get("/formateur/").status_code == 303


def test_leaving_when_the_login_has_ended_already_leads_out(
    app: Flask, frozen: time_machine.Traveller
) -> None:
    trainer = sign_in(app, TRAINER)
    page = trainer.get("/formateur/")
    frozen.shift(timedelta(hours=2))
    left = trainer.submit(page, form=".top__end form")
    assert (left.status_code, left.headers["Location"]) == (303, "/")
    assert trainer.get("/formateur/").status_code == 303


def test_leaving_ends_one_login_and_no_other(app: Flask, office: Visitor) -> None:
    here, elsewhere = sign_in(app, TRAINER), sign_in(app, TRAINER)
    here.submit(here.get("/formateur/"), form=".top__end form")
    assert here.get("/formateur/").status_code == 303
    assert elsewhere.get("/formateur/").status_code == 200
    assert office.get("/organisme/").status_code == 200


def test_the_cookie_is_tied_to_the_host_over_tls(anonymous: Visitor) -> None:
    answer = anonymous.submit("/connexion", {"email": TRAINER, "password": PASSWORD})
    cookies = answer.headers.getlist("Set-Cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        for flag in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"):
            assert flag in cookie
        assert "Domain" not in cookie


def test_a_disabled_account_is_out_at_once(app: Flask, trainer: Visitor) -> None:
    assert trainer.get("/formateur/").status_code == 200
    with app.app_context(), writing():
        person = db.session.scalars(db.select(User).filter_by(email=TRAINER)).one()
        person.is_enabled = False
    assert trainer.get("/formateur/").status_code == 303
    answer = Visitor(app, app.response_class).submit(
        "/connexion", {"email": TRAINER, "password": PASSWORD}
    )
    assert WRONG in text_of(answer)


@pytest.mark.parametrize(
    ("email", "home", "idle"),
    [
        (TRAINER, "/formateur/", timedelta(hours=2)),
        (OFFICE, "/organisme/", timedelta(minutes=30)),
    ],
)
def test_a_login_ends_when_nothing_happens(
    app: Flask, email: str, home: str, idle: timedelta, frozen: time_machine.Traveller
) -> None:
    visitor = sign_in(app, email)
    frozen.shift(idle - timedelta(seconds=1))
    assert visitor.get(home).status_code == 200
    frozen.shift(idle - timedelta(seconds=1))
    assert visitor.get(home).status_code == 200  # the visit before prolonged it
    frozen.shift(idle)
    assert visitor.get(home).status_code == 303


@pytest.mark.parametrize(
    ("email", "home", "longest"),
    [
        (TRAINER, "/formateur/", timedelta(days=7)),
        (OFFICE, "/organisme/", timedelta(hours=12)),
    ],
)
def test_a_login_ends_even_when_it_is_used(
    app: Flask, email: str, home: str, longest: timedelta, frozen: time_machine.Traveller
) -> None:
    visitor = sign_in(app, email)
    with app.app_context(), writing():
        login = db.session.scalars(db.select(LoginSession)).one()
        login.created_at = NOW - longest + timedelta(seconds=2)
    frozen.shift(timedelta(seconds=1))
    assert visitor.get(home).status_code == 200
    frozen.shift(timedelta(seconds=1))
    assert visitor.get(home).status_code == 303


def test_last_seen_is_written_once_a_minute_at_most(
    app: Flask, frozen: time_machine.Traveller
) -> None:
    trainer = sign_in(app, TRAINER)

    def seen() -> object:
        with app.app_context():
            return db.session.scalars(db.select(LoginSession.seen_at)).one()

    frozen.shift(timedelta(minutes=5))
    trainer.get("/formateur/")
    first = seen()
    frozen.shift(timedelta(seconds=59))
    trainer.get("/formateur/")
    assert seen() == first
    frozen.shift(timedelta(seconds=1))
    trainer.get("/formateur/")
    assert seen() != first


def test_each_role_has_its_own_doors(trainer: Visitor, office: Visitor) -> None:
    assert trainer.get("/organisme/").status_code == 403
    assert office.get("/formateur/").status_code == 403


def test_htmx_is_sent_to_the_login_page_not_given_it(anonymous: Visitor) -> None:
    answer = anonymous.hx(
        "/formateur/", headers={"HX-Current-URL": "https://evil.example/formateur/"}
    )
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/connexion?suite=/formateur/"
    assert not answer.data


def test_tries_are_spaced_then_stopped_and_the_owner_is_not_locked_out(
    app: Flask, frozen: time_machine.Traveller
) -> None:
    owner = sign_in(app, TRAINER)
    owner.submit(owner.get("/formateur/"), form=".top__end form")
    attacker = Visitor(app, app.response_class)
    page = attacker.get("/connexion")
    tried = 0
    for _ in range(40):
        answer = attacker.submit(page, {"email": TRAINER, "password": "essai au hasard"})
        if answer.status_code == 429:
            assert int(answer.headers["Retry-After"]) > 0
            assert "Trop d’essais" in text_of(answer)
        else:
            tried += 1
        frozen.shift(61)
    assert tried == 20
    stranger = Visitor(app, app.response_class)
    answer = stranger.submit("/connexion", {"email": TRAINER, "password": PASSWORD})
    assert answer.status_code == 429
    back = owner.submit("/connexion", {"email": TRAINER, "password": PASSWORD})
    assert back.status_code == 303  # the device that signed in before has its own count


def test_tries_of_one_person_wait_longer_and_longer(
    app: Flask, anonymous: Visitor, frozen: time_machine.Traveller
) -> None:
    page = anonymous.get("/connexion")
    statuses = [
        anonymous.submit(page, {"email": TRAINER, "password": "essai"}).status_code
        for _ in range(7)
    ]
    assert statuses == [422] * 6 + [429]
    frozen.shift(1.5)
    assert anonymous.submit(page, {"email": TRAINER, "password": "essai"}).status_code == 422


def test_one_address_cannot_try_every_account(
    app: Flask, anonymous: Visitor, frozen: time_machine.Traveller
) -> None:
    with app.app_context():
        for n in range(59):
            email = f"personne{n}@rivage-formation.example"
            assert tries.login_wait(email, "127.0.0.1", None, NOW) == 0
    page = anonymous.get("/connexion")
    statuses = [
        anonymous.submit(page, {"email": email, "password": "essai"}).status_code
        for email in ("a@rivage-formation.example", "b@rivage-formation.example")
    ]
    assert statuses == [422, 429]


def test_hashing_takes_the_same_parameters_for_a_person_and_for_nobody() -> None:
    kept = extract_parameters(accounts.hash_password("sept chaises bleues"))
    nobody = extract_parameters(accounts.NOBODY)
    assert (kept.type, kept.time_cost, kept.memory_cost, kept.parallelism) == (
        nobody.type,
        nobody.time_cost,
        nobody.memory_cost,
        nobody.parallelism,
    )
    assert (kept.memory_cost, kept.time_cost) == (19_456, 2)


@pytest.mark.usefixtures("context")
def test_an_unknown_address_takes_as_long_as_a_known_one() -> None:
    """In time of the processor, by turns: what else the machine does is left out."""

    def span(email: str) -> float:
        start = time.thread_time()
        assert accounts.authenticate(email, "essai au hasard") is None
        return time.thread_time() - start

    stranger = "personne@rivage-formation.example"
    spans = [(span(TRAINER), span(stranger)) for _ in range(9)]
    known, unknown = map(min, zip(*spans, strict=True))
    assert 0.5 < known / unknown < 2


@pytest.mark.parametrize(
    "password",
    [
        "deux navets",
        ("vert et bleu " * 10)[:129],
        "Formation2026",
        "motdepasse2026",
        "clairemontagnier",
        "aaaaaaaaaaaaaa",
    ],
)
def test_easy_passwords_are_refused(password: str) -> None:
    with pytest.raises(accounts.WeakPassword):
        accounts.check_password(password, TRAINER, "Claire", "Montagnier")


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "trois poissons au grenier",
        "kq7-ZV2p-mmT9",
        "trois navets",
        ("vert et bleu " * 10)[:128],
        "lame rame arme",  # few letters, but no word that is known
        "4917 3058 2617",
    ],
)
def test_other_passwords_are_accepted(password: str) -> None:
    accounts.check_password(password, TRAINER, "Claire", "Montagnier")


def test_demonstration_accounts_are_offered_in_demonstration_only(config: Config) -> None:
    for demo in (False, True):
        app = create_app(replace(config, demo=demo, base_url="http://127.0.0.1:8000"))
        with app.app_context():
            if not demo:
                accounts.create_user(
                    email="demo@rivage-formation.example",
                    first_name="Zoé",
                    last_name="Essai",
                    role=Role.TRAINER,
                    password=accounts.DEMONSTRATION_PASSWORD,
                    is_demonstration=True,
                )
        page = app.test_client().get("/connexion", base_url="http://127.0.0.1:8000")
        close(app)
        assert ("Zoé Essai" in page.text) is demo
        assert (accounts.DEMONSTRATION_PASSWORD in page.text) is demo


def test_a_real_installation_never_serves_demonstration_accounts(
    app: Flask, config: Config, tmp_path: Path
) -> None:
    def started() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "import wsgi; print(wsgi.app.name)"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            cwd=Path(accounts.__file__).parents[2],
        )

    key = tmp_path / "key"
    key.write_text("kTq3vW9xLz7bN1mR5sD8fG2hJ6pY4cQ0aE-uI_oX")
    environment = {
        "PORTAL_BASE_URL": config.base_url,
        "PORTAL_DATA": str(config.data),
        "DATABASE_URL": config.database_url,
        "PORTAL_SECRET_KEY_FILE": str(key),
        "PORTAL_LINK_KEY_FILE": str(key),
        "PORTAL_SMTP_URL": "smtps://127.0.0.1:9",
    }
    assert started().stdout.strip() == "portal.app"
    with app.app_context():
        accounts.create_user(
            email="demo@rivage-formation.example",
            first_name="Zoé",
            last_name="Essai",
            role=Role.TRAINER,
            password=accounts.DEMONSTRATION_PASSWORD,
            is_demonstration=True,
        )
    refused = started()
    assert refused.returncode == 1
    assert "comptes de démonstration" in refused.stderr
    assert "Traceback" not in refused.stderr
