"""The list of sessions at 1 000 and at 100 000 sessions: ratio of the pages, plans of the queries.

Run from the root of the project: `python -m bench.lists`. Rows are written directly, all of one
trainer, so that its list is as long as the office's.
"""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import event

from bench import ground
from portal.extensions import db
from tests import conftest
from tests.pages import Visitor
from tests.races.running import copy_session, ready_sessions

FEW, MANY = 1_000, 100_000
ROUNDS = 25
AIM = 1.2  # × the same page at 1 000
# Out of a hundred sessions: what is open now is a small part of what was ever done.
STATES = (("draft", 2), ("sent", 4), ("funded", 4), ("running", 2), ("settled", 80),
          ("cancelled", 8))  # fmt: skip
# Three e-mails left of each dossier; its client wrote once, and was read.
MESSAGE = """
INSERT INTO message (training_id, author_role, author_name, body, key, written_at)
SELECT id, 'client', 'Hélène Vasseur', 'Bonjour', 'k', updated_at FROM training_session"""
EMAILS = """
INSERT INTO email (training_id, letter, audience, to_email, to_name, subject, context, document_ids,
                   dedupe_key, message_id, state, attempts, next_at, created_at, sent_at)
SELECT id, 'documents', side.column1, 'a@b.example', 'A', 'Documents', '{}', '[]', ref || column1,
       ref || column1, 'sent', 1, updated_at, updated_at, updated_at
FROM training_session, (VALUES ('client'), ('trainer'), ('office')) side"""
MARKS = """
INSERT INTO message_mark (training_id, role, message_id, marked_at)
SELECT training_id, side.column1, id, written_at FROM message, (VALUES ('trainer'), ('office')) side
"""
PAGES = {
    "first page": "",
    "ended sessions": "?etat=terminees",
    "second page": "?etat=terminees&apres=2027-01-13_50",
    "search, found": "?q=vasseur",
    "search, nothing": "?q=introuvable",
}


def fill(data: Path, count: int) -> None:
    """Copies the one session there is, in the proportions of `STATES`, over ten years of days."""
    states = [state for state, share in STATES for _ in range(share)]
    with closing(sqlite3.connect(data / "portal.sqlite3", isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("BEGIN")
        (price_cents,) = connection.execute("SELECT price_cents FROM training_session").fetchone()
        for number in range(2, count + 1):
            state = states[number * 37 % 100]
            at = f"20{17 + number % 10}-{1 + number % 12:02d}-{1 + number % 28:02d}"
            is_decided = state in ("funded", "running", "settled")
            changes: dict[str, Any] = {
                "state": state,
                "vat_regime": "exempt",
                "first_day": at,
                "last_day": at,
                "sent_at": None if state == "draft" else f"{at} 08:00:00.000000",
                "granted_cents": price_cents if is_decided else None,
                "funded_at": f"{at} 09:00:00.000000" if is_decided else None,
                "cancelled_at": f"{at} 09:00:00.000000" if state == "cancelled" else None,
            }
            copy_session(connection, 1, f"S-2026-{number:06d}", tables=("company",), **changes)
        connection.execute(EMAILS)
        connection.execute(MESSAGE)
        connection.execute(MARKS)
        connection.execute("COMMIT")


def plans(app: Any, visitor: Visitor, path: str) -> list[str]:
    """What SQLite does for each query of that page that reads sessions."""
    seen: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        if "FROM training_session" in statement:
            seen.append((statement, values))

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
        visitor.get(path)
        event.remove(db.engine, "before_cursor_execute", note)
        lines = []
        with db.engine.connect() as connection:
            for statement, values in seen:
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
                lines.append("; ".join(str(row[3]) for row in plan))
    return lines


def main() -> None:
    print(ground.machine())
    with ground.folder() as place:
        (place / "empty").mkdir()
        source = ready_sessions(conftest.described(place / "empty"), place / "ready", 1)
        (place / "few").mkdir()
        (place / "many").mkdir()
        for name, count in (("few", FEW), ("many", MANY)):
            for file in source.glob("portal.sqlite3*"):
                (place / name / file.name).write_bytes(file.read_bytes())
            started = time.monotonic()
            fill(place / name, count)
            print(f"{count} sessions written in {time.monotonic() - started:.1f} s")
        with ground.opened(place / "few") as few, ground.opened(place / "many") as many:
            measure(few, many)


def measure(few: Any, many: Any) -> None:
    for door, email, home in (
        ("trainer", conftest.TRAINER, "/formateur/"),
        ("office", conftest.OFFICE, "/organisme/"),
    ):
        apps = {FEW: few, MANY: many}
        visitors = {count: conftest.sign_in(app, email) for count, app in apps.items()}
        works = {
            f"{name}|{count}": ground.request(apps[count], home + query, visitor)
            for name, query in PAGES.items()
            for count, visitor in visitors.items()
        }
        spent = ground.interleaved(works, ROUNDS, time.process_time)
        print(f"\n{door:<20}{FEW:>10}{MANY:>10}{'ratio':>8}  aim {AIM}")
        for name in PAGES:
            at_few, at_many = spent[f"{name}|{FEW}"], spent[f"{name}|{MANY}"]
            ratio = at_many / at_few
            print(f"{name:<20}{at_few:8.1f}ms{at_many:8.1f}ms{ratio:8.2f}  "
                  f"{ground.verdict(ratio, AIM)}")  # fmt: skip
        for line in plans(many, visitors[MANY], home):
            print(f"  plan: {line}")


if __name__ == "__main__":
    main()
