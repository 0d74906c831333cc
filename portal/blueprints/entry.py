"""The door of links mailed to people with an account: first password, forgotten one, address."""

import time

from flask import Blueprint, Response, abort, flash, request, session, url_for

from portal import clock, membership, web
from portal.access import tries
from portal.accounts import links
from portal.accounts import service as accounts
from portal.accounts.links import Fate
from portal.accounts.models import AccountLink
from portal.accounts.people_forms import ForgotForm, NewPasswordForm
from portal.accounts.rules import Purpose
from portal.web import Fault

blueprint = Blueprint("entry", __name__)
HOUR, DAY = 3_600, 86_400
ASKED_PER_ACCOUNT, ASKED_PER_ADDRESS, MISSES_PER_HOUR = 3, 20, 30
PACE = 0.4  # seconds the answer takes, whoever is asked for: longer than writing a message
HEADINGS = {
    Purpose.INVITATION: "Bienvenue, {name}",
    Purpose.RESET: "Nouveau mot de passe",
    Purpose.ADDRESS: "Confirmez votre adresse",
    Purpose.NOT_ME: "Ce n’est pas vous\u00a0?",
}
PASSWORD_LINKS = (Purpose.INVITATION, Purpose.RESET)


@blueprint.before_request
def _described() -> None:
    accounts.organisation()


@blueprint.get("/mot-de-passe-oublie")
def forgot() -> Response:
    return web.page("entry/forgot.html", form=ForgotForm(), errors=[], asked="envoye" in _said())


@blueprint.post("/mot-de-passe-oublie")
def ask() -> Response:
    """The same answer, after the same time, whether the address is known or not."""
    started, form = time.perf_counter(), ForgotForm()
    if not form.validate():
        errors = web.error_summary(form)
        return web.page("entry/forgot.html", status=422, form=form, errors=errors, asked=False)
    email, ip, now = str(form.email.data).lower(), web.client_ip(), clock.now()
    if not tries.allow(f"forgot-ip:{tries.network(ip)}", ASKED_PER_ADDRESS, HOUR, now):
        abort(429)
    if tries.allow(f"forgot:{email}", ASKED_PER_ACCOUNT, DAY, now):
        membership.forgot_password(email, ip)
    time.sleep(max(0.0, PACE - (time.perf_counter() - started)))
    return web.see_other(url_for(".forgot", suite="envoye"))


def _said() -> str:
    return request.args.get("suite", "")


@blueprint.get("/acces/<token>")
def show(token: str) -> Response:
    """Says what the link does. Changes nothing: mail programs open links by themselves."""
    link, fate = _find(token)
    if link is None or fate is not Fate.LIVE:
        return _dead(404 if link is None else 410)
    return _page(link, token, NewPasswordForm(formdata=None))


@blueprint.post("/acces/<token>")
def use(token: str) -> Response:
    link, fate = _find(token)
    if link is None or fate is not Fate.LIVE:
        return _dead(404 if link is None else 410)
    purpose, identity, ip, email = Purpose(link.purpose), link.id, web.client_ip(), link.email
    try:
        if purpose in PASSWORD_LINKS:
            return _choose(link, token)
        if purpose is Purpose.ADDRESS:
            membership.confirm_address(identity, ip)
            session["email"] = email
            flash("Adresse confirmée\u00a0: connectez-vous avec elle.", "ok")
        else:
            membership.not_me(identity, ip)
            flash(
                "Toutes les connexions sont fermées. Un lien pour choisir un nouveau mot de passe "
                "vous est envoyé.",
                "ok",
            )
    except membership.DeadLink:
        return _dead(410)
    return web.see_other(url_for("auth.login"))


def _choose(link: AccountLink, token: str) -> Response:
    form, email = NewPasswordForm(), link.email
    if not form.validate():
        return _page(link, token, form, web.error_summary(form))
    try:
        membership.choose_password(link.id, form.new_password.data, web.client_ip())
    except accounts.WeakPassword as weak:
        form.new_password.errors = [str(weak)]
        return _page(link, token, form, web.error_summary(form))
    session["email"] = email  # the login page that follows does not ask for it again
    flash("Mot de passe enregistré\u00a0: connectez-vous.", "ok")
    return web.see_other(url_for("auth.login"))


def _find(token: str) -> tuple[AccountLink | None, Fate]:
    found = links.find(token, clock.now())
    if found[0] is None:
        key = f"link-miss:{tries.network(web.client_ip())}"
        if not tries.allow(key, MISSES_PER_HOUR, HOUR, clock.now()):
            abort(429)
    return found


def _page(
    link: AccountLink, token: str, form: NewPasswordForm, errors: list[Fault] | None = None
) -> Response:
    return web.page(
        "entry/access.html",
        status=422 if errors else 200,
        heading=HEADINGS[Purpose(link.purpose)].format(name=link.user.first_name),
        purpose=link.purpose,
        email=link.email,
        token=token,
        form=form,
        errors=errors or [],
    )


def _dead(status: int) -> Response:
    return web.page("entry/dead.html", status=status)
