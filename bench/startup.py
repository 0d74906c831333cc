"""How long the processes take to start, and the memory each of them holds.

Run from the root of the project: `python -m bench.startup`. The code is compiled beforehand, as an
installation does it once and for all. Memory is the proportional share of
each process (what it shares with others is divided between them) after some pages were shown.
"""

import compileall
import statistics
import time
from pathlib import Path

from bench import ground
from tests import conftest
from tests.emails.mailroom import Server, serving
from tests.installation import ROOT
from tests.races.running import Portal, children, running, signed_in, until

STARTS = 5
WEB_AIM, START_AIM = 60.0, 0.6  # MiB, seconds


def memory_mib(pid: int) -> tuple[float, float]:
    """Proportional and resident memory."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    kib = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:]}
    return kib["Pss"] / 1024, kib["Rss"] / 1024


def starts(portal: Portal) -> tuple[float, float]:
    """Seconds until the web server answers, and processor time of its start: medians."""
    waits, processors = [], []
    for _ in range(STARTS):
        started = time.perf_counter()
        portal.start_web()
        waits.append(time.perf_counter() - started)
        if portal.web is None:
            raise RuntimeError("no web server")
        processors.append(ground.processor_ns([portal.web.pid]) / 1e9)
        if len(waits) < STARTS:
            portal.stop()
    return statistics.median(waits), statistics.median(processors)


def main() -> None:
    print(ground.machine())
    compileall.compile_dir(ROOT / "portal", quiet=1)
    with ground.folder() as place, serving(Server()) as mail:
        (place / "empty").mkdir()
        conftest.described(place / "empty")
        with running(place / "empty", place / "data", mail, web=False) as portal:
            wait, processor = starts(portal)
            print(f"web server answers after {wait:.2f} s ({processor:.2f} s of processor), aim "
                  f"{START_AIM} s ({ground.verdict(wait, START_AIM)})")  # fmt: skip
            people = [signed_in(portal) for _ in range(4)]
            for person in people * 10:
                person.get("/formateur/")
            portal.start_worker()
            worker = portal.worker
            if worker is None or portal.web is None:
                raise RuntimeError("not started")
            until(lambda: children(worker.pid), "the press never starts")
            time.sleep(2)
            named = [("gunicorn", portal.web.pid)]
            named += [("web process", pid) for pid in portal.web_pids()]
            named += [("worker", worker.pid)] + [("press", p) for p in children(worker.pid)]
            print(f"\n{'MiB':<14}{'share':>8}{'resident':>10}")
            for name, pid in named:
                share, resident = memory_mib(pid)
                aim = f"  aim {WEB_AIM:.0f} ({ground.verdict(resident, WEB_AIM)})"
                print(f"{name:<14}{share:8.1f}{resident:10.1f}"
                      f"{aim if name == 'web process' else ''}")  # fmt: skip
            print(f"{'together':<14}{sum(memory_mib(pid)[0] for _, pid in named):8.1f}")


if __name__ == "__main__":
    main()
