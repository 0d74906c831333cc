"""The list of sessions, its search, tabs and pages: the trainer's own, or everybody's."""

from flask import Response, request

from portal import web
from portal.access.rules import Role
from portal.training import listing
from portal.training.listing import TAB_LABEL, Tab


def show(role: Role, trainer_id: int | None) -> Response:
    """Filters live in the query string, so that every view of the list can be shared."""
    try:
        tab = Tab(request.args.get("etat", Tab.CURRENT))
    except ValueError:
        tab = Tab.CURRENT
    query = request.args.get("q", "")[:120].strip()
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
        sums=listing.sums(trainer_id),
        todos=listing.todos(trainer_id),
    )
