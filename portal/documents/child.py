"""The press's child process: reads jobs on its standard input, answers on its standard output.

Started by `press` as `python -m portal.documents.child`. Walls around it: no environment, limits
on processor and memory, and a tripwire that refuses any file or socket a paper does not need.
A tripwire sees Python code only; the limits, the escaping and the policy are the real walls.
"""

import json
import os
import resource
import sys
import time
from base64 import b64decode
from typing import Any, BinaryIO

from portal.sandbox import Tripwire, leave_with_parent, read_frame, write_frame

CPU_SECONDS = 20  # for one job
MEMORY = 1024**3


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
        logo = b64decode(job["logo"]) or None
        made = pdf.render(job["html"], job["pages"], logo, job["accent"])
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

    leave_with_parent()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pdf.render("<p>àé€ <b>b</b> <i>i</i> \u0645\u0631\u062d\u0628\u0627</p>", 1)
    tripwire = Tripwire(pdf.ASSETS)
    sys.addaudithook(tripwire)
    gc.freeze()  # what the libraries hold is never garbage: each collection skips it
    gc.set_threshold(20_000)  # a paper leaves little garbage: looking for it was a twentieth
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
