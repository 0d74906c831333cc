"""A small application around the papers: a database file, a store, nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from portal.config import Config
from portal.extensions import db, engine_options, prepare


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    application = Flask(__name__)
    database = f"sqlite:///{tmp_path / 'portal.sqlite3'}"
    application.config.update(
        SQLALCHEMY_DATABASE_URI=database,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(database),
        PORTAL=Config(
            base_url="http://127.0.0.1:8000",
            data=tmp_path,
            database_url=database,
            secret_key="s" * 48,
            link_key="l" * 48,
            testing=True,
        ),
    )
    db.init_app(application)
    with application.app_context():
        prepare(db.engine)
        db.create_all()
        yield application
        db.session.remove()
        db.engine.dispose()
