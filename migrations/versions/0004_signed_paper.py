"""The scan of a paper signed by hand: of which version, and whether the office sent it back."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | Sequence[str] | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

DOCUMENT = "fk_upload_document_id"


def upgrade() -> None:
    with op.batch_alter_table("upload", schema=None) as table:
        table.add_column(sa.Column("document_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("refused_at", sa.DateTime(), nullable=True))
        table.add_column(sa.Column("refused_reason", sa.String(), nullable=True))
        table.create_foreign_key(op.f(DOCUMENT), "document", ["document_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("upload", schema=None) as table:
        table.drop_constraint(op.f(DOCUMENT), type_="foreignkey")
        table.drop_column("refused_reason")
        table.drop_column("refused_at")
        table.drop_column("document_id")
