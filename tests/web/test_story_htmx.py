"""What htmx shows after each answer is what a reload shows: nobody sees two portals."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import time_machine
from flask import Flask

from tests import screens, story
from tests.conftest import TRAINER, sign_in
from tests.pages import Visitor, apply_fragment, soup_of, text_of
from tests.screens import (
    autosave,
    controls,
    fill,
    follow,
    htmx_post,
    plain,
    same_as_reloaded,
    swapped,
    text_in,
)
from tests.story import TEAM, VASSEUR, a_training

pytestmark = pytest.mark.usefixtures("frozen")
app = story.app_of_the_module()
trainer = story.trainer_of_the_module()

PASTED = "Amine Rahmani, amine@menuiserie-vasseur.example\nLucie\nYann Le Goff"


def test_a_draft_saves_itself_and_says_when(app: Flask, frozen: time_machine.Traveller) -> None:
    frozen.move_to(datetime(2026, 11, 23, 13, 32, tzinfo=UTC))
    trainer = sign_in(app, TRAINER)
    training = a_training(app, programme=None, schedule=None)
    page = trainer.get(training.step("dates"))
    assert "Brouillon enregistré" not in text_of(page)
    answer = autosave(trainer, page, {"days-0-date": "2027-01-12"})
    assert answer.status_code == 200
    assert "Brouillon enregistré à 14 h 32" in text_of(answer)
    assert "12 janvier 2027" in text_in(soup_of(answer.text).select_one("#recap"))
    same_as_reloaded(trainer, page, answer, None)


EDITS: list[tuple[str, dict[str, str], str, str]] = [
    ("dates", {"days-0-date": "2027-01-15"}, "ajouter-jour", "Jour 2"),
    ("dates", {"access_notes": "Au fond de la cour"}, "ajouter-jour", "Au fond de la cour"),
    ("stagiaires", {"people-0-first_name": "Amine"}, "ajouter-personne", "Stagiaire 2"),
    ("stagiaires", {"people-0-first_name": "Amine"}, "retirer-personne-0", "Qui participe ?"),
    ("stagiaires", {"pasted": PASTED}, "lire-liste", "Ligne 2 : il manque le prénom ou le nom"),
]


@pytest.mark.parametrize(("slug", "typed", "action", "seen"), EDITS)
def test_a_list_changes_in_place(
    app: Flask, trainer: Visitor, slug: str, typed: dict[str, str], action: str, seen: str
) -> None:
    training = a_training(app, way="self", schedule=None, trainees=None)
    page = trainer.get(training.step(slug))
    answer = htmx_post(trainer, page, typed, action=action)
    assert answer.status_code == 200
    assert seen in text_of(answer) or seen in answer.text
    if action != "lire-liste":  # what is wrong with a line is said once, at the reading
        same_as_reloaded(trainer, page, answer, "questions")
    assert len(soup_of(answer.text).select("[autofocus]")) == 1


def test_the_next_day_keeps_the_hours_and_skips_the_week_end(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, schedule=None)
    page = trainer.get(training.step("dates"))
    typed = {"days-0-date": "2027-01-15", "days-0-morning_starts": "08:30"}
    answer = htmx_post(trainer, page, typed, action="ajouter-jour")
    shown = controls(answer, "questions")
    assert shown["days-1-date"] == "2027-01-18"  # Friday, then Monday
    assert shown["days-1-morning_starts"] == "08:30"
    assert "2 jours · 15 heures" in text_of(answer)


def test_a_page_changed_by_htmx_is_then_submitted_whole(app: Flask, trainer: Visitor) -> None:
    """The hidden versions and the edit id survive the swaps: no conflict with oneself."""
    training = a_training(app, way="self", schedule=None)
    page = trainer.get(training.step("dates"))
    typed = {"days-0-date": "2027-01-12"}
    saved = swapped(page, autosave(trainer, page, typed))
    added = swapped(saved, htmx_post(trainer, saved, typed, action="ajouter-jour"), "questions")
    page = follow(trainer, fill(trainer, added, {}))
    assert page.request.path == training.step("stagiaires")
    assert "12 et 13 janvier 2027" in text_of(page)


def test_a_past_client_is_taken_in_place(app: Flask, trainer: Visitor) -> None:
    a_training(app, "sent")
    training = a_training(app, way="self", company=None, funding=None)
    page = trainer.get(training.step("client"))
    known = {"past_client": screens.tile(page, "Menuiserie Vasseur, Beaune")}
    answer = htmx_post(trainer, page, known, action="reprendre-client")
    assert controls(answer, "questions")["signatory_last_name"] == "Vasseur"
    same_as_reloaded(trainer, page, answer, "questions")


@pytest.mark.parametrize("door", ["formateur", "client"])
def test_papers_arrive_by_themselves(
    app: Flask, trainer: Visitor, client_of: Callable[[int], Visitor], door: str
) -> None:
    training = a_training(app, "sent")
    visitor, url = trainer, training.page
    if door == "client":
        visitor, url = client_of(training.id), training.space
    page = visitor.get(url)
    assert text_of(page).count("En préparation") == 3
    asked = str(soup_of(page.text).select_one("#documents")["hx-get"])  # type: ignore[index]
    waiting = visitor.hx(asked)
    assert waiting.status_code == 200
    same_as_reloaded(visitor, page, waiting, "prepares")
    plain = visitor.get(asked)
    assert "Actualiser la page" in text_of(plain)

    story.made(app, training)
    story.work(app)
    done = visitor.hx(asked)
    assert done.status_code == 286  # htmx stops asking
    assert "hx-get" not in done.text
    assert text_of(done).count("Télécharger") == 3
    same_as_reloaded(visitor, page, done, "prepares")


def test_searching_redraws_the_list_alone(app: Flask, trainer: Visitor) -> None:
    a_training(app, "sent")
    a_training(app, way="self", company={"legal_name": "Garage du Vallon"})
    page = trainer.get("/formateur/")
    answer = trainer.hx("/formateur/?etat=en-cours&q=vallon", target="sessions")
    assert "1 session trouvée" in text_of(answer)
    assert "Menuiserie Vasseur" not in text_of(answer)
    after = soup_of(apply_fragment(page.text, answer.text, "sessions")).select_one("#sessions")
    reloaded = soup_of(trainer.get("/formateur/?etat=en-cours&q=vallon").text)
    assert str(after).split() == str(reloaded.select_one("#sessions")).split()


def test_two_versions_show_in_place_and_one_press_keeps_mine(
    app: Flask, trainer: Visitor, client_of: Callable[[int], Visitor]
) -> None:
    """The other person saved while this page was open; then a button of the list is pressed."""
    training = a_training(app, "shared")
    client = client_of(training.id)
    page = trainer.get(training.step("stagiaires"))
    fill(client, training.client_step("stagiaires"), {"headcount": "3"})
    typed = {"headcount": "8"}
    answer = htmx_post(trainer, page, typed, action="ajouter-personne")
    assert answer.status_code == 409
    assert screens.compared(answer) == {"Nombre de stagiaires": ("8", "3")}
    page = swapped(page, answer, "questions")
    follow(trainer, fill(trainer, page, {}, button="Garder mes réponses"))
    assert "8 personnes" in text_of(trainer.get(training.step("stagiaires")))


@pytest.mark.parametrize("target", ["entreprise", "stagiaires", "financement"])
def test_the_client_s_drafts_save_themselves_too(
    app: Flask, client_of: Callable[[int], Visitor], target: str
) -> None:
    training = a_training(app, "shared")
    client = client_of(training.id)
    page = client.get(training.client_step(target))
    typed: dict[str, dict[str, str]] = {
        "entreprise": VASSEUR | {"siret": "900 553"},
        "stagiaires": {"people-0-last_name": TEAM[0][1], "people-0-email": "amine@"},
        "financement": {"funder": "ATLAS"},
    }
    answer = autosave(client, page, typed[target])
    assert "Brouillon enregistré à 10 h 00" in text_of(answer)
    assert "Erreur" not in text_of(answer)
    same_as_reloaded(client, page, answer, None)
    kept = controls(client.get(training.client_step(target)))
    assert {name: plain(kept[name]) for name in typed[target]} == typed[target]
