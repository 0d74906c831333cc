"""A change that cannot be made, once the documents were sent: it says why, and nothing moved."""

import pytest
from flask import Flask

from portal import workflow
from portal.access.rules import Actor, Role
from portal.accounts import service as accounts
from portal.extensions import db, writing
from portal.training import service as trainings
from portal.training.models import TrainingSession
from portal.training.rules import Event
from tests.conftest import TRAINER, user
from tests.pages import Visitor, text_of
from tests.screens import fill
from tests.story import a_training, messages
from tests.web.test_story_changes import SAVE

pytestmark = pytest.mark.usefixtures("frozen")
REASON = {"reason": "Erreur de saisie"}


def test_no_paper_is_made_again_with_a_hole_where_the_organisation_stands(
    app: Flask, trainer: Visitor
) -> None:
    training = a_training(app, "sent")
    with app.app_context(), writing():
        accounts.organisation().iban = ""
    before = len(messages(app, training))
    answers = {"price_basis": "flat", "unit_price": "1 500", **REASON}
    refused = fill(trainer, training.step("programme"), answers, button=SAVE)
    assert refused.status_code == 422
    assert "l’IBAN de l’organisme" in text_of(refused)
    light = fill(trainer, training.step("client"), {"phone": "01 99 00 12 34", **REASON}, SAVE)
    assert light.status_code == 303  # what no paper prints may change
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        assert row.price_cents == 240_000
        assert {document.version for document in row.documents} == {1}
    assert len(messages(app, training)) == before


@pytest.mark.parametrize("at", ["sent", "received", "signed"])
def test_an_answer_to_correct_changes_nothing_of_what_stands(
    app: Flask, trainer: Visitor, at: str
) -> None:
    training = a_training(app, at)
    before = len(messages(app, training))
    page = trainer.get(training.step("client"))
    refused = fill(trainer, page, {"siret": "900 553", "phone": "0199001234", **REASON}, SAVE)
    assert refused.status_code == 422
    with app.app_context():
        company = db.session.get_one(TrainingSession, training.id).company
        assert company is not None
        assert company.siret != "900553"
        assert company.phone != "0199001234"
    assert len(messages(app, training)) == before


def test_the_corridor_refuses_what_the_page_did_not_look_at(app: Flask) -> None:
    """The page validates before it calls; the act does not rely on it."""
    told = a_training(app, "sent")
    with app.app_context():
        training, person = db.session.get_one(TrainingSession, told.id), user(TRAINER)
        stands = trainings.answers_of(training, "company")
        assert stands is not None
        typed = stands.raw | {"siret": ["900 553"], "phone": ["0199001234"]}
        saved = {"version": stands.version, "edit_id": "another-page", "final": True}
        with pytest.raises(workflow.Refused, match="réponses à corriger"):
            workflow.perform(
                Event.AMEND,
                training,
                Actor(Role.TRAINER, person.id, person.name),
                topics=[("company", typed, saved)],
                **REASON,
            )
    with app.app_context():
        company = db.session.get_one(TrainingSession, told.id).company
        assert company is not None
        assert company.phone != "0199001234"
