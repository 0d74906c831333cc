"""« À relire »: papers are ready, and leave when the office says so."""

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
    """The sessions whose papers wait, the longest waiting first, with those papers."""
    ids = holding.training_ids()
    rows = db.session.scalars(select(TrainingSession).where(TrainingSession.id.in_(ids)))
    found = sorted(rows, key=lambda training: ids.index(training.id))
    waiting = [
        (training, [paper for paper in papers.listed(training) if paper.is_current])
        for training in found
    ]
    return web.page("proofreading/queue.html", waiting=waiting)


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
