"""The statements behind the lists of sessions. Each is built once for its shape, then given values.

A tab shows several states. Each state is read in the order of its index and cut at once, then the
few lines found are put in order: a hundred thousand sessions cost little more than a thousand.
"""

import re
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, func, or_, select, union_all

from portal import french
from portal.accounts.models import User
from portal.companies.models import Company
from portal.extensions import db
from portal.training.models import Programme, TrainingSession, listed_day
from portal.training.rules import State

_t = TrainingSession
_DAY: BindParameter[date] = bindparam("day")
_ID: BindParameter[int] = bindparam("id")


class Key(NamedTuple):
    """Where a line stands in the order of a list."""

    day: date
    id: int


class Wanted(NamedTuple):
    """Which sessions: in those states, of one trainer or of everybody, with all of those words."""

    states: tuple[State, ...]
    trainer_id: int | None
    query: str = ""


class _Shape(NamedTuple):
    """All that makes two statements differ beside their values."""

    states: tuple[State, ...]
    is_scoped: bool
    words: int
    latest_first: bool = False
    is_continued: bool = False


def first_lines(
    wanted: Wanted, limit: int, *, latest_first: bool = False, after: Key | None = None
) -> Sequence[Any]:
    """The first of those sessions by day, or those that follow `after`, with what a line shows."""
    shape = _shape(wanted)._replace(latest_first=latest_first, is_continued=after is not None)
    values = _values(wanted) | {"limit": limit}
    if after is not None:
        values |= {"day": after.day, "id": after.id}
    return db.session.execute(_lines(shape), values).all()


def counts(wanted: Wanted, most: int) -> dict[State, int]:
    """How many sessions stand in each state, none counted beyond `most`."""
    found = db.session.execute(_counts(_shape(wanted)), _values(wanted) | {"limit": most})
    return {State(state): n for state, n in found}


def sums(wanted: Wanted) -> dict[State, tuple[int, int]]:
    """Of each state: the cents excluding VAT of its sessions, and how many they are."""
    found = db.session.execute(_sums(_shape(wanted)), _values(wanted))
    return {State(state): (cents or 0, n) for state, cents, n in found}


def every_line(wanted: Wanted, *, latest_first: bool) -> Any:
    """The statement of all those sessions, in the order of the pages, with what an export adds."""
    statement = columns_of_lines().add_columns(Company.siret)
    kept = (_t.state.in_([state.value for state in wanted.states]), *_kept(_shape(wanted)))
    day, identity = (listed_day.desc(), _t.id.desc()) if latest_first else (listed_day, _t.id)
    return statement.where(*kept).order_by(day, identity).params(_values(wanted))


def columns_of_lines() -> Any:
    """What a line, its label and its tasks are made of."""
    return (
        select(
            _t.id, _t.ref, _t.state, _t.way, _t.shared_at, _t.updated_at, _t.filed_on,
            _t.first_day, _t.last_day, _t.price_cents, _t.funder_choice, _t.opco_code,
            _t.granted_cents, _t.committed_cents,
            Programme.title, Company.legal_name, User.first_name, User.last_name,
        )
        .join(User, User.id == _t.trainer_id)
        .outerjoin(Programme, Programme.id == _t.programme_id)
        .outerjoin(Company, Company.training_id == _t.id)
    )  # fmt: skip


# --- Shapes and their values


def _shape(wanted: Wanted) -> _Shape:
    return _Shape(wanted.states, wanted.trainer_id is not None, len(_words(wanted)))


def _words(wanted: Wanted) -> list[str]:
    return french.fold(wanted.query).split()


def _values(wanted: Wanted) -> dict[str, Any]:
    words = (re.sub("([%_/])", r"/\1", word) for word in _words(wanted))
    return {"trainer_id": wanted.trainer_id} | {f"word{n}": f"%{w}%" for n, w in enumerate(words)}


def _kept(shape: _Shape) -> list[ColumnElement[bool]]:
    scope = [_t.trainer_id == bindparam("trainer_id")] if shape.is_scoped else []
    return scope + [
        _t.search_text.like(bindparam(f"word{n}"), escape="/") for n in range(shape.words)
    ]


# --- Statements


@cache
def _lines(shape: _Shape) -> Any:
    first = union_all(*(_first_of(state, shape) for state in shape.states)).subquery()
    day, identity = first.c.day, first.c.id
    order = (day.desc(), identity.desc()) if shape.latest_first else (day, identity)
    lines = columns_of_lines().join(first, first.c.id == _t.id)
    return lines.order_by(*order).limit(bindparam("limit"))


def _first_of(state: State, shape: _Shape) -> Any:
    statement = select(_t.id, listed_day.label("day")).where(_t.state == state, *_kept(shape))
    if shape.is_continued and shape.latest_first:
        # the first half alone lets the index begin there
        statement = statement.where(listed_day <= _DAY, or_(listed_day < _DAY, _t.id < _ID))
    elif shape.is_continued:
        statement = statement.where(listed_day >= _DAY, or_(listed_day > _DAY, _t.id > _ID))
    order = (listed_day.desc(), _t.id.desc()) if shape.latest_first else (listed_day, _t.id)
    return select(statement.order_by(*order).limit(bindparam("limit")).subquery())


@cache
def _counts(shape: _Shape) -> Any:
    return union_all(*(_count_of(state, shape) for state in shape.states))


def _count_of(state: State, shape: _Shape) -> Any:
    found = select(_t.id).where(_t.state == state, *_kept(shape)).limit(bindparam("limit"))
    return select(db.literal(state.value), func.count()).select_from(found.subquery())


@cache
def _sums(shape: _Shape) -> Any:
    states = or_(*(_t.state == state for state in shape.states))
    return (
        select(_t.state, func.sum(_t.price_cents), func.count())
        .where(and_(states, *_kept(shape)))
        .group_by(_t.state)
    )
