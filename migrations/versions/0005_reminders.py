"""Reminders: what left, the delays chosen, the dossiers on pause, the rounds made."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | Sequence[str] | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KINDS = "kind IN ('answers', 'filing', 'agreement', 'signature', 'start')"


def upgrade() -> None:
    op.create_table(
        "reminder",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("training_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("sent_at", sa.DateTime(), nullable=False),
        sa.Column("by", sa.String(), nullable=True),
        sa.CheckConstraint(KINDS, name=op.f("ck_reminder_kind")),
        _session("reminder"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
        sa.UniqueConstraint(
            "training_id", "kind", "day", name=op.f("uq_reminder_training_id_kind_day")
        ),
    )
    op.create_table(
        "reminder_setting",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("after_days", sa.Integer(), nullable=False),
        sa.Column("gap_days", sa.Integer(), nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_reminder_setting_kind")),
        sa.CheckConstraint(
            "after_days BETWEEN 1 AND 60 AND gap_days BETWEEN 1 AND 60",
            name=op.f("ck_reminder_setting_days"),
        ),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_reminder_setting")),
    )
    op.create_table(
        "reminder_pause",
        sa.Column("training_id", sa.Integer(), nullable=False),
        sa.Column("paused_at", sa.DateTime(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        _session("reminder_pause"),
        sa.PrimaryKeyConstraint("training_id", name=op.f("pk_reminder_pause")),
    )
    op.create_table(
        "reminder_round",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_reminder_round")),
    )


def _session(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["training_id"],
        ["training_session.id"],
        name=op.f(f"fk_{table}_training_id"),
    )


def downgrade() -> None:
    for name in ("reminder_round", "reminder_pause", "reminder_setting", "reminder"):
        op.drop_table(name)
