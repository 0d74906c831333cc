"""The client's side of the messages."""

from functools import partial

from flask import Response, url_for

from portal.blueprints import thread
from portal.blueprints.client import blueprint, current_training, show_space


@blueprint.post("/<public_id>/messages")
def write_message(public_id: str) -> Response:
    training = current_training()
    back = url_for(".space", public_id=public_id)
    return thread.write(training, partial(show_space, training), back)


@blueprint.post("/<public_id>/messages/lus")
def mark_messages(public_id: str) -> Response:
    training = current_training()
    back = url_for(".space", public_id=public_id)
    return thread.mark(training, partial(show_space, training), back)
