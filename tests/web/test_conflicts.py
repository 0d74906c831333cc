"""Two people, two tabs, two presses: nothing typed is ever lost."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from portal.documents.models import Document
from portal.extensions import db
from tests import screens, story
from tests.pages import Visitor, soup_of, text_of
from tests.screens import autosave, compared, controls, fill, follow
from tests.story import VASSEUR, a_training

pytestmark = pytest.mark.usefixtures("frozen")
app = story.app_of_the_module()
trainer = story.trainer_of_the_module()

ClientOf = Callable[[int], Visitor]


# --- Two people


def test_both_values_are_shown_and_the_second_press_keeps_mine(
    app: Flask, trainer: Visitor, client_of: ClientOf, frozen: time_machine.Traveller
) -> None:
    training = a_training(app, "shared")
    client = client_of(training.id)
    page = trainer.get(training.step("client"))
    frozen.shift(timedelta(minutes=5))
    fill(client, training.client_step("entreprise"), VASSEUR)
    typed = {"legal_name": "Vasseur et filles", "siret": "900 553 124 0001", "funder": "none"}
    page = fill(trainer, page, typed)

    assert page.status_code == 409
    text = text_of(page)
    assert "Client a enregistré cette page à 10 h 05, après que vous l’avez ouverte." in text
    assert "Rien n’est perdu : vos réponses sont dans le formulaire ci-dessous." in text
    differences = compared(page)
    assert differences["Raison sociale"] == ("Vasseur et filles", "Menuiserie Vasseur")
    assert differences["SIRET"] == ("900 553 124 0001", "900 553 124 00018")
    assert differences["Ville"] == ("(vide)", "Beaune")
    assert "Téléphone" in differences
    assert controls(page)["legal_name"] == "Vasseur et filles"

    mine = {name: VASSEUR[name] for name in VASSEUR if name not in ("legal_name",)}
    page = fill(trainer, page, mine, button="Garder mes réponses et continuer")
    assert page.status_code == 303
    assert "Vasseur et filles" in text_of(trainer.get(training.page))


def test_the_saved_answers_can_be_taken_instead(
    app: Flask, trainer: Visitor, client_of: ClientOf
) -> None:
    training = a_training(app, "shared")
    client = client_of(training.id)
    page = client.get(training.client_step("stagiaires"))
    fill(trainer, training.step("stagiaires"), {"headcount": "3"})
    page = fill(client, page, {"headcount": "8"})
    assert compared(page) == {"Nombre de stagiaires": ("8", "3")}
    assert "Claire Montagnier a enregistré cette page" in text_of(page)
    other = soup_of(page.text).find("a", string="Reprendre plutôt les réponses enregistrées")
    assert other is not None
    assert controls(client.get(str(other["href"])))["headcount"] == "3"  # type: ignore[index]


def test_an_autosave_never_covers_what_somebody_else_saved(
    app: Flask, trainer: Visitor, client_of: ClientOf
) -> None:
    training = a_training(app, "shared")
    client = client_of(training.id)
    page = client.get(training.client_step("stagiaires"))
    fill(trainer, training.step("stagiaires"), {"headcount": "3"})
    answer = autosave(client, page, {"headcount": "8"})
    assert answer.status_code == 409
    assert (
        "Claire Montagnier a aussi modifié cette page. « Continuer » vous montrera les deux "
        "versions."
    ) in text_of(answer)
    assert controls(trainer.get(training.step("stagiaires")))["headcount"] == "3"
    page = fill(client, screens.swapped(page, answer), {"headcount": "8"})
    assert page.status_code == 409  # « Continuer » shows both, as it was told
    assert compared(page) == {"Nombre de stagiaires": ("8", "3")}


def test_different_topics_never_conflict(app: Flask, trainer: Visitor, client_of: ClientOf) -> None:
    training = a_training(app, "shared")
    client = client_of(training.id)
    pages = [client.get(training.client_step(slug)) for slug in ("entreprise", "stagiaires")]
    fill(trainer, training.step("dates"), {"days-0-morning_starts": "08:30"})
    assert fill(client, pages[0], VASSEUR).status_code == 303
    assert fill(client, pages[1], {"headcount": "4"}).status_code == 303


# --- One person


def test_nobody_conflicts_with_their_own_autosaves(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, way="self")
    page = trainer.get(training.step("client"))
    for name in ("V", "Va", "Vasseur"):
        assert autosave(trainer, page, {"legal_name": name}).status_code == 200
    assert fill(trainer, page, {"legal_name": "Vasseur Bois"}).status_code == 303
    assert "Vasseur Bois" in text_of(trainer.get(training.page))


def test_a_late_autosave_never_brings_old_values_back(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, way="self")
    page = trainer.get(training.step("client"))
    assert fill(trainer, page, {"legal_name": "Vasseur Bois"}).status_code == 303
    late = autosave(trainer, page, {"legal_name": "Vass"})
    assert late.status_code == 204
    assert "Vasseur Bois" in text_of(trainer.get(training.page))
    refused = fill(trainer, training.step("client"), {"siret": "12"})
    assert autosave(trainer, refused, {"siret": "123"}).status_code == 200  # the page shown now


def test_two_tabs_of_one_person_are_two_versions(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, way="self")
    first, second = (trainer.get(training.step("programme")) for _ in range(2))
    price = {"price_basis": "day", "unit_price": "900"}
    assert fill(trainer, first, price).status_code == 303
    page = fill(trainer, second, {"price_basis": "flat", "unit_price": "1 600"})
    assert page.status_code == 409
    assert compared(page)["Prix hors taxes"] == ("1 600", "900")


def test_pressing_continue_twice_saves_once(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, way="self", trainees=None)
    page = trainer.get(training.step("stagiaires"))
    for _ in range(2):
        answer = fill(trainer, page, {"headcount": "6"})
        assert answer.headers["Location"] == training.page + "verifier"
    assert "6 personnes" in text_of(follow(trainer, answer))


def test_creating_twice_from_one_page_makes_one_session(app: Flask, trainer: Visitor) -> None:
    page = trainer.get("/formateur/sessions/nouvelle")
    first, second = (trainer.submit(page, {"way": "self"}) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    ref = story.told_at(app, first.headers["Location"]).ref
    assert "1 session trouvée" in text_of(trainer.get(f"/formateur/?q={ref}"))


# --- Sending


def issued(app: Flask, training: story.Told) -> list[tuple[str, int]]:
    with app.app_context():
        query = db.select(Document).filter_by(training_id=training.id).order_by(Document.id)
        return [(row.kind, row.version) for row in db.session.scalars(query)]


FIRST_SET = [("devis", 1), ("convention", 1), ("programme", 1)]


def test_sending_twice_makes_one_set_and_shows_the_same_result(
    app: Flask, trainer: Visitor, client_of: ClientOf
) -> None:
    by_trainer = a_training(app, way="self")
    page = trainer.get(by_trainer.page + "verifier")
    for _ in range(2):
        answer = trainer.submit(page, button="Envoyer les documents au client")
        assert answer.headers["Location"] == by_trainer.page
    assert issued(app, by_trainer) == FIRST_SET
    assert len(story.messages(app, by_trainer)) == 2

    by_client = a_training(app, "shared")
    client = client_of(by_client.id)
    fill(client, by_client.client_step("entreprise"), VASSEUR)
    fill(client, by_client.client_step("stagiaires"), {"headcount": "4"})
    fill(client, by_client.client_step("financement"), {"funder": "unknown", "subrogation": "non"})
    page = client.get(by_client.space + "verifier")
    for _ in range(2):
        answer = client.submit(page, button="Envoyer et recevoir les documents")
        assert "C’est envoyé" in text_of(follow(client, answer))
    assert issued(app, by_client) == FIRST_SET
    assert [m["letter"] for m in story.messages(app, by_client)] == [
        "invitation", "documents_to_client", "documents_to_trainer",
    ]  # fmt: skip


def test_papers_leave_while_the_client_was_still_typing(
    app: Flask, trainer: Visitor, client_of: ClientOf
) -> None:
    training = a_training(app, "shared")
    client = client_of(training.id)
    fill(trainer, training.step("client"), {**VASSEUR, "funder": "none"})
    fill(trainer, training.step("stagiaires"), {"headcount": "4"})
    page = client.get(training.client_step("entreprise"))
    check = trainer.get(training.page + "verifier")
    trainer.submit(check, button="Envoyer les documents au client")
    late = autosave(client, page, {"legal_name": "Vasseur Bois"})
    assert late.status_code == 409
    assert "Les documents sont déjà envoyés" in text_of(late)
    told = follow(client, fill(client, page, {"legal_name": "Vasseur Bois"}))
    assert told.request.path == training.space
    assert "Les documents sont déjà partis : cette réponse n’a pas été changée." in text_of(told)
    assert "Menuiserie Vasseur" in text_of(trainer.get(training.page))
    assert issued(app, training) == FIRST_SET


def test_papers_leave_while_the_trainer_was_still_typing(app: Flask, trainer: Visitor) -> None:
    """The save becomes an amendment, which asks for its reason; what was typed stays."""
    training = a_training(app, way="self")
    page = trainer.get(training.step("programme"))
    trainer.submit(training.page + "verifier", button="Envoyer les documents au client")
    page = fill(trainer, page, {"price_basis": "day", "unit_price": "900"})
    assert page.status_code == 422
    assert "Indiquez la raison, en quelques mots" in text_of(page)
    assert screens.plain(controls(page)["unit_price"]) == "900,00"
    assert issued(app, training) == FIRST_SET
