"""Lists of thousands of sessions: pages, counts and searches that read no more than they show."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event
from werkzeug.test import TestResponse

from portal.extensions import db, writing
from portal.training.models import TrainingSession
from tests import databases
from tests.pages import Visitor, soup_of, text_of
from tests.screens import text_in
from tests.story import a_training

pytestmark = pytest.mark.usefixtures("frozen")

HOME = "/formateur/"
ENDED = f"{HOME}?etat=terminees"


def copies(app: Flask, count: int, **columns: Any) -> None:
    """That many more sessions of the trainer, five on each day, written directly."""
    with app.app_context(), writing():
        one = db.session.scalars(db.select(TrainingSession)).first()
        assert one is not None
        first = db.session.scalar(db.select(db.func.max(TrainingSession.id))) or 0
        for n in range(first + 1, first + 1 + count):
            day = date(2027, 1, 1) + timedelta(days=n // 5)
            db.session.add(
                TrainingSession(
                    public_id=f"p{n}", ref=f"S-2026-{n:05d}", creation_key=f"c{n}", way="self",
                    trainer_id=one.trainer_id, created_at=one.created_at, updated_at=one.updated_at,
                    **{"first_day": day, "last_day": day, **columns},
                )
            )  # fmt: skip


def shown(page: TestResponse) -> list[str]:
    """The reference of each line of the list, in order."""
    cells = soup_of(page.text).select("#sessions tbody small")
    return [found[0] for cell in cells if (found := re.match(r"S-\d+-\d+", text_in(cell)))]


def test_a_tab_says_999_and_more(app: Flask, trainer: Visitor) -> None:
    a_training(app, way="self")
    copies(app, 998)
    page = trainer.get(HOME)
    assert "En cours 999" in text_of(page)
    assert "999 sessions trouvées" in text_of(page)
    copies(app, 1)
    page = trainer.get(HOME)
    assert "En cours 999+" in text_of(page)
    assert "Plus de 999 sessions trouvées" in text_of(page)


def test_what_ended_is_read_back_from_the_latest(app: Flask, trainer: Visitor) -> None:
    """Several sessions share a day: each is on one page, and on one only."""
    one = a_training(app, "cancelled")
    with app.app_context():
        at = db.session.get_one(TrainingSession, one.id).cancelled_at
    copies(app, 60, state="cancelled", cancelled_at=at)
    seen: list[str] = []
    page = trainer.get(ENDED)
    while True:
        seen += shown(page)
        more = soup_of(page.text).find("a", string="Suite de la liste")
        if more is None:
            break
        page = trainer.get(str(more["href"]))  # type: ignore[index]
    latest_first = [f"S-2026-{n:05d}" for n in range(one.id + 60, one.id, -1)]
    assert [ref for ref in seen if ref != "S-2026-0001"] == latest_first
    assert len(seen) == 61


def test_signs_of_a_search_are_looked_up_as_typed(app: Flask, trainer: Visitor) -> None:
    a_training(app, way="self")
    copies(app, 1, search_text="remise de 20% /h a_z")
    for words, found in (("20%", 1), ("2%", 0), ("a_z", 1), ("a_", 1), ("_z a_", 1), ("r_mise", 0),
                         ("/h", 1), ("/", 1), ("//", 0)):  # fmt: skip
        page = trainer.get(HOME, query_string={"q": words})
        assert len(shown(page)) == found, words


@pytest.mark.skipif(databases.ON_POSTGRESQL, reason="the plans read here are SQLite's")
@pytest.mark.parametrize(
    "query", ["", "?apres=2027-01-03_12", "?etat=terminees", "courriels/?etat=non-remis"]
)
def test_no_list_reads_every_session_or_message(
    app: Flask, trainer: Visitor, office: Visitor, query: str
) -> None:
    a_training(app, way="self")
    copies(app, 40)
    asked: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        if statement.startswith(("SELECT", "WITH")):
            asked.append((statement, values))

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    trainer.get(HOME + query)
    office.get("/organisme/" + query)
    event.remove(engine, "before_cursor_execute", note)
    with engine.connect() as connection:
        plans = [
            str(row[3])
            for statement, values in asked
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    assert any(plan.startswith("SEARCH email USING INDEX") for plan in plans)
    assert not {"SCAN training_session", "SCAN email", "SCAN message"} & set(plans)
