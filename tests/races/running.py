"""The portal's real processes on data of their own, people at their browsers, a mail server.

The web server and the worker are the very commands `flask serve` starts, started apart so that a
test may stop, kill or forget one of them.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from flask import Flask

from portal.app import create_app
from portal.config import Config
from portal.serving.following import SUPERVISED
from portal.serving.supervisor import WEB, WORKER
from tests import conftest, databases, story
from tests.emails.mailroom import Server, parsed
from tests.installation import KEY, ROOT

PATIENCE = 60.0  # seconds: tests share two cores
FORM = "application/x-www-form-urlencoded"
PAPERS = 3  # of one set
LETTERS = 2  # that carry them: the client's and the trainer's
T = TypeVar("T")


def until(
    condition: Callable[[], T], what: str, pause: float = 0.02, patience: float = PATIENCE
) -> T:
    """What `condition` returns once it is true."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(pause)
    return found


def children(pid: int) -> list[int]:
    """The processes that one started."""
    if not sys.platform.startswith("linux"):
        raise NotImplementedError("reads /proc")
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


def living(pid: int) -> list[int]:
    """Those of its children that have not ended."""
    found = []
    for child in children(pid):
        try:
            state = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            continue
        if state != "Z":
            found.append(child)
    return found


def kill(pid: int) -> None:
    """The end that no process sees coming."""
    os.kill(pid, signal.SIGKILL)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def together(*acts: Callable[[], T]) -> list[T]:
    """Does all of these at the same moment; their results, in the order given."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], T]) -> T:
        gate.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as crowd:
        return list(crowd.map(run, acts))


# --- The portal


@dataclass
class Portal:
    """One installation: its data, the processes started on it, and where its messages arrive."""

    data: Path
    mail: Server
    port: int = field(default_factory=free_port)
    front: int = 0  # the port of the public address, when it is not this server's own
    web: "subprocess.Popen[bytes] | None" = None
    worker: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.front or self.port}"

    @property
    def env(self) -> dict[str, str]:
        """An installation that is no demonstration: keys in files, messages that really leave."""
        rest = {k: v for k, v in os.environ.items() if not k.startswith(("PORTAL_", "DATABASE_"))}
        return rest | {
            "PORTAL_DATA": str(self.data),
            "DATABASE_URL": databases.url_in(self.data),
            "PORTAL_BASE_URL": self.url,
            "PORTAL_SECRET_KEY_FILE": str(_key(self.data, "secret", KEY)),
            "PORTAL_LINK_KEY_FILE": str(_key(self.data, "link", KEY[::-1])),
            "PORTAL_SMTP_URL": f"smtp+plain://127.0.0.1:{self.mail.port}",
            "PORTAL_REGISTRY_URL": "aucun",
            "PORTAL_ACCESS_LOG": str(self.data / "access.log"),
            "PORT": str(self.port),
            SUPERVISED: str(os.getpid()),  # nothing outlives the tests
        }

    def start_web(self) -> None:
        self.web = self._start(WEB)
        until(self._answers, "the web server never answers")

    def start_worker(self) -> None:
        self.worker = self._start(WORKER)

    def stop_worker(self) -> None:
        self.worker = _end(self.worker)

    def kill_worker(self) -> None:
        assert self.worker is not None
        kill(self.worker.pid)
        self.worker.wait()

    def stop(self) -> None:
        self.worker, self.web = _end(self.worker), _end(self.web)

    def web_pids(self) -> list[int]:
        """The two processes that answer; waited for, when one of them was killed."""
        assert self.web is not None
        web = self.web.pid
        return until(lambda: alive if len(alive := living(web)) == 2 else [], "no web process")

    def said(self) -> str:
        """What every process wrote on its output."""
        return (self.data / "output.txt").read_text()

    def _start(self, command: Any) -> "subprocess.Popen[bytes]":
        with (self.data / "output.txt").open("ab") as output:
            return subprocess.Popen(
                command, cwd=ROOT, env=self.env, stdout=output, stderr=output, process_group=0
            )

    def _answers(self) -> bool:
        assert self.web is not None
        assert self.web.poll() is None, self.said()
        try:
            return Person(self).get("/sante/web").status == 200
        except OSError:
            return False

    # --- Its rows

    @contextmanager
    def app(self) -> Iterator[Flask]:
        """An application on the same data, to bring sessions to a point by the real acts."""
        app = create_app(Config.from_env(self.env))
        try:
            yield app
        finally:
            conftest.close(app)

    def connect(self) -> databases.Connection:
        """The database as any other program would open it; no transaction by itself."""
        return databases.connect(self.data)

    def rows(self, query: str, *values: Any) -> list[Any]:
        """What the database answers now; one value per row when one column is asked."""
        with closing(self.connect()) as connection:
            found = connection.execute(query, values).fetchall()
        return [row[0] if len(row) == 1 else tuple(row) for row in found]

    def write(self, statement: str, *values: Any) -> None:
        with closing(self.connect()) as connection:
            connection.execute(statement, values)

    def findings(self) -> list[str]:
        """What `flask verify` and the database say against the data; empty when all is well."""
        with self.app() as app:
            done = app.test_cli_runner().invoke(args=["verify"])
        found = done.output.splitlines() if done.exit_code else []
        return found + databases.findings(self.data)

    def set_of(self, ref: str) -> tuple[int, int, int]:
        """Papers, letters that carry them, and journal entries of the sending of that session."""
        (identity,) = self.rows("SELECT id FROM training_session WHERE ref = ?", ref)
        of_it = "FROM {} WHERE training_id = ? AND {}"
        counted = (
            ("document", "true"),
            ("email", "letter LIKE 'documents_to_%'"),
            ("journal_entry", "event = 'issue_documents'"),
        )
        found = [
            self.rows(f"SELECT count(*) {of_it.format(*each)}", identity)[0] for each in counted
        ]
        return found[0], found[1], found[2]


NOTHING, WHOLE = (0, 0, 0), (PAPERS, LETTERS, 1)


def _key(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.key"
    if not path.exists():
        path.write_text(text)
    return path


def _end(process: "subprocess.Popen[bytes] | None") -> None:
    if process is not None and process.poll() is None:
        process.terminate()
        process.wait(PATIENCE)


@contextmanager
def running(
    source: Path, folder: Path, mail: Server, *, web: bool = True, kind: type[Portal] | None = None
) -> Iterator[Portal]:
    """A portal on a copy of the data in `source`; its processes end with the block."""
    databases.copy(source, folder)
    portal = (kind or Portal)(folder, mail)
    try:
        if web:
            portal.start_web()
        yield portal
    finally:
        portal.stop()


# --- Sessions ready to be sent


def ready_sessions(source: Path, folder: Path, count: int) -> Path:
    """Data with that many complete drafts of the same trainer: one made by the real acts, then
    copied row by row. Their references follow one another from S-year-0001."""
    databases.copy(source, folder)
    portal = Portal(folder, Server())
    with portal.app() as app:
        made = story.a_training(app, way="self")
    with closing(portal.connect()) as connection:
        connection.execute("BEGIN")
        for number in range(2, count + 1):
            copy_session(connection, made.id, f"{made.ref[:-4]}{number:04d}")
        connection.execute("UPDATE counter SET n = ?", (count,))
        connection.execute("COMMIT")
    return folder


_COPIED = ("company", "half_day", "trainee", "topic_answers")


def copy_session(
    connection: databases.Connection,
    source: int,
    ref: str,
    tables: Sequence[str] = _COPIED,
    **changes: Any,
) -> int:
    """Inserts the rows of a draft again under another reference; the new session's id."""
    own = {"ref": ref, "public_id": f"p-{ref}", "creation_key": f"k-{ref}", **changes}
    identity = _copy(connection, "training_session", "id", source, own)[0]
    for table in tables:
        _copy(connection, table, "training_id", source, {"training_id": identity})
    return identity


def _copy(
    connection: databases.Connection, table: str, key: str, value: int, changes: Mapping[str, Any]
) -> list[int]:
    found = connection.execute(f"SELECT * FROM {table} WHERE {key} = ?", (value,))  # noqa: S608
    given = {**dict.fromkeys(column[0] for column in found.description), **changes}
    names = [name for name in given if name != "id"]  # the database numbers its rows
    listed, places = ", ".join(names), ", ".join("?" * len(names))
    statement = f"INSERT INTO {table} ({listed}) VALUES ({places}) RETURNING id"  # noqa: S608
    made = []
    for row in found.fetchall():
        old = dict(zip(given, row, strict=False))
        values = [changes.get(name, old[name]) for name in names]
        made.append(int(connection.execute(statement, values).fetchone()[0]))
    return made


# --- People


@dataclass(frozen=True)
class Answer:
    """What came back, and after how many seconds."""

    status: int
    location: str
    text: str
    seconds: float
    content: bytes = b""


class Person:
    """A browser on real sockets: its cookies, and the token of its forms."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.cookies: dict[str, str] = {}
        self.token = ""

    def headers(self) -> dict[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        asked = {"Host": urlsplit(self.portal.url).netloc, "Origin": self.portal.url}
        return asked | ({"Cookie": cookies} if cookies else {})

    def connection(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.portal.port, timeout=PATIENCE)

    def get(self, path: str) -> Answer:
        answer = self._ask("GET", path)
        if 'name="csrf_token"' in answer.text:
            self.token = answer.text.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
        return answer

    def post(self, path: str, values: Mapping[str, str] | None = None) -> Answer:
        return self._ask("POST", path, self.body(values or {}))

    def try_post(self, path: str, values: Mapping[str, str] | None = None) -> Answer | None:
        """None when the server went away before it answered."""
        try:
            return self.post(path, values)
        except (OSError, HTTPException):
            return None

    def body(self, values: Mapping[str, str]) -> bytes:
        return urlencode({"csrf_token": self.token, **values}).encode()

    def _ask(self, method: str, path: str, body: bytes | None = None) -> Answer:
        headers = self.headers() | ({"Content-Type": FORM} if body is not None else {})
        started = time.perf_counter()
        with closing(self.connection()) as connection:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            content = response.read()
        for line in response.headers.get_all("Set-Cookie") or ():
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
        seconds = time.perf_counter() - started
        location, text = response.headers.get("Location") or "", content.decode("utf-8", "replace")
        return Answer(response.status, location, text, seconds, content)


def signed_in(portal: Portal, email: str = conftest.TRAINER) -> Person:
    """That person's browser, through the login page."""
    person = Person(portal)
    person.get("/connexion")
    answer = person.post("/connexion", {"email": email, "password": conftest.PASSWORD})
    assert answer.status == 303, answer.text
    person.get("/formateur/sessions/nouvelle")
    return person


def arrived(mail: Server) -> list[str]:
    """The Message-ID of each message the server took, in order of arrival."""
    return [str(parsed(content)["Message-ID"]) for content in list(mail.received)]
