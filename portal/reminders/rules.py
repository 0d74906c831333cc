"""Who is reminded of what, when, and how often: data and dates. Pure.

Every delay is counted in working days: a reminder is worth nothing on a day nobody works.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from portal import clock, workdays
from portal.training.rules import State

OPENS, CLOSES = 9, 18  # hours in Paris between which a reminder may leave by itself
MAX_DELAY = 60  # working days: what a setting may ask for


class Kind(StrEnum):
    """What is awaited."""

    ANSWERS = "answers"
    FILING = "filing"
    AGREEMENT = "agreement"
    SIGNATURE = "signature"
    START = "start"


class To(StrEnum):
    """Who is reminded."""

    CLIENT = "client"
    SIGNATORY = "signatory"
    STAFF = "staff"


@dataclass(frozen=True)
class Setting:
    """What an organisation chooses: `after` and `gap` in working days."""

    is_on: bool
    after: int
    gap: int


@dataclass(frozen=True)
class Rule:
    """One kind of reminder. `after` counts from the fact, or back from the first day."""

    label: str
    to: To
    maximum: int
    usual: Setting


RULES: Mapping[Kind, Rule] = {
    Kind.ANSWERS: Rule("Demande à compléter", To.CLIENT, 3, Setting(True, 3, 4)),
    Kind.FILING: Rule("Dépôt de la demande chez l’OPCO", To.CLIENT, 3, Setting(True, 4, 5)),
    Kind.AGREEMENT: Rule("Accord de l’OPCO attendu", To.CLIENT, 3, Setting(True, 10, 7)),
    Kind.SIGNATURE: Rule("Signature attendue", To.SIGNATORY, 4, Setting(True, 2, 2)),
    Kind.START: Rule("Début proche", To.STAFF, 1, Setting(True, 5, 5)),
}
BY_HAND = frozenset(kind for kind, rule in RULES.items() if rule.to is not To.STAFF)

MISSING: Mapping[State, str] = {
    State.DRAFT: "Les documents ne sont pas encore envoyés au client.",
    State.SENT: "L’accord de prise en charge n’est pas encore arrivé.",
    State.AGREEMENT_RECEIVED: "L’accord de prise en charge est encore à vérifier.",
    State.REFUSED: "Le financement est refusé\u00a0: le client n’a pas encore choisi la suite.",
}
UNSIGNED = "Le client n’a pas encore signé la convention et son engagement à régler."


@dataclass(frozen=True)
class Facts:
    """What reminders look at, in days of Paris; None for what did not happen.

    `agreement_returned_on`: the last agreement was sent back, another one is awaited.
    """

    state: State
    first_day: date | None = None
    shared_on: date | None = None
    sent_on: date | None = None
    wants_funder: bool = True
    filed_on: date | None = None
    has_agreement: bool = False
    agreement_returned_on: date | None = None
    funded_on: date | None = None
    owes_undertaking: bool = False
    has_declined: bool = False
    has_address: bool = True
    has_link: bool = True
    is_paused: bool = False


@dataclass(frozen=True)
class Sent:
    """A reminder that left: its kind, the fact it was about, its day."""

    kind: Kind
    since: date
    day: date


def missing(facts: Facts) -> str | None:
    """What stands in the way of the start, as a sentence; None when nothing does."""
    return UNSIGNED if facts.owes_undertaking else MISSING.get(facts.state)


def since(kind: Kind, facts: Facts, today: date) -> date | None:
    """The day of the fact that is waited on since; None when that matter is closed.

    For `START`, the first day itself.
    """
    return _SINCE[kind](facts, today)


def _answers(facts: Facts, _today: date) -> date | None:
    is_open = facts.state is State.DRAFT and facts.has_link and facts.has_address
    return facts.shared_on if is_open else None


def _filing(facts: Facts, today: date) -> date | None:
    is_done = facts.filed_on or facts.has_agreement or facts.agreement_returned_on
    return None if is_done else _awaited(facts, today)


def _agreement(facts: Facts, today: date) -> date | None:
    waiting = facts.agreement_returned_on or facts.filed_on
    return waiting if waiting and not facts.has_agreement and _awaited(facts, today) else None


def _awaited(facts: Facts, today: date) -> date | None:
    """Since when the client has its papers and should ask its OPCO: before the first day."""
    reachable = facts.has_link and facts.has_address
    is_open = facts.state is State.SENT and facts.wants_funder and reachable
    return facts.sent_on if is_open and _is_ahead(facts, today) else None


def _signature(facts: Facts, _today: date) -> date | None:
    is_open = facts.state is State.FUNDED and facts.owes_undertaking and not facts.has_declined
    return facts.funded_on if is_open and facts.has_address else None


def _start(facts: Facts, today: date) -> date | None:
    before = facts.state is State.FUNDED or facts.state in MISSING
    return facts.first_day if before and _is_ahead(facts, today) else None


def _is_ahead(facts: Facts, today: date) -> bool:
    return facts.first_day is not None and facts.first_day > today


_SINCE = {
    Kind.ANSWERS: _answers,
    Kind.FILING: _filing,
    Kind.AGREEMENT: _agreement,
    Kind.SIGNATURE: _signature,
    Kind.START: _start,
}


def next_day(
    kind: Kind, facts: Facts, setting: Setting, sent: Iterable[Sent], today: date
) -> date | None:
    """The day the next reminder of that kind leaves by itself, today or later; None for never."""
    fact = since(kind, facts, today)
    if fact is None or facts.is_paused or not setting.is_on:
        return None
    before = [one for one in sent if one.kind is kind]
    if sum(one.since == fact for one in before) >= RULES[kind].maximum:
        return None
    day = workdays.shifted(fact, -setting.after if kind is Kind.START else setting.after)
    if before:
        day = max(day, workdays.shifted(max(one.day for one in before), setting.gap))
    day = max(day, today)
    if not workdays.is_working(day):
        day = workdays.shifted(day, 1)
    return None if kind is Kind.START and day >= fact else day


def is_due(kind: Kind, facts: Facts, setting: Setting, sent: Iterable[Sent], today: date) -> bool:
    """Whether that reminder leaves by itself today."""
    return next_day(kind, facts, setting, sent, today) == today


def hand_refusal(kind: Kind, facts: Facts, sent: Iterable[Sent], today: date) -> str | None:
    """Why « Relancer maintenant » does nothing; None when it does. Days and maximum are free."""
    if kind not in BY_HAND or since(kind, facts, today) is None:
        return "Il n’y a plus rien à relancer sur ce dossier"
    if any(one.kind is kind and one.day == today for one in sent):
        return "Une relance est déjà partie aujourd’hui"
    return None


def is_time(now: datetime) -> bool:
    """Whether reminders may leave by themselves at that instant: a working day, in the day."""
    there = clock.paris(now)
    return workdays.is_working(there.date()) and OPENS <= there.hour < CLOSES


def earliest(now: datetime) -> date:
    """The first day a reminder may still leave by itself: tomorrow once the day is over."""
    there = clock.paris(now)
    return there.date() + (workdays.DAY if there.hour >= CLOSES else timedelta())
