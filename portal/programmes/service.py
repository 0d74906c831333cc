"""Use cases of the catalogue: find, create, revise into a new version, archive, publish."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select

from portal import clock, french
from portal.documents.models import Document
from portal.extensions import db
from portal.programmes import rules
from portal.training.models import Programme, TrainingSession
from portal.training.schedule_rules import PriceBasis


class StaleSection(Exception):
    """Somebody else changed this section since the page was opened."""

    def __init__(self, current: Programme) -> None:
        super().__init__(current.code)
        self.current = current


# --- Reading


def current(code: str) -> Programme | None:
    """The version in force of that programme."""
    return db.session.scalar(select(Programme).filter_by(code=code, replaced_at=None))


def by_id(identity: int) -> Programme:
    """The version whose row that is."""
    return db.session.get_one(Programme, identity)


def versions(code: str) -> Sequence[Programme]:
    """Every version of it, the latest first."""
    return db.session.scalars(
        select(Programme).filter_by(code=code).order_by(Programme.version.desc())
    ).all()


def listed(query: str = "", *, is_archived: bool = False) -> Sequence[Programme]:
    """The catalogue in force, or what left it, by title; every word of `query` must be there."""
    left = Programme.archived_at.is_not(None) if is_archived else Programme.archived_at.is_(None)
    words = [
        Programme.search_text.contains(word, autoescape=True) for word in french.fold(query).split()
    ]
    statement = select(Programme).where(Programme.replaced_at.is_(None), left, *words)
    return sorted(db.session.scalars(statement), key=_alphabetical)


def published() -> Sequence[Programme]:
    """The programmes that have a public page, by title."""
    found = db.session.scalars(select(Programme).where(Programme.public_at.is_not(None)))
    return sorted(found, key=_alphabetical)


def _alphabetical(programme: Programme) -> str:
    """Databases do not agree on where É stands."""
    return french.fold(programme.title)


def public_page(slug: str) -> Programme | None:
    """The programme whose public page has that address; None when it is off."""
    return db.session.scalar(
        select(Programme).where(Programme.slug == slug, Programme.public_at.is_not(None))
    )


def sessions_by_version(code: str) -> dict[int, int]:
    """How many sessions chose each version (by the id of its row)."""
    rows = db.session.execute(
        select(TrainingSession.programme_id, func.count())
        .join(Programme, Programme.id == TrainingSession.programme_id)
        .where(Programme.code == code)
        .group_by(TrainingSession.programme_id)
    )
    return {identity: n for identity, n in rows if identity is not None}


# --- Changing. Inside the caller's transaction.


def create(fields: Mapping[str, Any], code: str | None, at: datetime) -> Programme:
    """A new programme, version 1; without `code`, one made from its title and hours."""
    empty: dict[str, Any] = dict.fromkeys(rules.WANTED, "")
    values = empty | {"objectives": [], "content": [], "price_basis": PriceBasis.FLAT.value}
    programme = Programme(
        **(values | dict(fields)),
        code=code or _free_code(rules.code_of(fields["title"], fields["minutes"])),
        slug=free_slug(fields["title"]),
        version=1,
        dated=clock.paris(at).date(),
    )
    db.session.add(programme)
    return refreshed(programme)


def copied(source: Programme) -> Mapping[str, Any]:
    """What a copy of it holds before anybody changed it."""
    return source.values | {"title": f"{source.title} (copie)"[: rules.TITLE_LENGTH]}


def copy(source: Programme, at: datetime) -> Programme:
    """The same content under another code, at version 1, not public."""
    return create(copied(source), None, at)


def revise(programme: Programme, fields: Mapping[str, Any], at: datetime) -> Programme:
    """Gives the version in force these values: in place while nobody relies on it, else in a new
    version, which is returned. Nothing is written when nothing differs."""
    before = programme.values
    if not rules.changes(before, before | dict(fields), tuple(fields)):
        return programme
    if is_relied_on(programme):
        programme = succeed(programme, before | dict(fields), programme.version + 1, at)
    else:
        for name, value in fields.items():
            setattr(programme, name, value)
        programme.dated = clock.paris(at).date()
    return refreshed(programme)


def succeed(
    programme: Programme, fields: Mapping[str, Any], version: int, at: datetime
) -> Programme:
    """The next version of it, in force instead, as public as it was."""
    public_at, programme.public_at = programme.public_at, None
    programme.replaced_at = at
    db.session.flush()  # one version in force per code
    follower = Programme(
        **{"dated": clock.paris(at).date(), **fields},
        code=programme.code,
        slug=programme.slug,
        version=version,
        archived_at=programme.archived_at,
        public_at=public_at,
    )
    db.session.add(follower)
    return refreshed(follower)


def is_relied_on(programme: Programme) -> bool:
    """A session chose this version, or a sheet of it was issued: it never changes any more."""
    chosen = exists().where(TrainingSession.programme_id == programme.id)
    printed = exists().where(Document.programme_id == programme.id)
    return bool(db.session.scalar(select(chosen | printed)))


def refreshed(programme: Programme) -> Programme:
    """Recomputes the words to search; gives the row its id."""
    label = rules.specialities().get(programme.nsf_code or "", "")
    words = (programme.title, programme.code, programme.audience, label)
    programme.search_text = french.fold(" ".join(words))
    db.session.flush()
    return programme


def free_slug(title: str) -> str:
    """The address of a public page that no other programme has, now or before."""
    slug, number = rules.slug_of(title), 1
    while db.session.scalar(select(exists().where(Programme.slug == _numbered(slug, number)))):
        number += 1
    return _numbered(slug, number)


def _free_code(code: str) -> str:
    number = 1
    while db.session.scalar(select(exists().where(Programme.code == _numbered(code, number)))):
        number += 1
    return _numbered(code, number)


def is_taken(code: str) -> bool:
    """Whether a programme has, or had, that code."""
    return bool(db.session.scalar(select(exists().where(Programme.code == code))))


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"
