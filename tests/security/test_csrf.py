"""What changes something must come from a page of the portal, with its token."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import ChoiceLoader, DictLoader
from werkzeug.routing import IntegerConverter, Rule
from wtforms import StringField

from portal import web
from portal.access.models import HeldForm
from portal.access.rules import Role
from portal.accounts import service as accounts
from portal.extensions import csrf, db
from portal.fields import Required
from tests.conftest import TRAINER, sign_in
from tests.pages import BASE_URL, Visitor, soup_of, text_of
from tests.schemas import Rows, rows_in

HOST = BASE_URL.removeprefix("https://")
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
FOREIGN: list[dict[str, str]] = [
    {},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": f"{BASE_URL}.evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": BASE_URL},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
    {"Referer": "https://evil.example/"},
    {"Referer": f"{BASE_URL}.evil.example/"},
]


def unsafe_rules(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Every route that changes something, with an address it answers to."""
    for rule in app.url_map.iter_rules():
        if rule.methods & UNSAFE:
            values = {
                name: 1 if isinstance(converter, IntegerConverter) else "x"
                for name, converter in rule._converters.items()
            }
            built = rule.build(values)
            assert built is not None
            yield rule, built[1]


def digest_of(app: Flask) -> Rows:
    """Everything the database holds, but the forms held for their authors."""
    found = rows_in(app.config["PORTAL"].data)
    return {name: rows for name, rows in found.items() if name not in ("held_form", "attempt")}


def test_no_route_is_exempt(app: Flask) -> None:
    assert {view for view in csrf._exempt_views if view.startswith("portal.")} == set()
    assert csrf._exempt_blueprints == set()
    assert app.config["WTF_CSRF_CHECK_DEFAULT"] is True
    assert len(list(unsafe_rules(app))) > 10


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_foreign_requests_are_refused_on_every_route(app: Flask, headers: dict[str, str]) -> None:
    signed_in = sign_in(app, TRAINER)
    token = str(soup_of(signed_in.get("/formateur/").text).select("[name=csrf_token]")[0]["value"])
    with app.app_context():
        before = digest_of(app)
    bare = FlaskClient(app, app.response_class)  # adds no header of its own
    cookie = signed_in.get_cookie("__Host-portail", domain=HOST)
    assert cookie is not None
    bare.set_cookie("__Host-portail", cookie.value, domain=HOST, secure=True)
    for rule, path in unsafe_rules(app):
        method = sorted(rule.methods & UNSAFE)[0]
        answer = bare.open(
            path, method=method, headers=headers, data={"csrf_token": token}, base_url=BASE_URL
        )
        assert answer.status_code == 403, (path, headers)
    with app.app_context():
        assert digest_of(app) == before


@pytest.mark.parametrize("token", [None, "", "wrong", "other"])
def test_without_the_token_of_the_session_nothing_changes(app: Flask, token: str | None) -> None:
    signed_in = sign_in(app, TRAINER)
    if token == "other":
        stranger = Visitor(app, app.response_class)
        page = soup_of(stranger.get("/connexion").text)
        token = str(page.select("[name=csrf_token]")[0]["value"])
    with app.app_context():
        before = digest_of(app)
    for rule, path in unsafe_rules(app):
        method = sorted(rule.methods & UNSAFE)[0]
        data = {} if token is None else {"csrf_token": token}
        answer = signed_in.open(path, method=method, data=data)
        assert answer.status_code == 303, path
    with app.app_context():
        assert digest_of(app) == before


class NoteForm(web.PortalForm):
    note = StringField("Note", [Required("Écrivez une note")])


@pytest.fixture
def with_note(app: Flask) -> list[str]:
    """A page with one form, behind the trainer's door; returns what it accepted."""
    accepted: list[str] = []
    door = web.door(Role.TRAINER)

    def note() -> object:
        refused = door()
        if refused is not None:
            return refused
        form = NoteForm()
        if form.validate_on_submit():
            accepted.append(str(form.note.data))
            return web.see_other("/note")
        return web.page("public/note.html", form=form)

    app.add_url_rule("/note", view_func=note, methods=["GET", "POST"])
    source = (
        '{% extends "layouts/public.html" %}{% block title %}Note{% endblock %}{% block main %}'
        '<h1>Note</h1><form method="post" action="/note">{{ ui.csrf() }}{{ ui.field(form.note) }}'
        '<button type="submit">Garder</button></form>{% endblock %}'
    )
    loader = app.jinja_env.loader
    assert loader is not None
    app.jinja_env.loader = ChoiceLoader([DictLoader({"public/note.html": source}), loader])
    return accepted


def test_an_ended_session_gives_the_form_back_filled(
    app: Flask, with_note: list[str], trainer: Visitor
) -> None:
    page = trainer.get("/note")
    with trainer.session_transaction(base_url=BASE_URL) as session:
        session.pop("csrf_token")  # as when the cookie was lost meanwhile
    answer = trainer.submit(page, {"note": "Écrite pendant une heure"})
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/note"
    assert with_note == []
    filled = trainer.get("/note")
    assert "Rien n’est perdu" in text_of(filled)
    field = soup_of(filled.text).select_one("[name=note]")
    assert field is not None
    assert field["value"] == "Écrite pendant une heure"
    trainer.submit(filled)
    assert with_note == ["Écrite pendant une heure"]
    again = soup_of(trainer.get("/note").text).select_one("[name=note]")
    assert again is not None
    assert again["value"] == ""  # given back once


def test_an_ended_login_gives_the_form_back_after_signing_in(
    app: Flask, with_note: list[str], trainer: Visitor
) -> None:
    page = trainer.get("/note")
    with app.app_context(), trainer.session_transaction(base_url=BASE_URL) as session:
        accounts.end_login(session["_user_id"])
    answer = trainer.submit(page, {"note": "Gardée"})
    assert answer.headers["Location"] == "/connexion?suite=/note"
    login = trainer.get(answer.headers["Location"])
    assert "Ce que vous avez écrit est gardé" in text_of(login)
    back = trainer.submit(
        login, {"email": TRAINER, "password": "sept chaises bleues"}, form="main form.card"
    )
    filled = soup_of(trainer.get(back.headers["Location"]).text).select_one("[name=note]")
    assert filled is not None
    assert filled["value"] == "Gardée"
    assert with_note == []


def test_what_is_held_belongs_to_one_browser(
    app: Flask, with_note: list[str], trainer: Visitor, other_trainer: Visitor
) -> None:
    page = trainer.get("/note")
    with trainer.session_transaction(base_url=BASE_URL) as session:
        session.pop("csrf_token")
    trainer.submit(page, {"note": "À moi"})
    assert "À moi" not in other_trainer.get("/note").text


def test_passwords_are_never_held(app: Flask, anonymous: Visitor) -> None:
    page = anonymous.get("/connexion")
    with anonymous.session_transaction(base_url=BASE_URL) as session:
        session.clear()
    anonymous.submit(page, {"email": TRAINER, "password": "ne pas garder"})
    with app.app_context():
        held = db.session.scalars(db.select(HeldForm)).one()
        assert TRAINER in held.form_json
        assert "ne pas garder" not in held.form_json


def test_htmx_loads_the_page_again_when_the_session_ended(
    with_note: list[str], trainer: Visitor
) -> None:
    answer = trainer.hx("/note", data={"note": "x"}, headers={"HX-Current-URL": f"{BASE_URL}/note"})
    assert answer.headers["HX-Redirect"] == "/note"
    assert with_note == []


def test_no_one_fills_the_database_with_held_forms(app: Flask, anonymous: Visitor) -> None:
    for _ in range(web.HOLDS_PER_HOUR + 3):
        anonymous.post("/connexion", data={"email": "x"})
    with app.app_context():
        count = db.session.scalar(db.select(db.func.count()).select_from(HeldForm))
    assert count == web.HOLDS_PER_HOUR
