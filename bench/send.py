"""From « Envoyer » to the two messages, three PDFs each, accepted by a mail server beside.

Run from the root of the project: `python -m bench.send`. The processor time of a session is told
process by process: this script, its mail server and its browser take their share of the machine.
"""

import os
import statistics
import time
from pathlib import Path

from bench import ground
from tests.emails.mailroom import Server, parsed, serving
from tests.races.running import LETTERS, PAPERS, Person, Portal, signed_in, until

ALONE, CROWD = 12, 40  # sessions sent one by one, then without waiting
IDLE_AIM = 1.0  # seconds
RATE_AIM = 5.0  # sessions per second and per core


def send(person: Person, ref: str) -> None:
    answer = person.post(f"/formateur/sessions/{ref}/verifier")
    if answer.status != 303:
        raise RuntimeError(f"{ref}: {answer.status}")


def wait_for(mail: Server, count: int) -> None:
    until(lambda: len(mail.received) >= count, f"{count} messages never come", 0.002, 600)


def spent(portal: Portal) -> dict[str, float]:
    """Milliseconds of processor so far."""
    if portal.worker is None:
        raise RuntimeError("no worker")
    worker = portal.worker.pid
    threads = Path(f"/proc/{worker}/task").glob("*/children")
    presses = [int(pid) for file in threads for pid in file.read_text().split()]
    of_others = {"web": portal.web_pids(), "worker": [worker], "presses": presses}
    times = {name: ground.processor_ns(pids) / 1e6 for name, pids in of_others.items()}
    return times | {"this script": time.process_time() * 1000}


def measure(portal: Portal, mail: Server) -> None:
    person = signed_in(portal)
    first, *refs = portal.rows("SELECT ref FROM training_session ORDER BY ref")
    portal.start_worker()
    send(person, first)  # the first of the day finds the press still warming up
    wait_for(mail, LETTERS)
    seconds = []
    for number, ref in enumerate(refs[:ALONE], start=2):
        time.sleep(0.3)
        started = time.perf_counter()
        send(person, ref)
        wait_for(mail, LETTERS * number)
        seconds.append(time.perf_counter() - started)
    attached = {len(list(parsed(content).iter_attachments())) for content in mail.received}
    if attached != {PAPERS}:
        raise RuntimeError(f"attachments: {attached}")
    median, worst = statistics.median(seconds), max(seconds)
    print(f"idle: median {median:.2f} s, worst {worst:.2f} s, aim {IDLE_AIM:.0f} s "
          f"({ground.verdict(median, IDLE_AIM)})")  # fmt: skip
    before, started = spent(portal), time.perf_counter()
    for ref in refs[ALONE:]:
        send(person, ref)
    wait_for(mail, LETTERS * (1 + ALONE + CROWD))
    after = spent(portal)
    rate = CROWD / (time.perf_counter() - started)
    each = rate / (os.cpu_count() or 1)
    print(f"sustained: {rate:.1f} sessions/s here, {each:.1f} per core, aim {RATE_AIM:.0f} "
          f"({ground.verdict(RATE_AIM, each)})")  # fmt: skip
    shares = {name: (after[name] - before[name]) / CROWD for name in after}
    print("CPU of a session, ms:", ", ".join(f"{name} {ms:.0f}" for name, ms in shares.items()))


def main() -> None:
    print(ground.machine())
    with serving(Server()) as mail, ground.served(1 + ALONE + CROWD, mail) as portal:
        measure(portal, mail)


if __name__ == "__main__":
    main()
