"""The queue of agreements as a table."""

from collections.abc import Iterator

from sqlalchemy import select

from portal.companies.models import Company
from portal.extensions import streamed
from portal.funding.models import Agreement
from portal.funding.rules import AgreementState, opcos
from portal.tabular import Column, Kind, Row
from portal.training.models import Programme, TrainingSession

_t = TrainingSession
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
    found = streamed(
        select(
            Agreement.received_at, _t.ref, Company.legal_name, Company.siret,
            Programme.title, _t.first_day, _t.opco_code, _t.price_cents,
        )
        .join(_t, _t.id == Agreement.training_id)
        .outerjoin(Company, Company.training_id == _t.id)
        .outerjoin(Programme, Programme.id == _t.programme_id)
        .where(Agreement.state == AgreementState.RECEIVED.value)
        .order_by(Agreement.received_at, Agreement.id)
    )  # fmt: skip
    for received, ref, client, siret, title, first_day, code, cents in found:
        opco = opcos().get(code or "")
        name = opco.name if opco else ""
        yield (received, ref, client or "", siret or "", title or "", first_day, name, cents)
