"""The door of the people with an account: signing in and out."""

import base64
import hashlib
import hmac

from flask import Blueprint, Response, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user
from wtforms import PasswordField

from portal import clock, french, web
from portal.access import tries
from portal.accounts import service as accounts
from portal.accounts.models import User
from portal.extensions import settings
from portal.fields import EmailField, Required
from portal.web import Fault

blueprint = Blueprint("auth", __name__)


@blueprint.before_request
def _described() -> None:
    accounts.organisation()


DEVICE_COOKIE = "appareil"
DEVICE_SECONDS = 180 * 24 * 3600


class LoginForm(web.PortalForm):
    email = EmailField(
        "E-mail", [Required("Indiquez votre e-mail")], render_kw={"autocomplete": "username"}
    )
    password = PasswordField(
        "Mot de passe",
        [Required("Indiquez votre mot de passe")],
        render_kw={"autocomplete": "current-password"},
    )


@blueprint.get("/connexion")
def login() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return web.see_other(_after_login(current_user))
    return _login_page(LoginForm(formdata=None, data={"email": session.get("email", "")}))


@blueprint.post("/connexion")
def enter() -> ResponseReturnValue:
    form = LoginForm()
    if not form.validate():
        return _login_page(form, web.error_summary(form), 422)
    email, ip, at = str(form.email.data).lower(), web.client_ip(), clock.now()
    device = _device(email)
    wait = tries.login_wait(email, ip, device, at)
    if wait:
        response = _login_page(form, [Fault("", _wait_sentence(wait))], 429)
        response.headers["Retry-After"] = str(wait)
        return response
    user = accounts.authenticate(email, form.password.data[: accounts.PASSWORD_LENGTHS[1]])
    if user is None:
        sentence = "L’e-mail ou le mot de passe ne correspond à aucun compte"
        return _login_page(form, [Fault("email", sentence)], 422)
    tries.login_succeeded(email, ip, device)
    return _signed_in(user)


@blueprint.post("/deconnexion")
def logout() -> ResponseReturnValue:
    if current_user.is_authenticated:
        accounts.end_login(current_user.get_id())
    session.clear()
    response = web.see_other(url_for("public.home"))
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def _login_page(form: LoginForm, errors: list[Fault] | None = None, status: int = 200) -> Response:
    return web.page(
        "auth/login.html",
        status=status,
        form=form,
        errors=errors or [],
        suite=web.local_page(request.args.get("suite")),
        is_held="held" in session,
        demonstration=accounts.demonstration_accounts() if settings().demo else [],
        password=accounts.DEMONSTRATION_PASSWORD,
    )


def _signed_in(user: User) -> Response:
    """A new session identity (nothing of the anonymous one is kept but the held form)."""
    held = session.get("held")
    if current_user.is_authenticated:
        accounts.end_login(current_user.get_id())  # this browser holds one login at a time
    session.clear()
    if held:
        session["held"] = held
    email = user.email
    user.login_token = accounts.open_login(
        user, web.client_ip(), request.user_agent.string, clock.now()
    )
    login_user(user)
    response = web.see_other(_after_login(user))
    web.set_cookie(response, DEVICE_COOKIE, _device_mark(email), max_age=DEVICE_SECONDS)
    return response


def _after_login(user: User) -> str:
    home = url_for("office.dashboard" if user.is_office else "trainer.dashboard")
    suite = web.local_page(request.args.get("suite"))
    return home if suite in (None, "/") else suite


def _wait_sentence(seconds: int) -> str:
    if seconds <= 90:
        wait = french.count(seconds, "seconde")
    else:
        wait = french.count(-(-seconds // 60), "minute")
    return f"Trop d’essais\u00a0: patientez {wait}, puis réessayez"


def _device_mark(email: str) -> str:
    """What a browser that signed in keeps: proves the account it signed in to, opens nothing."""
    digest = hmac.new(settings().secret_key.encode(), f"device|{email}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest.digest()).decode().rstrip("=")


def _device(email: str) -> str | None:
    """That mark, when this browser holds the one of this account."""
    given = request.cookies.get(web.cookie_name(DEVICE_COOKIE, settings())) or ""
    mark = _device_mark(email)
    return mark if hmac.compare_digest(given.encode(), mark.encode()) else None
