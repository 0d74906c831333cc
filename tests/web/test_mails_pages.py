"""« Courriels »: who reads which message, what is kept from everybody, what became of it."""

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from portal.access.rules import Actor, Role
from portal.emails.models import Email, EmailState
from portal.extensions import db, writing
from portal.training.models import TrainingSession
from tests import story
from tests.conftest import NOW, TRAINER
from tests.pages import Visitor, soup_of, text_of
from tests.screens import controls, section, text_in
from tests.story import CLIENT, Told, a_training, made
from tests.web.test_story_wrong_address import RIGHT, fail, sign_request, written

pytestmark = pytest.mark.usefixtures("frozen")

OFFICE, OWN = "/organisme/courriels/", "/formateur/courriels/"
NADIA = Actor(Role.OFFICE, None, "Nadia Belkacem")


@pytest.fixture
def sent(app: Flask) -> Told:
    told = a_training(app, "sent")
    made(app, told)
    return told


def mail_of(app: Flask, letter: str, told: Told | None = None) -> int:
    with app.app_context():
        query = db.select(Email.id).filter_by(letter=letter).order_by(Email.id.desc())
        if told is not None:
            query = query.filter_by(training_id=told.id)
        found = db.session.scalars(query).first()
        assert found is not None
        return found


def put(app: Flask, mail_id: int, state: EmailState, **columns: object) -> None:
    with app.app_context(), writing():
        row = db.session.get_one(Email, mail_id)
        row.state, row.sent_at = state.value, NOW if state is EmailState.SENT else None
        for name, value in columns.items():
            setattr(row, name, value)


def press(visitor: Visitor, where: str, **data: str) -> int:
    """A press from a page left open, whatever the page shows now."""
    page = visitor.get("/compte/").text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    return visitor.post(where, data={"csrf_token": token, **data}).status_code


def play(app: Flask) -> None:
    app.config["PORTAL"] = replace(app.config["PORTAL"], demo=True)


# --- Who reads what


def test_a_trainer_reads_the_messages_of_own_sessions_alone(
    app: Flask, sent: Told, trainer: Visitor, other_trainer: Visitor, anonymous: Visitor
) -> None:
    anonymous.submit("/mot-de-passe-oublie", {"email": TRAINER})
    personal, papers = mail_of(app, "account_reset"), mail_of(app, "documents_to_client")
    assert trainer.get(f"{OWN}{papers}").status_code == 200
    for address in (f"{OWN}{personal}", f"{OWN}999", f"{OWN}2147483648"):
        assert trainer.get(address).status_code == 404
    for part in ("", "/pieces/1", "/message.eml"):
        assert other_trainer.get(f"{OWN}{papers}{part}").status_code == 404
    assert CLIENT not in text_of(other_trainer.get(OWN))
    assert CLIENT not in other_trainer.get(f"{OWN}export/csv").text
    assert CLIENT in trainer.get(f"{OWN}export/csv").text


@pytest.mark.parametrize("before", ["0", "-3", "x", "2147483648", "99999999999999999999"])
def test_a_page_that_makes_no_sense_is_the_first(
    app: Flask, office: Visitor, sent: Told, before: str
) -> None:
    first = text_of(office.get(OFFICE))
    assert text_of(office.get(OFFICE, query_string={"avant": before})) == first


# --- What is kept from everybody


def test_what_lets_come_in_or_sign_is_shown_to_nobody(
    app: Flask, office: Visitor, trainer: Visitor, sent: Told, anonymous: Visitor
) -> None:
    anonymous.submit("/mot-de-passe-oublie", {"email": TRAINER})
    sign_request(app, sent)
    story.work(app)
    personal, signing = mail_of(app, "account_reset"), mail_of(app, "sign_request")
    for mail_id in (personal, signing):
        put(app, mail_id, EmailState.KEPT)
        shown = office.get(f"{OFFICE}{mail_id}")
        assert "il n’est montré qu’à la personne qui" in text_of(shown)
        assert ".eml" not in shown.text
        assert office.get(f"{OFFICE}{mail_id}/message.eml").status_code == 404
    assert "Ce message est personnel" in text_of(office.get(f"{OFFICE}{personal}"))
    assert "Ce message permet de signer" in text_of(office.get(f"{OFFICE}{signing}"))
    assert "Ce message permet de signer" in text_of(trainer.get(f"{OWN}{signing}"))


def test_in_the_demonstration_the_office_plays_the_signatory_and_a_trainer_does_not(
    app: Flask, office: Visitor, trainer: Visitor, sent: Told
) -> None:
    sign_request(app, sent)
    signing = mail_of(app, "sign_request")
    play(app)
    assert "/l/sig-" in office.get(f"{OFFICE}{signing}").text
    shown = trainer.get(f"{OWN}{signing}")
    assert "/l/sig-" not in shown.text
    assert "Ce message permet de signer" in text_of(shown)
    assert sent.link in trainer.get(f"{OWN}{mail_of(app, 'documents_to_client')}").text


def test_only_a_message_written_down_is_handed_over_as_a_file(
    app: Flask, trainer: Visitor, sent: Told
) -> None:
    story.work(app)
    mail_id = mail_of(app, "documents_to_client")
    raw = f"{OWN}{mail_id}/message.eml"
    assert trainer.get(raw).status_code == 200
    put(app, mail_id, EmailState.FAILED)
    assert ".eml" not in trainer.get(f"{OWN}{mail_id}").text
    assert trainer.get(raw).status_code == 404
    put(app, mail_id, EmailState.KEPT)
    with app.app_context():
        Path(app.config["PORTAL"].mails / f"{mail_id:06d}-documents_to_client.eml").unlink()
    assert trainer.get(raw).status_code == 404


def test_a_message_gives_its_own_papers_alone(app: Flask, trainer: Visitor, sent: Told) -> None:
    other = a_training(app, "sent")
    made(app, other)
    mail_id = mail_of(app, "documents_to_client", sent)
    with app.app_context():
        theirs = [d.id for d in db.session.get_one(TrainingSession, other.id).documents]
        own = [d.id for d in db.session.get_one(TrainingSession, sent.id).documents]
    page = f"{OWN}{mail_id}"
    assert trainer.get(f"{page}/pieces/{own[0]}").status_code == 200
    assert trainer.get(f"{page}/pieces/{theirs[0]}").status_code == 404
    with app.app_context(), writing():  # a row that names another dossier's paper gives none of it
        db.session.get_one(Email, mail_id).document_ids = [*own, *theirs]
    assert trainer.get(f"{page}/pieces/{theirs[0]}").status_code == 404
    assert trainer.get(f"{page}/signe/signe").status_code == 404  # nothing was signed
    begun = a_training(app, "sent")
    unprinted = mail_of(app, "documents_to_client", begun)
    assert "En préparation" in text_of(trainer.get(f"{OWN}{unprinted}"))
    with app.app_context():
        (paper, *_) = db.session.get_one(TrainingSession, begun.id).documents
        missing = f"{OWN}{unprinted}/pieces/{paper.id}"
    assert trainer.get(missing).status_code == 404


# --- What became of it


@pytest.mark.parametrize(
    ("state", "columns", "sentence"),
    [
        (EmailState.SENT, {}, "Accepté par le serveur"),
        (EmailState.SENT, {"bounced_at": NOW, "error": "550"}, "Revenu, non remis. 550"),
        (EmailState.QUEUED, {}, "En attente, prochain essai"),
        (EmailState.QUEUED, {"attempts": 2, "error": "Occupé"}, "En attente après 2 essais"),
        (EmailState.HELD, {}, "Attend que l’organisme ait relu ses documents"),
        (EmailState.KEPT, {}, "Conservé sur le portail"),
        (EmailState.UNCERTAIN, {"error": "Coupé"}, "Envoi incertain. Coupé"),
        (EmailState.CANCELLED, {}, "Annulé"),
    ],
)
def test_each_fate_of_a_message_is_a_sentence_with_the_right_buttons(
    app: Flask,
    office: Visitor,
    sent: Told,
    state: EmailState,
    columns: dict[str, object],
    sentence: str,
) -> None:
    mail_id = mail_of(app, "documents_to_client")
    put(app, mail_id, state, **columns)
    shown = office.get(f"{OFFICE}{mail_id}")
    assert sentence in text_of(shown)
    may_retry = state in (EmailState.UNCERTAIN, EmailState.FAILED)
    may_correct = may_retry or "bounced_at" in columns
    assert bool(soup_of(shown.text).select("form[action$='/renvoyer']")) is may_retry
    assert bool(soup_of(shown.text).select("#corriger")) is may_correct
    assert press(office, f"{OFFICE}{mail_id}/renvoyer") == 303
    said = "Le message repart." if may_retry else "Ce message n’est plus à renvoyer"
    assert said in text_of(office.get(f"{OFFICE}{mail_id}"))


def test_sending_again_twice_sends_once(app: Flask, office: Visitor, sent: Told) -> None:
    """The second press comes from a page left open: it says where the message is."""
    mail_id, _to = fail(app, sent, "documents_to_client")
    for said in ("Le message repart.", "Ce message n’est plus à renvoyer : voici où il en est."):
        assert press(office, f"{OFFICE}{mail_id}/renvoyer") == 303
        assert said in text_of(office.get(f"{OFFICE}{mail_id}"))
    assert section(office.get(f"/organisme/dossiers/{sent.ref}/"), "Journal").count("renvoyé") == 1


def test_the_address_to_put_right_is_already_typed(app: Flask, office: Visitor, sent: Told) -> None:
    mail_id, former = fail(app, sent, "documents_to_client")
    assert controls(office.get(f"{OFFICE}{mail_id}"), "corriger")["address"] == former


def test_each_line_leads_to_its_dossier(
    app: Flask, office: Visitor, trainer: Visitor, anonymous: Visitor, sent: Told
) -> None:
    anonymous.submit("/mot-de-passe-oublie", {"email": TRAINER})
    for visitor, address in ((office, OFFICE), (trainer, OWN)):
        lines = soup_of(visitor.get(address).text).select("main .docs li")
        papers = next(line for line in lines if "Vos documents" in text_in(line.b))
        link = papers.select_one("small a")
        assert text_in(link) == f"Dossier {sent.ref}"
        assert link is not None
        assert visitor.get(str(link["href"])).status_code == 200
    everybody = soup_of(office.get(OFFICE).text).select("main .docs li")
    (personal,) = [line for line in everybody if "mot de passe" in text_in(line.b)]
    assert personal.select("small a") == []


def test_a_code_is_asked_for_again_never_sent_elsewhere(
    app: Flask, office: Visitor, sent: Told
) -> None:
    mail_id, _to = fail(app, sent, "documents_to_client")
    with app.app_context(), writing():
        db.session.get_one(Email, mail_id).letter = "one_time_code"
    assert press(office, f"{OFFICE}{mail_id}/adresse", address=RIGHT) == 422
    assert written(app, sent, RIGHT) == []


@pytest.mark.parametrize("audience", ["trainer", "office"])
def test_the_address_of_a_colleague_is_not_put_right_on_a_message(
    app: Flask, office: Visitor, sent: Told, audience: str
) -> None:
    mail_id, _to = fail(app, sent, "documents_to_client")
    with app.app_context(), writing():
        db.session.get_one(Email, mail_id).audience = audience
    assert press(office, f"{OFFICE}{mail_id}/adresse", address=RIGHT) == 422


def test_a_dossier_lists_its_own_messages_alone(app: Flask, trainer: Visitor, sent: Told) -> None:
    other = "achats@charpentes-morel.example"
    theirs = a_training(app, "shared", client_email=other)
    assert CLIENT in section(trainer.get(sent.page), "Courriels")
    assert other not in section(trainer.get(sent.page), "Courriels")
    assert CLIENT not in section(trainer.get(theirs.page), "Courriels")
