"""Counted tries, kept in the database so that every process counts the same."""

import hashlib
import hmac
import ipaddress
import math
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from portal.access.models import Attempt
from portal.extensions import db, settings, writing

ATTEMPTS_KEPT = timedelta(days=1)
HOUR = 3_600
FREE_TRIES = 5
TRIES_PER_ACCOUNT = 20
TRIES_PER_ADDRESS = 60


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


def times(key: str, window: int, at: datetime) -> list[datetime]:
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
    spaced = times(pair, HOUR, at)
    if len(spaced) > FREE_TRIES:
        delay = timedelta(seconds=min(60, 2 ** (len(spaced) - FREE_TRIES - 1)))
        if at < spaced[-1] + delay:
            return math.ceil((spaced[-1] + delay - at).total_seconds())
    limits = [(f"login-ip:{network(ip)}", TRIES_PER_ADDRESS), (f"login:{email}", TRIES_PER_ACCOUNT)]
    if device:
        limits = [(f"login-device:{device}", TRIES_PER_ACCOUNT)]
    for key, limit in limits:
        if not allow(key, limit, HOUR, at):
            oldest = times(key, HOUR, at)[0]
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


def _hidden(key: str) -> str:
    """Keyed digest: the table of tries tells nobody which addresses were tried."""
    return hmac.new(settings().secret_key.encode(), key.encode(), hashlib.sha256).hexdigest()
