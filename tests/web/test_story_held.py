"""A session that ends while somebody types: everything comes back once it is opened again."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from tests import screens, story
from tests.conftest import PASSWORD, TRAINER, sign_in
from tests.pages import Visitor, text_of
from tests.screens import autosave, compared, controls, fill, follow, section
from tests.story import VASSEUR, a_training

pytestmark = pytest.mark.usefixtures("frozen")
app = story.app_of_the_module()
trainer = story.trainer_of_the_module()

HELD = "Votre session s’était refermée. Rien n’est perdu : vérifiez, puis envoyez à nouveau."
ClientOf = Callable[[int], Visitor]


def test_a_space_that_closed_gives_everything_back(
    app: Flask, client_of: ClientOf, frozen: time_machine.Traveller
) -> None:
    training = a_training(app, "shared")
    client = client_of(training.id)
    page = client.get(training.client_step("entreprise"))
    frozen.shift(timedelta(minutes=31))
    answer = fill(client, page, VASSEUR | {"siret": "900 553"})
    closed = client.get(answer.headers["Location"])
    assert closed.status_code == 403
    text = text_of(closed)
    assert "Votre espace s’est refermé" in text
    assert "Ce que vous venez d’écrire est gardé deux heures" in text
    assert client.submit(training.link).status_code == 303
    page = client.get(training.client_step("entreprise"))
    assert HELD in text_of(page)
    assert controls(page)["siret"] == "900 553"
    assert controls(page)["signatory_last_name"] == "Vasseur"
    assert screens.at_field(page, "siret") == "Le SIRET compte 14 chiffres, il en manque 8"
    assert fill(client, page, {"siret": VASSEUR["siret"]}).status_code == 303
    assert HELD not in text_of(client.get(training.client_step("entreprise")))


@pytest.mark.parametrize("by_htmx", [False, True])
def test_a_trainer_signed_out_finds_everything_back(
    app: Flask, frozen: time_machine.Traveller, by_htmx: bool
) -> None:
    trainer = sign_in(app, TRAINER)
    training = a_training(app, way="self", company=None)
    page = trainer.get(training.step("client"))
    frozen.shift(timedelta(hours=3))
    if by_htmx:
        answer = autosave(trainer, page, VASSEUR)
        assert answer.status_code == 401
        login = answer.headers["HX-Redirect"]
    else:
        login = fill(trainer, page, VASSEUR).headers["Location"]
    page = trainer.get(login)
    assert "Ce que vous avez écrit" in text_of(page)
    page = follow(trainer, trainer.submit(page, {"email": TRAINER, "password": PASSWORD}))
    assert page.request.path == training.step("client")
    assert HELD in text_of(page)
    assert controls(page)["legal_name"] == "Menuiserie Vasseur"
    assert fill(trainer, page, {}).status_code == 303


def test_a_lost_session_cookie_gives_everything_back(app: Flask, client_of: ClientOf) -> None:
    training = a_training(app, "shared")
    client = client_of(training.id)
    page = client.get(training.client_step("entreprise"))
    client.delete_cookie("__Host-portail", domain="portail.rivage-formation.example")
    page = follow(client, fill(client, page, VASSEUR))
    assert HELD in text_of(page)
    assert controls(page)["legal_name"] == "Menuiserie Vasseur"
    assert fill(client, page, {}).status_code == 303
    assert "Encore 3 étapes" in section(client.get(training.space), "Complétez votre demande")


def test_what_is_given_back_does_not_cover_what_was_saved_meanwhile(
    app: Flask, trainer: Visitor, client_of: ClientOf, frozen: time_machine.Traveller
) -> None:
    training = a_training(app, "shared")
    client = client_of(training.id)
    page = client.get(training.client_step("stagiaires"))
    frozen.shift(timedelta(minutes=31))
    fill(client, page, {"headcount": "8"})
    fill(trainer, training.step("stagiaires"), {"headcount": "3"})
    client.submit(training.link)
    page = client.get(training.client_step("stagiaires"))
    assert controls(page)["headcount"] == "8"
    page = fill(client, page, {})
    assert page.status_code == 409
    assert compared(page) == {"Nombre de stagiaires": ("8", "3")}
