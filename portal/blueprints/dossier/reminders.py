"""Reminders of one dossier: remind now, suspend, take up again."""

from flask import Response, flash, request, url_for

from portal import correspondence, web, workflow
from portal.blueprints.dossier import blueprint
from portal.blueprints.dossier.pages import show_page, training_of
from portal.reminders.rules import Kind

DONE = "La relance va partir."
NOTHING = ("Il n’y a plus rien à relancer sur ce dossier",)


@blueprint.post("/<ref>/relances")
def remind(ref: str) -> Response:
    """« Relancer maintenant »: one message, at most once a day."""
    training = training_of(ref)
    try:
        kind = Kind(request.form.get("kind", ""))
        correspondence.remind(training, web.actor(), kind)
    except ValueError:
        return show_page(training_of(ref), 422, refused=web.error_summary(NOTHING))
    except workflow.Refused as refused:
        errors = web.error_summary(refused.sentences)
        return show_page(training_of(ref), 422, refused=errors)
    flash(DONE, "ok")
    return web.see_other(url_for(".page", ref=ref))


@blueprint.post("/<ref>/relances/pause")
def pause_reminders(ref: str) -> Response:
    """Nothing leaves by itself until they are taken up again."""
    is_paused = request.form.get("pause") == "oui"
    correspondence.pause_reminders(training_of(ref), web.actor(), paused=is_paused)
    flash("Les relances sont suspendues." if is_paused else "Les relances reprennent.", "ok")
    return web.see_other(url_for(".page", ref=ref))
