"""Who did what, when, from where: rows chained by SHA-256, never updated or deleted."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import UTCDateTime, db


class JournalEntry(db.Model):  # type: ignore[name-defined,misc]
    """One act. Holds ids and digests only, so that erasing personal data keeps the chain whole."""

    __tablename__ = "journal_entry"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    actor_role: Mapped[str]
    actor_id: Mapped[int | None]
    training_id: Mapped[int | None] = mapped_column(
        ForeignKey("training_session.id"), index=True
    )
    event: Mapped[str]
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    details_sha256: Mapped[str]
    previous: Mapped[str]
    sha256: Mapped[str] = mapped_column(unique=True)


class JournalDetails(db.Model):  # type: ignore[name-defined,misc]
    """The personal side of an entry (name, address, words): salted, so it can be erased."""

    __tablename__ = "journal_details"

    seq: Mapped[int] = mapped_column(ForeignKey("journal_entry.seq"), primary_key=True)
    salt: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
