"""Shared links, the spaces they open, and forms held for their author."""

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import contains_eager

from portal import clock
from portal.access import rules
from portal.access.models import Grant, HeldForm, ShareLink
from portal.access.rules import Actor, Scope, digest
from portal.extensions import db, note, settings, writing
from portal.training.models import TrainingSession

TOUCH_EVERY = timedelta(minutes=1)
HELD_FOR = timedelta(hours=2)


# --- Links. Writes happen inside the caller's transaction.


class LinkStatus(StrEnum):
    """What became of a link. A forged text and a deleted link are both `unknown`."""

    LIVE = "live"
    READ_ONLY = "read_only"
    EXPIRED = "expired"
    REPLACED = "replaced"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Found:
    """The link a text names; `link` is None when the status is unknown."""

    link: ShareLink | None
    status: LinkStatus


def issue_link(
    training: TrainingSession,
    actor: Actor,
    recipient_email: str | None,
    at: datetime,
    scope: Scope = Scope.SPACE,
) -> ShareLink:
    """A new link to the client's space, or to sign; added to the transaction and given its id."""
    link = ShareLink(
        training=training,
        scope=scope.value,
        recipient_email=recipient_email or None,
        issued_by_id=actor.id if actor.role in (rules.Role.TRAINER, rules.Role.OFFICE) else None,
        rotation=0,
        created_at=at,
        expires_at=_expiry(scope, training, at),
    )
    db.session.add(link)
    db.session.flush()
    return link


def _expiry(scope: Scope, training: TrainingSession, at: datetime) -> datetime:
    if scope is Scope.SIGN:
        return at + timedelta(days=rules.SIGN_DAYS)
    return rules.space_expiry(at, training.last_day)


def rotate(link: ShareLink, at: datetime) -> None:
    """Kills the text given so far and the spaces it opened; the next text lasts a full term."""
    link.rotation += 1
    link.expires_at = _expiry(Scope(link.scope), link.training, at)
    link.opened_at = None


def extend(link: ShareLink, last_day: date | None, at: datetime) -> None:
    """Moves the end of a link when the dates of the session moved; never shortens it."""
    link.expires_at = max(link.expires_at, rules.space_expiry(at, last_day))


def revoke(link: ShareLink, at: datetime) -> None:
    """Closes the link and every space it opened, for good."""
    link.revoked_at = link.revoked_at or at


def open_link(
    training: TrainingSession, at: datetime, scope: Scope = Scope.SPACE
) -> ShareLink | None:
    """The newest link of that dossier and scope that is neither revoked nor expired."""
    live = [
        link
        for link in training.links
        if link.scope == scope and link.revoked_at is None and link.expires_at > at
    ]
    return live[-1] if live else None


def token_of(link: ShareLink) -> str:
    """The current text of the link: computed, never stored."""
    return rules.token(settings().link_key, Scope(link.scope), link.id, link.rotation)


def url_of(link: ShareLink) -> str:
    """The address to give to the client, from the portal's own base address."""
    return f"{settings().base_url}/l/{token_of(link)}"


def find(token_text: str, at: datetime | None = None) -> Found:
    """The link this text names, and what became of it. One look-up, constant-time comparison."""
    claimed = rules.link_id_of(token_text)
    link = db.session.get(ShareLink, claimed[1]) if claimed else None
    if claimed is None or link is None or link.scope != claimed[0].value:
        return Found(None, LinkStatus.UNKNOWN)
    key = settings().link_key
    rotation = rules.rotation_of(key, token_text, Scope(link.scope), link.id, link.rotation)
    if rotation is None:
        return Found(None, LinkStatus.UNKNOWN)
    if link.revoked_at is not None:
        return Found(link, LinkStatus.REVOKED)
    if rotation != link.rotation:
        return Found(link, LinkStatus.REPLACED)
    at = at or clock.now()
    if closing_time(link) <= at:
        return Found(link, LinkStatus.EXPIRED)
    return Found(link, LinkStatus.READ_ONLY if is_read_only(link, at) else LinkStatus.LIVE)


def closing_time(link: ShareLink) -> datetime:
    """When this link stops opening anything."""
    return rules.closing_time(Scope(link.scope), link.expires_at)


def is_read_only(link: ShareLink, at: datetime) -> bool:
    """Whether its time is past: what it opens is read, and nothing is changed any more."""
    return link.expires_at <= at


# --- Spaces: what a browser that pressed « Commencer » may open


def open_space(link: ShareLink, cookie_value: str | None, at: datetime) -> str:
    """Grants that browser the dossier of `link`; returns the cookie to give it, always new.

    Spaces already open in it move to the new cookie: a cookie planted beforehand opens nothing.
    """
    fresh = secrets.token_urlsafe(32)
    link_id, rotation = link.id, link.rotation
    with writing():
        if cookie_value:
            db.session.execute(
                update(Grant)
                .where(Grant.cookie_sha256 == digest(cookie_value))
                .values(cookie_sha256=digest(fresh))
            )
            db.session.execute(
                delete(Grant).where(Grant.cookie_sha256 == digest(fresh), Grant.link_id == link_id)
            )
        _grant(link_id, rotation, fresh, at)
        db.session.execute(delete(Grant).where(Grant.created_at < at - rules.GRANT_ABSOLUTE))
    return fresh


def _grant(link_id: int, rotation: int, cookie_value: str, at: datetime) -> None:
    """Opens the dossier, unless the link was replaced or closed since it was looked at."""
    link = db.session.get(ShareLink, link_id, populate_existing=True)
    if link is None or link.rotation != rotation or link.revoked_at is not None:
        return
    link.opened_at = link.opened_at or at
    digested = digest(cookie_value)
    db.session.add(
        Grant(cookie_sha256=digested, link_id=link_id, rotation=rotation, created_at=at, seen_at=at)
    )


# Asked by every page of a space: built once.
_GRANTS = (
    select(Grant)
    .join(Grant.link)
    .join(ShareLink.training)
    .options(contains_eager(Grant.link).contains_eager(ShareLink.training))
    .where(
        Grant.cookie_sha256 == bindparam("cookie"),
        TrainingSession.public_id == bindparam("public_id"),
        ShareLink.scope == bindparam("scope"),
    )
    .order_by(Grant.seen_at.desc())
)


def space_of(
    cookie_value: str | None, public_id: str, at: datetime, scope: Scope = Scope.SPACE
) -> Grant | None:
    """The open grant of that browser on that dossier; None when it has none, or it closed.

    Its « last seen » is written at most once a minute, in its own transaction.
    """
    if not cookie_value:
        return None
    asked = {"cookie": digest(cookie_value), "public_id": public_id, "scope": scope.value}
    grants = db.session.scalars(_GRANTS, asked)
    grant = next((x for x in grants if _is_open(x, at)), None)
    if grant is not None and at - grant.seen_at >= TOUCH_EVERY:
        note(Grant, grant.id, seen_at=at)
    return grant


def _is_open(grant: Grant, at: datetime) -> bool:
    link = grant.link
    return (
        rules.is_open(at, grant.seen_at, grant.created_at)
        and grant.rotation == link.rotation
        and link.revoked_at is None
        and closing_time(link) > at
    )


def close_space(cookie_value: str | None) -> None:
    """Closes every space of that browser."""
    if cookie_value:
        with writing():
            db.session.execute(delete(Grant).where(Grant.cookie_sha256 == digest(cookie_value)))


# --- Held forms: what was typed is given back after a session ended


def hold(path: str, form_items: Iterable[tuple[str, str]], at: datetime) -> str:
    """Keeps these values two hours for the page at `path`; returns the key that gives them back."""
    key = secrets.token_urlsafe(32)
    typed = json.dumps([[name, value] for name, value in form_items], ensure_ascii=False)
    with writing():
        db.session.execute(delete(HeldForm).where(HeldForm.created_at < at - HELD_FOR))
        db.session.add(HeldForm(key_sha256=digest(key), path=path, form_json=typed, created_at=at))
    return key


def take_held(key: str, path: str) -> list[tuple[str, str]] | None:
    """Gives back, once, the values held under `key` for `path`; None when there are none."""
    held = db.session.scalar(
        select(HeldForm).where(HeldForm.key_sha256 == digest(key), HeldForm.path == path)
    )
    if held is None or held.created_at < clock.now() - HELD_FOR:
        return None
    values = [(str(name), str(value)) for name, value in json.loads(held.form_json)]
    identity = held.id
    with writing():
        db.session.execute(delete(HeldForm).where(HeldForm.id == identity))
    return values
