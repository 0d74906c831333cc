"""« À relire »: papers are ready, and leave when the office says so."""

from typing import Any

from flask import Blueprint, Response, abort, flash, url_for
from sqlalchemy import select

from portal import french, web, workflow
from portal.blueprints import papers
from portal.emails import holding
from portal.extensions import db
from portal.training import service as trainings
from portal.training.models import TrainingSession

blueprint = Blueprint("proofreading", __name__)


@blueprint.get("/")
def queue() -> Response:
    """The sessions whose papers wait, the longest waiting first: what will leave, and to whom."""
    ids = holding.training_ids()
    rows = db.session.scalars(select(TrainingSession).where(TrainingSession.id.in_(ids)))
    found = sorted(rows, key=lambda training: ids.index(training.id))
    return web.page("proofreading/queue.html", waiting=[_waiting(training) for training in found])


def _waiting(training: TrainingSession) -> dict[str, Any]:
    mails = holding.of_training(training.id)
    attached = {identity for mail in mails for identity in mail.document_ids}
    return {
        "training": training,
        "papers": [paper for paper in papers.listed(training) if paper.id in attached],
        "to": french.enumeration([mail.to_email for mail in mails]),
    }


@blueprint.post("/<ref>/envoyer")
def send(ref: str) -> Response:
    training = trainings.by_ref(ref) or abort(404)
    sent = workflow.send_held(training, web.actor())
    if sent:
        leaving = french.count(sent, "message part", "messages partent")
        flash(f"{training.ref}\u00a0: {leaving}.", "ok")
    else:
        flash("Ces documents sont déjà partis, ou ne sont plus à envoyer.", "info")
    return web.see_other(url_for(".queue"))
