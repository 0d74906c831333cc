"""A directory of one's own, and the real client that asks it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.companies.finder import Finder
from tests.companies.fake_registry import Directory, serving


@pytest.fixture
def directory() -> Iterator[Directory]:
    with serving() as server:
        yield server


@pytest.fixture
def finder(directory: Directory, tmp_path: Path) -> Finder:
    return directory.finder(tmp_path)
