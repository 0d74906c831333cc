"""« Relecture avant envoi »: papers are prepared, and leave when the office says so."""

from collections.abc import Callable

import pytest
from flask import Flask

from portal import workflow
from portal.access.rules import Actor, Role
from portal.emails.models import Email
from portal.extensions import db, writing
from portal.training.models import TrainingSession
from portal.training.rules import Event
from tests.conftest import NOW, TRAINER, user
from tests.pages import Visitor, text_of
from tests.screens import fill, section
from tests.story import CLIENT, REASON, Told, a_training, made, messages

QUEUE = "/organisme/relecture/"


@pytest.fixture
def read_over(app: Flask, office: Visitor) -> Told:
    """A session sent while the organisation reads its papers over; they are printed."""
    page = office.get("/organisme/reglages/envoi")
    office.submit(page, {"reads_over": "y"}, form="#reglages")
    told = a_training(app, "sent")
    made(app, told)
    return told


def states(app: Flask, told: Told, letter: str = "documents") -> list[str]:
    with app.app_context():
        rows = db.session.scalars(
            db.select(Email).filter_by(training_id=told.id).order_by(Email.id)
        )
        return [row.state for row in rows if row.letter.startswith(letter)]


def test_it_is_off_until_somebody_asks_for_it(app: Flask, office: Visitor) -> None:
    told = a_training(app, "sent")
    made(app, told)
    assert "held" not in states(app, told)
    assert "À relire" not in text_of(office.get("/organisme/"))
    assert "Les documents partent sans relecture" in text_of(office.get(QUEUE))


def test_papers_wait_for_the_office_then_leave_in_one_press(
    app: Flask, office: Visitor, read_over: Told
) -> None:
    assert states(app, read_over) == ["held", "held"]
    home = office.get("/organisme/")
    assert "À relire 1 en attente" in text_of(home)
    assert "1 dossier à relire avant envoi" in section(home, "À faire 1")
    page = office.get(QUEUE)
    assert f"À envoyer à {CLIENT} et {TRAINER}." in text_of(page)
    assert "À relire 1" in text_of(page)
    assert "Menuiserie Vasseur" in text_of(page)
    assert "Convention" in text_of(page)
    answer = office.submit(page)
    assert answer.status_code == 303
    said = text_of(office.get(QUEUE))
    assert f"{read_over.ref} : 2 messages partent." in said
    assert "Rien à relire" in said
    made(app, read_over)
    assert "held" not in states(app, read_over)
    again = office.submit(page)  # the same page, pressed twice
    assert "déjà partis" in text_of(office.get(again.headers["Location"]))
    assert "Documents relus et envoyés" in text_of(
        office.get(f"/organisme/dossiers/{read_over.ref}/")
    )


def test_what_waits_is_not_forgotten_when_reading_over_ends(
    app: Flask, office: Visitor, read_over: Told
) -> None:
    page = office.get("/organisme/reglages/envoi")
    office.submit(page, {"reads_over": None}, form="#reglages")
    home = office.get("/organisme/")
    assert "À relire 1 en attente" in text_of(home)
    assert "1 dossier à relire avant envoi" in section(home, "À faire 1")
    office.submit(QUEUE)
    assert "held" not in states(app, read_over)
    assert "À relire" not in text_of(office.get("/organisme/"))


def test_a_change_that_is_not_read_over_replaces_what_waited(
    app: Flask, office: Visitor, read_over: Told
) -> None:
    page = office.get("/organisme/reglages/envoi")
    office.submit(page, {"reads_over": None}, form="#reglages")
    amend(app, read_over)
    assert states(app, read_over) == ["cancelled", "cancelled", "queued", "queued"]
    assert "Rien à relire" in text_of(office.get(QUEUE))


def test_the_client_waits_for_papers_nobody_has_read(
    app: Flask, office: Visitor, read_over: Told, client_of: Callable[[int], Visitor]
) -> None:
    client = client_of(read_over.id)
    with app.app_context():
        training = db.session.get_one(TrainingSession, read_over.id)
        space, paper = f"/espace/{training.public_id}/", training.documents[0].id
    assert "relit vos documents" in text_of(client.get(space))
    assert "relit vos documents" in text_of(client.get(f"{space}merci"))
    assert client.get(f"{space}documents/{paper}").status_code == 404
    assert client.get(f"{space}documents.zip").status_code == 404
    office.submit(QUEUE)
    assert client.get(f"{space}documents/{paper}").status_code == 200


def test_nobody_signs_what_nobody_has_read(app: Flask, read_over: Told) -> None:
    with app.app_context():
        training = db.session.get_one(TrainingSession, read_over.id)
        trainer = user(TRAINER)
        actor = Actor(Role.TRAINER, trainer.id, trainer.name)
        with pytest.raises(workflow.Refused, match="relit encore"):
            workflow.perform(Event.SEND_SIGN_LINK, training, actor)


def test_reopened_before_it_was_read_the_client_hears_of_nothing(
    app: Flask, office: Visitor, read_over: Told
) -> None:
    with app.app_context():
        training = db.session.get_one(TrainingSession, read_over.id)
        actor = Actor(Role.OFFICE, None, "Nadia Belkacem")
        workflow.perform(Event.REOPEN, training, actor, reason=REASON)
    assert states(app, read_over) == ["cancelled", "cancelled"]  # and no « withdrawn »
    assert "Rien à relire" in text_of(office.get(QUEUE))


def test_each_session_waits_for_its_own_press(app: Flask, office: Visitor, read_over: Told) -> None:
    other = a_training(app, "sent")
    made(app, other)
    assert states(app, read_over) == ["held", "held"]  # another sending takes nothing back
    page = office.get(QUEUE)
    for training in (read_over, other):
        assert training.ref in text_of(page)
    answer = office.submit(page, form=f"form[action$='/{other.ref}/envoyer']")
    assert answer.status_code == 303
    assert states(app, read_over) == ["held", "held"]
    assert "held" not in states(app, other)
    page = text_of(office.get(QUEUE)).partition("2 messages partent.")[2]
    assert read_over.ref in page
    assert other.ref not in page


def test_papers_made_again_replace_those_nobody_has_read(
    app: Flask, office: Visitor, read_over: Told
) -> None:
    other = a_training(app, "sent")
    amend(app, read_over)
    assert states(app, read_over)[:2] == ["cancelled", "cancelled"]
    assert states(app, read_over)[2:] == ["held", "held"]
    assert states(app, other) == ["held", "held"]
    waiting = text_of(office.get(QUEUE))
    number = read_over.ref.removeprefix("S-")
    assert f"D-{number} v2" in waiting
    mails = office.get("/organisme/courriels/")
    assert "Remplacé avant sa relecture" in text_of(mails)


def test_what_left_before_is_not_taken_back_by_what_waits(
    app: Flask, office: Visitor, read_over: Told
) -> None:
    office.submit(QUEUE)
    with app.app_context(), writing():
        for row in db.session.scalars(db.select(Email).filter_by(training_id=read_over.id)):
            row.state, row.sent_at = "sent", NOW
    amend(app, read_over)
    assert states(app, read_over) == ["sent", "sent", "held"]


def test_an_unknown_session_is_not_sent(office: Visitor, read_over: Told) -> None:
    token = office.get(QUEUE).text.partition('name="csrf_token" value="')[2].partition('"')[0]
    data = {"csrf_token": token}
    assert office.post(f"{QUEUE}S-2026-9999/envoyer", data=data).status_code == 404


def amend(app: Flask, told: Told) -> None:
    """The headcount changes after the papers were made: they are made again."""
    with app.app_context():
        training = db.session.get_one(TrainingSession, told.id)
        version = {answers.topic: answers.version for answers in training.answers}["programme"]
        raw = next(a.raw for a in training.answers if a.topic == "programme")
        save = ("programme", {**raw, "unit_price": ["2500"], "price_basis": ["flat"]},
                {"version": version, "edit_id": "amend", "final": True})  # fmt: skip
        actor = Actor(Role.OFFICE, None, "Nadia Belkacem")
        workflow.perform(Event.AMEND, training, actor, topics=[save], reason=REASON)


def test_a_name_put_right_before_the_papers_were_read_takes_none_of_them_away(
    app: Flask, office: Visitor, read_over: Told
) -> None:
    """The client has read nothing: it gets a first sending, not an update of one it never had."""
    rename(office, read_over, "Rahmani-Duval")
    assert states(app, read_over) == ["cancelled", "cancelled", "held", "held"]
    assert states(app, read_over, "amended") == []
    page = text_of(office.get(QUEUE))
    number = read_over.ref.removeprefix("S-")
    for reference in (f"D-{number}", f"C-{number} v2", f"P-{number}"):
        assert reference in page
    made(app, read_over)
    office.submit(QUEUE)
    (first,) = [m for m in messages(app, read_over) if m["letter"] == "documents_to_client"][-1:]
    assert (first["to"], first["papers"]) == (CLIENT, 3)
    assert f"C-{number} v2" in first["text"]


def test_two_changes_read_over_together_leave_together(
    app: Flask, office: Visitor, read_over: Told
) -> None:
    made(app, read_over)
    office.submit(QUEUE)
    amend(app, read_over)
    rename(office, read_over, "Rahmani-Duval")
    page = text_of(office.get(QUEUE))
    number = read_over.ref.removeprefix("S-")
    for reference in (f"D-{number} v2", f"C-{number} v3", f"P-{number} v2"):
        assert reference in page
    assert states(app, read_over, "documents_amended") == ["cancelled", "held"]


def test_papers_withdrawn_while_their_change_waits_are_told_withdrawn(
    app: Flask, office: Visitor, read_over: Told
) -> None:
    """The client has the first ones: only the change was never read."""
    made(app, read_over)
    office.submit(QUEUE)
    amend(app, read_over)
    office.submit(f"/organisme/dossiers/{read_over.ref}/rouvrir", {"reason": REASON})
    assert messages(app, read_over)[-1]["letter"] == "documents_withdrawn"


def rename(office: Visitor, told: Told, name: str) -> None:
    step = f"/organisme/dossiers/{told.ref}/etapes/stagiaires"
    typed = {"people-0-last_name": name, "reason": "Nom mal écrit"}
    assert fill(office, step, typed, button="Enregistrer la modification").status_code == 303


def test_the_client_of_another_dossier_is_not_kept_waiting(
    app: Flask, office: Visitor, client_of: Callable[[int], Visitor]
) -> None:
    left = a_training(app, "sent")
    made(app, left)
    office.submit("/organisme/reglages/envoi", {"reads_over": "y"}, form="#reglages")
    held = a_training(app, "sent")
    made(app, held)
    wait = "relit vos documents avant de vous les envoyer"
    assert wait in text_of(client_of(held.id).get(held.space))
    shown = text_of(client_of(left.id).get(left.space))
    assert wait not in shown
    assert "Convention" in shown
    amend(app, left)  # its client has read the first ones: this is a change, not a first sending
    assert states(app, left, "documents_amended") == ["held"]
    assert states(app, held) == ["held", "held"]
