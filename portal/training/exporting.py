"""The list of sessions as a table: every line of a tab, read as it is written out."""

from collections.abc import Iterator
from typing import Any

from portal import clock
from portal.access.rules import Role
from portal.extensions import streamed
from portal.funding.rules import FunderChoice, opcos
from portal.tabular import Column, Kind, Row
from portal.training import listing
from portal.training.labels import label
from portal.training.listing import Tab

_COMMON = (
    Column("Référence", width=14),
    Column("Formation", width=40),
    Column("Début", Kind.DAY, 12),
    Column("Fin", Kind.DAY, 12),
    Column("Client", width=32),
    Column("SIRET", width=18),
    Column("Financeur", width=20),
    Column("État", width=26),
    Column("Précision", width=36),
    Column("Prix HT", Kind.MONEY, 14),
    Column("Accordé HT", Kind.MONEY, 14),
)
_TRAINER = Column("Formateur ou formatrice", width=26)


def columns(role: Role) -> tuple[Column, ...]:
    """The office also reads who gives each session."""
    return (*_COMMON, _TRAINER) if role is Role.OFFICE else _COMMON


def rows(role: Role, trainer_id: int | None, tab: Tab, query: str) -> Iterator[Row]:
    """The lines of the tab that the search keeps, in the order of the screen."""
    today = clock.today()
    for line in streamed(listing.every_line(trainer_id, tab, query)):
        yield _row(role, line, label(role, listing.situation(line, today)))


def _row(role: Role, line: Any, state: Any) -> Row:
    opco = opcos().get(line.opco_code or "")
    funder = opco.name if opco else ""
    if line.funder_choice == FunderChoice.NONE:
        funder = "Sans OPCO"
    cells = (
        line.ref,
        line.title or "",
        line.first_day,
        line.last_day,
        line.legal_name or "",
        line.siret or "",
        funder,
        state.text,
        state.note,
        line.price_cents,
        line.granted_cents,
    )
    return (*cells, f"{line.first_name} {line.last_name}") if role is Role.OFFICE else cells
