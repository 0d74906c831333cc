"""People with an account: who they are, whether they may come in, and their open logins.

Writes happen inside the caller's transaction.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select

from portal import french
from portal.access.rules import Role, digest
from portal.accounts.models import LoginSession, User
from portal.accounts.service import ABSOLUTE, IDLE, NOBODY
from portal.extensions import db


class KnownAddress(ValueError):
    """Another account has that address."""


def everybody() -> Sequence[User]:
    """Everyone with an account, the back office first."""
    order = (User.is_enabled.desc(), User.role, User.last_name, User.first_name)
    return db.session.scalars(select(User).order_by(*order)).all()


def by_email(email: str) -> User | None:
    return db.session.scalar(select(User).where(User.email == french.one_line(email).lower()))


def add(email: str, first_name: str, last_name: str, role: Role, at: datetime) -> User:
    """A person without a password yet: nobody knows the one kept. Raises KnownAddress."""
    if by_email(email) is not None:
        raise KnownAddress
    user = User(
        email=french.one_line(email).lower(),
        first_name=first_name,
        last_name=last_name,
        role=role.value,
        password_hash=NOBODY,
        created_at=at,
    )
    db.session.add(user)
    db.session.flush()
    return user


def move(user: User, email: str) -> str:
    """Gives that person another address and returns the former. Raises KnownAddress."""
    other = by_email(email)
    if other is not None and other.id != user.id:
        raise KnownAddress
    former, user.email = user.email, french.one_line(email).lower()
    return former


def locked(user_id: int) -> User:
    """That person, read again, to be changed."""
    return db.session.get_one(User, user_id, with_for_update=True, populate_existing=True)


def is_last_office(user: User) -> bool:
    """Whether nobody else of the back office could still come in."""
    if user.role != Role.OFFICE or not user.is_enabled:
        return False
    others = db.session.scalar(
        select(func.count())
        .select_from(User)
        .where(
            User.role == Role.OFFICE.value,
            User.is_enabled.is_(True),
            User.password_set_at.is_not(None),
            User.id != user.id,
        )
    )
    return not others


def open_logins(user: User, at: datetime) -> list[LoginSession]:
    """The logins that still open something, the latest seen first."""
    role = Role(user.role)
    return list(
        db.session.scalars(
            select(LoginSession)
            .where(
                LoginSession.user_id == user.id,
                LoginSession.seen_at > at - IDLE[role],
                LoginSession.created_at > at - ABSOLUTE[role],
            )
            .order_by(LoginSession.seen_at.desc())
        )
    )


def close_logins(user_id: int, but: str | None = None) -> None:
    """Ends every login of that person, except the one of the token `but`."""
    query = delete(LoginSession).where(LoginSession.user_id == user_id)
    if but:
        query = query.where(LoginSession.token_sha256 != digest(but))
    db.session.execute(query)
