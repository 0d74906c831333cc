"""The catalogue as people read it: the list with its search, a programme and its versions."""

from typing import Any

from flask import Blueprint, Response, abort, request, url_for

from portal import web
from portal.access.rules import Role
from portal.accounts import service as accounts
from portal.blueprints import exports
from portal.documents import sheets
from portal.extensions import settings
from portal.programmes import exporting, rules
from portal.programmes import service as programmes
from portal.training.models import Programme
from portal.training.schedule_rules import PRICE_BASIS_LABEL

blueprint = Blueprint("programmes", __name__)


@blueprint.get("/")
def index() -> Response:
    """The programmes in force, or those that left the catalogue."""
    query, is_archived, found = _listed()
    return web.page(
        "programmes/list.html",
        block="list",
        is_office=web.actor().role is Role.OFFICE,
        query=query,
        is_archived=is_archived,
        rows=[(row, pill(row)) for row in found],
        basis_label=PRICE_BASIS_LABEL,
    )


@blueprint.get("/export/<suffix>")
def export(suffix: str) -> Response:
    """The same list as a file."""
    _query, _is_archived, found = _listed()
    return exports.answer("programmes", suffix, exporting.COLUMNS, exporting.rows(found))


def _listed() -> tuple[str, bool, list[Programme]]:
    """The search, whether archives are asked for, and what this person may then see."""
    is_office = web.actor().role is Role.OFFICE
    query = request.args.get("q", "")[:120].strip()
    is_archived = is_office and request.args.get("etat") == "archives"
    found = programmes.listed(query, is_archived=is_archived)
    return (
        query,
        is_archived,
        [row for row in found if is_office or rules.is_complete(row.values)],
    )


@blueprint.get("/<code>")
def show(code: str) -> Response:
    """One version of a programme, the one in force unless `version` says another."""
    wanted = request.args.get("version", type=int)
    found = programmes.versions(code)
    shown = next(
        (p for p in found if p.version == wanted or (wanted is None and not p.replaced_at)), None
    )
    if shown is None:
        abort(404)
    return web.page("programmes/show.html", **page_of(shown))


def page_of(programme: Programme) -> dict[str, Any]:
    """What the page of a programme shows."""
    versions = programmes.versions(programme.code)
    before = next((p for p in versions if p.version < programme.version), None)
    is_office = web.actor().role is Role.OFFICE
    sheet = sheets.current(programme)
    return {
        "programme": programme,
        "is_office": is_office,
        "side": "office" if is_office else "trainer",
        "may_edit": is_office and not programme.replaced_at,
        "pill": pill(programme),
        "sections": [(section, lines(programme, section)) for section in rules.SECTIONS],
        "gaps": rules.gaps(programme.values),
        "wanted": {gap.field for gap in rules.gaps(programme.values)},
        "is_complete": rules.is_complete(programme.values),
        "public_url": settings().base_url + url_for("public.catalogue.show", slug=programme.slug),
        "versions": versions,
        "chosen_by": programmes.sessions_by_version(programme.code),
        "before": before,
        "changes": rules.changes(before.values, programme.values) if before else [],
        "sheet": sheet,
        "is_sheet_late": sheet is not None
        and programme.public_at is not None
        and not sheets.is_up_to_date(programme, accounts.organisation()),
        "oob": web.wants_fragment(),
        "saved": "",
    }


def lines(programme: Programme, section: rules.Section) -> list[tuple[str, str, str]]:
    """(field, label, text) of each line of a section; an empty text where nothing is written."""
    return [
        (name, rules.LABEL[name], rules.shown(name, getattr(programme, name)))
        for name in section.fields
    ]


def pill(programme: Programme) -> tuple[str, str, str]:
    """Words, tint and icon of where a version stands."""
    if programme.replaced_at:
        return "Version remplacée", "", "clock"
    if programme.archived_at:
        return "Archivé", "", "ban"
    if not rules.is_complete(programme.values):
        return "À compléter", "warn", "pencil"
    return (
        ("Page publique", "ok", "eye") if programme.public_at else ("Au catalogue", "ok", "check")
    )
