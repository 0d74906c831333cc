"""What an act costs the person who presses: alone with the worker stopped, then eight at once.

Run from the root of the project: `python -m bench.acts`. Real web processes, a real database file
synced at each commit. Beside them, what the machine gives: the same number of plain commits.
"""

import sqlite3
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

from bench import ground
from tests.emails.mailroom import Server
from tests.races.running import Answer, Person, Portal, signed_in
from tests.screens import controls

CLIENTS = 8
EACH = 20  # acts of each client
ALONE = 40
DRAFTS = ALONE + CLIENTS * EACH
ALONE_AIM, CROWD_AIM = 300.0, 100.0  # milliseconds at the 95th percentile
NEW = "/formateur/sessions/nouvelle"


def create(person: Person, number: int) -> Answer:
    return person.post(NEW, {"way": "self", "key": f"bench-{number}"})


def save(person: Person, values: dict[str, str], refs: list[str], number: int) -> Answer:
    path = f"/formateur/sessions/{refs[number]}/etapes/stagiaires"
    return person.post(path, values | {"version-trainees": "1"})


def send(person: Person, refs: list[str], number: int) -> Answer:
    return person.post(f"/formateur/sessions/{refs[number]}/verifier")


def commits_ms(folder: Path, count: int) -> float:
    """The median of a one-row transaction, synced as the portal's are."""
    spent = []
    with closing(sqlite3.connect(folder / "floor.sqlite3", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE floor (n INTEGER)")
        for number in range(count):
            started = time.perf_counter()
            connection.execute("INSERT INTO floor VALUES (?)", (number,))
            spent.append((time.perf_counter() - started) * 1000)
    return statistics.median(spent)


def report(name: str, seconds: list[float], aim: float) -> None:
    values = [1000 * each for each in seconds]
    p95 = ground.percentile(values, 0.95)
    print(f"{name:<34}{statistics.median(values):8.1f}{p95:8.1f}{aim:8.0f}  "
          f"{ground.verdict(p95, aim)}")  # fmt: skip


def crowd(act: Callable[[int], Answer], count: int, offset: int = 0) -> tuple[list[float], float]:
    """Seconds of each act, and acts per second, with eight people pressing."""
    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as people:
        answers = list(people.map(act, range(offset, offset + count)))
    wrong = {answer.status for answer in answers} - {303}
    if wrong:
        raise RuntimeError(f"answers {wrong}")
    return [a.seconds for a in answers], count / (time.perf_counter() - started)


def main() -> None:
    print(ground.machine())
    with ground.served(DRAFTS, Server(port=9)) as portal:
        print(f"one commit of the machine, alone: {commits_ms(portal.data, 200):.2f} ms\n")
        measure(portal)


def measure(portal: Portal) -> None:
    person = signed_in(portal)
    refs = portal.rows("SELECT ref FROM training_session ORDER BY ref")
    shown = person.get(f"/formateur/sessions/{refs[0]}/etapes/stagiaires")
    values = {**controls(shown), "headcount": "7"}  # type: ignore[arg-type]
    print(f"{'milliseconds':<34}{'median':>8}{'p95':>8}{'aim':>8}")
    alone = [send(person, refs, n).seconds for n in range(ALONE)]
    report("« Envoyer », alone, worker stopped", alone, ALONE_AIM)
    acts = {
        "create a session": partial(create, person),
        "save a step": partial(save, person, values, refs),
        "« Envoyer »": partial(send, person, refs),
    }
    for name, act in acts.items():
        seconds, rate = crowd(act, CLIENTS * EACH, ALONE)
        report(f"{name}, {CLIENTS} at once ({rate:.0f}/s)", seconds, CROWD_AIM)


if __name__ == "__main__":
    main()
