"""Sessions as calendar events: one per half-day, without a trainee, an address or a link."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from portal import clock, french
from portal.access.rules import Role
from portal.extensions import db
from portal.icalendar import Event
from portal.training.models import TrainingSession
from portal.training.rules import State
from portal.training.schedule_rules import PlaceMode

BEHIND = timedelta(days=180)  # how far back a trainer's calendar reaches
_SURE = {State.FUNDED, State.RUNNING, State.DONE, State.INVOICED, State.SETTLED}


def events_of(training: TrainingSession, role: Role, host: str) -> list[Event]:
    """The half-days of a session. Their `uid` follows their order, so that a day that moves stays
    the same event; `sequence` is the version of the session."""
    return [
        Event(
            uid=f"{training.ref.lower()}-{number}@{host}",
            sequence=training.version,
            changed_at=training.updated_at,
            day=half.day,
            starts=half.starts,
            ends=half.ends,
            summary=_summary(training, role),
            location=_place(training),
            description=_description(training, role),
            status=_status(training),
        )
        for number, half in enumerate(training.half_days, start=1)
    ]


def sessions_of(trainer_id: int) -> Sequence[TrainingSession]:
    """What a trainer's calendar shows: the last half-year and all that comes, cancelled or not."""
    since = clock.today() - BEHIND
    return db.session.scalars(
        select(TrainingSession)
        .where(TrainingSession.trainer_id == trainer_id, TrainingSession.last_day >= since)
        .options(
            joinedload(TrainingSession.company),
            joinedload(TrainingSession.programme),
            selectinload(TrainingSession.half_days),
        )
        .order_by(TrainingSession.first_day, TrainingSession.id)
    ).all()


def all_events(sessions: Iterable[TrainingSession], role: Role, host: str) -> list[Event]:
    return [event for training in sessions for event in events_of(training, role, host)]


def _status(training: TrainingSession) -> str:
    if training.state == State.CANCELLED:
        return "CANCELLED"
    return "CONFIRMED" if State(training.state) in _SURE else "TENTATIVE"


def _summary(training: TrainingSession, role: Role) -> str:
    who = "" if role is Role.CLIENT or not training.company else training.company.legal_name
    words = [training.title, who]
    if training.state == State.CANCELLED:
        words.insert(0, "Annulée")
    return " – ".join(word for word in words if word)


def _place(training: TrainingSession) -> str:
    if training.place:
        return french.one_line(training.place)
    if training.place_mode == PlaceMode.REMOTE:
        return "À distance"
    company = training.company
    return (
        french.one_line(f"{company.address}, {company.postcode} {company.city}") if company else ""
    )


def _description(training: TrainingSession, role: Role) -> str:
    """The reference and how many come; who, where they work and how to reach them stay inside."""
    lines = [f"Session {training.ref}"]
    if training.headcount:
        lines.append(french.count(training.headcount, "stagiaire"))
    if role is not Role.TRAINER:
        lines.append(f"Intervention{french.NBSP}: {training.trainer.name}")
    if _status(training) == "TENTATIVE":
        lines.append("À confirmer")
    return "\n".join(lines)
