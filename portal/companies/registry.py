"""The client of the public directory of companies (recherche-entreprises.api.gouv.fr).

Every answer may be missing: too slow, too busy, down, or nonsense. All of it is one exception,
`Outage`, and nothing that waits for the directory waits longer than a few seconds. What all the
processes must share (the budget of calls, the breaker, the answers of the day) is kept in a small
file of its own, which may be thrown away at any time.
"""

import json
import logging
import sqlite3
import ssl
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from portal.companies import directory
from portal.companies.directory import Garbage, Unit
from portal.config import LOOPBACK, Config

TIMEOUT = 2.0  # seconds: to connect, to be answered, and for the whole answer to arrive
LARGEST_ANSWER = 1 << 20
WINDOW = 1.0
CALLS = 7  # per WINDOW, for one address: the directory's own limit
ANONYMOUS_CALLS = 3  # of these, for names searched by people who did not sign in
PATIENCE = 1.0  # seconds a look-up may wait for its turn
FAILURES = 3  # in a row, that shut the gate
SHUT = 15.0  # seconds, doubled at each further failure
LONGEST_SHUT = 300.0
LONGEST_WAIT = 3_600.0  # a Retry-After is believed up to an hour
PROBE = 5.0  # seconds during which one caller tries again and the others do not
KEPT = 86_400.0  # seconds an answer is good for
KEPT_EMPTY = 3_600.0
LARGEST_KEPT = 100_000
MOST_KEPT = 2_000
NAMES = 8

log = logging.getLogger(__name__)

_TABLES = """
CREATE TABLE IF NOT EXISTS call (at REAL, is_anonymous INTEGER);
CREATE TABLE IF NOT EXISTS answer (key TEXT PRIMARY KEY, at REAL, body TEXT, is_empty INTEGER);
CREATE TABLE IF NOT EXISTS gate (id INTEGER PRIMARY KEY, failures INTEGER, until REAL);
INSERT OR IGNORE INTO gate VALUES (1, 0, 0);
"""


class Outage(Exception):
    """The directory gives no answer now. `wait`: seconds before asking again makes sense."""

    def __init__(self, reason: str, wait: float = SHUT) -> None:
        super().__init__(reason)
        self.wait = wait


class Busy(Outage):
    """Our own budget of calls is spent for this second."""


class _Refused(Exception):
    """429, with the seconds the directory asks to wait."""

    def __init__(self, wait: float) -> None:
        super().__init__(f"busy for {wait:.0f} s")
        self.wait = wait


@dataclass(frozen=True)
class Registry:
    """The directory at `url`; `state` is the file the processes of this machine share."""

    url: str
    state: Path
    agent: str

    @classmethod
    def of(cls, config: Config) -> "Registry":
        agent = f"portail-formation/1 (+{config.base_url})"
        return cls(config.registry_url, config.registry_state, agent)

    def by_number(self, number: str) -> Unit | None:
        """The company of a SIREN or SIRET; None when the public directory does not have it.

        Raises Outage.
        """
        found = self._ask({"q": number, "per_page": "1"}, number, is_anonymous=False)
        return next((unit for unit in found if unit.siren == number[:9]), None)

    def by_name(self, name: str, *, is_anonymous: bool) -> list[Unit]:
        """Companies of that name, the directory's own order. Raises Outage."""
        name = name[:100]
        query = {"q": name, "per_page": str(NAMES)}
        return self._ask(query, f"nom:{name.lower()}", is_anonymous=is_anonymous)

    def _ask(self, query: dict[str, str], key: str, *, is_anonymous: bool) -> list[Unit]:
        if not self.url:
            raise Outage("no directory is configured", LONGEST_SHUT)
        try:
            kept = self._kept(key)
            if kept is not None:
                return directory.units(json.loads(kept))
            self._enter(is_anonymous)
            return self._call(query, key)
        except sqlite3.Error as error:
            log.warning("the shared state of the directory cannot be used: %s", error)
            self.state.unlink(missing_ok=True)
            raise Outage("no shared state") from error

    def _call(self, query: dict[str, str], key: str) -> list[Unit]:
        try:
            body = self._fetch(query)
            found = directory.units(json.loads(body))
        except _Refused as refused:
            self._shut(refused.wait)
            raise Outage("the directory asks to wait", refused.wait) from refused
        except (Garbage, OSError, UnicodeError, ValueError, RecursionError) as error:
            raise Outage(f"{type(error).__name__}: {error}", self._failed()) from error
        self._keep(key, body, is_empty=not found)
        return found

    # --- The network

    def _fetch(self, query: dict[str, str]) -> str:
        """The text of the answer. Raises OSError, _Refused or Garbage."""
        import httpx  # a fifth of a second, spared to every process that never asks

        is_local = urlsplit(self.url).hostname in LOOPBACK
        query = query | {
            "minimal": "true",
            "include": "siege,complements,matching_etablissements",
        }
        deadline = time.monotonic() + TIMEOUT
        try:
            with (
                httpx.Client(
                    timeout=TIMEOUT,
                    verify=True if is_local else _tls(),
                    trust_env=not is_local,
                    headers={"User-Agent": self.agent, "Accept": "application/json"},
                ) as client,
                client.stream("GET", f"{self.url}/search", params=query) as response,
            ):
                return _read(response, deadline)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise OSError(f"{type(error).__name__} {error}") from error

    # --- What is shared

    @contextmanager
    def _shared(self) -> Iterator[sqlite3.Connection]:
        """One short transaction on the shared file, made when it does not exist."""
        self.state.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.state, timeout=1, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("BEGIN IMMEDIATE")
            for statement in filter(str.strip, _TABLES.split(";")):
                connection.execute(statement)
            yield connection
            connection.execute("COMMIT")

    def _kept(self, key: str) -> str | None:
        with self._shared() as connection:
            row = connection.execute(
                "SELECT body FROM answer WHERE key = ?"
                " AND at > ? - CASE is_empty WHEN 1 THEN ? ELSE ? END",
                (key, time.time(), KEPT_EMPTY, KEPT),
            ).fetchone()
        return str(row[0]) if row else None

    def _keep(self, key: str, body: str, *, is_empty: bool) -> None:
        with self._shared() as connection:
            connection.execute("UPDATE gate SET failures = 0, until = 0")
            if len(body) <= LARGEST_KEPT:
                row = (key, time.time(), body, is_empty)
                connection.execute("INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?)", row)
                connection.execute(
                    "DELETE FROM answer WHERE key IN"
                    " (SELECT key FROM answer ORDER BY at DESC LIMIT -1 OFFSET ?)",
                    (MOST_KEPT,),
                )

    def _enter(self, is_anonymous: bool) -> None:
        """Takes one call of this second's budget. Raises Outage, or Busy when it is spent.

        A name typed by a visitor never waits for its turn; a SIRET waits a little.
        """
        waited = 0.0
        while (wait := self._turn(is_anonymous)) > 0:
            if is_anonymous or waited + wait > PATIENCE + 0.1:
                raise Busy("too many calls this second", wait)
            time.sleep(wait)
            waited += wait

    def _turn(self, is_anonymous: bool) -> float:
        """Seconds to wait; 0 when the call may leave, and is counted."""
        now = time.time()
        with self._shared() as connection:
            failures, until = connection.execute("SELECT failures, until FROM gate").fetchone()
            if now < until:
                raise Outage("the gate is shut", until - now)
            connection.execute("DELETE FROM call WHERE at <= ? OR at > ?", (now - WINDOW, now + 60))
            rows = connection.execute("SELECT at, is_anonymous FROM call ORDER BY at").fetchall()
            anonymous = [at for at, is_other in rows if is_other]
            if is_anonymous and len(anonymous) >= ANONYMOUS_CALLS:
                return max(0.01, anonymous[-ANONYMOUS_CALLS] + WINDOW - now)
            if len(rows) >= CALLS:
                return float(max(0.01, rows[-CALLS][0] + WINDOW - now))
            connection.execute("INSERT INTO call VALUES (?, ?)", (now, is_anonymous))
            if failures >= FAILURES:  # one caller tries; the others are told at once
                connection.execute("UPDATE gate SET until = ?", (now + PROBE,))
        return 0.0

    def _failed(self) -> float:
        """Counts a failure; returns the seconds the gate stays shut, 0 while it is open."""
        with self._shared() as connection:
            (failures,) = connection.execute(
                "UPDATE gate SET failures = failures + 1 RETURNING failures"
            ).fetchone()
            if failures < FAILURES:
                return 0.0
            wait = min(LONGEST_SHUT, SHUT * 2.0 ** min(failures - FAILURES, 10))
            connection.execute("UPDATE gate SET until = ?", (time.time() + wait,))
        return float(wait)

    def _shut(self, wait: float) -> None:
        with self._shared() as connection:
            connection.execute("UPDATE gate SET until = ?", (time.time() + wait,))


def _read(response: Any, deadline: float) -> str:
    """The body, if it is a good answer that arrives in time and is not endless."""
    if response.status_code == 429:
        raise _Refused(_retry_after(response.headers.get("Retry-After", "")))
    if response.status_code in (400, 404):  # a question it cannot take: nothing to find
        return '{"results": []}'
    if response.status_code != 200:
        raise Garbage(f"status {response.status_code}")
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) > LARGEST_ANSWER:
            raise Garbage("an endless answer")
        if time.monotonic() > deadline:
            raise OSError("a slow answer")
    return body.decode("utf-8")


def _retry_after(value: str) -> float:
    """Seconds asked for, as a number or a date; 2 when it says nothing readable."""
    try:
        wait = float(value)
    except ValueError:
        try:
            wait = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):
            wait = 2.0
    return min(LONGEST_WAIT, max(1.0, wait)) if wait == wait else 2.0  # NaN differs from itself


@cache
def _tls() -> ssl.SSLContext:
    """Made once: loading the authorities takes longer than a call."""
    return ssl.create_default_context()
