"""What looking costs: nothing. And the headers of every answer of every route."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.pages import BASE_URL
from tests.security.world import Dossier, Side, World

LOOKING = ("GET", "HEAD", "OPTIONS")
ROLES = ("nobody", "owner", "office", "client", "revoked")
NEVER = ("TRACE", "PUT", "PATCH", "DELETE", "PROPFIND")

EVERYWHERE = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "object-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "Cache-Control": "no-store",
}
DOWNLOADED = "sandbox; default-src 'none'"
PAPER = ("application/pdf", "Devis-D-{n}.pdf")
ZIP = ("application/zip", "Documents-S-{n}.zip")
EML = ("message/rfc822", "courriel-{mail}.eml")
LASTING = ("static", "public.brand_css")


def paths(world: World, side: Side, dossier: Dossier) -> Iterator[tuple[Rule, str]]:
    """An address of every route, for that dossier."""
    for rule in world.app.url_map.iter_rules():
        known = side.parts(rule.endpoint, dossier)
        built = rule.build({name: known[name] for name in rule.arguments})
        assert built is not None
        yield rule, built[1]


def problems(endpoint: str, answer: TestResponse) -> list[str]:
    """What is missing from the headers of an answer, or dangerous in them."""
    found, headers = [], answer.headers
    for name, value in EVERYWHERE.items():
        given = headers.getlist(name)
        if endpoint in LASTING and name == "Cache-Control":
            continue
        if "attachment" in headers.get("Content-Disposition", "") and "Content-Sec" in name:
            value = DOWNLOADED
        if given != [value]:
            found.append(f"{name}: {given}")
    for name, value in headers:
        if not (name + value).isprintable() or not (name + value).isascii():
            found.append(f"{name} is not plain: {value!r}")
    if answer.data and not re.search(r"^[a-z]+/[a-z0-9.+-]+", headers.get("Content-Type", "")):
        found.append(f"Content-Type: {headers.get('Content-Type')}")
    if answer.mimetype.startswith("text/") and "charset=utf-8" not in headers["Content-Type"]:
        found.append("no charset")
    return found + [x for x in headers.getlist("Set-Cookie") if not is_well_kept(x)]


def is_well_kept(cookie: str) -> bool:
    flags = {part.strip() for part in cookie.split(";")[1:]}
    named = re.match(r"__Host-(portail|espace|appareil)=", cookie)
    return (
        bool(named)
        and {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= flags
        and not any(flag.lower().startswith("domain") for flag in flags)
    )


@pytest.mark.parametrize("role", ROLES)
def test_looking_at_anything_changes_nothing(world: World, role: str) -> None:
    """Only « last seen » and the counted misses of links may move."""
    visitor, side = world.visitor(role), world.mine
    for dossier in (side.draft, side.sent):
        for rule, path in paths(world, side, dossier):
            if dossier is side.sent and not {"ref", "public_id"} & rule.arguments:
                continue  # the same address as the draft's
            seen = {}
            for method in LOOKING:
                answer = visitor.open(path, method=method)
                seen[method] = answer.status_code
                assert not (faults := problems(rule.endpoint, answer)), (method, path, faults)
                if method == "HEAD":
                    assert not answer.data, (method, path)
                answer.close()
            assert seen["HEAD"] == seen["GET"], path
            assert seen["OPTIONS"] in (200, 303, 403), path
    assert world.is_untouched()


def test_other_methods_are_refused(world: World) -> None:
    visitor = world.visitor("owner")
    for _rule, path in paths(world, world.mine, world.mine.draft):
        for method in NEVER:
            answer = visitor.send(path, method=method)
            assert answer.status_code == 405, (method, path)
            assert not problems("", answer)
            answer.close()
    for header in ("X-HTTP-Method-Override", "X-Method-Override"):
        answer = visitor.send(
            "/formateur/?_method=DELETE", {"_method": "PUT"}, headers={header: "PUT"}
        )
        assert answer.status_code == 405
    assert world.is_untouched()


@pytest.mark.parametrize("role", ["owner", "office", "client"])
def test_posting_answers_with_the_same_headers(world: World, role: str) -> None:
    for rule, path in paths(world, world.mine, world.mine.sent):
        if "POST" in (rule.methods or set()):
            answer = world.visitor(role).send(path)
            assert not problems(rule.endpoint, answer), path
            place = urlsplit(answer.headers.get("Location", ""))
            assert f"{place.scheme}://{place.netloc}" in ("://", BASE_URL), path
            world.restore()


def test_refusals_carry_the_same_headers(world: World) -> None:
    visitor = world.visitor("nobody")
    asked = {
        404: {"path": "/n-existe-pas"},
        405: {"path": "/", "method": "POST", "data": {"csrf_token": visitor.token()}},
        413: {"path": "/connexion", "method": "POST", "data": {"a": "a" * 300_000}},
        403: {
            "path": "/connexion",
            "method": "POST",
            "headers": {"Origin": "https://evil.example"},
        },
        400: {"path": "/", "headers": {"Host": "evil.example"}},
        302: {"path": "/favicon.ico"},
        308: {"path": "/formateur"},
        429: {"path": "/l/inconnu"},
    }
    for status, request in asked.items():
        for _ in range(31 if status == 429 else 1):
            answer = visitor.open(request.pop("path", "/l/inconnu"), **request)  # type: ignore[arg-type]
        assert answer.status_code == status
        assert not problems("", answer), status
        assert "evil" not in answer.text


@pytest.mark.parametrize(
    ("role", "path", "kind", "name"),
    [
        ("owner", "/formateur/sessions/{ref}/documents/{document}", *PAPER),
        ("office", "/organisme/dossiers/{ref}/documents/{document}", *PAPER),
        ("client", "/espace/{public_id}/documents/{document}", *PAPER),
        ("owner", "/formateur/sessions/{ref}/documents.zip", *ZIP),
        ("client", "/espace/{public_id}/documents.zip", *ZIP),
        ("owner", "/formateur/courriels/{mail}/pieces/{document}", *PAPER),
        ("owner", "/formateur/courriels/{mail}/message.eml", *EML),
    ],
)
def test_files_are_downloads_in_an_origin_of_their_own(
    world: World, role: str, path: str, kind: str, name: str
) -> None:
    sent = world.mine.sent
    known = {
        "ref": sent.ref,
        "public_id": sent.public_id,
        "document": sent.documents[0],
        "mail": sent.mails["documents_to_client"],
        "n": sent.ref.removeprefix("S-"),
    }
    answer = world.visitor(role).get(path.format(**known))
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == f"attachment; filename={name.format(**known)}"
    assert answer.mimetype == kind
    assert answer.headers["Content-Security-Policy"] == DOWNLOADED
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


def test_leaving_empties_the_browser(world: World) -> None:
    for role, path in (
        ("owner", "/deconnexion"),
        ("client", f"/espace/{world.mine.sent.public_id}/quitter"),
    ):
        visitor = world.visitor(role)
        answer = visitor.send(path)
        assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
        assert answer.headers["Cache-Control"] == "no-store"
