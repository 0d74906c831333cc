"""A change after the funder answered, or after a signature: what falls, what stands, who knows."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask

from portal import workflow
from portal.access.rules import Actor, Role, Scope
from portal.extensions import db
from portal.journal.models import JournalEntry
from portal.signature.models import Signature
from portal.training.models import TrainingSession
from portal.training.rules import Event, State
from tests import second_half, story
from tests.pages import Visitor, soup_of, text_of
from tests.screens import fill, follow, plain
from tests.second_half import ask_code, open_sign_link, press_sign
from tests.story import Told, a_training, messages

pytestmark = pytest.mark.usefixtures("frozen")
app = story.app_of_the_module()
trainer = story.trainer_of_the_module()
ClientOf = Callable[[int], Visitor]
SAVE = "Enregistrer la modification"
PRICE = ("programme", {"price_basis": "flat", "unit_price": "1 500"})  # under what is granted
NAME = ("stagiaires", {"people-0-last_name": "Rahmani-Duval"})
PHONE = ("client", {"phone": "01 99 00 12 34"})
SIGNATORY = (
    "client",
    {"signatory_last_name": "Morel", "signatory_email": "paule.morel@menuiserie-vasseur.example"},
)
COMPANY = ("client", {"legal_name": "Vasseur Bois"})
Change = tuple[str, dict[str, str]]


def changed(app: Flask, trainer: Visitor, training: Told, change: Change) -> tuple[str, list[Any]]:
    """The session's page after that change by the trainer, and the messages that left."""
    before = len(messages(app, training))
    slug, typed = change
    answers = {**typed, "reason": "Erreur de saisie"}
    answer = fill(trainer, training.step(slug), answers, button=SAVE)
    assert answer.status_code == 303, text_of(answer)
    page = text_of(follow(trainer, answer))
    return page, messages(app, training)[before:]


def state(app: Flask, training: Told) -> tuple[str, int | None, int | None, bool]:
    """State, granted, committed (cents), and whether a signature stands."""
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        stands = any(s.voided_at is None for s in row.signatures)
        return row.state, row.granted_cents, row.committed_cents, stands


def current(app: Flask, training: Told) -> dict[str, int]:
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        return {d.kind: d.version for d in row.documents if d.superseded_at is None}


def letters(mails: list[Any]) -> list[str]:
    return sorted(mail["letter"] for mail in mails)


def test_a_phone_number_moves_nothing_after_the_signature(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, "signed")
    before, papers = state(app, training), current(app, training)
    _page, mails = changed(app, trainer, training, PHONE)
    assert (state(app, training), current(app, training), mails) == (before, papers, [])
    assert before == ("funded", 160_000, 80_000, True)


def test_a_need_for_adaptation_is_kept_out_of_the_journal(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, "sent")
    page, mails = changed(app, trainer, training, ("stagiaires", {"needs_adaptation": "oui"}))
    assert "Session modifiée" in page
    assert (page.count("adaptation"), mails) == (0, [])
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        assert row.needs_adaptation
        entries = db.session.scalars(db.select(JournalEntry).filter_by(training_id=training.id))
        assert "adaptation" not in str([entry.body for entry in entries])


def test_a_price_after_the_signature_starts_again(
    app: Flask, trainer: Visitor, client_of: ClientOf, frozen: time_machine.Traveller
) -> None:
    """Back to checking; the figures, the undertaking and the signature fall; all are told."""
    training = a_training(app, "signed")
    frozen.shift(timedelta(minutes=5))
    assert "La signature tombe" in text_of(trainer.get(training.step("programme")))
    page, mails = changed(app, trainer, training, PRICE)
    assert state(app, training) == ("agreement_received", None, None, False)
    assert current(app, training) == {"devis": 3, "convention": 3, "programme": 3}
    assert "La session a changé depuis cet accord" in page
    assert letters(mails) == ["amended_to_office", "amended_to_trainer", "documents_amended"]
    told = {mail["letter"]: mail["text"] for mail in mails}
    assert "Prix : 2 400,00 €, devient 1 500,00 €" in told["documents_amended"]
    assert "Votre OPCO a répondu sur l’ancienne version" in told["documents_amended"]
    space = text_of(client_of(training.id).get(training.space))
    assert "La formation a changé depuis cet accord" in space
    assert "Envoyer le nouvel accord" in space


def test_the_next_signatory_reads_what_changed(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, "signed")
    changed(app, trainer, training, ("programme", {"price_basis": "flat", "unit_price": "2 600"}))
    with app.app_context():
        second_half.validate(training.id, second_half.Answer())
    story.made(app, training)
    visitor, place = open_sign_link(app, training.id)
    page = visitor.get(place)
    card = soup_of(page.text).find(id="change")
    assert card is not None
    section = card.find_parent("section")
    assert section is not None
    said = plain(" ".join(section.get_text(" ").split()))
    assert "Prix 2 400,00 € devient 2 600,00 €" in said
    assert "Reste à charge 800,00 € devient 1 000,00 €" in said
    page, code = ask_code(app, training.id, visitor, place)
    assert press_sign(visitor, page, code).status_code == 303
    assert state(app, training) == ("funded", 160_000, 100_000, True)


def test_a_first_signatory_reads_no_difference(app: Flask) -> None:
    training = a_training(app, "funded")
    story.made(app, training)
    visitor, place = open_sign_link(app, training.id)
    assert "Ce qui a changé" not in text_of(visitor.get(place))


def test_a_trainee_s_name_after_the_signature_makes_an_annex(
    app: Flask, trainer: Visitor, client_of: ClientOf
) -> None:
    training = a_training(app, "signed")
    before = state(app, training)
    assert "la signature reste valable" in text_of(trainer.get(training.step("stagiaires")))
    _page, mails = changed(app, trainer, training, NAME)
    assert state(app, training) == before
    assert current(app, training)["annexe"] == 1
    assert letters(mails) == ["amended_to_office", "amended_to_trainer", "documents_amended"]
    text = next(m["text"] for m in mails if m["letter"] == "documents_amended")
    assert "Rahmani-Duval" in text
    assert "Prévenez votre OPCO de ce changement." in text
    story.made(app, training)
    assert "Annexe à la convention" in text_of(client_of(training.id).get(training.space))


def test_a_trainee_s_name_before_the_signature_renews_the_convention(
    app: Flask, trainer: Visitor
) -> None:
    """The link stays open, and shows the new version."""
    training = a_training(app, "funded")
    story.made(app, training)
    visitor, place = open_sign_link(app, training.id)
    page, code = ask_code(app, training.id, visitor, place)
    changed(app, trainer, training, NAME)
    assert "annexe" not in current(app, training)
    story.made(app, training)
    stale = press_sign(visitor, page, code)
    assert stale.status_code == 409
    assert "Rahmani-Duval" in text_of(visitor.get(place))
    page, code = ask_code(app, training.id, visitor, place)
    assert press_sign(visitor, page, code).status_code == 303
    assert state(app, training) == ("funded", 160_000, 80_000, True)


def test_another_signatory_closes_the_former_one_s_link(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, "funded")
    story.made(app, training)
    visitor, place = open_sign_link(app, training.id)
    _page, mails = changed(app, trainer, training, SIGNATORY)
    assert visitor.get(place).status_code == 403
    by_letter = {mail["letter"]: mail["to"] for mail in mails}
    assert by_letter["sign_request"] == "paule.morel@menuiserie-vasseur.example"
    assert by_letter["delegated_to_former"] == story.CLIENT
    assert "delegated_to_office" in by_letter
    assert state(app, training)[0] == "funded"


def test_another_signatory_after_the_signature_changes_no_paper(
    app: Flask, trainer: Visitor
) -> None:
    training = a_training(app, "signed")
    before, papers = state(app, training), current(app, training)
    _page, mails = changed(app, trainer, training, SIGNATORY)
    assert (state(app, training), current(app, training)) == (before, papers)
    assert letters(mails) == ["delegated_to_former", "delegated_to_office"]
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        assert [x for x in row.links if x.scope == Scope.SIGN and x.revoked_at is None] == []


def test_another_signatory_is_known_to_the_former_one_before_any_link(
    app: Flask, trainer: Visitor
) -> None:
    """Whoever prepares the session cannot quietly put an address of its own in the place."""
    training = a_training(app, "sent")
    _page, mails = changed(app, trainer, training, SIGNATORY)
    by_letter = {mail["letter"]: mail for mail in mails}
    assert by_letter["delegated_to_former"]["to"] == story.CLIENT
    assert "ne s’ouvre plus" not in by_letter["delegated_to_former"]["text"]
    assert "delegated_to_office" in by_letter
    assert "sign_request" not in by_letter


@pytest.mark.parametrize("_round", range(3))
def test_a_price_that_moves_while_somebody_signs(app: Flask, trainer: Visitor, _round: int) -> None:
    """Whoever is first, nobody is bound by a version that is not in force."""
    training = a_training(app, "sent")
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        client = Actor(Role.CLIENT, row.links[0].id, "Hélène Vasseur")
        workflow.perform(Event.SEND_SIGN_LINK, row, client)
    story.made(app, training)
    visitor, place = open_sign_link(app, training.id)
    page, code = ask_code(app, training.id, visitor, place)
    slug, typed = PRICE
    form = trainer.get(training.step(slug))
    gate = threading.Barrier(2)

    def sign() -> None:
        gate.wait()
        press_sign(visitor, page, code)

    def move() -> None:
        gate.wait()
        fill(trainer, form, {**typed, "reason": "Erreur"}, button=SAVE)

    threads = [threading.Thread(target=work) for work in (sign, move)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        assert row.price_cents == 150_000
        living = [s for s in row.signatures if s.voided_at is None]
        assert all(s.document.superseded_at is None for s in living)
        assert (row.signed_at is not None) is bool(living)


def test_another_company_voids_the_agreement(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, "signed")
    _page, mails = changed(app, trainer, training, COMPANY)
    assert state(app, training) == ("sent", None, None, False)
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        assert [a.state for a in row.agreements] == ["returned"]
        assert row.filed_on is None
    text = next(m["text"] for m in mails if m["letter"] == "documents_amended")
    assert "L’accord de votre OPCO ne vaut plus" in text


def test_a_price_while_the_agreement_is_checked_keeps_it_waiting(
    app: Flask, trainer: Visitor, frozen: time_machine.Traveller
) -> None:
    training = a_training(app, "received")
    assert "La session a changé" not in text_of(trainer.get(training.page))
    frozen.shift(timedelta(minutes=5))
    page, _mails = changed(app, trainer, training, PRICE)
    assert state(app, training)[0] == "agreement_received"
    assert "La session a changé depuis cet accord" in page
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        assert [a.state for a in row.agreements] == ["received"]


def test_a_client_that_pays_alone_signs_the_new_price(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, "refused")
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        workflow.perform(Event.SELF_FUND, row, Actor(Role.CLIENT, row.links[0].id, "Hélène"))
        second_half.sign(training.id)
    assert state(app, training) == ("funded", 0, 240_000, True)
    _page, mails = changed(app, trainer, training, PRICE)
    assert state(app, training) == ("funded", 0, None, False)
    assert "sign_request" in letters(mails)
    story.made(app, training)
    visitor, place = open_sign_link(app, training.id)
    page, code = ask_code(app, training.id, visitor, place)
    assert "Signer et m’engager à régler 1 500,00 €" in text_of(page)
    assert press_sign(visitor, page, code).status_code == 303
    assert state(app, training) == ("funded", 0, 150_000, True)


def test_an_early_signature_then_a_partial_agreement_asks_for_the_undertaking_only(
    app: Flask, trainer: Visitor
) -> None:
    """The convention signed with the request stands; correcting the agreement takes the
    undertaking back, and everybody is told."""
    training = a_training(app, "funded", early=True)
    story.made(app, training)
    asked = [mail for mail in messages(app, training) if mail["letter"] == "sign_request"][-1]
    assert plain(asked["subject"]) == "À signer : engagement à régler 800,00 €"
    visitor, place = open_sign_link(app, training.id)
    page = visitor.get(place)
    assert "Signer votre engagement" in text_of(page)
    assert "Pris en charge" in text_of(page)
    page, code = ask_code(app, training.id, visitor, place)
    assert press_sign(visitor, page, code).status_code == 303
    assert state(app, training) == ("funded", 160_000, 80_000, True)
    before = len(messages(app, training))
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        clerk = Actor(Role.OFFICE, 3, "Nadia Belkacem")
        workflow.perform(Event.CORRECT_AGREEMENT, row, clerk, reason="Montant mal lu")
        query = db.select(Signature).filter_by(training_id=training.id, voided_at=None)
        assert [s.document.kind for s in db.session.scalars(query)] == ["convention"]
    told = {mail["letter"]: mail["text"] for mail in messages(app, training)[before:]}
    assert "ne vaut plus" in told["agreement_corrected_to_client"]
    assert "ne vaut plus" in told["agreement_corrected_to_trainer"]
    with app.app_context():
        second_half.validate(training.id, second_half.Answer(190_000))
        row = db.session.get_one(TrainingSession, training.id)
        assert row.state == State.FUNDED
        assert [x.scope for x in row.links if x.revoked_at is None].count(Scope.SIGN) == 1
    story.made(app, training)
    fresh, place = open_sign_link(app, training.id)
    text = text_of(fresh.get(place))
    assert "Ce qui a changé depuis la version signée" in text
    assert "500,00 €" in text
