"""An agreement handed in through the real pages: taken, refused, sent again, too late (96, 97)."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from portal import clock, workflow
from portal.access import service as access
from portal.access.models import ShareLink
from portal.access.rules import Actor, Role
from portal.extensions import db, writing
from portal.training.models import TrainingSession
from portal.training.rules import Event, State
from portal.uploads import keeping
from portal.uploads.models import Upload
from portal.uploads.rules import SENTENCE, Refusal
from tests import story
from tests.conftest import TRAINER, sign_in
from tests.pages import Visitor, soup_of, text_of
from tests.story import Told
from tests.uploads import papers, pictures


def hand_in(
    visitor: Visitor, page: str, *files: tuple[str, bytes], hx: bool = False
) -> TestResponse:
    """Sends files with the form of that page, as a browser or as htmx does."""
    form = soup_of(visitor.get(page).text).select_one("#depot")
    assert form is not None
    token = form.select_one("[name=csrf_token]")
    assert token is not None
    data: dict[str, Any] = {
        "csrf_token": str(token["value"]),
        "fichiers": [(io.BytesIO(content), name) for name, content in files],
    }
    headers = {"HX-Request": "true", "HX-Target": "depot"} if hx else {}
    return visitor.post(
        str(form["action"]), data=data, content_type="multipart/form-data", headers=headers
    )


def said(refusal: Refusal) -> str:
    """Its sentence as `text_of` gives texts back."""
    return SENTENCE[refusal].replace("\u00a0", " ")


def uploads(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(db.select(Upload.name).order_by(Upload.id)))


def state(app: Flask, told: Told) -> str:
    with app.app_context():
        return db.session.get_one(TrainingSession, told.id).state


@pytest.fixture
def told(app: Flask) -> Told:
    return story.a_training(app, "filed")


@pytest.fixture
def client(client_of: Callable[[int], Visitor], told: Told) -> Visitor:
    return client_of(told.id)


def test_the_client_hands_in_several_photos(app: Flask, told: Told, client: Visitor) -> None:
    files = [("1.jpg", pictures.photo()), ("2.heic", pictures.heic())]
    answer = hand_in(client, told.space, *files)
    assert answer.status_code == 303
    page = text_of(client.get(told.space))
    assert "Bien reçu : 1 et 1 autre fichier.pdf (2 pages" in page
    assert state(app, told) == State.AGREEMENT_RECEIVED


def test_htmx_shows_the_refusal_in_the_form(app: Flask, told: Told, client: Visitor) -> None:
    answer = hand_in(client, told.space, ("accord.docx", b"PK\x03\x04"), hx=True)
    assert answer.status_code == 422
    form = soup_of(answer.text).select_one("#depot")
    assert form is not None
    assert form["hx-post"] == answer.request.path
    assert said(Refusal.OFFICE_FILE) in text_of(answer)
    assert uploads(app) == []
    assert state(app, told) == State.SENT


def test_without_javascript_the_refusal_is_on_the_page(
    app: Flask, told: Told, client: Visitor
) -> None:
    answer = hand_in(client, told.space, ("accord.pdf", papers.user_password()))
    assert answer.status_code == 303
    assert said(Refusal.PASSWORD) in text_of(client.get(told.space))
    assert uploads(app) == []


def test_nothing_chosen(told: Told, client: Visitor) -> None:
    answer = hand_in(client, told.space, ("", b""), hx=True)
    assert said(Refusal.NONE) in text_of(answer)


def test_93_the_waiting_file_again(app: Flask, told: Told, client: Visitor) -> None:
    for _ in range(2):
        hand_in(client, told.space, ("accord.pdf", papers.text()))
    assert "déjà dans le dossier" in text_of(client.get(told.space))
    assert uploads(app) == ["accord.pdf"]


def test_a_better_file_replaces_the_first(app: Flask, told: Told, client: Visitor) -> None:
    hand_in(client, told.space, ("accord.pdf", papers.text()))
    hand_in(client, told.space, ("accord net.pdf", papers.filled_form()))
    assert uploads(app) == ["accord.pdf", "accord net.pdf"]
    assert "accord net.pdf" in text_of(client.get(told.space))


def test_the_trainer_hands_in_too(app: Flask, told: Told) -> None:
    answer = hand_in(sign_in(app, TRAINER), told.page, ("accord.pdf", papers.text()))
    assert answer.status_code == 303
    assert uploads(app) == ["accord.pdf"]


def test_96_too_late(app: Flask, told: Told, client: Visitor) -> None:
    client.get(told.space)
    form = soup_of(client.get(told.space).text).select_one("#depot [name=csrf_token]")
    assert form is not None
    with app.app_context():
        training = db.session.get_one(TrainingSession, told.id)
        actor = Actor(Role.TRAINER, training.trainer_id, "Claire Montagnier")
        workflow.perform(Event.CANCEL, training, actor, reason="Le chantier est reporté")
    answer = client.post(
        f"{told.space}accord",
        data={
            "csrf_token": str(form["value"]),
            "fichiers": [(io.BytesIO(papers.text()), "accord.pdf")],
        },
        content_type="multipart/form-data",
    )
    assert answer.status_code in (303, 403, 409)
    assert uploads(app) == []
    assert state(app, told) == State.CANCELLED


def test_97_link_revoked_during_the_transfer(
    app: Flask, told: Told, client: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = keeping.store_files

    def revoked_meanwhile(inspected: Any) -> Any:
        stored = really(inspected)
        with writing():
            for link in db.session.scalars(db.select(ShareLink).filter_by(training_id=told.id)):
                access.revoke(link, clock.now())
        return stored

    monkeypatch.setattr(keeping, "store_files", revoked_meanwhile)
    answer = hand_in(client, told.space, ("accord.pdf", papers.text()), hx=True)
    assert answer.status_code == 422
    assert said(Refusal.LINK_CLOSED) in text_of(answer)
    assert uploads(app) == []
    assert state(app, told) == State.SENT


def test_twenty_sendings_an_hour(
    app: Flask, told: Told, client: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.blueprints.receiving.SENDINGS_PER_HOUR", 1)
    hand_in(client, told.space, ("a.exe", b"MZ"), hx=True)
    answer = hand_in(client, told.space, ("accord.pdf", papers.text()), hx=True)
    assert answer.status_code == 409
    assert said(Refusal.TOO_OFTEN) in text_of(answer)
    assert uploads(app) == []
