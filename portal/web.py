"""What every door uses: pages and fragments, redirects, forms, who acts, stored files."""

import re
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

from flask import (
    Response,
    abort,
    current_app,
    flash,
    g,
    make_response,
    request,
    send_file,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm
from flask_wtf.form import _Auto
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.urls import iri_to_uri
from wtforms import Form
from wtforms.csrf.core import CSRFTokenField
from wtforms.fields import Field, FieldList, FormField

from portal import clock
from portal.access import service as access
from portal.access import tries
from portal.access.rules import Actor, Role
from portal.config import Config
from portal.extensions import settings
from portal.fields import FrenchMeta

HELD_SENTENCE = (
    "Votre session s’était refermée. Rien n’est perdu\u00a0: vérifiez, puis envoyez à nouveau."
)
SPACE_COOKIE = "espace"
NEVER_HELD = ("csrf_token", "password")
HOLDS_PER_HOUR = 60


# --- Answers


def wants_fragment() -> bool:
    """An HTMX request that is neither boosted nor a history restore asks for a block only."""
    htmx = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def page(
    template: str, block: str | Sequence[str] | None = None, status: int = 200, **context: Any
) -> Response:
    """The whole page; or only `block` (one name, or several put end to end) for HTMX."""
    current_app.update_template_context(context)
    source = current_app.jinja_env.get_template(template)
    if block and wants_fragment():
        names = [block] if isinstance(block, str) else block
        values = source.new_context(context)
        body = "".join(text for name in names for text in source.blocks[name](values))
    else:
        body = source.render(context)
    return make_response(body, status)


def see_other(url: str) -> Response:
    """303 after a POST, so that a reload never posts again; HTMX loads the page whole."""
    if wants_fragment():
        return Response(status=204, headers={"HX-Redirect": iri_to_uri(url)})
    return Response(status=303, headers={"Location": url})


def send_stored(content: bytes, filename: str, mimetype: str = "application/pdf") -> Response:
    """A stored file, always as a download, in an origin of its own. `filename` is ours."""
    response = send_file(
        BytesIO(content), mimetype=mimetype, as_attachment=True, download_name=filename
    )
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


# --- Cookies


def cookie_name(name: str, config: Config) -> str:
    """`__Host-` ties the cookie to this host over TLS; the loopback demonstration has no TLS."""
    return f"__Host-{name}" if config.secure else name


def set_cookie(response: Response, name: str, value: str, max_age: int | None = None) -> None:
    """An identity cookie: unreadable by scripts, for this host only."""
    config = settings()
    response.set_cookie(
        cookie_name(name, config),
        value,
        max_age=max_age,
        path="/",
        secure=config.secure,
        httponly=True,
        samesite="Lax",
    )


def space_cookie() -> str | None:
    """The cookie that opens client spaces in this browser."""
    return request.cookies.get(cookie_name(SPACE_COOKIE, settings()))


def keep_space_cookie(response: Response, value: str) -> None:
    """Gives the browser the value `access.service.open_space` returned."""
    set_cookie(response, SPACE_COOKIE, value)


def forget_space(response: Response) -> None:
    """The browser forgets its spaces."""
    set_cookie(response, SPACE_COOKIE, "", max_age=0)


# --- Who acts


def client_ip() -> str:
    """The peer's address, or what the declared number of proxies says of it."""
    return request.remote_addr or ""


def actor_of_user() -> Actor:
    """The signed-in person as an actor."""
    return Actor(Role(current_user.role), current_user.id, current_user.name, client_ip())


def actor() -> Actor:
    """Whoever the door let in: set by `door`, and by the client's own door."""
    return cast(Actor, g.actor)


def door(*roles: Role) -> Callable[[], ResponseReturnValue | None]:
    """A `before_request` that lets in the signed-in people of these roles, and sets `actor()`."""

    def check() -> ResponseReturnValue | None:
        if not current_user.is_authenticated:
            return to_login()
        if current_user.role not in roles:
            abort(403)
        g.actor = actor_of_user()
        return None

    return check


def to_login() -> Response:
    """Sends to the login page and back; what was typed is held meanwhile."""
    back = form_page()
    if request.method not in ("GET", "HEAD") and request.form:
        keep_typed(back)
    url = url_for("auth.login", suite=back)
    if wants_fragment():
        return Response(status=401, headers={"HX-Redirect": url})
    return Response(status=303, headers={"Location": url})


def space_closed(public_id: str) -> Response:
    """The page of a client whose space is not open here: the same for every `public_id`.

    What was typed is held for when the link is opened again.
    """
    if request.method not in ("GET", "HEAD"):
        back = form_page()
        keep_typed(back)
        return see_other(back)
    if wants_fragment():
        return Response(status=401, headers={"HX-Redirect": iri_to_uri(form_page())})
    return page("public/space_closed.html", status=403, is_held="held" in session)


# --- Ways back


def local_page(url: str | None) -> str | None:
    """Path and query of a page of this portal that a GET shows; None for anything else."""
    try:
        parts = urlsplit((url or "").strip())
    except ValueError:  # « http://[ » and the like: not an address at all
        return None
    if parts.netloc and f"{parts.scheme}://{parts.netloc}" != settings().base_url:
        return None
    path = parts.path
    if not path.startswith("/") or path.startswith("//") or "\\" in path or not path.isprintable():
        return None
    adapter = current_app.url_map.bind(settings().host)
    try:
        adapter.match(path, method="GET")
    except RequestRedirect:
        return None
    except HTTPException:
        return None
    return path + (f"?{parts.query}" if parts.query else "")


def form_page() -> str:
    """The page the person was looking at when this request left it."""
    candidates = [request.full_path.rstrip("?")]
    if wants_fragment():
        candidates.insert(0, request.htmx.current_url)  # type: ignore[attr-defined]
    candidates.append(request.referrer or "")
    return next((found for text in candidates if (found := local_page(text))), "/")


def tel(value: str) -> str:
    """What follows « tel: » in a link: « 0199001234 » → « +33199001234 »."""
    digits = re.sub(r"[^0-9+]", "", value)
    return "+33" + digits[1:] if re.fullmatch(r"0[0-9]{9}", digits) else digits


# --- Forms


def keep_typed(path: str) -> None:
    """Holds the values of this request for the page at `path`, and says so."""
    now = clock.now()
    if not tries.allow(f"hold:{tries.network(client_ip())}", HOLDS_PER_HOUR, 3600, now):
        return
    typed = [
        (name, value)
        for name, value in request.form.items(multi=True)
        if not name.endswith(NEVER_HELD)
    ]
    if typed:
        session["held"] = access.hold(urlsplit(path).path, typed, now)


def held_values() -> MultiDict[str, str] | None:
    """What was typed on this page before the session ended; given once per held form."""
    if request.method != "GET" or "held" not in session:
        return cast("MultiDict[str, str] | None", g.get("held"))
    items = access.take_held(session["held"], request.path)
    if items is not None:
        session.pop("held")
        flash(HELD_SENTENCE, "warn")
        g.held = MultiDict(items)
    return cast("MultiDict[str, str] | None", g.get("held"))


class PortalForm(FlaskForm):
    """Base of every form: CSRF, French, cleaned texts, and held values shown again."""

    class Meta(FrenchMeta, FlaskForm.Meta):
        def wrap_formdata(self, form: Form, formdata: Any) -> Any:
            if formdata is not _Auto:
                return formdata
            if request.method != "GET":
                # Only what a form sends: files and JSON would bring in other types than text.
                return request.form or None
            held = held_values()
            return held if held and any(name in held for name in form._fields) else None


class Fault(NamedTuple):
    """One thing to correct: the id of the field to go to (may be empty), and the sentence."""

    id: str
    sentence: str


def error_summary(form: Form | Sequence[str] | None) -> list[Fault]:
    """Everything to correct in a form, or sentences of a refusal, as the summary lists them."""
    if form is None:
        return []
    if isinstance(form, Form):
        return _faults(form)
    return [Fault("", sentence) for sentence in form]


def _faults(form: Form) -> list[Fault]:
    """Everything to correct, in the order of the page, in the words shown beside the fields."""
    general = [Fault("", sentence) for sentence in getattr(form, "form_errors", ())]
    fields = [field for field in form if not isinstance(field, CSRFTokenField)]
    return general + [fault for field in fields for fault in _field_faults(field)]


def _field_faults(field: Field) -> Iterator[Fault]:
    if isinstance(field, FormField):
        yield from _faults(field.form)
        return
    if isinstance(field, FieldList):
        for entry in field.entries:
            yield from _field_faults(entry)
        for error in field.errors:
            if isinstance(error, str):
                yield Fault(field.id, error)
        return
    if field.errors:
        yield Fault(field.id, str(field.errors[0]))
