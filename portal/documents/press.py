"""The press: a warm child process that turns HTML into PDF, and can be killed.

Neither xhtml2pdf nor reportlab is imported here: the process that calls `print_pdf` stays small,
and no document, however made, can hang or swell it.
"""

import atexit
import json
import os
import subprocess
import sys
import threading
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from queue import LifoQueue
from typing import Any

from portal.sandbox import read_frame, write_frame

SECONDS = 30  # wall time of one document, start of the child included
JOBS = 1_000  # then a new child (1 s of processor): whatever a library leaks has an end
_ROOT = Path(__file__).parents[2]


class PressError(RuntimeError):
    """The document was not made; the message is for the journal of the machine."""


@dataclass(frozen=True)
class Printed:
    """`cpu_ms` is what the child spent on it."""

    content: bytes
    pages: int
    cpu_ms: float


class Press:
    """One child at a time; calls from several threads wait for one another."""

    def __init__(self, seconds: float = SECONDS, jobs: int = JOBS) -> None:
        self.seconds = seconds
        self.jobs = jobs
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._done = 0

    def print_pdf(
        self, html: str, expected_pages: int = 1, logo: bytes | None = None, accent: str = ""
    ) -> Printed:
        """The PDF of `html`; raises PressError when it fails or takes more than 30 s.

        `logo` is the PNG that the HTML may name as the address `logo`, and nothing else;
        `accent` the colour of headings, #rrggbb (the house's own when empty).
        """
        job = {
            "html": html,
            "pages": expected_pages,
            "logo": b64encode(logo or b"").decode(),
            "accent": accent,
        }
        with self._lock:
            return self._print(job)

    def close(self) -> None:
        """Ends the child, if this process is the one that started it."""
        child, self._child, self._done = self._child, None, 0
        if child is None or self._owner != os.getpid():
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue  # what was still to be written has no reader any more

    def _print(self, job: dict[str, Any]) -> Printed:
        was_warm = self._done > 0
        try:
            head, content = self._within_time(job)
        except EOFError:
            if not was_warm:
                raise PressError("the child died") from None
            # A child that died between two jobs is only noticed now: one new one is tried.
            try:
                head, content = self._within_time(job)
            except EOFError as error:
                raise PressError("the child died") from error
        self._done += 1
        if self._done >= self.jobs:
            self.close()
        if head["error"]:
            raise PressError(str(head["error"]))
        return Printed(content, int(head["pages"]), float(head["cpu_ms"]))

    def _within_time(self, job: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """One exchange; EOFError when the child died by itself, PressError when it was killed."""
        child = self._warm()
        late = threading.Event()
        timer = threading.Timer(self.seconds, _kill, (child, late))
        timer.start()
        try:
            return self._exchange(child, job)
        except (OSError, EOFError, ValueError) as error:
            self.close()
            if late.is_set():
                raise PressError(f"more than {self.seconds:g} s") from error
            raise EOFError from error
        finally:
            timer.cancel()

    def _warm(self) -> "subprocess.Popen[bytes]":
        """The running child, or a new one; a child inherited through a fork is not ours."""
        if self._child is None or self._owner != os.getpid() or self._child.poll() is not None:
            self.close()
            self._child = subprocess.Popen(
                [sys.executable, "-m", "portal.documents.child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=_ROOT,
                env={"PYTHONPATH": str(_ROOT), "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
                start_new_session=True,  # Ctrl-C ends us; the child ends with us, not before
            )
            self._owner = os.getpid()
        return self._child

    def _exchange(
        self, child: "subprocess.Popen[bytes]", job: dict[str, Any]
    ) -> tuple[dict[str, Any], bytes]:
        if child.stdin is None or child.stdout is None:
            raise EOFError
        if self._done == 0:
            self._expect(child)
        write_frame(child.stdin, json.dumps(job).encode())  # type: ignore[arg-type]
        return json.loads(self._expect(child)), self._expect(child)

    def _expect(self, child: "subprocess.Popen[bytes]") -> bytes:
        frame = read_frame(child.stdout)  # type: ignore[arg-type]
        if frame is None:
            raise EOFError
        return frame


def _kill(child: "subprocess.Popen[bytes]", late: threading.Event) -> None:
    late.set()
    child.kill()


# One for each core, two at most: the three papers of a session are made side by side. The one
# used last is taken first, so that the other is only started, and its 70 MiB taken, in a crowd.
_PRESSES = tuple(Press() for _ in range(min(2, os.cpu_count() or 1)))
_free: LifoQueue[Press] = LifoQueue()
for _press in _PRESSES:
    _free.put(_press)
    atexit.register(_press.close)


def print_pdf(
    html: str, expected_pages: int = 1, logo: bytes | None = None, accent: str = ""
) -> Printed:
    """Prints through a press of this process that is free, or the first to be."""
    machine = _free.get()
    try:
        return machine.print_pdf(html, expected_pages, logo, accent)
    finally:
        _free.put(machine)
