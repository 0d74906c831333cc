"""The outbox: a message is a row of the business transaction, the worker carries it out."""

from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, or_
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.extensions import UTCDateTime, db, one_of
from portal.training.models import TrainingSession


class EmailState(StrEnum):
    """`sent` only when a server accepted it; `kept` when no server is configured; `held` until
    the office has read its papers over.
    """

    HELD = "held"
    QUEUED = "queued"
    SENT = "sent"
    KEPT = "kept"
    UNCERTAIN = "uncertain"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Email(db.Model):  # type: ignore[name-defined]
    """One message to one person. Text and links are made when it leaves, from `letter`."""

    __tablename__ = "email"
    __table_args__ = (
        CheckConstraint(one_of("state", EmailState), name="state"),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent_at"),
        Index("ix_email_due", "state", "next_at"),
        Index(
            "ix_email_bounced",
            "bounced_at",
            sqlite_where=db.text("bounced_at IS NOT NULL"),
            postgresql_where=db.text("bounced_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    training_id: Mapped[int | None] = mapped_column(ForeignKey("training_session.id"), index=True)
    letter: Mapped[str]
    audience: Mapped[str]
    to_email: Mapped[str]
    to_name: Mapped[str]
    subject: Mapped[str]
    context: Mapped[dict[str, object]] = mapped_column(JSON)
    document_ids: Mapped[list[int]] = mapped_column(JSON)
    dedupe_key: Mapped[str] = mapped_column(unique=True)
    message_id: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(default=EmailState.QUEUED.value)
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime] = mapped_column(UTCDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    reply: Mapped[str | None]
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    bounced_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    training: Mapped[TrainingSession | None] = relationship()


# Compared rather than « IS NOT NULL »: SQLite then looks in the index of those that came back.
CAME_BACK = Email.bounced_at > datetime(1, 1, 1, tzinfo=UTC)
LOST = or_(Email.state == EmailState.FAILED.value, CAME_BACK)
