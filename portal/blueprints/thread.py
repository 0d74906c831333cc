"""The messages of a dossier, through any door: shown, written, marked as read."""

import secrets
from collections.abc import Callable
from typing import Any

from flask import Response, flash, request
from wtforms import TextAreaField

from portal import correspondence, web, workflow
from portal.fields import MaxLength, Required
from portal.messages import service as messages
from portal.messages.rules import LIMIT
from portal.training.models import TrainingSession
from portal.web import PortalForm

BLOCK = "messages"
Show = Callable[..., Response]


class MessageForm(PortalForm):
    """One message."""

    message = TextAreaField(
        "Votre message",
        validators=[Required("Écrivez votre message"), MaxLength(LIMIT)],
        render_kw={"rows": 3},
    )


def context(
    training: TrainingSession, write_url: str, read_url: str, *, may_write: bool = True
) -> dict[str, Any]:
    """What the thread of a page shows; values held after an expired session come back.

    A page without the form leaves them held, for the one that will show it.
    """
    takes_held = request.method == "GET" and may_write
    return {
        "thread": messages.thread(training.id, web.actor().role),
        "message_form": MessageForm() if takes_held else MessageForm(formdata=None),
        "may_write": may_write,
        "just_written": False,
        "message_summary": [],
        "message_key": secrets.token_hex(16),
        "write_url": write_url,
        "read_url": read_url,
    }


def write(training: TrainingSession, show: Show, back_url: str) -> Response:
    """One message; refused, the page comes back with what was typed."""
    form = MessageForm()
    key = request.form.get("key", "")[:64] or secrets.token_hex(16)
    faults = []
    if form.validate():
        try:
            reached = correspondence.write_message(
                training, web.actor(), str(form.message.data), key
            )
        except workflow.Refused as refused:
            faults = web.error_summary(refused.sentences)
        else:
            return _written(show, back_url, reached)
    summary = faults or web.error_summary(form)
    return show(422, BLOCK, message_form=form, message_summary=summary, message_key=key)


def _written(show: Show, back_url: str, reached: bool) -> Response:
    if not reached:
        flash(
            "Le client n’a pas d’adresse connue\u00a0: il lira ce message dans son espace.", "warn"
        )
    if web.wants_fragment() and reached:
        return show(200, BLOCK, just_written=True)
    return web.see_other(f"{back_url}#messages")


def mark(training: TrainingSession, show: Show, back_url: str) -> Response:
    """« Marquer comme lu »: said by a person, never guessed."""
    up_to = request.form.get("jusqu", "")
    if up_to.isdecimal() and len(up_to) < 10:
        correspondence.mark_read(training, web.actor(), int(up_to))
    if web.wants_fragment():
        return show(200, BLOCK)
    return web.see_other(f"{back_url}#messages")
