"""The public catalogue: programmes whose page is on, each with its sheet as PDF."""

from flask import Blueprint, Response, abort
from markupsafe import Markup

from portal import web
from portal.documents import service as documents
from portal.documents import sheets
from portal.documents.models import Document
from portal.programmes import service as programmes
from portal.training.models import Programme
from portal.training.schedule_rules import PRICE_BASIS_LABEL

blueprint = Blueprint("catalogue", __name__, url_prefix="/programmes")


@blueprint.get("/")
def index() -> Response:
    """The programmes that have a public page. While there is none, no page leads here either, and
    there is nothing for a search engine to keep: not found."""
    published = programmes.published()
    if not published:
        abort(404)
    return web.page("public/catalogue.html", programmes=published, basis_label=PRICE_BASIS_LABEL)


@blueprint.get("/<slug>")
def show(slug: str) -> Response:
    """The sheet on screen: word for word what its PDF says."""
    programme, sheet = _published(slug)
    body = Markup(documents.body_html(sheet.kind, sheet.facts))  # noqa: S704 - escaped where made
    return web.page(
        "public/programme.html", programme=programme, body=body, pdf=sheet.sha256 is not None
    )


@blueprint.get("/<slug>/programme.pdf")
def sheet(slug: str) -> Response:
    """The PDF the worker made; never made here."""
    programme, found = _published(slug)
    if found.sha256 is None:
        abort(404)
    name = f"Programme-{programme.code}-v{programme.version}.pdf"
    return web.send_stored(documents.pdf_bytes(found), name)


def _published(slug: str) -> tuple[Programme, Document]:
    programme = programmes.public_page(slug)
    found = sheets.current(programme) if programme else None
    if programme is None or found is None:
        abort(404)
    return programme, found
