"""A right address instead of a wrong one: what follows it, who is told, what stays as it is."""

import pytest
from flask import Flask

from portal import workflow
from portal.access.models import ShareLink
from portal.access.rules import Scope
from portal.emails.models import Email, EmailState
from portal.extensions import db, writing
from portal.training.models import TrainingSession
from portal.training.rules import Event
from tests.conftest import NOW
from tests.pages import Visitor, text_of
from tests.story import Told, a_training
from tests.web.test_mails_pages import NADIA, OFFICE, mail_of, put
from tests.web.test_mails_pages import sent as sent
from tests.web.test_story_wrong_address import RIGHT, fail, mend, written

pytestmark = pytest.mark.usefixtures("frozen")


def test_an_address_the_dossier_left_meanwhile_is_nothing_to_put_right(
    app: Flask, office: Visitor, sent: Told
) -> None:
    mail_id, _to = fail(app, sent, "documents_to_client")
    page = office.get(f"{OFFICE}{mail_id}")
    with app.app_context(), writing():
        training = db.session.get_one(TrainingSession, sent.id)
        assert training.company is not None
        training.company.signatory_email = training.company.contact_email = "autre@b.example"
        for link in training.links:
            link.recipient_email = None
    answer = office.submit(page, {"address": RIGHT}, form="#corriger")
    assert answer.status_code == 422
    assert "Cette adresse n’est plus celle du dossier : rien n’est à corriger" in text_of(answer)
    assert written(app, sent, RIGHT) == []


def test_the_address_of_a_link_that_was_closed_is_not_on_file(
    app: Flask, office: Visitor, sent: Told
) -> None:
    mail_id, former = fail(app, sent, "documents_to_client")
    with app.app_context(), writing():
        training = db.session.get_one(TrainingSession, sent.id)
        assert training.company is not None
        training.company.signatory_email = training.company.contact_email = "autre@b.example"
        for link in training.links:
            link.recipient_email, link.revoked_at = former, NOW
    answer = mend(office, "organisme", mail_id)
    assert "rien n’est à corriger" in text_of(answer)


def test_the_former_address_is_told_when_something_had_reached_it(
    app: Flask, office: Visitor, sent: Told
) -> None:
    put(app, mail_of(app, "invitation"), EmailState.SENT)
    mail_id, former = fail(app, sent, "documents_to_client")
    assert mend(office, "organisme", mail_id).status_code == 303
    assert written(app, sent, former)[-1] == "address_corrected_to_former"


@pytest.mark.parametrize("reached", ["nothing", "came back", "another dossier", "another address"])
def test_an_address_that_reached_nobody_is_not_written_to(
    app: Flask, office: Visitor, sent: Told, reached: str
) -> None:
    mail_id, former = fail(app, sent, "documents_to_client")
    if reached == "came back":
        put(app, mail_of(app, "invitation"), EmailState.SENT, bounced_at=NOW)
    if reached == "another dossier":
        other = a_training(app, "sent")
        put(app, mail_of(app, "invitation", other), EmailState.SENT)
    if reached == "another address":
        columns = {"to_email": "comptable@b.example"}
        put(app, mail_of(app, "invitation"), EmailState.SENT, **columns)
    assert mend(office, "organisme", mail_id).status_code == 303
    assert "address_corrected_to_former" not in written(app, sent, former)


def test_what_waits_follows_to_the_right_address_and_nothing_else_does(
    app: Flask, office: Visitor, sent: Told
) -> None:
    """Held or queued, to the client of this dossier, at that address; what lets sign never."""
    other = a_training(app, "sent")
    with app.app_context():
        training = db.session.get_one(TrainingSession, sent.id)
        workflow.perform(Event.SEND_SIGN_LINK, training, NADIA)
    waiting = mail_of(app, "invitation", sent)
    put(app, waiting, EmailState.HELD)
    mail_id, former = fail(app, sent, "documents_to_client")
    gone = mail_of(app, "documents_to_trainer", sent)
    put(app, gone, EmailState.QUEUED, to_email=former)  # a colleague's, at the same address
    assert mend(office, "organisme", mail_id).status_code == 303
    assert sorted(set(written(app, sent, RIGHT))) == ["documents_to_client", "invitation"]
    assert "sign_request" in written(app, sent, former)
    assert "documents_to_trainer" in written(app, sent, former)
    assert set(written(app, other, former)) >= {"documents_to_client", "invitation"}
    assert written(app, other, RIGHT) == []


def test_a_message_already_gone_keeps_its_address(app: Flask, office: Visitor, sent: Told) -> None:
    put(app, mail_of(app, "invitation"), EmailState.SENT)
    mail_id, former = fail(app, sent, "documents_to_client")
    mend(office, "organisme", mail_id)
    assert "invitation" in written(app, sent, former)
    assert "invitation" not in written(app, sent, RIGHT)


def test_the_link_in_what_follows_is_the_one_that_opens(
    app: Flask, office: Visitor, sent: Told, anonymous: Visitor
) -> None:
    mail_id, _former = fail(app, sent, "documents_to_client")
    mend(office, "organisme", mail_id)
    again = mail_of(app, "documents_to_client", sent)
    assert again != mail_id
    with app.app_context():
        link = db.session.get_one(ShareLink, db.session.get_one(Email, again).context["link_id"])
        assert (link.scope, link.revoked_at, link.recipient_email) == (Scope.SPACE, None, RIGHT)
        revoked = [x for x in link.training.links if x.revoked_at is not None]
        assert revoked


def test_the_signatory_s_own_address_is_the_office_s_to_change(
    app: Flask, trainer: Visitor, office: Visitor, sent: Told
) -> None:
    """When papers go to somebody else: a trainer puts that one right, not the signatory's."""
    mail_id, _former = fail(app, sent, "documents_to_client")
    with app.app_context(), writing():
        company = db.session.get_one(TrainingSession, sent.id).company
        assert company is not None
        company.contact_email = "comptable@menuiserie-vasseur.example"
    answer = mend(trainer, "formateur", mail_id)
    assert answer.status_code == 422
    assert "ne se corrige que par l’organisme" in text_of(answer)
    assert mend(office, "organisme", mail_id).status_code == 303
    with app.app_context():
        company = db.session.get_one(TrainingSession, sent.id).company
        assert company is not None
        assert company.signatory_email == RIGHT
        assert company.contact_email == "comptable@menuiserie-vasseur.example"


def test_an_address_that_the_company_s_card_alone_names_is_put_right(
    app: Flask, office: Visitor, sent: Told
) -> None:
    mail_id, former = fail(app, sent, "documents_to_client")
    with app.app_context(), writing():
        for link in db.session.get_one(TrainingSession, sent.id).links:
            link.recipient_email = None
    assert mend(office, "organisme", mail_id).status_code == 303
    assert "documents_to_client" in written(app, sent, RIGHT)
    assert "documents_to_client" in written(app, sent, former)  # as it was written, and failed


def test_what_waits_for_somebody_else_of_the_client_stays_there(
    app: Flask, office: Visitor, sent: Told
) -> None:
    accountant = "comptable@menuiserie-vasseur.example"
    put(app, mail_of(app, "invitation"), EmailState.QUEUED, to_email=accountant)
    mail_id, _former = fail(app, sent, "documents_to_client")
    assert mend(office, "organisme", mail_id).status_code == 303
    assert written(app, sent, accountant) == ["invitation"]
    assert "invitation" not in written(app, sent, RIGHT)
