"""Lists of sessions: plain columns, pages by key, never by offset."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from portal import clock, french
from portal.access.rules import Role
from portal.extensions import db
from portal.funding.rules import opcos
from portal.training import lines
from portal.training.labels import Label, Situation, label
from portal.training.lines import Key, Wanted
from portal.training.models import FAR, TrainingSession
from portal.training.rules import UNDER_WAY, State, Way

PAGE = 25
MOST = 999  # counted in a tab: beyond, « 999+ » says enough


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


@dataclass(frozen=True)
class Count:
    """How many sessions a tab holds, looked up to `MOST` and no further."""

    found: int

    def __str__(self) -> str:
        return f"{MOST}+" if self.found > MOST else str(self.found)

    @property
    def sentence(self) -> str:
        """« 3 sessions trouvées », « Plus de 999 sessions trouvées »."""
        known = min(self.found, MOST)
        said = french.count(known, "session trouvée", "sessions trouvées")
        return f"Plus de {said}" if self.found > MOST else said


def sessions(
    role: Role, trainer_id: int | None, tab: Tab, query: str = "", after: str = ""
) -> Listing:
    """One page of a tab, the nearest first (the latest first once ended).

    `after` is the key of the last line seen; an unreadable one starts again from the top.
    """
    wanted = Wanted(TAB_STATES[tab], trainer_id, query)
    found = lines.first_lines(wanted, PAGE + 1, latest_first=tab is Tab.PAST, after=_key(after))
    today = clock.today()
    rows = [_row(role, line, today) for line in found[:PAGE]]
    next_key = None
    if len(found) > PAGE:
        last = found[PAGE - 1]
        next_key = f"{(last.first_day or FAR).isoformat()}_{last.id}"
    return Listing(rows, next_key)


def counts(trainer_id: int | None, query: str = "") -> dict[Tab, Count]:
    """How many sessions stand in each tab for that search."""
    every = tuple(state for states in TAB_STATES.values() for state in states)
    found = lines.counts(Wanted(every, trainer_id, query), MOST + 1)
    return {tab: Count(sum(found[s] for s in states)) for tab, states in TAB_STATES.items()}


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
    every = tuple(state for states in SUMS.values() for state in states)
    totals = lines.sums(Wanted(every, trainer_id))

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


def every_line(trainer_id: int | None, tab: Tab, query: str) -> Any:
    """The statement of a whole tab, in the order of its pages, with what an export says more."""
    return lines.every_line(
        Wanted(TAB_STATES[tab], trainer_id, query), latest_first=tab is Tab.PAST
    )


def _key(text: str) -> Key | None:
    day, _, identity = text.partition("_")
    if not re.fullmatch("[0-9]{1,9}", identity):
        return None
    try:
        return Key(date.fromisoformat(day), int(identity))
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
