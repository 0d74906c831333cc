"""The gate of coherence on a dossier: nothing is issued, signed nor sealed while papers differ."""

from typing import Any

import pytest
from flask import Flask

from portal import tasks, workflow
from portal.access.rules import Actor, Role
from portal.documents.models import Document
from portal.extensions import db, writing
from portal.signature import service as signatures
from portal.signature.models import Signature
from portal.training.models import TrainingSession
from portal.training.rules import Event
from tests import second_half
from tests.conftest import OFFICE, TRAINER, sign_in
from tests.pages import text_of
from tests.second_half import Answer
from tests.story import Told, a_training, messages

pytestmark = pytest.mark.usefixtures("frozen")
SENTENCE = "Deux documents de ce dossier se contredisent."


def spoil(app: Flask, training: Told, kind: str, *way: str, value: Any) -> None:
    """Another value in the frozen facts of a current paper, as a fault of ours would leave it."""
    with app.app_context(), writing():
        row = db.session.scalars(
            db.select(Document).filter_by(training_id=training.id, kind=kind, superseded_at=None)
        ).one()
        facts = {**row.facts}
        inside = facts
        for step in way[:-1]:
            inside[step] = {**inside[step]}
            inside = inside[step]
        inside[way[-1]] = value
        row.facts = facts


def versions(app: Flask, training: Told) -> list[tuple[str, int]]:
    with app.app_context():
        rows = db.session.scalars(db.select(Document).filter_by(training_id=training.id))
        return [(row.kind, row.version) for row in rows]


def test_issuing_names_the_two_papers_and_where_to_mend(app: Flask) -> None:
    """The convention would leave with 14 hours beside a quote of 21: the whole act is refused."""
    training = a_training(app, "received")
    spoil(app, training, "devis", "schedule", "minutes", value=1_260)
    before, sent = versions(app, training), messages(app, training)
    with app.app_context():
        with pytest.raises(workflow.Refused) as refused:
            second_half.validate(training.id, Answer())
        (sentence,) = refused.value.sentences
        row = db.session.get_one(TrainingSession, training.id)
        assert (row.state, row.granted_cents) == ("agreement_received", None)
    plain = sentence.replace("\u00a0", " ")
    assert plain.startswith("Durée : 21 heures sur le devis D-2026-0001, 14 heures sur la conv")
    assert "« Dates et lieu »" in plain
    assert versions(app, training) == before
    assert messages(app, training) == sent


def test_the_dossier_says_it_before_anybody_tries(app: Flask) -> None:
    training = a_training(app, "received")
    for email, page in ((TRAINER, training.page), (OFFICE, f"/organisme/dossiers/{training.ref}/")):
        assert SENTENCE not in text_of(sign_in(app, email).get(page))
    spoil(app, training, "programme", "programme", "title", value="Autre formation")
    for email, page in ((TRAINER, training.page), (OFFICE, f"/organisme/dossiers/{training.ref}/")):
        shown = text_of(sign_in(app, email).get(page))
        assert SENTENCE in shown
        assert "« Autre formation » sur le programme P-2026-0001" in shown


def test_nothing_is_signed_while_papers_differ(app: Flask) -> None:
    training = a_training(app, "funded")
    spoil(app, training, "devis", "client", "siret", value="11122233700011")
    with app.app_context():
        with pytest.raises(workflow.Refused) as refused:
            second_half.sign(training.id)
        assert "SIRET de l’entreprise" in refused.value.sentences[0]
        row = db.session.get_one(TrainingSession, training.id)
        assert row.signed_at is None
        assert row.signatures == []


def test_an_amount_that_is_not_the_agreements(app: Flask) -> None:
    """The convention shows another sum than the agreement that was validated."""
    training = a_training(app, "funded")
    spoil(app, training, "convention", "funding", "granted", "client_due_cents", value=70_000)
    shown = text_of(sign_in(app, TRAINER).get(training.page))
    assert "Somme due par l’entreprise : 700,00 € sur la convention C-2026-0001 v2" in shown
    assert "800,00 € sur" in shown
    with app.app_context(), pytest.raises(workflow.Refused):
        second_half.sign(training.id)


def test_nothing_is_sealed_while_papers_differ(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    training = a_training(app, "signed")
    sealed: list[int] = []
    monkeypatch.setattr(signatures, "finish", lambda identity: bool(sealed.append(identity)))
    spoil(app, training, "programme", "trainees", "headcount", value=9)
    with app.app_context():
        identity = db.session.scalars(db.select(Signature.id)).one()
        assert tasks.may_seal(identity) is False
        tasks._seal(identity)
    assert sealed == []
    assert "Effectif" in caplog.text
    spoil(app, training, "programme", "trainees", "headcount", value=5)
    with app.app_context():
        tasks._seal(identity)
    assert sealed == [identity]


def test_what_was_signed_is_sealed_whatever_was_corrected_since(app: Flask) -> None:
    """The agreement is corrected and validated again with another sum: an undertaking is asked,
    the convention keeps its signature and gets its seal."""
    training = a_training(app, "signed")
    with app.app_context():
        office = Actor(Role.OFFICE, 3, "Nadia Belkacem")
        row = db.session.get_one(TrainingSession, training.id)
        workflow.perform(Event.CORRECT_AGREEMENT, row, office, reason="Montant mal lu")
        second_half.validate(training.id, Answer(150_000))
        identity = db.session.scalars(db.select(Signature.id)).first()
        assert identity is not None
        assert tasks.may_seal(identity)
        second_half.sign(training.id)
    assert SENTENCE not in text_of(sign_in(app, TRAINER).get(training.page))


@pytest.mark.parametrize("at", ["sent", "filed", "received", "funded", "signed", "running"])
@pytest.mark.parametrize("early", [False, True])
def test_no_dossier_of_ours_contradicts_itself(app: Flask, at: str, early: bool) -> None:
    if early and at in ("sent", "filed"):
        pytest.skip("signed early is told from the agreement on")
    training = a_training(app, at, early=early)
    assert SENTENCE not in text_of(sign_in(app, TRAINER).get(training.page))
