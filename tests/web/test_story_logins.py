"""Logins and tries: what is listed, what is counted, what a browser keeps; profiles of people."""

from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from argon2 import PasswordHasher, extract_parameters
from flask import Flask

from portal.access import tries
from portal.access.models import Attempt
from portal.access.rules import Role
from portal.accounts import people
from portal.accounts import service as accounts
from portal.accounts.models import LoginSession
from portal.app import create_app
from portal.config import Config
from portal.extensions import db, writing
from portal.journal.models import JournalEntry
from tests.conftest import NOW, OFFICE, OTHER_TRAINER, PASSWORD, TRAINER, close, sign_in, user
from tests.pages import Visitor, text_of
from tests.screens import assert_refused, follow
from tests.web.test_story_account_links import page_of
from tests.web.test_story_people import CHOSEN, may_sign_in

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:144.0) Gecko/20100101 Firefox/144.0"
TOO_MANY = "Trop d’essais"


def logins(app: Flask) -> list[LoginSession]:
    with app.app_context():
        return list(db.session.scalars(db.select(LoginSession).order_by(LoginSession.id)))


def try_password(visitor: Visitor, email: str, password: str, **headers: str) -> int:
    typed = {"email": email, "password": password}
    return visitor.submit("/connexion", typed, **headers).status_code


# --- Open logins


def test_only_one_s_own_open_logins_are_listed(
    app: Flask, frozen: time_machine.Traveller, office: Visitor
) -> None:
    sign_in(app, OTHER_TRAINER)
    sign_in(app, TRAINER)  # forgotten somewhere: idle for two hours when the page is opened
    frozen.shift(timedelta(hours=2))
    here = sign_in(app, TRAINER)
    assert text_of(here.get("/compte/")).count("Navigateur inconnu") == 1
    page = text_of(sign_in(app, OFFICE).get(page_of(app, TRAINER)))
    assert page.count("Navigateur inconnu") == 1
    assert "Celle-ci" not in page


def test_a_login_that_lasted_its_time_is_not_listed(
    app: Flask, frozen: time_machine.Traveller
) -> None:
    sign_in(app, TRAINER)
    with app.app_context(), writing():
        login = db.session.scalars(db.select(LoginSession)).one()
        login.created_at = NOW - timedelta(days=7)
    here = sign_in(app, TRAINER)
    assert text_of(here.get("/compte/")).count("Navigateur inconnu") == 1


def test_a_login_says_from_which_browser_and_keeps_little_of_its_words(app: Flask) -> None:
    visitor = Visitor(app, app.response_class)
    agent = {"User-Agent": FIREFOX + " x" * 200}
    page = visitor.get("/connexion", headers=agent)
    visitor.submit(page, {"email": TRAINER, "password": PASSWORD}, headers=agent)
    assert len(logins(app)[0].user_agent or "") == 200
    said = text_of(visitor.get("/compte/"))
    assert "Firefox, Windows" in said
    assert "127.0.0.1" in said


def test_a_browser_holds_one_login_at_a_time(app: Flask, trainer: Visitor) -> None:
    page = Visitor(app, app.response_class).get("/connexion")
    assert page.status_code == 200
    assert trainer.get("/connexion").headers["Location"] == "/formateur/"
    token = trainer.get("/compte/").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    data = {"email": OTHER_TRAINER, "password": PASSWORD, "csrf_token": token}
    assert trainer.post("/connexion", data=data).status_code == 303
    with app.app_context():
        assert [login.user_id for login in logins(app)] == [user(OTHER_TRAINER).id]


def test_nothing_of_the_anonymous_session_is_kept_after_the_login(
    app: Flask, anonymous: Visitor
) -> None:
    """Somebody who put a session in this browser before knows nothing of the one that follows."""
    page = anonymous.get("/connexion")
    before = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    assert anonymous.submit(page, {"email": TRAINER, "password": PASSWORD}).status_code == 303
    anonymous.post("/deconnexion", data={"csrf_token": before})
    assert anonymous.get("/formateur/").status_code == 200
    page = anonymous.get("/formateur/")
    assert anonymous.submit(page, form=".top__end form").status_code == 303
    assert anonymous.get("/formateur/").status_code == 303


def test_logins_of_long_ago_are_swept_away_by_the_next(
    app: Flask, frozen: time_machine.Traveller
) -> None:
    sign_in(app, TRAINER)
    frozen.shift(timedelta(days=7))
    sign_in(app, OTHER_TRAINER)
    assert len(logins(app)) == 2
    frozen.shift(1)
    sign_in(app, OTHER_TRAINER)
    assert len(logins(app)) == 2


# --- Passwords


def test_a_password_kept_the_former_way_is_kept_anew_at_the_next_login(app: Flask) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1)
    with app.app_context(), writing():
        user(TRAINER).password_hash = weak.hash(PASSWORD)
        others = user(OTHER_TRAINER).password_hash
    assert may_sign_in(app, TRAINER, PASSWORD)
    with app.app_context():
        assert extract_parameters(user(TRAINER).password_hash).memory_cost == 19_456
        assert user(OTHER_TRAINER).password_hash == others
    assert may_sign_in(app, TRAINER, PASSWORD)


def test_an_easy_password_is_refused_at_one_s_account(trainer: Visitor) -> None:
    typed = {"current_password": PASSWORD, "new_password": "montagnier2026"}
    answer = trainer.submit("/compte/mot-de-passe", typed)
    sentence = "Ce mot de passe se devine : choisissez plusieurs mots sans lien entre eux"
    assert_refused(answer, "new_password", sentence)
    typed["new_password"] = CHOSEN
    assert trainer.submit("/compte/mot-de-passe", typed).status_code == 303


def test_the_right_password_forgives_the_wrong_ones(trainer: Visitor) -> None:
    wrong = {"current_password": "un autre mot de passe", "email": TRAINER}
    for _ in range(9):
        trainer.submit("/compte/adresse", wrong)
    trainer.submit("/compte/adresse", {**wrong, "current_password": PASSWORD})
    for _ in range(10):
        assert TOO_MANY not in text_of(trainer.submit("/compte/adresse", wrong))
    assert TOO_MANY in text_of(trainer.submit("/compte/adresse", wrong))


# --- Tries


def test_a_login_forgives_the_tries_before_it(
    app: Flask, anonymous: Visitor, frozen: time_machine.Traveller
) -> None:
    for _ in range(5):
        assert try_password(anonymous, TRAINER, "essai") == 422
    assert try_password(anonymous, TRAINER, PASSWORD) == 303
    stranger = Visitor(app, app.response_class)
    for _ in range(6):
        assert try_password(stranger, TRAINER, "essai") == 422
    assert try_password(stranger, TRAINER, "essai") == 429


def test_one_login_forgives_nothing_of_another_account(
    app: Flask, anonymous: Visitor, frozen: time_machine.Traveller
) -> None:
    for _ in range(6):
        assert try_password(anonymous, OTHER_TRAINER, "essai") == 422
    sign_in(app, TRAINER)
    assert try_password(anonymous, OTHER_TRAINER, "essai") == 429


def test_tries_of_the_hour_before_are_forgotten(
    app: Flask, anonymous: Visitor, frozen: time_machine.Traveller
) -> None:
    for _ in range(6):
        try_password(anonymous, TRAINER, "essai")
    assert try_password(anonymous, TRAINER, "essai") == 429
    frozen.shift(timedelta(hours=1))
    for _ in range(6):
        assert try_password(anonymous, TRAINER, "essai") == 422


def test_the_wait_is_said_and_grows_to_a_minute(
    app: Flask, anonymous: Visitor, frozen: time_machine.Traveller
) -> None:
    waits = []
    with app.app_context():
        for _ in range(14):
            wait = tries.login_wait(TRAINER, "192.0.2.7", None, NOW + timedelta(seconds=sum(waits)))
            if wait:
                waits.append(wait)
    assert waits == [1, 2, 4, 8]
    with app.app_context(), writing():
        at = NOW - timedelta(seconds=30)
        db.session.add_all(
            Attempt(key=tries._hidden(f"login-pair:{TRAINER}|127.0.0.1"), at=at) for _ in range(15)
        )
    page = anonymous.get("/connexion")
    answer = anonymous.submit(page, {"email": TRAINER, "password": PASSWORD})
    assert answer.headers["Retry-After"] == "30"  # a minute at most
    assert "Trop d’essais : patientez 30 secondes, puis réessayez" in text_of(answer)


@pytest.mark.parametrize(
    ("left", "said"), [(90, "90 secondes"), (91, "2 minutes"), (3_600, "60 minutes")]
)
def test_a_long_wait_is_said_in_minutes(
    app: Flask, anonymous: Visitor, frozen: time_machine.Traveller, left: int, said: str
) -> None:
    with app.app_context():
        for n in range(20):
            tries.login_wait(TRAINER, f"192.0.2.{n}", None, NOW)
    frozen.shift(3_600 - left)
    answer = anonymous.submit("/connexion", {"email": TRAINER, "password": PASSWORD})
    assert answer.status_code == 429
    assert f"Trop d’essais : patientez {said}, puis réessayez" in text_of(answer)


def test_a_browser_known_to_one_account_is_a_stranger_to_the_others(
    app: Flask, frozen: time_machine.Traveller
) -> None:
    trainer = sign_in(app, TRAINER)
    trainer.submit(trainer.get("/formateur/"), form=".top__end form")
    with app.app_context():
        for n in range(20):
            assert tries.login_wait(OTHER_TRAINER, f"192.0.2.{n}", None, NOW) == 0
    assert try_password(trainer, OTHER_TRAINER, PASSWORD) == 429


def test_a_known_browser_has_its_own_count_which_ends_too(
    app: Flask, frozen: time_machine.Traveller
) -> None:
    with app.app_context():
        waits = [tries.login_wait(TRAINER, f"192.0.2.{n}", "mark", NOW) for n in range(21)]
        assert waits == [0] * 20 + [3_600]
        tries.login_succeeded(TRAINER, "192.0.2.1", "mark")
        assert tries.login_wait(TRAINER, "192.0.2.30", "mark", NOW) == 0


def test_one_address_cannot_ask_for_everybody_s_password(
    app: Flask, anonymous: Visitor, frozen: time_machine.Traveller
) -> None:
    with app.app_context():
        for _ in range(20):
            tries.allow("forgot-ip:127.0.0.1", 20, 3_600, NOW)
    answer = anonymous.submit("/mot-de-passe-oublie", {"email": TRAINER})
    assert answer.status_code == 429
    frozen.shift(timedelta(hours=1))
    assert anonymous.submit("/mot-de-passe-oublie", {"email": TRAINER}).status_code == 303


@pytest.mark.usefixtures("frozen", "context")
def test_tries_are_counted_by_key_and_kept_a_day(app: Flask) -> None:
    assert tries.allow("one", 1, 3_600, NOW)
    assert not tries.allow("one", 1, 3_600, NOW)
    assert tries.allow("another", 1, 3_600, NOW)
    assert tries.times("one", 3_600, NOW) == [NOW]
    later = NOW + timedelta(days=1, seconds=1)
    assert tries.times("one", 3_600, later) == []
    assert tries.allow("third", 1, 3_600, later)
    kept = db.session.scalars(db.select(Attempt.key)).all()
    assert len(kept) == 1
    assert "third" not in kept[0]  # who was tried is told to nobody


@pytest.mark.parametrize(
    ("ip", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("", ""),  # a server behind a socket gives none
        ("inconnue", "inconnue"),
    ],
)
def test_addresses_are_counted_by_network(ip: str, counted: str) -> None:
    assert tries.network(ip) == counted


def test_somebody_whose_address_is_unknown_signs_in_too(app: Flask, anonymous: Visitor) -> None:
    page = anonymous.get("/connexion", environ_overrides={"REMOTE_ADDR": ""})
    typed = {"email": TRAINER, "password": PASSWORD}
    answer = anonymous.submit(page, typed, environ_overrides={"REMOTE_ADDR": ""})
    assert answer.status_code == 303


# --- Profiles and colleagues


def test_the_office_completes_somebody_s_profile(app: Flask, office: Visitor) -> None:
    page = page_of(app, TRAINER)
    answer = office.submit(page, {"titles": "Architecte DPLG"}, form="#profil")
    shown = follow(office, answer)
    assert "Profil enregistré." in text_of(shown)
    with app.app_context():
        assert user(TRAINER).titles == "Architecte DPLG"
        assert user(OTHER_TRAINER).titles == ""
    answer = office.submit(page, {"first_name": ""}, form="#profil")
    assert_refused(answer, "first_name", "Indiquez le prénom")


def test_a_profile_saved_as_it_stands_leaves_no_trace(app: Flask, trainer: Visitor) -> None:
    trainer.submit("/compte/", form="#profil")
    with app.app_context():
        assert db.session.scalar(db.select(JournalEntry.event)) is None
    trainer.submit("/compte/", {"titles": "Architecte"}, form="#profil")
    with app.app_context():
        assert db.session.scalar(db.select(JournalEntry.event)) == "save_profile"


def test_a_disabled_colleague_is_nobody_to_rely_on(app: Flask, office: Visitor) -> None:
    with app.app_context(), writing():
        malik = user(OTHER_TRAINER)
        malik.role, malik.is_enabled = Role.OFFICE.value, False
    answer = office.submit(page_of(app, OFFICE), form="main form[action$='/desactiver']")
    assert "dernier compte actif" in text_of(follow(office, answer))
    with app.app_context():
        assert people.is_last_office(user(OFFICE))
    with app.app_context(), writing():
        user(OFFICE).is_enabled = False  # out already, they are the last of nothing
    with app.app_context():
        for email in (OFFICE, OTHER_TRAINER, TRAINER):
            assert not people.is_last_office(user(email))


def test_the_demonstration_offers_the_accounts_that_may_come_in(config: Config) -> None:
    """And those alone whose password is everybody's."""
    app = create_app(replace(config, demo=True, base_url="http://127.0.0.1:8000"))
    with app.app_context(), writing():
        for email in (OFFICE, OTHER_TRAINER):
            user(email).is_demonstration = True
        user(OTHER_TRAINER).is_enabled = False
    page = app.test_client().get("/connexion", base_url="http://127.0.0.1:8000")
    close(app)
    assert "Nadia Belkacem" in page.text
    assert "Malik Aubertin" not in page.text
    assert "Claire Montagnier" not in page.text


def test_nobody_is_looked_for_beyond_what_rows_can_be(office: Visitor) -> None:
    for number in ("999", "2147483648", "99999999999999999999"):
        assert office.get(f"/organisme/personnes/{number}").status_code == 404
    page = office.get("/organisme/personnes/inviter")
    token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    for act in ("inviter", "desactiver", "reactiver", "acces/organisme", "connexions/fermer"):
        pressed = office.post(f"/organisme/personnes/999/{act}", data={"csrf_token": token})
        assert pressed.status_code == 404, act


def test_an_account_made_by_hand_is_given_no_easy_password(app: Flask) -> None:
    described = {"first_name": "Zoé", "last_name": "Lambert", "role": Role.TRAINER}
    with app.app_context(), pytest.raises(accounts.WeakPassword):
        accounts.create_user(email="zoe@b.example", password="zoelambert2026", **described)
