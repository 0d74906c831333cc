"""The client of a dossier."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.companies.opco import NOTHING, Proposal
from portal.extensions import UTCDateTime, db, one_of

if TYPE_CHECKING:
    from portal.training.models import TrainingSession


class Company(db.Model):  # type: ignore[name-defined]
    """The company as this dossier knows it.

    One row per dossier, copied when a past client is reused: whoever holds the link of one
    dossier can never change what another dossier says.
    """

    __tablename__ = "company"
    __table_args__ = (CheckConstraint("staff_count IS NULL OR staff_count > 0", name="staff"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    training_id: Mapped[int] = mapped_column(ForeignKey("training_session.id"), unique=True)
    siret: Mapped[str] = mapped_column(index=True)
    legal_name: Mapped[str]
    naf: Mapped[str | None]
    address: Mapped[str]
    postcode: Mapped[str]
    city: Mapped[str]
    staff_count: Mapped[int | None]
    recovers_vat: Mapped[bool] = mapped_column(default=True)
    signatory_first_name: Mapped[str]
    signatory_last_name: Mapped[str]
    signatory_function: Mapped[str]
    signatory_email: Mapped[str]
    phone: Mapped[str | None]
    contact_name: Mapped[str | None]
    contact_email: Mapped[str | None]
    billing_address: Mapped[str | None]

    training: Mapped["TrainingSession"] = relationship(back_populates="company")

    @property
    def signatory_name(self) -> str:
        return f"{self.signatory_first_name} {self.signatory_last_name}"

    @property
    def correspondent_email(self) -> str:
        """Where documents and links go: the training contact when there is one."""
        return self.contact_email or self.signatory_email

    @property
    def correspondent_name(self) -> str:
        return self.contact_name or self.signatory_name


class FindingState(StrEnum):
    """Where the look-up of a dossier's company stands."""

    PENDING = "pending"  # the directory has not answered yet: the worker asks again
    FOUND = "found"
    UNKNOWN = "unknown"  # not in the public directory


class CompanyFinding(db.Model):  # type: ignore[name-defined]
    """What the directory and the tables said of a dossier's company, and who confirmed its OPCO.

    `card` and `proposal` are those of `siret`. The confirmation is of `confirmed_siret`: a person
    who changes the company is asked again, a directory that falls silent erases nothing.
    """

    __tablename__ = "company_finding"
    __table_args__ = (
        CheckConstraint(one_of("state", FindingState), name="state"),
        CheckConstraint("(confirmed_at IS NULL) = (confirmed_code IS NULL)", name="confirmed"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    training_id: Mapped[int] = mapped_column(ForeignKey("training_session.id"), unique=True)
    siret: Mapped[str]
    state: Mapped[str] = mapped_column(default=FindingState.PENDING.value)
    card: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    proposal: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    looked_up_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    confirmed_code: Mapped[str | None]
    confirmed_siret: Mapped[str | None]
    confirmed_by: Mapped[str | None]
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    @property
    def proposed(self) -> Proposal:
        return Proposal.from_json(self.proposal) if self.proposal else NOTHING
