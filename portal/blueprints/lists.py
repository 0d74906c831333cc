"""The list of sessions, its search, tabs and pages: the trainer's own, or everybody's."""

from functools import partial

from flask import Response, request

from portal import web
from portal.access.rules import Role
from portal.blueprints import exports
from portal.training import awaited, exporting, listing
from portal.training.listing import TAB_LABEL, Tab


def show(role: Role, trainer_id: int | None) -> Response:
    """Filters live in the query string, so that every view of the list can be shared."""
    tab, query = _filters()
    after = request.args.get("apres", "")[:40]
    return web.page(
        "training/list.html",
        block="list",
        role=role,
        tab=tab,
        tabs=list(TAB_LABEL.items()),
        query=query,
        after=after,
        listing=listing.sessions(role, trainer_id, tab, query, after),
        counts=listing.counts(trainer_id, query),
        # looked up by the whole page only, not by each letter typed in the search
        sums=partial(listing.sums, trainer_id),
        todos=partial(awaited.todos, trainer_id),
    )


def export(role: Role, trainer_id: int | None, suffix: str) -> Response:
    """Every line that the same filters keep, as a file."""
    tab, query = _filters()
    rows = exporting.rows(role, trainer_id, tab, query)
    return exports.answer("sessions", suffix, exporting.columns(role), rows)


def _filters() -> tuple[Tab, str]:
    try:
        tab = Tab(request.args.get("etat", Tab.CURRENT))
    except ValueError:
        tab = Tab.CURRENT
    return tab, request.args.get("q", "")[:120].strip()
