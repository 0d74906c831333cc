"""`flask serve` as a person starts it: it answers, repairs itself, and ends without leftovers."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from portal.serving.masking import mask
from portal.serving.supervisor import is_free
from tests.installation import ROOT

PATIENCE = 60.0  # seconds: tests share two cores
FIRST_PORT, LAST_PORT = 23_100, 23_199


def free_port() -> int:
    offset = os.getpid() % 50
    for port in range(FIRST_PORT + offset, LAST_PORT):
        if is_free("127.0.0.1", port):
            return port
    raise AssertionError("no free port")


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Served:
    """A demonstration of its own, served on a free port."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.data = folder / "var"
        self.env = os.environ | {
            "PORTAL_DEMO": "1",
            "PORTAL_DATA": str(self.data),
            "PORTAL_BASE_URL": self.base_url,
            "PORT": str(self.port),
        }
        self.output = folder / "output.txt"
        for command in (["db", "upgrade"], ["demonstration"]):
            subprocess.run(self.flask(*command), cwd=ROOT, env=self.env, check=True)
        self.process = self.start(self.output.open("wb"))
        until(lambda: "Ctrl-C" in self.said(), "the welcome is never printed")

    @staticmethod
    def flask(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]

    def start(self, output: IO[bytes]) -> subprocess.Popen[bytes]:
        with output:
            return subprocess.Popen(
                self.flask("serve"), cwd=ROOT, env=self.env, stdout=output, stderr=output
            )

    def said(self) -> str:
        return self.output.read_text()

    def get(self, path: str) -> int:
        try:
            with urllib.request.urlopen(self.base_url + path, timeout=10) as answer:  # noqa: S310
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def worker(self) -> int:
        """The child that is not the web server."""
        for pid in children(self.process.pid):
            if b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                return pid
        return 0


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    if not sys.platform.startswith("linux"):
        pytest.skip("reads /proc")
    found = Served(tmp_path)
    yield found
    if found.process.poll() is None:
        found.process.terminate()
        found.process.wait(PATIENCE)


def test_the_life_of_a_served_portal(served: Served) -> None:
    # what it says: where, who, one link, and that mails stay here
    said = served.said()
    assert f"répond sur {served.base_url}" in said
    for name in ("claire.montagnier@", "malik.aubertin@", "nadia.belkacem@"):
        assert name in said
    link = re.search(r"http://\S+/l/(esp-\S+)", said)
    assert link is not None
    assert "var/mails" in said

    # it answers, and its log never holds the text of a link
    assert served.get("/") == 200
    assert served.get(f"/l/{link[1]}") == 200
    log = served.data / "access.log"
    until(lambda: "/l/***" in log.read_text(), "the request is never logged")
    assert link[1] not in log.read_text()

    # a worker that dies comes back, and it is said
    before = served.worker()
    os.kill(before, signal.SIGKILL)
    until(lambda: served.worker() not in (0, before), "the worker never comes back")
    assert "travail de fond s’est arrêté" in served.said()
    assert served.get("/") == 200

    # asked to stop, everything stops
    left = children(served.process.pid)
    assert len(left) == 2
    served.process.terminate()
    assert served.process.wait(PATIENCE) == 0
    until(lambda: not any(map(is_running, left)), "a child outlives the supervisor")
    assert is_free("127.0.0.1", served.port)


def test_nothing_outlives_a_supervisor_that_is_killed(served: Served) -> None:
    left = children(served.process.pid)
    assert len(left) == 2
    served.process.kill()
    served.process.wait(PATIENCE)
    until(lambda: not any(map(is_running, left)), "a child outlives the supervisor")


def test_a_port_that_is_taken_is_said_in_french(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        env = os.environ | {
            "PORTAL_DEMO": "1",
            "PORTAL_DATA": str(tmp_path),
            "PORTAL_BASE_URL": f"http://127.0.0.1:{port}",
            "PORT": str(port),
        }
        done = subprocess.run(
            Served.flask("serve"), cwd=ROOT, env=env, capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    assert f"Le port {port} est déjà pris" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("GET /l/esp-12-abc_DEF HTTP/1.1", "GET /l/*** HTTP/1.1"),
        ("POST /l/esp-12-abc/prevenir HTTP/1.1", "POST /l/***/prevenir HTTP/1.1"),
        ("GET /l/esp-12-abc?utm_source=x HTTP/1.1", "GET /l/***?utm_source=x HTTP/1.1"),
        ("GET /l/esp-12-abc%3E HTTP/1.1", "GET /l/*** HTTP/1.1"),
        ("GET /?suite=%2Fl%2Fesp-12-abc HTTP/1.1", "GET /?suite=/l/*** HTTP/1.1"),
        ("GET /%6C/esp-12-abc HTTP/1.1", "GET /l/*** HTTP/1.1"),
        ("GET /?q=helene%40vasseur.example HTTP/1.1", "GET /?q=*** HTTP/1.1"),
        ("GET /%0A%22x HTTP/1.1", "GET /%0A%22x HTTP/1.1"),
        ("GET /statique/app.css HTTP/1.1", "GET /statique/app.css HTTP/1.1"),
    ],
)
def test_masking(text: str, masked: str) -> None:
    assert mask(text) == masked
