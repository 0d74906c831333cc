"""What is due, what left, and what the organisation chose. Writes are the caller's transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError

from portal import french
from portal.access.rules import Scope
from portal.extensions import db, writing
from portal.funding.rules import AgreementState, FunderChoice
from portal.reminders import rules
from portal.reminders.models import Reminder, ReminderPause, ReminderRound, ReminderSetting
from portal.reminders.rules import RULES, Facts, Kind, Sent, Setting
from portal.training.models import TrainingSession
from portal.training.rules import State

WATCHED = (State.DRAFT, State.SENT, State.AGREEMENT_RECEIVED, State.FUNDED, State.REFUSED)


# Asked by every page of a session: built once.
_CHOSEN = select(ReminderSetting)
_LEFT = (
    select(Reminder).where(Reminder.training_id == bindparam("training_id")).order_by(Reminder.id)
)


# --- The organisation's choices


def settings_of() -> Mapping[Kind, Setting]:
    """The settings in force for every kind."""
    chosen = {
        Kind(row.kind): Setting(row.is_on, row.after_days, row.gap_days)
        for row in db.session.scalars(_CHOSEN)
    }
    return {kind: chosen.get(kind, rule.usual) for kind, rule in RULES.items()}


def choose(settings: Mapping[Kind, Setting]) -> None:
    """Keeps the organisation's choices."""
    for kind, setting in settings.items():
        db.session.merge(
            ReminderSetting(
                kind=kind.value,
                is_on=setting.is_on,
                after_days=setting.after,
                gap_days=setting.gap,
            )
        )


# --- One dossier


def facts_of(training: TrainingSession, owes_undertaking: bool) -> Facts:
    """The dated facts reminders look at."""
    links = [x for x in training.links if x.scope == Scope.SPACE and x.revoked_at is None]
    known = training.company.correspondent_email if training.company else None
    last = training.agreements[-1] if training.agreements else None
    is_returned = last is not None and last.state == AgreementState.RETURNED
    return Facts(
        state=State(training.state),
        first_day=training.first_day,
        shared_on=_day(training.shared_at),
        sent_on=_day(training.sent_at),
        wants_funder=training.funder_choice != FunderChoice.NONE,
        filed_on=training.filed_on,
        has_agreement=last is not None and not is_returned,
        agreement_returned_on=_day(last.decided_at) if last and is_returned else None,
        funded_on=_day(training.funded_at),
        owes_undertaking=owes_undertaking,
        has_declined=training.declined_at is not None,
        has_address=bool(known or (links and links[-1].recipient_email)),
        has_link=bool(links),
        is_paused=db.session.get(ReminderPause, training.id) is not None,
    )


def _day(instant: datetime | None) -> date | None:
    return french.local_day(instant) if instant else None


def sent_of(training_id: int) -> list[Sent]:
    """What already left of a dossier, oldest first."""
    return _as_sent(_rows(training_id))


def _as_sent(rows: list[Reminder]) -> list[Sent]:
    return [Sent(Kind(row.kind), row.since, row.day) for row in rows]


def _rows(training_id: int) -> list[Reminder]:
    return list(db.session.scalars(_LEFT, {"training_id": training_id}))


def due_kinds(training_id: int, facts: Facts, today: date) -> list[Kind]:
    """The kinds whose reminder leaves by itself today."""
    chosen, sent = settings_of(), sent_of(training_id)
    return [kind for kind in Kind if rules.is_due(kind, facts, chosen[kind], sent, today)]


def add(training_id: int, kind: Kind, since: date, at: datetime, by: str | None) -> Reminder | None:
    """Writes one reminder down; None when another worker wrote today's just before."""
    row = Reminder(
        training_id=training_id,
        kind=kind.value,
        since=since,
        day=french.local_day(at),
        sent_at=at,
        by=by,
    )
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError:
        return None
    return row


def pause(training_id: int, at: datetime, by: str) -> None:
    """Suspends the reminders of a dossier; pressed twice, the first one stays."""
    if db.session.get(ReminderPause, training_id) is None:
        db.session.add(ReminderPause(training_id=training_id, paused_at=at, by=by))


def resume(training_id: int) -> None:
    """Takes them up again."""
    row = db.session.get(ReminderPause, training_id)
    if row is not None:
        db.session.delete(row)


# --- What the dossier shows


@dataclass(frozen=True)
class Shown:
    """The card of a dossier: the last reminder, the next one, what may be done by hand."""

    last: str | None
    last_at: datetime | None
    last_by: str | None
    count: int
    next_label: str | None
    next_day: date | None
    by_hand: Kind | None
    refusal: str | None
    is_paused: bool

    @property
    def is_silent(self) -> bool:
        """Nothing was sent and nothing will be."""
        return not (self.last or self.next_day or self.by_hand or self.is_paused)


def shown(training_id: int, facts: Facts, at: datetime) -> Shown:
    """What the page of a dossier says of its reminders at that instant."""
    today, earliest = french.local_day(at), rules.earliest(at)
    rows, chosen = _rows(training_id), settings_of()
    sent = _as_sent(rows)
    coming = sorted(
        (day, kind.value, RULES[kind].label)
        for kind in Kind
        if (day := rules.next_day(kind, facts, chosen[kind], sent, earliest)) is not None
    )
    is_open = (kind for kind in Kind if rules.since(kind, facts, today) is not None)
    hand = next((kind for kind in is_open if kind in rules.BY_HAND), None)
    last = rows[-1] if rows else None
    return Shown(
        last=RULES[Kind(last.kind)].label if last else None,
        last_at=last.sent_at if last else None,
        last_by=last.by if last else None,
        count=sum(row.kind == last.kind for row in rows) if last else 0,
        next_label=coming[0][2] if coming else None,
        next_day=coming[0][0] if coming else None,
        by_hand=hand,
        refusal=rules.hand_refusal(hand, facts, sent, today) if hand else None,
        is_paused=facts.is_paused,
    )


# --- The round of the day


def candidates() -> list[int]:
    """The dossiers in which something may be awaited, those on pause left out."""
    paused = select(ReminderPause.training_id)
    query = select(TrainingSession.id).where(
        TrainingSession.state.in_([state.value for state in WATCHED]),
        TrainingSession.id.not_in(paused),
    )
    return list(db.session.scalars(query.order_by(TrainingSession.id)))


def is_round_made(day: date) -> bool:
    """Whether that day's round went to its end."""
    return db.session.get(ReminderRound, day) is not None


def end_round(day: date, at: datetime) -> None:
    """Notes that it did, in a transaction of its own; two workers may both have made it."""
    with writing():
        db.session.merge(ReminderRound(day=day, ended_at=at))
