"""Reminders that left, the settings of the organisation, dossiers on pause, rounds made."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import UTCDateTime, db, one_of
from portal.reminders.rules import Kind


class Reminder(db.Model):  # type: ignore[name-defined]
    """One reminder. `since` is the day of the fact it is about; `by` is None for the clock.

    Two workers on the same day write the same row: the second one finds it there.
    """

    __tablename__ = "reminder"
    __table_args__ = (
        UniqueConstraint("training_id", "kind", "day"),
        CheckConstraint(one_of("kind", Kind), name="kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    training_id: Mapped[int] = mapped_column(ForeignKey("training_session.id"))
    kind: Mapped[str]
    since: Mapped[date]
    day: Mapped[date]
    sent_at: Mapped[datetime] = mapped_column(UTCDateTime)
    by: Mapped[str | None]


class ReminderSetting(db.Model):  # type: ignore[name-defined]
    """What the organisation chose for one kind; no row: the usual delays."""

    __tablename__ = "reminder_setting"
    __table_args__ = (
        CheckConstraint(one_of("kind", Kind), name="kind"),
        CheckConstraint("after_days BETWEEN 1 AND 60 AND gap_days BETWEEN 1 AND 60", name="days"),
    )

    kind: Mapped[str] = mapped_column(primary_key=True)
    is_on: Mapped[bool]
    after_days: Mapped[int]
    gap_days: Mapped[int]


class ReminderPause(db.Model):  # type: ignore[name-defined]
    """A dossier whose reminders are suspended, as long as the row stands."""

    __tablename__ = "reminder_pause"

    training_id: Mapped[int] = mapped_column(ForeignKey("training_session.id"), primary_key=True)
    paused_at: Mapped[datetime] = mapped_column(UTCDateTime)
    by: Mapped[str]


class ReminderRound(db.Model):  # type: ignore[name-defined]
    """A day whose round was made to its end."""

    __tablename__ = "reminder_round"

    day: Mapped[date] = mapped_column(primary_key=True)
    ended_at: Mapped[datetime] = mapped_column(UTCDateTime)
