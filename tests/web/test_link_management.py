"""The client's link: shared, sent, scanned, replaced, closed; and no dead end behind any of it."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from bs4 import Tag
from flask import Flask
from werkzeug.test import TestResponse

from tests import screens, story
from tests.conftest import TRAINER
from tests.pages import BASE_URL, Visitor, soup_of, text_of
from tests.screens import controls, follow, text_in
from tests.story import CLIENT, VASSEUR, a_training

pytestmark = pytest.mark.usefixtures("frozen")
app = story.app_of_the_module()
trainer = story.trainer_of_the_module()

PREPARE = "Une question ? Appelez le 03 53 01 42 10"


def shown_link(page: TestResponse) -> str:
    field = soup_of(page.text).select_one("#lien-client")
    assert isinstance(field, Tag)
    return str(field["value"]).removeprefix(BASE_URL)


def press(trainer: Visitor, training: story.Told, action: str, **typed: str) -> TestResponse:
    """A button of « Partagez ce lien », and the page it leads to."""
    page = trainer.get(training.page)
    return trainer.submit(page, dict(typed), form=f'form[action$="{action}"]')


# --- What the trainer does with it


def test_a_link_is_copied_and_scanned(app: Flask, trainer: Visitor, anonymous: Visitor) -> None:
    training = a_training(app, "shared", client_email=None)
    page = trainer.get(training.page)
    text = text_of(page)
    assert "Partagez ce lien avec votre client" in text
    assert "Pas encore ouvert. Valable jusqu’au 22 janvier 2027." in text
    assert "Remplacer envoie le nouveau lien à personne : aucune adresse n’est connue" in text
    assert shown_link(page) == training.link
    assert story.messages(app, training) == []
    assert "Commencer" in text_of(anonymous.get(training.link))
    drawing = trainer.get(training.page + "lien/qr.svg")
    assert drawing.mimetype == "image/svg+xml"
    assert b"<path" in drawing.data
    assert training.link.encode() not in drawing.data


def test_it_is_sent_then_reminded(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, "shared", client_email=None)
    refused = press(trainer, training, "lien/envoyer", email="helene@")
    assert refused.status_code == 422
    assert text_of(refused).count("Il manque le nom de domaine après @") == 2
    page = follow(trainer, press(trainer, training, "lien/envoyer", email=CLIENT))
    assert f"Le lien va partir à {CLIENT}." in text_of(page)
    assert text_of(page).count("Relancer") == 1
    assert press(trainer, training, "/relances").status_code == 303
    first, second = story.messages(app, training)
    assert first["subject"] == (
        "Votre formation « Lecture de plans et métrés »\u00a0: 4 minutes pour compléter la demande"
    ).replace("« ", "«\u00a0").replace(" »", "\u00a0»")
    assert "Votre formation" in second["subject"]
    assert "attend vos réponses" in second["subject"]
    for message in (first, second):
        assert message["to"] == CLIENT
        assert f"{BASE_URL}{training.link}" in message["text"]
        assert "valable jusqu’au vendredi 22 janvier 2027" in message["text"]


def test_pressing_send_twice_sends_once(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, "shared", client_email=None)
    page = trainer.get(training.page)
    for _ in range(2):
        trainer.submit(page, {"email": CLIENT}, form='form[action$="lien/envoyer"]')
    assert [m["letter"] for m in story.messages(app, training)] == ["invitation"]
    page = trainer.get(training.page)
    other = "accueil@menuiserie-vasseur.example"
    for _ in range(2):
        trainer.submit(page, {"email": other}, form='form[action$="lien/envoyer"]')
    assert [m["to"] for m in story.messages(app, training)] == [CLIENT, other]


def test_the_link_of_a_dossier_that_was_sent_goes_to_another_address(
    app: Flask, trainer: Visitor
) -> None:
    """With the words of where it stands: nothing is left to fill in."""
    training = a_training(app, "sent")
    other = "accueil@menuiserie-vasseur.example"
    page = follow(trainer, press(trainer, training, "lien/envoyer", email=other))
    assert f"Le lien va partir à {other}." in text_of(page)
    last = story.messages(app, training)[-1]
    assert last["to"] == other
    assert "Avez-vous déposé votre demande" in last["subject"]
    assert f"{BASE_URL}{training.link}" in last["text"]


def test_the_page_says_when_the_client_opened_it(
    app: Flask, trainer: Visitor, frozen: time_machine.Traveller
) -> None:
    training = a_training(app, "shared")
    frozen.shift(timedelta(minutes=65))
    screens.start(app, training.link)
    text = text_of(trainer.get(training.page))
    assert "Ouvert le lundi 23 novembre 2026 à 11 h 05. Valable jusqu’au 22 janvier 2027." in text


def test_a_replaced_link_opens_nothing_and_says_so(
    app: Flask, trainer: Visitor, anonymous: Visitor, client_of: Callable[[int], Visitor]
) -> None:
    training = a_training(app, "shared")
    client = client_of(training.id)
    page = follow(trainer, press(trainer, training, "lien/renouveler"))
    assert "Un nouveau lien remplace l’ancien, qui n’ouvre plus rien." in text_of(page)
    new = shown_link(page)
    assert new != training.link
    dead = anonymous.get(training.link)
    assert dead.status_code == 410
    assert "Un lien plus récent vous a été envoyé : c’est lui qui ouvre votre dossier." in text_of(
        dead
    )
    assert client.get(training.space).status_code == 403  # and the space it had opened
    assert anonymous.get(new).status_code == 200
    last = story.messages(app, training)[-1]
    assert (last["letter"], last["to"]) == ("new_link", CLIENT)
    assert BASE_URL + new in last["text"]


def test_a_closed_link_is_made_again_from_the_check_page(
    app: Flask, trainer: Visitor, anonymous: Visitor
) -> None:
    training = a_training(app, "shared")
    page = follow(trainer, press(trainer, training, "lien/fermer"))
    assert "Le lien est fermé : il n’ouvre plus le dossier." in text_of(page)
    assert "Terminez ce brouillon" in text_of(page)
    dead = anonymous.get(training.link)
    assert "La personne qui vous forme l’a fermé. Votre dossier est conservé." in text_of(dead)
    check = follow(trainer, trainer.get(training.page + "reprendre"))
    page = follow(trainer, trainer.submit(check, button="Créer le lien"))
    assert shown_link(page) != training.link
    again = trainer.submit(page, form='form[action$="lien/fermer"]')
    assert again.status_code == 303
    refused = trainer.submit(page, form='form[action$="lien/renouveler"]')
    assert refused.status_code == 422
    assert "Ce dossier n’a pas de lien ouvert" in text_of(refused)


# --- What the client is told

PAST = "Pour compléter ou envoyer quelque chose, demandez un nouveau lien."
EXPIRED = "Sa durée est passée. Votre dossier est conservé."
REVOKED = "La personne qui vous forme l’a fermé. Votre dossier est conservé."
REPLACED = "Un lien plus récent vous a été envoyé : c’est lui qui ouvre votre dossier."
CANCELLED = "Il n’y a plus rien à compléter. Vos données ne serviront pas à autre chose."
READ, RENEW = "Lire mon dossier", "Recevoir un nouveau lien"
CALL = "Prévenir Claire Montagnier"
WAYS_OUT = [
    ("past", CLIENT, "Ce lien ne sert plus qu’à lire", PAST, [READ, RENEW]),
    ("past", None, "Ce lien ne sert plus qu’à lire", PAST, [READ, CALL]),
    ("expired", CLIENT, "Ce lien n’ouvre plus rien", EXPIRED, [RENEW]),
    ("expired", None, "Ce lien n’ouvre plus rien", EXPIRED, [CALL]),
    ("replaced", CLIENT, "Ce lien a été remplacé", REPLACED, [RENEW]),
    ("revoked", CLIENT, "Ce lien a été fermé", REVOKED, [CALL]),
    ("cancelled", CLIENT, "Cette session est annulée", CANCELLED, []),
]


@pytest.mark.parametrize(("fate", "email", "heading", "sentence", "ways_out"), WAYS_OUT)
def test_each_dead_link_has_its_sentence_and_its_way_out(
    app: Flask,
    trainer: Visitor,
    anonymous: Visitor,
    frozen: time_machine.Traveller,
    fate: str,
    email: str | None,
    heading: str,
    sentence: str,
    ways_out: list[str],
) -> None:
    training = a_training(app, "shared", client_email=email)
    if fate in ("past", "expired"):
        frozen.shift(timedelta(days=61, weeks=26 if fate == "expired" else 0))
    elif fate == "cancelled":
        trainer.submit(training.page + "annuler", {"reason": story.REASON})
    else:
        press(trainer, training, "lien/" + {"replaced": "renouveler", "revoked": "fermer"}[fate])
    page = anonymous.get(training.link)
    text = text_of(page)
    assert page.status_code == 410
    assert heading in text
    assert sentence in text
    assert PREPARE in text
    assert "Commencer" not in text
    buttons = [text_in(b) for b in soup_of(page.text).select("main button")]
    assert buttons == ways_out


def test_a_new_link_is_written_to_the_address_on_file_alone(
    app: Flask, anonymous: Visitor, frozen: time_machine.Traveller
) -> None:
    training = a_training(app, "shared")
    frozen.shift(timedelta(days=61))
    page = anonymous.submit(training.link, form="form[action$='/nouveau-lien']")
    page = follow(anonymous, page)
    assert "Il arrive à l’adresse e-mail enregistrée pour ce dossier" in text_of(page)
    assert CLIENT not in page.text
    last = story.messages(app, training)[-1]
    assert (last["letter"], last["to"]) == ("new_link", CLIENT)
    link = re.findall(rf"{BASE_URL}(/l/\S+)", last["text"])[0]
    assert "Commencer" in text_of(anonymous.get(link))


def test_without_an_address_the_trainer_is_told(
    app: Flask, anonymous: Visitor, frozen: time_machine.Traveller
) -> None:
    training = a_training(app, "shared", client_email=None)
    frozen.shift(timedelta(days=61))
    page = follow(anonymous, anonymous.submit(training.link, form="form[action$='/prevenir']"))
    assert "Claire Montagnier sait que vous avez besoin d’un nouveau lien" in text_of(page)
    (message,) = story.messages(app, training)
    assert (message["letter"], message["to"]) == ("call_trainer", TRAINER)
    assert "/l/" not in message["text"]
    assert "Prochaine étape : ouvrez la session, créez un nouveau lien" in message["text"]


def test_a_completed_request_says_so(app: Flask, anonymous: Visitor) -> None:
    training = a_training(app, "sent")
    page = anonymous.get(training.link)
    assert "Votre demande est déjà complète" in text_of(page)
    assert "Commencer" not in text_of(page)
    space = follow(anonymous, anonymous.submit(page, button="Ouvrir mon espace"))
    assert "Déposez votre demande chez Constructys" in text_of(space)


def test_a_link_by_hand_may_be_prefilled_by_the_trainer(
    app: Flask, trainer: Visitor, client_of: Callable[[int], Visitor]
) -> None:
    """One may begin, the other end: what the trainer typed is there for the client."""
    training = a_training(app, "shared")
    screens.fill(
        trainer, training.step("client"), {"siret": VASSEUR["siret"], "legal_name": "Vasseur"}
    )
    client = client_of(training.id)
    shown = controls(client.get(training.client_step("entreprise")))
    assert shown["legal_name"] == "Vasseur"
    assert shown["siret"] == VASSEUR["siret"].replace(" ", "")
