"""Walls around fragile work: a process of its own, with limits, that can be killed.

Started as `python -m portal.sandbox MEMORY CPU FILE PROGRAM …`, it puts the limits on itself and
becomes that program: limits set between fork and exec are unsafe in a process with threads.
"""

import os
import re
import resource
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

ROOT = Path(__file__).parents[1]
_CODE = (".py", ".pyc", ".so")
_FORBIDDEN = (
    "socket.",
    "subprocess.",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.system",
    "os.remove",
    "os.rename",
    "shutil.",
    "ctypes.dlopen",
    "urllib.",
    "tempfile.",
)


@dataclass(frozen=True)
class Limits:
    """`memory` of the address space and `file_octets` of each file written, in octets; `cpu` and
    `seconds` (by the clock on the wall) in seconds.
    """

    memory: int
    cpu: int
    file_octets: int
    seconds: float


@dataclass(frozen=True)
class Finished:
    """How a child ended: `code` is negative for a signal, `cpu` in seconds."""

    code: int
    is_late: bool
    cpu: float


def confine(limits: Limits) -> None:
    """Puts the limits on the process that calls it."""
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu, limits.cpu + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.file_octets, limits.file_octets))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run_module(module: str, arguments: Sequence[str], errors: Path, seconds: float) -> Finished:
    """Runs one of our modules, which calls `confine` itself; what it prints goes to `errors`."""
    command = [sys.executable, "-B", "-s", "-m", module, *arguments]
    return _run(command, errors, seconds)


def run_program(program: str, arguments: Sequence[str], errors: Path, limits: Limits) -> Finished:
    """Runs a program of the machine (its whole path) under those limits."""
    figures = [str(limits.memory), str(limits.cpu), str(limits.file_octets)]
    command = [sys.executable, "-B", "-s", "-S", "-m", __name__, *figures, program, *arguments]
    return _run(command, errors, limits.seconds)


def _run(command: list[str], errors: Path, seconds: float) -> Finished:
    """No shell, no environment, no other open file; killed with its own children when late."""
    late = threading.Event()
    with errors.open("wb") as output:
        child = subprocess.Popen(  # noqa: S603 - a list of words of ours and paths of ours
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=ROOT,
            env={},
            close_fds=True,
            start_new_session=True,
        )
    timer = threading.Timer(seconds, _kill, (child.pid, late))
    timer.start()
    try:
        _, status, usage = os.wait4(child.pid, 0)
    except BaseException:
        _kill(child.pid, late)
        raise
    finally:
        timer.cancel()
    child.returncode = os.waitstatus_to_exitcode(status)
    return Finished(child.returncode, late.is_set(), usage.ru_utime + usage.ru_stime)


def _kill(pid: int, late: threading.Event) -> None:
    late.set()
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        late.clear()  # it ended by itself at the last instant


# --- Inside the child


class Tripwire:
    """An audit hook: records and refuses files outside `roots`, sockets, processes.

    It sees Python code only; the limits are the real walls. Files may be written in `writable`.
    """

    def __init__(self, *roots: Path, writable: Path | None = None) -> None:
        self.roots = tuple(f"{root.resolve()}{os.sep}" for root in roots)
        self.writable = f"{writable.resolve()}{os.sep}" if writable else None
        self.code = tuple({f"{Path(p).resolve()}{os.sep}" for p in sys.path if p})
        self.caught: list[str] = []

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            if not self._may_open(*args):
                self._refuse(f"open {args[0]!r}")
        elif event.startswith(_FORBIDDEN):
            self._refuse(event)

    def _may_open(self, path: object, mode: str | None, flags: int) -> bool:
        if isinstance(path, int):
            return True
        name = os.path.realpath(os.fsdecode(path))  # type: ignore[arg-type]
        if self.writable and name.startswith(self.writable):
            return True
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        if writes or any(letter in (mode or "") for letter in "wax+"):
            return False
        # A module imported late is code, not something a paper asked for.
        return name.startswith(self.roots) or (name.startswith(self.code) and name.endswith(_CODE))

    def _refuse(self, what: str) -> None:
        self.caught.append(what[:200])
        raise PermissionError(f"refused: {what[:200]}")


def leave_with_parent() -> None:
    """From now on the process ends when its parent is gone, even in the middle of a job."""
    threading.Thread(target=_leave_with, args=(os.getppid(),), daemon=True).start()


def _leave_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


def peak_memory() -> int:
    """The most memory this process ever held, in octets; 0 where the system does not say.

    Not `ru_maxrss`: a child inherits there what its parent held.
    """
    status = Path("/proc/self/status")
    text = status.read_text() if status.exists() else ""
    found = re.search(r"VmHWM:\s+(\d+) kB", text)
    return int(found.group(1)) * 1024 if found else 0


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next message, None at the end of the stream."""
    head = stream.read(4)
    if len(head) < 4:
        return None
    (length,) = struct.unpack(">I", head)
    body = stream.read(length)
    return body if len(body) == length else None


def write_frame(stream: BinaryIO, body: bytes) -> None:
    stream.write(struct.pack(">I", len(body)) + body)
    stream.flush()


def _become(words: list[str]) -> None:
    memory, cpu, file_octets, *command = words
    confine(Limits(int(memory), int(cpu), int(file_octets), 0))
    for number in (signal.SIGXFSZ, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)  # Python ignores them, and exec would pass that on
    os.execv(command[0], command)  # noqa: S606 - the program named by `run_program`


if __name__ == "__main__":
    _become(sys.argv[1:])
