"""Two writers of one database: the second waits for its turn, and says so when it never comes."""

import threading
import time
from contextlib import closing

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from portal import extensions
from portal.config import Config
from portal.extensions import db, writing
from tests import databases

COUNT = text("INSERT INTO counter (name, n) SELECT 'turn ' || count(*), count(*) FROM counter")


def turns() -> list[int]:
    return list(db.session.scalars(text("SELECT n FROM counter WHERE name LIKE 'turn %'")))


def test_a_writer_waits_for_the_one_before_it(app: Flask) -> None:
    holds = threading.Event()

    def first() -> None:
        with app.app_context(), writing():
            db.session.execute(COUNT)
            holds.set()
            time.sleep(0.3)  # far longer than SQLite looks for the lock in one go

    before = threading.Thread(target=first)
    before.start()
    assert holds.wait(10)
    with app.app_context(), writing():
        assert len(turns()) == 1
        db.session.execute(COUNT)
    before.join()
    with app.app_context():
        assert len(set(turns())) == 2


@pytest.mark.skipif(databases.ON_POSTGRESQL, reason="its own lock_timeout says it")
def test_a_turn_that_never_comes_is_an_error_and_harms_nothing(
    app: Flask, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(databases.connect(config.data)) as other:
        other.execute("BEGIN IMMEDIATE")
        with monkeypatch.context() as hurried, app.app_context():
            hurried.setattr(extensions, "PATIENCE", 0.1)
            with pytest.raises(OperationalError, match="database is locked"), writing():
                db.session.execute(COUNT)
        other.execute("ROLLBACK")
    with app.app_context():
        with writing():
            db.session.execute(COUNT)
        assert len(turns()) == 1
