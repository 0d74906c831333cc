"""Every form of the whole journey, sent twice: the second time neither changes nor sends."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from werkzeug.test import TestResponse

from tests.conftest import NOW
from tests.security.journey import Sent, journey
from tests.security.world import Bare, World

ROWS = ("training_session", "company", "half_day", "trainee", "document", "email", "share_link",
        "counter", "topic_answers", "user", "programme", "login_session")  # fmt: skip
MOVES = ("id", "version", "updated_at", "saved_at", "saved_by", "edit_id")


def again(sent: Sent) -> TestResponse:
    browser, path, kwargs = sent
    return Bare.open(browser, path, **kwargs)


def rows(world: World) -> dict[str, list[Any]]:
    dump = world.dump(columns=MOVES)
    return {name: dump[name] for name in ROWS}


@pytest.fixture
def ticking() -> Iterator[time_machine.Traveller]:
    """Time passes between two presses: no instant hides a second act behind the first."""
    with time_machine.travel(NOW + timedelta(minutes=1), tick=False) as traveller:
        yield traveller


def test_every_form_sent_twice_counts_once(world: World, ticking: time_machine.Traveller) -> None:
    played = 0
    for sent in journey(world):
        _browser, path, kwargs = sent
        before = rows(world)
        ticking.shift(timedelta(seconds=3))
        answer = again(sent)
        assert answer.status_code in (200, 303, 409, 422), path
        after = rows(world)
        for name in ROWS:
            assert after[name] == before[name], (path, name, kwargs.get("data"))
        ticking.shift(timedelta(seconds=7))
        played += 1
    assert played == 20


def test_old_forms_sent_again_at_the_end_change_nothing(
    world: World, ticking: time_machine.Traveller
) -> None:
    """A whole recorded journey, played again once it is over, in both directions."""
    forms = []
    for sent in journey(world):
        forms.append(sent)
        ticking.shift(timedelta(seconds=7))
    before = rows(world)
    for sent in [*forms, *reversed(forms)]:
        ticking.shift(timedelta(seconds=3))
        answer = again(sent)
        assert answer.status_code in (200, 303, 404, 409, 422), sent[1]
    after = rows(world)
    for name in ROWS:
        assert after[name] == before[name], name
