"""Measures the import of a generated « Table SIRET-OPCO »: time and peak memory, both kinds.

.venv/bin/python -m bench.siro_import [lines]
"""

import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from portal.companies import siro
from portal.companies.tables import packaged
from portal.funding.rules import opcos

LINES = 3_650_000


def generate(path: Path, lines: int, seed: int = 1) -> None:
    """A file like the real one: unsorted SIRETs, the agreements' real OPCO, 2 % overseas."""
    chance = random.Random(seed)
    labels = {opco.code: opco.siro_label for opco in opcos().values()}
    known = [c for c in packaged().conventions.values() if c.codes]
    ends = [f"{c.idcc}|{labels[code]}|" for c in known for code in c.codes]
    ends += [f"{c.idcc}|{labels[c.codes[0]]}|{labels['AKTO']}" for c in known[:20]]
    ends += [f"{idcc}|{labels['AKTO']}|" for idcc in ("9999", "5100")]
    with path.open("w", encoding="utf-8") as file:
        file.write(siro.HEADER + "\n")
        for start in range(0, lines, 10_000):
            count = min(10_000, lines - start)
            file.write("".join(
                f"{chance.randrange(10**13, 10**14)}|{chance.choice(ends)}\n" for _ in range(count)
            ))  # fmt: skip


def measure(source: Path, target: Path, with_sirets: bool) -> None:
    start, cpu = time.perf_counter(), time.process_time()
    with source.open("rb") as file:
        report = siro.bring_in(file, target, "2026-08", with_sirets=with_sirets)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    kind = "with SIRETs" if with_sirets else "agreements only"
    print(
        f"{kind:<16} {report.lines} lines, {report.bad} bad, {report.agreements} agreements, "
        f"{seconds:.1f} s ({cpu:.1f} s of CPU), peak {peak:.0f} MiB, "
        f"file {target.stat().st_size / 2**20:.1f} MiB"
    )
    siret = source.read_bytes()[200:].split(b"\n")[1][:14].decode()
    start = time.perf_counter()
    for _ in range(100):
        siro.attachments(target, siret)
    print(f"{'':<16} one SIRET looked up in {(time.perf_counter() - start) * 10:.2f} ms")


def main() -> None:
    if len(sys.argv) == 4:
        measure(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "with")
        return
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else LINES
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "table.csv"
        generate(source, lines)
        print(f"generated {source.stat().st_size / 2**20:.0f} MiB")
        for kind in ("without", "with"):  # each in its own process: its peak is its own
            target = str(Path(folder) / f"{kind}.sqlite3")
            command = [sys.executable, "-m", "bench.siro_import", str(source), target, kind]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
