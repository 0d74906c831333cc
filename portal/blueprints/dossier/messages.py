"""The staff's side of the messages."""

from functools import partial

from flask import Response, url_for

from portal.blueprints import thread
from portal.blueprints.dossier import blueprint
from portal.blueprints.dossier.pages import show_page, training_of


@blueprint.post("/<ref>/messages")
def write_message(ref: str) -> Response:
    training = training_of(ref)
    return thread.write(training, partial(show_page, training), url_for(".page", ref=ref))


@blueprint.post("/<ref>/messages/lus")
def mark_messages(ref: str) -> Response:
    training = training_of(ref)
    return thread.mark(training, partial(show_page, training), url_for(".page", ref=ref))
