"""The client's side of the funder's answer: hand the agreement in, say no, choose what next."""

from flask import Response, flash, request, url_for
from wtforms import TextAreaField

from portal import web, workflow
from portal.blueprints import agreement_files, receiving, scans
from portal.blueprints.client import blueprint, current_training
from portal.fields import MaxLength, Required
from portal.training.rules import Event
from portal.web import PortalForm

LAYOUT = "layouts/client.html"


class RefusalForm(PortalForm):
    """« Mon OPCO a refusé »."""

    reason = TextAreaField(
        "Ce que dit le refus",
        description="Par exemple\u00a0: budget annuel épuisé.",
        validators=[Required("Indiquez la raison donnée par l’OPCO"), MaxLength(500)],
    )


@blueprint.post("/<public_id>/accord")
@receiving.takes_files
def send_agreement(public_id: str) -> Response:
    """Its own request, so that a failed file loses nothing else."""
    back = url_for(".space", public_id=public_id)
    return receiving.agreement(current_training(), back)


@blueprint.get("/<public_id>/accord/<int:agreement_id>")
def agreement_file(public_id: str, agreement_id: int) -> Response:
    """What the funder answered, as it came."""
    return agreement_files.send(current_training(), agreement_id)


@blueprint.route("/<public_id>/refus", methods=["GET", "POST"])
def declare_refusal(public_id: str) -> Response:
    form = RefusalForm()
    training = current_training()
    refused: tuple[str, ...] = ()
    if form.validate_on_submit():
        try:
            workflow.perform(Event.RECORD_REFUSAL, training, web.actor(), reason=form.reason.data)
        except workflow.Refused as error:
            refused = error.sentences
        else:
            return web.see_other(url_for(".space", public_id=public_id))
    return web.page(
        "client/refusal.html",
        status=422 if request.method == "POST" else 200,
        layout=LAYOUT,
        training=training,
        form=form,
        summary=web.error_summary(refused or form),
    )


CHOICES = {
    "payer": (Event.SELF_FUND, "C’est noté\u00a0: vous réglez la formation vous-même."),
    "reporter": (
        Event.POSTPONE,
        "C’est noté\u00a0: la formation est reportée, sans date pour l’instant.",
    ),
    "annuler": (Event.CANCEL, "C’est noté\u00a0: la formation est annulée."),
}


@blueprint.post("/<public_id>/choix")
def choose(public_id: str) -> Response:
    """After a refusal: pay for everything, postpone, or cancel."""
    choice = CHOICES.get(request.form.get("choix", ""))
    if choice is None:
        return web.see_other(url_for(".space", public_id=public_id))
    event, said = choice
    data = {"reason": "Choix du client après le refus de l’OPCO"} if event is Event.CANCEL else {}
    try:
        workflow.perform(event, current_training(), web.actor(), **data)
    except workflow.Refused as refused:
        flash(" ".join(refused.sentences), "warn")
    else:
        flash(said, "ok")
    return web.see_other(url_for(".space", public_id=public_id))


@blueprint.post("/<public_id>/signature")
def ask_sign_link(public_id: str) -> Response:
    """The signing link is never shown here: it leaves to the signatory's own address."""
    training = current_training()
    try:
        workflow.perform(Event.SEND_SIGN_LINK, training, web.actor())
    except workflow.Refused as refused:
        flash(" ".join(refused.sentences), "warn")
    else:
        company = training.company
        flash(f"Le lien de signature part à {company.signatory_email if company else ''}.", "ok")
    return web.see_other(url_for(".space", public_id=public_id))


@blueprint.get("/<public_id>/papier")
def on_paper(public_id: str) -> Response:
    """Print, sign, scan, send: the way of those who do not sign online."""
    return scans.page(
        current_training(),
        back=(url_for(".space", public_id=public_id), "Votre dossier"),
        post_url=url_for(".send_signed_paper", public_id=public_id),
        pdf_url=lambda document: url_for(".paper", public_id=public_id, document_id=document.id),
    )


@blueprint.post("/<public_id>/papier")
@receiving.takes_files
def send_signed_paper(public_id: str) -> Response:
    """The scan, for the office to look at: it signs nothing by itself."""
    back = url_for(".on_paper", public_id=public_id)
    return receiving.signed_paper(current_training(), back)
