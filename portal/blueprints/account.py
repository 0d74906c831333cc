"""« Mon compte »: profile, address, password and open logins of whoever is signed in."""

from typing import Any

from flask import Blueprint, Response, abort, flash, url_for
from flask_login import current_user

from portal import clock, membership, web
from portal.access import tries
from portal.access.rules import Role, digest
from portal.accounts import people
from portal.accounts import service as accounts
from portal.accounts.models import User
from portal.accounts.people_forms import AddressForm, PasswordForm, ProfileForm, TrainerForm
from portal.accounts.rules import browser_name
from portal.blueprints import receiving
from portal.extensions import store
from portal.uploads.rules import display_name
from portal.web import PortalForm

blueprint = Blueprint("account", __name__)
blueprint.before_request(web.door(Role.TRAINER, Role.OFFICE))
TRIES_PER_HOUR = 10
WRONG = "Ce n’est pas votre mot de passe actuel"


@blueprint.get("/")
def page() -> Response:
    return _page(profile_form(current_user, stored=True))


@blueprint.post("/")
def save() -> Response:
    form = profile_form(current_user)
    if not form.validate():
        return _page(form, 422)
    membership.save_profile(current_user.id, profile_values(form), web.actor())
    flash("Profil enregistré.", "ok")
    return web.see_other(url_for(".page"))


def profile_form(user: User, *, stored: bool = False) -> PortalForm:
    """The form of that person's profile, as typed, or as it is `stored`."""
    kind: type[PortalForm] = ProfileForm if user.is_office else TrainerForm
    return kind(formdata=None, obj=user) if stored else kind()


def profile_values(form: PortalForm) -> dict[str, Any]:
    """Those answers as the columns take them."""
    empty = {"phone": None, "vat_regime": None}
    fields = [field for field in form if field.short_name != "csrf_token"]
    return {f.short_name: f.data or empty.get(f.short_name, "") for f in fields}


def logins_of(user: User) -> list[dict[str, Any]]:
    """The open logins of a person, as the page lists them."""
    here = digest(current_user.get_id())
    return [
        {
            "device": browser_name(login.user_agent or ""),
            "seen_at": login.seen_at,
            "ip": login.ip or "",
            "is_here": login.token_sha256 == here,
        }
        for login in people.open_logins(user, clock.now())
    ]


def _page(form: PortalForm, status: int = 200) -> Response:
    return web.page(
        "account/page.html",
        status=status,
        form=form,
        errors=web.error_summary(form) if status == 422 else [],
        logins=logins_of(current_user),
    )


@blueprint.post("/cv")
@receiving.takes_files
def send_cv() -> Response:
    return receive_cv(current_user, url_for(".page"))


@blueprint.get("/cv")
def cv() -> Response:
    """One's own: no address shows a trainer anybody else's."""
    return cv_of(current_user)


@blueprint.post("/cv/retirer")
def remove_cv() -> Response:
    return take_cv_away(current_user, url_for(".page"))


def receive_cv(user: User, back: str) -> Response:
    """A CV for whoever teaches; 404 for the back office, which has none."""
    if user.is_office:
        abort(404)
    return receiving.cv(user, back)


def cv_of(user: User) -> Response:
    """That person's CV, as a download; 404 when there is none."""
    if user.cv_sha256 is None:
        abort(404)
    return web.send_stored(store().read(user.cv_sha256), display_name(f"CV {user.name}", "pdf"))


def take_cv_away(user: User, back: str) -> Response:
    membership.change_cv(user.id, None, web.actor())
    flash("CV retiré.", "ok")
    return web.see_other(back)


@blueprint.post("/connexions/fermer")
def close_logins() -> Response:
    """« Fermer les autres connexions »."""
    membership.close_logins(current_user.id, web.actor(), but=current_user.get_id())
    flash("Les autres connexions sont fermées.", "ok")
    return web.see_other(url_for(".page"))


@blueprint.route("/mot-de-passe", methods=["GET", "POST"])
def password() -> Response:
    """A new password; the other logins close."""
    form = PasswordForm()
    if form.validate_on_submit() and _is_own(form):
        login = current_user.get_id()
        try:
            membership.change_password(current_user.id, form.new_password.data, login, web.actor())
        except accounts.WeakPassword as weak:
            form.new_password.errors = [str(weak)]
        else:
            flash("Mot de passe changé. Les autres connexions sont fermées.", "ok")
            return web.see_other(url_for(".page"))
    return _asked("account/password.html", form)


@blueprint.route("/adresse", methods=["GET", "POST"])
def address() -> Response:
    """Another address, once it is confirmed; the one in use is told."""
    form = AddressForm()
    if form.validate_on_submit() and _is_own(form):
        membership.ask_address(current_user.id, str(form.email.data), web.actor())
        flash(
            f"Un lien de confirmation part à {form.email.data}. Votre adresse change quand vous "
            "l’ouvrez.",
            "ok",
        )
        return web.see_other(url_for(".page"))
    return _asked("account/address.html", form)


def _is_own(form: PasswordForm | AddressForm) -> bool:
    """Whether the current password is right; ten tries an hour, then it is not looked at."""
    key = f"own-password:{current_user.id}"
    if not tries.allow(key, TRIES_PER_HOUR, 3600, clock.now()):
        form.current_password.errors = ["Trop d’essais\u00a0: réessayez dans une heure"]
        return False
    typed = str(form.current_password.data)[: accounts.PASSWORD_LENGTHS[1]]
    if accounts.authenticate(current_user.email, typed) is None:
        form.current_password.errors = [WRONG]
        return False
    tries.forget(key)
    return True


def _asked(template: str, form: PortalForm) -> Response:
    errors = web.error_summary(form)
    return web.page(template, status=422 if errors else 200, form=form, errors=errors)
