"""Leaving a draft and coming back: kept as typed, resumed where it stands, copied, reused."""

import pytest
import time_machine
from flask import Flask

from tests import screens, story
from tests.conftest import TRAINER, sign_in
from tests.pages import Visitor, soup_of, text_of
from tests.screens import (
    autosave,
    controls,
    days_typed,
    fill,
    follow,
    people_typed,
    press,
    section,
    text_in,
)
from tests.story import VASSEUR, a_training

pytestmark = pytest.mark.usefixtures("frozen")
app = story.app_of_the_module()
trainer = story.trainer_of_the_module()
alone = story.app_of_one_test()


# --- Drafts


def test_save_and_come_back_later(alone: Flask) -> None:
    trainer = sign_in(alone, TRAINER)
    training = a_training(alone, way="self", programme=None, schedule=None, trainees=None)
    typed = {"unit_price": "mille"}
    page = fill(trainer, training.step("programme"), typed, "Enregistrer et reprendre plus tard")
    page = follow(trainer, page)
    assert page.request.path == training.page
    assert (
        "Il reste à compléter le programme et le prix, les dates et le lieu et les stagiaires."
        in text_of(page)
    )
    page = trainer.get("/formateur/")
    assert "Terminer votre brouillon « sans programme »" in section(page, "À faire 1")
    resume = soup_of(page.text).select_one(".todo-list a")
    assert resume is not None
    page = follow(trainer, trainer.get(str(resume["href"])))
    assert page.request.path == training.step("programme")
    assert controls(page)["unit_price"] == "mille"


def test_resuming_leads_to_the_first_step_still_missing(app: Flask, trainer: Visitor) -> None:
    resume = "reprendre"
    begun = a_training(app, way="self", schedule=None, trainees=None)
    assert trainer.get(begun.page + resume).headers["Location"] == begun.step("dates")
    whole = a_training(app, way="self")
    assert trainer.get(whole.page + resume).headers["Location"] == whole.page + "verifier"
    by_link = a_training(app)
    assert trainer.get(by_link.page + resume).headers["Location"] == by_link.page + "verifier"
    sent = a_training(app, "sent")
    assert trainer.get(sent.page + resume).headers["Location"] == sent.page


def test_an_autosave_keeps_even_what_is_wrong_and_is_no_act(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, way="self", company=None, funding=None)
    page = trainer.get(training.step("client"))
    answer = autosave(trainer, page, {"siret": "900 553 124 0001", "legal_name": "Vass"})
    assert "il en manque" not in text_of(answer)
    journal = section(trainer.get(training.page), "Journal")
    assert journal.count("Étape enregistrée") == 1  # the steps filled in before
    page = trainer.get(training.step("client"))
    assert controls(page)["siret"] == "900 553 124 0001"
    assert controls(page)["legal_name"] == "Vass"
    assert "Erreur" not in text_of(page)
    assert "Client à préciser" in text_of(trainer.get(training.page))  # no column holds it


def test_an_invalid_step_is_not_an_act_either(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, way="self", company=None, funding=None)
    assert fill(trainer, training.step("client"), {"siret": "1"}).status_code == 422
    assert section(trainer.get(training.page), "Journal").count("Étape enregistrée") == 1
    fill(trainer, training.step("client"), {**VASSEUR, "funder": "none"})
    assert section(trainer.get(training.page), "Journal").count("Étape enregistrée") == 2


def test_the_faults_of_a_submitted_step_are_still_shown_later(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, way="self", company=None)
    fill(trainer, training.step("client"), VASSEUR | {"siret": "900 553 124 0001"})
    page = trainer.get(training.step("client"))
    assert screens.at_field(page, "siret") == "Le SIRET compte 14 chiffres, il en manque 1"


def test_a_session_that_began_before_it_was_sent(
    alone: Flask, frozen: time_machine.Traveller
) -> None:
    training = a_training(alone, way="self")
    frozen.move_to("2027-01-12 09:00:00+00:00")
    late = sign_in(alone, TRAINER)
    sentence = (
        "La formation commence aujourd’hui ou a déjà commencé : choisissez une date à venir, car "
        "la convention se signe avant le début"
    )
    page = late.get(training.page + "verifier")
    assert sentence in text_of(page)
    refused = late.submit(page, button="Envoyer les documents au client")
    assert refused.status_code == 422
    assert text_of(refused).count(sentence) == 1
    assert "Vérifier et envoyer" in text_of(late.get(training.page))


# --- Ways back, and what is proposed again


def test_a_change_from_the_check_page_returns_to_it(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, way="self")
    page = trainer.get(training.page + "verifier")
    change = next(
        a for a in soup_of(page.text).select(".answers a") if "la raison sociale" in text_in(a)
    )
    page = follow(trainer, fill(trainer, str(change["href"]), {"legal_name": "Vasseur Bois"}))
    assert page.request.path == training.page + "verifier"
    assert "Vasseur Bois" in section(page, "Client")
    refused = fill(trainer, training.step("client") + "?retour=verifier", {"siret": "1"})
    page = follow(trainer, fill(trainer, refused, {"siret": VASSEUR["siret"]}))
    assert page.request.path == training.page + "verifier"  # the way back survives a fault


def test_the_check_page_leads_to_what_is_missing(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, way="self", schedule=None, trainees=None)
    page = trainer.get(training.page + "verifier")
    links = {text_in(a): str(a["href"]) for a in soup_of(page.text).select("#manque a")}
    assert links == {
        "Complétez les dates et le lieu": training.step("dates") + "?retour=verifier",
        "Complétez les stagiaires": training.step("stagiaires") + "?retour=verifier",
    }
    refused = trainer.submit(page, button="Envoyer les documents au client")
    assert refused.status_code == 422
    assert "Il manque encore : les dates et le lieu, les stagiaires" in text_of(refused)


def test_a_past_client_is_proposed_and_taken(
    app: Flask, trainer: Visitor, other_trainer: Visitor
) -> None:
    known = {"siret": "444 555 668 00011", "legal_name": "Garage du Vallon", "city": "Autun"}
    a_training(app, "sent", company=known)
    training = a_training(app, way="self", company=None)
    page = trainer.get(training.step("client"))
    client = {"past_client": screens.tile(page, "Garage du Vallon, Autun")}
    page = press(trainer, page, "Reprendre ce client", **client)
    shown = controls(page)
    assert screens.plain(shown["phone"]) == VASSEUR["phone"]
    assert shown["signatory_email"] == VASSEUR["signatory_email"]
    page = follow(trainer, press(trainer, page, "Continuer"))
    assert "SIRET 444 555 668 00011" in text_of(page)

    theirs = a_training(app, way="self", company=None, trainer=story.conftest.OTHER_TRAINER)
    assert "Garage du Vallon" not in text_of(other_trainer.get(theirs.step("client")))


def test_a_copy_asks_for_its_own_dates_and_people(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, "sent", programme={"price_basis": "day", "unit_price": "950"})
    page = trainer.get(training.page)
    page = follow(trainer, trainer.submit(page, form='form[action$="/dupliquer"]'))
    copy = story.told_at(app, page.request.path)
    assert copy.ref != training.ref
    text = text_of(page)
    assert f"Cette session est une copie de {training.ref} : indiquez ses dates." in text
    assert "Datesà fixer" in text_in(soup_of(page.text).select_one("#recap"))
    assert days_typed(page) == ["", ""]
    assert controls(page)["days-1-afternoon_ends"] == "17:00"
    new = {"days-0-date": "2027-03-02", "days-1-date": "2027-03-03"}
    page = follow(trainer, fill(trainer, page, new))
    assert page.request.path == copy.step("stagiaires")
    assert people_typed(page) == [""]
    page = follow(trainer, fill(trainer, page, {"headcount": "4"}))
    text = text_of(page)
    assert "1 900,00 € net de taxe Par jour : 950,00 €".replace(" Par", "Par") in text
    assert "2 et 3 mars 2027" in text
    assert "Menuiserie Vasseur" in text
    assert "12 et 13 janvier 2027" in text_of(trainer.get(training.page))
