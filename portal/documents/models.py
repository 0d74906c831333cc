"""Issued papers: their frozen facts, and the file made from them."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.extensions import UTCDateTime, db, one_of

if TYPE_CHECKING:
    from portal.training.models import TrainingSession


class DocumentState(StrEnum):
    """Of the file, not of the paper: `failed` is said to the office and tried again on request."""

    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


class Document(db.Model):  # type: ignore[name-defined]
    """One version of one paper. Its facts never change; a change issues the next version.

    A paper belongs to a session, or to a programme of the catalogue (its public sheet).
    """

    __tablename__ = "document"
    __table_args__ = (
        UniqueConstraint("training_id", "kind", "version"),
        CheckConstraint(one_of("state", DocumentState), name="state"),
        CheckConstraint("(state = 'ready') = (sha256 IS NOT NULL)", name="ready_has_file"),
        CheckConstraint("(training_id IS NULL) <> (programme_id IS NULL)", name="one_subject"),
        Index(
            "uq_document_sheet",
            "programme_id",
            unique=True,
            sqlite_where=db.text("superseded_at IS NULL"),
            postgresql_where=db.text("superseded_at IS NULL"),
        ),
        Index(
            "uq_document_current",
            "training_id",
            "kind",
            unique=True,
            sqlite_where=db.text("superseded_at IS NULL"),
            postgresql_where=db.text("superseded_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    training_id: Mapped[int | None] = mapped_column(ForeignKey("training_session.id"), index=True)
    programme_id: Mapped[int | None] = mapped_column(ForeignKey("programme.id"))
    kind: Mapped[str]
    version: Mapped[int]
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(default=DocumentState.PENDING.value, index=True)
    sha256: Mapped[str | None]
    octets: Mapped[int | None]
    pages: Mapped[int | None]
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ready_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    superseded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    # sheets of the catalogue have none, and never reach what speaks of sessions
    training: Mapped["TrainingSession"] = relationship(back_populates="documents")
