"""Texts of links, cookies and CSRF tokens that are almost right; where a right one is shown."""

import re
from urllib.parse import quote, urlsplit

import pytest

from portal.access import rules
from portal.access.models import ShareLink
from portal.access.rules import Scope
from portal.extensions import db, writing
from tests.conftest import PASSWORD, TRAINER
from tests.pages import BASE_URL, soup_of
from tests.security.world import COUNTERS, Bare, World

DOMAIN = BASE_URL.removeprefix("https://")
OTHER_KEY = "another-key-0123456789abcdefghijklmnop"


def link_key(world: World) -> str:
    key: str = world.app.config["PORTAL"].link_key
    return key


@pytest.mark.parametrize(
    "written",
    [
        "{t}?utm_source=lettre&utm_medium=e-mail",
        "{t}.",
        "{t}),>.",
        "{encoded}",
        "%20{t}%20",
        "{t}%0A",
        "{t}%3E",
    ],
)
def test_what_mail_programs_do_to_a_link_still_opens_it(world: World, written: str) -> None:
    token = world.mine.draft.tokens["live"]
    encoded = "".join(f"%{ord(sign):02x}" for sign in token)
    path = "/l/" + written.format(t=token, encoded=encoded)
    visitor = world.visitor("nobody")
    assert visitor.get(path).status_code == 200
    opened = visitor.send(path)
    assert opened.headers["Location"].startswith(f"/espace/{world.mine.draft.public_id}/")


@pytest.mark.parametrize(
    "forge",
    [
        lambda t, _o: t + t,
        lambda t, o: t + o,
        lambda t, o: f"{t}%20{o}",
        lambda t, _o: t[:20] + "%0A" + t[20:],
        lambda t, _o: t[:20] + "%20" + t[20:],
        lambda t, _o: t[:20] + "%00" + t[20:],
        lambda t, _o: t + "%00",
        lambda t, _o: t + "=",
        lambda t, _o: t + "'",
        lambda t, _o: "%3C" + t,
        lambda t, _o: t.swapcase(),
        lambda t, _o: t.replace("esp-1", "esp-+1"),
        lambda t, _o: t.replace("esp-1", "esp--1"),
        lambda t, _o: t.replace("esp-1", "esp-1.0"),
        lambda t, _o: t.replace("esp-1", "esp-" + quote("１")),
        lambda t, _o: t.replace("esp-1", "esp-" + "9" * 400),
        lambda t, _o: t.replace("esp", "ESP"),
        lambda t, _o: t.replace("esp", "sgn"),
        lambda t, o: t.rsplit("-", 1)[0] + "-" + o.split("-", 2)[2],
        lambda t, _o: t.split("-", 2)[2],
        lambda _t, _o: "esp-1-",
        lambda _t, _o: "..",
        lambda _t, _o: "%2e%2e%2fformateur",
        lambda _t, _o: "esp-1-" + "A" * 43 + "%0d%0aSet-Cookie:%20x=1",
        lambda _t, _o: "x" * 8_000,
    ],
)
def test_almost_a_link_is_no_link(world: World, forge: object) -> None:
    """Whatever is asked of it; and all the answers are the same."""
    mine, theirs = world.mine.draft.tokens["live"], world.theirs.draft.tokens["live"]
    path = "/l/" + forge(mine, theirs)  # type: ignore[operator]
    visitor = world.visitor("nobody")
    answer = visitor.get(path)
    assert answer.status_code == 404
    for action in ("", "/nouveau-lien", "/prevenir"):
        posted = visitor.send(path + action)
        assert posted.status_code in (303, 404)
        assert not posted.headers.get("Location", "").startswith("/espace/")
        assert "x=1" not in posted.headers.getlist("Set-Cookie")
    assert world.is_untouched()


def test_a_token_is_of_one_key_one_scope_one_link_one_turn(world: World) -> None:
    key = link_key(world)
    tokens = {
        "another key": rules.token(OTHER_KEY, Scope.SPACE, 1, 0),
        "no key": rules.token("", Scope.SPACE, 1, 0),
        "the key of cookies": rules.token(world.app.secret_key, Scope.SPACE, 1, 0),  # type: ignore[arg-type]
        "a later turn": rules.token(key, Scope.SPACE, 1, 1),
        "an earlier turn": rules.token(key, Scope.SPACE, 1, -1),
        "another link": rules.token(key, Scope.SPACE, 99, 0),
        "a scope that does not exist": rules.token(key, "sign", 1, 0)  # type: ignore[arg-type]
        if "sign" in rules.PREFIX
        else "sig-1-" + rules.token(key, Scope.SPACE, 1, 0).split("-", 2)[2],
    }
    visitor = world.visitor("nobody")
    for name, token in tokens.items():
        assert visitor.get(f"/l/{token}").status_code == 404, name
    assert visitor.get(f"/l/{rules.token(key, Scope.SPACE, 1, 0)}").status_code == 200


def test_every_earlier_turn_is_a_replaced_link_and_no_more(world: World) -> None:
    with world.app.app_context(), writing():
        db.session.get_one(ShareLink, 1).rotation = 3
    visitor = world.visitor("nobody")
    for turn in range(3):
        token = rules.token(link_key(world), Scope.SPACE, 1, turn)
        assert visitor.get(f"/l/{token}").status_code == 410
        assert visitor.send(f"/l/{token}").headers["Location"] == f"/l/{token}"
    assert world.visitor("client").get(f"/espace/{world.mine.draft.public_id}/").status_code == 403


def test_a_link_whose_dossier_is_gone_is_unknown(world: World) -> None:
    token = world.mine.draft.tokens["expired"]
    with world.app.app_context(), writing():
        link = db.session.get_one(ShareLink, int(token.split("-")[1]))
        db.session.delete(link)
    assert world.visitor("nobody").get(f"/l/{token}").status_code == 404


def test_the_texts_are_long_and_unlike_one_another(world: World) -> None:
    tokens = [
        token
        for side in (world.mine, world.theirs)
        for dossier in (side.draft, side.sent)
        for token in dossier.tokens.values()
    ]
    for token in tokens:
        assert re.fullmatch(r"esp-\d+-[A-Za-z0-9_-]{43}", token)  # 256 bits
    macs = {token.split("-", 2)[2] for token in tokens}
    assert len(macs) == len(tokens)
    for position in range(42):  # nothing is constant in it
        assert len({mac[position] for mac in macs}) > 3


def test_a_robot_that_presses_every_button_of_the_landing_does_no_harm(world: World) -> None:
    """Some mail scanners run scripts and send forms: the link still opens afterwards."""
    token = world.mine.draft.tokens["live"]
    robot = world.visitor("nobody")
    page = soup_of(robot.get(f"/l/{token}").text)
    for form in page.find_all("form"):
        robot.open(str(form["action"]), method="POST", data={"csrf_token": robot.token()})
    for path in ("", "/nouveau-lien", "/prevenir"):
        robot.send(f"/l/{token}{path}")
    changed = [n for n, rows in world.dump(*COUNTERS).items() if rows != world.at_first[n]]
    assert changed == ["grant"]
    person = world.visitor("nobody")
    assert person.send(f"/l/{token}").headers["Location"].startswith("/espace/")


# --- Cookies


@pytest.mark.parametrize(
    "value",
    ["", "x", "null", "' OR 1=1 --", "A" * 43, "q" * 20 + "Zz-_9" * 5, "A" * 3_000, "é", "a;b"],
)
@pytest.mark.parametrize(
    "name", ["__Host-espace", "espace", "__Host-portail", "portail", "session"]
)
def test_a_cookie_that_was_not_given_opens_nothing(world: World, name: str, value: str) -> None:
    visitor = Bare(world.app, world.app.response_class)
    visitor.set_cookie(name, value, domain=DOMAIN, secure=True)
    assert visitor.get(f"/espace/{world.mine.draft.public_id}/").status_code == 403
    assert visitor.get("/formateur/").headers["Location"].startswith("/connexion")


def test_what_the_database_keeps_of_a_cookie_opens_nothing(world: World) -> None:
    """A stolen copy of the database: its digests are not cookies."""
    with world.app.app_context():
        digests = [x for (x,) in db.session.execute(db.text('SELECT cookie_sha256 FROM "grant"'))]
        logins = [
            x for (x,) in db.session.execute(db.text("SELECT token_sha256 FROM login_session"))
        ]
    assert len(digests) >= 6
    assert len(logins) == 3
    for digest in digests:
        visitor = Bare(world.app, world.app.response_class)
        visitor.set_cookie("__Host-espace", digest, domain=DOMAIN, secure=True)
        for dossier in (world.mine.draft, world.theirs.draft):
            assert visitor.get(f"/espace/{dossier.public_id}/").status_code == 403
    signer = world.app.session_interface.get_signing_serializer(world.app)  # type: ignore[attr-defined]
    for login in logins:  # even with the key of cookies, a digest is no login
        visitor = Bare(world.app, world.app.response_class)
        forged = signer.dumps({"_user_id": login, "_fresh": True})
        visitor.set_cookie("__Host-portail", forged, domain=DOMAIN, secure=True)
        assert visitor.get("/formateur/").status_code == 303


def test_numbers_of_people_are_no_logins(world: World) -> None:
    signer = world.app.session_interface.get_signing_serializer(world.app)  # type: ignore[attr-defined]
    for identity in ("1", "2", "3", None, TRAINER):
        visitor = Bare(world.app, world.app.response_class)
        forged = signer.dumps({"_user_id": identity, "_fresh": True})
        visitor.set_cookie("__Host-portail", forged, domain=DOMAIN, secure=True)
        assert visitor.get("/formateur/").status_code == 303


def test_a_login_changes_every_token_that_was_there_before(world: World) -> None:
    """A session planted beforehand is not signed in, and its CSRF token is worth nothing."""
    victim = Bare(world.app, world.app.response_class)
    before = victim.token()
    planted = victim.get_cookie("__Host-portail", domain=DOMAIN)
    assert planted is not None
    victim.send("/connexion", {"email": TRAINER, "password": PASSWORD})
    attacker = Bare(world.app, world.app.response_class)
    attacker.set_cookie("__Host-portail", planted.value, domain=DOMAIN, secure=True)
    assert attacker.get("/formateur/").status_code == 303
    page = f"/formateur/sessions/{world.mine.sent.ref}/annuler"
    victim.open(page, method="POST", data={"csrf_token": before, "reason": "x"})
    assert "Session annulée" not in victim.get(f"/formateur/sessions/{world.mine.sent.ref}/").text


def test_signing_in_again_ends_the_login_this_browser_held(world: World) -> None:
    visitor = world.visitor("owner")
    first = visitor.get_cookie("__Host-portail", domain=DOMAIN)
    assert first is not None
    visitor.send("/connexion", {"email": TRAINER, "password": PASSWORD})
    assert visitor.get("/formateur/").status_code == 200
    thief = Bare(world.app, world.app.response_class)
    thief.set_cookie("__Host-portail", first.value, domain=DOMAIN, secure=True)
    assert thief.get("/formateur/").status_code == 303


# --- What leaves with a page


def test_no_page_sends_an_address_of_ours_elsewhere(world: World) -> None:
    """No resource of a third party; links that leave say nothing of where they were."""
    mine = world.mine
    asked = [
        *[
            ("nobody", path)
            for path in ("/", "/connexion", "/aide/session-opco", "/mentions-legales")
        ],
        ("nobody", f"/l/{mine.draft.tokens['live']}"),
        ("nobody", f"/l/{mine.draft.tokens['expired']}"),
        *[("client", f"/espace/{mine.sent.public_id}/{x}") for x in ("", "merci", "apercu/devis")],
        *[("client", f"/espace/{mine.draft.public_id}/{x}") for x in ("", "etapes/entreprise")],
        *[("owner", f"/formateur/sessions/{mine.sent.ref}/{x}") for x in ("", "depot", "rouvrir")],
        ("owner", f"/formateur/courriels/{mine.sent.mails['documents_to_client']}"),
        ("office", "/organisme/"),
    ]
    for role, path in asked:
        soup = soup_of(world.visitor(role).get(path).text)
        for tag in soup.find_all(True):
            for name in ("src", "action", "data", "poster", "srcset", "formaction", "background"):
                assert str(tag.get(name, "/")).startswith("/"), (path, tag)
            target = str(tag.get("href", "/"))
            parts = urlsplit(target)
            if tag.name != "a":
                assert not parts.netloc, (path, tag)
            elif parts.netloc and f"{parts.scheme}://{parts.netloc}" != BASE_URL:
                assert parts.scheme == "https", (path, tag)
                assert "noreferrer" in (tag.get("rel") or []), (path, tag)
            assert parts.scheme in ("", "https", "mailto", "tel"), (path, tag)


def test_the_text_of_a_link_is_on_the_pages_that_give_it_only(world: World) -> None:
    token = world.mine.sent.tokens["live"]
    gives = {"owner": f"/formateur/sessions/{world.mine.sent.ref}/"}
    gives["office"] = f"/organisme/dossiers/{world.mine.sent.ref}/"
    for role, path in gives.items():
        assert token in world.visitor(role).get(path).text
    silent = [
        *[("client", f"/espace/{world.mine.sent.public_id}/{x}") for x in ("", "merci", "depot")],
        ("owner", "/formateur/"),
        ("owner", "/formateur/courriels/"),
        *[("owner", f"/formateur/courriels/{m}") for m in world.mine.sent.mails.values()],
        ("office", "/organisme/"),
    ]
    for role, path in silent:
        answer = world.visitor(role).get(path)
        assert answer.status_code == 200
        assert token not in answer.text, path
        assert token not in str(answer.headers), path
