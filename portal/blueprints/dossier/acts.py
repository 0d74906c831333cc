"""Acts on a session that ask for a reason or a date: reopen, cancel, note the filing, copy."""

import secrets

from flask import Response, flash, request, url_for
from wtforms import StringField, TextAreaField
from wtforms.validators import Optional

from portal import clock, web, workflow
from portal.blueprints.dossier import blueprint
from portal.blueprints.dossier.pages import training_of
from portal.blueprints.summary import funder_name
from portal.fields import DateField, MaxLength, Required
from portal.training.models import TrainingSession
from portal.training.rules import Event, Way
from portal.web import PortalForm


class ReasonForm(PortalForm):
    """Why: told to the client and kept in the journal."""

    reason = TextAreaField(
        "Raison",
        description="Le client la lira dans l’e-mail qui l’informe.",
        validators=[Required("Indiquez la raison, en quelques mots"), MaxLength(500)],
    )


class FilingForm(PortalForm):
    """When the request was filed with the OPCO."""

    filed_on = DateField("Date du dépôt", validators=[Required("Indiquez la date du dépôt")])
    number = StringField(
        "Numéro de demande",
        description="Donné par le portail de l’OPCO.",
        validators=[Optional(), MaxLength(60)],
        render_kw={"autocomplete": "off"},
    )


@blueprint.route("/<ref>/rouvrir", methods=["GET", "POST"])
def reopen(ref: str) -> Response:
    """Back to a draft; the papers already sent are withdrawn."""
    return with_reason(ref, Event.REOPEN, "training/reopen.html")


@blueprint.route("/<ref>/annuler", methods=["GET", "POST"])
def cancel(ref: str) -> Response:
    return with_reason(ref, Event.CANCEL, "training/cancel.html")


def with_reason(ref: str, event: Event, template: str) -> Response:
    """The page that asks why, then the act; nothing changes until it is sent."""
    training = training_of(ref)
    form = ReasonForm()
    refused: tuple[str, ...] = ()
    if not workflow.may(event, training, web.actor().role):
        return web.see_other(url_for(".page", ref=ref))
    if form.validate_on_submit():
        try:
            workflow.perform(event, training, web.actor(), reason=form.reason.data)
        except workflow.Refused as error:
            refused = error.sentences
        else:
            return web.see_other(url_for(".page", ref=ref))
    status = 422 if request.method == "POST" else 200
    return web.page(
        template,
        status=status,
        training=training,
        form=form,
        refused=refused,
        summary=web.error_summary(refused or form),
    )


@blueprint.route("/<ref>/depot", methods=["GET", "POST"])
def note_filing(ref: str) -> Response:
    training = training_of(ref)
    return filing(training, url_for(".page", ref=ref), "layouts/pro.html")


def filing(training: TrainingSession, back_url: str, layout: str) -> Response:
    """The page « La demande est déposée », through any door."""
    form = FilingForm()
    refused: tuple[str, ...] = ()
    if request.method == "GET":
        form.filed_on.data = training.filed_on or clock.today()
        form.number.data = training.filing_number
    elif form.validate():
        try:
            workflow.perform(
                Event.NOTE_FILING,
                training,
                web.actor(),
                filed_on=form.filed_on.data,
                number=form.number.data,
            )
        except workflow.Refused as error:
            refused = error.sentences
        else:
            flash("C’est noté\u00a0: la demande est déposée.", "ok")
            return web.see_other(back_url)
    return web.page(
        "training/filing.html",
        status=422 if request.method == "POST" else 200,
        layout=layout,
        training=training,
        form=form,
        refused=refused,
        summary=web.error_summary(refused or form),
        funder=funder_name(training) if training.opco_code else "votre OPCO",
        back_url=back_url,
    )


@blueprint.post("/<ref>/dupliquer")
def duplicate(ref: str) -> Response:
    """A new draft with the same client, programme, place and hours; its own dates and people."""
    source = training_of(ref)
    key = request.form.get("key", "")[:64] or secrets.token_hex(16)
    actor = web.actor()
    trainer = source.trainer
    copy = workflow.create(trainer, actor, Way.SELF, f"{actor.id}-{key}", source=source)
    flash(f"Cette session est une copie de {source.ref}\u00a0: indiquez ses dates.", "info")
    return web.see_other(url_for(".step", ref=copy.ref, slug="dates"))
