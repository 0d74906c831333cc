"""Runs schema changes on the portal's own database, each one whole or not at all."""

from typing import Any

from alembic import context
from alembic.util import CommandError
from flask import current_app
from sqlalchemy import Connection, TypeDecorator

from portal.extensions import db, write_options


def render_item(kind: str, item: Any, _autogenerate: Any) -> str | bool:
    """A migration names plain SQL types: it must run whatever becomes of the portal's classes."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{type(item.impl_instance).__name__}()"
    return False


def run(connection: Connection) -> None:
    # Rebuilding a table with foreign keys on would delete the rows that point at it. SQLite ignores
    # this pragma inside a transaction, hence the driver's own connection, before any BEGIN.
    is_sqlite = connection.dialect.name == "sqlite"
    driver: Any = connection.connection.dbapi_connection
    if is_sqlite:
        driver.execute("PRAGMA foreign_keys=OFF")
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        transactional_ddl=True,
        render_item=render_item,
        **current_app.extensions["migrate"].configure_args,
    )
    with context.begin_transaction():
        context.run_migrations()
        if is_sqlite:
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            if broken:
                raise CommandError(f"{len(broken)} lignes ne désignent plus rien : {broken[:3]}")
    if is_sqlite:
        driver.execute("PRAGMA foreign_keys=ON")


if context.is_offline_mode():
    raise CommandError("Les migrations s’appliquent à la base elle-même, pas à un script SQL")

with db.engine.connect().execution_options(**write_options(db.engine)) as opened:
    run(opened)
