"""The journal: one chain, written with the act, that betrays whoever rewrites it."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from portal.access.rules import Actor, Role
from portal.extensions import db, writing
from portal.journal import rules, service, triggers
from portal.journal.models import JournalDetails, JournalEntry
from portal.journal.reading import EVENT_TEXT
from portal.training.rules import Event
from tests.emails.mailroom import NOW, make_app

CLAIRE = Actor(Role.TRAINER, 7, "Claire Montagnier", "192.0.2.14")
TRIGGERS = (
    "journal_entry_no_update",
    "journal_entry_no_delete",
    "journal_entry_no_insert",
    "journal_details_no_update",
    "journal_details_no_insert",
)

COPIED = "at, actor_role, actor_id, training_id, event, body, details_sha256, previous"
SECOND = "FROM journal_entry WHERE seq = 2"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    app = make_app(tmp_path)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def file(app: Flask, tmp_path: Path) -> Path:
    """The database file of a journal of five entries."""
    with writing():
        for number in range(5):
            service.record(
                "save_topic",
                CLAIRE,
                NOW + timedelta(minutes=number),
                body={"topics": ["schedule"], "n": number},
                details={"reason": f"Décalage n° {number}"},
            )
    return tmp_path / "portal.sqlite3"


def meddle(file: Path, sql: str, *values: object, unlocked: bool = True) -> None:
    """Writes as someone who holds the file, triggers taken away."""
    with closing(sqlite3.connect(file)) as connection, connection:
        if unlocked:
            for name in TRIGGERS:
                connection.execute(f"DROP TRIGGER {name}")
        connection.execute(sql, values)


def verify(anchor: str | None = None) -> list[str]:
    db.session.rollback()
    return service.verify(anchor)


def test_an_empty_journal_is_whole(app: Flask) -> None:
    assert service.verify() == []
    assert service.head() == rules.GENESIS


def test_each_entry_carries_the_digest_of_the_one_before(file: Path) -> None:
    entries = db.session.scalars(db.select(JournalEntry).order_by(JournalEntry.seq)).all()
    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5]
    assert [entry.previous for entry in entries] == [
        rules.GENESIS,
        *(entry.sha256 for entry in entries[:-1]),
    ]
    assert service.head() == entries[-1].sha256
    assert service.verify() == []


def test_the_chain_names_nobody(file: Path) -> None:
    entry = db.session.get_one(JournalEntry, 3)
    assert entry.actor_id == 7
    assert entry.actor_role == "trainer"
    assert "Claire" not in repr(vars(entry))
    details = db.session.get_one(JournalDetails, 3).details
    assert details == {
        "actor": "Claire Montagnier",
        "ip": "192.0.2.14",
        "reason": "Décalage n° 2",
    }


def test_an_act_that_fails_leaves_no_entry(app: Flask) -> None:
    class Stopped(Exception):
        pass

    def act() -> None:
        with writing():
            service.record("cancel", CLAIRE, NOW)
            raise Stopped

    with pytest.raises(Stopped):
        act()
    assert service.head() == rules.GENESIS


def test_the_digest_can_be_computed_by_anyone(file: Path) -> None:
    """The recipe of the documentation, with the standard library alone."""
    import hashlib
    import json

    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        row = connection.execute("SELECT * FROM journal_entry WHERE seq = 2").fetchone()
    chained = dict(row)
    chained["at"] = row["at"].replace(" ", "T") + "+00:00"
    del chained["sha256"]
    text = json.dumps(chained, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest() == row["sha256"]


ENTRY_COLUMNS = (
    "at",
    "actor_role",
    "actor_id",
    "training_id",
    "event",
    "body",
    "details_sha256",
    "previous",
    "sha256",
)


@pytest.mark.parametrize("column", ENTRY_COLUMNS)
@pytest.mark.parametrize("seq", [1, 3, 5])
def test_any_column_of_any_entry_that_changes_is_named(file: Path, column: str, seq: int) -> None:
    value = 99 if column in ("actor_id", "training_id") else "x"
    sql = f"UPDATE journal_entry SET {column} = ? WHERE seq = {seq}"  # noqa: S608
    meddle(file, sql, value)
    assert verify() == [f"Entrée n° {seq} : elle a été modifiée"]


@pytest.mark.parametrize("spelled", ["2026-11-23 09:00:00.0", "2026-11-23  09:00:00.000000"])
def test_an_instant_spelled_another_way_is_named(file: Path, spelled: str) -> None:
    """It says the same hour, and is not the text that was written."""
    first = db.session.get_one(JournalEntry, 1)
    written = first.at.strftime("%Y-%m-%d %H:%M:%S.%f")
    spelled = spelled.replace("2026-11-23", written[:10]).replace("09:00:00", written[11:19])
    meddle(file, "UPDATE journal_entry SET at = ? WHERE seq = 1", spelled)
    assert verify() == ["Entrée n° 1 : elle a été modifiée"]


def texts_of(file: Path) -> list[tuple[str, str, bytes]]:
    """Every text of entry 3 and of its details: table, column, bytes."""
    found = []
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        for table in ("journal_entry", "journal_details"):
            row = connection.execute(f"SELECT * FROM {table} WHERE seq = 3").fetchone()  # noqa: S608
            found += [(table, k, row[k].encode()) for k in row.keys() if isinstance(row[k], str)]  # noqa: SIM118
    return found


def test_any_byte_of_a_row_that_flips_is_named(file: Path) -> None:
    """Every bit pattern is not tried: one flip per byte, among them invalid UTF-8."""
    for name in TRIGGERS:
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute(f"DROP TRIGGER {name}")
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        for table, column, content in texts_of(file):
            for place in range(len(content)):
                flipped = bytearray(content)
                flipped[place] ^= (0x01, 0x20, 0x80)[place % 3]
                sql = f"UPDATE {table} SET {column} = CAST(? AS TEXT) WHERE seq = 3"  # noqa: S608
                connection.execute(sql, (bytes(flipped),))
                findings = verify()
                assert len(findings) == 1, (table, column, place, flipped)
                assert findings[0].startswith("Entrée n° 3 : "), findings
                connection.execute(sql, (content,))
    assert verify() == []


def test_an_entry_taken_out_of_the_middle_is_seen(file: Path) -> None:
    meddle(file, "DELETE FROM journal_entry WHERE seq = 3")
    assert verify() == [
        "Avant l’entrée n° 4 : il manque des entrées",
        "Entrée n° 4 : elle ne fait pas suite à la précédente",
    ]


def test_an_entry_forged_whole_is_seen(file: Path) -> None:
    """Someone who knows the recipe changes entry 2 and its digest, but not what follows."""
    entry = db.session.get_one(JournalEntry, 2)
    forged = rules.entry_digest(
        seq=2,
        at=entry.at,
        actor_role="office",
        actor_id=entry.actor_id,
        training_id=None,
        event=entry.event,
        body=rules.canonical(entry.body),
        details_sha256=entry.details_sha256,
        previous=entry.previous,
    )
    sql = "UPDATE journal_entry SET actor_role = 'office', sha256 = ? WHERE seq = 2"
    meddle(file, sql, forged)
    assert verify() == ["Entrée n° 3 : elle ne fait pas suite à la précédente"]


def test_a_tail_cut_off_is_seen_against_a_head_kept_outside(file: Path) -> None:
    head = service.head()
    assert verify(anchor=head) == []
    meddle(file, "DELETE FROM journal_entry WHERE seq > 3")
    assert verify() == []
    assert service.head() != head
    assert verify(anchor=head) == [
        "L’empreinte donnée ne figure plus dans le journal : des entrées ont été retirées"
    ]


def test_an_older_head_still_stands(file: Path) -> None:
    head = service.head()
    with writing():
        service.record("cancel", CLAIRE, NOW)
    assert verify(anchor=head) == []
    assert verify(anchor=rules.GENESIS) == []


def test_details_that_change_are_named(file: Path) -> None:
    meddle(file, "UPDATE journal_details SET details = '{}' WHERE seq = 4")
    assert verify() == ["Entrée n° 4 : ses détails ont été modifiés"]


def test_details_that_are_erased_leave_the_chain_whole(file: Path) -> None:
    """The right to erasure needs no trick: the triggers allow it."""
    meddle(file, "DELETE FROM journal_details WHERE seq = 4", unlocked=False)
    assert verify() == []


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE journal_entry SET event = 'x' WHERE seq = 2",
        "DELETE FROM journal_entry WHERE seq = 5",
        "DELETE FROM journal_entry",
        "UPDATE journal_details SET details = '{}' WHERE seq = 2",
        "INSERT OR REPLACE INTO journal_details VALUES (2, 's', '{}')",
        f"INSERT OR REPLACE INTO journal_entry SELECT * {SECOND}",
        f"INSERT OR REPLACE INTO journal_entry SELECT 6, {COPIED}, sha256 {SECOND}",
        f"INSERT INTO journal_entry SELECT 9, {COPIED}, 'x' {SECOND}",
        "UPDATE OR REPLACE journal_entry SET seq = 1 WHERE seq = 2",
    ],
)
def test_the_database_itself_refuses_to_rewrite_the_journal(file: Path, sql: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="le journal ne se modifie pas"):
        meddle(file, sql, unlocked=False)
    assert verify() == []


def test_the_application_cannot_either(file: Path) -> None:
    entry = db.session.get_one(JournalEntry, 2)
    entry.event = "other"
    with pytest.raises(IntegrityError, match="le journal ne se modifie pas"):
        db.session.flush()
    db.session.rollback()
    assert verify() == []


def test_the_chain_is_read_in_batches(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "BATCH", 2)
    assert verify() == []
    meddle(file, "UPDATE journal_entry SET body = CAST(x'ff' AS TEXT) WHERE seq = 4")
    assert verify() == ["Entrée n° 4 : elle a été modifiée"]


def test_a_journal_rewritten_from_end_to_end_is_not_listed_without_end(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_FINDINGS", 3)
    meddle(file, "UPDATE journal_entry SET event = 'x'")
    findings = verify()
    assert len(findings) == 4
    assert findings[-1] == "La vérification s’arrête là : d’autres entrées suivent"


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_a_migration_finds_the_triggers_of_both_databases(dialect: str) -> None:
    sql = "\n".join(triggers.statements(dialect))
    for table in ("journal_entry", "journal_details"):
        assert re.search(rf"BEFORE UPDATE.* ON {table}\b", sql)
    assert re.search(r"DELETE.* ON journal_entry\b", sql)
    assert not re.search(r"DELETE.* ON journal_details\b", sql)


def test_every_act_on_a_session_is_told_in_french() -> None:
    assert {event.value for event in Event} <= EVENT_TEXT.keys()
