"""Papers may be read over before they leave; people are invited, and manage their account."""

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
    # SQLite writes a column added in place after the constraints; recreated, it stands among columns
    recreate = "always" if op.get_bind().dialect.name == "sqlite" else "never"
    with op.batch_alter_table("email", schema=None, recreate=recreate) as table:
        table.add_column(sa.Column("bounced_at", sa.DateTime(), nullable=True))
    with op.batch_alter_table("organisation", schema=None) as table:
        table.add_column(sa.Column("reads_over", sa.Boolean(), nullable=True))
    op.execute("UPDATE organisation SET reads_over = false")
    with op.batch_alter_table("organisation", schema=None) as table:
        table.alter_column("reads_over", existing_type=sa.Boolean(), nullable=False)
    profiles()
    account_links()


def profiles() -> None:
    """What people say of themselves; everyone who had an account had a password."""
    with op.batch_alter_table("user", schema=None) as table:
        for name in ("specialities", "vat_regime", "cv_sha256"):
            table.add_column(sa.Column(name, sa.String(), nullable=True))
        table.add_column(sa.Column("password_set_at", sa.DateTime(), nullable=True))
        table.create_check_constraint(
            op.f("ck_user_vat_regime"), sa.text("vat_regime IN ('exempt', 'standard', 'franchise')")
        )
    op.execute("UPDATE \"user\" SET specialities = '', password_set_at = created_at")
    with op.batch_alter_table("user", schema=None) as table:
        table.alter_column("specialities", existing_type=sa.String(), nullable=False)


def account_links() -> None:
    op.create_table(
        "account_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("used_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint(
            "purpose IN ('invitation', 'reset', 'address', 'not_me')",
            name=op.f("ck_account_link_purpose"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_account_link_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_link")),
    )
    with op.batch_alter_table("account_link", schema=None) as table:
        table.create_index(table.f("ix_account_link_user_id"), ["user_id"], unique=False)


def downgrade() -> None:
    op.drop_table("account_link")
    with op.batch_alter_table("user", schema=None) as table:
        table.drop_constraint(op.f("ck_user_vat_regime"), type_="check")
        for name in ("password_set_at", "cv_sha256", "vat_regime", "specialities"):
            table.drop_column(name)
    with op.batch_alter_table("organisation", schema=None) as table:
        table.drop_column("reads_over")
    with op.batch_alter_table("email", schema=None) as table:
        table.drop_column("bounced_at")
    # what waited to be read over leaves in a portal where nothing is
    op.execute("UPDATE email SET state = 'queued' WHERE state = 'held'")
    states_of_email(*STATES)


def states_of_email(*states: str) -> None:
    listed = ", ".join(f"'{state}'" for state in states)
    with op.batch_alter_table("email", schema=None) as table:
        table.drop_constraint(op.f(STATE), type_="check")
        table.create_check_constraint(op.f(STATE), sa.text(f"state IN ({listed})"))
