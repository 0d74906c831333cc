"""Who acts, and what makes a shared link genuine. Pure: no row, no request."""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from portal import clock


class Role(StrEnum):
    """The five kinds of actors of a session."""

    TRAINER = "trainer"
    CLIENT = "client"
    OFFICE = "office"
    TRAINEE = "trainee"
    CLOCK = "clock"


@dataclass(frozen=True)
class Actor:
    """Who acts: `id` is a user's id, or a link's id for a client; `ip` as the proxies say."""

    role: Role
    id: int | None
    name: str
    ip: str | None = None


CLOCK = Actor(Role.CLOCK, None, "Horloge")


class Scope(StrEnum):
    """What a link opens. A link that fills never signs."""

    SPACE = "space"
    SIGN = "sign"


PREFIX = {Scope.SPACE: "esp", Scope.SIGN: "sig"}
FEED_PREFIX = "agd"
_TOKEN = re.compile(r"(?P<prefix>[a-z]{3})-(?P<id>[0-9]{1,9})-(?P<mac>[A-Za-z0-9_-]{43})")

SPACE_DAYS = 60
SIGN_DAYS = 14
SPACE_AFTER_LAST_DAY = 30
READ_ONLY_WEEKS = 26  # after its end, a space link still lets read
GRANT_IDLE = timedelta(minutes=30)
GRANT_ABSOLUTE = timedelta(hours=12)


def token(key: str, scope: Scope, link_id: int, rotation: int) -> str:
    """« esp-12-… »: the link's public text, 256-bit HMAC over scope, id and rotation.

    Nothing of it is stored: a stolen database opens no space.
    """
    return f"{PREFIX[scope]}-{link_id}-{mac(key, f'{scope}|{link_id}|{rotation}')}"


def mac(key: str, message: str) -> str:
    """HMAC-SHA256 of `message`, as 43 characters that stand in an address."""
    digest = hmac.new(key.encode(), message.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def feed_token(key: str, feed_id: int, rotation: int) -> str:
    """« agd-3-… »: the secret part of a calendar's address, made as links are."""
    return f"{FEED_PREFIX}-{feed_id}-{mac(key, f'calendar|{feed_id}|{rotation}')}"


def feed_id_of(text: str) -> int | None:
    """The id a calendar's address claims; None when it cannot be one. Proves nothing."""
    match = _TOKEN.fullmatch(text)
    return int(match["id"]) if match and match["prefix"] == FEED_PREFIX else None


def is_same(genuine: str, text: str) -> bool:
    """In a time that says nothing of where they differ."""
    return hmac.compare_digest(genuine.encode(), text.encode())


def link_id_of(text: str) -> tuple[Scope, int] | None:
    """The scope and id a token claims; None when it cannot be a token. Proves nothing."""
    match = _TOKEN.fullmatch(trim(text))
    scopes = {prefix: scope for scope, prefix in PREFIX.items()}
    if not match or match["prefix"] not in scopes:
        return None
    return scopes[match["prefix"]], int(match["id"])


def trim(text: str) -> str:
    """Drops what mail programs add to the end of a link."""
    return text.strip().rstrip(".,)>")


def rotation_of(key: str, text: str, scope: Scope, link_id: int, current: int) -> int | None:
    """Which rotation of the link this genuine token is; None when it is forged.

    An older rotation than the current one is a replaced link: dead, but its holder once had it.
    """
    for rotation in range(current, -1, -1):
        if hmac.compare_digest(token(key, scope, link_id, rotation), trim(text)):
            return rotation
    return None


def space_expiry(issued_at: datetime, last_day: date | None) -> datetime:
    """End of a space link: 60 days, or 30 days after the last day when that is later."""
    expiry = issued_at + timedelta(days=SPACE_DAYS)
    if last_day is None:
        return expiry
    after = datetime.combine(last_day, time(23, 59), clock.PARIS) + timedelta(
        days=SPACE_AFTER_LAST_DAY
    )
    return max(expiry, after)


def closing_time(scope: Scope, expires_at: datetime) -> datetime:
    """When a link stops opening anything: a space is still read for 26 weeks after its end."""
    if scope is Scope.SIGN:
        return expires_at
    return expires_at + timedelta(weeks=READ_ONLY_WEEKS)


def is_open(now: datetime, seen_at: datetime, created_at: datetime) -> bool:
    """A space stays open 30 idle minutes, 12 hours in all."""
    return now - seen_at < GRANT_IDLE and now - created_at < GRANT_ABSOLUTE


def digest(secret: str) -> str:
    """SHA-256, in hexadecimal, of a cookie's value: what the database keeps of it."""
    return hashlib.sha256(secret.encode()).hexdigest()
