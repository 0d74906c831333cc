"""A fresh installation in a folder of its own, made by the commands a person would run."""

from pathlib import Path

from flask import Flask
from flask_migrate import stamp, upgrade

from portal.app import create_app
from portal.cli import migrating
from portal.config import Config, Smtp
from portal.extensions import db
from tests import databases

ROOT = Path(__file__).resolve().parent.parent
MIGRATIONS = str(ROOT / "migrations")
KEY = "kTq3vW9xLz7bN1mR5sD8fG2hJ6pY4cQ0aE-uI_oX"


def application(data: Path, *, demo: bool = True) -> Flask:
    """The portal on an empty database file; with `demo` false, as a real organisation's."""
    config = Config(
        base_url="http://127.0.0.1:8000" if demo else "https://portail.rivage-formation.example",
        data=data,
        database_url=databases.url_in(data),
        secret_key=KEY,
        link_key=KEY[::-1],
        demo=demo,
        smtp=None if demo else Smtp("127.0.0.1", 9, "none", None, None),
        testing=True,
    )
    app = create_app(config)
    migrating.init_app(app)
    return app


def migrated(data: Path, *, demo: bool = True) -> Flask:
    """The same, its tables made by the migrations."""
    app = application(data, demo=demo)
    with app.app_context():
        upgrade(MIGRATIONS)
        close()
    return app


def stamped(app: Flask) -> None:
    """Writes down that its tables are those of the last migration."""
    migrating.init_app(app)
    with app.app_context():
        stamp(MIGRATIONS)


def close() -> None:
    """Ends every connection, so that a test leaves no open file behind."""
    db.session.remove()
    db.engine.dispose()
