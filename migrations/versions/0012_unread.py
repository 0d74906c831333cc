"""What lists look for, unread messages and returned e-mails, is kept apart from all the rest."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | Sequence[str] | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SIDES = ("client", "trainer", "office")
LISTED = ", ".join(f"'{side}'" for side in SIDES)


def upgrade() -> None:
    op.create_table(
        "unread_message",
        sa.Column("training_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(f"role IN ({LISTED})", name=op.f("ck_unread_message_role")),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_unread_message_message_id")
        ),
        sa.ForeignKeyConstraint(
            ["training_id"], ["training_session.id"], name=op.f("fk_unread_message_training_id")
        ),
        sa.PrimaryKeyConstraint("training_id", "role", name=op.f("pk_unread_message")),
    )
    op.create_index(
        "ix_email_bounced",
        "email",
        ["bounced_at"],
        sqlite_where=sa.text("bounced_at IS NOT NULL"),
        postgresql_where=sa.text("bounced_at IS NOT NULL"),
    )
    op.create_index("ix_unread_message_list", "unread_message", ["role", "message_id"])
    for side in SIDES:
        op.execute(
            f"INSERT INTO unread_message (training_id, role, message_id)"  # noqa: S608 - ours
            f" SELECT message.training_id, '{side}', max(message.id) FROM message"
            f" LEFT JOIN message_mark ON message_mark.training_id = message.training_id"
            f" AND message_mark.role = '{side}'"
            f" WHERE message.author_role <> '{side}'"
            f" AND message.id > coalesce(message_mark.message_id, 0)"
            f" GROUP BY message.training_id"
        )


def downgrade() -> None:
    op.drop_table("unread_message")
    op.drop_index("ix_email_bounced", "email")
