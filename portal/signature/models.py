"""Signatures, the codes that let sign, and the proof of each."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.documents.models import Document
from portal.extensions import UTCDateTime, db, one_of

if TYPE_CHECKING:
    from portal.training.models import TrainingSession


class SignatureKind(StrEnum):
    ONLINE = "online"
    PAPER = "paper"


class Channel(StrEnum):
    """How a code reached the signatory; each is said for what it is in the evidence."""

    EMAIL = "email"
    SMS = "sms"
    PHONE = "phone"


class Signature(db.Model):  # type: ignore[name-defined]
    """One signature of one version of one paper. `voided_at` when a later act took it away."""

    __tablename__ = "signature"
    __table_args__ = (
        CheckConstraint(one_of("kind", SignatureKind), name="kind"),
        CheckConstraint("committed_cents IS NULL OR committed_cents >= 0", name="committed"),
        Index(
            "uq_signature_document",
            "document_id",
            unique=True,
            sqlite_where=db.text("voided_at IS NULL"),
            postgresql_where=db.text("voided_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    training_id: Mapped[int] = mapped_column(ForeignKey("training_session.id"), index=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    kind: Mapped[str]
    name: Mapped[str]
    function: Mapped[str]
    email: Mapped[str]
    committed_cents: Mapped[int | None]
    signed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    voided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    void_reason: Mapped[str | None]
    evidence: Mapped[dict[str, Any]] = mapped_column(JSON)
    code: Mapped[str] = mapped_column(unique=True)
    sealed_sha256: Mapped[str | None] = mapped_column(index=True)
    proof_sha256: Mapped[str | None]
    proof_json_sha256: Mapped[str | None]
    upload_id: Mapped[int | None] = mapped_column(ForeignKey("upload.id"))
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    error: Mapped[str | None]

    training: Mapped["TrainingSession"] = relationship(back_populates="signatures")
    document: Mapped[Document] = relationship()


class OneTimeCode(db.Model):  # type: ignore[name-defined]
    """A six-digit code, kept as a keyed digest bound to its link and to the paper's bytes."""

    __tablename__ = "one_time_code"
    __table_args__ = (CheckConstraint(one_of("channel", Channel), name="channel"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    link_id: Mapped[int] = mapped_column(ForeignKey("share_link.id"), index=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"))
    digest: Mapped[str]
    channel: Mapped[str]
    issued_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    tries: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    voided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
