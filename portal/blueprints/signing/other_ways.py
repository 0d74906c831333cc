"""Instead of signing online: refuse and say why, name who signs, or sign by hand."""

from flask import Response, request, url_for

from portal import web, workflow
from portal.blueprints import receiving, scans
from portal.blueprints.signing import blueprint, current_training
from portal.blueprints.signing.showing import LAYOUT
from portal.signature.forms import DeclineForm, DelegateForm
from portal.training.rules import Event
from portal.web import PortalForm


@blueprint.route("/<public_id>/refuser", methods=["GET", "POST"])
def decline(public_id: str) -> Response:
    """Asks why; once refused, says so, and how to come back on it."""
    form = DeclineForm()
    if form.validate_on_submit():
        reason = form.reason.data
        try:
            workflow.perform(
                Event.DECLINE_SIGNATURE, current_training(), web.actor(), reason=reason
            )
        except workflow.Refused as refused:
            return _form_page("signing/decline.html", form, refused.sentences)
        return web.see_other(url_for(".decline", public_id=public_id))
    return _form_page("signing/decline.html", form)


@blueprint.route("/<public_id>/transmettre", methods=["GET", "POST"])
def delegate(public_id: str) -> Response:
    """Names another signatory: this link dies, and theirs leaves to their own address."""
    form = DelegateForm()
    if form.validate_on_submit():
        try:
            workflow.perform(
                Event.DELEGATE_SIGNATURE,
                current_training(),
                web.actor(),
                first=form.first.data,
                last=form.last.data,
                function=form.function.data,
                email=form.email.data,
            )
        except workflow.Refused as refused:
            return _form_page("signing/delegate.html", form, refused.sentences)
        return web.page(
            "signing/delegated.html", layout=LAYOUT, training=current_training(), form=form
        )
    return _form_page("signing/delegate.html", form)


@blueprint.get("/<public_id>/papier")
def on_paper(public_id: str) -> Response:
    """Print, sign, scan, send."""
    return scans.page(
        current_training(),
        back=(url_for(".page", public_id=public_id), "Retour au document"),
        post_url=url_for(".send_signed_paper", public_id=public_id),
        pdf_url=lambda _document: url_for(".paper", public_id=public_id),
    )


@blueprint.post("/<public_id>/papier")
@receiving.takes_files
def send_signed_paper(public_id: str) -> Response:
    """The scan, for the office to look at: it signs nothing by itself."""
    back = url_for(".on_paper", public_id=public_id)
    return receiving.signed_paper(current_training(), back)


def _form_page(template: str, form: PortalForm, refused: tuple[str, ...] = ()) -> Response:
    return web.page(
        template,
        status=422 if request.method == "POST" else 200,
        layout=LAYOUT,
        training=current_training(),
        form=form,
        summary=web.error_summary(refused or form),
    )
