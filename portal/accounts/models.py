"""The training organisation, its people and their logins."""

from datetime import date, datetime
from typing import cast

from flask_login import UserMixin
from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.access.rules import Role
from portal.accounts.rules import Purpose
from portal.extensions import UTCDateTime, db, one_of
from portal.funding.rules import VatRegime


class Organisation(db.Model):  # type: ignore[name-defined]
    """The one organisation of this installation: holds NDA and Qualiopi, signs, invoices.

    A client cancels free of charge until `notice_days` working days before the first day; then it
    owes `forfeit_percent` of the price excluding VAT, and `late_forfeit_percent` at less than
    `late_notice_days`. Papers print these once, when they are issued.
    """

    __tablename__ = "organisation"
    __table_args__ = (
        CheckConstraint("id = 1", name="only_one"),
        CheckConstraint("vat_regime IN ('exempt', 'standard', 'franchise')", name="vat_regime"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    name: Mapped[str]
    legal_form: Mapped[str]
    capital_cents: Mapped[int | None]
    rcs: Mapped[str | None]
    address: Mapped[str]
    postcode: Mapped[str]
    city: Mapped[str]
    siret: Mapped[str]
    nda: Mapped[str]
    nda_region: Mapped[str]
    vat_regime: Mapped[str] = mapped_column(default=VatRegime.EXEMPT.value)
    vat_number: Mapped[str | None]
    iban: Mapped[str]
    signatory_name: Mapped[str]
    signatory_function: Mapped[str]
    contact_name: Mapped[str]
    contact_function: Mapped[str]
    email: Mapped[str]
    phone: Mapped[str]
    website: Mapped[str | None]
    logo_sha256: Mapped[str | None]
    accent: Mapped[str] = mapped_column(default="#0B5F62")
    qualiopi_number: Mapped[str]
    qualiopi_certifier: Mapped[str]
    qualiopi_valid_until: Mapped[date]
    disability_name: Mapped[str]
    disability_email: Mapped[str]
    disability_phone: Mapped[str]
    internal_rules: Mapped[str]
    terms: Mapped[str]
    mediator: Mapped[str | None]
    hosting: Mapped[str]
    quote_validity_days: Mapped[int] = mapped_column(default=30)
    payment_days: Mapped[int] = mapped_column(default=30)
    notice_days: Mapped[int] = mapped_column(default=10)
    forfeit_percent: Mapped[int] = mapped_column(default=30)
    late_notice_days: Mapped[int] = mapped_column(default=3)
    late_forfeit_percent: Mapped[int] = mapped_column(default=50)
    reads_over: Mapped[bool] = mapped_column(default=False)


class User(db.Model, UserMixin):  # type: ignore[name-defined]
    """A person with an account: a hosted trainer, or the back office."""

    __tablename__ = "user"
    __table_args__ = (
        CheckConstraint("role IN ('trainer', 'office')", name="role"),
        CheckConstraint("vat_regime IN ('exempt', 'standard', 'franchise')", name="vat_regime"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    first_name: Mapped[str]
    last_name: Mapped[str]
    role: Mapped[str]
    password_hash: Mapped[str]
    phone: Mapped[str | None]
    titles: Mapped[str] = mapped_column(default="")
    qualifications: Mapped[str] = mapped_column(default="")
    specialities: Mapped[str] = mapped_column(default="")
    vat_regime: Mapped[str | None]
    cv_sha256: Mapped[str | None]
    cv_received_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    password_set_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    is_enabled: Mapped[bool] = mapped_column(default=True)
    is_demonstration: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    # Not a column: the token of the login this request came with.
    login_token = cast("str | None", None)

    def get_id(self) -> str | None:
        """What Flask-Login keeps in the cookie: a login that can be ended, not the account."""
        return self.login_token

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def initials(self) -> str:
        return (self.first_name[:1] + self.last_name[:1]).upper()

    @property
    def is_office(self) -> bool:
        return self.role == Role.OFFICE


class AccountLink(db.Model):  # type: ignore[name-defined]
    """A link mailed to one address of a person, good once. Its text is computed, never stored.

    `email` is where it went; for a change of address, the one that becomes the account's.
    """

    __tablename__ = "account_link"
    __table_args__ = (CheckConstraint(one_of("purpose", Purpose), name="purpose"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    purpose: Mapped[str]
    email: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    user: Mapped[User] = relationship()


class LoginSession(db.Model):  # type: ignore[name-defined]
    """One open login. The cookie's token is kept hashed; deleting the row ends the login."""

    __tablename__ = "login_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_sha256: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ip: Mapped[str | None]
    user_agent: Mapped[str | None]

    user: Mapped[User] = relationship()
