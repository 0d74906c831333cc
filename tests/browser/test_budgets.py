"""What a first visit weighs, compressed as a front server does it, and how many files it asks for.

The budgets are those of a phone on a slow network. Left out of the budget of HTML: the text of a
convention (five pages to be read, with a style sheet of its own) and a page of 200 trainees.
"""

import gzip
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Page, Response

from tests.browser.portal_served import Portal
from tests.conftest import OFFICE, TRAINER, close
from tests.story import a_training

pytestmark = pytest.mark.browser

KB = 1024
FIRST_VISIT, REQUESTS, NODES = 64 * KB, 7, 350
# Everything a session holds stands on its page.
LONGER = {"session": 450, "dossier": 450}
BUDGETS = {"document": 8 * KB, "app.css": 10 * KB, "app.js": 4 * KB, "htmx.min.js": 17 * KB}
PREVIEW = 12 * KB  # of HTML: the paper itself
ALREADY_SMALL = ("font/", "image/png", "application/font")


@dataclass(frozen=True)
class File:
    """One answer: its name (« document » for the page), its host, its weight compressed."""

    name: str
    host: str
    octets: int


def weigh(response: Response) -> File:
    parts, body = urlsplit(response.url), response.body()
    is_page = response.request.is_navigation_request()
    is_small = response.headers.get("content-type", "").startswith(ALREADY_SMALL)
    octets = len(body if is_small else gzip.compress(body, 6))
    name = "document" if is_page else parts.path.rpartition("/")[2]
    return File(name, parts.netloc, octets)


def visit(page: Page, path: str) -> list[File]:
    """Every file a browser that never came asks for."""
    answers: list[Response] = []
    page.on("response", lambda response: answers.append(response))
    answer = page.goto(path, wait_until="networkidle")
    assert answer is not None
    assert answer.status == 200
    return [weigh(response) for response in answers if response.status == 200]


@pytest.fixture(scope="module")
def paths(portal: Portal) -> dict[str, tuple[str, str]]:
    """A screen of each kind: who sees it, and where."""
    app: Flask = portal.app()
    sent = a_training(app, "sent")
    draft = a_training(app, "draft", way="self")
    shared = a_training(app, "shared")
    close(app)
    return {
        "accueil": ("", "/"),
        "connexion": ("", "/connexion"),
        "aide": ("", "/aide/session-opco"),
        "donnees": ("", "/donnees-personnelles"),
        "lien": ("", shared.link),
        "sessions": (TRAINER, "/formateur/"),
        "nouvelle": (TRAINER, "/formateur/sessions/nouvelle"),
        "client": (TRAINER, draft.step("client")),
        "programme": (TRAINER, draft.step("programme")),
        "dates": (TRAINER, draft.step("dates")),
        "stagiaires": (TRAINER, draft.step("stagiaires")),
        "verifier": (TRAINER, f"{draft.page}verifier"),
        "apercu": (TRAINER, f"{draft.page}apercu/convention"),
        "session": (TRAINER, sent.page),
        "courriels": (TRAINER, "/formateur/courriels/"),
        "dossiers": (OFFICE, "/organisme/"),
        "dossier": (OFFICE, f"/organisme/dossiers/{sent.ref}/"),
    }


SCREENS = (
    "accueil connexion aide donnees lien sessions nouvelle client programme dates stagiaires "
    "verifier apercu session courriels dossiers dossier"
).split()


@pytest.mark.parametrize("screen", SCREENS)
def test_a_first_visit(portal: Portal, paths: dict[str, tuple[str, str]], screen: str) -> None:
    who, path = paths[screen]
    page = portal.page(who=who)
    files = visit(page, path)
    weights = {file.name: file.octets for file in files}
    assert {file.host for file in files} == {urlsplit(portal.url).netloc}
    is_paper = screen == "apercu"
    budgets = BUDGETS | {"document": PREVIEW} if is_paper else BUDGETS
    over = {name: weights[name] for name, most in budgets.items() if weights.get(name, 0) > most}
    assert not over, weights
    most = FIRST_VISIT + (PREVIEW - BUDGETS["document"] if is_paper else 0)
    assert sum(weights.values()) <= most, weights
    assert len(files) <= REQUESTS + is_paper, weights
    assert is_paper or page.locator("*").count() <= LONGER.get(screen, NODES)


def test_the_next_page_asks_for_its_html_alone(
    portal: Portal, paths: dict[str, tuple[str, str]]
) -> None:
    page = portal.page(who=TRAINER)
    for screen in ("client", "verifier"):
        page.goto(paths[screen][1], wait_until="networkidle")
    asked = page.evaluate(
        "() => performance.getEntriesByType('resource')"
        ".filter(file => file.transferSize > 0).map(file => file.name)"
    )
    assert asked == []
