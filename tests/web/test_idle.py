"""A page behind a door says after how long it closes; a public page has nothing to say."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests import story
from tests.conftest import OFFICE, sign_in
from tests.pages import Visitor, soup_of
from tests.story import a_training

pytestmark = pytest.mark.usefixtures("frozen")
app = story.app_of_the_module()
trainer = story.trainer_of_the_module()


def minutes(visitor: Visitor, path: str) -> list[str]:
    found = soup_of(visitor.get(path).text).select("#inactivite[hidden]")
    return [str(tag["data-minutes"]) for tag in found]


def test_each_door_closes_after_its_own_while(
    app: Flask, trainer: Visitor, client_of: Callable[[int], Visitor], anonymous: Visitor
) -> None:
    training = a_training(app, "shared")
    assert minutes(trainer, "/formateur/") == ["120"]
    assert minutes(sign_in(app, OFFICE), "/organisme/") == ["30"]
    assert minutes(client_of(training.id), training.space) == ["30"]
    assert minutes(anonymous, "/") == minutes(anonymous, training.link) == []
