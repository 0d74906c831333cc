"""« Corriger l’adresse et renvoyer »: a typing error is mended on the line where it shows."""

from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from portal import workflow
from portal.access.models import ShareLink
from portal.access.rules import Actor, Role, Scope
from portal.emails.models import Email, EmailState
from portal.extensions import db, writing
from portal.journal.models import JournalDetails, JournalEntry
from portal.training.models import TrainingSession
from portal.training.rules import Event
from tests.conftest import TRAINER
from tests.pages import Visitor, text_of
from tests.screens import assert_refused
from tests.story import Told, a_training, made

RIGHT = "helene@menuiserie-vasseur.example"
ERROR = "Le serveur refuse cette adresse\u00a0: 550 no such user"


def fail(app: Flask, told: Told, letter: str) -> tuple[int, str]:
    """That message was refused by the server; its id, and where it had gone."""
    with app.app_context(), writing():
        query = db.select(Email).filter_by(training_id=told.id, letter=letter)
        email = db.session.scalars(query.order_by(Email.id.desc())).first()
        assert email is not None
        email.state, email.error = EmailState.FAILED.value, ERROR
        email.attempts, email.sent_at = 1, None
        return email.id, email.to_email


def mend(visitor: Visitor, side: str, mail_id: int, address: str = RIGHT) -> TestResponse:
    page = f"/{side}/courriels/{mail_id}"
    return visitor.submit(page, {"address": address}, form="#corriger")


def written(app: Flask, told: Told, address: str) -> list[str]:
    with app.app_context():
        query = db.select(Email.letter).filter_by(training_id=told.id, to_email=address)
        return list(db.session.scalars(query.order_by(Email.id)))


@pytest.fixture
def sent(app: Flask) -> Told:
    told = a_training(app, "sent")
    made(app, told)
    return told


def test_the_line_says_what_failed_and_offers_the_fix(
    app: Flask, trainer: Visitor, sent: Told
) -> None:
    mail_id, _former = fail(app, sent, "documents_to_client")
    for page in ("/formateur/courriels/", f"/formateur/sessions/{sent.ref}/"):
        shown = trainer.get(page)
        assert "550 no such user" in text_of(shown)
        assert f'/courriels/{mail_id}#corriger"' in shown.text


def test_the_papers_leave_again_to_the_right_address(
    app: Flask, office: Visitor, sent: Told
) -> None:
    mail_id, former = fail(app, sent, "documents_to_client")
    assert mend(office, "organisme", mail_id).status_code == 303
    assert "documents_to_client" in written(app, sent, RIGHT)
    with app.app_context():
        company = db.session.get_one(TrainingSession, sent.id).company
        assert company is not None
        assert former not in (company.signatory_email, company.contact_email)
        old = db.session.get_one(Email, mail_id)
        new = db.session.scalars(
            db.select(Email).filter_by(to_email=RIGHT, letter="documents_to_client")
        ).one()
        assert old.state == EmailState.CANCELLED
        assert new.document_ids == old.document_ids
        assert new.message_id != old.message_id
        entry = db.session.scalars(db.select(JournalEntry).filter_by(event="correct_address")).one()
        details = db.session.get_one(JournalDetails, entry.seq).details
        assert (details["from"], details["to"]) == (former, RIGHT)
    assert mend_again(office, mail_id) == 422


def mend_again(office: Visitor, mail_id: int) -> int:
    """The same press, from a page left open."""
    page = office.get("/organisme/reglages/envoi")
    token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    data = {"csrf_token": token, "address": RIGHT}
    return office.post(f"/organisme/courriels/{mail_id}/adresse", data=data).status_code


def test_links_to_the_old_address_close(
    app: Flask, office: Visitor, client_of: Callable[[int], Visitor]
) -> None:
    told = a_training(app, "shared")
    with app.app_context(), writing():
        link = db.session.scalars(db.select(ShareLink).filter_by(training_id=told.id)).one()
        link.recipient_email = "helene@menuiserie-vaseur.example"
    with app.app_context():
        training = db.session.get_one(TrainingSession, told.id)
        actor = Actor(Role.OFFICE, None, "Nadia Belkacem")
        workflow.perform(
            Event.SHARE_LINK, training, actor, email="helene@menuiserie-vaseur.example", key="k"
        )
    mail_id, former = fail(app, told, "invitation")
    assert former == "helene@menuiserie-vaseur.example"
    before = client_of(told.id)
    assert mend(office, "organisme", mail_id).status_code == 303
    with app.app_context():
        public_id = db.session.get_one(TrainingSession, told.id).public_id
        live = [
            x.recipient_email for x in db.session.scalars(db.select(ShareLink)) if not x.revoked_at
        ]
    assert live == [RIGHT]
    assert before.get(f"/espace/{public_id}/").status_code == 403
    assert client_of(told.id).get(f"/espace/{public_id}/").status_code == 200
    assert "invitation" in written(app, told, RIGHT)


def test_a_trainer_moves_the_papers_but_never_the_signature(
    app: Flask, trainer: Visitor, sent: Told
) -> None:
    mail_id, former = fail(app, sent, "documents_to_client")
    assert mend(trainer, "formateur", mail_id).status_code == 303
    with app.app_context():
        company = db.session.get_one(TrainingSession, sent.id).company
        assert company is not None
        assert (company.signatory_email, company.contact_email) == (former, RIGHT)
    assert "address_corrected_to_office" in [
        letter for address in office_addresses(app, sent) for letter in written(app, sent, address)
    ]


def office_addresses(app: Flask, told: Told) -> set[str]:
    with app.app_context():
        query = db.select(Email.to_email).filter_by(training_id=told.id, audience="office")
        return set(db.session.scalars(query))


def sign_request(app: Flask, told: Told) -> int:
    with app.app_context():
        training = db.session.get_one(TrainingSession, told.id)
        actor = Actor(Role.OFFICE, None, "Nadia Belkacem")
        workflow.perform(Event.SEND_SIGN_LINK, training, actor)
    return fail(app, told, "sign_request")[0]


def test_a_trainer_cannot_say_where_the_signing_link_goes(
    app: Flask, trainer: Visitor, sent: Told
) -> None:
    mail_id = sign_request(app, sent)
    answer = mend(trainer, "formateur", mail_id)
    assert answer.status_code == 422
    assert "ne se corrige que par l’organisme" in text_of(answer)
    assert written(app, sent, RIGHT) == []


def test_the_office_sends_a_fresh_signing_link_to_the_signatory_alone(
    app: Flask, office: Visitor, sent: Told
) -> None:
    mail_id = sign_request(app, sent)
    assert mend(office, "organisme", mail_id).status_code == 303
    assert written(app, sent, RIGHT).count("sign_request") == 1
    with app.app_context():
        links = db.session.scalars(
            db.select(ShareLink).filter_by(training_id=sent.id, scope=Scope.SIGN.value)
        ).all()
        assert [(x.recipient_email, x.revoked_at is None) for x in links[1:]] == [(RIGHT, True)]
        assert links[0].revoked_at is not None


@pytest.mark.parametrize("side", ["organisme", "formateur"])
def test_the_address_of_an_account_is_refused(
    app: Flask, office: Visitor, trainer: Visitor, sent: Told, side: str
) -> None:
    mail_id, _former = fail(app, sent, "documents_to_client")
    visitor = office if side == "organisme" else trainer
    answer = mend(visitor, side, mail_id, TRAINER.upper())
    assert answer.status_code == 422
    assert "celle d’un compte du portail" in text_of(answer)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("helene@", "Il manque le nom de domaine après @"),
        ("", "Indiquez la bonne adresse"),
        ("a@b.example, c@d.example", "Une adresse e-mail ne contient qu’un seul signe @"),
    ],
)
def test_what_is_no_address_is_refused(
    app: Flask, office: Visitor, sent: Told, typed: str, sentence: str
) -> None:
    mail_id, _former = fail(app, sent, "documents_to_client")
    assert_refused(mend(office, "organisme", mail_id, typed), "address", sentence)


def test_a_message_that_left_is_not_redirected(app: Flask, office: Visitor, sent: Told) -> None:
    with app.app_context():
        query = db.select(Email.id).filter_by(training_id=sent.id, letter="documents_to_client")
        mail_id = db.session.scalars(query).one()
    assert "Corriger l’adresse" not in text_of(office.get(f"/organisme/courriels/{mail_id}"))
    assert mend_again(office, mail_id) == 422
