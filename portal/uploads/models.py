"""Files handed in by people: kept as they came, shown as images."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.extensions import UTCDateTime, db, one_of
from portal.uploads.rules import Purpose

if TYPE_CHECKING:
    from portal.training.models import TrainingSession


class UploadState(StrEnum):
    """Of the page images: the file itself is whole as soon as the row exists."""

    RECEIVED = "received"
    PREPARED = "prepared"
    FAILED = "failed"


class Upload(db.Model):  # type: ignore[name-defined]
    """One handing-in. `sha256` is the PDF that is read (the original, or photos put together);
    `document_id` is the version of the paper that a scan shows; `refused_at` when the office saw
    no signature there. `originals` are the files as they came:
    [{"sha256", "name", "octets", "type"}].
    """

    __tablename__ = "upload"
    __table_args__ = (
        CheckConstraint(one_of("state", UploadState), name="state"),
        CheckConstraint(one_of("purpose", Purpose), name="purpose"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    training_id: Mapped[int] = mapped_column(ForeignKey("training_session.id"), index=True)
    purpose: Mapped[str]
    name: Mapped[str]
    sha256: Mapped[str]
    octets: Mapped[int]
    pages: Mapped[int]
    originals: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    flags: Mapped[list[str]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(default=UploadState.RECEIVED.value, index=True)
    page_images: Mapped[list[str] | None] = mapped_column(JSON)
    words: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    document_id: Mapped[int | None] = mapped_column(ForeignKey("document.id"))
    refused_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    refused_reason: Mapped[str | None]
    received_at: Mapped[datetime] = mapped_column(UTCDateTime)
    received_role: Mapped[str]
    received_by: Mapped[str]

    training: Mapped["TrainingSession"] = relationship(back_populates="uploads")
