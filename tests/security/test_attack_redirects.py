"""Where a form or an address may lead: home, or a page of ours; and what a forged host reaches."""

import re

import pytest

from portal.emails.models import Email
from portal.emails.outbox import message_of
from portal.extensions import db
from tests.conftest import PASSWORD, TRAINER
from tests.pages import BASE_URL
from tests.security.world import World

HOST = BASE_URL.removeprefix("https://")
AWAY = (
    "https://evil.example/formateur/",
    "https://evil.example/formateur/sessions/nouvelle",
    "//evil.example/formateur/sessions/nouvelle",
    "//evil.example/formateur/",
    "///evil.example/",
    "////evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "/%5Cevil.example",
    "/%2F/evil.example",
    "/\t/evil.example/",
    "/\n/evil.example/",
    "https:evil.example",
    "https:///evil.example",
    "javascript:pwn()",
    "data:text/html,pwn",
    f"{BASE_URL}@evil.example/formateur/",
    f"{BASE_URL}.evil.example/formateur/",
    f"{BASE_URL}:8443/formateur/",
    BASE_URL.replace("https", "http") + "/formateur/",
    "evil.example",
    "?x",
    "#",
    "http://[",
    "http://evil℀.example",
    "/n-existe-pas",
    "/deconnexion",
    "/formateur",
    "",
    "\x00",
    "/formateur/\x00",
    "é",
)


@pytest.mark.parametrize(("turn", "suite"), list(enumerate(AWAY)), ids=ascii)
def test_after_signing_in_one_is_at_home(world: World, turn: int, suite: str) -> None:
    visitor = world.visitor("nobody")
    page = visitor.get("/connexion", query_string={"suite": suite})
    assert "evil" not in page.text
    answer = visitor.send(
        "/connexion",
        {"email": TRAINER, "password": PASSWORD},
        query_string={"suite": suite},
        headers={"HX-Request": "true"} if turn % 2 else {},
    )
    place = answer.headers.get("Location") or answer.headers["HX-Redirect"]
    assert place == "/formateur/"


@pytest.mark.parametrize(
    "suite", ["{base}/formateur/courriels/?x=1#y", " /formateur/courriels/?x=1 "]
)
def test_a_page_of_ours_is_a_way_back_without_its_host(world: World, suite: str) -> None:
    answer = world.visitor("nobody").send(
        "/connexion",
        {"email": TRAINER, "password": PASSWORD},
        query_string={"suite": suite.format(base=BASE_URL)},
    )
    assert answer.headers["Location"] == "/formateur/courriels/?x=1"


@pytest.mark.parametrize("suite", AWAY, ids=ascii)
def test_ways_back_never_leave(world: World, suite: str) -> None:
    """To the login and back, after a lost session, after a step."""
    headers = {"HX-Request": "true"}
    if suite.isprintable() and suite.isascii():
        headers |= {"HX-Current-URL": suite, "Referer": suite}
    page = f"/formateur/sessions/{world.mine.draft.ref}/etapes/programme"
    space = f"/espace/{world.mine.draft.public_id}/"
    asked = (
        world.visitor("owner").get("/connexion", query_string={"suite": suite}),
        world.visitor("nobody").get("/formateur/", headers=headers),
        world.visitor("nobody").get(space, headers=headers),
        world.visitor("nobody").send(
            f"/espace/{world.mine.draft.public_id}/quitter", headers=headers
        ),
        world.visitor("owner").open("/deconnexion", method="POST", headers=headers),
        world.visitor("owner").send(page, query_string={"retour": suite}),
        world.visitor("nobody").get("/formateur/", query_string={"suite": suite}),
    )
    for answer in asked:
        for name in ("Location", "HX-Redirect", "HX-Location", "Refresh", "HX-Push-Url"):
            place = answer.headers.get(name, "/")
            assert re.match(r"/(?![/\\])", place), (name, place)
            assert place.isascii()
            assert place.isprintable()


def test_a_forged_host_reaches_nothing(world: World) -> None:
    forged = (
        {"Host": "evil.example"},
        {"Host": f"evil.example:{BASE_URL}"},
        {"Host": f"{HOST}:8443"},
        {"Host": f"{HOST}.evil.example"},
        {"Host": f"{HOST}@evil.example"},
        {"Host": ""},
    )
    page = f"/formateur/sessions/{world.mine.draft.ref}/lien/envoyer"
    for headers in forged:
        visitor = world.visitor("owner")
        for method, path in (("GET", "/"), ("GET", "/connexion"), ("POST", page)):
            data = (
                {"csrf_token": visitor.token(), "email": "a@b.example"}
                if method == "POST"
                else None
            )
            answer = visitor.open(path, method=method, headers=headers, data=data)
            assert answer.status_code == 400, (headers, path)
            assert "evil" not in answer.text
            assert "Location" not in answer.headers
    assert world.is_untouched()


def test_links_of_messages_come_from_the_settings_alone(world: World) -> None:
    page = f"/formateur/sessions/{world.mine.draft.ref}/lien/envoyer"
    headers = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "http",
        "X-Original-URL": "https://evil.example",
        "Forwarded": "host=evil.example",
    }
    sent = world.visitor("owner").send(
        page, {"email": "a@b.example", "key": "k2", "again": "oui"}, headers=headers
    )
    assert sent.status_code == 303
    with world.app.app_context():
        last = db.session.scalars(db.select(Email).order_by(Email.id.desc())).first()
        assert last is not None
        message = message_of(last)
        words = f"{message.body}{message.html}"
    assert f"{BASE_URL}/l/{world.mine.draft.tokens['live']}" in words
    assert "evil" not in words
