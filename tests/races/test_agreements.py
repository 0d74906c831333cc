"""Two server processes: two people on one agreement, and a file that comes as its link closes."""

import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from http.client import HTTPConnection
from pathlib import Path

import pytest

from portal.extensions import db
from portal.training.models import TrainingSession
from tests import conftest, story
from tests.emails.mailroom import Server
from tests.races.running import PATIENCE, Answer, Person, Portal, running, signed_in, together
from tests.second_half import LETTER, paper

MEETINGS = 4
DELAYS = (0, 0.1, 0.2, 0.4)  # seconds after which the link is closed
DECISION = {
    "action": "decider", "decision": "partielle", "amount": "1 600,00", "subrogation": "oui",
    "number": "26-118204", "read_over": "y", "version": "1",
}  # fmt: skip
QUEUE = "/organisme/accords/"


@pytest.fixture(scope="module")
def portal(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    folder = tmp_path_factory.mktemp("served") / "data"
    with running(template, folder, Server(port=9)) as portal:
        yield portal
        assert portal.findings() == []


def test_two_people_decide_at_once_and_one_of_them_has(portal: Portal) -> None:
    """The other one reads that it was dealt with; nobody is written to twice."""
    for _ in range(MEETINGS):
        with portal.app() as app:
            told = story.a_training(app, "received")
            with app.app_context():
                training = db.session.get_one(TrainingSession, told.id)
                path = f"{QUEUE}{training.agreements[-1].id}"
        people = [signed_in(portal, conftest.OFFICE) for _ in range(2)]
        for person in people:
            person.get(path)
        answers = together(*(partial(person.post, path, DECISION) for person in people))
        assert sorted(answer.status for answer in answers) == [303, 409]
        late = next(answer for answer in answers if answer.status == 409)
        assert "Le financement est déjà validé" in late.text
        query = "SELECT state, granted_cents FROM training_session WHERE id = ?"
        assert portal.rows(query, told.id) == [("funded", 160_000)]
        query = "SELECT letter FROM email WHERE training_id = ? AND letter LIKE 'funded_to_%'"
        assert portal.rows(query, told.id) == ["funded_to_trainer"]


def test_a_file_that_comes_as_its_link_closes_is_there_or_is_not(portal: Portal) -> None:
    trainer = signed_in(portal)
    for delay in DELAYS:
        with portal.app() as app:
            told = story.a_training(app, "filed")
        client, link = Person(portal), told.link.removeprefix(portal.url)
        client.get(link)
        assert client.post(link).status == 303
        client.get(told.space)
        sent, closed = together(
            partial(hand_in, client, f"{told.space}accord"), partial(close, trainer, told, delay)
        )
        assert closed.status == 303
        assert sent.status in (303, 403)
        query = "SELECT count(*) FROM agreement WHERE training_id = ?"
        (count,) = portal.rows(query, told.id)
        (state,) = portal.rows("SELECT state FROM training_session WHERE id = ?", told.id)
        query = "SELECT count(*) FROM email WHERE training_id = ? AND letter = 'agreement_receipt'"
        (receipts,) = portal.rows(query, told.id)
        assert (count, state, receipts) in ((0, "sent", 0), (1, "agreement_received", 1))


def close(trainer: Person, told: story.Told, delay: float) -> Answer:
    time.sleep(delay)
    return trainer.post(f"{told.page}lien/fermer")


def hand_in(client: Person, path: str) -> Answer:
    """The agreement by the form of the space, as a browser sends it."""
    edge = "limite"
    parts = (
        f'--{edge}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{client.token}\r\n'
        f'--{edge}\r\nContent-Disposition: form-data; name="fichiers"; filename="accord.pdf"\r\n'
        "Content-Type: application/pdf\r\n\r\n"
    )
    body = parts.encode() + paper(*LETTER) + f"\r\n--{edge}--\r\n".encode()
    headers = client.headers() | {"Content-Type": f"multipart/form-data; boundary={edge}"}
    with closing(HTTPConnection("127.0.0.1", client.portal.port, timeout=PATIENCE)) as line:
        line.request("POST", path, body, headers)
        answer = line.getresponse()
        text = answer.read().decode("utf-8", "replace")
    return Answer(answer.status, answer.headers.get("Location") or "", text, 0.0)
