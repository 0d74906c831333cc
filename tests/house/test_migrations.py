"""The migrations make exactly the tables the models describe, and the journal stays closed."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade

from portal.demonstration import journeys, loader
from portal.extensions import db
from portal.journal import service as journal
from portal.journal.triggers import statements
from tests import databases
from tests.installation import MIGRATIONS, application, close, migrated
from tests.schemas import rows_in, schema_in

REFUSALS = (sqlite3.IntegrityError, psycopg.IntegrityError)


def test_migrations_lead_to_the_models(tmp_path: Path) -> None:
    migrated(tmp_path / "migrated")
    app = application(tmp_path / "created")
    with app.app_context():
        db.create_all()
        close()
    by_migrations = schema_in(tmp_path / "migrated")
    by_models = schema_in(tmp_path / "created")
    assert by_migrations.keys() == by_models.keys()
    for name, clauses in by_models.items():
        assert by_migrations[name] == clauses, name


# an index on an expression is no column to compare: the test above compares its text
@pytest.mark.filterwarnings("ignore:.*expression-based index")
def test_nothing_is_left_to_generate(tmp_path: Path) -> None:
    app = migrated(tmp_path)
    with app.app_context():
        with db.engine.connect() as connection:
            options = {"compare_type": True, "compare_server_default": True}
            context = MigrationContext.configure(connection, opts=options)
            assert compare_metadata(context, db.metadata) == []
        close()


def triggers() -> set[str]:
    """The names of the triggers that keep the journal, on the database of this run."""
    text = "\n".join(statements("postgresql" if databases.ON_POSTGRESQL else "sqlite"))
    return set(re.findall(r"CREATE TRIGGER (\w+)", text))


ENTRY = (
    "INSERT INTO journal_entry"
    " (seq, at, actor_role, event, body, details_sha256, previous, sha256)"
    " VALUES ({}, '2026-11-23', 'clock', 'create', '{{}}', 'd', 'p', '{}')"
)
CHANGES = [
    "UPDATE journal_entry SET event = 'cancel'",
    "DELETE FROM journal_entry",
    "UPDATE journal_details SET details = '{}'",
    ENTRY.format(7, "after a gap"),
]
OWN_CHANGE = (
    "TRUNCATE journal_entry CASCADE"
    if databases.ON_POSTGRESQL
    else "INSERT OR REPLACE INTO journal_entry SELECT * FROM journal_entry"
)


def test_the_journal_refuses_changes_whoever_asks(tmp_path: Path) -> None:
    migrated(tmp_path)
    assert {name for kind, name in schema_in(tmp_path) if kind == "trigger"} == triggers()
    with closing(databases.connect(tmp_path)) as connection:
        connection.execute(ENTRY.format(1, "s"))
        connection.execute("INSERT INTO journal_details VALUES (1, 's', '{}')")
        for change in [*CHANGES, OWN_CHANGE]:
            with pytest.raises(REFUSALS, match="journal ne se modifie pas"):
                connection.execute(change)
        connection.execute("DELETE FROM journal_details")  # the right to erasure


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    app = migrated(tmp_path)
    before = schema_in(tmp_path)
    with app.app_context():
        upgrade(MIGRATIONS)
        close()
    assert schema_in(tmp_path) == before


# stories of the demonstration that stay within what version 0002 knew
BEFORE_0003 = {"vasseur", "partagee", "brouillon", "deposee"}


def test_the_data_of_the_version_before_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sessions, papers, messages, links and the journal of 0002 go through 0003 untouched."""
    app = migrated(tmp_path)
    told = journeys.told
    monkeypatch.setattr(
        journeys, "told", lambda *people: [x for x in told(*people) if x.key in BEFORE_0003]
    )
    with app.app_context():
        loader.load()
        close()
        downgrade(MIGRATIONS, revision="0002")
        close()
        before = rows_in(tmp_path)
        assert len(before["training_session"][1]) >= 4
        assert before["journal_entry"][1]
        assert not {"agreement", "signature", "upload"} & before.keys()
        upgrade(MIGRATIONS)
        assert journal.verify() == []
        close()
    assert rows_in(tmp_path, before) == before
    assert databases.findings(tmp_path) == []
    assert {name for kind, name in schema_in(tmp_path) if kind == "trigger"} == triggers()


def test_what_is_unread_is_found_again_in_what_was_written(tmp_path: Path) -> None:
    """Version 0012 looks at the messages and the marks that were there before it."""
    app = migrated(tmp_path)
    with app.app_context():
        loader.load()
        close()
        kept = rows_in(tmp_path)["unread_message"]
        assert kept[1]
        downgrade(MIGRATIONS, revision="0011")
        upgrade(MIGRATIONS)
        close()
    assert rows_in(tmp_path)["unread_message"] == kept


def test_the_way_back_leaves_no_table(tmp_path: Path) -> None:
    app = migrated(tmp_path)
    with app.app_context():
        downgrade(MIGRATIONS, revision="base")
        close()
    assert schema_in(tmp_path) == {}


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
    assert schema_in(tmp_path) == {}
