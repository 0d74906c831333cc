"""« Journal »: what was done to the organisation's people, settings and programmes, and by whom."""

from functools import cache
from typing import Any

from flask import Blueprint, Response, request

from portal import web
from portal.accounts.forms import GROUPS
from portal.accounts.people import everybody
from portal.accounts.people_forms import TrainerForm
from portal.journal import organisation_reading as journal
from portal.programmes.rules import SECTIONS

blueprint = Blueprint("journal", __name__)
MAX = 2**31 - 1  # a longer number is no row's, and a database may refuse to look for it


@blueprint.get("/")
def index() -> Response:
    """The acts, the latest first, page by page; or those of one person."""
    person, before = _number("personne"), _number("avant")
    lines, goes_on = journal.of_organisation(labels(), person, before)
    return web.page(
        "journal/page.html",
        lines=lines,
        people=everybody(),
        person=person,
        before=before,
        older=lines[-1].seq if goes_on else None,
    )


def _number(name: str) -> int | None:
    value = request.args.get(name, type=int)
    return value if value and 0 < value <= MAX else None


@cache
def labels() -> dict[str, str]:
    """The words of the pages of settings, of the sections of programmes, and of the fields of
    settings and profiles."""
    forms: list[type[Any]] = [TrainerForm, *(group.form for group in GROUPS.values())]
    fields = {
        name: str(field.args[0])
        for form in forms
        for parent in reversed(form.__mro__)
        for name, field in vars(parent).items()
        if hasattr(field, "field_class")
    }
    pages = {group.slug: group.title for group in GROUPS.values()}
    return fields | pages | {section.slug: section.title for section in SECTIONS}
