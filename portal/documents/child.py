"""The press's child process: reads jobs on its standard input, answers on its standard output.

Started by `press` as `python -m portal.documents.child`. Walls around it: no environment, limits
on processor and memory, and a tripwire that refuses any file or socket a paper does not need.
A tripwire sees Python code only; the limits, the escaping and the policy are the real walls.
"""

import json
import os
import resource
import struct
import sys
import threading
import time
from base64 import b64decode
from pathlib import Path
from typing import Any, BinaryIO

CPU_SECONDS = 20  # for one job
MEMORY = 1024**3
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


class Tripwire:
    """An audit hook: records and refuses files outside `roots`, sockets, processes."""

    def __init__(self, *roots: Path) -> None:
        self.roots = tuple(f"{root.resolve()}{os.sep}" for root in roots)
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
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        if writes or any(letter in (mode or "") for letter in "wax+"):
            return False
        name = os.path.realpath(os.fsdecode(path))  # type: ignore[arg-type]
        # A module imported late is code, not something a paper asked for.
        return name.startswith(self.roots) or (name.startswith(self.code) and name.endswith(_CODE))

    def _refuse(self, what: str) -> None:
        self.caught.append(what[:200])
        raise PermissionError(f"refused: {what[:200]}")


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


def _leave_with(parent: int) -> None:
    """Ends the process when its parent is gone, even in the middle of a document."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


def _allow_processor_time() -> None:
    """Moves the processor limit 20 s ahead of what was used so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    ahead = int(used.ru_utime + used.ru_stime) + CPU_SECONDS + 1
    resource.setrlimit(resource.RLIMIT_CPU, (ahead, resource.RLIM_INFINITY))


def _answer(job: dict[str, Any], tripwire: Tripwire) -> tuple[dict[str, Any], bytes]:
    from portal.documents import pdf

    tripwire.caught.clear()
    started = time.process_time()
    error, content, pages = None, b"", 0
    try:
        made = pdf.render(job["html"], job["pages"], b64decode(job["logo"]) or None)
        content, pages = made.content, made.pages
    except (pdf.PaperError, MemoryError, RecursionError) as failure:
        error = f"{type(failure).__name__}: {failure}"[:500]
    if tripwire.caught:
        error, content = f"tripwire: {tripwire.caught[0]}", b""
    cpu_ms = round((time.process_time() - started) * 1000, 1)
    return {"error": error, "pages": pages, "cpu_ms": cpu_ms}, content


def serve(jobs: BinaryIO, answers: BinaryIO) -> None:
    """Answers one job after another until the parent closes the pipe."""
    import gc

    from portal.documents import pdf

    threading.Thread(target=_leave_with, args=(os.getppid(),), daemon=True).start()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pdf.render("<p>àé€ <b>b</b> <i>i</i> \u0645\u0631\u062d\u0628\u0627</p>", 1)
    tripwire = Tripwire(pdf.ASSETS)
    sys.addaudithook(tripwire)
    gc.freeze()  # what the libraries hold is never garbage: each collection skips it
    write_frame(answers, json.dumps({"ready": True}).encode())
    while (frame := read_frame(jobs)) is not None:
        _allow_processor_time()
        head, content = _answer(json.loads(frame), tripwire)
        write_frame(answers, json.dumps(head).encode())
        write_frame(answers, content)


if __name__ == "__main__":
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not be read as an answer
    serve(sys.stdin.buffer, out)
