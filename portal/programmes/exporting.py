"""The catalogue as a table."""

from collections.abc import Iterator, Sequence

from portal.programmes.rules import is_complete, shown
from portal.tabular import Column, Kind, Row
from portal.training.models import Programme

COLUMNS = (
    Column("Référence", width=14),
    Column("Intitulé", width=40),
    Column("Version", Kind.COUNT, 9),
    Column("Date", Kind.DAY, 12),
    Column("Durée", width=12),
    Column("Prix HT", Kind.MONEY, 14),
    Column("Mode de calcul", width=24),
    Column("Part à distance, en %", Kind.COUNT, 12),
    Column("Spécialité (NSF)", width=40),
    Column("Complet", width=10),
    Column("Page publique", width=14),
)


def rows(programmes: Sequence[Programme]) -> Iterator[Row]:
    """One line per programme, in the order given."""
    for row in programmes:
        yield (
            row.code,
            row.title,
            row.version,
            row.dated,
            shown("minutes", row.minutes),
            row.price_cents,
            shown("price_basis", row.price_basis),
            row.remote_percent,
            shown("nsf_code", row.nsf_code),
            "oui" if is_complete(row.values) else "non",
            "oui" if row.public_at else "non",
        )
