"""The power is cut: everything that was acknowledged is there when it comes back.

A disk of the test's own stands in a file. What a cut leaves is that file, copied while the writer
stands still: what the writer gave to the system and the system had not yet given to the disk is
missing from it, as after a real cut.
"""

import os
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from portal.extensions import db
from tests import databases
from tests.installation import ROOT

pytestmark = databases.on_sqlite
CUTS, PAUSE = 6, 0.15  # seconds of writing before each cut
WRITER = """
import sys
from pathlib import Path
from sqlalchemy import event, text
from portal.app import create_app
from portal.extensions import db, writing
from tests.conftest import config_in

app = create_app(config_in(Path(sys.argv[1])))
with app.app_context():
    for setting in sys.argv[2:]:
        event.listen(db.engine, "connect", lambda connection, _: connection.execute(setting))
    for n in range(1_000_000):
        with writing():
            db.session.execute(text("INSERT INTO counter (name, n) VALUES (:name, :n)"),
                               {"name": f"cut {n}", "n": n})
        print(n, flush=True)
"""


@contextmanager
def mounted(image: Path, place: Path) -> Iterator[Path]:
    """The file system in that image; skips the test where nothing can be mounted."""
    place.mkdir()
    done = subprocess.run(
        ["mount", "-o", "loop", str(image), str(place)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"this machine mounts no image: {done.stderr}")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.fixture
def disk(tmp_path: Path, template: Path) -> Iterator[tuple[Path, Path]]:
    """An image and the data folder in it, a database of the portal's."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
        pytest.skip("a disk of one's own asks for root and mkfs.ext4")
    image = tmp_path / "disk.img"
    with image.open("wb") as file:
        file.truncate(48 * 1024 * 1024)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    with mounted(image, tmp_path / "disk") as place:
        databases.copy(template, place / "data")
        subprocess.run(["sync", "-f", str(place)], check=True)
        yield image, place / "data"


class Writer:
    """A process that commits one row after another, and says each once it is committed."""

    def __init__(self, folder: Path, *setting: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder), *setting],
            cwd=ROOT, stdout=subprocess.PIPE, bufsize=0,
        )  # fmt: skip
        self.said = b""
        self.listen(until=1, patience=30)

    def listen(self, until: int = 0, patience: float = 0) -> int:
        """The last row said so far, after `until` lines or that many seconds."""
        assert self.process.stdout
        deadline = time.monotonic() + patience
        while True:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self.process.stdout], [], [], left)[0]:
                break
            said = os.read(self.process.stdout.fileno(), 65_536)
            assert said, "the writer ended by itself"
            self.said += said
            if until and self.said.count(b"\n") >= until:
                break
        lines = self.said.splitlines(keepends=True)
        return int(max(lines[-2:], key=lambda line: line.endswith(b"\n")))

    @contextmanager
    def still(self) -> Iterator[None]:
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


def lost_at_each_cut(disk: tuple[Path, Path], *setting: str) -> list[int]:
    """For each cut, how many acknowledged rows the disk did not hold."""
    image, folder = disk
    writer, cuts = Writer(folder, *setting), []
    try:
        for number in range(CUTS):
            time.sleep(PAUSE)
            with writer.still():
                acknowledged = writer.listen()
                copy = image.with_name(f"cut-{number}.img")
                shutil.copyfile(image, copy)
            cuts.append((copy, acknowledged))
    finally:
        writer.end()
    return [acknowledged - last_kept(copy) for copy, acknowledged in cuts]


def last_kept(image: Path) -> int:
    """What is read when the power is back: the last row, in a database that is whole."""
    with (
        mounted(image, image.with_suffix("")) as place,
        closing(sqlite3.connect(place / "data/portal.sqlite3")) as connection,
    ):
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        found = connection.execute("SELECT max(n) FROM counter WHERE name LIKE 'cut %'").fetchone()
    return -1 if found[0] is None else int(found[0])


def test_what_was_acknowledged_survives(disk: tuple[Path, Path]) -> None:
    assert max(lost_at_each_cut(disk)) <= 0


def test_a_database_that_does_not_wait_for_its_disk_loses_some(disk: tuple[Path, Path]) -> None:
    """Else the test above proves nothing."""
    assert max(lost_at_each_cut(disk, "PRAGMA synchronous=NORMAL")) > 0


def test_each_connection_is_opened_as_nothing_is_lost(app: Flask) -> None:
    settings = {
        "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "trusted_schema": 0,
        "busy_timeout": 10_000,
    }  # fmt: skip
    with app.app_context():
        found = {name: db.session.scalar(text(f"PRAGMA {name}")) for name in settings}
    assert found == settings
