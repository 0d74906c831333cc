"""« Accords à valider »: the queue, the agreement beside its decision, and taking it back."""

from typing import Any

from flask import Blueprint, Response, abort, flash, request, url_for
from flask_login import current_user
from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import Optional, ValidationError

from portal import clock, french, web, workflow
from portal.accounts import service as accounts
from portal.blueprints import exports, summary
from portal.effects.funding import UNDO, asked_grant, regime_of
from portal.extensions import db, store, writing
from portal.fields import MaxLength, MoneyField, Required, TileField
from portal.funding import checks, exporting
from portal.funding import service as fundings
from portal.funding.models import Agreement
from portal.funding.rules import AgreementState, Base, Split, VatRegime, split
from portal.training.models import TrainingSession
from portal.training.rules import Event
from portal.uploads import service as uploads
from portal.web import PortalForm

blueprint = Blueprint("agreements", __name__)

TOTAL, PARTIAL, REFUSED, RETURN = "totale", "partielle", "refusee", "renvoyer"


class DecisionForm(PortalForm):
    """What the funder decided, read on its paper by a person."""

    decision = TileField(
        "Décision",
        choices={
            TOTAL: "Prise en charge totale",
            PARTIAL: "Prise en charge partielle",
            REFUSED: "Refusée",
            RETURN: "Demander un autre document",
        },
        validators=[Required("Choisissez la décision de l’OPCO")],
    )
    amount = MoneyField("Montant accordé", validators=[Optional()])
    base = TileField(
        "Ce montant est",
        choices={Base.NET.value: "hors taxes (HT)", Base.GROSS.value: "toutes taxes (TTC)"},
        default=Base.NET.value,
    )
    funder_pays_vat = BooleanField("L’OPCO paie aussi la TVA sur sa part")
    number = StringField(
        "N° d’accord",
        validators=[Optional(), MaxLength(60)],
        render_kw={"autocomplete": "off"},
    )
    subrogation = TileField(
        "Règlement",
        choices={"oui": "Subrogation", "non": "L’entreprise est remboursée"},
    )
    reason = TextAreaField("Raison", validators=[Optional(), MaxLength(500)])
    read_over = BooleanField("SIRET, intitulé, dates, durée et effectif relus sur le document")

    @property
    def is_grant(self) -> bool:
        return self.decision.data in (TOTAL, PARTIAL)

    def validate(self, extra_validators: Any = None) -> bool:
        """What a decision needs: `Optional` ends the checks of a field left empty."""
        is_valid = super().validate(extra_validators)
        for field, decisions, sentence in (
            (self.amount, (PARTIAL,), "Indiquez le montant accordé"),
            (self.reason, (REFUSED, RETURN), "Indiquez la raison, en quelques mots"),
        ):
            if self.decision.data in decisions and not field.data and not field.errors:
                field.errors = [sentence]
                is_valid = False
        return is_valid

    def validate_subrogation(self, field: Any) -> None:
        if self.is_grant and not field.data:
            raise ValidationError("Dites qui l’OPCO paie\u00a0: l’organisme, ou l’entreprise")

    def validate_read_over(self, field: Any) -> None:
        if self.is_grant and not field.data:
            raise ValidationError("Relisez ces points sur le document, puis cochez la case")


@blueprint.get("/")
def queue() -> Response:
    """The agreements to check, the oldest first."""
    now = clock.now()
    return web.page(
        "agreements/queue.html",
        agreements=fundings.queue(),
        today=clock.today(),
        now=now,
        since=french.since,
        undoable=_undoable(),
    )


@blueprint.get("/export/<suffix>")
def export(suffix: str) -> Response:
    """The queue as a file."""
    return exports.answer("accords", suffix, exporting.COLUMNS, exporting.rows())


@blueprint.get("/<int:agreement_id>")
def show(agreement_id: int) -> Response:
    """One agreement: its pages on the left, the decision on the right."""
    agreement = _agreement(agreement_id)
    if agreement.state != AgreementState.RECEIVED:
        flash("Cet accord est déjà traité.", "info")
        return web.see_other(url_for(".queue"))
    form = DecisionForm(formdata=None)
    _suggest(form, agreement)
    return _page(agreement, form)


@blueprint.post("/<int:agreement_id>")
def decide(agreement_id: int) -> Response:
    """Live computation, or the decision itself; then the next agreement of the queue."""
    agreement = _agreement(agreement_id)
    form = DecisionForm()
    if request.form.get("action") == "calculer":
        form.process(formdata=request.form)
        return _page(agreement, form, block="sums")
    if not form.validate():
        return _page(agreement, form, status=422)
    training = agreement.training
    try:
        said = _decide(training, form, request.form.get("version", 0, type=int))
    except workflow.Refused as refused:
        status = 409 if agreement.state != AgreementState.RECEIVED else 422
        return _page(agreement, form, status=status, refused=refused.sentences)
    flash(said, "ok")
    waiting = fundings.queue()
    if waiting:
        return web.see_other(url_for(".show", agreement_id=waiting[0].id))
    return web.see_other(url_for(".queue"))


def _decide(training: TrainingSession, form: DecisionForm, version: int) -> str:
    actor, asked = web.actor(), {"agreement_version": version}
    company = training.company.legal_name if training.company else "Le client"
    if form.decision.data == RETURN:
        workflow.perform(Event.RETURN_AGREEMENT, training, actor, reason=form.reason.data, **asked)
        return f"Accord renvoyé. {company} recevra votre demande dans une minute."
    if form.decision.data == REFUSED:
        workflow.perform(Event.RECORD_REFUSAL, training, actor, reason=form.reason.data, **asked)
        return f"Refus enregistré. {company} recevra ses trois choix dans une minute."
    workflow.perform(Event.VALIDATE_AGREEMENT, training, actor, **asked, **_figures(training, form))
    db.session.refresh(training)
    if fundings.split_of(training).remainder_cents and training.company:
        signatory = training.company.signatory_name
        return f"Accord validé. {signatory} recevra le lien de signature dans une minute."
    return f"Accord validé. {company} recevra la confirmation dans une minute."


def _figures(training: TrainingSession, form: DecisionForm) -> dict[str, Any]:
    """The figures of a grant; a total one covers the whole price excluding VAT."""
    total = form.decision.data == TOTAL
    base = Base.NET if total or not _has_vat(training) else Base(form.base.data or Base.NET)
    return {
        "printed_cents": training.price_cents if total else form.amount.data,
        "base": base,
        "funder_pays_vat": base is Base.GROSS or bool(form.funder_pays_vat.data),
        "subrogation": form.subrogation.data == "oui",
        "number": form.number.data,
    }


@blueprint.post("/<int:agreement_id>/annuler")
def undo(agreement_id: int) -> Response:
    """Within a minute: the decision is taken back and its messages never leave."""
    agreement = _agreement(agreement_id)
    training = agreement.training
    try:
        workflow.perform(Event.UNDO_DECISION, training, web.actor())
    except workflow.Refused as refused:
        flash(" ".join(refused.sentences), "warn")
        return web.see_other(url_for(".queue"))
    flash("Décision annulée\u00a0: aucun message n’est parti.", "ok")
    waiting = fundings.open_agreement(training)
    target = url_for(".show", agreement_id=waiting.id) if waiting else url_for(".queue")
    return web.see_other(target)


@blueprint.get("/<int:agreement_id>/pages/<int:number>")
def page_image(agreement_id: int, number: int) -> Response:
    """One page as an image made by us: the file itself is never shown inline."""
    images = _agreement(agreement_id).upload.page_images or []
    if not 1 <= number <= len(images):
        abort(404)
    return Response(store().read(images[number - 1]), mimetype="image/jpeg")


@blueprint.get("/<int:agreement_id>/original")
def original(agreement_id: int) -> Response:
    """The file as it came, as a download."""
    upload = _agreement(agreement_id).upload
    return web.send_stored(uploads.content(upload), upload.name)


def _agreement(agreement_id: int) -> Agreement:
    found = db.session.get(Agreement, agreement_id)
    if found is None:
        abort(404)
    return found


def _undoable() -> list[Agreement]:
    """The decisions this person took less than a minute ago."""
    return fundings.decided_since(current_user.id, clock.now() - UNDO)


def _suggest(form: DecisionForm, agreement: Agreement) -> None:
    """Fills in what was read on the paper; a person still has to look and decide."""
    read = agreement.suggestions or {}
    if read.get("decision"):
        words = {"total": TOTAL, "partial": PARTIAL, "refused": REFUSED}
        form.decision.data = words.get(read["decision"]["value"])
    if read.get("amount"):
        form.amount.data = read["amount"]["value"]
    if read.get("base"):
        form.base.data = read["base"]
    if read.get("file_number"):
        form.number.data = read["file_number"]["value"]
    if read.get("subrogation"):
        form.subrogation.data = "oui" if read["subrogation"]["value"] else "non"


def _page(
    agreement: Agreement,
    form: DecisionForm,
    status: int = 200,
    block: str | None = None,
    refused: tuple[str, ...] = (),
) -> Response:
    training = agreement.training
    waiting = fundings.queue()
    place = next((i for i, found in enumerate(waiting) if found.id == agreement.id), None)
    other = fundings.look(agreement, current_user.id, clock.now())
    _note_look(agreement.id)
    return web.page(
        "agreements/show.html",
        block=block,
        status=status,
        agreement=agreement,
        upload=agreement.upload,
        training=training,
        form=form,
        refused=web.error_summary(refused),
        errors=web.error_summary(form) if status == 422 else [],
        read=agreement.suggestions or {},
        has_vat=_has_vat(training),
        sums=_sums(training, form),
        checks=checks.of(agreement, accounts.organisation().nda),
        recap=summary.recap(training),
        place=place,
        waiting=waiting,
        other=other,
    )


def _note_look(agreement_id: int) -> None:
    with writing():
        db.session.execute(
            db.update(Agreement)
            .where(Agreement.id == agreement_id)
            .values(looked_at=clock.now(), looked_by_id=current_user.id)
        )


def _has_vat(training: TrainingSession) -> bool:
    return regime_of(training) is VatRegime.STANDARD


def _sums(training: TrainingSession, form: DecisionForm) -> Split | str | None:
    """Who would pay what with the figures as they stand; a sentence when they cannot be right."""
    if not form.is_grant or training.price_cents is None:
        return None
    if form.decision.data == PARTIAL and not form.amount.data:
        return None
    figures = _figures(training, form)
    granted = asked_grant(training, figures)
    try:
        return split(training.price_cents, regime_of(training), granted, figures["subrogation"])
    except ValueError:
        limit = french.NBSP.join(("hors", "taxes"))
        return f"Le montant accordé dépasse le prix {limit} de la formation\u00a0: vérifiez-le."
