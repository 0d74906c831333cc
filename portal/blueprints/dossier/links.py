"""The client's link as the staff handles it: copy, send, show as a QR code, renew, revoke."""

import io

import segno
from flask import Response, abort, flash, request, url_for

from portal import clock, web, workflow
from portal.access import service as access
from portal.blueprints.dossier import blueprint
from portal.blueprints.dossier.pages import SendForm, show_page, training_of
from portal.training.rules import Event


@blueprint.post("/<ref>/lien")
def make_link(ref: str) -> Response:
    """A link where there is none (or no longer)."""
    return _do(ref, Event.SHARE_LINK, "Le lien du client est prêt à être partagé.", send=False)


@blueprint.post("/<ref>/lien/envoyer")
def send_link(ref: str) -> Response:
    """By e-mail, to the address given."""
    training = training_of(ref)
    form = SendForm()
    if not form.validate_on_submit():
        return show_page(training, 422, send_form=form, send_summary=web.error_summary(form))
    return _do(
        ref,
        Event.SHARE_LINK,
        f"Le lien va partir à {form.email.data}.",
        email=form.email.data,
    )


@blueprint.post("/<ref>/lien/renouveler")
def renew_link(ref: str) -> Response:
    return _do(
        ref,
        Event.RENEW_LINK,
        "Un nouveau lien remplace l’ancien, qui n’ouvre plus rien.",
        rotation=request.form.get("rotation", type=int),
    )


@blueprint.post("/<ref>/lien/fermer")
def revoke_link(ref: str) -> Response:
    return _do(ref, Event.REVOKE_LINK, "Le lien est fermé\u00a0: il n’ouvre plus le dossier.")


@blueprint.get("/<ref>/lien/qr.svg")
def qr(ref: str) -> Response:
    """The link as a QR code, to be scanned from the trainer's screen."""
    link = access.open_link(training_of(ref), clock.now())
    if link is None:
        abort(404)
    drawing = io.BytesIO()
    segno.make(access.url_of(link), error="m").save(drawing, kind="svg", scale=5, border=3)
    return Response(drawing.getvalue(), mimetype="image/svg+xml")


def _key() -> str | None:
    """What names the opened page: a second press of its button is no second act."""
    return request.form.get("key", "")[:64] or None


def _do(ref: str, event: Event, said: str, **data: object) -> Response:
    training = training_of(ref)
    try:
        workflow.perform(event, training, web.actor(), key=_key(), **data)
    except workflow.Refused as refused:
        return show_page(training_of(ref), 422, refused=web.error_summary(refused.sentences))
    flash(said, "ok")
    return web.see_other(url_for(".page", ref=ref))
