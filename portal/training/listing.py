"""Lists of sessions: one query of plain columns, pages by key, never by offset."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, or_, select

from portal import clock, french
from portal.access.rules import Role
from portal.accounts.models import User
from portal.companies.models import Company
from portal.extensions import db
from portal.funding.rules import opcos
from portal.training.labels import Label, Situation, label
from portal.training.models import Programme, TrainingSession
from portal.training.rules import UNDER_WAY, State, Way

PAGE = 25
FAR = date(9999, 12, 31)  # where a session without dates stands in « la plus proche d’abord »


class Tab(StrEnum):
    """The three groups of the lists; the value is what the URL says."""

    CURRENT = "en-cours"
    COMING = "a-venir"
    PAST = "terminees"


TAB_LABEL = {Tab.CURRENT: "En cours", Tab.COMING: "À venir", Tab.PAST: "Terminées"}
TAB_STATES = {
    Tab.CURRENT: (State.DRAFT, State.SENT, State.AGREEMENT_RECEIVED, State.REFUSED, State.RUNNING),
    Tab.COMING: (State.FUNDED,),
    Tab.PAST: (State.DONE, State.INVOICED, State.SETTLED, State.CANCELLED),
}

_t = TrainingSession
_day = func.coalesce(_t.first_day, literal(FAR))


@dataclass(frozen=True)
class Row:
    """One line of a list: already words, nothing left to look up."""

    ref: str
    title: str
    dates: str
    client: str
    funder: str
    trainer: str
    price_cents: int | None
    label: Label


@dataclass(frozen=True)
class Listing:
    rows: list[Row]
    next_key: str | None


def sessions(
    role: Role, trainer_id: int | None, tab: Tab, query: str = "", after: str = ""
) -> Listing:
    """One page of a tab, the nearest first (the latest first once ended).

    `after` is the key of the last line seen; an unreadable one starts again from the top.
    """
    statement = select(_t.id).where(_t.state.in_([s.value for s in TAB_STATES[tab]]))
    statement = statement.where(*in_scope(trainer_id), *with_words(query))
    latest_first = tab is Tab.PAST
    key = _key(after)
    if key is not None:
        day, identity = key
        beyond = _day < day if latest_first else _day > day
        further = _t.id < identity if latest_first else _t.id > identity
        statement = statement.where(or_(beyond, and_(_day == day, further)))
    order = (_day.desc(), _t.id.desc()) if latest_first else (_day, _t.id)
    found = first_lines(statement, order, PAGE + 1)
    today = clock.today()
    rows = [_row(role, line, today) for line in found[:PAGE]]
    next_key = None
    if len(found) > PAGE:
        last = found[PAGE - 1]
        next_key = f"{(last.first_day or FAR).isoformat()}_{last.id}"
    return Listing(rows, next_key)


def counts(trainer_id: int | None, query: str = "") -> dict[Tab, int]:
    """How many sessions stand in each tab for that search."""
    by_state = dict(
        db.session.execute(
            select(_t.state, func.count())
            .where(*in_scope(trainer_id), *with_words(query))
            .group_by(_t.state)
        ).all()
    )
    return {
        tab: sum(by_state.get(s.value, 0) for s in states) for tab, states in TAB_STATES.items()
    }


SUMS = {
    "En attente d’accord OPCO": (State.SENT, State.AGREEMENT_RECEIVED),
    "Accordé, à réaliser": (State.FUNDED, State.RUNNING),
    "Facturé, en attente de règlement": (State.INVOICED,),
}


@dataclass(frozen=True)
class Sum:
    title: str
    cents: int
    sessions: int


def sums(trainer_id: int | None) -> list[Sum]:
    """The money line: asked, granted, invoiced; in cents excluding VAT."""
    totals = {
        state: (cents or 0, n)
        for state, cents, n in db.session.execute(
            select(_t.state, func.sum(_t.price_cents), func.count())
            .where(*in_scope(trainer_id), _t.state.in_([s for each in SUMS.values() for s in each]))
            .group_by(_t.state)
        )
    }

    def of(title: str, states: Sequence[State]) -> Sum:
        found = [totals[s] for s in states if s in totals]
        return Sum(title, sum(cents for cents, _n in found), sum(n for _cents, n in found))

    return [of(title, states) for title, states in SUMS.items()]


def refs_under_way(trainer_id: int) -> list[str]:
    """The references of the sessions that this person still has to bring to their end."""
    under_way = [state.value for state in UNDER_WAY]
    query = select(TrainingSession.ref).where(
        TrainingSession.trainer_id == trainer_id, TrainingSession.state.in_(under_way)
    )
    return list(db.session.scalars(query.order_by(TrainingSession.id)))


def first_lines(sessions: Any, order: tuple[Any, ...], limit: int) -> Sequence[Any]:
    """The first of those sessions with what a line shows. They are sorted and cut by the index
    alone, before any other table is read: a hundred thousand cost little more than a thousand."""
    first = sessions.order_by(*order).limit(limit).subquery()
    statement = columns_of_lines().join(first, first.c.id == _t.id).order_by(*order)
    return db.session.execute(statement).all()


def every_line(trainer_id: int | None, tab: Tab, query: str) -> Any:
    """The statement of a whole tab, in the order of its pages, with what an export says more."""
    order = (_day.desc(), _t.id.desc()) if tab is Tab.PAST else (_day, _t.id)
    states = [state.value for state in TAB_STATES[tab]]
    statement = columns_of_lines().add_columns(Company.siret)
    return statement.where(
        _t.state.in_(states), *in_scope(trainer_id), *with_words(query)
    ).order_by(*order)


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


def in_scope(trainer_id: int | None) -> list[ColumnElement[bool]]:
    """One trainer's sessions, or everybody's."""
    return [] if trainer_id is None else [_t.trainer_id == trainer_id]


def with_words(query: str) -> list[ColumnElement[bool]]:
    return [_t.search_text.contains(word, autoescape=True) for word in french.fold(query).split()]


def _key(text: str) -> tuple[date, int] | None:
    day, _, identity = text.partition("_")
    if not re.fullmatch("[0-9]{1,9}", identity):
        return None
    try:
        return date.fromisoformat(day), int(identity)
    except ValueError:
        return None


def situation(line: Any, today: date) -> Situation:
    """What the label of a line is computed from."""
    has_remainder = line.granted_cents is not None and line.granted_cents < line.price_cents
    return Situation(
        state=State(line.state), way=Way(line.way), today=today, shared_at=line.shared_at,
        updated_at=line.updated_at, filed_on=line.filed_on, first_day=line.first_day,
        funder_choice=line.funder_choice, opco_code=line.opco_code,
        awaits_undertaking=has_remainder and line.committed_cents is None,
    )  # fmt: skip


def situation_of(training: TrainingSession) -> Situation:
    """The situation of one session, for its own page."""
    return situation(training, clock.today())


def _row(role: Role, line: Any, today: date) -> Row:
    now = situation(line, today)
    opco = opcos().get(line.opco_code or "")
    return Row(
        ref=line.ref,
        title=line.title or "Formation à préciser",
        dates=french.span(line.first_day, line.last_day) if line.first_day else "dates à fixer",
        client=line.legal_name or "Client à préciser",
        funder=opco.name if opco else "",
        trainer=f"{line.first_name} {line.last_name}",
        price_cents=line.price_cents,
        label=label(role, now),
    )
