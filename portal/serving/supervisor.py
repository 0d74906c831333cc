"""One command for two processes: the web server and the background worker."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType

from portal.serving.following import SUPERVISED

GRACE = 25.0  # seconds left to a request or a message on its way out
TICK = 0.2
STEADY = 30.0  # a worker that lived that long did not die of its own start
MAX_PAUSE = 30.0

WEB = (
    sys.executable,
    *("-m", "gunicorn", "--config", "python:portal.serving.gunicorn_settings", "wsgi:app"),
)
WORKER = (sys.executable, "-m", "flask", "--app", "wsgi", "worker")


def is_free(host: str, port: int) -> bool:
    """Whether a server can listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


@dataclass
class Supervisor:
    """Starts both, restarts the worker when it dies, and ends both when one signal asks for it.

    `say` receives French sentences; `ready` is called once, when the server accepts connections.
    """

    host: str
    port: int
    say: Callable[[str], None]
    ready: Callable[[], None]
    web: Sequence[str] = WEB
    worker: Sequence[str] = WORKER
    stopping: bool = field(default=False, init=False)

    def run(self) -> int:
        """Returns the exit code: 0 when asked to stop, 1 when the web server could not go on."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        web = self._start(self.web)
        worker = self._start(self.worker)
        started, pause, announced = time.monotonic(), 1.0, False
        try:
            while not self.stopping and web.poll() is None:
                if not announced and self._answers():
                    announced = True
                    self.ready()
                if worker.poll() is not None:
                    steady = time.monotonic() - started > STEADY
                    pause = 1.0 if steady else min(pause * 2, MAX_PAUSE)
                    self.say(
                        f"Le travail de fond s’est arrêté (code {worker.returncode})"
                        f"\u00a0: il repart dans {pause:.0f}\u00a0s"
                    )
                    self._wait(pause)
                    if not self.stopping:
                        worker, started = self._start(self.worker), time.monotonic()
                time.sleep(TICK)
        finally:
            _end([web, worker])
        if self.stopping:
            return 0
        self.say(f"Le serveur web s’est arrêté (code {web.returncode}).")
        return 1

    def _start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        # In a group of its own: a Ctrl-C in the terminal reaches the supervisor alone, which then
        # ends each child in good order.
        return subprocess.Popen(  # noqa: S603 - our own commands, no shell
            command, process_group=0, env=os.environ | {SUPERVISED: str(os.getpid())}
        )

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self.stopping and time.monotonic() < end:
            time.sleep(TICK)

    def _answers(self) -> bool:
        try:
            with socket.create_connection((self.host, self.port), timeout=1):
                return True
        except OSError:
            return False


def _end(children: Sequence[subprocess.Popen[bytes]]) -> None:
    """SIGTERM to each, and SIGKILL to the whole group of what has not ended in time."""
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + GRACE
    for child in children:
        try:
            child.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
