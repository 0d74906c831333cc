"""The trainer's door: own sessions only."""

import secrets

from flask import Blueprint, Response, request, url_for
from flask_login import current_user
from wtforms.validators import Optional

from portal import web, workflow
from portal.access.rules import Role
from portal.blueprints import calendars, lists, lookup, mails, programmes
from portal.blueprints.dossier import blueprint as dossier
from portal.companies import service as companies
from portal.fields import EmailField, Required, TileField
from portal.training.rules import Way
from portal.web import PortalForm

blueprint = Blueprint("trainer", __name__)
blueprint.before_request(web.door(Role.TRAINER))


class CreateForm(PortalForm):
    """Who fills the request in, for which kind of client."""

    way = TileField(
        "Qui remplit la demande\u00a0?",
        choices={Way.LINK.value: "Mon client, par un lien", Way.SELF.value: "Moi"},
        validators=[Required("Dites qui remplit la demande")],
    )
    client_email = EmailField(
        "Adresse e-mail du client",
        description="Nous pourrons lui envoyer le lien. Vous pourrez aussi le copier.",
        validators=[Optional()],
        render_kw={"autocomplete": "off"},
    )


@blueprint.get("/")
def dashboard() -> Response:
    """« Mes sessions »: what is awaited, the money, the list."""
    return lists.show(Role.TRAINER, current_user.id)


@blueprint.get("/export/<suffix>")
def export(suffix: str) -> Response:
    """The list as a file, with the filters of the screen."""
    return lists.export(Role.TRAINER, current_user.id, suffix)


@blueprint.route("/sessions/nouvelle", methods=["GET", "POST"])
def create() -> Response:
    """T1: opens the draft. The same opened page never creates two."""
    form = CreateForm()
    key = request.form.get("key", "")[:64] or secrets.token_hex(16)
    siret = companies.typed_siret({"siret": [request.values.get("siret", "")]})
    if form.validate_on_submit():
        training = workflow.create(
            current_user,
            web.actor(),
            Way(form.way.data),
            f"{current_user.id}-{key}",  # whoever learns a key opens nobody else's session
            client_email=form.client_email.data if form.way.data == Way.LINK else None,
        )
        if siret:
            lookup.begin(training, siret, web.actor())
        first = "programme" if form.way.data == Way.LINK else "client"
        return web.see_other(url_for("trainer.dossier.step", ref=training.ref, slug=first))
    status = 422 if request.method == "POST" else 200
    summary = web.error_summary(form)
    return web.page(
        "trainer/create.html", status=status, form=form, key=key, siret=siret, summary=summary
    )


blueprint.register_blueprint(dossier, url_prefix="/sessions")
blueprint.register_blueprint(mails.blueprint, url_prefix="/courriels")
blueprint.register_blueprint(calendars.own)
blueprint.register_blueprint(programmes.blueprint, url_prefix="/programmes")
