"""CPU of each page as a multiple of a bare Flask « hello » in the same minutes, and its weight.

Run from the root of the project: `python -m bench.pages`. Pages are asked of the WSGI application
itself, without server nor test client, so that nothing is counted but the portal.
"""

import gzip
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.test import EnvironBuilder

from bench import ground
from portal import tasks
from portal.app import STATIC
from tests import conftest, screens, story
from tests.pages import BASE_URL, Visitor

ROUNDS = 60
LIST_AIM, PAGE_AIM = 4.0, 5.0  # × the bare hello
FIRST_AIM, REQUESTS_AIM, LATER_AIM = 64.0, 7, 8.0  # KiB gzip, requests, KiB gzip
LISTS = ("trainer: list", "office: list")
FIRST_VISIT = "client: landing"


def hello() -> Flask:
    app = Flask("hello")
    app.add_url_rule("/", view_func=lambda: "hello")
    return app


def request(app: Flask, path: str, visitor: Visitor | None = None) -> Callable[[], bytes]:
    """One GET of that page by that browser, ready to be made again and again."""
    builder = EnvironBuilder(path=path, base_url=BASE_URL)
    if visitor is not None:
        cookies = [f"{c.key}={c.value}" for c in visitor._cookies.values()]
        builder.headers["Cookie"] = "; ".join(cookies)
    environ = builder.get_environ()
    statuses: list[str] = []

    def made() -> bytes:
        statuses.clear()
        answer = app.wsgi_app(dict(environ), lambda status, _headers: statuses.append(status))
        body = b"".join(answer)
        close: Any = getattr(answer, "close", None)
        if close:
            close()
        if not statuses[0].startswith("200"):
            raise RuntimeError(f"{path}: {statuses[0]}")
        return body

    return made


def pages(app: Flask) -> dict[str, Callable[[], bytes]]:
    """The screens of the main job, each as the person who sees it opens it."""
    asked, draft, sent = (
        story.a_training(app, point, way=way)
        for point, way in (("shared", "link"), ("draft", "self"), ("sent", "link"))
    )
    tasks.run_pending(app)
    for _ in range(25):  # a list that fills a page
        story.a_training(app, way="self")
    trainer = conftest.sign_in(app, conftest.TRAINER)
    office = conftest.sign_in(app, conftest.OFFICE)
    client, served = screens.start(app, asked.link), screens.start(app, sent.link)
    seen: list[tuple[str, str, Visitor | None]] = [
        ("public: home", "/", None),
        ("public: log in", "/connexion", None),
        ("public: find the OPCO", "/trouver-mon-opco", None),
        ("trainer: list", "/formateur/", trainer),
        ("trainer: new session", "/formateur/sessions/nouvelle", trainer),
        *(
            (f"trainer: step {slug}", draft.step(slug), trainer)
            for slug in ("programme", "dates", "client", "stagiaires")
        ),
        ("trainer: check", f"{draft.page}verifier", trainer),
        ("trainer: preview", f"{draft.page}apercu/convention", trainer),
        ("trainer: session", sent.page, trainer),
        ("trainer: messages", "/formateur/courriels/", trainer),
        ("office: list", "/organisme/", office),
        (FIRST_VISIT, asked.link, None),
        *(
            (f"client: step {slug}", asked.client_step(slug), client)
            for slug in ("entreprise", "stagiaires", "financement")
        ),
        ("client: check", f"{asked.space}verifier", client),
        ("client: space", sent.space, served),
        ("client: thanks", f"{sent.space}merci", served),
    ]
    return {name: request(app, path, visitor) for name, path, visitor in seen}


def weight(body: bytes) -> float:
    """KiB once compressed, as a proxy in front of the portal sends it."""
    return len(gzip.compress(body, 6)) / 1024


def first_visit(html: bytes) -> dict[str, float]:
    """What a browser asks for beside a page it opens for the first time, in KiB."""
    text = html.decode()
    named = re.findall(r'(?:<link[^>]* rel="(?:stylesheet|preload|icon)"[^>]*>|<script[^>]*>'
                       r"|<use[^>]*>|<img[^>]*>)", text)  # fmt: skip
    addresses = [a for tag in named for a in re.findall(r'(?:href|src)="([^"#]+)', tag)]
    files = {urlsplit(a).path.removeprefix("/statique/") for a in addresses if "/statique/" in a}
    files |= {f"fonts/{font.name}" for font in (STATIC / "fonts").glob("*.woff2")}
    return {name: _sent(STATIC / name) for name in sorted(files)}


def _sent(path: Path) -> float:
    content = path.read_bytes()
    return len(content) / 1024 if path.suffix in (".woff2", ".png") else weight(content)


def main() -> None:
    print(ground.machine())
    with ground.folder() as place:
        data = place / "data"
        data.mkdir()
        with ground.opened(conftest.described(data)) as app:
            works: dict[str, Callable[[], bytes]] = {"hello": request(hello(), "/"), **pages(app)}
            spent = ground.interleaved(works, ROUNDS, time.process_time)
            bodies = {name: work() for name, work in works.items()}
    bare = spent.pop("hello")
    print(f"bare hello {bare:.3f} ms of CPU\n")
    print(f"{'page':<28}{'ms':>7}{'ratio':>8}{'aim':>6}{'KiB gzip':>10}")
    for name, value in spent.items():
        ratio, aim = value / bare, LIST_AIM if name in LISTS else PAGE_AIM
        print(
            f"{name:<28}{value:7.2f}{ratio:7.1f}×{aim:5.0f}×{weight(bodies[name]):10.1f}  "
            f"{ground.verdict(ratio, aim)}"
        )
    heaviest = max(weight(body) for name, body in bodies.items() if name != FIRST_VISIT)
    print(f"\nlater pages: at most {heaviest:.1f} KiB ({ground.verdict(heaviest, LATER_AIM)}, "
          f"aim {LATER_AIM:.0f})")  # fmt: skip
    files = first_visit(bodies[FIRST_VISIT])
    total = weight(bodies[FIRST_VISIT]) + sum(files.values())
    print(f"first visit of the client: {total:.1f} KiB in {1 + len(files)} requests "
          f"({ground.verdict(total, FIRST_AIM)}, aim {FIRST_AIM:.0f} KiB in {REQUESTS_AIM})")  # fmt: skip
    for name, kib in files.items():
        print(f"  {name:<40}{kib:6.1f}")


if __name__ == "__main__":
    main()
