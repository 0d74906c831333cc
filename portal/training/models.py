"""The training session and what it is made of."""

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    UniqueConstraint,
    func,
    literal_column,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.extensions import UTCDateTime, db, one_of
from portal.programmes.rules import FIELDS
from portal.training.rules import State, Way
from portal.training.schedule_rules import Period, PriceBasis

if TYPE_CHECKING:
    from portal.access.models import ShareLink
    from portal.accounts.models import User
    from portal.companies.models import Company
    from portal.documents.models import Document
    from portal.funding.models import Agreement
    from portal.signature.models import Signature
    from portal.uploads.models import Upload


class Counter(db.Model):  # type: ignore[name-defined]
    """Gapless numbers: one UPDATE … RETURNING inside the business transaction."""

    __tablename__ = "counter"

    name: Mapped[str] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(default=0)


_IN_FORCE = {
    "sqlite_where": db.text("replaced_at IS NULL"),
    "postgresql_where": db.text("replaced_at IS NULL"),
}


class Programme(db.Model):  # type: ignore[name-defined]
    """One version of a programme: everything Qualiopi indicator 1 asks to be published.

    Versions share their code and slug; the one in force is not replaced. A version that a session
    chose, or that was made public, never changes: the next edit makes the next version.
    """

    __tablename__ = "programme"
    __table_args__ = (
        UniqueConstraint("code", "version"),
        Index("uq_programme_current", "code", unique=True, **_IN_FORCE),
        Index("uq_programme_slug", "slug", unique=True, **_IN_FORCE),
        CheckConstraint("remote_percent BETWEEN 0 AND 100", name="remote_percent"),
        CheckConstraint(
            "public_at IS NULL OR (archived_at IS NULL AND replaced_at IS NULL)", name="public_at"
        ),
        CheckConstraint("minutes > 0", name="minutes"),
        CheckConstraint("price_cents >= 0", name="price"),
        CheckConstraint(one_of("price_basis", PriceBasis), name="price_basis"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    slug: Mapped[str]
    title: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    dated: Mapped[date]
    minutes: Mapped[int]
    objectives: Mapped[list[str]] = mapped_column(JSON)
    content: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    prerequisites: Mapped[str]
    audience: Mapped[str]
    access_delay: Mapped[str]
    methods: Mapped[str]
    means: Mapped[str]
    follow_up: Mapped[str]
    assessment: Mapped[str]
    sanction: Mapped[str]
    accessibility: Mapped[str]
    results: Mapped[str | None]
    certification: Mapped[str | None]
    certification_code: Mapped[str | None]
    certifier: Mapped[str | None]
    certified_on: Mapped[date | None]
    remote_percent: Mapped[int] = mapped_column(default=0)
    nsf_code: Mapped[str | None]
    remote_help: Mapped[str | None]
    price_cents: Mapped[int]
    price_basis: Mapped[str] = mapped_column(default=PriceBasis.FLAT.value)
    search_text: Mapped[str] = mapped_column(default="")
    archived_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    replaced_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    public_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    @property
    def values(self) -> dict[str, Any]:
        """What it says, by field: what `programmes.rules` looks at."""
        return {name: getattr(self, name) for name in FIELDS}


class TrainingSession(db.Model):  # type: ignore[name-defined]
    """One dossier: a programme, given to one client's trainees, on certain half-days."""

    __tablename__ = "training_session"
    __table_args__ = (
        CheckConstraint(one_of("state", State), name="state"),
        CheckConstraint(one_of("way", Way), name="way"),
        CheckConstraint("price_cents IS NULL OR price_cents > 0", name="price"),
        CheckConstraint("headcount IS NULL OR headcount > 0", name="headcount"),
        CheckConstraint("remote_percent BETWEEN 0 AND 100", name="remote_percent"),
        CheckConstraint(
            "state IN ('draft', 'cancelled') OR (sent_at IS NOT NULL AND price_cents IS NOT NULL"
            " AND first_day IS NOT NULL AND vat_regime IS NOT NULL AND headcount IS NOT NULL)",
            name="sent_is_complete",
        ),
        CheckConstraint("(state = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled_at"),
        CheckConstraint("filed_on IS NULL OR state <> 'draft'", name="filed_after_sent"),
        CheckConstraint("granted_cents BETWEEN 0 AND price_cents", name="granted"),
        CheckConstraint(
            "committed_cents IS NULL OR signed_at IS NOT NULL", name="committed_signed"
        ),
        CheckConstraint(
            "state NOT IN ('funded', 'running', 'done', 'invoiced', 'settled')"
            " OR (granted_cents IS NOT NULL AND funded_at IS NOT NULL)",
            name="funded_is_decided",
        ),
        CheckConstraint(
            "state NOT IN ('running', 'done', 'invoiced', 'settled')"
            " OR granted_cents = price_cents OR committed_cents IS NOT NULL",
            name="running_is_covered",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True)
    ref: Mapped[str] = mapped_column(unique=True)
    creation_key: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(default=State.DRAFT.value)
    version: Mapped[int] = mapped_column(default=1)
    way: Mapped[str]
    trainer_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    programme_id: Mapped[int | None] = mapped_column(ForeignKey("programme.id"))

    price_basis: Mapped[str | None]
    unit_price_cents: Mapped[int | None]
    price_cents: Mapped[int | None]
    vat_regime: Mapped[str | None]

    place_mode: Mapped[str | None]
    place: Mapped[str | None]
    access_notes: Mapped[str | None]
    remote_percent: Mapped[int] = mapped_column(default=0)
    first_day: Mapped[date | None]
    last_day: Mapped[date | None]
    minutes: Mapped[int | None]
    headcount: Mapped[int | None]
    needs_adaptation: Mapped[bool | None]

    funder_choice: Mapped[str | None]
    opco_code: Mapped[str | None]
    subrogation: Mapped[bool | None]

    search_text: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    shared_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    completed_by: Mapped[str | None]
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    filed_on: Mapped[date | None]
    filed_by: Mapped[str | None]
    filing_number: Mapped[str | None]
    granted_cents: Mapped[int | None]
    granted_vat_cents: Mapped[int | None]
    funded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    self_funded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    refused_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    refusal_reason: Mapped[str | None]
    signed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    committed_cents: Mapped[int | None]
    committed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    declined_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decline_reason: Mapped[str | None]
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    cancel_reason: Mapped[str | None]

    trainer: Mapped["User"] = relationship()
    programme: Mapped[Programme | None] = relationship()
    company: Mapped["Company | None"] = relationship(back_populates="training", uselist=False)
    half_days: Mapped[list["HalfDay"]] = relationship(
        back_populates="training",
        order_by="HalfDay.day, HalfDay.starts",
        cascade="all, delete-orphan",
    )
    trainees: Mapped[list["Trainee"]] = relationship(
        back_populates="training", order_by="Trainee.position", cascade="all, delete-orphan"
    )
    answers: Mapped[list["TopicAnswers"]] = relationship(back_populates="training")
    links: Mapped[list["ShareLink"]] = relationship(
        back_populates="training", order_by="ShareLink.id"
    )
    documents: Mapped[list["Document"]] = relationship(
        back_populates="training", order_by="Document.id"
    )
    uploads: Mapped[list["Upload"]] = relationship(back_populates="training", order_by="Upload.id")
    agreements: Mapped[list["Agreement"]] = relationship(
        back_populates="training", order_by="Agreement.id"
    )
    signatures: Mapped[list["Signature"]] = relationship(
        back_populates="training", order_by="Signature.id"
    )

    @property
    def title(self) -> str:
        return self.programme.title if self.programme else "Formation à préciser"

    @property
    def number(self) -> str:
        """« 2026-0142 »: what the references of its documents share."""
        return self.ref.removeprefix("S-")


FAR = date(9999, 12, 31)  # where a session without dates stands in « la plus proche d’abord »
listed_day = func.coalesce(TrainingSession.first_day, literal_column(f"'{FAR}'", Date()))
_LISTED = (TrainingSession.state, listed_day, TrainingSession.id, TrainingSession.price_cents)
Index("ix_training_session_list", *_LISTED)
Index("ix_training_session_own_list", TrainingSession.trainer_id, *_LISTED)


class TopicAnswers(db.Model):  # type: ignore[name-defined]
    """What was typed for one topic of a draft, even invalid; columns take valid values only."""

    __tablename__ = "topic_answers"
    __table_args__ = (UniqueConstraint("training_id", "topic"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    training_id: Mapped[int] = mapped_column(ForeignKey("training_session.id"))
    topic: Mapped[str]
    raw: Mapped[dict[str, Any]] = mapped_column(JSON)
    version: Mapped[int] = mapped_column(default=1)
    edit_id: Mapped[str]
    is_valid: Mapped[bool] = mapped_column(default=False)
    saved_at: Mapped[datetime] = mapped_column(UTCDateTime)
    saved_by: Mapped[str]

    training: Mapped[TrainingSession] = relationship(back_populates="answers")


class HalfDay(db.Model):  # type: ignore[name-defined]
    """A morning or an afternoon of training, in Paris time."""

    __tablename__ = "half_day"
    __table_args__ = (
        UniqueConstraint("training_id", "day", "period"),
        CheckConstraint("ends > starts", name="order"),
        CheckConstraint(one_of("period", Period), name="period"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    training_id: Mapped[int] = mapped_column(ForeignKey("training_session.id"))
    day: Mapped[date]
    period: Mapped[str]
    starts: Mapped[time]
    ends: Mapped[time]

    training: Mapped[TrainingSession] = relationship(back_populates="half_days")

    @property
    def minutes(self) -> int:
        return (self.ends.hour - self.starts.hour) * 60 + self.ends.minute - self.starts.minute


class Trainee(db.Model):  # type: ignore[name-defined]
    """A person who is trained. Nothing is asked beyond L6353-9: no birth date, no number."""

    __tablename__ = "trainee"

    id: Mapped[int] = mapped_column(primary_key=True)
    training_id: Mapped[int] = mapped_column(ForeignKey("training_session.id"), index=True)
    position: Mapped[int]
    first_name: Mapped[str]
    last_name: Mapped[str]
    email: Mapped[str | None]
    job: Mapped[str | None]

    training: Mapped[TrainingSession] = relationship(back_populates="trainees")

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"
