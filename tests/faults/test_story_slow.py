"""Slow people, slow attackers, slow mail servers: nobody else waits for them."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from portal import tasks
from portal.app import REQUEST_LIMIT
from portal.serving import arrivals, gunicorn_settings
from portal.serving.arrivals import Arrival
from tests.emails.mailroom import Server
from tests.races.running import (
    FORM,
    LETTERS,
    PAPERS,
    Person,
    Portal,
    children,
    ready_sessions,
    running,
    signed_in,
)
from tests.races.running import until as eventually

NEW = "/formateur/sessions/nouvelle"
SLOW_SECONDS = 6.0
LOOSE = 3.0  # seconds a test grants on a busy machine; bench/acts.py measures
THREADS = gunicorn_settings.workers * gunicorn_settings.threads
SESSIONS = 3


@pytest.fixture(scope="module")
def portal(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    source = ready_sessions(template, tmp_path_factory.mktemp("ready") / "data", SESSIONS)
    with tarpit() as port:
        folder = tmp_path_factory.mktemp("served") / "data"
        with running(source, folder, Server(port=port)) as portal:
            yield portal
            assert portal.findings() == []


@contextmanager
def tarpit() -> Iterator[int]:
    """The port of a mail server that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield int(listening.getsockname()[1])


def head(portal: Portal, person: Person, length: int) -> bytes:
    lines = [f"POST {NEW} HTTP/1.1", f"Host: 127.0.0.1:{portal.port}", f"Content-Type: {FORM}"]
    lines += [f"{name}: {value}" for name, value in person.headers().items()]
    return "\r\n".join([*lines, f"Content-Length: {length}", "Connection: close", "", ""]).encode()


def trickle(portal: Portal, person: Person, key: str, found: list[bytes]) -> None:
    """Creates a session by a request whose last letters come one by one."""
    body = person.body({"way": "self", "key": key})
    whole = head(portal, person, len(body)) + body
    with closing(socket.create_connection(("127.0.0.1", portal.port), timeout=60)) as line:
        line.sendall(whole[:-12])
        for at in range(12, 0, -1):
            time.sleep(SLOW_SECONDS / 12)
            line.sendall(whole[-at : len(whole) - at + 1])
        found.append(line.recv(4_096))


@pytest.fixture
def loris(portal: Portal) -> Iterator[list[socket.socket]]:
    """As many requests as there are threads, that never say all of their head."""
    lines = [socket.create_connection(("127.0.0.1", portal.port)) for _ in range(THREADS)]
    for line in lines:
        line.settimeout(60)
        line.sendall(b"POST / HTTP/1.1\r\nHost: ")
    yield lines
    for line in lines:
        line.close()


def test_slow_senders_delay_nobody(portal: Portal, loris: list[socket.socket]) -> None:
    """Nor do twice as many slow uploads as there are threads: they are served like any other."""
    started = time.monotonic()
    trainer = signed_in(portal)
    answers: list[bytes] = []
    slow = [
        threading.Thread(target=trickle, args=(portal, trainer, f"slow-{n}", answers))
        for n in range(2 * THREADS)
    ]
    for thread in slow:
        thread.start()
    waits = []
    while any(thread.is_alive() for thread in slow):
        quick = trainer.post(NEW, {"way": "self", "key": f"quick-{len(waits)}"})
        assert quick.status == 303
        waits.append(quick.seconds)
        time.sleep(0.05)
    assert len(waits) > 5
    assert max(waits) < LOOSE
    assert {answer.split(b"\r\n")[0] for answer in answers} == {b"HTTP/1.1 303 SEE OTHER"}
    assert len(answers) == len(slow)

    assert {line.recv(4_096).split(b"\r\n")[0] for line in loris} == {
        b"HTTP/1.1 408 Request Timeout"
    }
    assert time.monotonic() - started > arrivals.HEAD_SECONDS - 2


def test_a_silent_mail_server_delays_no_page_and_no_paper(portal: Portal) -> None:
    """Each session finds the worker waiting for the server about the messages of those before."""
    trainer = signed_in(portal)
    refs = portal.rows("SELECT ref FROM training_session WHERE first_day IS NOT NULL")
    assert len(refs) * LETTERS > tasks.WORKERS + LETTERS
    portal.start_worker()
    assert portal.worker is not None
    worker = portal.worker.pid
    eventually(lambda: children(worker), "the press never starts")
    try:
        for ref in refs:
            page = f"/formateur/sessions/{ref}/"
            assert trainer.post(f"{page}verifier").seconds < LOOSE
            assert trainer.get(page).seconds < LOOSE
            eventually(lambda ref=ref: papers_ready(portal, ref) == PAPERS, f"{ref}: no papers")  # type: ignore[misc]
        # not one message has been given up yet: nobody waited for that
        assert portal.rows("SELECT DISTINCT state, error FROM email") == [("queued", None)]
    finally:
        portal.kill_worker()  # it would politely wait for the server


def papers_ready(portal: Portal, ref: str) -> int:
    return int(portal.rows(
        "SELECT count(*) FROM document JOIN training_session t ON t.id = training_id "
        "WHERE t.ref = ? AND document.state = 'ready'", ref,
    )[0])  # fmt: skip


# --- The bounds of one request


HEAD = b"POST /l/x HTTP/1.1\r\nHost: portail.example\r\n"


def gathered(*pieces: bytes) -> Arrival:
    arrival = Arrival(b"")
    for piece in pieces:
        assert arrival.add(piece) is None
    return arrival


@pytest.mark.parametrize("size", [1, 3, 1_000])
def test_a_request_in_pieces_is_the_same_request(size: int) -> None:
    whole = HEAD + b"content-LENGTH:  7 \r\nAccept: */*\r\n\r\na=1&b=2"
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    assert not gathered(*pieces[:-1]).is_whole
    arrival = gathered(*pieces)
    assert arrival.is_whole
    assert bytes(arrival.received) == whole


@pytest.mark.parametrize(
    "rest",
    [
        b"\r\n",
        b"Content-Length: 0\r\n\r\n",
        b"Content-Length: %d\r\n\r\n" % (arrivals.BODY_LIMIT + 1),  # refused by the portal, unread
        b"Content-Length: douze\r\n\r\n",  # refused by gunicorn, unread
        b"Content-Length: 2\r\n\r\nabGET / HTTP/1.1\r\n",  # the next request is begun
    ],
)
def test_a_head_that_suffices_does_not_wait(rest: bytes) -> None:
    assert gathered(HEAD + rest).is_whole


def test_what_cannot_be_bounded_is_refused() -> None:
    assert Arrival(b"").add(HEAD + b"Transfer-Encoding: chunked\r\n\r\n") == 411
    arrival = gathered(b"GET / HTTP/1.1\r\nX: ", b"x" * (arrivals.HEAD_LIMIT - 100))
    assert arrival.add(b"x" * 100) == 431


def test_whoever_asks_to_go_on_is_told_to() -> None:
    asked = HEAD + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    assert gathered(asked).asks_to_go_on
    assert not gathered(asked + b"ab").asks_to_go_on


def test_head_and_body_have_their_time() -> None:
    for arrival, seconds in (
        (gathered(HEAD), arrivals.HEAD_SECONDS),
        (gathered(HEAD + b"Content-Length: 9\r\n\r\n"), arrivals.WHOLE_SECONDS),
    ):
        assert not arrival.is_late(arrival.since + seconds - 0.1, leaving=False)
        assert arrival.is_late(arrival.since + seconds + 0.1, leaving=False)
        assert arrival.is_late(arrival.since + arrivals.LEAVING_SECONDS + 0.1, leaving=True)


def test_everything_the_portal_admits_is_waited_for() -> None:
    assert arrivals.BODY_LIMIT == REQUEST_LIMIT
