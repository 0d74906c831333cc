"""The lists of sessions are read in the order of two indexes, prices included."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | Sequence[str] | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLE = "training_session"
LISTED = ("state", sa.text("coalesce(first_day, '9999-12-31')"), "id", "price_cents")


def upgrade() -> None:
    op.drop_index("ix_training_session_list", TABLE)
    op.create_index("ix_training_session_list", TABLE, list(LISTED))
    op.create_index("ix_training_session_own_list", TABLE, ["trainer_id", *LISTED])


def downgrade() -> None:
    op.drop_index("ix_training_session_own_list", TABLE)
    op.drop_index("ix_training_session_list", TABLE)
    op.create_index("ix_training_session_list", TABLE, ["trainer_id", "state", "first_day", "id"])
