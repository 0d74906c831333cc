"""The tables of the first version."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from portal.journal.triggers import FUNCTIONS, statements

revision: str = "0001"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.create_index("ix_attempt_key_at", ["key", "at"], unique=False)

    op.create_table(
        "counter",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counter")),
    )
    op.create_table(
        "held_form",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key_sha256", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("form_json", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_form")),
        sa.UniqueConstraint("key_sha256", name=op.f("uq_held_form_key_sha256")),
    )
    with op.batch_alter_table("held_form", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_held_form_created_at"), ["created_at"], unique=False)

    op.create_table(
        "organisation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("legal_form", sa.String(), nullable=False),
        sa.Column("capital_cents", sa.Integer(), nullable=True),
        sa.Column("rcs", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("postcode", sa.String(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("siret", sa.String(), nullable=False),
        sa.Column("nda", sa.String(), nullable=False),
        sa.Column("nda_region", sa.String(), nullable=False),
        sa.Column("vat_regime", sa.String(), nullable=False),
        sa.Column("vat_number", sa.String(), nullable=True),
        sa.Column("iban", sa.String(), nullable=False),
        sa.Column("signatory_name", sa.String(), nullable=False),
        sa.Column("signatory_function", sa.String(), nullable=False),
        sa.Column("contact_name", sa.String(), nullable=False),
        sa.Column("contact_function", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("website", sa.String(), nullable=True),
        sa.Column("logo_sha256", sa.String(), nullable=True),
        sa.Column("accent", sa.String(), nullable=False),
        sa.Column("qualiopi_number", sa.String(), nullable=False),
        sa.Column("qualiopi_certifier", sa.String(), nullable=False),
        sa.Column("qualiopi_valid_until", sa.Date(), nullable=False),
        sa.Column("disability_name", sa.String(), nullable=False),
        sa.Column("disability_email", sa.String(), nullable=False),
        sa.Column("disability_phone", sa.String(), nullable=False),
        sa.Column("internal_rules", sa.String(), nullable=False),
        sa.Column("terms", sa.String(), nullable=False),
        sa.Column("mediator", sa.String(), nullable=True),
        sa.Column("hosting", sa.String(), nullable=False),
        sa.Column("quote_validity_days", sa.Integer(), nullable=False),
        sa.Column("payment_days", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "vat_regime IN ('exempt', 'standard', 'franchise')",
            name=op.f("ck_organisation_vat_regime"),
        ),
        sa.CheckConstraint("id = 1", name=op.f("ck_organisation_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
    )
    op.create_table(
        "programme",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("dated", sa.Date(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("objectives", sa.JSON(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("prerequisites", sa.String(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("access_delay", sa.String(), nullable=False),
        sa.Column("methods", sa.String(), nullable=False),
        sa.Column("means", sa.String(), nullable=False),
        sa.Column("follow_up", sa.String(), nullable=False),
        sa.Column("assessment", sa.String(), nullable=False),
        sa.Column("sanction", sa.String(), nullable=False),
        sa.Column("accessibility", sa.String(), nullable=False),
        sa.Column("results", sa.String(), nullable=True),
        sa.Column("certification", sa.String(), nullable=True),
        sa.Column("remote_help", sa.String(), nullable=True),
        sa.Column("price_cents", sa.Integer(), nullable=False),
        sa.Column("price_basis", sa.String(), nullable=False),
        sa.Column("archived_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint(
            "price_basis IN ('flat', 'day', 'hour', 'trainee', 'hour_trainee')",
            name=op.f("ck_programme_price_basis"),
        ),
        sa.CheckConstraint("minutes > 0", name=op.f("ck_programme_minutes")),
        sa.CheckConstraint("price_cents >= 0", name=op.f("ck_programme_price")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programme")),
        sa.UniqueConstraint("code", name=op.f("uq_programme_code")),
    )
    op.create_table(
        "user",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("first_name", sa.String(), nullable=False),
        sa.Column("last_name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("titles", sa.String(), nullable=False),
        sa.Column("qualifications", sa.String(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("is_demonstration", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("role IN ('trainer', 'office')", name=op.f("ck_user_role")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        sa.UniqueConstraint("email", name=op.f("uq_user_email")),
    )
    op.create_table(
        "login_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.Column("ip", sa.String(), nullable=True),
        sa.Column("user_agent", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_login_session_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_session")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_login_session_token_sha256")),
    )
    with op.batch_alter_table("login_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_login_session_user_id"), ["user_id"], unique=False)

    op.create_table(
        "training_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("creation_key", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("trainer_id", sa.Integer(), nullable=False),
        sa.Column("programme_id", sa.Integer(), nullable=True),
        sa.Column("price_basis", sa.String(), nullable=True),
        sa.Column("unit_price_cents", sa.Integer(), nullable=True),
        sa.Column("price_cents", sa.Integer(), nullable=True),
        sa.Column("vat_regime", sa.String(), nullable=True),
        sa.Column("place_mode", sa.String(), nullable=True),
        sa.Column("place", sa.String(), nullable=True),
        sa.Column("access_notes", sa.String(), nullable=True),
        sa.Column("remote_percent", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("headcount", sa.Integer(), nullable=True),
        sa.Column("needs_adaptation", sa.Boolean(), nullable=True),
        sa.Column("funder_choice", sa.String(), nullable=True),
        sa.Column("opco_code", sa.String(), nullable=True),
        sa.Column("subrogation", sa.Boolean(), nullable=True),
        sa.Column("search_text", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.Column("shared_at", sa.DateTime(), nullable=True),
        sa.Column("completed_at", sa.DateTime(), nullable=True),
        sa.Column("completed_by", sa.String(), nullable=True),
        sa.Column("sent_at", sa.DateTime(), nullable=True),
        sa.Column("filed_on", sa.Date(), nullable=True),
        sa.Column("filed_by", sa.String(), nullable=True),
        sa.Column("filing_number", sa.String(), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(), nullable=True),
        sa.Column("cancel_reason", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(state = 'cancelled') = (cancelled_at IS NOT NULL)",
            name=op.f("ck_training_session_cancelled_at"),
        ),
        sa.CheckConstraint(
            "filed_on IS NULL OR state <> 'draft'",
            name=op.f("ck_training_session_filed_after_sent"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'cancelled') OR (sent_at IS NOT NULL AND price_cents IS NOT NULL AND first_day IS NOT NULL AND vat_regime IS NOT NULL AND headcount IS NOT NULL)",
            name=op.f("ck_training_session_sent_is_complete"),
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'sent', 'agreement_received', 'funded', 'refused', 'running', 'done', 'invoiced', 'settled', 'cancelled')",
            name=op.f("ck_training_session_state"),
        ),
        sa.CheckConstraint("way IN ('link', 'self')", name=op.f("ck_training_session_way")),
        sa.CheckConstraint(
            "headcount IS NULL OR headcount > 0", name=op.f("ck_training_session_headcount")
        ),
        sa.CheckConstraint(
            "price_cents IS NULL OR price_cents > 0", name=op.f("ck_training_session_price")
        ),
        sa.CheckConstraint(
            "remote_percent BETWEEN 0 AND 100", name=op.f("ck_training_session_remote_percent")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_training_session_programme_id")
        ),
        sa.ForeignKeyConstraint(
            ["trainer_id"], ["user.id"], name=op.f("fk_training_session_trainer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_session")),
        sa.UniqueConstraint("creation_key", name=op.f("uq_training_session_creation_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_training_session_public_id")),
        sa.UniqueConstraint("ref", name=op.f("uq_training_session_ref")),
    )
    with op.batch_alter_table("training_session", schema=None) as batch_op:
        batch_op.create_index(
            "ix_training_session_list", ["trainer_id", "state", "first_day", "id"], unique=False
        )

    op.create_table(
        "company",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("training_id", sa.Integer(), nullable=False),
        sa.Column("siret", sa.String(), nullable=False),
        sa.Column("legal_name", sa.String(), nullable=False),
        sa.Column("naf", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("postcode", sa.String(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("staff_count", sa.Integer(), nullable=True),
        sa.Column("recovers_vat", sa.Boolean(), nullable=False),
        sa.Column("signatory_first_name", sa.String(), nullable=False),
        sa.Column("signatory_last_name", sa.String(), nullable=False),
        sa.Column("signatory_function", sa.String(), nullable=False),
        sa.Column("signatory_email", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("contact_name", sa.String(), nullable=True),
        sa.Column("contact_email", sa.String(), nullable=True),
        sa.Column("billing_address", sa.String(), nullable=True),
        sa.CheckConstraint("staff_count IS NULL OR staff_count > 0", name=op.f("ck_company_staff")),
        sa.ForeignKeyConstraint(
            ["training_id"], ["training_session.id"], name=op.f("fk_company_training_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_company")),
        sa.UniqueConstraint("training_id", name=op.f("uq_company_training_id")),
    )
    with op.batch_alter_table("company", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_company_siret"), ["siret"], unique=False)

    op.create_table(
        "document",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("training_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("octets", sa.Integer(), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("ready_at", sa.DateTime(), nullable=True),
        sa.Column("superseded_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint(
            "(state = 'ready') = (sha256 IS NOT NULL)", name=op.f("ck_document_ready_has_file")
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'ready', 'failed')", name=op.f("ck_document_state")
        ),
        sa.ForeignKeyConstraint(
            ["training_id"], ["training_session.id"], name=op.f("fk_document_training_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        sa.UniqueConstraint(
            "training_id", "kind", "version", name=op.f("uq_document_training_id_kind_version")
        ),
    )
    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_document_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_document_training_id"), ["training_id"], unique=False)
        batch_op.create_index(
            "uq_document_current",
            ["training_id", "kind"],
            unique=True,
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )

    op.create_table(
        "email",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("training_id", sa.Integer(), nullable=True),
        sa.Column("letter", sa.String(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("to_email", sa.String(), nullable=False),
        sa.Column("to_name", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("context", sa.JSON(), nullable=False),
        sa.Column("document_ids", sa.JSON(), nullable=False),
        sa.Column("dedupe_key", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(), nullable=False),
        sa.Column("lease_until", sa.DateTime(), nullable=True),
        sa.Column("reply", sa.String(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("sent_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint(
            "(state = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_email_sent_at")
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'sent', 'kept', 'uncertain', 'failed', 'cancelled')",
            name=op.f("ck_email_state"),
        ),
        sa.ForeignKeyConstraint(
            ["training_id"], ["training_session.id"], name=op.f("fk_email_training_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_email")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_email_dedupe_key")),
        sa.UniqueConstraint("message_id", name=op.f("uq_email_message_id")),
    )
    with op.batch_alter_table("email", schema=None) as batch_op:
        batch_op.create_index("ix_email_due", ["state", "next_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_email_training_id"), ["training_id"], unique=False)

    op.create_table(
        "half_day",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("training_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.CheckConstraint("period IN ('morning', 'afternoon')", name=op.f("ck_half_day_period")),
        sa.CheckConstraint("ends > starts", name=op.f("ck_half_day_order")),
        sa.ForeignKeyConstraint(
            ["training_id"], ["training_session.id"], name=op.f("fk_half_day_training_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_half_day")),
        sa.UniqueConstraint(
            "training_id", "day", "period", name=op.f("uq_half_day_training_id_day_period")
        ),
    )
    op.create_table(
        "journal_entry",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("actor_role", sa.String(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("training_id", sa.Integer(), nullable=True),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("details_sha256", sa.String(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["training_id"], ["training_session.id"], name=op.f("fk_journal_entry_training_id")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_journal_entry")),
        sa.UniqueConstraint("sha256", name=op.f("uq_journal_entry_sha256")),
    )
    with op.batch_alter_table("journal_entry", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_journal_entry_training_id"), ["training_id"], unique=False
        )

    op.create_table(
        "share_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("training_id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("recipient_email", sa.String(), nullable=True),
        sa.Column("issued_by_id", sa.Integer(), nullable=True),
        sa.Column("rotation", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint("scope IN ('space')", name=op.f("ck_share_link_scope")),
        sa.ForeignKeyConstraint(
            ["issued_by_id"], ["user.id"], name=op.f("fk_share_link_issued_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["training_id"], ["training_session.id"], name=op.f("fk_share_link_training_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_share_link")),
    )
    with op.batch_alter_table("share_link", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_share_link_training_id"), ["training_id"], unique=False
        )

    op.create_table(
        "topic_answers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("training_id", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("raw", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("edit_id", sa.String(), nullable=False),
        sa.Column("is_valid", sa.Boolean(), nullable=False),
        sa.Column("saved_at", sa.DateTime(), nullable=False),
        sa.Column("saved_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["training_id"], ["training_session.id"], name=op.f("fk_topic_answers_training_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic_answers")),
        sa.UniqueConstraint(
            "training_id", "topic", name=op.f("uq_topic_answers_training_id_topic")
        ),
    )
    op.create_table(
        "trainee",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("training_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("first_name", sa.String(), nullable=False),
        sa.Column("last_name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("job", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["training_id"], ["training_session.id"], name=op.f("fk_trainee_training_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trainee")),
    )
    with op.batch_alter_table("trainee", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_trainee_training_id"), ["training_id"], unique=False)

    op.create_table(
        "grant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cookie_sha256", sa.String(), nullable=False),
        sa.Column("link_id", sa.Integer(), nullable=False),
        sa.Column("rotation", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["link_id"], ["share_link.id"], name=op.f("fk_grant_link_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grant")),
    )
    with op.batch_alter_table("grant", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_grant_link_id"), ["link_id"], unique=False)
        batch_op.create_index("uq_grant_cookie_link", ["cookie_sha256", "link_id"], unique=True)

    op.create_table(
        "journal_details",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["seq"], ["journal_entry.seq"], name=op.f("fk_journal_details_seq")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_journal_details")),
    )
    for statement in statements(op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("journal_details")
    with op.batch_alter_table("grant", schema=None) as batch_op:
        batch_op.drop_index("uq_grant_cookie_link")
        batch_op.drop_index(batch_op.f("ix_grant_link_id"))

    op.drop_table("grant")
    with op.batch_alter_table("trainee", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_trainee_training_id"))

    op.drop_table("trainee")
    op.drop_table("topic_answers")
    with op.batch_alter_table("share_link", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_share_link_training_id"))

    op.drop_table("share_link")
    with op.batch_alter_table("journal_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_journal_entry_training_id"))

    op.drop_table("journal_entry")
    for function in FUNCTIONS[op.get_bind().dialect.name]:
        op.execute(f"DROP FUNCTION {function}")
    op.drop_table("half_day")
    with op.batch_alter_table("email", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_email_training_id"))
        batch_op.drop_index("ix_email_due")

    op.drop_table("email")
    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_document_current",
            sqlite_where=sa.text("superseded_at IS NULL"),
            postgresql_where=sa.text("superseded_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_document_training_id"))
        batch_op.drop_index(batch_op.f("ix_document_state"))

    op.drop_table("document")
    with op.batch_alter_table("company", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_company_siret"))

    op.drop_table("company")
    with op.batch_alter_table("training_session", schema=None) as batch_op:
        batch_op.drop_index("ix_training_session_list")

    op.drop_table("training_session")
    with op.batch_alter_table("login_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_login_session_user_id"))

    op.drop_table("login_session")
    op.drop_table("user")
    op.drop_table("programme")
    op.drop_table("organisation")
    with op.batch_alter_table("held_form", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_held_form_created_at"))

    op.drop_table("held_form")
    op.drop_table("counter")
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.drop_index("ix_attempt_key_at")

    op.drop_table("attempt")
