"""Shared links, the spaces they open, counted tries, and forms held for their author."""

import hashlib
import hmac
import ipaddress
import json
import math
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, func, select, update

from portal import clock
from portal.access import rules
from portal.access.models import Attempt, Grant, HeldForm, ShareLink
from portal.access.rules import Actor, Scope, digest
from portal.extensions import db, settings, writing
from portal.training.models import TrainingSession

TOUCH_EVERY = timedelta(minutes=1)
HELD_FOR = timedelta(hours=2)
ATTEMPTS_KEPT = timedelta(days=1)
HOUR = 3_600
FREE_TRIES = 5
TRIES_PER_ACCOUNT = 20
TRIES_PER_ADDRESS = 60


# --- Links. Writes happen inside the caller's transaction.


class LinkStatus(StrEnum):
    """What became of a link. A forged text and a deleted link are both `unknown`."""

    LIVE = "live"
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
    training: TrainingSession, actor: Actor, recipient_email: str | None, at: datetime
) -> ShareLink:
    """A new link to the client's space, added to the current transaction and given its id."""
    link = ShareLink(
        training=training,
        scope=Scope.SPACE.value,
        recipient_email=recipient_email or None,
        issued_by_id=actor.id if actor.role in (rules.Role.TRAINER, rules.Role.OFFICE) else None,
        rotation=0,
        created_at=at,
        expires_at=rules.space_expiry(at, training.last_day),
    )
    db.session.add(link)
    db.session.flush()
    return link


def rotate(link: ShareLink, at: datetime) -> None:
    """Kills the text given so far and the spaces it opened; the next text lasts a full term."""
    link.rotation += 1
    link.expires_at = rules.space_expiry(at, link.training.last_day)
    link.opened_at = None


def extend(link: ShareLink, last_day: date | None, at: datetime) -> None:
    """Moves the end of a link when the dates of the session moved; never shortens it."""
    link.expires_at = max(link.expires_at, rules.space_expiry(at, last_day))


def revoke(link: ShareLink, at: datetime) -> None:
    """Closes the link and every space it opened, for good."""
    link.revoked_at = link.revoked_at or at


def open_link(training: TrainingSession, at: datetime) -> ShareLink | None:
    """The newest link of that dossier that is neither revoked nor expired."""
    live = [x for x in training.links if x.revoked_at is None and x.expires_at > at]
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
    if link.expires_at <= (at or clock.now()):
        return Found(link, LinkStatus.EXPIRED)
    return Found(link, LinkStatus.LIVE)


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
        db.session.add(
            Grant(
                cookie_sha256=digest(fresh),
                link_id=link_id,
                rotation=rotation,
                created_at=at,
                seen_at=at,
            )
        )
        db.session.execute(
            update(ShareLink)
            .where(ShareLink.id == link_id, ShareLink.opened_at.is_(None))
            .values(opened_at=at)
        )
        db.session.execute(delete(Grant).where(Grant.created_at < at - rules.GRANT_ABSOLUTE))
    return fresh


def space_of(cookie_value: str | None, public_id: str, at: datetime) -> Grant | None:
    """The open grant of that browser on that dossier; None when it has none, or it closed.

    Its « last seen » is written at most once a minute, in its own transaction.
    """
    if not cookie_value:
        return None
    grants = db.session.scalars(
        select(Grant)
        .join(Grant.link)
        .join(ShareLink.training)
        .where(Grant.cookie_sha256 == digest(cookie_value), TrainingSession.public_id == public_id)
        .order_by(Grant.seen_at.desc())
    )
    grant = next((x for x in grants if _is_open(x, at)), None)
    if grant is not None and at - grant.seen_at >= TOUCH_EVERY:
        with writing():
            db.session.execute(update(Grant).where(Grant.id == grant.id).values(seen_at=at))
    return grant


def _is_open(grant: Grant, at: datetime) -> bool:
    link = grant.link
    return (
        rules.is_open(at, grant.seen_at, grant.created_at)
        and grant.rotation == link.rotation
        and link.revoked_at is None
        and link.expires_at > at
    )


def close_space(cookie_value: str | None) -> None:
    """Closes every space of that browser."""
    if cookie_value:
        with writing():
            db.session.execute(delete(Grant).where(Grant.cookie_sha256 == digest(cookie_value)))


# --- Counted tries: in the database, so that every process counts the same


def allow(key: str, limit: int, window: int, at: datetime) -> bool:
    """Counts one try of `key`; False, without counting, after `limit` in `window` seconds."""
    hidden = _hidden(key)
    with writing():
        recent = db.session.scalar(
            select(func.count())
            .select_from(Attempt)
            .where(Attempt.key == hidden, Attempt.at > at - timedelta(seconds=window))
        )
        if (recent or 0) >= limit:
            return False
        db.session.add(Attempt(key=hidden, at=at))
        db.session.execute(delete(Attempt).where(Attempt.at < at - ATTEMPTS_KEPT))
    return True


def is_spent(key: str, limit: int, window: int, at: datetime) -> bool:
    """Whether `limit` tries of `key` were counted in the last `window` seconds. Writes nothing."""
    return len(tries(key, window, at)) >= limit


def tries(key: str, window: int, at: datetime) -> list[datetime]:
    """When `key` was tried in the last `window` seconds, oldest first."""
    query = select(Attempt.at).where(
        Attempt.key == _hidden(key), Attempt.at > at - timedelta(seconds=window)
    )
    return list(db.session.scalars(query.order_by(Attempt.at)))


def login_wait(email: str, ip: str, device: str | None, at: datetime) -> int:
    """Seconds to wait before a password is looked at; 0 when it may be, and the try is counted.

    From the sixth try on, one person's tries at one account are spaced (1 → 60 s). An account takes
    20 tries an hour, an address 60; a browser that signed in before has its own count, so
    that nobody can lock its owner out.
    """
    pair = _pair(email, ip)
    spaced = tries(pair, HOUR, at)
    if len(spaced) > FREE_TRIES:
        delay = timedelta(seconds=min(60, 2 ** (len(spaced) - FREE_TRIES - 1)))
        if at < spaced[-1] + delay:
            return math.ceil((spaced[-1] + delay - at).total_seconds())
    limits = [(f"login-ip:{network(ip)}", TRIES_PER_ADDRESS), (f"login:{email}", TRIES_PER_ACCOUNT)]
    if device:
        limits = [(f"login-device:{device}", TRIES_PER_ACCOUNT)]
    for key, limit in limits:
        if not allow(key, limit, HOUR, at):
            oldest = tries(key, HOUR, at)[0]
            return math.ceil((oldest + timedelta(seconds=HOUR) - at).total_seconds())
    allow(pair, TRIES_PER_ADDRESS, HOUR, at)
    return 0


def login_succeeded(email: str, ip: str, device: str | None) -> None:
    """Clears what was counted against the owner of the account."""
    keys = [_pair(email, ip), f"login:{email}"]
    forget(*keys, *([f"login-device:{device}"] if device else []))


def _pair(email: str, ip: str) -> str:
    return f"login-pair:{email}|{network(ip)}"


def forget(*keys: str) -> None:
    """Clears the counted tries of these keys (a login that succeeded)."""
    with writing():
        db.session.execute(delete(Attempt).where(Attempt.key.in_([_hidden(key) for key in keys])))


def network(ip: str) -> str:
    """The address whose tries are counted together: an IPv4 address, or an IPv6 /64."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False).network_address)


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


def _hidden(key: str) -> str:
    """Keyed digest: the table of tries tells nobody which addresses were tried."""
    return hmac.new(settings().secret_key.encode(), key.encode(), hashlib.sha256).hexdigest()
