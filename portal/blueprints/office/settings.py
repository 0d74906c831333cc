"""« Réglages »: what the organisation says of itself, and where people read it."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, Response, abort, flash, request, url_for
from markupsafe import Markup
from wtforms.fields import Field

from portal import administration, french, web
from portal.accounts import rules, settings
from portal.accounts import service as accounts
from portal.accounts.forms import GROUPS, SHOWN, VAT_HINT, Group
from portal.accounts.models import Organisation
from portal.accounts.settings import StaleSettings, Values
from portal.blueprints import receiving
from portal.documents import service as documents
from portal.extensions import store
from portal.uploads.rules import Rejected
from portal.web import Fault, PortalForm

blueprint = Blueprint("settings", __name__)


@dataclass(frozen=True)
class Difference:
    """One field two people changed: both values, as they are read."""

    label: str
    yours: str
    theirs: str


@blueprint.get("/")
def index() -> Response:
    """The pages of settings, and what each still lacks."""
    organisation = accounts.organisation()
    lacking = accounts.missing_names(organisation)
    groups = [(group, [n for n in group.names if n in lacking]) for group in GROUPS.values()]
    return web.page("settings/index.html", groups=groups)


@blueprint.get("/<slug>")
def show(slug: str) -> Response:
    group = _group(slug)
    stored = settings.values_of(accounts.organisation(), group.names)
    return _page(group, _form(group, stored), settings.fingerprint(stored))


@blueprint.post("/<slug>")
def save(slug: str) -> Response:
    """« Enregistrer »; or « Voir l’aperçu », which keeps nothing."""
    group = _group(slug)
    form, seen = group.form(), request.form.get("seen", "")
    is_right = form.validate()
    if request.form.get("action") == "apercu":
        return _page(group, form, seen, block="preview")
    if not is_right:
        return _page(group, form, seen, status=422)
    values = {name: _value(form, name) for name in group.names}
    try:
        changed = administration.save_settings(slug, values, seen, web.actor())
    except StaleSettings as stale:
        differences = _differences(group, form, stale.stored)
        seen = settings.fingerprint(stale.stored)
        return _page(group, form, seen, status=409, differences=differences)
    flash("Réglages enregistrés." if changed else "Rien n’avait changé.", "ok")
    return web.see_other(url_for(".index"))


def _group(slug: str) -> Group:
    return GROUPS.get(slug) or abort(404)


def _value(form: PortalForm, name: str) -> Any:
    """What was typed, as the column takes it: nothing typed is NULL where the column allows it."""
    typed = form[name].data
    if typed not in (None, ""):
        return typed
    return None if Organisation.__table__.columns[name].nullable else ""


def _form(group: Group, stored: Values) -> PortalForm:
    """The form filled with what is stored, identifiers grouped as people read them."""
    data = {name: SHOWN[name](value) if name in SHOWN else value for name, value in stored.items()}
    return group.form(formdata=None, data=data)


def _page(
    group: Group,
    form: PortalForm,
    seen: str,
    *,
    status: int = 200,
    block: str | None = None,
    differences: list[Difference] | None = None,
    logo_error: str = "",
) -> Response:
    lacking = accounts.missing_names(accounts.organisation())
    return web.page(
        "settings/page.html",
        block=block,
        status=status,
        group=group,
        form=form,
        seen=seen,
        lacking=lacking,
        errors=[Fault("fichiers", logo_error)] if logo_error else _faults(form, status),
        logo_error=logo_error,
        has_logo=accounts.organisation().logo_sha256 is not None,
        differences=differences or [],
        vat_hint=VAT_HINT,
        preview=_preview(form) if group.has_letterhead else None,
        otherwise=_otherwise() if group.slug in ("dedit", "textes") else "",
    )


def _otherwise() -> str:
    """What the terms say against the forfeits that the convention prints, as both are stored."""
    stored = accounts.organisation()
    percents = (stored.forfeit_percent, stored.late_forfeit_percent)
    return french.typography(french.shorten(rules.other_forfeit(stored.terms, percents), 300))


def _faults(form: PortalForm, status: int) -> list[Fault]:
    return web.error_summary(form) if status == 422 else []


def _differences(group: Group, form: PortalForm, stored: Values) -> list[Difference]:
    theirs = _form(group, stored)
    found = []
    for name in group.names:
        if _value(form, name) != stored[name]:
            found.append(Difference(form[name].label.text, _said(form[name]), _said(theirs[name])))
    return found


def _said(field: Field) -> str:
    if isinstance(field.data, bool):
        return "Oui" if field.data else "Non"
    choices: Any = getattr(field, "choices", None)
    if choices:
        return str(choices.get(field.data, ""))
    text = str(field._value())
    return text if len(text) <= 600 else text[:600] + "…"


# --- What it will look like


@dataclass(frozen=True)
class Preview:
    """The letterhead with what is typed, and the colour with how well it reads.

    `is_colour`: what is typed is one; else the colour shown is the one that is stored.
    """

    letterhead: Markup
    is_colour: bool
    accent: str
    soft: str
    ratio: float
    is_readable: bool


def _preview(form: PortalForm) -> Preview:
    """What is typed and right, over what is stored."""
    organisation = accounts.organisation()
    columns = [column.name for column in Organisation.__table__.columns]
    shown = settings.values_of(organisation, columns)
    for field in form if form.is_submitted() else ():
        if field.short_name in shown and not field.errors:
            shown[field.short_name] = field.data
    typed = (form["accent"].data or "") if "accent" in form else ""
    is_colour = rules.is_colour(typed)
    accent = typed.upper() if is_colour else organisation.accent
    logo = organisation.logo_sha256
    html = documents.letterhead_html(
        SimpleNamespace(**shown),
        url_for(".logo", v=logo[:12]) if logo else None,
        documents.is_wordmark(store().read(logo)) if logo and store().has(logo) else False,
    )
    ratio = rules.least_contrast(accent)
    return Preview(
        letterhead=Markup(html),  # noqa: S704 - escaped where it is made
        is_colour=is_colour,
        accent=accent,
        soft=rules.soft(accent),
        ratio=ratio,
        is_readable=ratio >= rules.MIN_CONTRAST,
    )


@blueprint.post("/logo")
@receiving.takes_one_file
def send_logo() -> Response:
    """A logo handed in replaces the one before."""
    try:
        sha256 = receiving.logo(request.files.getlist(receiving.FIELD))
    except Rejected as refused:
        group = GROUPS["apparence"]
        stored = settings.values_of(accounts.organisation(), group.names)
        form, seen = _form(group, stored), settings.fingerprint(stored)
        sentence = receiving.sentence_of(refused)
        return _page(group, form, seen, status=422, logo_error=sentence)
    administration.change_logo(sha256, web.actor())
    flash("Logo enregistré\u00a0: les prochains documents le porteront.", "ok")
    return web.see_other(url_for(".show", slug="apparence"))


@blueprint.post("/logo/retirer")
def remove_logo() -> Response:
    administration.change_logo(None, web.actor())
    flash("Logo retiré\u00a0: les prochains documents porteront votre nom.", "ok")
    return web.see_other(url_for(".show", slug="apparence"))


@blueprint.get("/logo.png")
def logo() -> Response:
    """The logo as the documents print it: an image made by us."""
    sha256 = accounts.organisation().logo_sha256
    if not sha256 or not store().has(sha256):
        abort(404)
    return Response(store().read(sha256), mimetype="image/png")
