"""The two sides of `world`, made once per file and put back before each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import databases
from tests.conftest import config_in
from tests.security import world as worlds
from tests.security.world import World


@pytest.fixture(scope="module")
def built(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world") / "data"
    databases.copy(template, folder)
    with worlds.made(config_in(folder)) as world:
        yield world


@pytest.fixture
def world(built: World) -> World:
    """As it was when it was made, whatever the test before did to it."""
    built.restore()
    return built
