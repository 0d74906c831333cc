"""Processor time of reading an agreement, beside poppler's own, and of a page made to be heavy.

Run from the root of the project: `python -m bench.reading`. Poppler runs in a process of its own,
start included; trust the ratio, not the milliseconds. Aim: reading costs less than twice poppler.
"""

import resource
import statistics
import tempfile
import time
from pathlib import Path

from portal.funding.reading import parse_bbox, read
from tests.agreements.drawing import bbox_of
from tests.agreements.first_set import FIRST_SET
from tests.agreements.test_pages import heavy

ROUNDS = 15
AIM = 2.0


def child_seconds() -> float:
    """Processor time of the children ended so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = [agreement.written(Path(folder)) for agreement in FIRST_SET]
        poppler: list[float] = []
        ours: list[float] = []
        for _ in range(ROUNDS):  # interleaved: both meet the same minutes of the machine
            for path in paths:
                started = child_seconds()
                xml = bbox_of(path)
                poppler.append(child_seconds() - started)
                started = time.process_time()
                read(parse_bbox(xml))
                ours.append(time.process_time() - started)
    mine, theirs = statistics.mean(ours) * 1000, statistics.mean(poppler) * 1000
    print(f"an agreement   {mine:6.1f} ms   poppler {theirs:6.1f} ms   ratio {mine / theirs:4.2f}")
    print(f"aim            ratio {AIM:4.2f}   {'kept' if mine <= AIM * theirs else 'missed'}")
    for name, page in heavy():
        started = time.process_time()
        read([page])
        spent = time.process_time() - started
        print(f"{len(page.words):>7} words, {name:<26}{spent * 1000:8.0f} ms")


if __name__ == "__main__":
    main()
