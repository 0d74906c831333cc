"""Every row of the database as lines of JSON, and back: the same text whatever the engine.

Tables are read from the database itself, not from the models: a backup of an older schema is put
back by the migrations that made it.
"""

import json
import re
import warnings
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from typing import IO, Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Date,
    DateTime,
    MetaData,
    Table,
    Text,
    Time,
    cast,
    func,
    select,
)
from sqlalchemy.exc import SAWarning
from sqlalchemy.types import NullType, TypeEngine

# Who is signed in or typing just now: nothing that a restored portal may bring back to life.
PASSING = frozenset({"attempt", "grant", "held_form", "login_session"})
VERSION_TABLE = "alembic_version"
BATCH = 500  # rows held in memory
_NAME = re.compile(r"\b[0-9a-f]{64}\b")
_READERS: tuple[tuple[type[TypeEngine[Any]], Callable[[str], Any]], ...] = (
    (DateTime, datetime.fromisoformat),
    (Date, date.fromisoformat),
    (Time, time.fromisoformat),
)


class Unreadable(Exception):
    """These lines are not rows of that database."""


def tables(connection: Connection) -> list[Table]:
    """The tables of that database, those that others refer to first."""
    metadata = _reflected(connection)
    return [table for table in metadata.sorted_tables if table.name != VERSION_TABLE]


def _reflected(connection: Connection, **options: Any) -> MetaData:
    metadata = MetaData()
    with warnings.catch_warnings():
        # SQLAlchemy warns of the indexes it cannot describe: rows are read without them
        warnings.filterwarnings("ignore", ".*expression-based index", SAWarning)
        metadata.reflect(connection, **options)
    return metadata


def revision(connection: Connection) -> str:
    """The migration that the schema stands at; raises Unreadable when it has none."""
    metadata = _reflected(connection, only=lambda name, _: name == VERSION_TABLE)
    if VERSION_TABLE not in metadata.tables:
        raise Unreadable("La base n’est pas prête : lancez d’abord « flask db upgrade »")
    return str(connection.scalar(select(metadata.tables[VERSION_TABLE])))


def is_empty(connection: Connection) -> bool:
    return not any(
        connection.scalar(select(func.count()).select_from(table)) for table in tables(connection)
    )


def write(connection: Connection, to: IO[bytes]) -> tuple[dict[str, int], set[str]]:
    """Writes every row within the caller's transaction, one cut of them all.

    Returns the rows of each table, and everything in them that may be the name of a stored file.
    """
    counts, names = {}, set()
    for table in tables(connection):
        if table.name in PASSING:
            continue
        heading = {"table": table.name, "columns": table.columns.keys()}
        to.write(f"{json.dumps(heading)}\n".encode())
        counts[table.name] = 0
        for line in _lines(connection, table):
            to.write(f"{line}\n".encode())
            names.update(_NAME.findall(line))
            counts[table.name] += 1
    return counts, names


def names(connection: Connection) -> set[str]:
    """Everything in the rows that may be the name of a stored file."""
    kept = (table for table in tables(connection) if table.name not in PASSING)
    return {
        name for table in kept for line in _lines(connection, table) for name in _NAME.findall(line)
    }


def _lines(connection: Connection, table: Table) -> Iterator[str]:
    # JSON columns travel as the text that is stored: reading them would lose null for NULL
    columns = [cast(c, Text) if isinstance(c.type, JSON) else c for c in table.columns]
    found = connection.execute(
        select(*columns).order_by(*table.primary_key.columns),
        execution_options={"yield_per": BATCH},
    )
    for row in found:
        yield json.dumps(list(row), ensure_ascii=False, default=_said)


def _said(value: date | time) -> str:
    return value.isoformat()


def read(connection: Connection, source: IO[bytes]) -> dict[str, int]:
    """Puts the rows into empty tables, within the caller's transaction; how many in each.

    Raises Unreadable when they are of other tables or columns.
    """
    known = {table.name: table for table in tables(connection)}
    counts: dict[str, int] = {}
    target: Table | None = None
    batch: list[dict[str, Any]] = []
    for line in source:
        parsed = json.loads(line)
        if isinstance(parsed, dict):
            _insert(connection, target, batch)
            target, batch = _target(known, parsed), []
            counts[target.name] = 0
        elif target is None:
            raise Unreadable("La sauvegarde ne commence pas par le nom d’une table")
        else:
            batch.append(_values(target, parsed))
            counts[target.name] += 1
            if len(batch) == BATCH:
                _insert(connection, target, batch)
                batch = []
    _insert(connection, target, batch)
    for table in known.values():
        _go_on_counting(connection, table)
    return counts


def _target(known: dict[str, Table], heading: dict[str, Any]) -> Table:
    table = known.get(heading.get("table", ""))
    if table is None or set(heading["columns"]) != set(table.columns.keys()):
        raise Unreadable("La sauvegarde décrit d’autres tables que celles de sa version")
    columns = [_column(table.columns[name]) for name in heading["columns"]]
    return Table(table.name, MetaData(), *columns)


def _column(column: Column[Any]) -> Column[Any]:
    """Without a type for JSON: the database takes the text as it is."""
    return Column(column.name, NullType() if isinstance(column.type, JSON) else column.type)


def _values(table: Table, values: list[Any]) -> dict[str, Any]:
    return {
        column.name: _read_value(column, value)
        for column, value in zip(table.columns, values, strict=True)
    }


def _read_value(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    for kind, reader in _READERS:
        if isinstance(column.type, kind):
            return reader(value)
    return value


def _insert(connection: Connection, table: Table | None, batch: list[dict[str, Any]]) -> None:
    if table is not None and batch:
        connection.execute(table.insert(), batch)


def _go_on_counting(connection: Connection, table: Table) -> None:
    """PostgreSQL numbers its next row from a sequence, which knows nothing of rows put back."""
    if connection.dialect.name != "postgresql" or "id" not in table.columns:
        return
    sequence = connection.scalar(select(func.pg_get_serial_sequence(f'"{table.name}"', "id")))
    highest = connection.scalar(select(func.max(table.columns["id"])))
    if sequence and highest:
        connection.execute(select(func.setval(sequence, highest)))
