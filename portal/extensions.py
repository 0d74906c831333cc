"""The Flask extensions, the column types, the two databases and the ways to hold a transaction."""

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from flask import current_app
from flask_login import LoginManager
from flask_mail import Mail
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from htmx_flask import Htmx
from sqlalchemy import DateTime, Engine, MetaData, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from portal.config import Config
from portal.files import FileStore


class Base(DeclarativeBase):
    """Constraints carry predictable names, so that a migration can change them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


PATIENCE = 10  # seconds that a writer waits for the one before it
# Any constant: the one queue of those who write to PostgreSQL.
_WRITE_LOCK = 7_206_113

log = logging.getLogger(__name__)
db = SQLAlchemy(model_class=Base)
login_manager = LoginManager()
csrf = CSRFProtect()
htmx = Htmx()
mail = Mail()


def settings() -> Config:
    """The configuration of the running application."""
    return cast(Config, current_app.config["PORTAL"])


def store() -> FileStore:
    """Where documents and uploads are kept."""
    return FileStore(settings().files)


class UTCDateTime(TypeDecorator[datetime]):
    """An aware instant, stored as UTC without its zone: the same on SQLite and PostgreSQL."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return value.replace(tzinfo=UTC) if value else None


def one_of(column: str, values: type[Any]) -> str:
    """The text of a CHECK: `column` holds one of the values of that enumeration."""
    listed = ", ".join(f"'{member.value}'" for member in values)
    return f"{column} IN ({listed})"


def engine_options(url: str) -> dict[str, Any]:
    """What SQLAlchemy is told of the database at that address."""
    if url.startswith("sqlite"):
        # transactions are begun and ended by SQLAlchemy: see _prepare_sqlite
        return {
            "connect_args": {"isolation_level": None, "timeout": PATIENCE},
            "hide_parameters": True,  # what people typed is no part of an error in a log
        }
    # A page reads one cut of the rows, as on SQLite. A server that was restarted is found again.
    return {
        "isolation_level": "REPEATABLE READ",
        "pool_pre_ping": True,
        "hide_parameters": True,
        "connect_args": {"options": f"-c lock_timeout={PATIENCE}s"},
    }


def prepare(engine: Engine) -> None:
    """Both databases lose nothing of what two writers do at once: one writes after the other."""
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    else:
        _prepare_postgresql(engine)


def write_options(engine: Engine) -> dict[str, Any]:
    """The execution options of a connection that is about to write.

    On PostgreSQL a writer has to see what the one before it committed while it waited: its cut is
    taken statement by statement.
    """
    if engine.dialect.name == "sqlite":
        return {"writing": True}
    return {"writing": True, "isolation_level": "READ COMMITTED"}


def _prepare_postgresql(engine: Engine) -> None:
    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        if connection.get_execution_options().get("writing"):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITE_LOCK})")

    event.listen(engine, "handle_error", _keep_rows_out)


def _keep_rows_out(context: Any) -> None:
    """An error of PostgreSQL repeats the row it refused, names and all: a log keeps what was wrong
    alone.
    """
    error, told = context.original_exception, context.sqlalchemy_exception
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    if primary:
        whole, error.args = str(error), (primary,)
        if told is not None:
            told.args = tuple(str(text).replace(whole, primary) for text in told.args)


def _prepare_sqlite(engine: Engine) -> None:
    """SQLite as it loses nothing: WAL, FULL sync, explicit BEGIN, write lock only when writing."""

    @event.listens_for(engine, "do_connect")
    def _create(_dialect: Any, _record: object, arguments: list[Any], _options: Any) -> None:
        file = Path(arguments[0])
        if engine.url.database not in (None, ":memory:") and not file.exists():
            file.touch(mode=0o600)  # nobody else's, whatever the umask; SQLite's -wal follows it

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",  # NORMAL loses acknowledged commits at a power cut
            "foreign_keys=ON",
            f"busy_timeout={1000 * PATIENCE}",
            "trusted_schema=OFF",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        if connection.get_execution_options().get("writing"):
            _begin_writing(connection)
        else:
            connection.exec_driver_sql("BEGIN")


def _begin_writing(connection: Any) -> None:
    """Takes SQLite's write lock as soon as it is free; raises OperationalError after `PATIENCE`.

    SQLite itself looks again after pauses that grow to a tenth of a second: with eight people at
    work, whoever waits longest is overtaken by everybody else.
    """
    begin, sqlite = "BEGIN IMMEDIATE", connection.connection.driver_connection
    deadline = time.monotonic() + PATIENCE
    sqlite.execute("PRAGMA busy_timeout=4")  # it looks again after 1, 2 and 1 milliseconds
    try:
        while time.monotonic() < deadline:
            try:
                sqlite.execute(begin)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    break
            else:
                return
        connection.exec_driver_sql(begin)  # fails as SQLAlchemy fails
    finally:
        sqlite.execute(f"PRAGMA busy_timeout={1000 * PATIENCE}")


@contextmanager
def writing() -> Iterator[None]:
    """One whole change: takes the write lock, commits at the end, rolls back on any error.

    Rows read before it are stale inside it: read again what is to be changed. Never hold it
    across a request body, a password hash, a document or a mail server.
    """
    db.session.rollback()
    db.session.connection(execution_options=write_options(db.engine))
    try:
        yield
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise


def streamed(statement: Any, batch: int = 500) -> Iterator[Any]:
    """The rows of a SELECT of columns, read as they are asked for, `batch` held at once.

    On a connection of its own, so that an answer can still be written once its request is over.
    """
    with db.engine.connect() as connection:
        yield from connection.execute(statement.execution_options(yield_per=batch))


def claim(model: type[Any], identity: int, *conditions: Any, **changes: Any) -> bool:
    """Conditional UPDATE of one row in its own transaction; True for the one caller that won."""
    with writing():
        result: Any = db.session.execute(
            db.update(model).where(model.id == identity, *conditions).values(**changes)
        )
        return bool(result.rowcount)


def note(model: type[Any], identity: int, **changes: Any) -> None:
    """Writes what nobody asked for (« last seen »). A disk that is full stops no reading."""
    try:
        claim(model, identity, **changes)
    except OperationalError as error:
        log.warning("%s %s could not be noted: %s", model.__tablename__, identity, error.orig)
