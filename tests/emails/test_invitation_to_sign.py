"""The message that invites to sign leaves when there is something to read, not before."""

from datetime import timedelta

import pytest
from flask import Flask

from portal import clock, workflow
from portal.access.rules import Actor, Role
from portal.documents.models import Document
from portal.emails import outbox
from portal.extensions import db, writing
from portal.training.models import TrainingSession
from portal.training.rules import Event
from tests import story
from tests.story import a_training

pytestmark = pytest.mark.usefixtures("frozen")
app = story.app_of_the_module()


def test_it_waits_for_the_paper_to_be_made(app: Flask) -> None:
    told = a_training(app, "refused")
    story.made(app, told)
    with app.app_context():
        training = db.session.get_one(TrainingSession, told.id)
        client = Actor(Role.CLIENT, training.links[0].id, "Hélène Vasseur")
        workflow.perform(Event.SELF_FUND, training, client)
        email = story.last_email(told, "sign_request")
        outbox.deliver(email.id)
        assert (email.state, email.attempts) == ("queued", 0)
        assert email.id not in outbox.due_ids(clock.now())
        paper = db.session.scalars(
            db.select(Document).filter_by(training_id=told.id, state="pending")
        ).one()
        with writing():
            paper.state, paper.sha256, paper.octets, paper.pages = "ready", "0" * 64, 10, 4
            paper.ready_at = clock.now()
        outbox.release(paper.id, clock.now())
        assert email.id in outbox.due_ids(clock.now())
        assert outbox.deliver(email.id)
        assert story.last_email(told, "sign_request").state in ("sent", "kept")
        assert clock.now() - email.created_at < timedelta(minutes=1)


def test_what_opens_no_paper_waits_for_none(app: Flask) -> None:
    told = a_training(app, "sent")  # its papers are still to be made
    with app.app_context():
        training = db.session.get_one(TrainingSession, told.id)
        office = Actor(Role.OFFICE, None, "Nadia Belkacem")
        workflow.perform(Event.CANCEL, training, office, reason=story.REASON)
        email = story.last_email(told, "cancelled_to_client")
        assert outbox.deliver(email.id)
        assert story.last_email(told, "cancelled_to_client").state in ("sent", "kept")
