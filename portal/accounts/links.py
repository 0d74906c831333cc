"""The links mailed to people with an account: each does one thing, once.

Writes happen inside the caller's transaction.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import update

from portal.accounts.models import AccountLink, User
from portal.accounts.rules import (
    LASTS,
    Purpose,
    account_link_id,
    account_token,
    is_account_token,
)
from portal.extensions import db, settings


class Fate(StrEnum):
    """What became of a link; a forged text and an unknown one are the same."""

    LIVE = "live"
    DEAD = "dead"
    UNKNOWN = "unknown"


def issue(user: User, purpose: Purpose, email: str, at: datetime) -> AccountLink:
    """A new link; those of the same purpose that were still open close.

    « Ce n’est pas moi » stays open at every address it was sent to: whoever takes an account over
    must not close the owner's way back by changing the address again.
    """
    if purpose is not Purpose.NOT_ME:
        close(user.id, at, purpose)
    link = AccountLink(
        user_id=user.id,
        purpose=purpose.value,
        email=email,
        created_at=at,
        expires_at=at + LASTS[purpose],
    )
    db.session.add(link)
    db.session.flush()
    return link


def close(user_id: int, at: datetime, *purposes: Purpose) -> None:
    """Ends the open links of that person; of these purposes only, when some are given."""
    query = update(AccountLink).where(AccountLink.user_id == user_id, AccountLink.used_at.is_(None))
    if purposes:
        query = query.where(AccountLink.purpose.in_([purpose.value for purpose in purposes]))
    db.session.execute(query.values(used_at=at))


def close_after(link: AccountLink, at: datetime) -> None:
    """Ends the open links of the same purpose that were sent later, to whoever it was."""
    later = (AccountLink.purpose == link.purpose, AccountLink.id > link.id)
    query = update(AccountLink).where(AccountLink.user_id == link.user_id, *later)
    db.session.execute(query.where(AccountLink.used_at.is_(None)).values(used_at=at))


def use(link_id: int, at: datetime) -> AccountLink | None:
    """Takes the link, for the one caller who does; None when it is used, expired or closed."""
    link = db.session.get(AccountLink, link_id, with_for_update=True, populate_existing=True)
    if link is None or not is_live(link, at):
        return None
    link.used_at = at
    return link


def is_live(link: AccountLink, at: datetime) -> bool:
    """Whether the link still does something. A disabled account's does nothing."""
    return link.used_at is None and link.expires_at > at and link.user.is_enabled


def find(text: str, at: datetime) -> tuple[AccountLink | None, Fate]:
    """The link this text names, and what became of it."""
    claimed = account_link_id(text)
    link = db.session.get(AccountLink, claimed) if claimed is not None else None
    key = settings().link_key
    if link is None or not is_account_token(key, text, Purpose(link.purpose), link.id):
        return None, Fate.UNKNOWN
    return link, Fate.LIVE if is_live(link, at) else Fate.DEAD


def url_of(link: AccountLink) -> str:
    """The address to mail, from the portal's own base address."""
    token = account_token(settings().link_key, Purpose(link.purpose), link.id)
    return f"{settings().base_url}/acces/{token}"
