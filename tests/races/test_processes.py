"""Two web servers and two workers on one installation: nothing is lost, nothing is done twice."""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.emails.mailroom import Server, serving
from tests.races.running import (
    LETTERS,
    PAPERS,
    WHOLE,
    Portal,
    arrived,
    ready_sessions,
    running,
    signed_in,
    together,
    until,
)

SESSIONS = 20


@pytest.fixture(scope="module")
def pair(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Portal, ...]]:
    """The same installation served twice, as behind a proxy that shares visits out."""
    source = ready_sessions(template, tmp_path_factory.mktemp("ready") / "data", SESSIONS)
    mail = Server()
    with (
        serving(mail),
        running(source, tmp_path_factory.mktemp("served") / "data", mail) as first,
    ):
        second = Portal(first.data, mail, front=first.port)
        try:
            second.start_web()
            first.start_worker()
            second.start_worker()
            yield first, second
        finally:
            second.stop()


def test_twenty_sessions_sent_through_two_doors_arrive_once(pair: tuple[Portal, ...]) -> None:
    first, second = pair
    trainers = [signed_in(first), signed_in(second)]
    refs = first.rows("SELECT ref FROM training_session WHERE state = 'draft' ORDER BY id")
    assert len(refs) == SESSIONS
    for start in range(0, SESSIONS, 5):  # five sessions at once, each pressed at both doors
        answers = together(
            *(
                partial(trainer.post, f"/formateur/sessions/{ref}/verifier", {"key": "pressed"})
                for ref in refs[start : start + 5]
                for trainer in trainers
            )
        )
        assert {answer.status for answer in answers} == {303}
    assert [first.set_of(ref) for ref in refs] == [WHOLE] * SESSIONS

    of_sets = "letter LIKE 'documents_to_%'"
    query = f"SELECT count(*) FROM email WHERE state = 'sent' AND {of_sets}"  # noqa: S608
    until(lambda: first.rows(query) == [SESSIONS * LETTERS], "some messages never left")
    written = first.rows(f"SELECT message_id FROM email WHERE {of_sets}")  # noqa: S608
    taken = Counter(arrived(first.mail))
    assert {taken[each] for each in written} == {1}
    assert set(taken.values()) == {1}
    assert first.rows("SELECT count(*) FROM document WHERE state = 'ready'") == [SESSIONS * PAPERS]
    assert first.findings() == []
