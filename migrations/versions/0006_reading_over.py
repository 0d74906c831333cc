"""Papers may be read over before they leave."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | Sequence[str] | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

STATE = "ck_email_state"
STATES = ("queued", "sent", "kept", "uncertain", "failed", "cancelled")


def upgrade() -> None:
    states_of_email("held", *STATES)
    with op.batch_alter_table("organisation", schema=None) as table:
        table.add_column(sa.Column("reads_over", sa.Boolean(), nullable=True))
    op.execute("UPDATE organisation SET reads_over = false")
    with op.batch_alter_table("organisation", schema=None) as table:
        table.alter_column("reads_over", existing_type=sa.Boolean(), nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("organisation", schema=None) as table:
        table.drop_column("reads_over")
    # what waited to be read over leaves in a portal where nothing is
    op.execute("UPDATE email SET state = 'queued' WHERE state = 'held'")
    states_of_email(*STATES)


def states_of_email(*states: str) -> None:
    listed = ", ".join(f"'{state}'" for state in states)
    with op.batch_alter_table("email", schema=None) as table:
        table.drop_constraint(op.f(STATE), type_="check")
        table.create_check_constraint(op.f(STATE), sa.text(f"state IN ({listed})"))
