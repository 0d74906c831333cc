"""CPU of each page as a multiple of a bare Flask « hello » in the same minutes, and its weight.

Run from the root of the project: `python -m bench.pages`. Both are served by the same gunicorn
worker class, and asked one request after another over one connection; what is counted is the
processor time of the web processes, so that neither the asking side nor other programs matter.
"""

import gzip
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from bench import ground
from portal import tasks
from portal.app import STATIC
from tests import conftest, second_half, story
from tests.emails.mailroom import Server
from tests.installation import ROOT
from tests.races.running import Person, Portal, children, free_port, running, signed_in, until
from tests.story import Told

ROUNDS = 7
REQUESTS = 12  # for each page in each round
LIST_AIM, PAGE_AIM = 4.0, 5.0  # × the bare hello
FIRST_AIM, REQUESTS_AIM, LATER_AIM = 64.0, 7, 8.0  # KiB gzip, requests, KiB gzip
LISTS = ("trainer: list", "office: list", "office: agreements", "office: programmes")
FIRST_VISIT = "client: landing"
HELLO = "bare hello"
POINTS = ("shared", "sent", "received", "funded", "running")
Seen = tuple[str, str, str]  # a page's name, its address, who opens it


class Page:
    """One address, asked for again and again by one browser, and what serves it."""

    def __init__(self, port: int, pids: list[int], path: str, person: Person | None) -> None:
        self.pids, self.path = pids, path
        self.headers = person.headers() if person else {}
        self.connection = HTTPConnection("127.0.0.1", port)
        self.body = b""

    def ask(self) -> None:
        self.connection.request("GET", self.path, headers=self.headers)
        response = self.connection.getresponse()
        self.body = response.read()
        if response.status != 200:
            raise RuntimeError(f"{self.path}: {response.status}")

    def cpu_ms(self) -> float:
        """Processor time of one request, in milliseconds."""
        self.connection.close()  # the server closed it since, if it was idle
        before = ground.processor_ns(self.pids)
        for _ in range(REQUESTS):
            self.ask()
        return (ground.processor_ns(self.pids) - before) / REQUESTS / 1e6


@contextmanager
def hello() -> Iterator[Page]:
    """The bare application behind one worker of the same class."""
    port = free_port()
    options = (
        f"--bind 127.0.0.1:{port} --threads 4 --log-level error --access-logfile /dev/null "
        "--worker-class portal.serving.web_worker.WebWorker --no-control-socket"
    )
    command = [sys.executable, "-m", "gunicorn", *options.split(), "bench.hello:app"]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        page = Page(port, [], "/", None)
        until(lambda: answers(page), "the bare application never answers")
        page.pids = children(process.pid)
        yield page
        page.connection.close()
    finally:
        process.terminate()
        process.wait()


def answers(page: Page) -> bool:
    try:
        page.ask()
    except (OSError, HTTPException):
        page.connection.close()
        return False
    return True


def pages(portal: Portal) -> dict[str, Page]:
    """The screens of the main job, each as the person who sees it opens it."""
    with portal.app() as app:
        told = {point: story.a_training(app, point) for point in POINTS}
        told["draft"] = story.a_training(app, way="self")
        tasks.run_pending(app)
        signing = second_half.sign_path(app, told["funded"].id)
        for _ in range(25):  # a list that fills a page
            story.a_training(app, way="self")
    (agreement,) = portal.rows(
        "SELECT id FROM agreement WHERE training_id = ?", told["received"].id
    )
    (trainer_id,) = portal.rows('SELECT id FROM "user" WHERE email = ?', conftest.TRAINER)
    people = {"trainer": signed_in(portal), "office": signed_in(portal, conftest.OFFICE)}
    for name, link in (
        ("client", told["shared"].link),
        ("served", told["sent"].link),
        ("signatory", signing),
    ):
        people[name] = arriving(portal, link)
    seen = [
        *anyone(told["shared"].link.removeprefix(portal.url)),
        *trainers(told),
        *offices(told, agreement, trainer_id),
        *clients(told),
    ]
    pids = portal.web_pids()
    return {name: Page(portal.port, pids, path, people.get(who)) for name, path, who in seen}


def arriving(portal: Portal, link: str) -> Person:
    """The browser of somebody who opened that link and pressed « Commencer »."""
    person, path = Person(portal), link.removeprefix(portal.url)
    person.get(path)
    person.post(path)
    return person


def anyone(landing: str) -> list[Seen]:
    return [
        ("public: home", "/", ""),
        ("public: log in", "/connexion", ""),
        ("public: find the OPCO", "/trouver-mon-opco", ""),
        ("public: verify a paper", "/verifier", ""),
        (FIRST_VISIT, landing, ""),
    ]


def trainers(told: Mapping[str, Told]) -> list[Seen]:
    draft, sent = told["draft"], told["sent"]
    steps = [(f"step {slug}", draft.step(slug)) for slug in ("programme", "dates", "client",
                                                             "stagiaires")]  # fmt: skip
    paths = [
        ("list", "/formateur/"),
        ("new session", "/formateur/sessions/nouvelle"),
        *steps,
        ("check", f"{draft.page}verifier"),
        ("preview", f"{draft.page}apercu/convention"),
        ("session sent", sent.page),
        ("session running", told["running"].page),
        ("messages", "/formateur/courriels/"),
    ]
    return [(f"trainer: {name}", path, "trainer") for name, path in paths]


def offices(told: Mapping[str, Told], agreement: int, trainer_id: int) -> list[Seen]:
    paths = [
        ("list", "/organisme/"),
        ("agreements", "/organisme/accords/"),
        ("decision", f"/organisme/accords/{agreement}"),
        ("session", f"/organisme/dossiers/{told['funded'].ref}/"),
        ("messages", "/organisme/courriels/"),
        ("people", "/organisme/personnes/"),
        ("person", f"/organisme/personnes/{trainer_id}"),
        ("programmes", "/organisme/programmes/"),
        ("settings", "/organisme/reglages/identite"),
        ("reminders", "/organisme/relances/"),
    ]
    return [(f"office: {name}", path, "office") for name, path in paths]


def clients(told: Mapping[str, Told]) -> list[Seen]:
    asked, sent = told["shared"], told["sent"]
    steps = [(f"client: step {slug}", asked.client_step(slug), "client")
             for slug in ("entreprise", "stagiaires", "financement")]  # fmt: skip
    return [
        *steps,
        ("client: check", f"{asked.space}verifier", "client"),
        ("client: space", sent.space, "served"),
        ("client: thanks", f"{sent.space}merci", "served"),
        ("signatory: paper", f"/signature/{told['funded'].public_id}/", "signatory"),
    ]


def weight(body: bytes) -> float:
    """KiB once compressed, as a proxy in front of the portal sends it."""
    return len(gzip.compress(body, 6)) / 1024


def first_visit(html: bytes) -> dict[str, float]:
    """What a browser asks for beside a page it opens for the first time, in KiB."""
    addresses = re.findall(r'(?:href|src)="(/statique/[^"#?]+)', html.decode())
    files = {urlsplit(address).path.removeprefix("/statique/") for address in addresses}
    files |= {f"fonts/{font.name}" for font in (STATIC / "fonts").glob("*.woff2")}
    files -= {name for name in files if name.startswith("icons/favicon-")}  # for home screens
    return {name: _sent(STATIC / name) for name in sorted(files)}


def _sent(path: Path) -> float:
    content = path.read_bytes()
    return len(content) / 1024 if path.suffix in (".woff2", ".png") else weight(content)


def show(works: dict[str, Page]) -> None:
    """Measures and prints."""
    spent: dict[str, list[float]] = {name: [] for name in works}
    for page in works.values():
        page.cpu_ms()
    for _ in range(ROUNDS):  # in turn: all of them meet the same minutes of the machine
        for name, page in works.items():
            spent[name].append(page.cpu_ms())
    bare = statistics.median(spent.pop(HELLO))
    print(f"{HELLO} {bare:.2f} ms of processor\n")
    print(f"{'page':<28}{'ms':>7}{'ratio':>8}{'aim':>6}{'KiB gzip':>10}")
    for name, values in spent.items():
        value = statistics.median(values)
        ratio, aim = value / bare, LIST_AIM if name in LISTS else PAGE_AIM
        kib, kept = weight(works[name].body), ground.verdict(ratio, aim)
        print(f"{name:<28}{value:7.2f}{ratio:7.1f}×{aim:5.0f}×{kib:10.1f}  {kept}")


def show_weight(works: dict[str, Page]) -> None:
    later = max(weight(page.body) for name, page in works.items() if name != FIRST_VISIT)
    kept = ground.verdict(later, LATER_AIM)
    print(f"\nheaviest later page: {later:.1f} KiB, aim {LATER_AIM:.0f} ({kept})")
    files = first_visit(works[FIRST_VISIT].body)
    total, count = weight(works[FIRST_VISIT].body) + sum(files.values()), 1 + len(files)
    kept = ground.verdict(max(total / FIRST_AIM, count / REQUESTS_AIM), 1)
    aim = f"{FIRST_AIM:.0f} KiB in {REQUESTS_AIM}"
    print(f"first visit of the client: {total:.1f} KiB in {count} requests, aim {aim} ({kept})")
    for name, kib in files.items():
        print(f"  {name:<40}{kib:6.1f}")


def main() -> None:
    print(ground.machine())
    with ground.folder() as place, hello() as bare:
        (place / "empty").mkdir()
        conftest.described(place / "empty")
        with running(place / "empty", place / "data", Server(port=9)) as portal:
            works = {HELLO: bare, **pages(portal)}
            show(works)
            show_weight(works)
            for page in works.values():
                with closing(page.connection):
                    page.body = b""


if __name__ == "__main__":
    main()
