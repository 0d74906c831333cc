"""The public sheet of a programme: a paper of the catalogue, which belongs to no session."""

from datetime import date, datetime

from sqlalchemy import select

from portal import clock
from portal.accounts.models import Organisation
from portal.documents.facts import SCHEMA, Facts
from portal.documents.models import Document, DocumentState
from portal.documents.parties import organisation_facts, programme_facts
from portal.extensions import db
from portal.funding.rules import VAT_MENTION, VatRegime
from portal.programmes import rules as programmes
from portal.training.models import Programme
from portal.training.schedule_rules import PRICE_BASIS_LABEL, PriceBasis

KIND = "fiche"


def facts(programme: Programme, organisation: Organisation, issued_on: date) -> Facts:
    """What the public page and its PDF say, as JSON: cents, minutes, ISO dates."""
    regime = VatRegime(organisation.vat_regime)
    code = programme.nsf_code
    return {
        "schema": SCHEMA,
        "number": programme.code,
        "version": programme.version,
        "issued_on": issued_on.isoformat(),
        "organisation": organisation_facts(organisation),
        "programme": programme_facts(programme),
        "remote": {"percent": programme.remote_percent, "help": programme.remote_help or ""},
        "speciality": f"{code} {programmes.specialities()[code]}" if code else "",
        "price": {
            "unit_cents": programme.price_cents,
            "basis": PRICE_BASIS_LABEL[PriceBasis(programme.price_basis)],
            "vat_mention": VAT_MENTION[regime],
        },
    }


def issue(programme: Programme, organisation: Organisation, at: datetime) -> Document:
    """The sheet of that version, pending; the ones before are superseded.

    Inside the caller's transaction. The sheet that already says the same is returned as it is.
    """
    said = facts(programme, organisation, clock.paris(at).date())
    standing = current(programme)
    if standing is not None and _same(standing.facts, said):
        return standing
    for row in _in_force(programme.code):
        row.superseded_at = at
    db.session.flush()  # one sheet in force per version
    sheet = Document(
        programme_id=programme.id,
        kind=KIND,
        version=programme.version,
        facts=said,
        state=DocumentState.PENDING.value,
        attempts=0,
        created_at=at,
    )
    db.session.add(sheet)
    db.session.flush()
    return sheet


def current(programme: Programme) -> Document | None:
    """The sheet in force of that version."""
    return db.session.scalar(
        select(Document).filter_by(programme_id=programme.id, superseded_at=None)
    )


def is_up_to_date(programme: Programme, organisation: Organisation) -> bool:
    """Whether its sheet says what would be printed now (the letterhead may have changed)."""
    sheet = current(programme)
    return sheet is not None and _same(sheet.facts, facts(programme, organisation, clock.today()))


def _same(one: Facts, other: Facts) -> bool:
    return {**one, "issued_on": ""} == {**other, "issued_on": ""}


def _in_force(code: str) -> list[Document]:
    return list(
        db.session.scalars(
            select(Document)
            .join(Programme, Programme.id == Document.programme_id)
            .where(Programme.code == code, Document.superseded_at.is_(None))
        )
    )
