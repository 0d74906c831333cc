"""create_app: the one place where the parts are put together."""

import hashlib
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from portal import cli, clock, correspondence, french, tasks, web
from portal.access.rules import GRANT_IDLE, Actor, Role
from portal.accounts import service as accounts
from portal.accounts.models import Organisation, User
from portal.blueprints import navigation, receiving
from portal.blueprints.plain import PlainRequest, RowNumber
from portal.config import LOOPBACK, Config
from portal.extensions import (
    csrf,
    db,
    engine_options,
    htmx,
    login_manager,
    mail,
    prepare,
    settings,
)

STATIC = Path(__file__).parent / "static"
REQUEST_LIMIT = 256 * 1024
DEFAULT_ACCENT = "#0B5F62"
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
LASTING = "public, max-age=31536000, immutable"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    # « no-referrer » would make browsers send « Origin: null » with every form
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
}


def create_app(config: Config | None = None) -> Flask:
    """The portal, ready to serve; raises ConfigError when a setting is missing."""
    config = config or Config.from_env()
    app = Flask(__name__, static_url_path="/statique")
    app.url_map.converters["int"] = RowNumber
    app.config.update(_flask_settings(config))
    _templates(app)
    _extensions(app, config)
    _doors(app)
    cli.init_app(app)
    app.after_request(_headers)
    if config.proxies:
        # Host stays the one the proxy passes on: a forwarded host is never believed
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=config.proxies, x_proto=config.proxies, x_host=0
        )
    return app


def _flask_settings(config: Config) -> dict[str, Any]:
    return {
        "PORTAL": config,
        "TESTING": config.testing,
        "SECRET_KEY": config.secret_key,
        "SQLALCHEMY_DATABASE_URI": config.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(config.database_url),
        "TRUSTED_HOSTS": _known_hosts(config),
        "MAX_CONTENT_LENGTH": REQUEST_LIMIT,
        "MAX_FORM_MEMORY_SIZE": REQUEST_LIMIT,
        "MAX_FORM_PARTS": 50,
        "SESSION_COOKIE_NAME": web.cookie_name("portail", config),
        "SESSION_COOKIE_SECURE": config.secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_PATH": "/",
        "WTF_CSRF_TIME_LIMIT": None,
        # the origin of every unsafe request is checked below, with or without a Referer
        "WTF_CSRF_SSL_STRICT": False,
        # WTForms' own sentences come from portal.fields
        "WTF_I18N_ENABLED": False,
    }


# --- Templates


@cache
def asset(filename: str) -> str:
    """The address of a static file, which changes with its content."""
    digest = hashlib.sha256((STATIC / filename).read_bytes()).hexdigest()
    return f"/statique/{filename}?v={digest[:12]}"


def _organisation() -> Organisation | None:
    """The organisation for templates; None before it is described, so that errors still show."""
    if "organisation" not in g:
        try:
            g.organisation = accounts.organisation()
        except accounts.MissingOrganisation:
            g.organisation = None
    return g.organisation


def _brand_css() -> str | None:
    """The style sheet of the organisation's own colour, when it has one."""
    organisation = _organisation()
    if organisation is None or organisation.accent.upper() == DEFAULT_ACCENT:
        return None
    return url_for("public.brand_css", v=organisation.accent.removeprefix("#"))


def _templates(app: Flask) -> None:
    environment = app.jinja_env
    environment.undefined = StrictUndefined
    environment.trim_blocks = True
    environment.lstrip_blocks = True
    environment.filters.update(french.FILTERS, tel=web.tel)
    environment.globals.update(
        asset=asset,
        organisation=_organisation,
        brand_css=_brand_css,
        navigation=navigation.items,
        today=clock.today,
        idle_minutes=_idle_minutes,
    )


def _idle_minutes() -> int | None:
    """After how many idle minutes the door of this page closes; None where there is no door."""
    actor: Actor | None = g.get("actor")
    if actor is None:
        return None
    idle = GRANT_IDLE if actor.role is Role.CLIENT else accounts.IDLE[actor.role]
    return int(idle.total_seconds() // 60)


def _macros(app: Flask) -> None:
    """`ui` and `icon`, as globals: a block rendered alone does not run its page's imports."""
    macros = app.jinja_env.get_template("ui/macros.html").module
    app.jinja_env.globals.update(ui=macros, icon=macros.icon)  # type: ignore[attr-defined]


# --- Extensions and doors


def _extensions(app: Flask, config: Config) -> None:
    app.before_request(_check_host)
    app.before_request(_check_path)
    app.before_request(_check_origin)  # registered before CSRFProtect: it runs first
    app.before_request(receiving.widen)  # CSRFProtect reads the form, files included
    app.extensions["admitted_octets"] = partial(receiving.admitted_octets, app)
    db.init_app(app)
    config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with app.app_context():
        prepare(db.engine)
    csrf.init_app(app)
    _macros(app)  # they call csrf_token()
    login_manager.init_app(app)
    login_manager.session_protection = None  # it ties a login to an address: breaks on phones
    login_manager.user_loader(_load_user)
    htmx.init_app(app)
    app.request_class = PlainRequest
    mail.init_app(app)
    tasks.init_app(app, rounds=(correspondence.remind_all, correspondence.collect_returns))
    app.before_request(_know_who)


def _doors(app: Flask) -> None:
    from portal.blueprints.account import blueprint as account
    from portal.blueprints.auth import blueprint as auth
    from portal.blueprints.client import blueprint as client
    from portal.blueprints.entry import blueprint as entry
    from portal.blueprints.errors import blueprint as errors
    from portal.blueprints.office import blueprint as office
    from portal.blueprints.public import blueprint as public
    from portal.blueprints.signing import blueprint as signing
    from portal.blueprints.trainer import blueprint as trainer
    from portal.blueprints.verification import blueprint as verification

    for blueprint in (errors, public, auth, entry, verification):
        app.register_blueprint(blueprint)
    app.register_blueprint(trainer, url_prefix="/formateur")
    app.register_blueprint(account, url_prefix="/compte")
    app.register_blueprint(client, url_prefix="/espace")
    app.register_blueprint(signing, url_prefix="/signature")
    app.register_blueprint(office, url_prefix="/organisme")


def _load_user(token: str) -> User | None:
    login = accounts.login_of(token, clock.now())
    if login is None:
        return None
    user = login.user
    user.login_token = token
    return user


def _know_who() -> None:
    """Reads the login now, while nothing is under way: it may write « last seen »."""
    if request.endpoint != "static":
        current_user.is_authenticated  # noqa: B018 - a proxy: looking at it loads the user


# --- What comes in


def _check_path() -> None:
    if "\0" in request.path:
        abort(404)


def _known_hosts(config: Config) -> list[str]:
    host = urlsplit(config.base_url).hostname or ""
    return [*LOOPBACK, "[::1]"] if host in LOOPBACK else [host]


def _check_host() -> ResponseReturnValue | None:
    """One name only: a forged Host never reaches a page. Locally, other names lead to it."""
    config = settings()
    if request.host == config.host:  # raises 400 itself on a name that is not trusted
        return None
    port = request.host.rpartition(":")[2]
    if request.method == "GET" and config.host.endswith(f":{port}"):
        return redirect(config.base_url + request.full_path.rstrip("?"), 302)
    abort(400)


def _check_origin() -> None:
    """Default-deny on what changes something: it must come from a page of the portal."""
    if request.method not in UNSAFE:
        return
    base = settings().base_url
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site not in (None, "same-origin") or origin not in (None, base):
        abort(403)
    if site is None and origin is None and not (request.referrer or "").startswith(f"{base}/"):
        abort(403)


# --- What goes out


def _headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if settings().secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    if request.endpoint in ("static", "public.brand_css"):
        is_named = "v" in request.args or request.path.startswith("/statique/fonts/")
        response.headers["Cache-Control"] = LASTING if is_named else "public, max-age=3600"
        if response.status_code >= 400:
            response.headers["Cache-Control"] = "no-store"
    else:
        response.headers["Cache-Control"] = "no-store"
        response.vary.add("HX-Request")
    if request.path.startswith(("/l/", "/acces/", "/agenda/", "/espace/")):
        response.headers["X-Robots-Tag"] = "noindex"
    return response
