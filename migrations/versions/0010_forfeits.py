"""What a client owes that cancels is a setting of the organisation."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | Sequence[str] | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# What every convention said until now.
FORFEITS = {
    "notice_days": 10,
    "forfeit_percent": 30,
    "late_notice_days": 3,
    "late_forfeit_percent": 50,
}


def upgrade() -> None:
    with op.batch_alter_table("organisation", schema=None) as table:
        for name in FORFEITS:
            table.add_column(sa.Column(name, sa.Integer(), nullable=True))
    organisation = sa.table("organisation", *(sa.column(name) for name in FORFEITS))
    op.execute(organisation.update().values(**FORFEITS))
    with op.batch_alter_table("organisation", schema=None) as table:
        for name in FORFEITS:
            table.alter_column(name, existing_type=sa.Integer(), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("organisation", schema=None) as table:
        for name in reversed(FORFEITS):
            table.drop_column(name)
