"""What people of a dossier write to each other, and up to where each side said it read."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import UTCDateTime, db

_SIDES = "IN ('client', 'trainer', 'office')"


class Message(db.Model):  # type: ignore[name-defined]
    """One message. `key` names the page it was written on: pressed twice, it is one message."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("training_id", "key"),
        CheckConstraint(f"author_role {_SIDES}", name="author_role"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    training_id: Mapped[int] = mapped_column(ForeignKey("training_session.id"))
    author_role: Mapped[str]
    author_name: Mapped[str]
    body: Mapped[str]
    key: Mapped[str]
    written_at: Mapped[datetime] = mapped_column(UTCDateTime)


class MessageMark(db.Model):  # type: ignore[name-defined]
    """The last message one side said it read; never guessed from a page that was opened."""

    __tablename__ = "message_mark"
    __table_args__ = (CheckConstraint(f"role {_SIDES}", name="role"),)

    training_id: Mapped[int] = mapped_column(ForeignKey("training_session.id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))
    marked_at: Mapped[datetime] = mapped_column(UTCDateTime)


class UnreadMessage(db.Model):  # type: ignore[name-defined]
    """The last message of a dossier that one side has not said it read; no row, nothing to read.

    It follows from the messages and the marks: kept so that a list looks at what waits, not at
    everything that was ever written.
    """

    __tablename__ = "unread_message"
    __table_args__ = (
        CheckConstraint(f"role {_SIDES}", name="role"),
        Index("ix_unread_message_list", "role", "message_id"),
    )

    training_id: Mapped[int] = mapped_column(ForeignKey("training_session.id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))
