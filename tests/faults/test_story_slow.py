"""Slow people, slow attackers, slow mail servers: nobody else waits for them."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from portal import tasks
from portal.serving import arrivals, departures, gunicorn_settings
from tests.emails.mailroom import Server
from tests.races.running import (
    FORM,
    LETTERS,
    PAPERS,
    PATIENCE,
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
SEVERAL = 120  # 6 MB: more than a socket takes before its reader reads
STATIC = Path(arrivals.__file__).parents[1] / "static"


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
    lines = [f"POST {NEW} HTTP/1.1", f"Content-Type: {FORM}"]
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


def connected(portal: Portal, said: bytes = b"") -> socket.socket:
    line = socket.create_connection(("127.0.0.1", portal.port), timeout=60)
    line.sendall(said)
    return line


@contextmanager
def open_lines(lines: list[socket.socket]) -> Iterator[list[socket.socket]]:
    try:
        yield lines
    finally:
        for line in lines:
            line.close()


def nobody_waits(trainer: Person) -> None:
    """Ten pages and ten acts, one after the other, each soon answered."""
    started = time.monotonic()
    for number in range(10):
        assert trainer.get("/formateur/").seconds < LOOSE
        key = f"{time.monotonic()}-{number}"
        assert trainer.post(NEW, {"way": "self", "key": key}).seconds < LOOSE
    assert time.monotonic() - started < 3 * LOOSE


def slow_reader(portal: Portal) -> socket.socket:
    """Asks for a file and reads nothing of it: its own window is as small as can be."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    line.connect(("127.0.0.1", portal.port))
    line.settimeout(60)
    asked = f"GET /statique/htmx.min.js HTTP/1.1\r\nHost: 127.0.0.1:{portal.port}\r\n\r\n"
    line.sendall(asked.encode() * SEVERAL)
    return line


def test_slow_readers_delay_nobody(portal: Portal) -> None:
    """And each gets all it asked for, once it reads."""
    trainer = signed_in(portal)
    with open_lines([slow_reader(portal) for _ in range(4 * THREADS)]) as lines:
        nobody_waits(trainer)
        line = lines[0]
        received = b""
        whole = (STATIC / "htmx.min.js").read_bytes()
        while received.count(whole[-100:]) < SEVERAL:
            piece = line.recv(65_536)
            assert piece, "cut in the middle"
            received += piece
        assert received.count(whole) == SEVERAL


def test_whoever_does_not_hang_up_delays_nobody(portal: Portal) -> None:
    trainer = signed_in(portal)
    asked = f"GET /sante/web HTTP/1.1\r\nHost: 127.0.0.1:{portal.port}\r\nConnection: close\r\n\r\n"
    with open_lines([connected(portal, asked.encode()) for _ in range(8 * THREADS)]) as lines:
        nobody_waits(trainer)
        assert all(line.recv(4_096).startswith(b"HTTP/1.1 200 OK") for line in lines)


def test_bodies_that_never_come_delay_nobody(portal: Portal) -> None:
    """Too large for the page: refused at once, and the connection ends without waiting for it."""
    trainer = signed_in(portal)
    told = f"POST /connexion HTTP/1.1\r\nHost: 127.0.0.1:{portal.port}\r\n"
    told += f"Origin: {portal.url}\r\nContent-Type: {FORM}\r\nContent-Length: 9999999\r\n\r\n"
    with open_lines([connected(portal, told.encode()) for _ in range(8 * THREADS)]) as lines:
        nobody_waits(trainer)
        for line in lines:
            answer = b"".join(iter(lambda line=line: line.recv(65_536), b""))  # type: ignore[misc]
            assert answer.startswith(b"HTTP/1.1 413 ")


def files(person: Person, octets: int) -> tuple[bytes, str]:
    edge = "frontiere"
    body = f"--{edge}\r\nContent-Disposition: form-data; name=csrf_token\r\n\r\n{person.token}\r\n"
    body += f'--{edge}\r\nContent-Disposition: form-data; name=file; filename="a.pdf"\r\n\r\n'
    return body.encode() + b"x" * octets + f"\r\n--{edge}--\r\n".encode(), edge


def send_slowly(portal: Portal, person: Person, answers: list[bytes]) -> None:
    body, edge = files(person, 2 * arrivals.BODY_LIMIT)
    lines = ["POST /verifier HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in person.headers().items()]
    lines += [f"Content-Type: multipart/form-data; boundary={edge}", "Connection: close"]
    whole = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body
    with closing(connected(portal)) as line:
        for at in range(0, len(whole), len(whole) // 12):
            line.sendall(whole[at : at + len(whole) // 12])
            time.sleep(SLOW_SECONDS / 12)
        answers.append(line.recv(4_096))


def test_slow_files_delay_nobody(portal: Portal) -> None:
    """As many files on their way as two processes take; each is received in the end."""
    trainer, person = signed_in(portal), Person(portal)
    person.get("/verifier")
    answers: list[bytes] = []
    slow = [
        threading.Thread(target=send_slowly, args=(portal, person, answers))
        for _ in range(2 * THREADS)
    ]
    for thread in slow:
        thread.start()
    while any(thread.is_alive() for thread in slow):
        nobody_waits(trainer)
    assert {answer.split(b"\r\n")[0] for answer in answers} == {b"HTTP/1.1 200 OK"}
    assert len(answers) == len(slow)


def test_people_who_leave_in_the_middle(portal: Portal) -> None:
    """In the head, in the body, in the answer, politely or not."""
    host = b"Host: 127.0.0.1:%d\r\n" % portal.port
    begun = (
        b"GET /sa",
        b"POST /connexion HTTP/1.1\r\n" + host + b"Content-Length: 90\r\n\r\na=1",
        b"GET /statique/htmx.min.js HTTP/1.1\r\n" + host + b"\r\n",
    )
    for number in range(60):
        line = connected(portal, begun[number % 3])
        if number % 2:  # a reset, instead of an end
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.close()
    nobody_waits(signed_in(portal))
    assert "Traceback" not in portal.said()


def test_the_server_stops_although_people_are_slow(template: Path, tmp_path: Path) -> None:
    """Who was acting is answered; who was dawdling is not waited for."""
    with running(template, tmp_path / "data", Server()) as portal:
        trainer = signed_in(portal)
        lines = [connected(portal, b"GET / HT") for _ in range(THREADS)]
        lines += [slow_reader(portal) for _ in range(THREADS)]
        with open_lines(lines):
            body = trainer.body({"way": "self", "key": "last"})
            whole = head(portal, trainer, len(body)) + body
            acting = connected(portal, whole[:-5])
            time.sleep(0.3)
            started = time.monotonic()
            assert portal.web is not None
            portal.web.terminate()
            time.sleep(0.3)
            acting.sendall(whole[-5:])
            assert acting.recv(4_096).startswith(b"HTTP/1.1 303 ")
            acting.close()
            portal.web.wait(PATIENCE)
            assert time.monotonic() - started < departures.HURRIED_SECONDS + 2 * LOOSE


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
