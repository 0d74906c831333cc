"""A change after the papers left: links that close, messages that stay, papers that name people."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask

from portal import clock, workflow
from portal.access.rules import Actor, Role
from portal.emails.models import Email, EmailState
from portal.emails.rules import NEVER
from portal.extensions import db, writing
from portal.training.models import TrainingSession
from portal.training.rules import Event
from tests import story
from tests.conftest import TRAINER, sign_in
from tests.pages import Visitor, soup_of, text_of
from tests.screens import controls
from tests.second_half import open_sign_link, sign
from tests.story import REASON, Told, a_training
from tests.web.test_mails_pages import mail_of, press, put
from tests.web.test_story_amended import (
    NAME,
    PRICE,
    SIGNATORY,
    ClientOf,
    changed,
    current,
    letters,
    state,
)

pytestmark = pytest.mark.usefixtures("frozen")
NADIA = Actor(Role.OFFICE, None, "Nadia Belkacem")


def states(app: Flask, told: Told) -> dict[int, str]:
    with app.app_context():
        rows = db.session.scalars(db.select(Email).filter_by(training_id=told.id))
        return {row.id: row.state for row in rows}


def sign_early(app: Flask, told: Told) -> None:
    """The client asks to sign before its funder answers."""
    with app.app_context():
        row = db.session.get_one(TrainingSession, told.id)
        client = Actor(Role.CLIENT, row.links[0].id, "Hélène Vasseur")
        workflow.perform(Event.SEND_SIGN_LINK, row, client)
    story.made(app, told)


# --- The change


def test_a_new_price_closes_the_link_that_signed_the_former_one(
    app: Flask, trainer: Visitor
) -> None:
    training = a_training(app, "funded")
    story.made(app, training)
    visitor, place = open_sign_link(app, training.id)
    assert visitor.get(place).status_code == 200
    changed(app, trainer, training, PRICE)
    assert visitor.get(place).status_code == 403


def test_whoever_was_asked_to_sign_early_is_asked_again_with_the_new_papers(
    app: Flask, trainer: Visitor
) -> None:
    training = a_training(app, "sent")
    sign_early(app, training)
    visitor, place = open_sign_link(app, training.id)
    _page, mails = changed(app, trainer, training, PRICE)
    assert visitor.get(place).status_code == 403
    assert letters(mails).count("sign_request") == 1


def test_a_convention_signed_early_is_signed_again_with_the_new_papers(
    app: Flask, frozen: time_machine.Traveller
) -> None:
    training = a_training(app, "sent")
    sign_early(app, training)
    with app.app_context():
        sign(training.id)
    frozen.shift(timedelta(days=40))  # the link that was signed with opens nothing any more
    _page, mails = changed(app, sign_in(app, TRAINER), training, PRICE)
    assert letters(mails).count("sign_request") == 1
    assert state(app, training)[3] is False


def test_nobody_is_asked_to_sign_who_was_not_yet(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, "sent")
    _page, mails = changed(app, trainer, training, PRICE)
    assert "sign_request" not in letters(mails)


def test_papers_that_hung_on_the_former_price_fall_with_it(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, "signed")
    changed(app, trainer, training, NAME)
    assert current(app, training)["annexe"] == 1
    changed(app, trainer, training, PRICE)
    assert set(current(app, training)) == {"devis", "convention", "programme"}
    waiting = a_training(app, "funded", early=True)
    assert "engagement" in current(app, waiting)
    changed(app, trainer, waiting, PRICE)
    assert set(current(app, waiting)) == {"devis", "convention", "programme"}


def test_a_second_annex_says_what_changed_since_the_first(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, "signed")
    changed(app, trainer, training, NAME)
    again = ("stagiaires", {"people-1-last_name": "Delorme-Petit"})
    _page, mails = changed(app, trainer, training, again)
    told = next(mail["text"] for mail in mails if mail["letter"] == "documents_amended")
    assert "Delorme-Petit" in told
    before, _, _after = next(line for line in told.splitlines() if "devient" in line).partition(
        "devient"
    )
    assert "Rahmani-Duval" in before


def test_the_client_s_link_lasts_as_long_as_dates_put_off(
    app: Flask, trainer: Visitor, client_of: ClientOf, frozen: time_machine.Traveller
) -> None:
    training = a_training(app, "sent")
    days = {"days-0-date": "2027-11-02", "days-1-date": "2027-11-03"}
    changed(app, trainer, training, ("dates", days))
    frozen.move_to(datetime(2027, 11, 3, 9, 0, tzinfo=UTC))
    page = client_of(training.id).get(training.space)
    assert page.status_code == 200


def test_what_had_not_left_is_withdrawn_with_the_agreement(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, "funded")
    waiting = {k for k, state in states(app, training).items() if state == "queued"}
    assert waiting
    changed(app, trainer, training, PRICE)
    now = states(app, training)
    assert {now[identity] for identity in waiting} == {"cancelled"}
    assert "queued" in {now[identity] for identity in now.keys() - waiting}


def test_an_undertaking_that_waits_names_the_new_signatory(app: Flask, trainer: Visitor) -> None:
    """The convention was signed before: only the undertaking is still to sign."""
    training = a_training(app, "funded", early=True)
    before = current(app, training)
    assert "engagement" in before
    changed(app, trainer, training, SIGNATORY)
    after = current(app, training)
    assert after["engagement"] == before["engagement"] + 1
    assert after["convention"] == before["convention"]


def test_a_signatory_s_name_put_right_hands_nothing_over(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, "funded")
    story.made(app, training)
    visitor, place = open_sign_link(app, training.id)
    name = ("client", {"signatory_last_name": "Vasseur-Morel"})
    _page, mails = changed(app, trainer, training, name)
    assert not [letter for letter in letters(mails) if letter.startswith("delegated")]
    assert visitor.get(place).status_code == 200


# --- What a client sees of the trainer's other clients


def test_a_client_is_shown_no_other_client(
    app: Flask, trainer: Visitor, client_of: ClientOf
) -> None:
    a_training(app, "sent")
    mine = a_training(app, "shared")
    assert soup_of(trainer.get(mine.step("client")).text).select("#past_client option")
    page = client_of(mine.id).get(mine.client_step("entreprise"))
    assert page.status_code == 200
    assert not soup_of(page.text).select("#past_client")
    assert "Menuiserie Vasseur" not in text_of(page)


@pytest.mark.parametrize("number", ["1x", "²", "-1", "99999", ""])
def test_a_day_that_is_not_in_the_list_is_not_taken_away(
    app: Flask, trainer: Visitor, number: str
) -> None:
    training = a_training(app)
    page = trainer.get(training.step("dates"))
    data = controls(page) | {"action": f"retirer-jour-{number}"}
    answer = trainer.post(training.step("dates"), data=data)
    assert answer.status_code in (200, 400)
    shown = trainer.get(training.step("dates"))
    assert len(soup_of(shown.text).select("[name$=-date]")) == 2


# --- What is withdrawn, and what is not


def test_only_what_waits_of_that_session_is_withdrawn(app: Flask) -> None:
    """One at the server's door ends its way; one whose worker died does not leave any more."""
    mine, other = a_training(app, "sent"), a_training(app, "sent")
    gone, leaving = mail_of(app, "invitation", mine), mail_of(app, "documents_to_client", mine)
    left_by_nobody = mail_of(app, "documents_to_trainer", mine)
    put(app, gone, EmailState.SENT)
    with app.app_context(), writing():
        soon, before = clock.now() + timedelta(minutes=1), clock.now() - timedelta(minutes=1)
        db.session.get_one(Email, leaving).lease_until = soon
        db.session.get_one(Email, left_by_nobody).lease_until = before
    theirs = states(app, other)
    with app.app_context():
        training = db.session.get_one(TrainingSession, mine.id)
        workflow.perform(Event.REOPEN, training, NADIA, reason=REASON)
    now = states(app, mine)
    assert (now[gone], now[leaving], now[left_by_nobody]) == ("sent", "queued", "cancelled")
    assert states(app, other) == theirs
    assert set(theirs.values()) == {"queued"}


def test_a_doubtful_sending_is_not_tried_again_in_that_session_alone(app: Flask) -> None:
    mine, other = a_training(app, "sent"), a_training(app, "sent")
    ids = [mail_of(app, "documents_to_client", told) for told in (mine, other)]
    for mail_id in ids:
        put(app, mail_id, EmailState.UNCERTAIN)
    failed = mail_of(app, "invitation", mine)
    put(app, failed, EmailState.FAILED)
    with app.app_context():
        training = db.session.get_one(TrainingSession, mine.id)
        workflow.perform(Event.REOPEN, training, NADIA, reason=REASON)
        tried = [db.session.get_one(Email, mail_id).next_at for mail_id in (*ids, failed)]
    assert [at == NEVER for at in tried] == [True, False, False]


def test_nothing_is_corrected_without_an_address(app: Flask, office: Visitor) -> None:
    told = a_training(app, "sent")
    mail_id = mail_of(app, "documents_to_client", told)
    put(app, mail_id, EmailState.FAILED)
    assert press(office, f"/organisme/courriels/{mail_id}/adresse", address="") == 422
