"""The funder's agreement, files handed in, signatures and their codes, and what they decide."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | Sequence[str] | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ADDED = {
    "granted": "granted_cents BETWEEN 0 AND price_cents",
    "committed_signed": "committed_cents IS NULL OR signed_at IS NOT NULL",
    "funded_is_decided": (
        "state NOT IN ('funded', 'running', 'done', 'invoiced', 'settled')"
        " OR (granted_cents IS NOT NULL AND funded_at IS NOT NULL)"
    ),
    "running_is_covered": (
        "state NOT IN ('running', 'done', 'invoiced', 'settled')"
        " OR granted_cents = price_cents OR committed_cents IS NOT NULL"
    ),
}
COLUMNS: tuple[tuple[str, type[sa.types.TypeEngine[object]]], ...] = (
    ("granted_cents", sa.Integer),
    ("granted_vat_cents", sa.Integer),
    ("funded_at", sa.DateTime),
    ("self_funded_at", sa.DateTime),
    ("refused_at", sa.DateTime),
    ("refusal_reason", sa.String),
    ("signed_at", sa.DateTime),
    ("committed_cents", sa.Integer),
    ("committed_at", sa.DateTime),
    ("declined_at", sa.DateTime),
    ("decline_reason", sa.String),
    ("started_at", sa.DateTime),
)


SCOPE = "ck_share_link_scope"


def upgrade() -> None:
    create_received()
    create_signed()
    with op.batch_alter_table("share_link", schema=None) as table:
        table.drop_constraint(op.f(SCOPE), type_="check")
        table.create_check_constraint(op.f(SCOPE), sa.text("scope IN ('space', 'sign')"))
    with op.batch_alter_table("training_session", schema=None) as table:
        for name, kind in COLUMNS:
            table.add_column(sa.Column(name, kind(), nullable=True))
        for name, condition in ADDED.items():
            table.create_check_constraint(op.f(f"ck_training_session_{name}"), sa.text(condition))


def downgrade() -> None:
    with op.batch_alter_table("training_session", schema=None) as table:
        for name in ADDED:
            table.drop_constraint(op.f(f"ck_training_session_{name}"), type_="check")
        for name, _kind in reversed(COLUMNS):
            table.drop_column(name)
    for name in ("signature", "one_time_code", "agreement", "upload"):
        op.drop_table(name)
    # a link that only signs opens nothing in a portal where nothing is signed
    op.execute(
        "DELETE FROM \"grant\" WHERE link_id IN (SELECT id FROM share_link WHERE scope = 'sign')"
    )
    op.execute("DELETE FROM share_link WHERE scope = 'sign'")
    with op.batch_alter_table("share_link", schema=None) as table:
        table.drop_constraint(op.f(SCOPE), type_="check")
        table.create_check_constraint(op.f(SCOPE), sa.text("scope IN ('space')"))


def create_received() -> None:

    op.create_table(
        "upload",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("training_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("octets", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("originals", sa.JSON(), nullable=False),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("page_images", sa.JSON(), nullable=True),
        sa.Column("words", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(), nullable=True),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.Column("received_role", sa.String(), nullable=False),
        sa.Column("received_by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "purpose IN ('agreement', 'signed_paper')", name=op.f("ck_upload_purpose")
        ),
        sa.CheckConstraint(
            "state IN ('received', 'prepared', 'failed')", name=op.f("ck_upload_state")
        ),
        sa.ForeignKeyConstraint(
            ["training_id"], ["training_session.id"], name=op.f("fk_upload_training_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
    )
    with op.batch_alter_table("upload", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_upload_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_upload_training_id"), ["training_id"], unique=False)

    op.create_table(
        "agreement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("training_id", sa.Integer(), nullable=False),
        sa.Column("upload_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.Column("suggestions", sa.JSON(), nullable=True),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("printed_cents", sa.Integer(), nullable=True),
        sa.Column("base", sa.String(), nullable=True),
        sa.Column("funder_pays_vat", sa.Boolean(), nullable=True),
        sa.Column("subrogation", sa.Boolean(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("looked_at", sa.DateTime(), nullable=True),
        sa.Column("looked_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("base IS NULL OR base IN ('HT', 'TTC')", name=op.f("ck_agreement_base")),
        sa.CheckConstraint(
            "state <> 'validated' OR (printed_cents > 0 AND base IS NOT NULL AND subrogation IS NOT NULL AND decided_at IS NOT NULL)",
            name=op.f("ck_agreement_validated_is_complete"),
        ),
        sa.CheckConstraint(
            "state IN ('received', 'returned', 'validated', 'refused', 'replaced', 'corrected')",
            name=op.f("ck_agreement_state"),
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["user.id"], name=op.f("fk_agreement_decided_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["looked_by_id"], ["user.id"], name=op.f("fk_agreement_looked_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["training_id"], ["training_session.id"], name=op.f("fk_agreement_training_id")
        ),
        sa.ForeignKeyConstraint(["upload_id"], ["upload.id"], name=op.f("fk_agreement_upload_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreement")),
    )
    with op.batch_alter_table("agreement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agreement_training_id"), ["training_id"], unique=False)
        batch_op.create_index(
            "uq_agreement_open",
            ["training_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('received', 'validated')"),
            postgresql_where=sa.text("state IN ('received', 'validated')"),
        )


def create_signed() -> None:
    op.create_table(
        "one_time_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("link_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("issued_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.DateTime(), nullable=True),
        sa.Column("voided_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint(
            "channel IN ('email', 'sms', 'phone')", name=op.f("ck_one_time_code_channel")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_one_time_code_document_id")
        ),
        sa.ForeignKeyConstraint(
            ["link_id"], ["share_link.id"], name=op.f("fk_one_time_code_link_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_code")),
    )
    with op.batch_alter_table("one_time_code", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_one_time_code_link_id"), ["link_id"], unique=False)

    op.create_table(
        "signature",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("training_id", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("function", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("committed_cents", sa.Integer(), nullable=True),
        sa.Column("signed_at", sa.DateTime(), nullable=False),
        sa.Column("voided_at", sa.DateTime(), nullable=True),
        sa.Column("void_reason", sa.String(), nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("sealed_sha256", sa.String(), nullable=True),
        sa.Column("proof_sha256", sa.String(), nullable=True),
        sa.Column("proof_json_sha256", sa.String(), nullable=True),
        sa.Column("upload_id", sa.Integer(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.CheckConstraint("kind IN ('online', 'paper')", name=op.f("ck_signature_kind")),
        sa.CheckConstraint(
            "committed_cents IS NULL OR committed_cents >= 0", name=op.f("ck_signature_committed")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["document.id"], name=op.f("fk_signature_document_id")
        ),
        sa.ForeignKeyConstraint(
            ["training_id"], ["training_session.id"], name=op.f("fk_signature_training_id")
        ),
        sa.ForeignKeyConstraint(["upload_id"], ["upload.id"], name=op.f("fk_signature_upload_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signature")),
        sa.UniqueConstraint("code", name=op.f("uq_signature_code")),
    )
    with op.batch_alter_table("signature", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_signature_sealed_sha256"), ["sealed_sha256"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_signature_training_id"), ["training_id"], unique=False)
        batch_op.create_index(
            "uq_signature_document",
            ["document_id"],
            unique=True,
            sqlite_where=sa.text("voided_at IS NULL"),
            postgresql_where=sa.text("voided_at IS NULL"),
        )
