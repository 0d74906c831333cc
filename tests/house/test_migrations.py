"""The migrations make exactly the tables the models describe, and the journal stays closed."""

import re
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade

from portal.demonstration import journeys, loader
from portal.extensions import db
from portal.journal import service as journal
from portal.journal.triggers import statements
from tests.installation import MIGRATIONS, application, close, migrated

Schema = dict[tuple[str, str], frozenset[str]]


def schema_of(path: Path) -> Schema:
    """Every table, index and trigger, as the set of its clauses: their order does not matter."""
    connection = sqlite3.connect(path)
    try:
        rows = connection.execute(
            "SELECT type, name, sql FROM sqlite_master"
            " WHERE sql IS NOT NULL AND name <> 'alembic_version'"
        ).fetchall()
    finally:
        connection.close()
    return {
        (kind, name): frozenset(
            re.sub(r"\s+", " ", line).strip(" ,").replace('"', "") for line in sql.splitlines()
        )
        for kind, name, sql in rows
    }


def test_migrations_lead_to_the_models(tmp_path: Path) -> None:
    migrated(tmp_path / "migrated")
    app = application(tmp_path / "created")
    with app.app_context():
        db.create_all()
        close()
    by_migrations = schema_of(tmp_path / "migrated" / "portal.sqlite3")
    by_models = schema_of(tmp_path / "created" / "portal.sqlite3")
    assert by_migrations.keys() == by_models.keys()
    for name, clauses in by_models.items():
        assert by_migrations[name] == clauses, name


def test_nothing_is_left_to_generate(tmp_path: Path) -> None:
    app = migrated(tmp_path)
    with app.app_context():
        with db.engine.connect() as connection:
            options = {"compare_type": True, "compare_server_default": True}
            context = MigrationContext.configure(connection, opts=options)
            assert compare_metadata(context, db.metadata) == []
        close()


def test_the_journal_refuses_changes_whoever_asks(tmp_path: Path) -> None:
    migrated(tmp_path)
    connection = sqlite3.connect(tmp_path / "portal.sqlite3")
    try:
        triggers = connection.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'")
        assert {sql for (sql,) in triggers} == set(statements("sqlite"))
        connection.execute(
            "INSERT INTO journal_entry"
            " (seq, at, actor_role, event, body, details_sha256, previous, sha256)"
            " VALUES (1, '2026-11-23', 'clock', 'create', '{}', 'd', 'p', 's')"
        )
        for change in (
            "UPDATE journal_entry SET event = 'cancel'",
            "DELETE FROM journal_entry",
            "INSERT OR REPLACE INTO journal_entry SELECT * FROM journal_entry",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="journal"):
                connection.execute(change)
    finally:
        connection.close()


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    app = migrated(tmp_path)
    before = schema_of(tmp_path / "portal.sqlite3")
    with app.app_context():
        upgrade(MIGRATIONS)
        close()
    assert schema_of(tmp_path / "portal.sqlite3") == before


Rows = dict[str, tuple[list[str], list[tuple[object, ...]]]]


def rows_of(path: Path, known: Rows | None = None) -> Rows:
    """Every row of every table; with `known`, of its tables and columns alone."""
    connection = sqlite3.connect(path)
    try:
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'alembic_version'"
        names = list(known or [name for (name,) in connection.execute(query)])
        found = {}
        for name in names:
            columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{name}")')]
            columns = sorted(known[name][0] if known else columns)
            listed = ", ".join(f'"{column}"' for column in columns)
            found[name] = (
                columns,
                sorted(connection.execute(f'SELECT {listed} FROM "{name}"'), key=repr),  # noqa: S608
            )
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    finally:
        connection.close()
    return found


# stories of the demonstration that stay within what version 0002 knew
BEFORE_0003 = {"vasseur", "partagee", "brouillon", "deposee"}


def test_the_data_of_the_version_before_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sessions, papers, messages, links and the journal of 0002 go through 0003 untouched."""
    app, path = migrated(tmp_path), tmp_path / "portal.sqlite3"
    told = journeys.told
    monkeypatch.setattr(
        journeys, "told", lambda *people: [x for x in told(*people) if x.key in BEFORE_0003]
    )
    with app.app_context():
        loader.load()
        close()
        downgrade(MIGRATIONS, revision="0002")
        close()
        before = rows_of(path)
        assert len(before["training_session"][1]) >= 4
        assert before["journal_entry"][1]
        assert not {"agreement", "signature", "upload"} & before.keys()
        upgrade(MIGRATIONS)
        assert journal.verify() == []
        close()
    assert rows_of(path, before) == before
    assert {name for kind, name in schema_of(path) if kind == "trigger"} == {
        re.split(r"\s+", sql)[2] for sql in statements("sqlite")
    }


def test_the_way_back_leaves_no_table(tmp_path: Path) -> None:
    app = migrated(tmp_path)
    with app.app_context():
        downgrade(MIGRATIONS, revision="base")
        close()
    assert schema_of(tmp_path / "portal.sqlite3") == {}


def test_a_migration_that_fails_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a schema would be nobody's: the first error takes everything back."""
    app = application(tmp_path)
    monkeypatch.setattr("portal.journal.triggers.statements", lambda _dialect: ("NONSENSE",))
    with app.app_context():
        with pytest.raises(Exception, match="NONSENSE"):
            upgrade(MIGRATIONS)
        close()
    assert schema_of(tmp_path / "portal.sqlite3") == {}
