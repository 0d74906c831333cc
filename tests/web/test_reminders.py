"""Reminders: who is written to, on which day, with which link; the card of the dossier."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from flask import Flask

from portal import correspondence, workflow
from portal.access import service as access
from portal.access.models import ShareLink
from portal.access.rules import CLOCK, Actor, Role, Scope
from portal.emails.models import Email
from portal.extensions import db, writing
from portal.reminders import service as reminders
from portal.reminders.models import Reminder, ReminderRound
from portal.reminders.rules import Kind
from portal.training.models import TrainingSession
from portal.training.rules import Event
from tests import second_half, story
from tests.conftest import OFFICE, TRAINER, sign_in
from tests.pages import text_of
from tests.screens import section
from tests.story import CLIENT, Told, a_training, messages

pytestmark = pytest.mark.usefixtures("frozen")
Clock = time_machine.Traveller
SETTINGS = "/organisme/relances/"
REMIND, PAUSE = "form[action$='/relances']", "form[action$='/relances/pause']"


def the_round(app: Flask) -> None:
    with app.app_context():
        correspondence.remind_all()


def at(clock: Clock, day: str, hour: int = 9) -> None:
    """That day of 2026 or 2027, at that hour UTC: an hour less than in Paris in winter."""
    clock.move_to(datetime.fromisoformat(day).replace(hour=hour, tzinfo=UTC))


def reminded(app: Flask, training: Told) -> list[tuple[str, str]]:
    """The reminders of a session: kind and day."""
    with app.app_context():
        rows = db.session.scalars(
            db.select(Reminder).filter_by(training_id=training.id).order_by(Reminder.id)
        )
        return [(row.kind, row.day.isoformat()) for row in rows]


def last(app: Flask, training: Told, letter: str) -> dict[str, str]:
    found = [mail for mail in messages(app, training) if mail["letter"] == letter]
    assert found, f"no {letter}"
    return found[-1]


# --- Each kind


def test_a_request_that_is_not_completed(app: Flask, frozen: Clock) -> None:
    training = a_training(app, "shared")  # on Monday 23 November
    for day in ("2026-11-24", "2026-11-25"):
        at(frozen, day)
        the_round(app)
    assert reminded(app, training) == []
    at(frozen, "2026-11-26")
    the_round(app)
    assert reminded(app, training) == [("answers", "2026-11-26")]
    mail = last(app, training, "client_reminder")
    assert mail["to"] == CLIENT
    assert training.link in mail["text"]
    assert "reprenez là où vous en étiez" in mail["text"]


def test_documents_that_are_not_filed_and_their_deadline(app: Flask, frozen: Clock) -> None:
    training = a_training(app, "sent")
    at(frozen, "2026-11-27")
    the_round(app)
    assert reminded(app, training) == [("filing", "2026-11-27")]
    mail = last(app, training, "client_reminder")
    assert mail["subject"] == "Avez-vous déposé votre demande chez Constructys\u00a0?"
    assert "au plus tard le lundi 28 décembre 2026" in mail["text"]
    assert training.link in mail["text"]


def test_an_agreement_that_does_not_come(app: Flask, frozen: Clock) -> None:
    training = a_training(app, "filed")
    at(frozen, "2026-12-04")
    the_round(app)
    assert reminded(app, training) == []
    at(frozen, "2026-12-07")  # the tenth working day
    the_round(app)
    assert reminded(app, training) == [("agreement", "2026-12-07")]
    mail = last(app, training, "agreement_reminder")
    assert mail["to"] == CLIENT
    assert training.link in mail["text"]
    assert "Vous avez déposé votre demande le 23 novembre 2026" in mail["text"]


def test_an_agreement_sent_back_is_waited_for_again(app: Flask, frozen: Clock) -> None:
    training = a_training(app, "received")
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        office = Actor(Role.OFFICE, 3, "Nadia Belkacem")
        workflow.perform(Event.RETURN_AGREEMENT, row, office, reason="Autre dossier")
    at(frozen, "2026-12-07")
    the_round(app)
    assert reminded(app, training) == [("agreement", "2026-12-07")]


def test_a_signature_that_is_awaited(app: Flask, frozen: Clock) -> None:
    """The very message that asks for it, to the signatory alone, with the link that lives."""
    training = a_training(app, "funded")
    path = second_half.sign_path(app, training.id)
    at(frozen, "2026-11-25")
    the_round(app)
    assert reminded(app, training) == [("signature", "2026-11-25")]
    mail = last(app, training, "sign_request")
    assert mail["subject"].startswith("Rappel – À signer")
    assert mail["to"] == CLIENT
    assert path in mail["text"]


def test_a_signing_link_that_expired_is_replaced(app: Flask, frozen: Clock) -> None:
    training = a_training(app, "funded")
    with app.app_context(), writing():
        query = db.select(ShareLink).filter_by(training_id=training.id, scope=Scope.SIGN.value)
        link = db.session.scalars(query).one()
        link.expires_at = link.created_at
        old = access.token_of(link)
    at(frozen, "2026-11-25")
    the_round(app)
    text = last(app, training, "sign_request")["text"]
    assert old not in text
    path = second_half.sign_path(app, training.id)
    assert path in text
    visitor, place = second_half.open_sign_link(app, training.id)
    assert visitor.get(place).status_code == 200


def test_the_first_day_comes_near_and_something_is_missing(app: Flask, frozen: Clock) -> None:
    training = a_training(app, "funded")  # on Tuesday 12 January
    at(frozen, "2027-01-05")
    the_round(app)
    assert ("start", "2027-01-05") in reminded(app, training)
    to_trainer = last(app, training, "start_reminder")
    assert to_trainer["to"] == TRAINER
    assert "Le client n’a pas encore signé la convention" in to_trainer["text"]
    assert f"/formateur/sessions/{training.ref}/" in to_trainer["text"]
    to_office = last(app, training, "start_reminder_office")
    assert f"/organisme/dossiers/{training.ref}/" in to_office["text"]


def test_the_first_day_comes_near_and_all_is_ready(app: Flask, frozen: Clock) -> None:
    training = a_training(app, "signed")
    at(frozen, "2027-01-05")
    the_round(app)
    assert reminded(app, training) == [("start", "2027-01-05")]
    assert "Tout est prêt" in last(app, training, "start_reminder")["text"]
    letters = {mail["letter"] for mail in messages(app, training)}
    assert "start_reminder_office" not in letters


# --- Days, hours, workers


@pytest.mark.parametrize(
    ("day", "hour"),
    [
        ("2026-11-28", 9),  # Saturday
        ("2026-11-29", 9),  # Sunday
        ("2026-12-25", 9),
        ("2027-01-01", 9),
        ("2026-11-30", 7),  # eight in the morning in Paris
        ("2026-11-30", 17),  # six in the evening
    ],
)
def test_nothing_leaves_on_a_day_or_at_an_hour_nobody_works(
    app: Flask, frozen: Clock, day: str, hour: int
) -> None:
    training = a_training(app, "sent")
    at(frozen, day, hour)
    the_round(app)
    assert reminded(app, training) == []


def test_a_worker_that_was_stopped_in_the_morning_catches_up(app: Flask, frozen: Clock) -> None:
    training = a_training(app, "sent")
    at(frozen, "2026-11-27", 16)
    the_round(app)
    assert reminded(app, training) == [("filing", "2026-11-27")]


def test_two_workers_send_one_message(app: Flask, frozen: Clock) -> None:
    """The second one was already on its round when the first one ended."""
    training = a_training(app, "sent")
    at(frozen, "2026-11-27")
    the_round(app)
    with app.app_context(), writing():
        db.session.execute(db.delete(ReminderRound))
    the_round(app)
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        assert correspondence.remind(row, CLOCK, Kind.FILING) is False
    assert reminded(app, training) == [("filing", "2026-11-27")]
    letters = [mail["letter"] for mail in messages(app, training)]
    assert letters.count("client_reminder") == 1
    assert sign_in(app, TRAINER).get(training.page).text.count("Relance envoyée") == 1


def test_a_row_written_meanwhile_is_found(app: Flask) -> None:
    training = a_training(app, "sent")
    with app.app_context(), writing():
        day = datetime(2026, 11, 27, 9, tzinfo=UTC)
        arguments = (training.id, Kind.FILING, day.date(), day, None)
        assert reminders.add(*arguments) is not None
        assert reminders.add(*arguments) is None


def test_three_at_most_and_far_apart(app: Flask, frozen: Clock) -> None:
    training = a_training(app, "sent")
    day = datetime(2026, 11, 24, 9, tzinfo=UTC)
    while day < datetime(2027, 1, 4, tzinfo=UTC):
        frozen.move_to(day)
        the_round(app)
        day += timedelta(days=1)
    assert reminded(app, training) == [
        ("filing", "2026-11-27"), ("filing", "2026-12-04"), ("filing", "2026-12-11"),
    ]  # fmt: skip


def test_one_dossier_that_fails_keeps_no_other_waiting(
    app: Flask, frozen: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken, whole = a_training(app, "sent"), a_training(app, "sent")
    facts_of = reminders.facts_of

    def failing(training: TrainingSession, owes: bool) -> object:
        if training.id == broken.id:
            raise RuntimeError("damaged")
        return facts_of(training, owes)

    monkeypatch.setattr(reminders, "facts_of", failing)
    at(frozen, "2026-11-27")
    the_round(app)
    assert reminded(app, whole) == [("filing", "2026-11-27")]
    assert f"session {broken.id}" in caplog.text


# --- Closed matters


def test_what_is_done_is_not_asked_for(app: Flask, frozen: Clock) -> None:
    sessions = [a_training(app, point) for point in ("cancelled", "running", "received")]
    for day in ("2026-11-27", "2026-12-07", "2026-12-21"):
        at(frozen, day)
        the_round(app)
    for training in sessions:
        assert reminded(app, training) == []


def test_a_reminder_that_had_not_left_is_taken_back(app: Flask, frozen: Clock) -> None:
    """The mail server was down; meanwhile the client noted its filing."""
    training = a_training(app, "sent")
    at(frozen, "2026-11-27")
    the_round(app)
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        client = Actor(Role.CLIENT, row.links[0].id, "Hélène Vasseur")
        workflow.perform(Event.NOTE_FILING, row, client, filed_on=date(2026, 11, 26))
        mail = story.last_email(training, "client_reminder")
        assert (mail.state, mail.error) == ("cancelled", "Retiré avant son départ")
        others = db.session.scalars(db.select(Email.state).filter_by(letter="documents_to_client"))
        assert set(others) == {"queued"}


def test_a_link_that_was_closed_is_not_opened_by_a_reminder(app: Flask, frozen: Clock) -> None:
    training = a_training(app, "shared")
    with app.app_context(), writing():
        link = db.session.scalars(db.select(ShareLink).filter_by(training_id=training.id)).one()
        link.revoked_at = link.created_at
    at(frozen, "2026-11-26")
    the_round(app)
    assert reminded(app, training) == []


def test_a_link_that_expired_is_given_a_new_term(app: Flask, frozen: Clock) -> None:
    training = a_training(app, "shared")
    with app.app_context(), writing():
        link = db.session.scalars(db.select(ShareLink).filter_by(training_id=training.id)).one()
        link.expires_at = link.created_at
    at(frozen, "2026-11-26")
    the_round(app)
    fresh = story.told(app, training.id)
    assert fresh.link
    assert fresh.link != training.link
    assert fresh.link in last(app, training, "client_reminder")["text"]


# --- The card of the dossier


def test_the_card_says_what_left_and_what_will(app: Flask, frozen: Clock) -> None:
    training = a_training(app, "sent")
    trainer = sign_in(app, TRAINER)
    card = section(trainer.get(training.page), "Relances")
    assert "Prochaine : le vendredi 27 novembre 2026" in card
    assert "Dernière" not in card
    at(frozen, "2026-11-27")
    the_round(app)
    trainer = sign_in(app, TRAINER)
    card = section(trainer.get(training.page), "Relances")
    assert "Dernière : le 27 novembre 2026" in card
    assert "Prochaine : le vendredi 4 décembre 2026" in card
    assert "Une relance est déjà partie aujourd’hui" in card
    assert "Relancer maintenant" not in card


def test_in_the_evening_the_next_one_is_for_tomorrow(app: Flask, frozen: Clock) -> None:
    training = a_training(app, "sent")
    at(frozen, "2026-11-27", 18)
    card = section(sign_in(app, TRAINER).get(training.page), "Relances")
    assert "Prochaine : le lundi 30 novembre 2026" in card


def test_remind_now(app: Flask) -> None:
    """On a first day already, and once: the second press is told that one has left."""
    training = a_training(app, "sent")
    trainer = sign_in(app, TRAINER)
    page = trainer.get(training.page)
    done = trainer.submit(page, form=REMIND)
    assert done.status_code == 303
    shown = trainer.get(training.page)
    assert "La relance va partir." in text_of(shown)
    assert "par Claire Montagnier" in section(shown, "Relances")
    assert "Relance envoyée" in shown.text
    again = trainer.submit(page, form=REMIND)
    assert again.status_code == 422
    assert "Une relance est déjà partie aujourd’hui" in text_of(again)
    assert reminded(app, training) == [("filing", "2026-11-23")]


def test_by_hand_counts_in_the_gap(app: Flask, frozen: Clock) -> None:
    training = a_training(app, "sent")
    trainer = sign_in(app, TRAINER)
    at(frozen, "2026-11-26")
    trainer = sign_in(app, TRAINER)
    trainer.submit(trainer.get(training.page), form=REMIND)
    for day in ("2026-11-27", "2026-12-02", "2026-12-03"):
        at(frozen, day)
        the_round(app)
    assert reminded(app, training) == [("filing", "2026-11-26"), ("filing", "2026-12-03")]


@pytest.mark.parametrize("kind", ["start", "answers", "signature", "", "x" * 300])
def test_nothing_to_remind_of(app: Flask, kind: str) -> None:
    training = a_training(app, "sent")
    trainer = sign_in(app, TRAINER)
    page = trainer.get(training.page)
    answer = trainer.submit(page, {"kind": kind}, form=REMIND)
    assert answer.status_code == 422
    assert "Il n’y a plus rien à relancer" in text_of(answer)
    assert reminded(app, training) == []


def test_suspended_then_taken_up_again(app: Flask, frozen: Clock) -> None:
    training = a_training(app, "sent")
    trainer = sign_in(app, TRAINER)
    trainer.submit(trainer.get(training.page), form=PAUSE)
    shown = trainer.get(training.page)
    assert "Suspendues" in section(shown, "Relances")
    assert "Relances suspendues" in shown.text
    at(frozen, "2026-11-27")
    the_round(app)
    assert reminded(app, training) == []
    trainer = sign_in(app, TRAINER)
    trainer.submit(trainer.get(training.page), form=PAUSE)
    at(frozen, "2026-11-30")
    the_round(app)
    assert reminded(app, training) == [("filing", "2026-11-30")]


def test_a_signing_link_is_shown_to_no_trainer(app: Flask, frozen: Clock) -> None:
    training = a_training(app, "funded")
    trainer = sign_in(app, TRAINER)
    trainer.submit(trainer.get(training.page), form=REMIND)
    with app.app_context():
        mail = story.last_email(training, "sign_request")
        assert mail.subject.startswith("Rappel")
        identity = mail.id
    for path in (training.page, f"/formateur/courriels/{identity}"):
        assert second_half.without_token(trainer.get(path).text)
    story.work(app)
    assert trainer.get(f"/formateur/courriels/{identity}/message.eml").status_code == 404


# --- The organisation's choices


def test_the_office_chooses_the_delays(app: Flask, frozen: Clock) -> None:
    office = sign_in(app, OFFICE)
    page = office.get(SETTINGS)
    assert page.status_code == 200
    done = office.submit(page, {"filing-after": "1", "agreement-is_on": None})
    assert done.status_code == 303
    assert 'value="1"' in office.get(SETTINGS).text
    sent, filed = a_training(app, "sent"), a_training(app, "filed")
    at(frozen, "2026-11-24")
    the_round(app)
    assert reminded(app, sent) == [("filing", "2026-11-24")]
    at(frozen, "2026-12-21")
    the_round(app)
    assert reminded(app, filed) == []


def test_delays_chosen_after_the_round_are_those_of_the_next_day(app: Flask, frozen: Clock) -> None:
    training = a_training(app, "sent")
    at(frozen, "2026-11-24")
    the_round(app)
    office = sign_in(app, OFFICE)
    office.submit(office.get(SETTINGS), {"filing-after": "1"})
    the_round(app)  # the worker looks again, as it does all day
    assert reminded(app, training) == []
    assert "Délais des relances modifiés" in text_of(office.get("/organisme/journal/"))
    at(frozen, "2026-11-25")
    the_round(app)
    assert reminded(app, training) == [("filing", "2026-11-25")]


@pytest.mark.parametrize("typed", ["0", "61", "trois", ""])
def test_a_delay_that_makes_no_sense(app: Flask, typed: str) -> None:
    office = sign_in(app, OFFICE)
    answer = office.submit(office.get(SETTINGS), {"filing-after": typed})
    assert answer.status_code == 422
    with app.app_context():
        assert reminders.settings_of()[Kind.FILING].after == 4
