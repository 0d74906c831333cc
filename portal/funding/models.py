"""The funder's agreement (prise en charge) as it was received and decided upon."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.extensions import UTCDateTime, db, one_of
from portal.funding.rules import AgreementState, Base
from portal.uploads.models import Upload

if TYPE_CHECKING:
    from portal.training.models import TrainingSession


class Agreement(db.Model):  # type: ignore[name-defined]
    """One agreement of the funder. `printed_cents` and `base` are as its paper says."""

    __tablename__ = "agreement"
    __table_args__ = (
        CheckConstraint(one_of("state", AgreementState), name="state"),
        CheckConstraint(f"base IS NULL OR {one_of('base', Base)}", name="base"),
        CheckConstraint(
            "state <> 'validated' OR (printed_cents > 0 AND base IS NOT NULL"
            " AND subrogation IS NOT NULL AND decided_at IS NOT NULL)",
            name="validated_is_complete",
        ),
        Index(
            "uq_agreement_open",
            "training_id",
            unique=True,
            sqlite_where=db.text("state IN ('received', 'validated')"),
            postgresql_where=db.text("state IN ('received', 'validated')"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    training_id: Mapped[int] = mapped_column(ForeignKey("training_session.id"), index=True)
    upload_id: Mapped[int] = mapped_column(ForeignKey("upload.id"))
    state: Mapped[str] = mapped_column(default=AgreementState.RECEIVED.value)
    version: Mapped[int] = mapped_column(default=1)
    received_at: Mapped[datetime] = mapped_column(UTCDateTime)
    suggestions: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    number: Mapped[str | None]
    printed_cents: Mapped[int | None]
    base: Mapped[str | None]
    funder_pays_vat: Mapped[bool | None]
    subrogation: Mapped[bool | None]
    reason: Mapped[str | None]
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    looked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    looked_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))

    training: Mapped["TrainingSession"] = relationship(back_populates="agreements")
    upload: Mapped[Upload] = relationship()
