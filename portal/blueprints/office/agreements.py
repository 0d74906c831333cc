"""« Accords à valider »: the queue, the agreement beside its decision, and taking it back."""

from typing import Any

from flask import Blueprint, Response, abort, flash, request, url_for
from flask_login import current_user

from portal import clock, french, web, workflow
from portal.accounts import service as accounts
from portal.blueprints import exports, summary
from portal.blueprints.office import decision
from portal.blueprints.office.decision import DecisionForm
from portal.effects.funding import UNDO
from portal.extensions import db, store, writing
from portal.funding import checks, exporting
from portal.funding import service as fundings
from portal.funding.models import Agreement
from portal.funding.rules import AgreementState
from portal.training.models import TrainingSession
from portal.training.rules import Event
from portal.uploads import service as uploads

blueprint = Blueprint("agreements", __name__)


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
    decision.suggest(form, agreement)
    return _page(agreement, form)


@blueprint.post("/<int:agreement_id>")
def decide(agreement_id: int) -> Response:
    """Live computation, or the decision itself; then the next agreement of the queue."""
    agreement = _agreement(agreement_id)
    _note_look(agreement.id)
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


@blueprint.post("/<int:agreement_id>/presence")
def presence(agreement_id: int) -> Response:
    """Says who else has it on screen, and that we have: an opened page asks once it is shown.

    A request of its own, because looking at a page changes nothing.
    """
    agreement = _agreement(agreement_id)
    other = fundings.look(agreement, current_user.id, clock.now())
    _note_look(agreement.id)
    return web.page("agreements/presence.html", agreement=agreement, other=other, seen=True)


def _decide(training: TrainingSession, form: DecisionForm, version: int) -> str:
    actor, asked = web.actor(), {"agreement_version": version}
    company = training.company.legal_name if training.company else "Le client"
    if form.decision.data == decision.RETURN:
        workflow.perform(Event.RETURN_AGREEMENT, training, actor, reason=form.reason.data, **asked)
        return f"Accord renvoyé. {company} recevra votre demande dans une minute."
    if form.decision.data == decision.REFUSED:
        workflow.perform(Event.RECORD_REFUSAL, training, actor, reason=form.reason.data, **asked)
        return f"Refus enregistré. {company} recevra ses trois choix dans une minute."
    workflow.perform(
        Event.VALIDATE_AGREEMENT, training, actor, **asked, **decision.figures(training, form)
    )
    db.session.refresh(training)
    if fundings.split_of(training).remainder_cents and training.company:
        signatory = training.company.signatory_name
        return f"Accord validé. {signatory} recevra le lien de signature dans une minute."
    return f"Accord validé. {company} recevra la confirmation dans une minute."


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


def _marks(read: dict[str, Any]) -> dict[int, list[list[float]]]:
    """Where something was read, by page: boxes in points from the top left of that page."""
    marks: dict[int, list[list[float]]] = {}
    for found in read.values():
        if isinstance(found, dict) and found["page"] <= len(read["sizes"]):
            marks.setdefault(found["page"], []).append(found["box"])
    return marks


def _agreement(agreement_id: int) -> Agreement:
    found = db.session.get(Agreement, agreement_id)
    if found is None:
        abort(404)
    return found


def _undoable() -> list[Agreement]:
    """The decisions this person took less than a minute ago."""
    return fundings.decided_since(current_user.id, clock.now() - UNDO)


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
        marks=_marks(agreement.suggestions or {}),
        has_vat=decision.has_vat(training),
        sums=decision.sums(training, form),
        checks=checks.of(agreement, accounts.organisation().nda),
        consequence=decision.consequence(training, form),
        recap=summary.recap(training),
        place=place,
        waiting=waiting,
        other=fundings.look(agreement, current_user.id, clock.now()),
        seen=False,
        undoable=_undoable(),
        warnings=uploads.warnings_of(agreement.upload),
    )


def _note_look(agreement_id: int) -> None:
    with writing():
        db.session.execute(
            db.update(Agreement)
            .where(Agreement.id == agreement_id)
            .values(looked_at=clock.now(), looked_by_id=current_user.id)
        )
