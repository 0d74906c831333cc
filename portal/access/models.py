"""Shared links, the spaces they opened, and counted tries."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.access.rules import Scope
from portal.extensions import UTCDateTime, db, one_of

if TYPE_CHECKING:
    from portal.training.models import TrainingSession


class ShareLink(db.Model):  # type: ignore[name-defined]
    """A link to one dossier. Its text is never stored: it is computed from id and rotation."""

    __tablename__ = "share_link"
    __table_args__ = (CheckConstraint(one_of("scope", Scope), name="scope"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    training_id: Mapped[int] = mapped_column(ForeignKey("training_session.id"), index=True)
    scope: Mapped[str] = mapped_column(default=Scope.SPACE.value)
    recipient_email: Mapped[str | None]
    issued_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    rotation: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    opened_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    training: Mapped["TrainingSession"] = relationship(back_populates="links")


class Grant(db.Model):  # type: ignore[name-defined]
    """A browser that pressed « Commencer »: its cookie, hashed, opens one dossier for a while."""

    __tablename__ = "grant"
    __table_args__ = (Index("uq_grant_cookie_link", "cookie_sha256", "link_id", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    cookie_sha256: Mapped[str]
    link_id: Mapped[int] = mapped_column(ForeignKey("share_link.id"), index=True)
    rotation: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime)

    link: Mapped[ShareLink] = relationship()


class CalendarFeed(db.Model):  # type: ignore[name-defined]
    """A trainer's calendar by secret address, whose text is computed from id and rotation."""

    __tablename__ = "calendar_feed"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), unique=True)
    rotation: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    seen_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Attempt(db.Model):  # type: ignore[name-defined]
    """One counted try (login, link miss, renewal). The key holds a digest, never an address."""

    __tablename__ = "attempt"
    __table_args__ = (Index("ix_attempt_key_at", "key", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class HeldForm(db.Model):  # type: ignore[name-defined]
    """What was typed into a form that could not be accepted (session ended): given back once."""

    __tablename__ = "held_form"

    id: Mapped[int] = mapped_column(primary_key=True)
    key_sha256: Mapped[str] = mapped_column(unique=True)
    path: Mapped[str]
    form_json: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
