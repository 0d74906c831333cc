"""The steps of a session, filled in by a plain browser: lists, drafts, ways back, copies."""

from collections.abc import Callable
from datetime import date

import pytest
import time_machine
from flask import Flask
from werkzeug.test import TestResponse

from tests import screens, story
from tests.conftest import TRAINER, sign_in
from tests.pages import Visitor, soup_of, text_of
from tests.screens import autosave, controls, fill, follow, section, text_in
from tests.story import VASSEUR, a_training

pytestmark = pytest.mark.usefixtures("frozen")
app = story.app_of_the_module()
trainer = story.trainer_of_the_module()
alone = story.app_of_one_test()


def press(visitor: Visitor, page: TestResponse, button: str, **typed: str) -> TestResponse:
    return visitor.submit(page, dict(typed), form="#etape", button=button)


def names(page: TestResponse) -> list[str]:
    """« Prénom Nom » of each row of people, as typed."""
    shown = controls(page)
    count = sum(name.endswith("-first_name") for name in shown)
    return [
        f"{shown[f'people-{n}-first_name']} {shown[f'people-{n}-last_name']}".strip()
        for n in range(count)
    ]


def days(page: TestResponse) -> list[str]:
    return [value for name, value in controls(page).items() if name.endswith("-date")]


# --- Days


def test_days_are_added_and_removed_without_losing_what_was_typed(
    app: Flask, trainer: Visitor
) -> None:
    training = a_training(app, schedule=None)
    page = trainer.get(training.step("dates"))
    typed = {"days-0-date": "2027-01-15", "access_notes": "Sonner deux fois"}
    page = press(trainer, page, "Ajouter un jour", **typed)
    page = press(trainer, page, "Ajouter un jour", **{"days-1-morning_starts": "10:00"})
    assert days(page) == ["2027-01-15", "2027-01-18", "2027-01-19"]
    assert controls(page)["days-2-morning_starts"] == "10:00"
    page = press(trainer, page, "Retirer le jour 2")
    assert days(page) == ["2027-01-15", "2027-01-19"]
    assert controls(page)["access_notes"] == "Sonner deux fois"
    assert text_in(soup_of(page.text).select_one("#duree")) == "2 jours · 13 heures"
    page = press(trainer, page, "Retirer le jour 1")
    assert "Retirer le jour" not in text_of(page)  # the last one stays


def test_two_days_and_a_half_make_seventeen_hours_and_a_half(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, schedule=None)
    three = story.schedule(story.first_days(3))
    half = {"days-2-afternoon_starts": "", "days-2-afternoon_ends": ""}
    page = follow(trainer, fill(trainer, training.step("dates"), {**three, **half}))
    text = text_of(page)
    assert "du 12 au 14 janvier 2027" in text
    assert "3 jours · 17 h 30" in text
    assert (
        "Le programme prévoit 14 heures, vos créneaux en totalisent 17 h 30. "
        "Les documents reprendront la durée des créneaux."
    ) in text


def test_a_day_may_hold_one_half_only(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, schedule=None)
    only = story.schedule([date(2027, 1, 12)], ("", "", "14:00", "16:45"))
    page = follow(trainer, fill(trainer, training.step("dates"), only))
    assert "1 jour · 2 h 45" in text_of(page)


@pytest.mark.parametrize(
    ("mode", "place", "seen"),
    [
        ("client", "", "Chez le client"),
        ("other", "Salle des fêtes, Beaune", "Salle des fêtes, Beaune"),
        ("remote", "", "À distance"),
    ],
)
def test_where_it_takes_place(
    app: Flask, trainer: Visitor, mode: str, place: str, seen: str
) -> None:
    training = a_training(app, schedule=None)
    answers = story.schedule(story.first_days(), place_mode=mode, place=place)
    page = follow(trainer, fill(trainer, training.step("dates"), answers))
    assert f"Lieu{seen}" in section(page, "Formation")


def test_the_place_proposed_is_the_client_s(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, way="self", schedule=None)
    page = trainer.get(training.step("dates"))
    assert controls(page)["place"] == "14 rue des Forges, 21200 Beaune"
    assert controls(page)["days-0-morning_starts"] == "09:00"


# --- People


def test_people_are_added_and_removed(app: Flask, client_of: Callable[[int], Visitor]) -> None:
    training = a_training(app, "shared")
    client = client_of(training.id)
    page = client.get(training.client_step("stagiaires"))
    typed = {"people-0-first_name": "Amine", "people-0-last_name": "Rahmani", "headcount": "3"}
    page = press(client, page, "Ajouter une personne", **typed)
    typed = {"people-1-first_name": "Lucie", "people-1-last_name": "Pernot"}
    page = press(client, page, "Ajouter une personne", **typed)
    assert names(page) == ["Amine Rahmani", "Lucie Pernot", ""]
    page = press(client, page, "Retirer le ou la stagiaire 1")
    assert names(page) == ["Lucie Pernot", ""]
    assert controls(page)["headcount"] == "3"


def test_a_pasted_list_keeps_its_bad_lines_in_the_box(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, way="self", trainees=None)
    page = trainer.get(training.step("stagiaires"))
    pasted = "\n".join(
        (
            "Amine Rahmani, amine.rahmani@menuiserie-vasseur.example",
            "PERNOT\tLucie\tlucie.pernot@menuiserie-vasseur.example",
            "Yann Le Goff, yann@",
            "Fatou",
            "",
            "Bastien Moreau",
        )
    )
    page = press(trainer, page, "Lire la liste", pasted=pasted)
    text = text_of(page)
    assert "2 lignes à corriger, les autres sont ajoutées ci-dessus." in text
    assert "Ligne 3 : adresse e-mail incomplète (yann@)" in text
    assert "Ligne 4 : il manque le prénom ou le nom (Fatou)" in text
    assert names(page) == ["Amine Rahmani", "Lucie PERNOT", "Bastien Moreau"]
    assert controls(page)["people-1-email"] == "lucie.pernot@menuiserie-vasseur.example"
    assert controls(page)["headcount"] == "3"
    assert controls(page)["pasted"] == "Yann Le Goff, yann@\nFatou"

    refused = press(trainer, page, "Continuer")
    screens.assert_refused(
        refused, "pasted", "Cette liste n’est pas encore lue : choisissez « Lire la liste »"
    )
    page = press(trainer, refused, "Lire la liste", pasted="Yann Le Goff\nFatou Diallo")
    page = follow(trainer, press(trainer, page, "Continuer"))
    assert "Amine Rahmani, Lucie PERNOT, Bastien Moreau, Yann Le Goff, Fatou Diallo" in text_of(
        page
    )


def test_reading_the_same_list_twice_adds_nobody(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, way="self", trainees=None)
    page = trainer.get(training.step("stagiaires"))
    for _ in range(2):
        page = press(trainer, page, "Lire la liste", pasted="Amine Rahmani\nLucie Pernot")
    assert names(page) == ["Amine Rahmani", "Lucie Pernot"]


def test_the_number_of_people_may_come_before_their_names(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, way="self", trainees=None)
    page = follow(trainer, fill(trainer, training.step("stagiaires"), {"headcount": "6"}))
    assert "6 personnes6 noms à venir" in section(page, "Stagiaires")
    page = fill(
        trainer,
        training.step("stagiaires") + "?retour=verifier",
        {"people-0-first_name": "Amine", "people-0-last_name": "Rahmani"},
    )
    assert "6 personnesAmine Rahmani, 5 noms à venir" in section(
        follow(trainer, page), "Stagiaires"
    )


def test_no_number_and_no_name_is_asked_again(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, way="self", trainees=None)
    page = fill(trainer, training.step("stagiaires"), {})
    screens.assert_refused(page, "headcount", "Indiquez le nombre de stagiaires, ou leurs noms")


def test_a_need_for_adaptation_is_a_yes_and_a_call(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, way="self", trainees=None)
    page = trainer.get(training.step("stagiaires"))
    assert "Inès Rocher, référence handicap, vous appellera" in text_of(page)
    page = follow(trainer, fill(trainer, page, {"headcount": "2", "needs_adaptation": "oui"}))
    assert "Besoin d’adaptationOui, nous vous appellerons" in section(page, "Stagiaires")


# --- Funding


def test_who_pays_is_asked_unless_there_is_no_opco(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, way="self", funding=None)
    page = fill(trainer, training.step("client"), {"funder": "CONSTRUCTYS"})
    screens.assert_refused(
        page, "subrogation", "Dites qui paiera : l’OPCO directement, ou l’entreprise d’abord"
    )
    assert "Constructys paie directement (subrogation, recommandé)" in text_of(page)
    fill(trainer, page, {"funder": "none"})
    text = section(trainer.get(training.page + "verifier"), "Financement")
    assert text.startswith("Financement OPCOSans OPCO")
    assert "Subrogation" not in text


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
    assert days(page) == ["", ""]
    assert controls(page)["days-1-afternoon_ends"] == "17:00"
    new = {"days-0-date": "2027-03-02", "days-1-date": "2027-03-03"}
    page = follow(trainer, fill(trainer, page, new))
    assert page.request.path == copy.step("stagiaires")
    assert names(page) == [""]
    page = follow(trainer, fill(trainer, page, {"headcount": "4"}))
    text = text_of(page)
    assert "1 900,00 € net de taxe Par jour : 950,00 €".replace(" Par", "Par") in text
    assert "2 et 3 mars 2027" in text
    assert "Menuiserie Vasseur" in text
    assert "12 et 13 janvier 2027" in text_of(trainer.get(training.page))
