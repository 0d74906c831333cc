"""Which database the tests run on: a SQLite file each, or a PostgreSQL server of the run's own.

`PORTAL_TEST_DATABASE=postgresql` starts a server on a socket in a temporary folder, as a user
without rights, and ends it with the run. Every data folder has a database there under its name.
"""

import atexit
import hashlib
import os
import pwd
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Json

ON_POSTGRESQL = os.environ.get("PORTAL_TEST_DATABASE") == "postgresql"
on_sqlite = pytest.mark.skipif(ON_POSTGRESQL, reason="speaks of the SQLite file")
OWNER = "portal"
# Nobody cuts the power here: durability would only make the tests slower.
HURRIED = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal")
# The server writes nothing by itself: whatever is written, a test did.
STILL = ("max_wal_senders=0", "autovacuum=off", "checkpoint_timeout=1h")
SETTINGS = (
    *HURRIED,
    *STILL,
    "listen_addresses=",
    "max_connections=60",
    "unix_socket_permissions=0700",
)
PATIENCE = 30.0  # seconds
ERRORS = (sqlite3.Error, psycopg.Error)
# What keeps every writer waiting, and no reader.
HOLDING = (
    ("BEGIN", "LOCK TABLE training_session IN EXCLUSIVE MODE")
    if ON_POSTGRESQL
    else ("BEGIN IMMEDIATE",)
)


def url_in(folder: Path) -> str:
    """The address of that data folder's database; an empty one is made when there is none."""
    if not ON_POSTGRESQL:
        return f"sqlite:///{folder / 'portal.sqlite3'}"
    _make(_name(folder), "template0")
    return f"postgresql+psycopg://{OWNER}@/{_name(folder)}?host={_socket()}"


def copy(source: Path, folder: Path) -> None:
    """Copies the data of one installation, its database included; nobody may be using it."""
    shutil.copytree(source, folder, dirs_exist_ok=True)
    if ON_POSTGRESQL:
        _make(_name(folder), _name(source))


def forget(folder: Path) -> None:
    """Gives back the room of a database that no test needs any more."""
    if ON_POSTGRESQL:
        _order(f'DROP DATABASE IF EXISTS "{_name(folder)}" WITH (FORCE)')


class Connection:
    """A database as any other program would open it: « ? » stands for a value, in both."""

    def __init__(self, folder: Path) -> None:
        self._own: Any = (
            _open(_name(folder))
            if ON_POSTGRESQL
            else sqlite3.connect(folder / "portal.sqlite3", timeout=20, isolation_level=None)
        )

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Any:
        if ON_POSTGRESQL:
            statement = statement.replace("%", "%%").replace("?", "%s")
            values = [Json(value) if isinstance(value, dict | list) else value for value in values]
        return self._own.execute(statement, values)

    def close(self) -> None:
        self._own.close()


def connect(folder: Path) -> Connection:
    return Connection(folder)


def unguarded(connection: Connection, tables: Sequence[str]) -> list[str]:
    """The statements that put the triggers of these tables out of action."""
    if ON_POSTGRESQL:
        return [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in tables]
    listed = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?"
    found = [name for table in tables for (name,) in connection.execute(listed, [table]).fetchall()]
    return [f"DROP TRIGGER {name}" for name in found]


def findings(folder: Path) -> list[str]:
    """What SQLite says against its own file; PostgreSQL keeps watch by itself."""
    if ON_POSTGRESQL:
        return []
    with closing(Connection(folder)) as connection:
        found = connection.execute("PRAGMA integrity_check").fetchall()
        broken = connection.execute("PRAGMA foreign_key_check").fetchall()
    return [word for (word,) in found if word != "ok"] + [str(row) for row in broken]


class Snapshot:
    """A database as it was at that moment, to be put back as often as needed.

    Most of what tests try is refused and writes nothing: then there is nothing to put back.
    """

    def __init__(self, folder: Path) -> None:
        self._kept = _KeptOnServer(folder) if ON_POSTGRESQL else _KeptInMemory(folder)
        self._at = self._kept.position()

    def is_touched(self) -> bool:
        """Whether anything at all was written since."""
        return self._kept.position() != self._at

    def restore(self) -> None:
        if self.is_touched():
            self._kept.put_back()
            self._at = self._kept.position()

    def close(self) -> None:
        self._kept.close()


class _KeptInMemory:
    """A copy of a SQLite file."""

    def __init__(self, folder: Path) -> None:
        self._file = sqlite3.connect(folder / "portal.sqlite3", isolation_level=None)
        self._file.execute("PRAGMA synchronous=OFF")
        self._memory = sqlite3.connect(":memory:")
        self._file.backup(self._memory)

    def position(self) -> object:
        """Moves with every commit of somebody else's connection."""
        return self._file.execute("PRAGMA data_version").fetchone()

    def put_back(self) -> None:
        self._memory.backup(self._file)

    def close(self) -> None:
        self._memory.close()
        self._file.close()


class _KeptOnServer:
    """The rows of a PostgreSQL database, in tables beside its own."""

    def __init__(self, folder: Path) -> None:
        self._own = _open(_name(folder))
        rows = self._own.execute(
            "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        tables = [str(table) for (table,) in rows]
        self._sequences = self._own.execute(
            "SELECT quote_ident(sequencename), last_value FROM pg_sequences"
            " WHERE schemaname = 'public'"
        ).fetchall()
        self._run("DROP SCHEMA IF EXISTS kept CASCADE; CREATE SCHEMA kept")
        self._run("; ".join(f"CREATE TABLE kept.{x} AS TABLE public.{x}" for x in tables))
        self._tables = tables

    def position(self) -> object:
        """Moves with every row written on this server, which is this process's own."""
        return self._own.execute("SELECT pg_current_wal_insert_lsn()").fetchone()

    def put_back(self) -> None:
        """Without a trigger or a foreign key having its say: the whole is what it was."""
        statements = ["SET session_replication_role = replica"]
        for table in self._tables:
            statements.append(f"DELETE FROM public.{table}")  # noqa: S608
            statements.append(f"INSERT INTO public.{table} TABLE kept.{table}")
        for name, last in self._sequences:
            statements.append(f"SELECT setval('public.{name}', {last or 1}, {last is not None})")
        self._run("; ".join(statements))

    def close(self) -> None:
        self._own.close()

    def _run(self, statements: str) -> None:
        """In one transaction, as the server runs several statements sent at once."""
        self._own.execute(statements.encode())


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, the newest when there are several."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    which = shutil.which("initdb")
    return found[-1].parent if found else Path(which).resolve().parent if which else None


def _name(folder: Path) -> str:
    return f"t{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]}"


def _make(name: str, template: str) -> None:
    with _open("postgres") as connection:
        if not connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [name]
        ).fetchone():
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())


def _order(statement: str) -> None:
    with _open("postgres") as connection:
        connection.execute(statement.encode())


def _open(name: str) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(f"host={_socket()} user={OWNER} dbname={name}", autocommit=True)


@cache
def _socket() -> Path:
    """Starts the server of this process at the first use; the folder of its socket."""
    found = programs()
    assert found is not None, "PostgreSQL is not installed: tests/on-postgresql.sh says how"
    folder = Path(tempfile.mkdtemp(prefix="portal-pg-"))  # short: a socket's path is limited
    user = _unprivileged()
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    data = folder / "data"
    initdb = ("-D", data, "-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
    subprocess.run([found / "initdb", *initdb], check=True, **who, **quiet)  # type: ignore[call-overload]
    options = [word for setting in SETTINGS for word in ("-c", setting)]
    server = subprocess.Popen(  # type: ignore[call-overload]
        [found / "postgres", "-D", data, "-k", folder, *options], **who, **quiet
    )
    atexit.register(_stop, server, folder)
    deadline = time.monotonic() + PATIENCE
    while not (folder / ".s.PGSQL.5432").exists() or not _answers(folder):
        assert server.poll() is None, "PostgreSQL does not start"
        assert time.monotonic() < deadline, "PostgreSQL never answers"
        time.sleep(0.02)
    return folder


def _answers(folder: Path) -> bool:
    try:
        psycopg.connect(f"host={folder} user={OWNER} dbname=postgres").close()
    except psycopg.OperationalError:
        return False
    return True


def _stop(server: "subprocess.Popen[bytes]", folder: Path) -> None:
    server.terminate()  # the « smart » end waits for connections that a test forgot
    try:
        server.wait(1)
    except subprocess.TimeoutExpired:
        server.send_signal(2)  # the « fast » one does not
        server.wait(PATIENCE)
    shutil.rmtree(folder)


def _unprivileged() -> pwd.struct_passwd | None:
    """Whom the server runs as: PostgreSQL refuses root. None: as ourselves."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]
