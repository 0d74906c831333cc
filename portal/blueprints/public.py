"""The door of everyone: home, help, legal pages, and the landing of shared links."""

import re

from flask import Blueprint, Response, abort, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal import clock, french, money, web
from portal.access import service as access
from portal.access import tries
from portal.access.models import ShareLink
from portal.access.rules import Scope, trim
from portal.access.service import Found, LinkStatus
from portal.accounts import service as accounts
from portal.blueprints import calendars, landing, renewing
from portal.blueprints.opco import blueprint as opco
from portal.blueprints.showcase import blueprint as showcase
from portal.funding.rules import opcos
from portal.programmes import service as programmes
from portal.serving.health import checks, database_answers
from portal.training import service as trainings
from portal.training.forms import CLIENT_STEPS
from portal.training.rules import State

blueprint = Blueprint("public", __name__)

MISSES_PER_HOUR = 30
HOUR = 3_600
_WITHOUT_ORGANISATION = {"public.health", "public.robots", "public.favicon", "public.brand_css"}


@blueprint.before_request
def _described() -> None:
    if request.endpoint not in _WITHOUT_ORGANISATION:
        accounts.organisation()


@blueprint.get("/")
def home() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return web.see_other(
            url_for("office.dashboard" if current_user.is_office else "trainer.dashboard")
        )
    return web.page("public/home.html", has_catalogue=bool(programmes.published()))


@blueprint.get("/aide/session-opco")
def help_session() -> ResponseReturnValue:
    everyone = opcos().values()
    return web.page(
        "public/help_session.html",
        known=[opco for opco in everyone if opco.filing_days],
        others=[opco for opco in everyone if not opco.filing_days],
    )


@blueprint.get("/mentions-legales")
def legal() -> ResponseReturnValue:
    organisation = accounts.organisation()
    share = organisation.capital_cents
    rows = [
        ("Raison sociale", organisation.name),
        (
            "Forme",
            organisation.legal_form + (f" au capital de {money.euros(share)}" if share else ""),
        ),
        ("Adresse", f"{organisation.address}\n{organisation.postcode} {organisation.city}"),
        ("SIRET", french.siret(organisation.siret)),
        ("RCS", organisation.rcs),
        ("TVA", organisation.vat_number),
        (
            "Déclaration d’activité",
            f"n°\u00a0{french.nda(organisation.nda)}, région {organisation.nda_region}",
        ),
        ("Direction de la publication", organisation.signatory_name),
        ("E-mail", organisation.email),
        ("Téléphone", french.phone(organisation.phone)),
    ]
    return web.page("public/legal.html", rows=[row for row in rows if row[1]])


@blueprint.get("/donnees-personnelles")
def privacy() -> ResponseReturnValue:
    return web.page("public/privacy.html")


@blueprint.get("/accessibilite")
def accessibility() -> ResponseReturnValue:
    return web.page("public/accessibility.html")


# --- Shared links


@blueprint.get("/l/<token>")
def link(token: str) -> ResponseReturnValue:
    """Shows who invites, for what. Changes nothing: mail programs open links by themselves."""
    return landing.show(_find(token), trim(token))


@blueprint.post("/l/<token>")
def open_link(token: str) -> ResponseReturnValue:
    """« Commencer »: this browser may open the dossier for a while, at an address without token."""
    found = _find(token)
    named = found.link
    opens = found.status in (LinkStatus.LIVE, LinkStatus.READ_ONLY)
    if named is None or not opens or landing.is_cancelled(named):
        return web.see_other(url_for("public.link", token=trim(token)))
    cookie = access.open_space(named, web.space_cookie(), clock.now())
    response = web.see_other(_first_page(named))
    web.keep_space_cookie(response, cookie)
    return response


def _first_page(link: ShareLink) -> str:
    """What is awaited: the signature by a signing link; else the client's first step still to
    fill in, the check page, and its space once the request is sent."""
    training, pid = link.training, link.training.public_id
    if link.scope == Scope.SIGN:
        return url_for("signing.page", public_id=pid)
    if training.state != State.DRAFT or access.is_read_only(link, clock.now()):
        return url_for("client.space", public_id=pid)
    missing = set(trainings.missing_topics(training))
    for step in CLIENT_STEPS:
        if missing.intersection(step.topics):
            return url_for("client.step", public_id=pid, slug=step.slug)
    return url_for("client.check", public_id=pid)


@blueprint.post("/l/<token>/nouveau-lien")
def renew_link(token: str) -> ResponseReturnValue:
    """Writes a new link to the address on file, and to no other."""
    dead = _dead_link(token)
    suite = "envoye" if renewing.renew(dead) else None
    return web.see_other(url_for("public.link", token=trim(token), suite=suite))


@blueprint.post("/l/<token>/prevenir")
def call_trainer(token: str) -> ResponseReturnValue:
    """Tells the trainer that this link is dead, when no address is known to write to."""
    renewing.call_trainer(_dead_link(token))
    return web.see_other(url_for("public.link", token=trim(token), suite="prevenu"))


def _find(token: str) -> Found:
    found = access.find(token)
    if found.link is None:
        key = f"link-miss:{tries.network(web.client_ip())}"
        if not tries.allow(key, MISSES_PER_HOUR, HOUR, clock.now()):
            abort(429)
    return found


def _dead_link(token: str) -> ShareLink:
    found = _find(token)
    if found.link is None or found.status is LinkStatus.LIVE or landing.is_cancelled(found.link):
        abort(404)
    return found.link


# --- « Trouver mon OPCO »

blueprint.register_blueprint(opco)
blueprint.register_blueprint(showcase)
blueprint.register_blueprint(calendars.shared)


# --- For machines


@blueprint.get("/robots.txt")
def robots() -> ResponseReturnValue:
    closed = "".join(f"Disallow: /{path}/\n" for path in ("l", "acces", "agenda", "espace"))
    return Response(f"User-agent: *\n{closed}", mimetype="text/plain")


@blueprint.get("/sante")
def health() -> ResponseReturnValue:
    """For a monitor: 503 when something that the portal needs is not well."""
    parts = checks()
    words = {name: "ok" if is_well else "en panne" for name, is_well in parts.items()}
    is_well = all(parts.values())
    return {"statut": "ok" if is_well else "en panne", **words}, 200 if is_well else 503


@blueprint.get("/sante/web")
def health_of_web() -> ResponseReturnValue:
    """For what starts or shares out web servers: 503 until the database answers."""
    is_well = database_answers()
    return {"statut": "ok" if is_well else "en panne"}, 200 if is_well else 503


@blueprint.get("/favicon.ico")
def favicon() -> ResponseReturnValue:
    return redirect(current_app.jinja_env.globals["asset"]("icons/favicon.svg"), 302)  # type: ignore[operator]


@blueprint.get("/marque.css")
def brand_css() -> ResponseReturnValue:
    """The organisation's colour as tokens: a page can hold no inline style."""
    accent = accounts.organisation().accent
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", accent):
        abort(404)
    css = (
        f":root{{--accent:{accent};"
        f"--accent-strong:color-mix(in srgb,{accent} 76%,black);"
        f"--accent-soft:color-mix(in srgb,{accent} 11%,white)}}\n"
    )
    return Response(css, mimetype="text/css")
