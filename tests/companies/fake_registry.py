"""A directory of companies that fails in every way a real one does, on a real socket.

It answers as the demonstration's own does (found, closed, absent, several agreements); `fault`
makes it misbehave, `asked` keeps what reached it.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from portal.companies.finder import Finder
from portal.companies.registry import Registry
from portal.demonstration import registry

VASSEUR, CLOSED, TWO_IDCC = "90055312400018", "90055312400026", "90061207800015"
SHARED_IDCC, NO_IDCC, ALONE = "90073418700017", "90095631900017", "90117853300013"
BY_HEAD_OFFICE, SIGNED, HIDDEN = "90084529800026", "90106742100015", "90128964500011"


class Handler(registry.Handler):
    server: "Directory"

    def do_GET(self) -> None:  # noqa: N802 - the name http.server calls
        query = parse_qs(urlsplit(self.path).query)
        self.server.asked.append((query.get("q", [""])[0], dict(self.headers)))
        if self.server.fault is not None:
            self.server.fault(self)
        else:
            super().do_GET()


class Directory(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.fault: Callable[[Handler], None] | None = None
        self.asked: list[tuple[str, dict[str, str]]] = []

    @property
    def url(self) -> str:
        return registry.url_of(self)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up first is part of the tests."""

    def finder(self, folder: Path) -> Finder:
        """The real client, asking here, with a state of its own."""
        asking = Registry(self.url, folder / "registry.sqlite3", "portail-formation/test")
        return Finder(asking, folder / "siro.sqlite3")


@contextmanager
def serving() -> Iterator[Directory]:
    server = Directory()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# --- Faults


def busy(wait: str = "7") -> Callable[[Handler], None]:
    return lambda h: h.send_json(429, {"erreur": "trop de requêtes"}, Retry_After=wait)


def broken(h: Handler) -> None:
    h.send_json(500, {"erreur": "panne"})


def moved(h: Handler) -> None:
    h.send_response(302)
    h.send_header("Location", "http://192.0.2.1/")
    h.send_header("Content-Length", "0")
    h.end_headers()


def slow(h: Handler) -> None:
    time.sleep(3)
    h.close_connection = True


LATE = 0.8  # seconds, within the patience of the portal


def late(h: Handler) -> None:
    """As it should be, but not at once."""
    time.sleep(LATE)
    registry.Handler.do_GET(h)


def dripping(h: Handler) -> None:
    h.send_response(200)
    h.send_header("Content-Length", "100000")
    h.end_headers()
    for _ in range(12):
        time.sleep(0.3)
        h.wfile.write(b" ")
        h.wfile.flush()
    h.close_connection = True


def endless(h: Handler) -> None:
    h.send_response(200)
    h.end_headers()
    h.close_connection = True
    for _ in range(40):
        h.wfile.write(b" " * 100_000)


def hanging_up(h: Handler) -> None:
    h.close_connection = True


def saying(body: bytes) -> Callable[[Handler], None]:
    def say(h: Handler) -> None:
        h.send_response(200)
        h.send_header("Content-Type", "application/json")
        h.send_header("Content-Length", str(len(body)))
        h.end_headers()
        h.wfile.write(body)

    return say


GARBAGE = {
    "empty": b"",
    "html": b"<!doctype html><h1>Bad gateway</h1>",
    "cut": b'{"results": [{"siren": "9005',
    "null": b"null",
    "list": b"[]",
    "no results": b'{"total_results": 1}',
    "results of another kind": b'{"results": "none"}',
    "not utf-8": b'{"results": [\xff\xfe]}',
    "deep": b"[" * 100_000,
}
