"""Files on a disk, as the gate receives them."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from portal.uploads import gate
from portal.uploads.gate import Incoming, Inspected

Given = Callable[..., list[Incoming]]


@pytest.fixture
def given(tmp_path: Path) -> Given:
    """Writes files, given as (name, content), and says what came."""

    def write(*files: tuple[str, bytes], declared: str = "") -> list[Incoming]:
        found = []
        for name, content in files:
            path = tmp_path / f"given-{len(list(tmp_path.iterdir()))}"
            path.write_bytes(content)
            found.append(Incoming(name, declared, path, len(content)))
        return found

    return write


@pytest.fixture
def inspected(given: Given) -> Callable[..., Inspected]:
    """What the gate says of these files; its folder goes with the test's."""
    return lambda *files: gate.inspect(given(*files))


class Spent(logging.Handler):
    """What the last child cost: seconds of processor and MiB."""

    def __init__(self) -> None:
        super().__init__()
        self.cpu, self.mibs = 0.0, 0

    def emit(self, record: logging.LogRecord) -> None:
        if "processor" in str(record.msg):
            arguments: Any = record.args
            self.cpu, self.mibs = arguments


@pytest.fixture
def spent() -> Any:
    handler, log = Spent(), logging.getLogger("portal.uploads.gate")
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    yield handler
    log.removeHandler(handler)
    log.setLevel(level)
