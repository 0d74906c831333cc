"""Data to measure on: an organisation, its people, and as many sessions as asked."""

import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder

from portal.app import create_app
from tests import conftest
from tests.emails.mailroom import Server
from tests.pages import BASE_URL, Visitor
from tests.races.running import Portal, ready_sessions, running


@contextmanager
def folder() -> Iterator[Path]:
    """A folder of its own, gone at the end."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        yield Path(name)


@contextmanager
def opened(place: Path) -> Iterator[Flask]:
    """The application on these data, in this process."""
    app = create_app(conftest.config_in(place))
    app.test_client_class = Visitor
    try:
        yield app
    finally:
        conftest.close(app)


@contextmanager
def served(drafts: int, mail: Server) -> Iterator[Portal]:
    """The portal's own web processes on that many drafts, ready to be sent."""
    with folder() as place:
        (place / "empty").mkdir()
        source = ready_sessions(conftest.described(place / "empty"), place / "ready", drafts)
        with running(source, place / "data", mail) as portal:
            yield portal


def request(app: Flask, path: str, visitor: FlaskClient) -> Callable[[], bytes]:
    """One GET of that page by that browser, asked of the WSGI application itself."""
    builder = EnvironBuilder(path=path, base_url=BASE_URL)
    builder.headers["Cookie"] = "; ".join(f"{c.key}={c.value}" for c in visitor._cookies.values())
    environ = builder.get_environ()
    statuses: list[str] = []

    def made() -> bytes:
        statuses.clear()
        answer = app.wsgi_app(dict(environ), lambda status, _headers: statuses.append(status))
        body = b"".join(answer)
        answer.close()  # type: ignore[attr-defined]
        if not statuses[0].startswith("200"):
            raise RuntimeError(f"{path}: {statuses[0]}")
        return body

    return made


def interleaved(
    works: Mapping[str, Callable[[], object]], rounds: int, clock: Callable[[], float]
) -> dict[str, float]:
    """The median of each work in milliseconds, all of them run in turn: they meet the same
    minutes of the machine."""
    spent: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()
    for _ in range(rounds):
        for name, work in works.items():
            started = clock()
            work()
            spent[name].append((clock() - started) * 1000)
    return {name: statistics.median(values) for name, values in spent.items()}


def percentile(values: list[float], rank: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(rank * len(ordered)))]


def verdict(value: float, aim: float) -> str:
    return "kept" if value <= aim else "MISSED"


def machine() -> str:
    """The day and the machine, as bench/README.md notes them."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return f"{time.strftime('%Y-%m-%d %H:%M')}, {model}, Python {platform.python_version()}"
