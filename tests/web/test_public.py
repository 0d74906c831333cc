"""The pages anyone can open, and the pages that say no."""

from dataclasses import replace
from io import BytesIO
from unittest.mock import Mock

import pytest
import time_machine
from flask import Flask
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from portal import clock
from portal.accounts.models import Organisation
from portal.app import create_app
from portal.config import Config
from portal.emails.models import Email
from portal.extensions import db, writing
from portal.serving import health
from tests.conftest import close
from tests.pages import BASE_URL, Visitor, soup_of, text_of
from tests.story import a_training


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/", "ouvrez le lien reçu par e-mail"),
        ("/aide/session-opco", "L’OPCO paie directement l’organisme de formation"),
        ("/mentions-legales", "Rivage Formation"),
        ("/donnees-personnelles", "6 ans"),
        ("/accessibilite", "partiellement conforme"),
        ("/connexion", "Mot de passe oublié"),
    ],
)
def test_public_pages(anonymous: Visitor, path: str, sentence: str) -> None:
    answer = anonymous.get(path)
    assert answer.status_code == 200
    assert sentence.lower() in text_of(answer).lower()


def test_every_page_carries_the_declaration_sentence(anonymous: Visitor) -> None:
    text = text_of(anonymous.get("/aide/session-opco"))
    assert "organisme enregistré sous le numéro 27 21 04321 77" in text
    assert "Cet enregistrement ne vaut pas agrément de l’État." in text


def test_home_leads_each_person_to_their_own_space(
    trainer: Visitor, office: Visitor, anonymous: Visitor
) -> None:
    assert trainer.get("/").headers["Location"] == "/formateur/"
    assert office.get("/").headers["Location"] == "/organisme/"
    assert anonymous.get("/").status_code == 200


def test_headers_of_a_page(anonymous: Visitor) -> None:
    headers = anonymous.get("/").headers
    csp = headers["Content-Security-Policy"]
    assert csp.startswith("default-src 'none'; script-src 'self'")
    assert "unsafe" not in csp
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert "HX-Request" in headers["Vary"]


def test_static_files_last_only_under_an_address_that_names_their_content(
    anonymous: Visitor,
) -> None:
    page = soup_of(anonymous.get("/").text)
    sheet = str(page.select_one("link[rel=stylesheet]")["href"])  # type: ignore[index]
    assert "?v=" in sheet
    named = anonymous.get(sheet)
    named.close()
    bare = anonymous.get(sheet.partition("?")[0])
    bare.close()
    absent = anonymous.get("/statique/nope.css?v=1")
    assert "immutable" in named.headers["Cache-Control"]
    assert "immutable" not in bare.headers["Cache-Control"]
    assert absent.status_code == 404
    assert absent.headers["Cache-Control"] == "no-store"


def test_the_organisations_colour_is_a_style_sheet_of_its_own(
    anonymous: Visitor, app: Flask
) -> None:
    assert not soup_of(anonymous.get("/").text).select('link[href^="/marque.css"]')
    with app.app_context(), writing():
        db.session.get_one(Organisation, 1).accent = "#7A1F3D"
    link = soup_of(anonymous.get("/").text).select_one('link[href^="/marque.css"]')
    assert link is not None
    sheet = anonymous.get(str(link["href"]))
    assert sheet.mimetype == "text/css"
    assert "--accent:#7A1F3D" in sheet.text
    with app.app_context(), writing():
        db.session.get_one(Organisation, 1).accent = "red}body{display:none"
    assert anonymous.get("/marque.css").status_code == 404


@pytest.mark.parametrize("status", [400, 403, 404, 409, 410, 413, 422, 429])
def test_error_pages_are_french_with_one_way_out(
    app: Flask, anonymous: Visitor, status: int
) -> None:
    def refuse() -> None:
        raise type("Refusal", (HTTPException,), {"code": status, "description": "In English"})

    app.add_url_rule("/refus", view_func=refuse)
    answer = anonymous.get("/refus")
    assert answer.status_code == status
    main = soup_of(answer.text).select_one("main")
    assert main is not None
    assert [str(a["href"]) for a in main.select("a")] == ["/"]
    assert "English" not in answer.text


def test_unknown_page(anonymous: Visitor) -> None:
    answer = anonymous.get("/formation-imaginaire")
    assert answer.status_code == 404
    assert "Page introuvable" in text_of(answer)


def test_a_failure_shows_a_reference_and_depends_on_nothing(
    config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(replace(config, testing=False))

    def fail() -> None:
        raise RuntimeError("boom")

    app.add_url_rule("/l/<token>/panne", view_func=fail)
    app.jinja_env.globals.clear()  # not even a template can be made
    answer = app.test_client().get("/l/esp-1-secret/panne", base_url=BASE_URL)
    close(app)
    assert answer.status_code == 500
    reference = soup_of(answer.text).select_one("main strong")
    assert reference is not None
    assert reference.get_text() in caplog.text
    assert "boom" not in answer.text
    assert "esp-1-secret" not in caplog.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


WELL = {"statut": "ok", "base": "ok", "disque": "ok", "travail": "ok", "courriels": "ok"}


def health_of(visitor: Visitor) -> tuple[int, dict[str, str]]:
    answer = visitor.get("/sante")
    return answer.status_code, answer.get_json()


def test_health_tells_a_monitor_what_is_wrong(
    app: Flask,
    anonymous: Visitor,
    frozen: time_machine.Traveller,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody works, then somebody does, then falls silent; messages pile up; the disk fills."""
    data = app.config["PORTAL"].data
    assert health_of(anonymous) == (503, {**WELL, "statut": "en panne", "travail": "en panne"})
    health.beat(data)
    assert health_of(anonymous) == (200, WELL)
    frozen.shift(health.SILENCE)
    assert health_of(anonymous) == (503, {**WELL, "statut": "en panne", "travail": "en panne"})

    a_training(app, "sent")
    with app.app_context(), writing():
        db.session.execute(db.update(Email).values(next_at=clock.now()))
    frozen.shift(health.LATE)
    health.beat(data)
    assert health_of(anonymous) == (503, {**WELL, "statut": "en panne", "courriels": "en panne"})
    with app.app_context(), writing():
        db.session.execute(db.update(Email).values(state="cancelled"))
    monkeypatch.setattr(health, "ROOM", 2**80)
    assert health_of(anonymous) == (503, {**WELL, "statut": "en panne", "disque": "en panne"})


def test_health_of_a_portal_whose_database_is_gone(
    app: Flask, anonymous: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert anonymous.get("/sante/web").get_json() == {"statut": "ok"}
    gone = OperationalError("SELECT 1", {}, Exception("server closed the connection"))
    monkeypatch.setattr(health.db.session, "execute", Mock(side_effect=gone))
    assert health_of(anonymous) == (503, {"statut": "en panne", "base": "en panne"})
    assert anonymous.get("/sante/web").status_code == 503


def test_robots_are_kept_away_from_dossiers(anonymous: Visitor) -> None:
    lines = anonymous.get("/robots.txt").text.splitlines()
    assert "Disallow: /l/" in lines
    assert "Disallow: /espace/" in lines


def test_another_host_is_refused(app: Flask) -> None:
    for host in ("evil.example", "portail.rivage-formation.example.evil.example"):
        answer = app.test_client().get("/", headers={"Host": host}, base_url=BASE_URL)
        assert answer.status_code == 400
        assert "evil" not in answer.text
    forwarded = app.test_client().get(
        "/connexion", headers={"X-Forwarded-Host": "evil.example"}, base_url=BASE_URL
    )
    assert "evil" not in forwarded.text


def test_on_ones_own_machine_another_name_leads_to_the_address(config: Config) -> None:
    app = create_app(replace(config, base_url="http://127.0.0.1:8000", demo=True))
    client = app.test_client()
    answer = client.get("/connexion?suite=/formateur/", base_url="http://localhost:8000")
    elsewhere = client.get("/connexion", base_url="http://localhost:9000")
    posted = client.post("/connexion", base_url="http://localhost:8000")
    close(app)
    assert answer.headers["Location"] == "http://127.0.0.1:8000/connexion?suite=/formateur/"
    assert elsewhere.status_code == 400
    assert posted.status_code == 400


def test_before_the_organisation_is_described_a_sentence_says_so(config: Config) -> None:
    app = create_app(config)
    with app.app_context(), writing():
        db.session.execute(db.delete(Organisation))
    pages = ("/", "/connexion", "/mot-de-passe-oublie")
    answers = [app.test_client().get(page, base_url=BASE_URL) for page in pages]
    close(app)
    for answer in answers:
        assert answer.status_code == 503
        assert "installation" in text_of(answer)


def test_a_request_too_large_is_refused_before_it_is_read(anonymous: Visitor) -> None:
    answer = anonymous.post("/connexion", data={"email": "a" * 300_000})
    assert answer.status_code == 413
    assert "trop volumineux" in text_of(answer)


def test_a_file_too_heavy_is_told_how_light_it_must_be(anonymous: Visitor) -> None:
    """Where nothing of the request is read, its page is gone: the sentence says what to do."""
    heavy = {"fichiers": (BytesIO(b"0" * 300_000), "logo.png")}
    answer = anonymous.post("/connexion", data=heavy)
    assert answer.status_code == 413
    assert "Un fichier pèse 12 Mo au plus. Revenez en arrière" in text_of(answer)
