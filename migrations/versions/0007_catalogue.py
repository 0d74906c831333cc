"""Versions of a programme side by side, its public page and sheet; calendars by secret address."""

import re
import unicodedata
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | Sequence[str] | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

IN_FORCE = {
    "sqlite_where": sa.text("replaced_at IS NULL"),
    "postgresql_where": sa.text("replaced_at IS NULL"),
}
NOT_SUPERSEDED = {
    "sqlite_where": sa.text("superseded_at IS NULL"),
    "postgresql_where": sa.text("superseded_at IS NULL"),
}
CHECKS = {
    "remote_percent": "remote_percent BETWEEN 0 AND 100",
    "public_at": "public_at IS NULL OR (archived_at IS NULL AND replaced_at IS NULL)",
}
ADDED: dict[str, sa.types.TypeEngine[object]] = {
    "certification_code": sa.String(),
    "certifier": sa.String(),
    "certified_on": sa.Date(),
    "nsf_code": sa.String(),
    "replaced_at": sa.DateTime(),
    "public_at": sa.DateTime(),
}
FILLED: dict[str, sa.types.TypeEngine[object]] = {
    "slug": sa.String(),
    "search_text": sa.String(),
    "remote_percent": sa.Integer(),
}


def upgrade() -> None:
    with op.batch_alter_table("programme", schema=None) as table:
        for name, kind in (ADDED | FILLED).items():
            table.add_column(sa.Column(name, kind, nullable=True))
        table.drop_constraint(op.f("uq_programme_code"), type_="unique")
    fill()
    with op.batch_alter_table("programme", schema=None) as table:
        for name, kind in FILLED.items():
            table.alter_column(name, existing_type=kind, nullable=False)
        table.create_unique_constraint(op.f("uq_programme_code_version"), ["code", "version"])
        for name, condition in CHECKS.items():
            table.create_check_constraint(op.f(f"ck_programme_{name}"), sa.text(condition))
        table.create_index("uq_programme_current", ["code"], unique=True, **IN_FORCE)
        table.create_index("uq_programme_slug", ["slug"], unique=True, **IN_FORCE)
    with op.batch_alter_table("document", schema=None) as table:
        table.alter_column("training_id", existing_type=sa.Integer(), nullable=True)
        table.add_column(sa.Column("programme_id", sa.Integer(), nullable=True))
        table.create_foreign_key(
            op.f("fk_document_programme_id"), "programme", ["programme_id"], ["id"]
        )
        table.create_check_constraint(
            op.f("ck_document_one_subject"),
            sa.text("(training_id IS NULL) <> (programme_id IS NULL)"),
        )
        table.create_index("uq_document_sheet", ["programme_id"], unique=True, **NOT_SUPERSEDED)
    create_feeds()


def create_feeds() -> None:
    op.create_table(
        "calendar_feed",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("rotation", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_calendar_feed_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_feed")),
        sa.UniqueConstraint("user_id", name=op.f("uq_calendar_feed_user_id")),
    )


def fill() -> None:
    """Slugs, and words to search, of the programmes that stand: titles may be alike, slugs not."""
    rows = op.get_bind().execute(sa.text("SELECT id, code, title FROM programme ORDER BY id"))
    taken: set[str] = set()
    for row in rows.fetchall():
        text = folded(f"{row.title} {row.code}")
        slug = "-".join(re.findall(r"[a-z0-9]+", folded(row.title)))[:80].strip("-") or "programme"
        slug = slug if slug not in taken else f"{slug}-{row.id}"
        taken.add(slug)
        op.get_bind().execute(
            sa.text(
                "UPDATE programme SET slug = :slug, search_text = :text, remote_percent = 0"
                " WHERE id = :id"
            ),
            {"slug": slug, "text": text, "id": row.id},
        )


def folded(text: str) -> str:
    text = text.lower().replace("œ", "oe").replace("æ", "ae").replace("’", "'")
    letters = unicodedata.normalize("NFKD", text)
    return " ".join("".join(c for c in letters if not unicodedata.combining(c)).split())


def downgrade() -> None:
    """Sheets of the catalogue go; a session keeps its programme, at the version in force."""
    op.drop_table("calendar_feed")
    op.execute("DELETE FROM document WHERE programme_id IS NOT NULL")
    op.execute(
        "UPDATE training_session SET programme_id = (SELECT latest.id FROM programme AS latest"
        " JOIN programme AS chosen ON chosen.code = latest.code"
        " WHERE latest.replaced_at IS NULL AND chosen.id = training_session.programme_id)"
    )
    op.execute("DELETE FROM programme WHERE replaced_at IS NOT NULL")
    with op.batch_alter_table("document", schema=None) as table:
        table.drop_index("uq_document_sheet")
        table.drop_constraint(op.f("ck_document_one_subject"), type_="check")
        table.drop_constraint(op.f("fk_document_programme_id"), type_="foreignkey")
        table.drop_column("programme_id")
        table.alter_column("training_id", existing_type=sa.Integer(), nullable=False)
    with op.batch_alter_table("programme", schema=None) as table:
        table.drop_index("uq_programme_slug")
        table.drop_index("uq_programme_current")
        for name in CHECKS:
            table.drop_constraint(op.f(f"ck_programme_{name}"), type_="check")
        table.drop_constraint(op.f("uq_programme_code_version"), type_="unique")
        for name in (*FILLED, *ADDED):
            table.drop_column(name)
        table.create_unique_constraint(op.f("uq_programme_code"), ["code"])
