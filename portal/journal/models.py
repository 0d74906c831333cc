"""Who did what, when, from where: rows chained by SHA-256, never updated or deleted."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import DDL, ForeignKey, Text, event
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from portal.extensions import UTCDateTime, db
from portal.journal.rules import canonical
from portal.journal.triggers import TRIGGERS


class CanonicalJSON(TypeDecorator[dict[str, Any]]):
    """A dictionary stored as its one JSON text: the bytes that were hashed are those kept."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: dict[str, Any] | None, dialect: Any) -> str | None:
        return None if value is None else canonical(value)

    def process_result_value(self, value: str | None, dialect: Any) -> dict[str, Any] | None:
        return None if value is None else json.loads(value)


class JournalEntry(db.Model):  # type: ignore[name-defined]
    """One act. Holds ids and digests only, so that erasing personal data keeps the chain whole."""

    __tablename__ = "journal_entry"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    actor_role: Mapped[str]
    actor_id: Mapped[int | None]
    training_id: Mapped[int | None] = mapped_column(ForeignKey("training_session.id"), index=True)
    event: Mapped[str]
    body: Mapped[dict[str, Any]] = mapped_column(CanonicalJSON)
    details_sha256: Mapped[str]
    previous: Mapped[str]
    sha256: Mapped[str] = mapped_column(unique=True)


class JournalDetails(db.Model):  # type: ignore[name-defined]
    """The personal side of an entry (name, address, words): salted, so it can be erased."""

    __tablename__ = "journal_details"

    seq: Mapped[int] = mapped_column(ForeignKey("journal_entry.seq"), primary_key=True)
    salt: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(CanonicalJSON)


# Tables made without a migration (tests) are append-only as well.
for _model in (JournalEntry, JournalDetails):
    for _dialect, _by_table in TRIGGERS.items():
        for _statement in _by_table[_model.__tablename__]:
            _ddl = DDL(_statement).execute_if(dialect=_dialect)  # type: ignore[no-untyped-call]
            event.listen(_model.__table__, "after_create", _ddl)
