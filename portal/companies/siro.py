"""France compétences' open « Table SIRET-OPCO »: brought in whole or not at all, then read.

The monthly file has one line per establishment and agreement,
`SIRET|IDCC|OPCO_PROPRIETAIRE|OPCO_GESTION`, about 3.65 million of them. OPCO_GESTION is filled in
overseas only: the OPCO that handles requests there on behalf of the owner. It becomes a file of its
own, apart from the portal's database, which takes the old one's place once it is complete.
"""

import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from portal.companies.reference import ESCAPES, Convention, Reliability
from portal.funding.rules import opcos

HEADER = "SIRET|IDCC|OPCO_PROPRIETAIRE|OPCO_GESTION"
CHUNK = 1 << 20
LONGEST_LINE = 4_096
SHOWN_FAULTS = 5
MOST_BAD = 0.01  # share of unreadable lines above which the file is not the one expected
LEAST_OF_BEFORE = 0.5  # a file with fewer lines than this share of the last one was cut
MAJORITY = 0.9  # share of an agreement's establishments that makes its OPCO the only one
NOISE = 0.02  # an OPCO below this share of an agreement is a slip of the open data
FEW = 20  # establishments

_TABLES = """
CREATE TABLE pair (id INTEGER PRIMARY KEY, idcc TEXT, owner TEXT, manager TEXT, count INTEGER);
CREATE TABLE establishment (siret INTEGER, pair INTEGER, PRIMARY KEY (siret, pair)) WITHOUT ROWID;
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TEMP TABLE arrival (siret INTEGER, pair INTEGER);
"""


class Unusable(ValueError):
    """The file is not a complete « Table SIRET-OPCO »; the French sentence says why."""


@dataclass
class Report:
    """What an import read. `faults` are the first unreadable lines: number and beginning."""

    lines: int = 0
    bad: int = 0
    agreements: int = 0
    shared: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)

    @property
    def good(self) -> int:
        return self.lines - self.bad

    def refuse(self, line: bytes) -> None:
        self.bad += 1
        if len(self.faults) < SHOWN_FAULTS:
            shown = line[:60].decode("utf-8", "replace")
            self.faults.append((self.lines + 1, shown))  # the header is line 1


def bring_in(
    source: IO[bytes],
    path: Path,
    month: str,
    *,
    with_sirets: bool = False,
    advance: Callable[[int], object] = lambda _octets: None,
) -> Report:
    """Reads `source` to its end and puts the tables it makes at `path`, in one move.

    `month` is « 2026-08 »; `advance` is told of the octets read. Raises Unusable, and leaves the
    old file as it was, when the file is not the expected one or was cut.
    """
    before = _lines_of(path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        fresh.touch(mode=0o600)
        with closing(sqlite3.connect(fresh, isolation_level=None)) as connection:
            report = _fill(connection, source, with_sirets, advance)
            _check(report, before)
            _finish(connection, report, month)
        _sync(fresh)
        fresh.replace(path)
        _sync(path.parent)
    finally:
        fresh.unlink(missing_ok=True)
    return report


def _sync(path: Path) -> None:
    """To the disk: a power cut must not leave an empty file under the final name."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _fill(
    connection: sqlite3.Connection,
    source: IO[bytes],
    with_sirets: bool,
    advance: Callable[[int], object],
) -> Report:
    # Nobody reads this file before it is complete, and it is thrown away if it never is.
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "temp_store=FILE", "cache_size=-16000"):
        connection.execute(f"PRAGMA {pragma}")
    connection.executescript(_TABLES)
    report, pairs, counts = Report(), _Pairs(), Counter[int]()
    connection.execute("BEGIN")
    for lines in _chunks(source, advance):
        arrivals = []
        for line in lines:
            report.lines += 1
            siret, _, rest = line.partition(b"|")
            pair = pairs.of(rest)
            if pair is None or len(siret) != 14 or not siret.isdigit():
                report.refuse(line)
                continue
            counts[pair] += 1
            if with_sirets:
                arrivals.append((int(siret), pair))
        connection.executemany("INSERT INTO arrival VALUES (?, ?)", arrivals)
    connection.execute(
        "INSERT OR IGNORE INTO establishment SELECT siret, pair FROM arrival ORDER BY 1, 2"
    )
    rows = [(n, *pairs.parts[n], counts[n]) for n in counts]
    connection.executemany("INSERT INTO pair VALUES (?, ?, ?, ?, ?)", rows)
    connection.execute("COMMIT")
    return report


def _chunks(source: IO[bytes], advance: Callable[[int], object]) -> Iterator[list[bytes]]:
    """The lines after the header, a chunk of the file at a time. Raises Unusable on a bad header.

    A line is never longer in memory than LONGEST_LINE: what has no line break is not the table.
    """
    header = source.readline(LONGEST_LINE)
    if header.decode("utf-8-sig", "replace").strip().replace('"', "") != HEADER:
        raise Unusable(f"La première ligne attendue est {HEADER}")
    advance(len(header))
    rest = b""
    while chunk := source.read(CHUNK):
        advance(len(chunk))
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > LONGEST_LINE:
            raise Unusable("Une ligne n’a pas de fin\u00a0: ce fichier n’est pas la table attendue")
        yield [line.rstrip(b"\r") for line in lines]
    if rest.strip():
        yield [rest.rstrip(b"\r")]


class _Pairs:
    """Numbers the distinct ends of line (agreement, owner, manager): a few thousands."""

    def __init__(self) -> None:
        self.codes = {_label(opco.siro_label): opco.code for opco in opcos().values()}
        self.numbers: dict[bytes, int] = {}
        self.parts: list[tuple[str, str, str]] = []

    def of(self, rest: bytes) -> int | None:
        """The number of this end of line; None when it is unreadable."""
        known = self.numbers.get(rest)
        if known is not None:
            return known
        fields = [part.strip(' "') for part in rest.decode("utf-8", "replace").split("|")]
        if len(fields) == 2:
            fields.append("")
        if len(fields) != 3:
            return None
        idcc, owner, manager = fields[0], _label(fields[1]), _label(fields[2])
        if not (idcc.isascii() and idcc.isdigit() and len(idcc) <= 4 and owner in self.codes):
            return None
        if manager and manager not in self.codes:
            return None
        self.parts.append((idcc.zfill(4), self.codes[owner], self.codes.get(manager, "")))
        self.numbers[rest] = len(self.parts) - 1
        return self.numbers[rest]


def _label(name: str) -> str:
    """« OPCO 2i » and « OPCO2I » are the same OPCO."""
    return name.upper().replace(" ", "")


def _check(report: Report, before: int) -> None:
    """Raises Unusable rather than replace a good table by a doubtful one."""
    if not report.good:
        raise Unusable("Aucune ligne lisible\u00a0: ce fichier n’est pas la table attendue")
    if report.bad > report.lines * MOST_BAD:
        raise Unusable(f"{report.bad} lignes illisibles sur {report.lines}\u00a0: c’est trop")
    if report.good < before * LEAST_OF_BEFORE:
        raise Unusable(
            f"{report.good} lignes lisibles, contre {before} la fois précédente"
            "\u00a0: le fichier semble coupé"
        )


def _finish(connection: sqlite3.Connection, report: Report, month: str) -> None:
    about = {"month": month, "lines": str(report.good)}
    connection.executemany("INSERT INTO about VALUES (?, ?)", about.items())
    found = _conventions(connection)
    report.agreements = len(found)
    report.shared = sum(c.reliability is Reliability.SHARED for c in found.values())


# --- Reading


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """For reading only: the file is never written where it stands, only replaced."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        yield connection
    finally:
        connection.close()


def _lines_of(path: Path) -> int:
    """How many lines the table in force was made of; 0 without a table."""
    try:
        with _opened(path) as connection:
            row = connection.execute("SELECT value FROM about WHERE name = 'lines'").fetchone()
    except sqlite3.Error:
        return 0
    return int(row[0]) if row else 0


def conventions(path: Path) -> dict[str, Convention]:
    """The agreements of the imported table, without titles; empty when there is none to read."""
    try:
        with _opened(path) as connection:
            return _conventions(connection)
    except sqlite3.Error:
        return {}


def _conventions(connection: sqlite3.Connection) -> dict[str, Convention]:
    (month,) = connection.execute("SELECT value FROM about WHERE name = 'month'").fetchone()
    owners: dict[str, Counter[str]] = {}
    for idcc, owner, count in connection.execute("SELECT idcc, owner, count FROM pair"):
        if idcc not in ESCAPES and idcc != "0000":
            owners.setdefault(idcc, Counter())[owner] += count
    source = f"SIRO-{month.replace('-', '')}"
    return {idcc: _convention(idcc, owners[idcc], source, month) for idcc in sorted(owners)}


def _convention(idcc: str, owners: Counter[str], source: str, month: str) -> Convention:
    total = owners.total()
    ranked = sorted(owners.items(), key=lambda pair: (-pair[1], pair[0]))
    if ranked[0][1] >= total * MAJORITY:
        reliability = Reliability.SURE if total >= FEW else Reliability.RARE
        return Convention(idcc, "", (ranked[0][0],), reliability, source, month)
    codes = tuple(code for code, count in ranked if count >= total * NOISE)
    return Convention(idcc, "", codes, Reliability.SHARED, source, month)


@dataclass(frozen=True)
class Attachment:
    """One line of the table for a SIRET."""

    idcc: str
    owner: str
    manager: str


def attachments(path: Path, siret: str) -> tuple[list[Attachment], str]:
    """The lines of that SIRET and the table's month; nothing when no table holds SIRETs.

    Lines whose agreement is a placeholder keep their owner: it is the establishment's own OPCO.
    """
    if not (siret.isascii() and siret.isdigit()):
        return [], ""
    try:
        with _opened(path) as connection:
            rows = connection.execute(
                "SELECT idcc, owner, manager FROM establishment JOIN pair ON pair.id = pair"
                " WHERE siret = ? ORDER BY pair.count DESC",
                (int(siret),),
            ).fetchall()
            (month,) = connection.execute("SELECT value FROM about WHERE name='month'").fetchone()
    except (sqlite3.Error, OverflowError):
        return [], ""
    return [Attachment(*row) for row in rows], str(month)
