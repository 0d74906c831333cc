"""Two server processes, one database file: the same act twice, and acts that meet."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from flask import Flask

from portal import clock
from portal.access import service as access
from portal.access.models import Grant, ShareLink
from portal.extensions import db, writing
from portal.training.models import TrainingSession
from tests import screens, story
from tests.emails.mailroom import Server
from tests.races.running import (
    NOTHING,
    WHOLE,
    Answer,
    Person,
    Portal,
    ready_sessions,
    running,
    signed_in,
    together,
)

CROWD = 20
MEETINGS = 8  # times two acts meet
DELAYS = (
    0,
    0.005,
    0.01,
    0.015,
    0.02,
    0.03,
    0.05,
    1,
)  # seconds the second act comes after the first
DRAFTS = 1 + len(DELAYS)
NEW = "/formateur/sessions/nouvelle"


@pytest.fixture(scope="module")
def portal(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """Two web processes and no worker: what they do to the rows stays as they did it."""
    source = ready_sessions(template, tmp_path_factory.mktemp("ready") / "data", DRAFTS)
    with running(source, tmp_path_factory.mktemp("served") / "data", Server(port=9)) as portal:
        yield portal
        assert portal.findings() == []


@pytest.fixture(scope="module")
def trainer(portal: Portal) -> Person:
    return signed_in(portal)


@pytest.fixture(scope="module")
def drafts(portal: Portal) -> Iterator[str]:
    """Complete drafts nobody has touched yet, by reference."""
    return iter(portal.rows("SELECT ref FROM training_session ORDER BY id LIMIT ?", DRAFTS))


def page_of(ref: str) -> str:
    return f"/formateur/sessions/{ref}/"


def work_done(portal: Portal) -> dict[int, int]:
    """Processor time each web process has used, in ticks."""
    pids = portal.web_pids()
    stats = {pid: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids}
    return {pid: int(fields[11]) + int(fields[12]) for pid, fields in stats.items()}


# --- The same act, many times


def test_sending_twenty_times_at_once_sends_once(
    portal: Portal, trainer: Person, drafts: Iterator[str]
) -> None:
    ref = next(drafts)
    before = work_done(portal)
    press = partial(trainer.post, f"{page_of(ref)}verifier", {"key": "pressed"})
    answers = together(*[press] * CROWD)
    for _ in range(10):  # a busy machine may let one process take a whole crowd
        after = work_done(portal)
        if all(after[pid] > before[pid] for pid in after):
            break
        answers += together(*[press] * CROWD)
    assert len(after) == 2
    assert all(after[pid] > before[pid] for pid in after), "one process did everything"
    assert {(a.status, a.location) for a in answers} == {(303, page_of(ref))}
    assert portal.set_of(ref) == WHOLE


def test_creating_twenty_times_with_one_key_creates_once(portal: Portal, trainer: Person) -> None:
    before = portal.rows("SELECT count(*) FROM training_session")[0]
    press = partial(trainer.post, NEW, {"way": "self", "key": "double-click"})
    answers = together(*[press] * CROWD)
    assert {a.status for a in answers} == {303}
    assert len({a.location for a in answers}) == 1
    assert portal.rows("SELECT count(*) FROM training_session") == [before + 1]


def test_a_hundred_creations_at_once_leave_no_gap(portal: Portal, trainer: Person) -> None:
    def create(number: int) -> Answer:
        return trainer.post(NEW, {"way": "self", "key": f"gapless-{number}"})

    with ThreadPoolExecutor(16) as crowd:
        answers = list(crowd.map(create, range(100)))
    assert {a.status for a in answers} == {303}
    assert len({a.location for a in answers}) == 100
    refs = portal.rows("SELECT ref FROM training_session")
    assert sorted(int(ref[-4:]) for ref in refs) == list(range(1, len(refs) + 1))


# --- Two people


def test_trainer_and_client_saving_one_topic_at_once(portal: Portal, trainer: Person) -> None:
    """One is told that the page was saved, the other sees both answers; each is somewhere."""
    for number in range(MEETINGS):
        with portal.app() as app:
            told = story.a_training(app, "shared")
        client = client_of(portal, told)
        doors = {"trainer": (trainer, told.step("stagiaires"), "3"),
                 "client": (client, told.client_step("stagiaires"), "8")}  # fmt: skip
        posts = []
        for person, path, headcount in doors.values():
            shown = person.get(path)
            assert shown.status == 200
            values = {**screens.controls(shown, "etape"), "headcount": headcount}  # type: ignore[arg-type]
            posts.append(partial(person.post, path, values))
        answers = dict(zip(doors, together(*posts), strict=True))
        assert sorted(a.status for a in answers.values()) == [303, 409], number
        (winner,) = (name for name, a in answers.items() if a.status == 303)
        (loser,) = (a for a in answers.values() if a.status == 409)
        assert portal.rows(
            "SELECT headcount FROM training_session WHERE id = ?", told.id
        ) == [int(doors[winner][2])]  # fmt: skip
        compared = loser.text.split('id="deux-versions"')[1].split("</table>")[0]
        assert ">3<" in compared
        assert ">8<" in compared


def client_of(portal: Portal, told: story.Told) -> Person:
    """The client's browser, once « Commencer » is pressed."""
    client, path = Person(portal), told.link.removeprefix(portal.url)
    client.get(path)
    answer = client.post(path)
    assert answer.status == 303
    assert told.space in answer.location
    return client


def test_cancelling_while_the_papers_are_issued(
    portal: Portal, trainer: Person, drafts: Iterator[str]
) -> None:
    """Whichever came first, the session ends cancelled and no message about papers may leave."""
    seen = set()
    for delay in DELAYS:
        ref = next(drafts)
        issue = partial(trainer.post, f"{page_of(ref)}verifier")
        cancel = partial(later, delay, trainer, f"{page_of(ref)}annuler")
        issued, cancelled = together(issue, cancel)
        assert cancelled.status == 303
        found = portal.set_of(ref)
        assert found in (NOTHING, WHOLE)
        assert issued.status == (303 if found == WHOLE else 422)
        (identity,) = portal.rows("SELECT id FROM training_session WHERE ref = ?", ref)
        query = "SELECT state FROM training_session WHERE id = ?"
        assert portal.rows(query, identity) == ["cancelled"]
        query = "SELECT letter FROM email WHERE training_id = ? AND state = 'queued'"
        told = {"cancelled_to_trainer"} | ({"cancelled_to_client"} if found == WHOLE else set())
        assert set(portal.rows(query, identity)) == told
        seen.add(found)
    assert WHOLE in seen  # the last cancellation at least comes after


def later(delay: float, person: Person, path: str) -> Answer:
    time.sleep(delay)
    return person.post(path, {"reason": "Chantier reporté"})


def test_renewing_a_link_while_it_is_opened(portal: Portal, trainer: Person) -> None:
    """Opened just before or just after, the old text opens nothing once it was replaced."""
    for _ in range(MEETINGS):
        with portal.app() as app:
            told = story.a_training(app, "shared")
        client, path = Person(portal), told.link.removeprefix(portal.url)
        client.get(path)
        renewed, opened = together(
            partial(trainer.post, f"{told.page}lien/renouveler"), partial(client.post, path)
        )
        assert renewed.status == opened.status == 303
        assert client.get(told.space).status == 403
        assert client.get(path).status == 410
        assert portal.rows(
            "SELECT rotation, opened_at FROM share_link WHERE training_id = ?", told.id
        ) == [(1, None)]  # fmt: skip


def test_a_link_replaced_at_the_last_moment_is_not_said_to_be_opened(app: Flask) -> None:
    """The replacement is committed between the look at the old text and the space it opens."""
    told = story.a_training(app, "shared")
    with app.app_context():
        link = db.session.scalars(db.select(ShareLink).filter_by(training_id=told.id)).one()
        seen = ShareLink(id=link.id, rotation=link.rotation)
        with writing():
            access.rotate(db.session.get_one(ShareLink, seen.id), clock.now())
        cookie = access.open_space(seen, None, clock.now())
        assert access.space_of(cookie, told.public_id, clock.now()) is None
        training = db.session.get_one(TrainingSession, told.id)
        assert training.links[-1].opened_at is None
        assert db.session.scalars(db.select(Grant)).all() == []
