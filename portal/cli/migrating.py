"""Schema changes: `flask db …`, and what lets other commands make them."""

from flask import Flask
from flask_migrate import Migrate

from portal.extensions import db

_migrate = Migrate(render_as_batch=True)


def init_app(app: Flask) -> None:
    _migrate.init_app(app, db)  # which adds the command
