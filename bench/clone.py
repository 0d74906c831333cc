"""From a fresh clone to a portal that answers, by the README's first command.

Run from the root of the project: `python -m bench.clone`. Installs the libraries in an
environment of the clone, from wherever pip is set to fetch them: most of it is that. What is
committed is what is measured.
"""

import os
import signal
import subprocess
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from bench import ground
from tests.installation import ROOT
from tests.races.running import free_port, until

AIM = 60.0  # seconds
PATIENCE = 600.0


def answers(process: "subprocess.Popen[bytes]", url: str) -> bool:
    if process.poll() is not None:
        raise RuntimeError("« make run » ended")
    try:
        with urlopen(url, timeout=5) as answer:  # noqa: S310 - an address of this very machine
            return bool(answer.status == 200)
    except (URLError, ConnectionError):
        return False


def run(clone: Path) -> float:
    """Seconds until `make run` answers in that clone; it is ended then."""
    port = free_port()
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PORTAL_", "DATABASE_"))}
    started = time.perf_counter()
    process = subprocess.Popen(
        ["make", "run", f"PORT={port}"],
        cwd=clone,
        env=env,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        until(
            lambda: answers(process, f"http://127.0.0.1:{port}/"),
            "the portal never answers",
            0.05,
            PATIENCE,
        )
        return time.perf_counter() - started
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def main() -> None:
    print(ground.machine())
    with ground.folder() as place:
        started = time.perf_counter()
        subprocess.run(["git", "clone", "--quiet", ROOT, place / "clone"], check=True)
        first = time.perf_counter() - started + run(place / "clone")
        print(f"clone → answering: {first:.1f} s, aim {AIM:.0f} s ({ground.verdict(first, AIM)})")
        print(f"the second time: {run(place / 'clone'):.1f} s")


if __name__ == "__main__":
    main()
