"""A web process killed in the middle of acts: what was said to be done is done, whole."""

import random
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.emails.mailroom import Server
from tests.races.running import (
    NOTHING,
    WHOLE,
    Answer,
    Portal,
    kill,
    ready_sessions,
    running,
    signed_in,
    together,
    until,
)

ROUNDS = 40
TOGETHER = 2  # submits in each round, beside a creation and a kill
NEW = "/formateur/sessions/nouvelle"
READY = ROUNDS * TOGETHER + 1


@pytest.fixture(scope="module")
def portal(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    source = ready_sessions(template, tmp_path_factory.mktemp("ready") / "data", READY)
    with running(source, tmp_path_factory.mktemp("served") / "data", Server(port=9)) as portal:
        yield portal


def test_acknowledged_is_done_and_nothing_is_half_done(portal: Portal) -> None:
    chance = random.Random(2026)
    trainer = signed_in(portal)
    first, *refs = portal.rows("SELECT ref FROM training_session ORDER BY ref")
    trainer.post(NEW, {"way": "self", "key": "warm"})
    alone = trainer.post(f"/formateur/sessions/{first}/verifier").seconds
    within = 1.5 * TOGETHER * alone  # how long a round lasts on this machine
    cut = 0

    def strike(after: float, victim: int) -> None:
        time.sleep(after)
        kill(victim)

    for number in range(ROUNDS):
        mine = refs[number * TOGETHER : (number + 1) * TOGETHER]
        submits = [partial(trainer.try_post, f"/formateur/sessions/{r}/verifier") for r in mine]
        create = partial(trainer.try_post, NEW, {"way": "self", "key": f"round-{number}"})
        victim = chance.choice(portal.web_pids())
        blow = partial(strike, chance.random() * within, victim)
        *answers, _killed = together(*submits, create, blow)
        cut += check(portal, mine, answers)
        for again in (*submits, create):  # whoever got no answer presses again
            done = until(again, "the portal never answers again")
            assert isinstance(done, Answer)
            assert done.status == 303
        assert {portal.set_of(ref) for ref in mine} == {WHOLE}

    assert cut, "no act was cut: this proved nothing"
    numbers = [int(ref[-4:]) for ref in portal.rows("SELECT ref FROM training_session")]
    assert sorted(numbers) == list(range(1, READY + 1 + ROUNDS + 1))
    assert portal.rows("SELECT count(*) FROM email") == [READY * 2]
    assert portal.findings() == []


def check(portal: Portal, refs: list[str], answers: list[Answer | None]) -> int:
    """Each act as its answer says, or whole or absent without one; how many went unanswered."""
    for ref, answer in zip(refs, answers, strict=False):
        assert answer is None or answer.status == 303
        assert portal.set_of(ref) in ([WHOLE] if answer else [NOTHING, WHOLE])
    created = answers[-1]
    if created is not None:
        assert created.status == 303
        ref = created.location.split("/")[3]
        assert portal.rows("SELECT count(*) FROM training_session WHERE ref = ?", ref) == [1]
    return answers.count(None)
