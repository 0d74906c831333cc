"""What a database holds, read from its own catalogue: tables, constraints, triggers, rows."""

import re
from contextlib import closing
from pathlib import Path
from typing import Any

from tests import databases

Schema = dict[tuple[str, str], frozenset[str]]
Rows = dict[str, tuple[list[str], list[tuple[Any, ...]]]]

_POSTGRESQL = {
    "table": """
        SELECT table_name, string_agg(concat_ws(' ', column_name, data_type, is_nullable,
               column_default), E'\\n' ORDER BY column_name)
        FROM information_schema.columns WHERE table_schema = 'public' GROUP BY table_name""",
    "constraint": """
        SELECT conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "index": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "trigger": "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "function": """
        SELECT proname, pg_get_functiondef(oid) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace""",
}
_SQLITE = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"
_TABLES = {
    False: "SELECT name FROM sqlite_master WHERE type = 'table'",
    True: "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
}


def schema_in(folder: Path) -> Schema:
    """Everything that has a name, as the set of its clauses: their order does not matter."""
    with closing(databases.connect(folder)) as connection:
        if databases.ON_POSTGRESQL:
            read = {kind: connection.execute(sql).fetchall() for kind, sql in _POSTGRESQL.items()}
            found = [(kind, name, sql) for kind, rows in read.items() for name, sql in rows]
        else:
            found = connection.execute(_SQLITE).fetchall()
    return {
        (kind, name): frozenset(
            re.sub(r"\s+", " ", line).strip(" ,").replace('"', "") for line in sql.splitlines()
        )
        for kind, name, sql in found
        if not name.startswith("alembic_version")
    }


def rows_in(folder: Path, known: Rows | None = None) -> Rows:
    """Every row of every table; with `known`, of its tables and columns alone."""
    found: Rows = {}
    with closing(databases.connect(folder)) as connection:
        for table in known or _tables(connection):
            read = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608
            named = [column[0] for column in read.description]
            columns = sorted(known[table][0] if known else named)
            places = [named.index(column) for column in columns]
            rows = [tuple(row[place] for place in places) for row in read.fetchall()]
            found[table] = (columns, sorted(rows, key=repr))
    return found


def _tables(connection: databases.Connection) -> list[str]:
    listed = _TABLES[databases.ON_POSTGRESQL]
    return [name for (name,) in connection.execute(listed).fetchall() if name != "alembic_version"]
