"""The queue of agreements as a table."""

from collections.abc import Iterator

from sqlalchemy import select

from portal.companies.models import Company
from portal.extensions import db
from portal.funding.models import Agreement
from portal.funding.rules import AgreementState, opcos
from portal.tabular import Column, Kind, Row
from portal.training.models import Programme, TrainingSession

BATCH = 500  # rows held at once
COLUMNS = (
    Column("Reçu", Kind.MOMENT, 17),
    Column("Session", width=14),
    Column("Client", width=32),
    Column("SIRET", width=18),
    Column("Formation", width=40),
    Column("Début", Kind.DAY, 12),
    Column("Financeur", width=20),
    Column("Prix HT", Kind.MONEY, 14),
)


def rows() -> Iterator[Row]:
    """The agreements to check, the one received first first."""
    session = TrainingSession
    found = db.session.execute(
        select(
            Agreement.received_at, session.ref, Company.legal_name, Company.siret,
            Programme.title, session.first_day, session.opco_code, session.price_cents,
        )
        .join(session, session.id == Agreement.training_id)
        .outerjoin(Company, Company.training_id == session.id)
        .outerjoin(Programme, Programme.id == session.programme_id)
        .where(Agreement.state == AgreementState.RECEIVED.value)
        .order_by(Agreement.received_at, Agreement.id)
        .execution_options(yield_per=BATCH)
    )  # fmt: skip
    for received, ref, client, siret, title, first_day, code, cents in found:
        opco = opcos().get(code or "")
        name = opco.name if opco else ""
        yield (received, ref, client or "", siret or "", title or "", first_day, name, cents)
