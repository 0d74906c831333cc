"""The funder's agreement comes in by three doors, is acknowledged, replaced, or kindly refused."""

from collections.abc import Callable

import pytest
from flask import Flask

from portal import workflow
from portal.access.rules import Actor, Role
from portal.extensions import db
from portal.funding import service as fundings
from portal.funding.models import Agreement
from portal.training.models import TrainingSession
from portal.training.rules import Event
from portal.uploads import service as uploads
from tests import second_half, story
from tests.pages import Visitor, soup_of, text_of
from tests.screens import follow, section
from tests.second_half import LETTER, hand_in, paper
from tests.story import Told, a_training, messages

pytestmark = pytest.mark.usefixtures("frozen")
app = story.app_of_the_module()
trainer = story.trainer_of_the_module()

ClientOf = Callable[[int], Visitor]
PDF = (paper(*LETTER), "accord constructys.pdf")
OTHER = (paper("Accord de prise en charge", "Montant accordé : 1 700,00 €"), "accord-2.pdf")
RECEIPT = "Bien reçu : accord constructys.pdf (1 page, "


def state(app: Flask, training: Told) -> tuple[str, list[tuple[str, str]]]:
    """The state of the session, and the agreements it received: name and state."""
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        return row.state, [(one.upload.name, one.state) for one in row.agreements]


def letters(app: Flask, training: Told) -> list[tuple[str, str]]:
    return [(mail["letter"], mail["to"]) for mail in messages(app, training)]


def test_the_client_hands_it_in(app: Flask, client_of: ClientOf) -> None:
    training = a_training(app, "filed")
    client = client_of(training.id)
    page = follow(client, hand_in(client, training.space, PDF))
    assert RECEIPT in text_of(page)
    assert "lundi 23 novembre 2026 à 10 h" in text_of(page)
    assert "Nous le vérifions sous deux jours ouvrés." in text_of(page)
    assert state(app, training) == (
        "agreement_received",
        [("accord constructys.pdf", "received")],
    )
    receipt, to_check = messages(app, training)[-2:]
    assert receipt["to"] == story.CLIENT
    assert "Nous avons reçu accord constructys" in receipt["text"]
    assert "(1 page, 2 Ko)" in receipt["text"]
    assert "lundi 23 novembre 2026 à 10 h" in receipt["text"]
    assert to_check["letter"] == "agreement_to_check"


def test_the_trainer_and_the_office_may_hand_it_in_too(
    app: Flask, trainer: Visitor, office: Visitor
) -> None:
    for visitor, side in ((trainer, "formateur/sessions"), (office, "organisme/dossiers")):
        training = a_training(app, "filed")
        page = follow(visitor, hand_in(visitor, f"/{side}/{training.ref}/", PDF))
        assert RECEIPT in text_of(page)
        assert "Accord à vérifier" in text_of(page)
        assert state(app, training)[0] == "agreement_received"
        assert "Accord de prise en charge reçu" in section(page, "Journal")


def test_htmx_sends_the_browser_on_to_the_receipt(app: Flask, client_of: ClientOf) -> None:
    training = a_training(app, "filed")
    client = client_of(training.id)
    answer = hand_in(client, training.space, PDF, headers={"HX-Request": "true"})
    place = answer.headers.get("HX-Redirect") or answer.headers.get("Location")
    assert place is not None
    assert place.endswith(training.space)
    assert RECEIPT in text_of(client.get(training.space))


def test_a_better_file_replaces_the_first(app: Flask, client_of: ClientOf) -> None:
    training = a_training(app, "filed")
    client = client_of(training.id)
    hand_in(client, training.space, PDF)
    page = follow(client, hand_in(client, training.space, OTHER))
    assert "Bien reçu : accord-2.pdf" in text_of(page)
    assert "accord constructys.pdf" not in text_of(page)
    assert state(app, training)[1] == [
        ("accord constructys.pdf", "replaced"),
        ("accord-2.pdf", "received"),
    ]


def test_the_same_file_again_is_said_and_changes_nothing(app: Flask, client_of: ClientOf) -> None:
    training = a_training(app, "filed")
    client = client_of(training.id)
    hand_in(client, training.space, PDF)
    before = state(app, training), letters(app, training)
    page = follow(client, hand_in(client, training.space, PDF))
    assert "Ce fichier est déjà dans le dossier : il a été reçu" in text_of(page)
    assert "lundi 23 novembre 2026" in text_of(page)
    assert (state(app, training), letters(app, training)) == before


WRONG = [
    (b"", "accord.pdf", "vide"),
    (b"MZ\x90\x00" + bytes(2000), "accord.pdf", "PDF"),
    (b"<html><script>alert(1)</script></html>" * 9, "accord.pdf", "PDF"),
    (b"PK\x03\x04" + bytes(500), "accord.pdf", "PDF"),
    (paper(*LETTER)[:200], "accord.pdf", "PDF"),
]


@pytest.mark.parametrize(("content", "name", "word"), WRONG)
def test_another_kind_of_file_under_a_right_name(
    app: Flask, client_of: ClientOf, content: bytes, name: str, word: str
) -> None:
    training = a_training(app, "filed")
    client = client_of(training.id)
    before = state(app, training), letters(app, training)
    page = follow(client, hand_in(client, training.space, (content, name)))
    shown = text_of(page)
    assert "« accord.pdf »" in shown
    assert word in shown
    answer = hand_in(client, training.space, (content, name), headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert soup_of(answer.text).select_one("#fichiers-err") is not None
    assert (state(app, training), letters(app, training)) == before


def test_no_file_at_all(app: Flask, client_of: ClientOf) -> None:
    training = a_training(app, "filed")
    client = client_of(training.id)
    page = follow(client, hand_in(client, training.space))
    assert "hoisissez" in text_of(page)
    assert state(app, training) == ("sent", [])


def test_the_agreement_of_a_strangers_dossier_is_out_of_reach(
    app: Flask, trainer: Visitor, other_trainer: Visitor, client_of: ClientOf
) -> None:
    mine, theirs = a_training(app, "filed"), a_training(app, "filed")
    client = client_of(mine.id)
    token = client.get(mine.space)
    for visitor, path in (
        (client, f"{theirs.space}accord"),
        (other_trainer, f"{mine.page}accord"),
        (trainer, f"/organisme/dossiers/{mine.ref}/accord"),
    ):
        page = visitor.get("/connexion")
        found = soup_of((page if page.status_code == 200 else token).text)
        csrf = found.select_one("[name=csrf_token]")
        data = {"csrf_token": str(csrf["value"]) if csrf else "", "fichiers": []}
        answer = visitor.post(path, data=data, content_type="multipart/form-data")
        assert answer.status_code in (303, 400, 403, 404)
        assert not answer.headers.get("Location", "/").startswith(f"/{path.split('/')[1]}/x")
    assert state(app, mine) == state(app, theirs) == ("sent", [])


def test_nothing_is_taken_before_the_papers_left_or_after_the_end(
    app: Flask, trainer: Visitor
) -> None:
    for at in ("draft", "cancelled", "running"):
        training = a_training(app, at)
        before = state(app, training)
        page = trainer.get(training.page)
        assert soup_of(page.text).select_one("#depot") is None
        elsewhere = a_training(app, "filed")
        shown = soup_of(trainer.get(elsewhere.page).text).select_one("#depot [name=csrf_token]")
        assert shown is not None
        answer = trainer.post(
            f"{training.page}accord",
            data={"csrf_token": str(shown["value"]), "fichiers": [_file()]},
            content_type="multipart/form-data",
        )
        assert answer.status_code == 303
        assert state(app, training) == before
        with app.app_context():
            found = db.session.scalars(db.select(Agreement).filter_by(training_id=training.id))
            assert all(one.state != "received" for one in found)


def _file() -> tuple[object, str]:
    import io

    return io.BytesIO(PDF[0]), PDF[1]


def test_an_agreement_nobody_read_is_read_at_the_next_sweep(app: Flask, office: Visitor) -> None:
    """The worker died between the pages and their reading: nobody waits for ever."""
    training = a_training(app, "received")
    with app.app_context():
        agreement = db.session.get_one(TrainingSession, training.id).agreements[-1]
        page, upload_id = f"/organisme/accords/{agreement.id}", agreement.upload_id
        assert uploads.prepare(upload_id)
        assert upload_id in fundings.unread_ids()
    assert "Les pages sont en préparation" in text_of(office.get(page))
    story.work(app)
    assert "Lu page 1 : 1 600,00 €" in text_of(office.get(page))
    with app.app_context():
        assert upload_id not in fundings.unread_ids()


def test_the_same_file_sent_twice_at_once_counts_once(app: Flask) -> None:
    """Both requests found no agreement: the second one reads the row again and says so."""
    training = a_training(app, "filed")
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        client = Actor(Role.CLIENT, row.links[0].id, "Hélène Vasseur")
        stored = second_half.stored_paper()
        workflow.perform(Event.RECEIVE_AGREEMENT, row, client, stored=stored)
        before = letters(app, training)
        with pytest.raises(workflow.Refused, match="Ce fichier est déjà dans le dossier"):
            workflow.perform(Event.RECEIVE_AGREEMENT, row, client, stored=stored)
    assert letters(app, training) == before


def test_a_client_who_sent_a_file_may_still_say_the_opco_refused(
    app: Flask, client_of: ClientOf
) -> None:
    """The decision is theirs: no account of the organisation is named as its author."""
    training = a_training(app, "received")
    client = client_of(training.id)
    page = f"{training.space}refus"
    assert client.submit(page, {"reason": "Budget épuisé"}).status_code == 303
    assert state(app, training)[0] == "refused"
    with app.app_context():
        (agreement,) = db.session.get_one(TrainingSession, training.id).agreements
        assert (agreement.state, agreement.decided_by_id) == ("refused", None)
