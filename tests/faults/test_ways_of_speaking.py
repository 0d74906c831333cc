"""Every way of speaking to the server, octet by octet, on its own sockets."""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from portal.serving import arrivals
from tests.emails.mailroom import Server
from tests.races.running import Portal, running


@pytest.fixture(scope="module")
def portal(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with running(template, tmp_path_factory.mktemp("served") / "data", Server()) as portal:
        yield portal
        assert "Traceback" not in portal.said()


def connected(portal: Portal) -> socket.socket:
    return socket.create_connection(("127.0.0.1", portal.port), timeout=60)


def said(line: socket.socket) -> bytes:
    """All that is answered, until the other side ends."""
    return b"".join(iter(lambda: line.recv(65_536), b""))


def exchange(portal: Portal, *pieces: bytes, pause: float = 0.05) -> bytes:
    with closing(connected(portal)) as line:
        for piece in pieces:
            line.sendall(piece)
            time.sleep(pause)
        return said(line)


def statuses(answer: bytes) -> list[bytes]:
    return re.findall(rb"HTTP/1\.[01] ([0-9]{3}) ", answer)


@pytest.fixture
def host(portal: Portal) -> bytes:
    return b"Host: 127.0.0.1:%d\r\n" % portal.port


LAST = b"Connection: close\r\n\r\n"


def test_requests_one_behind_the_other(portal: Portal, host: bytes) -> None:
    first = b"GET /sante/web HTTP/1.1\r\n" + host + b"\r\n"
    post = b"POST /connexion HTTP/1.1\r\n" + host + b"Content-Length: 3\r\n\r\na=1"
    last = b"GET /connexion HTTP/1.1\r\n" + host + LAST
    whole = first + post + first + last
    assert statuses(exchange(portal, whole)) == [b"200", b"403", b"200", b"200"]
    pieces = [whole[at : at + 40] for at in range(0, len(whole), 40)]
    assert statuses(exchange(portal, *pieces)) == [b"200", b"403", b"200", b"200"]


def test_a_kept_connection_serves_again_and_is_closed_when_idle(
    portal: Portal, host: bytes
) -> None:
    with closing(connected(portal)) as line:
        for _ in range(3):
            line.sendall(b"GET /sante/web HTTP/1.1\r\n" + host + b"\r\n")
            time.sleep(0.3)
            assert statuses(line.recv(4_096)) == [b"200"]
        assert said(line) == b""


def test_the_old_way_of_speaking(portal: Portal, host: bytes) -> None:
    answer = exchange(portal, b"GET /sante/web HTTP/1.0\r\n" + host + b"\r\n")
    assert statuses(answer) == [b"200"]
    assert b"Transfer-Encoding" not in answer
    post = b"POST /connexion HTTP/1.0\r\n" + host + b"Expect: 100-continue\r\n"
    answer = exchange(portal, post + b"Content-Length: 3\r\n\r\n", b"a=1", pause=0.2)
    assert statuses(answer) == [b"403"]


def test_whoever_asks_is_told_to_go_on_once(portal: Portal, host: bytes) -> None:
    post = b"POST /connexion HTTP/1.1\r\n" + host + b"Expect: 100-continue\r\n"
    post += b"Content-Length: 3\r\n" + LAST
    with closing(connected(portal)) as line:
        line.sendall(post)
        assert line.recv(4_096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.sendall(b"a=1")
        assert statuses(said(line)) == [b"403"]


@pytest.mark.parametrize(
    ("begun", "status"),
    [
        (b"POST /connexion HTTP/1.1\r\n%sTransfer-Encoding: chunked\r\n\r\n3\r\na=1", b"411"),
        (b"GET / HTTP/1.1\r\n%sX: " + b"x" * 70_000, b"431"),
        (b"GET / HTTP/1.1\r\n%sContent-Length: 7\r\nContent-Length: 8\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n%sContent-Length: douze\r\n\r\n", b"400"),
        (b"\r\n\r\n%s", b"400"),
        (b"bonjour\r\n%s\r\n", b"400"),
    ],
)
def test_what_is_no_request_is_answered_at_once(
    portal: Portal, host: bytes, begun: bytes, status: bytes
) -> None:
    started = time.monotonic()
    assert statuses(exchange(portal, begun % host)) in ([status], [])
    assert time.monotonic() - started < arrivals.HEAD_SECONDS / 2
