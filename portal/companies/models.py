"""The client of a dossier."""

from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.extensions import db

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
