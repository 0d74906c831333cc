"""Beside the code by e-mail: by SMS, by phone, on paper; and links that no longer sign."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from portal import tasks, workflow
from portal.access.rules import Actor, Role
from portal.extensions import db
from portal.signature import sms
from portal.signature.models import OneTimeCode, Signature
from portal.signature.rules import strokes
from portal.training.models import TrainingSession
from portal.training.rules import Event
from tests import second_half, story
from tests.conftest import OFFICE, TRAINER, sign_in
from tests.pages import Visitor, soup_of, text_of
from tests.screens import follow, text_in
from tests.second_half import ask_code, hand_in, open_sign_link, press_sign, sign_path
from tests.story import Told, a_training, messages

pytestmark = pytest.mark.usefixtures("frozen")
app = story.app_of_the_module()
ClientOf = Callable[[int], Visitor]
TICKED = {"accepts": "y", "undertakes": "y"}
DRAWN = ";".join(["10,10 20,20 30,25 40,30", "30,30 30,30"] * 200)  # as a finger draws it
SCAN = second_half.paper("Convention signée à la main")


def waiting(app: Flask, **more: object) -> tuple[Told, Visitor, str]:
    """A partial agreement is validated, and its signatory has the page open."""
    training = a_training(app, "funded", **more)  # type: ignore[arg-type]
    story.made(app, training)
    visitor, place = open_sign_link(app, training.id)
    return training, visitor, place


def given(app: Flask, training: Told) -> list[Signature]:
    query = db.select(Signature).filter_by(training_id=training.id, voided_at=None)
    return list(db.session.scalars(query))


def file_of(training: Told) -> str:
    return f"/organisme/dossiers/{training.ref}/"


# --- The ways of a code


@pytest.fixture
def gateway(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """A gateway is configured; what it was handed, as (number, text)."""
    sent: list[tuple[str, str]] = []
    monkeypatch.setattr(sms, "send", lambda _url, number, text: sent.append((number, text)))
    config = replace(app.config["PORTAL"], sms_url="https://sms.example/messages")
    monkeypatch.setitem(app.config, "PORTAL", config)
    return sent


def test_by_sms_when_a_gateway_and_a_mobile_are_known(
    app: Flask, gateway: list[tuple[str, str]]
) -> None:
    training, visitor, place = waiting(app, company={"phone": "06 12 34 56 12"})
    assert "Par SMS, au 06 •• •• •• 12" in text_of(visitor.get(place))
    page = visitor.submit(place, {**TICKED, "channel": "sms"}, button="Recevoir mon code")
    assert "Un code à six chiffres part par SMS au 06 •• •• •• 12." in text_of(page)
    ((number, text),) = gateway
    assert number == "+33612345612"
    digits = text[-6:]
    assert [m["letter"] for m in messages(app, training)].count("one_time_code") == 0
    assert press_sign(visitor, page, digits).status_code == 303
    with app.app_context():
        (signature,) = given(app, training)
        assert signature.evidence["one_time_code"]["channel"] == "sms"


@pytest.mark.parametrize("phone", ["", "03 80 12 34 56"])
def test_no_sms_without_a_mobile(app: Flask, gateway: list[tuple[str, str]], phone: str) -> None:
    _training, visitor, place = waiting(app, company={"phone": phone})
    assert "Par SMS" not in text_of(visitor.get(place))
    page = visitor.submit(place, {**TICKED, "channel": "email"}, button="Recevoir mon code")
    token = soup_of(page.text).select_one("[name=csrf_token]")
    assert token
    data = {**TICKED, "channel": "sms", "action": "code", "name": "x", "function": "y"}
    forged = visitor.post(place, data=data | {"csrf_token": str(token["value"])})
    assert forged.status_code == 422
    assert gateway == []


def test_no_sms_without_a_gateway(app: Flask) -> None:
    _training, visitor, place = waiting(app, company={"phone": "06 12 34 56 12"})
    assert "Par SMS" not in text_of(visitor.get(place))


def test_by_phone_the_office_reads_the_code_out(app: Flask) -> None:
    training, visitor, place = waiting(app)
    page = visitor.submit(place, {**TICKED, "channel": "phone"}, button="Recevoir mon code")
    assert "un code à six chiffres vous est lu" in text_of(page)
    with app.app_context():
        link = db.session.get_one(TrainingSession, training.id).links[-1]
        assert db.session.scalars(db.select(OneTimeCode).filter_by(link_id=link.id)).all() == []
    office = sign_in(app, OFFICE)
    dossier = office.get(file_of(training))
    assert "Lire un code au téléphone" in text_of(dossier)
    path = f"/organisme/signatures/{training.ref}/code"
    asked = office.get(path)
    assert "assurez-vous de parler à cette personne" in text_of(asked)
    shown = office.submit(asked, button="Afficher le code")
    digits = text_in(soup_of(shown.text).select_one(".figure")).replace(" ", "")
    assert len(digits) == 6
    assert digits not in office.get(path).text
    assert press_sign(visitor, page, digits).status_code == 303
    with app.app_context():
        (signature,) = given(app, training)
        assert signature.evidence["one_time_code"]["channel"] == "phone"
        assert "lu au téléphone par l’organisme" in json.dumps(
            signature.evidence, ensure_ascii=False
        )
    assert sign_in(app, TRAINER).get(path).status_code == 403


def test_no_code_is_read_out_without_a_link(app: Flask) -> None:
    training = a_training(app, "sent")
    office = sign_in(app, OFFICE)
    page = office.get(f"/organisme/signatures/{training.ref}/code")
    assert "Aucun lien de signature n’est ouvert" in text_of(page)
    assert "Afficher le code" not in text_of(page)


# --- What is drawn


def test_what_is_drawn_goes_with_the_signature(app: Flask) -> None:
    training, visitor, place = waiting(app)
    page = visitor.get(place)
    pad = soup_of(page.text).select_one("[data-pad]")
    assert pad is not None
    assert pad.has_attr("hidden"), "nothing to draw on without the script"
    page, code = ask_code(app, training.id, visitor, place, drawn=DRAWN)
    kept = soup_of(page.text).select_one("[name=drawn]")
    assert kept is not None
    assert kept["value"] == DRAWN
    press_sign(visitor, page, code)
    with app.app_context():
        (signature,) = given(app, training)
        assert signature.evidence["drawn"] == json.loads(json.dumps(strokes(DRAWN)))


# --- On paper


def test_on_paper_from_the_signing_link(app: Flask) -> None:
    """Print, sign, send; the office looks, and the session is signed as it is online."""
    training, visitor, place = waiting(app)
    assert "Signer sur papier" in text_of(visitor.get(place))
    page = visitor.get(f"{place}papier")
    assert "imprimez le document" in text_of(page)
    answer = hand_in(visitor, f"{place}papier", (SCAN, "signee.pdf"), form="#scan")
    assert "Bien reçu : signee.pdf (1 page" in text_of(follow(visitor, answer))
    last = {m["letter"]: m for m in messages(app, training)[-2:]}
    assert set(last) == {"paper_receipt", "paper_to_check"}
    with app.app_context():
        assert given(app, training) == []
    tasks.run_pending(app)
    office = sign_in(app, OFFICE)
    assert "Vérifier la signature" in text_of(office.get(file_of(training)))
    path = f"/organisme/signatures/{training.ref}/papier"
    page = office.get(path)
    image = soup_of(page.text).select_one("img.page-image")
    assert image is not None
    assert office.get(str(image["src"])).mimetype == "image/jpeg"
    assert office.get(f"{path}/original").data == SCAN
    unseen = office.submit(page, button="Enregistrer la signature")
    assert unseen.status_code == 422
    assert "Cochez la case après avoir vu la signature" in text_of(unseen)
    answer = office.submit(page, {"seen": "y"}, button="Enregistrer la signature")
    assert "Signature sur papier enregistrée." in text_of(follow(office, answer))
    with app.app_context():
        (signature,) = given(app, training)
        row = db.session.get_one(TrainingSession, training.id)
        assert (signature.kind, row.committed_cents) == ("paper", 80_000)
    again = office.submit(page, {"seen": "y"}, button="Enregistrer la signature")
    assert "n’est plus à vérifier" in text_of(follow(office, again))
    assert "Document signé" in text_of(follow(visitor, visitor.get(place)))


def test_a_scan_without_signature_is_sent_back(app: Flask, client_of: ClientOf) -> None:
    training, _visitor, _place = waiting(app)
    client = client_of(training.id)
    where = f"{training.space}papier"
    links = soup_of(client.get(training.space).text).select("a[href$=papier]")
    assert [str(link["href"]) for link in links] == [where]
    hand_in(client, where, (SCAN, "signee.pdf"), form="#scan")
    office = sign_in(app, OFFICE)
    page = office.get(f"/organisme/signatures/{training.ref}/papier")
    assert office.submit(page, button="Renvoyer au client").status_code == 422
    office.submit(page, {"reason": "La dernière page manque"}, button="Renvoyer au client")
    told = {m["letter"]: m["text"] for m in messages(app, training)[-2:]}
    assert set(told) == {"paper_refused_to_client", "paper_refused_to_trainer"}
    assert all("La dernière page manque" in text for text in told.values())
    with app.app_context():
        assert given(app, training) == []
    assert "Envoyer le document signé" in text_of(client.get(where))


def test_a_scan_of_a_former_version_signs_nothing(app: Flask, client_of: ClientOf) -> None:
    """The agreement is corrected after the scan was sent: the office is asked for another one."""
    training, _visitor, _place = waiting(app)
    hand_in(client_of(training.id), f"{training.space}papier", (SCAN, "s.pdf"), form="#scan")
    office = sign_in(app, OFFICE)
    page = office.get(f"/organisme/signatures/{training.ref}/papier")
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        clerk = Actor(Role.OFFICE, 3, "Nadia Belkacem")
        workflow.perform(Event.CORRECT_AGREEMENT, row, clerk, reason="Montant mal lu")
        second_half.validate(training.id, second_half.Answer(190_000))
    answer = office.submit(page, {"seen": "y"}, button="Enregistrer la signature")
    assert "n’est plus à vérifier" in text_of(follow(office, answer))
    with app.app_context():
        assert given(app, training) == []


def test_the_scan_that_was_looked_at_is_the_one_that_signs(app: Flask, client_of: ClientOf) -> None:
    """Another file arrives while the office has the first one on screen."""
    training, _visitor, _place = waiting(app)
    client, where = client_of(training.id), f"{training.space}papier"
    hand_in(client, where, (SCAN, "s.pdf"), form="#scan")
    office = sign_in(app, OFFICE)
    page = office.get(f"/organisme/signatures/{training.ref}/papier")
    hand_in(client, where, (second_half.paper("Une page blanche"), "autre.pdf"), form="#scan")
    answer = office.submit(page, {"seen": "y"}, button="Enregistrer la signature")
    assert "n’est plus à vérifier" in text_of(follow(office, answer))
    with app.app_context():
        assert given(app, training) == []


def test_the_trainer_hands_a_scan_in_and_decides_nothing(app: Flask) -> None:
    training, _visitor, _place = waiting(app)
    trainer = sign_in(app, TRAINER)
    answer = hand_in(trainer, training.page, (SCAN, "s.pdf"), form="#scan")
    assert "Bien reçu : s.pdf" in text_of(follow(trainer, answer))
    assert "Rivage Formation le vérifie" in text_of(trainer.get(training.page))
    path = f"/organisme/signatures/{training.ref}/papier"
    assert trainer.get(path).status_code == 403
    assert trainer.submit(training.page, form="#scan").status_code == 303
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        person = Actor(Role.TRAINER, row.trainer_id, "Claire Montagnier")
        with pytest.raises(workflow.Refused):
            workflow.perform(
                Event.RECORD_PAPER_SIGNATURE, row, person, upload_id=row.uploads[-1].id
            )
        assert given(app, training) == []


# --- Links that no longer sign


def dead(app: Flask, path: str) -> tuple[Visitor, str]:
    visitor = Visitor(app, app.response_class)
    answer = visitor.get(path)
    assert answer.status_code == 410
    return visitor, text_of(answer)


def test_the_landing_says_what_is_to_sign(app: Flask) -> None:
    training, _visitor, _place = waiting(app)
    landing = Visitor(app, app.response_class).get(sign_path(app, training.id))
    text = text_of(landing)
    assert "La signature d’Hélène Vasseur est attendue" in text
    assert "800,00 €" in text
    assert "Lire et signer" in text


def test_an_expired_signing_link_asks_for_another(
    app: Flask, frozen: time_machine.Traveller
) -> None:
    training, _visitor, _place = waiting(app)
    path = sign_path(app, training.id)
    frozen.shift(timedelta(days=14, seconds=1))
    visitor, text = dead(app, path)
    assert "Ce lien de signature a expiré" in text
    page = follow(visitor, visitor.submit(path, button="Recevoir un nouveau lien"))
    assert "Il arrive à l’adresse de la personne qui signe" in text_of(page)
    letter = messages(app, training)[-1]
    assert (letter["letter"], letter["to"]) == ("sign_request", story.CLIENT)
    fresh, place = open_sign_link(app, training.id)
    assert "Signer la convention" in text_of(fresh.get(place))


def test_a_replaced_signing_link_names_the_newer_one(app: Flask, trainer: Visitor) -> None:
    training, _visitor, _place = waiting(app)
    path = sign_path(app, training.id)
    trainer.submit(training.page, form="form[action$=lien-de-signature]")
    visitor, text = dead(app, path)
    assert "Ce lien de signature a été remplacé" in text
    assert "Recevoir un nouveau lien" in text
    before = len(messages(app, training))
    visitor.submit(path, button="Recevoir un nouveau lien")
    assert len(messages(app, training)) == before + 1


def test_a_link_closed_by_hand_is_not_reopened_by_its_holder(app: Flask) -> None:
    training, _visitor, _place = waiting(app)
    path = sign_path(app, training.id)
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        person = Actor(Role.TRAINER, row.trainer_id, "Claire Montagnier")
        workflow.perform(Event.REVOKE_LINK, row, person)
    visitor, text = dead(app, path)
    assert "Ce lien de signature a été fermé" in text
    assert "Recevoir un nouveau lien" not in text
    assert "Prévenir Claire Montagnier" in text
    token = soup_of(visitor.get(path).text).select_one("[name=csrf_token]")
    assert token
    before = len(messages(app, training))
    answer = visitor.post(f"{path}/nouveau-lien", data={"csrf_token": str(token["value"])})
    assert answer.status_code == 303
    assert len(messages(app, training)) == before


def test_a_used_link_shows_the_receipt_then_says_it_is_signed(
    app: Flask, frozen: time_machine.Traveller
) -> None:
    training, visitor, place = waiting(app)
    path = sign_path(app, training.id)
    page, code = ask_code(app, training.id, visitor, place)
    press_sign(visitor, page, code)
    other = Visitor(app, app.response_class)
    assert "Ce document est déjà signé" in text_of(other.get(path))
    assert other.submit(path).status_code == 303
    assert "Document signé" in text_of(follow(other, other.get(place)))
    frozen.shift(timedelta(days=15))
    _visitor, text = dead(app, path)
    assert "Ce document est déjà signé" in text
    assert "Recevoir un nouveau lien" not in text


def test_a_paper_taken_back_says_so(app: Flask) -> None:
    """The session goes back to a draft while the signatory had a link to sign early."""
    training = a_training(app, "sent")
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        person = Actor(Role.TRAINER, row.trainer_id, "Claire Montagnier")
        workflow.perform(Event.SEND_SIGN_LINK, row, person)
    path = sign_path(app, training.id)
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        workflow.perform(Event.REOPEN, row, person, reason="Dates à revoir")
    _visitor, text = dead(app, path)
    assert "Ce document a été repris" in text
    assert "Recevoir un nouveau lien" not in text
