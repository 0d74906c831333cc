"""The organisation, its people, and who is signed in."""

import re
import secrets
import threading
from datetime import datetime, timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.orm import joinedload

from portal import clock, french
from portal.access.rules import Role, digest
from portal.accounts.models import LoginSession, Organisation, User
from portal.extensions import db, note, writing

DEMONSTRATION_PASSWORD = "demonstration"  # noqa: S105 - shown on the login page of the demonstration
PASSWORD_LENGTHS = (12, 128)
TOUCH_EVERY = timedelta(minutes=1)
IDLE = {Role.TRAINER: timedelta(hours=2), Role.OFFICE: timedelta(minutes=30)}
ABSOLUTE = {Role.TRAINER: timedelta(days=7), Role.OFFICE: timedelta(hours=12)}

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_hashing = threading.Semaphore(2)  # 19 MiB each: many logins at once cannot eat the memory

# Verified when no account has that e-mail, so that the answer takes the same time. Nobody knows
# its password.
NOBODY = (
    "$argon2id$v=19$m=19456,t=2,p=1$kUMPMTjHDA3bAwDj54a9dw"
    "$9SeZVZQ6A22/zSSZrbp9DbSCHNwAiNwLkTasYGp6Fbw"
)


class MissingOrganisation(LookupError):
    """The organisation of this installation has not been described yet."""


class WeakPassword(ValueError):
    """The password cannot be used; the message is a French sentence."""


# --- The organisation


def organisation() -> Organisation:
    """The organisation of this installation; raises MissingOrganisation when there is none."""
    found = db.session.get(Organisation, 1)
    if found is None:
        raise MissingOrganisation
    db.session.info["organisation"] = found  # held: asked for several times in one request
    return found


def create_organisation(data: dict[str, Any]) -> Organisation:
    """Describes the organisation, in its own transaction; `data` holds its columns."""
    with writing():
        created = Organisation(id=1, **data)
        db.session.add(created)
    return created


# What the devis, the convention and the programme print of the organisation: without it, a paper
# would be issued with a hole where the law wants words (D6353-1, L6352-12, indicator 26).
_PRINTED = {
    "name": "la raison sociale de l’organisme",
    "legal_form": "la forme juridique de l’organisme",
    "address": "l’adresse de l’organisme",
    "postcode": "le code postal de l’organisme",
    "city": "la ville de l’organisme",
    "siret": "le SIRET de l’organisme",
    "nda": "le numéro de déclaration d’activité",
    "nda_region": "la région de la déclaration d’activité",
    "iban": "l’IBAN de l’organisme",
    "signatory_name": "la personne qui signe pour l’organisme",
    "signatory_function": "la fonction de la personne qui signe pour l’organisme",
    "email": "l’e-mail de l’organisme",
    "phone": "le téléphone de l’organisme",
    "disability_name": "la personne référente handicap",
    "disability_email": "l’e-mail de la personne référente handicap",
    "terms": "les conditions générales",
    "internal_rules": "le règlement intérieur",
}


def missing_settings(described: Organisation) -> list[str]:
    """What the organisation must still be told before a paper can be issued, in French."""
    return [_PRINTED[name] for name in missing_names(described)]


def missing_names(described: Organisation) -> list[str]:
    """The columns those words are for."""
    return [name for name in _PRINTED if not (getattr(described, name) or "")]


# --- People


def create_user(
    *,
    email: str,
    first_name: str,
    last_name: str,
    role: Role,
    password: str,
    phone: str | None = None,
    titles: str = "",
    qualifications: str = "",
    is_demonstration: bool = False,
    at: datetime | None = None,
) -> User:
    """A new account, in its own transaction (the password is hashed before it opens).

    Raises WeakPassword, except for the accounts of the demonstration.
    """
    if not is_demonstration:
        check_password(password, email, first_name, last_name)
    password_hash = hash_password(password)
    with writing():
        user = User(
            email=french.one_line(email).lower(),
            first_name=french.one_line(first_name),
            last_name=french.one_line(last_name),
            role=role.value,
            password_hash=password_hash,
            phone=phone,
            titles=titles,
            qualifications=qualifications,
            is_demonstration=is_demonstration,
            created_at=at or clock.now(),
            password_set_at=at or clock.now(),
        )
        db.session.add(user)
    return user


def check_password(password: str, *known: str) -> None:
    """Raises WeakPassword on a length outside 12–128, or when it is made of words easy to guess."""
    shortest, longest = PASSWORD_LENGTHS
    if not shortest <= len(password) <= longest:
        raise WeakPassword(f"Le mot de passe compte de {shortest} à {longest} caractères")
    rest = french.fold(password)
    words = {word for text in known for word in re.findall(r"[a-z]{3,}", french.fold(text))}
    for word in sorted(words | _GUESSED, key=len, reverse=True):
        rest = rest.replace(word, "")
    if len(set(re.sub(r"[0-9\W_]", "", rest))) < 4 and len(set(rest)) < 8:
        raise WeakPassword(
            f"Ce mot de passe se devine{french.NBSP}: choisissez plusieurs mots sans lien entre eux"
        )


_GUESSED = {
    "formation", "formateur", "formatrice", "organisme", "portail", "password", "motdepasse",
    "azerty", "qwerty", "bonjour", "soleil", "admin", "bienvenue", "demonstration", "janvier",
    "fevrier", "mars", "avril", "juin", "juillet", "aout", "septembre", "octobre", "novembre",
    "decembre", "abcdef",
}  # fmt: skip


def hash_password(password: str) -> str:
    """Argon2id, 19 MiB, two passes (OWASP minimum)."""
    with _hashing:
        return _hasher.hash(password)


def authenticate(email: str, password: str) -> User | None:
    """The enabled account with that e-mail and password. Same work whether the e-mail is known.

    Whoever calls it has counted the try before (`access.tries.login_wait`).
    """
    user = db.session.scalar(
        select(User).where(User.email == french.one_line(email).lower(), User.is_enabled.is_(True))
    )
    stored = user.password_hash if user else NOBODY
    with _hashing:
        try:
            _hasher.verify(stored, password)
            is_right = True
        except (VerificationError, InvalidHashError):
            is_right = False
    if user is None or not is_right:
        return None
    if _hasher.check_needs_rehash(stored):
        renewed, identity = hash_password(password), user.id
        with writing():
            db.session.execute(
                update(User).where(User.id == identity).values(password_hash=renewed)
            )
    return user


def demonstration_accounts() -> list[User]:
    """The accounts whose password everybody knows, trainers first."""
    query = select(User).where(User.is_demonstration.is_(True), User.is_enabled.is_(True))
    return list(db.session.scalars(query.order_by(User.role.desc(), User.id)))


def count_demonstration_accounts() -> int:
    """How many there are; 0 too when the database has no table yet."""
    if not db.inspect(db.engine).has_table(User.__tablename__):
        return 0
    query = select(func.count()).select_from(User).where(User.is_demonstration.is_(True))
    return db.session.scalar(query) or 0


# --- Logins


def open_login(user: User, ip: str | None, user_agent: str | None, at: datetime) -> str:
    """A new login; returns its 256-bit token, of which only the digest is kept."""
    token = secrets.token_urlsafe(32)
    user_id, oldest = user.id, at - max(ABSOLUTE.values())
    with writing():
        db.session.execute(delete(LoginSession).where(LoginSession.created_at < oldest))
        db.session.add(
            LoginSession(
                token_sha256=digest(token),
                user_id=user_id,
                created_at=at,
                seen_at=at,
                ip=ip,
                user_agent=(user_agent or "")[:200],
            )
        )
    return token


# Asked by every page behind a door: built once.
_LOGIN = (
    select(LoginSession)
    .options(joinedload(LoginSession.user))
    .where(LoginSession.token_sha256 == bindparam("token"))
)


def login_of(token: str, at: datetime) -> LoginSession | None:
    """The open login of that token; its « last seen » is written at most once a minute.

    None when it ended, idled too long, or the account was disabled.
    """
    login = db.session.scalar(_LOGIN, {"token": digest(token)})
    if login is None or not login.user.is_enabled:
        return None
    role = Role(login.user.role)
    if at - login.seen_at >= IDLE[role] or at - login.created_at >= ABSOLUTE[role]:
        return None
    if at - login.seen_at >= TOUCH_EVERY:
        note(LoginSession, login.id, seen_at=at)
    return login


def end_login(token: str) -> None:
    """Ends that login: its cookie opens nothing any more, wherever it was copied."""
    with writing():
        db.session.execute(delete(LoginSession).where(LoginSession.token_sha256 == digest(token)))
