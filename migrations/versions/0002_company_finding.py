"""What the directory of companies says of a dossier's company, and who confirmed its OPCO."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | Sequence[str] | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "company_finding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("training_id", sa.Integer(), nullable=False),
        sa.Column("siret", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("card", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("proposal", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("looked_up_at", sa.DateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(), nullable=True),
        sa.Column("confirmed_code", sa.String(), nullable=True),
        sa.Column("confirmed_siret", sa.String(), nullable=True),
        sa.Column("confirmed_by", sa.String(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('pending', 'found', 'unknown')", name=op.f("ck_company_finding_state")
        ),
        sa.CheckConstraint(
            "(confirmed_at IS NULL) = (confirmed_code IS NULL)",
            name=op.f("ck_company_finding_confirmed"),
        ),
        sa.ForeignKeyConstraint(
            ["training_id"],
            ["training_session.id"],
            name=op.f("fk_company_finding_training_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_company_finding")),
        sa.UniqueConstraint("training_id", name=op.f("uq_company_finding_training_id")),
    )
    with op.batch_alter_table("company_finding", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_company_finding_next_try_at"), ["next_try_at"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("company_finding", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_company_finding_next_try_at"))
    op.drop_table("company_finding")
