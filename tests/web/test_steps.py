"""The steps of a session, filled in by a plain browser: days, places, people, who pays."""

from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask

from tests import screens, story
from tests.pages import Visitor, soup_of, text_of
from tests.screens import (
    controls,
    days_typed,
    fill,
    focused,
    follow,
    people_typed,
    press,
    section,
    text_in,
)
from tests.story import a_training

pytestmark = pytest.mark.usefixtures("frozen")
app = story.app_of_the_module()
trainer = story.trainer_of_the_module()


# --- Days


def test_days_are_added_and_removed_without_losing_what_was_typed(
    app: Flask, trainer: Visitor
) -> None:
    training = a_training(app, schedule=None)
    page = trainer.get(training.step("dates"))
    typed = {"days-0-date": "2027-01-15", "access_notes": "Sonner deux fois"}
    page = press(trainer, page, "Ajouter un jour", **typed)
    page = press(trainer, page, "Ajouter un jour", **{"days-1-morning_starts": "10:00"})
    assert days_typed(page) == ["2027-01-15", "2027-01-18", "2027-01-19"]
    assert controls(page)["days-2-morning_starts"] == "10:00"
    assert focused(page) == "days-2-date"
    page = press(trainer, page, "Retirer le jour 2")
    assert focused(page) == "days-1-date"
    assert days_typed(page) == ["2027-01-15", "2027-01-19"]
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
    assert people_typed(page) == ["Amine Rahmani", "Lucie Pernot", ""]
    twice = press(client, page, "Retirer le ou la stagiaire 3")
    assert focused(twice) == "people-1-first_name"
    page = press(client, page, "Retirer le ou la stagiaire 1")
    assert people_typed(page) == ["Lucie Pernot", ""]
    assert focused(page) == "people-0-first_name"
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
    assert people_typed(page) == ["Amine Rahmani", "Lucie PERNOT", "Bastien Moreau"]
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
    assert people_typed(page) == ["Amine Rahmani", "Lucie Pernot"]


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
