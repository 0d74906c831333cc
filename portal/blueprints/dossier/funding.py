"""Agreement, signature and start, as the staff handles them on a session's page."""

from flask import Response, flash, request, url_for

from portal import web, workflow
from portal.access.rules import Role
from portal.blueprints import agreement_files, receiving
from portal.blueprints.dossier import blueprint
from portal.blueprints.dossier.acts import with_reason
from portal.blueprints.dossier.pages import show_page, training_of
from portal.training.rules import Event


@blueprint.post("/<ref>/accord")
@receiving.takes_files
def send_agreement(ref: str) -> Response:
    """The trainer or the office hands in the agreement the client sent them."""
    return receiving.agreement(training_of(ref), url_for(".page", ref=ref))


@blueprint.post("/<ref>/signature-papier")
@receiving.takes_files
def send_signed_paper(ref: str) -> Response:
    """The scan of the signed paper, for the office to look at, which then looks at it."""
    if web.actor().role is Role.OFFICE:
        return receiving.signed_paper(training_of(ref), url_for("office.signatures.paper", ref=ref))
    return receiving.signed_paper(training_of(ref), url_for(".page", ref=ref))


@blueprint.get("/<ref>/accord/<int:agreement_id>")
def agreement_file(ref: str, agreement_id: int) -> Response:
    """What the funder answered, as it came."""
    return agreement_files.send(training_of(ref), agreement_id)


@blueprint.post("/<ref>/lien-de-signature")
def send_sign_link(ref: str) -> Response:
    """A new signing link leaves to the signatory; it is shown to nobody here."""
    return _do(
        ref, Event.SEND_SIGN_LINK, "Un nouveau lien de signature part à la personne qui signe."
    )


@blueprint.post("/<ref>/demarrer")
def start(ref: str) -> Response:
    return _do(ref, Event.START, "La formation est démarrée.")


@blueprint.route("/<ref>/corriger-l-accord", methods=["GET", "POST"])
def correct_agreement(ref: str) -> Response:
    """Takes a validation back: the undertaking falls and everybody is told."""
    return with_reason(ref, Event.CORRECT_AGREEMENT, "training/correct.html")


def _do(ref: str, event: Event, said: str) -> Response:
    training = training_of(ref)
    try:
        workflow.perform(event, training, web.actor(), key=request.form.get("key"))
    except workflow.Refused as refused:
        errors = web.error_summary(refused.sentences)
        return show_page(training_of(ref), 422, refused=errors)
    flash(said, "ok")
    return web.see_other(url_for(".page", ref=ref))
