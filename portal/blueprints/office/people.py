"""« Personnes »: who has an account, who is invited, who may come in."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, flash, url_for

from portal import membership, web
from portal.access.rules import Role
from portal.accounts.models import User
from portal.accounts.people import KnownAddress, everybody
from portal.accounts.people_forms import InvitedForm, InviteForm
from portal.blueprints import account, receiving
from portal.blueprints.account import logins_of, profile_form, profile_values
from portal.blueprints.office.journal import labels
from portal.effects.act import Refused
from portal.extensions import db
from portal.journal.organisation_reading import of_organisation as acts_of
from portal.web import PortalForm

blueprint = Blueprint("people", __name__)
FEW = 5  # acts on the page of a person
KNOWN = "Cette adresse a déjà un compte\u00a0: ouvrez-le dans Personnes"
SIDES = {"formation": Role.TRAINER, "organisme": Role.OFFICE}


@blueprint.get("/")
def index() -> Response:
    return web.page("people/list.html", people=everybody())


@blueprint.route("/inviter", methods=["GET", "POST"])
def invite() -> Response:
    form = InviteForm()
    if form.validate_on_submit():
        email, role = str(form.email.data), Role(form.role.data)
        names = (str(form.first_name.data), str(form.last_name.data))
        try:
            user_id = membership.invite(email, *names, role, web.actor())
        except KnownAddress:
            form.email.errors = [KNOWN]
        else:
            flash(f"Une invitation part à {email}.", "ok")
            return web.see_other(url_for(".show", user_id=user_id))
    errors = web.error_summary(form)
    return web.page("people/invite.html", status=422 if errors else 200, form=form, errors=errors)


@blueprint.get("/<int:user_id>")
def show(user_id: int) -> Response:
    user = _user(user_id)
    return _page(user, profile_form(user, stored=True))


@blueprint.post("/<int:user_id>")
def save(user_id: int) -> Response:
    user = _user(user_id)
    form = profile_form(user)
    if not form.validate():
        return _page(user, form, 422)
    membership.save_profile(user_id, profile_values(form), web.actor())
    flash("Profil enregistré.", "ok")
    return web.see_other(url_for(".show", user_id=user_id))


@blueprint.post("/<int:user_id>/cv")
@receiving.takes_files
def send_cv(user_id: int) -> Response:
    """The CV that reached the office another way."""
    return account.receive_cv(_user(user_id), url_for(".show", user_id=user_id))


@blueprint.get("/<int:user_id>/cv")
def cv(user_id: int) -> Response:
    return account.cv_of(_user(user_id))


@blueprint.post("/<int:user_id>/cv/retirer")
def remove_cv(user_id: int) -> Response:
    return account.take_cv_away(_user(user_id), url_for(".show", user_id=user_id))


@blueprint.post("/<int:user_id>/inviter")
def invite_again(user_id: int) -> Response:
    """« Renvoyer l’invitation », to another address when the first was mistyped."""
    user, form = _user(user_id), InvitedForm()
    if form.validate():
        email = str(form.email.data)
        try:
            return _act(user_id, f"Une invitation part à {email}.", membership.invite_again, email)
        except KnownAddress:
            form.email.errors = [KNOWN]
    return _page(user, profile_form(user, stored=True), 422, invited=form)


@blueprint.post("/<int:user_id>/desactiver")
def disable(user_id: int) -> Response:
    return _act(user_id, "Le compte est désactivé.", membership.set_enabled, False)


@blueprint.post("/<int:user_id>/reactiver")
def enable(user_id: int) -> Response:
    return _act(user_id, "Le compte est réactivé.", membership.set_enabled, True)


@blueprint.post("/<int:user_id>/acces/<side>")
def change_role(user_id: int, side: str) -> Response:
    """The other side of the portal, for somebody else than oneself."""
    if side not in SIDES:
        abort(404)
    done = "L’accès est changé. Ses connexions sont fermées."
    return _act(user_id, done, membership.change_role, SIDES[side])


@blueprint.post("/<int:user_id>/connexions/fermer")
def close_logins(user_id: int) -> Response:
    """« Tout fermer »."""
    return _act(user_id, "Toutes les connexions sont fermées.", membership.close_logins)


def _act(user_id: int, done: str, act: Callable[..., None], *arguments: Any) -> Response:
    _user(user_id)
    try:
        act(user_id, *arguments, actor=web.actor())
    except Refused as refused:
        flash(f"{' '.join(refused.sentences)}", "warn")
    else:
        flash(done, "ok")
    return web.see_other(url_for(".show", user_id=user_id))


def _user(user_id: int) -> User:
    return db.session.get(User, user_id) or abort(404)


def _page(
    user: User, form: PortalForm, status: int = 200, invited: InvitedForm | None = None
) -> Response:
    """`form` is the profile's; `invited` the one to invite again with, when that was refused."""
    refused = invited or form
    acts, goes_on = acts_of(labels(), user.id)
    return web.page(
        "people/show.html",
        status=status,
        user=user,
        form=form,
        invited=invited or InvitedForm(formdata=None, data={"email": user.email}),
        errors=web.error_summary(refused) if status == 422 else [],
        logins=logins_of(user),
        acts=acts[:FEW],
        has_more_acts=goes_on or len(acts) > FEW,
    )
