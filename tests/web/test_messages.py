"""Messages of a dossier: three sides, one thread, a notice to the others, nothing lost."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from portal.access import service as access
from portal.access.models import ShareLink
from portal.extensions import db, writing
from portal.journal.models import JournalDetails, JournalEntry
from portal.messages.models import Message
from portal.messages.rules import LIMIT, PER_HOUR
from portal.training.models import TrainingSession
from tests import second_half, story
from tests.conftest import OFFICE, OTHER_TRAINER, PASSWORD, TRAINER, sign_in
from tests.pages import BASE_URL, Visitor, text_of
from tests.screens import section
from tests.story import CLIENT, Told, a_training, messages

pytestmark = pytest.mark.usefixtures("frozen")
ClientOf = Callable[[int], Visitor]
Clock = time_machine.Traveller
WRITE, READ = "form[action$='/messages']", "form[action$='/messages/lus']"
HELLO = "Bonjour,\nfaut-il prévoir des casques, et combien"
HTMX = {"HX-Request": "true"}


def say(person: Visitor, page: str, text: str, **more: str) -> int:
    """Writes from the form of that page; the status of the answer."""
    return person.submit(person.get(page), {"message": text, **more}, form=WRITE).status_code


def notices(app: Flask, training: Told) -> list[tuple[str, str]]:
    return [
        (mail["letter"], mail["to"])
        for mail in messages(app, training)
        if mail["letter"].startswith("message_to_")
    ]


def office_page(training: Told) -> str:
    return f"/organisme/dossiers/{training.ref}/"


# --- The thread


def test_a_message_goes_round(app: Flask, client_of: ClientOf) -> None:
    training = a_training(app, "sent")
    client, trainer, office = client_of(training.id), sign_in(app, TRAINER), sign_in(app, OFFICE)
    assert say(client, training.space, HELLO) == 303
    for person, page in ((trainer, training.page), (office, office_page(training))):
        shown = section(person.get(page), "Messages")
        assert "Hélène Vasseur" in shown
        assert "faut-il prévoir des casques" in shown
        assert "1 nouveau message" in shown
    assert say(trainer, training.page, "Oui, un par personne.") == 303
    thread = section(client.get(training.space), "Messages")
    assert thread.index("casques") < thread.index("un par personne")
    assert "Claire Montagnier" in thread
    assert "1 nouveau message" in thread


@pytest.mark.parametrize(
    ("who", "told"),
    [
        ("client", {"message_to_trainer": TRAINER, "message_to_office": "contact@"}),
        ("trainer", {"message_to_client": CLIENT, "message_to_office": "contact@"}),
        ("office", {"message_to_client": CLIENT, "message_to_trainer": TRAINER}),
    ],
)
def test_the_others_are_told_by_email(
    app: Flask, client_of: ClientOf, who: str, told: dict[str, str]
) -> None:
    training = a_training(app, "sent")
    person, page = {
        "client": lambda: (client_of(training.id), training.space),
        "trainer": lambda: (sign_in(app, TRAINER), training.page),
        "office": lambda: (sign_in(app, OFFICE), office_page(training)),
    }[who]()
    assert say(person, page, HELLO) == 303
    sent = dict(notices(app, training))
    assert sent.keys() == told.keys()
    assert all(sent[letter].startswith(to) for letter, to in told.items())
    for mail in messages(app, training):
        if mail["letter"] in told:
            assert "faut-il prévoir des casques, et combien" in mail["text"]
            assert (training.link in mail["text"]) == (mail["letter"] == "message_to_client")


def test_the_text_is_escaped_and_leads_nowhere(app: Flask, client_of: ClientOf) -> None:
    training = a_training(app, "sent")
    client = client_of(training.id)
    say(client, training.space, "<b>gras</b> https://piege.example/x & <img src=x>")
    shown = sign_in(app, TRAINER).get(training.page).text
    assert "&lt;b&gt;gras&lt;/b&gt;" in shown
    assert "<b>gras" not in shown
    with app.app_context():
        message = story.message_of(story.last_email(training, "message_to_trainer"))
        assert "&lt;img src=x&gt;" in (message.html or "")
        assert "<img src=x>" not in (message.html or "")
        for text in (message.html or "", message.body or ""):
            assert "https://piege" not in text


def test_a_personal_link_that_is_pasted_is_taken_out(app: Flask, client_of: ClientOf) -> None:
    """A signatory who pastes its own link would hand the signature to whoever reads."""
    training = a_training(app, "funded")
    path = second_half.sign_path(app, training.id)
    client = client_of(training.id)
    say(client, training.space, f"Le lien https://portail.example{path} ne marche pas")
    for text in (
        sign_in(app, TRAINER).get(training.page).text,
        *(mail["text"] for mail in messages(app, training) if "message_to" in mail["letter"]),
    ):
        assert second_half.without_token(text)
    assert "(lien personnel retiré)" in sign_in(app, TRAINER).get(training.page).text


def test_the_journal_holds_a_digest(app: Flask, client_of: ClientOf) -> None:
    training = a_training(app, "sent")
    say(client_of(training.id), training.space, HELLO)
    with app.app_context():
        entry = db.session.scalars(db.select(JournalEntry).filter_by(event="write_message")).one()
        details = db.session.get_one(JournalDetails, entry.seq).details
        said = json.dumps([entry.body, details], ensure_ascii=False)
        assert "casques" not in said
        assert len(entry.body["sha256"]) == 64
    assert "Message écrit" in sign_in(app, TRAINER).get(training.page).text


def test_the_list_says_who_is_waiting_for_an_answer(app: Flask, client_of: ClientOf) -> None:
    """On both sides, until that side says it read; never for what one wrote oneself."""
    training = a_training(app, "sent")
    trainer, office = sign_in(app, TRAINER), sign_in(app, OFFICE)
    say(trainer, training.page, HELLO)
    assert "vous a écrit" not in trainer.get("/formateur/").text
    assert "Claire Montagnier vous a écrit" in text_of(office.get("/organisme/"))
    say(client_of(training.id), training.space, "Deux suffiront.")
    assert "Hélène Vasseur vous a écrit" in text_of(trainer.get("/formateur/"))
    trainer.submit(trainer.get(training.page), form=READ)
    assert "vous a écrit" not in trainer.get("/formateur/").text
    assert "Hélène Vasseur vous a écrit" in text_of(office.get("/organisme/"))
    other = sign_in(app, OTHER_TRAINER)
    assert "vous a écrit" not in other.get("/formateur/").text


def test_what_came_while_one_read_still_waits(app: Flask, client_of: ClientOf) -> None:
    """A page opened before the last message marks only what it showed."""
    training = a_training(app, "sent")
    trainer, client = sign_in(app, TRAINER), client_of(training.id)
    say(client, training.space, HELLO)
    opened = trainer.get(training.page)
    say(client, training.space, "Et des gants")
    trainer.submit(opened, form=READ)
    assert "Hélène Vasseur vous a écrit" in text_of(trainer.get("/formateur/"))
    trainer.submit(trainer.get(training.page), form=READ)
    assert "vous a écrit" not in trainer.get("/formateur/").text


# --- Read marks


def test_read_is_said_by_a_person(app: Flask, client_of: ClientOf) -> None:
    """Opening the page says nothing; the button does; an answer does as well."""
    training = a_training(app, "sent")
    client, trainer, office = client_of(training.id), sign_in(app, TRAINER), sign_in(app, OFFICE)
    say(client, training.space, HELLO)
    trainer.get(training.page)
    assert "Lu par" not in client.get(training.space).text
    done = trainer.submit(trainer.get(training.page), form=READ)
    assert done.status_code == 303
    assert "nouveau message" not in section(trainer.get(training.page), "Messages")
    assert "Lu par la personne qui forme" in section(client.get(training.space), "Messages")
    say(office, office_page(training), "Entendu.")
    thread = section(client.get(training.space), "Messages")
    assert "Lu par la personne qui forme et l’organisme" in thread
    assert "1 nouveau message" in thread


@pytest.mark.parametrize("upto", ["", "0", "-1", "99999999999999999999", "x", "1000000"])
def test_a_mark_that_makes_no_sense(app: Flask, client_of: ClientOf, upto: str) -> None:
    training = a_training(app, "sent")
    say(client_of(training.id), training.space, HELLO)
    trainer = sign_in(app, TRAINER)
    answer = trainer.submit(trainer.get(training.page), {"jusqu": upto}, form=READ)
    assert answer.status_code == 303
    assert "1 nouveau message" in section(trainer.get(training.page), "Messages")


def test_a_mark_reaches_no_other_dossier(app: Flask, client_of: ClientOf) -> None:
    mine, other = a_training(app, "sent"), a_training(app, "sent")
    say(client_of(mine.id), mine.space, HELLO)
    say(client_of(other.id), other.space, HELLO)
    trainer = sign_in(app, TRAINER)
    with app.app_context():
        theirs = db.session.scalars(db.select(Message.id).filter_by(training_id=other.id)).one()
    trainer.submit(trainer.get(mine.page), {"jusqu": str(theirs)}, form=READ)
    for training in (mine, other):
        assert "1 nouveau message" in section(trainer.get(training.page), "Messages")


# --- Nothing lost


def test_too_long_comes_back_whole(app: Flask, client_of: ClientOf) -> None:
    training = a_training(app, "sent")
    client = client_of(training.id)
    long = "mot " * (LIMIT // 4) + "fin"
    answer = client.submit(client.get(training.space), {"message": long}, form=WRITE)
    assert answer.status_code == 422
    assert long in answer.text
    assert f"{LIMIT} caractères au plus" in text_of(answer)
    assert answer.text.count("<title>Erreur") == 1
    assert notices(app, training) == []


def test_nothing_written(app: Flask) -> None:
    training = a_training(app, "sent")
    trainer = sign_in(app, TRAINER)
    answer = trainer.submit(trainer.get(training.page), {"message": " \n "}, form=WRITE)
    assert answer.status_code == 422
    assert "Écrivez votre message" in text_of(answer)


def test_a_space_that_closed_meanwhile_gives_the_text_back(
    app: Flask, client_of: ClientOf, frozen: Clock
) -> None:
    training = a_training(app, "sent")
    client = client_of(training.id)
    page = client.get(training.space)
    frozen.shift(timedelta(minutes=31))
    came_from = {"Referer": f"{BASE_URL}{training.space}"}
    answer = client.submit(page, {"message": HELLO}, form=WRITE, headers=came_from)
    assert answer.status_code == 303
    assert client.get(training.space).status_code == 403
    client.submit(training.link)
    again = client.get(training.space)
    assert "faut-il prévoir des casques, et combien" in again.text
    assert "Rien n’est perdu" in text_of(again)
    assert client.submit(again, form=WRITE).status_code == 303
    assert len(notices(app, training)) == 2


def test_a_link_that_only_reads_gives_the_text_back_with_the_new_one(
    app: Flask, client_of: ClientOf
) -> None:
    """The page that shows no form leaves what was typed held."""
    training = a_training(app, "sent")
    client = client_of(training.id)
    page = client.get(training.space)
    with app.app_context(), writing():
        link = db.session.scalars(db.select(ShareLink).filter_by(training_id=training.id)).one()
        link.expires_at = link.created_at
    came_from = {"Referer": f"{BASE_URL}{training.space}"}
    client.submit(page, {"message": HELLO}, form=WRITE, headers=came_from)
    reading = client.get(training.space)
    assert "Envoyer le message" not in reading.text
    assert "Messages" in text_of(reading)
    with app.app_context(), writing():
        link = db.session.scalars(db.select(ShareLink).filter_by(training_id=training.id)).one()
        link.expires_at = link.created_at + timedelta(days=60)
    assert "faut-il prévoir des casques, et combien" in client.get(training.space).text


@pytest.mark.parametrize("by_htmx", [False, True])
def test_a_trainer_signed_out_finds_the_text_back(app: Flask, frozen: Clock, by_htmx: bool) -> None:
    training = a_training(app, "sent")
    trainer = sign_in(app, TRAINER)
    page = trainer.get(training.page)
    frozen.shift(timedelta(hours=13))
    address = f"{BASE_URL}{training.page}"
    headers = HTMX | {"HX-Current-URL": address} if by_htmx else {"Referer": address}
    trainer.submit(page, {"message": HELLO}, form=WRITE, headers=headers)
    login = {"email": TRAINER, "password": PASSWORD}
    trainer.submit("/connexion", login)
    again = trainer.get(training.page)
    assert "faut-il prévoir des casques, et combien" in again.text
    assert "Rien n’est perdu" in text_of(again)


def test_pressed_twice_is_one_message(app: Flask) -> None:
    training = a_training(app, "sent")
    trainer = sign_in(app, TRAINER)
    page = trainer.get(training.page)
    for _ in range(2):
        assert trainer.submit(page, {"message": HELLO}, form=WRITE).status_code == 303
    assert len(notices(app, training)) == 2


def test_too_many_in_an_hour(app: Flask, client_of: ClientOf, frozen: Clock) -> None:
    training = a_training(app, "sent")
    client = client_of(training.id)
    for number in range(PER_HOUR):
        assert say(client, training.space, f"Message {number}") == 303
    answer = client.submit(client.get(training.space), {"message": "Encore"}, form=WRITE)
    assert answer.status_code == 422
    assert "20 messages en une heure" in text_of(answer)
    assert "Encore</textarea>" in answer.text
    frozen.shift(timedelta(minutes=61))
    client.submit(training.link)
    assert say(client, training.space, "Encore") == 303


def test_the_last_message_allowed_pressed_twice_is_one_message(
    app: Flask, client_of: ClientOf
) -> None:
    training = a_training(app, "sent")
    client = client_of(training.id)
    for number in range(PER_HOUR - 1):
        say(client, training.space, f"Message {number}")
    page = client.get(training.space)
    for _ in range(2):
        assert client.submit(page, {"message": "Le dernier"}, form=WRITE).status_code == 303
    with app.app_context():
        query = db.select(Message).filter_by(training_id=training.id)
        assert len(db.session.scalars(query).all()) == PER_HOUR


# --- HTMX, links, addresses


def test_htmx_gets_the_thread_alone(app: Flask) -> None:
    training = a_training(app, "sent")
    trainer = sign_in(app, TRAINER)
    page = trainer.get(training.page)
    done = trainer.submit(page, {"message": HELLO}, form=WRITE, headers=HTMX)
    assert done.status_code == 200
    assert done.text.lstrip().startswith('<section class="card" id="messages"')
    assert "casques" in done.text
    refused = trainer.submit(page, {"message": "", "key": "autre"}, form=WRITE, headers=HTMX)
    assert refused.status_code == 422
    assert refused.text.lstrip().startswith('<section class="card" id="messages"')


def test_a_link_that_expired_is_given_a_new_term(app: Flask) -> None:
    training = a_training(app, "sent")
    with app.app_context(), writing():
        link = db.session.scalars(db.select(ShareLink).filter_by(training_id=training.id)).one()
        link.expires_at = link.created_at
        old = access.token_of(link)
    say(sign_in(app, TRAINER), training.page, HELLO)
    fresh = story.told(app, training.id)
    (mail,) = [m for m in messages(app, training) if m["letter"] == "message_to_client"]
    assert fresh.link
    assert fresh.link in mail["text"]
    assert old not in mail["text"]


def test_a_link_that_was_closed_stays_closed(app: Flask) -> None:
    training = a_training(app, "sent")
    with app.app_context(), writing():
        link = db.session.scalars(db.select(ShareLink).filter_by(training_id=training.id)).one()
        link.revoked_at = link.created_at
    say(sign_in(app, TRAINER), training.page, HELLO)
    assert story.told(app, training.id).link == ""
    with app.app_context():
        (link,) = db.session.get_one(TrainingSession, training.id).links
        assert (link.rotation, link.revoked_at is None) == (0, False)
    (mail,) = [m for m in messages(app, training) if m["letter"] == "message_to_client"]
    assert "/l/" not in mail["text"]


def test_a_client_without_an_address(app: Flask) -> None:
    training = a_training(app, "shared", client_email=None)
    trainer = sign_in(app, TRAINER)
    assert say(trainer, training.page, HELLO) == 303
    assert "Le client n’a pas d’adresse connue" in text_of(trainer.get(training.page))
    assert [letter for letter, _to in notices(app, training)] == ["message_to_office"]
