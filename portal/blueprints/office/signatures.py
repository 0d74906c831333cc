"""The back office's part in a signature: the code read out by phone, the scan that is looked at."""

from flask import Blueprint, Response, abort, flash, request, url_for
from wtforms import BooleanField, TextAreaField
from wtforms.validators import Optional

from portal import clock, web, workflow
from portal.access import service as access
from portal.access.rules import Scope
from portal.documents import kinds
from portal.documents.models import DocumentState
from portal.effects import paper as papers
from portal.effects import signing
from portal.extensions import store
from portal.fields import MaxLength
from portal.signature import codes
from portal.signature.models import Channel
from portal.training import service as trainings
from portal.training.models import TrainingSession
from portal.training.rules import Event
from portal.uploads import service as uploads
from portal.uploads.models import Upload
from portal.web import PortalForm

blueprint = Blueprint("signatures", __name__)

NO_LINK = (
    "Aucun lien de signature n’est ouvert\u00a0: envoyez-le d’abord, depuis la page de la session"
)
CONFIRM, SEND_BACK = "confirmer", "renvoyer"


class PaperForm(PortalForm):
    """What the office saw on the scan."""

    seen = BooleanField("")
    reason = TextAreaField("Raison du renvoi", validators=[Optional(), MaxLength(500)])


@blueprint.route("/<ref>/code", methods=["GET", "POST"])
def phone_code(ref: str) -> Response:
    """Makes a code at the press of the button, and shows it once, to be read out."""
    training = _training(ref)
    link = access.open_link(training, clock.now(), Scope.SIGN)
    document = signing.signable(training)
    digits, refused = None, () if link and document else (NO_LINK,)
    if request.method == "POST" and link is not None and document is not None:
        try:
            digits = workflow.send_code(training, link, document, Channel.PHONE, web.actor())
        except codes.CodeRefused as error:
            refused = (str(error),)
    return web.page(
        "signatures/code.html",
        status=409 if request.method == "POST" and not digits else 200,
        training=training,
        digits=f"{digits[:3]}\u00a0{digits[3:]}" if digits else None,
        refused=web.error_summary(refused),
        may_ask=link is not None and document is not None,
    )


@blueprint.route("/<ref>/papier", methods=["GET", "POST"])
def paper(ref: str) -> Response:
    """The pages of the scan beside the decision: it shows the signature, or it does not."""
    training = _training(ref)
    form = PaperForm()
    upload = papers.waiting_scan(training)
    if upload is None:
        if request.method == "POST":
            flash(f"{papers.GONE}.", "warn")
        return web.see_other(url_for("office.dossier.page", ref=ref))
    if request.method == "GET":
        return _paper_page(training, upload, form)
    action = request.form.get("action")
    if action == CONFIRM and not form.seen.data:
        form.seen.errors = ["Cochez la case après avoir vu la signature"]
        return _paper_page(training, upload, form, status=422)
    if action == SEND_BACK and not (form.reason.data or "").strip():
        form.reason.errors = ["Indiquez la raison, en quelques mots"]
        return _paper_page(training, upload, form, status=422)
    return _decided(training, form, is_signed=action == CONFIRM)


def _decided(training: TrainingSession, form: PaperForm, *, is_signed: bool) -> Response:
    event = Event.RECORD_PAPER_SIGNATURE if is_signed else Event.REFUSE_SIGNED_PAPER
    asked = request.form.get("upload_id", type=int)
    reason = form.reason.data or ""
    try:
        workflow.perform(event, training, web.actor(), upload_id=asked, reason=reason)
    except workflow.Refused as refused:
        flash(f"{' '.join(refused.sentences)}.", "warn")
    else:
        said = "Signature sur papier enregistrée." if is_signed else "Le client est prévenu."
        flash(said, "ok")
    return web.see_other(url_for("office.dossier.page", ref=training.ref))


@blueprint.get("/<ref>/papier/pages/<int:number>")
def page_image(ref: str, number: int) -> Response:
    """One page as an image made by us: the file itself is never shown inline."""
    images = _waiting(ref).page_images or []
    if not 1 <= number <= len(images):
        abort(404)
    return Response(store().read(images[number - 1]), mimetype="image/jpeg")


@blueprint.get("/<ref>/papier/original")
def original(ref: str) -> Response:
    """The scan as it came, as a download."""
    upload = _waiting(ref)
    return web.send_stored(uploads.content(upload), upload.name)


def _training(ref: str) -> TrainingSession:
    training = trainings.by_ref(ref)
    if training is None:
        abort(404)
    return training


def _waiting(ref: str) -> Upload:
    upload = papers.waiting_scan(_training(ref))
    if upload is None:
        abort(404)
    return upload


def _paper_page(
    training: TrainingSession, upload: Upload, form: PaperForm, status: int = 200
) -> Response:
    document = signing.signable(training)
    if document is None or document.state != DocumentState.READY:
        abort(404)
    return web.page(
        "signatures/paper.html",
        status=status,
        training=training,
        upload=upload,
        form=form,
        title=kinds.KINDS[document.kind].title,
        reference=kinds.reference(document.kind, training.number, document.version),
        due=signing.due_cents(training),
        errors=web.error_summary(form) if status == 422 else [],
    )
