"""The organisation's reminders: which leave by themselves, and when."""

from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from wtforms import BooleanField, FormField

from portal import correspondence, web
from portal.fields import CountField, PartForm, Required
from portal.reminders import service as reminders
from portal.reminders.rules import MAX_DELAY, RULES, Kind, Setting
from portal.web import PortalForm

blueprint = Blueprint("reminders", __name__)
AFTER = {
    Kind.ANSWERS: "Jours ouvrés après l’envoi du lien",
    Kind.FILING: "Jours ouvrés après l’envoi des documents",
    Kind.AGREEMENT: "Jours ouvrés après le dépôt de la demande",
    Kind.SIGNATURE: "Jours ouvrés après la demande de signature",
    Kind.START: "Jours ouvrés avant le premier jour",
}
REQUIRED = Required("Indiquez un nombre de jours")


class KindForm(PartForm):
    """One kind of reminder."""

    is_on = BooleanField("Envoyer cette relance")
    after = CountField("Premier envoi", maximum=MAX_DELAY, validators=[REQUIRED])
    gap = CountField("Jours ouvrés entre deux relances", maximum=MAX_DELAY, validators=[REQUIRED])


class RemindersForm(PortalForm):
    """Every kind, in the order of a session's life."""

    answers = FormField(KindForm)
    filing = FormField(KindForm)
    agreement = FormField(KindForm)
    signature = FormField(KindForm)
    start = FormField(KindForm)


@blueprint.route("/", methods=["GET", "POST"])
def edit() -> Response:
    """One page, one form."""
    form = RemindersForm(data=_shown() if request.method == "GET" else None)
    if form.validate_on_submit():
        correspondence.choose_reminders(
            {kind: Setting(**_chosen(form[kind.value].form)) for kind in Kind}, web.actor()
        )
        flash("Les délais des relances sont enregistrés.", "ok")
        return web.see_other(url_for(".edit"))
    return web.page(
        "office/reminders.html",
        status=422 if request.method == "POST" else 200,
        form=form,
        summary=web.error_summary(form),
        rules=RULES,
        after=AFTER,
    )


def _shown() -> dict[str, Any]:
    return {kind.value: vars(setting) for kind, setting in reminders.settings_of().items()}


def _chosen(form: KindForm) -> dict[str, Any]:
    return {"is_on": form.is_on.data, "after": form.after.data, "gap": form.gap.data}
