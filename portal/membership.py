"""Acts on the people with an account: each whole, with its trace and its messages."""

from collections.abc import Mapping
from typing import Any

from portal import clock, french, tasks
from portal.access import feeds
from portal.access.rules import Actor, Role
from portal.accounts import links, people
from portal.accounts import service as accounts
from portal.accounts.models import AccountLink, User
from portal.accounts.rules import Purpose
from portal.effects.act import Refused
from portal.emails import account_letters as letters
from portal.emails import outbox
from portal.emails.models import Email
from portal.extensions import db, writing
from portal.journal import service as journal
from portal.journal.models import JournalEntry
from portal.training import listing

LAST_OFFICE = (
    "C’est le dernier compte actif de l’organisme\u00a0: personne ne pourrait plus entrer. "
    "Invitez d’abord une autre personne."
)
OWN_ROLE = (
    "Vous ne pouvez pas changer votre propre accès\u00a0: demandez-le à une autre personne de "
    "l’organisme."
)
BY_MAIL = (Purpose.INVITATION, Purpose.RESET, Purpose.ADDRESS)  # what opens or moves an account


class DeadLink(Exception):
    """The link was used, expired or closed meanwhile."""


def invite(email: str, first_name: str, last_name: str, role: Role, actor: Actor) -> int:
    """A new account and its invitation; returns the person's id. Raises people.KnownAddress."""
    with writing():
        at = clock.now()
        user = people.add(email, first_name, last_name, role, at)
        link = links.issue(user, Purpose.INVITATION, user.email, at)
        sent = [outbox.post(letters.invitation(link, accounts.organisation(), at))]
        _record("invite_person", actor, user, email=user.email, role=role.value)
        identity, ids = user.id, _ids(sent)
    tasks.wake(emails=ids)
    return identity


def invite_again(user_id: int, email: str, actor: Actor) -> None:
    """Another invitation, to the right address when the first was mistyped; the one before closes.

    Raises Refused once a password was chosen, people.KnownAddress.
    """
    with writing():
        at, user = clock.now(), people.locked(user_id)
        if user.password_set_at is not None or not user.is_enabled:
            raise Refused(("Cette personne n’attend pas d’invitation",))
        former = people.move(user, email)
        if former != user.email:
            _record("change_address", actor, user, before=former, after=user.email)
        link = links.issue(user, Purpose.INVITATION, user.email, at)
        sent = [outbox.post(letters.invitation(link, accounts.organisation(), at))]
        _record("invite_again", actor, user)
        ids = _ids(sent)
    tasks.wake(emails=ids)


def forgot_password(email: str, ip: str) -> None:
    """Writes to that person, if there is one; says nothing of it to whoever asks."""
    with writing():
        at, user = clock.now(), people.by_email(email)
        if user is None or not user.is_enabled:
            return
        link = links.issue(user, Purpose.RESET, user.email, at)
        sent = [outbox.post(letters.reset(link, accounts.organisation(), at))]
        _record("ask_reset", _self(user, ip), user)
        ids = _ids(sent)
    tasks.wake(emails=ids)


def choose_password(link_id: int, password: str, ip: str) -> None:
    """The password of whoever holds the link; every login of the account closes.

    Raises accounts.WeakPassword, or DeadLink.
    """
    user = db.session.get_one(AccountLink, link_id).user
    accounts.check_password(password, user.email, user.first_name, user.last_name)
    hashed = accounts.hash_password(password)
    with writing():
        at, link = clock.now(), _used(link_id, Purpose.INVITATION, Purpose.RESET)
        user = people.locked(link.user_id)
        if link.email != user.email:
            raise DeadLink
        sent = _set_password(user, hashed, _self(user, ip))
        people.close_logins(user.id)
        links.close(user.id, at, *BY_MAIL)
        ids = _ids(sent)
    tasks.wake(emails=ids)


def change_password(user_id: int, password: str, login: str, actor: Actor) -> None:
    """Another password; the other logins close, `login` stays. Raises accounts.WeakPassword."""
    user = db.session.get_one(User, user_id)
    accounts.check_password(password, user.email, user.first_name, user.last_name)
    hashed = accounts.hash_password(password)
    with writing():
        user = people.locked(user_id)
        sent = _set_password(user, hashed, actor)
        people.close_logins(user_id, but=login)
        links.close(user_id, clock.now(), Purpose.RESET)
        ids = _ids(sent)
    tasks.wake(emails=ids)


def _set_password(user: User, hashed: str, actor: Actor) -> list[Email]:
    """Keeps it; the person is told, unless it is the first."""
    at, is_first = clock.now(), user.password_set_at is None
    user.password_hash, user.password_set_at = hashed, at
    _record("set_password", actor, user)
    if is_first:
        return []
    link = links.issue(user, Purpose.NOT_ME, user.email, at)
    return [outbox.post(letters.password_changed(link, accounts.organisation(), at))]


def ask_address(user_id: int, email: str, actor: Actor) -> None:
    """Asks the new address to confirm, and tells the one in use.

    Nothing leaves when another account has it: nobody learns so who else is here.
    """
    with writing():
        at, user = clock.now(), people.locked(user_id)
        if people.by_email(email) is not None:
            return
        organisation = accounts.organisation()
        new = links.issue(user, Purpose.ADDRESS, email.lower(), at)
        old = links.issue(user, Purpose.NOT_ME, user.email, at)
        sent = [
            outbox.post(letters.confirm_address(new, organisation, at)),
            outbox.post(letters.address_asked(old, new.email, organisation, at)),
        ]
        _record("ask_address", actor, user, email=new.email)
        ids = _ids(sent)
    tasks.wake(emails=ids)


def confirm_address(link_id: int, ip: str) -> None:
    """The new address opens the account; the one before is told. Raises DeadLink."""
    with writing():
        at, link = clock.now(), _used(link_id, Purpose.ADDRESS)
        user = people.locked(link.user_id)
        if people.by_email(link.email) is not None:
            raise DeadLink
        former, user.email = user.email, link.email
        links.close(user.id, at, *BY_MAIL)
        people.close_logins(user.id)
        old = links.issue(user, Purpose.NOT_ME, former, at)
        organisation = accounts.organisation()
        sent = [outbox.post(letters.address_changed(old, user.email, organisation, at))]
        _record("change_address", _self(user, ip), user, before=former, after=user.email)
        ids = _ids(sent)
    tasks.wake(emails=ids)


def not_me(link_id: int, ip: str) -> None:
    """« Ce n’est pas moi »: the address that was told comes back, the password opens nothing.

    Every login closes, and a new password is asked for at that address. Raises DeadLink.
    """
    with writing():
        at, link = clock.now(), _used(link_id, Purpose.NOT_ME)
        user = people.locked(link.user_id)
        other = people.by_email(link.email)
        if other is not None and other.id != user.id:
            raise DeadLink
        user.email, user.password_hash = link.email, accounts.NOBODY
        people.close_logins(user.id)
        links.close(user.id, at, *BY_MAIL)
        links.close_after(link, at)  # what was told to addresses that came later
        again = links.issue(user, Purpose.RESET, user.email, at)
        sent = [outbox.post(letters.reset(again, accounts.organisation(), at))]
        _record("not_me", _self(user, ip), user)
        ids = _ids(sent)
    tasks.wake(emails=ids)


def set_enabled(user_id: int, is_enabled: bool, actor: Actor) -> None:
    """Lets a person in again, or out at once. Raises Refused for the last of the office."""
    with writing():
        user = people.locked(user_id)
        if not is_enabled and people.is_last_office(user):
            raise Refused((LAST_OFFICE,))
        user.is_enabled = is_enabled
        if not is_enabled:
            people.close_logins(user.id)
            links.close(user.id, clock.now())
        _record("enable_person" if is_enabled else "disable_person", actor, user)


def change_role(user_id: int, role: Role, actor: Actor) -> None:
    """Another side of the portal opens to that person, who is told; what was open closes.

    Raises Refused for oneself, for the last of the office, and while sessions are under way.
    """
    with writing():
        at, user = clock.now(), people.locked(user_id)
        before = user.role
        if before == role:
            return
        if refusal := _why_role_stays(user, actor):
            raise Refused((refusal,))
        user.role = role.value
        people.close_logins(user.id)
        feeds.close_feed(user.id, at)
        entry = _record("change_role", actor, user, before=before, after=user.role)
        sent = []
        if user.is_enabled and user.password_set_at is not None:
            letter = letters.role_changed(user, accounts.organisation(), at, entry.seq)
            sent.append(outbox.post(letter))
        ids = _ids(sent)
    tasks.wake(emails=ids)


def _why_role_stays(user: User, actor: Actor) -> str | None:
    """What stands in the way, in French."""
    if user.id == actor.id:
        return OWN_ROLE
    if people.is_last_office(user):
        return LAST_OFFICE
    refs = listing.refs_under_way(user.id)
    if not refs:
        return None
    more = [f"{len(refs) - 3} autres"] if len(refs) > 4 else refs[3:]
    return (
        f"Sessions en cours à son nom\u00a0: {french.enumeration([*refs[:3], *more])}. "
        "Menez-les à leur terme ou annulez-les d’abord. Pour garder les deux accès, invitez cette "
        "personne à une autre adresse."
    )


def close_logins(user_id: int, actor: Actor, but: str | None = None) -> None:
    """« Tout fermer »; `but` is the token of the login that stays."""
    with writing():
        user = people.locked(user_id)
        people.close_logins(user.id, but)
        _record("close_logins", actor, user)


def save_profile(user_id: int, values: Mapping[str, Any], actor: Actor) -> None:
    """What a person says of themselves; papers issued later print it."""
    with writing():
        user = people.locked(user_id)
        changed = sorted(name for name, new in values.items() if getattr(user, name) != new)
        for name in changed:
            setattr(user, name, values[name])
        if changed:
            _record("save_profile", actor, user, fields=changed)


def change_cv(user_id: int, sha256: str | None, actor: Actor) -> None:
    """The CV in the store takes the place of the one before; None takes it away."""
    with writing():
        at, user = clock.now(), people.locked(user_id)
        before = user.cv_sha256
        if before is None and sha256 is None:
            return
        user.cv_sha256, user.cv_received_at = sha256, at if sha256 else None
        event = "send_cv" if sha256 else "remove_cv"
        _record(event, actor, user, before=before, after=sha256)  # erased with the person's data


def _used(link_id: int, *purposes: Purpose) -> AccountLink:
    link = links.use(link_id, clock.now())
    if link is None or link.purpose not in purposes:
        raise DeadLink
    return link


def _self(user: User, ip: str) -> Actor:
    return Actor(Role(user.role), user.id, user.name, ip)


def _record(event: str, actor: Actor, user: User, **details: Any) -> JournalEntry:
    return journal.record(event, actor, clock.now(), body={"user": user.id}, details=details)


def _ids(emails: list[Email]) -> list[int]:
    db.session.flush()
    return [email.id for email in emails]
