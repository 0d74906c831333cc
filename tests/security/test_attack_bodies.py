"""Bodies that are no form, versions nobody was shown, buttons of other pages: never a failure."""

import io
import re
import time

import pytest

from portal.extensions import db
from portal.training import service as trainings
from portal.training.models import TrainingSession
from tests.pages import soup_of
from tests.security import typed
from tests.security.payloads import ALL
from tests.security.test_attack_forms import PAGE, SPACE, address, opened
from tests.security.world import World


def posts(world: World) -> list[tuple[str, str]]:
    """Every address that takes a form, with somebody who may send it."""
    found = []
    for rule in world.app.url_map.iter_rules():
        if "POST" in (rule.methods or set()):
            role = {"trainer": "owner", "office": "office", "client": "client"}.get(
                rule.endpoint.split(".")[0], "nobody"
            )
            known = world.mine.parts(rule.endpoint, world.mine.draft)
            built = rule.build({name: known[name] for name in rule.arguments})
            assert built is not None
            found.append((role, built[1]))
    return found


def test_a_body_too_large_is_refused_everywhere(world: World) -> None:
    """Before the guards, before the database: the same short page."""
    for role, path in posts(world):
        visitor = world.visitor(role)
        answer = visitor.send(path, {"legal_name": "a" * 300_000})
        assert answer.status_code == 413, path
        assert "trop volumineux" in answer.text
    parts = {f"champ-{n}": (None, "x") for n in range(51)}
    for role, path in posts(world)[:3]:
        visitor = world.visitor(role)
        answer = visitor.open(
            path,
            method="POST",
            data=multipart(parts | {"csrf_token": (None, visitor.token())}),
            content_type="multipart/form-data; boundary=b",
        )
        assert answer.status_code == 413
    assert world.is_untouched()


def multipart(parts: dict[str, tuple[str | None, str]]) -> bytes:
    """A body with these parts: a file name makes one a file."""
    lines = []
    for name, (filename, value) in parts.items():
        file = f'; filename="{filename}"' if filename else ""
        lines.append(
            f'--b\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n{value}\r\n'
        )
    return ("".join(lines) + "--b--\r\n").encode()


def bodies() -> dict[str, tuple[str, bytes]]:
    """Kinds of bodies a form never has, by name; each with its type."""
    form, json = "application/x-www-form-urlencoded", "application/json"
    many = multipart({f"champ-{n}": (None, "x") for n in range(1_001)})
    files = dict.fromkeys(("email", "password", "reason", "way", "people-0-job"), ("x.txt", "x"))
    return {
        "json object": (json, b'{"way": "self", "reason": "x", "email": 5, "password": ["x"]}'),
        "json list": (json, b"[1, [2]]"),
        "json text": (json, b'"x"'),
        "json null": (json, b"null"),
        "json broken": (json, b'{"a":'),
        "json deep": (json, b"[" * 5_000),
        "xml": ("application/xml", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
        "text": ("text/plain", b"way=self&reason=x"),
        "no type": ("", b"way=self"),
        "files": ("multipart/form-data; boundary=b", multipart(files)),
        "1 001 parts": ("multipart/form-data; boundary=b", many),
        "cut short": ("multipart/form-data; boundary=b", many[:200]),
        "no boundary": ("multipart/form-data", many),
        "other charset": (f"{form}; charset=utf-16", "way=self".encode("utf-16")),
        "not utf-8": (form, b"way=%ff%fe&motif=%c0%80&email=%ed%a0%80"),
        "arrays": (form, b"way[]=self&reason[0]=x&people[0][job]=x&email.x=a"),
        "nul": (form, b"way=self%00&reason=%00&key=%00&email=a%00@b.example"),
        "5 000 names": (form, b"&".join(b"n%d=" % n for n in range(5_000))),
        "half signs": (form, b"%&%%&=&&&=x&%zz=%"),
    }  # fmt: skip


@pytest.mark.parametrize("kind", bodies())
def test_a_body_that_is_no_form_is_an_empty_form(world: World, kind: str) -> None:
    """With the token in the header, so that what follows the guard reads it. Never a failure."""
    content_type, body = bodies()[kind]
    for role, path in posts(world):
        if role == "office":
            continue  # the same pages as the trainer's
        visitor = world.visitor(role)
        answer = visitor.open(
            path,
            method="POST",
            data=body,
            content_type=content_type,
            headers={"X-CSRFToken": visitor.token()},
        )
        assert answer.status_code in (200, 303, 400, 403, 404, 409, 413, 422), (
            path,
            answer.status_code,
        )
        if path.endswith(("/annuler", "/connexion", "/nouvelle")):
            assert answer.status_code == (413 if kind == "1 001 parts" else 422), path


def test_the_first_of_several_values_counts(world: World) -> None:
    visitor = world.visitor("owner")
    path = address(world, PAGE) + "etapes/programme"
    sent = typed.programme(1) | opened("programme")
    body = {**sent, "programme_id": ["1", "3"], "unit_price": ["", "0,01"], "action": ["", "zz"]}
    assert visitor.send(path, body).status_code == 303
    with world.app.app_context():
        assert db.session.get_one(TrainingSession, world.mine.draft.id).price_cents == 240_000


@pytest.mark.parametrize("version", ["-1", "0", "2", "9" * 30, "9" * 5_000, "1.0", "0x1", "", "x"])
def test_a_version_that_was_never_shown_overwrites_nothing(world: World, version: str) -> None:
    path = address(world, SPACE) + "etapes/entreprise"
    sent = typed.company("quetzal", legal_name="Autre nom") | {"version-company": version}
    for rest in ("", "/brouillon"):
        answer = world.visitor("client").send(path + rest, sent | {"edit_id": ALL[0]})
        assert answer.status_code == 409
    assert world.is_untouched()


BUTTONS = (
    *("ajouter-jour", "retirer-jour-0", "retirer-jour-²", "retirer-jour-" + "9" * 20),
    *("retirer-personne--1", "retirer-personne-²", "lire-liste", "reprendre-client"),
    *("__class__", "-", "é", "plus-tard-1", "reprendre-annuaire", "choisir-entreprise-²"),
)


@pytest.mark.parametrize("action", BUTTONS)
@pytest.mark.parametrize("slug", ["client", "programme", "dates", "stagiaires"])
def test_buttons_of_other_pages_are_refused(world: World, slug: str, action: str) -> None:
    sent = {k: v for t in typed.topics("quetzal").values() for k, v in t.items()}
    sent |= {f"version-{t}": "1" for t in typed.topics("quetzal")} | {"action": action}
    answer = world.visitor("owner").send(address(world, PAGE) + f"etapes/{slug}", sent)
    own = {"dates": "jour", "stagiaires": "personne|liste", "client": "client|annuaire|entreprise"}
    is_own = slug in own and re.search(own[slug], action)
    # Nobody's past client is proposed here: this trainer has one session more, of the same company.
    assert answer.status_code in ((200, 400) if is_own else (400,))


NAMELESS = (
    *("days-²-date", "days-99999-date", "days-" + "9" * 5_000 + "-date", "days-0-0", "company"),
    *("people-²-job", "people-١-job", "people--1-job", "people-0-job-0", "people-x-job", "siret-0"),
)


@pytest.mark.parametrize(
    ("slug", "topic", "button"),
    [("dates", "schedule", "ajouter-jour"), ("stagiaires", "trainees", "ajouter-personne")],
)
def test_names_of_no_field_are_not_kept(world: World, slug: str, topic: str, button: str) -> None:
    """Lists are numbered by the names of their fields: only short plain numbers are one."""
    sent = dict.fromkeys(NAMELESS, "x") | typed.topics("quetzal")[topic] | opened(topic)
    for action in ("", "plus-tard", button):
        path = address(world, PAGE) + f"etapes/{slug}"
        answer = world.visitor("owner").send(path, sent | {"action": action})
        assert answer.status_code in (200, 303)
        with world.app.app_context():
            training = db.session.get_one(TrainingSession, world.mine.draft.id)
            kept = trainings.answers_of(training, topic)
            assert kept is not None
            assert not set(kept.raw) & set(NAMELESS)
        world.restore()


@pytest.mark.parametrize("text", ["a" * 200_000, "a@" * 100_000, "x\n" * 60_000, "A B\n" * 40_000])
def test_a_list_without_end_takes_no_time(world: World, text: str) -> None:
    """What cannot be read stays in the box, all of it."""
    start = time.perf_counter()
    answer = world.visitor("client").send(
        address(world, SPACE) + "etapes/stagiaires",
        {"action": "lire-liste", "pasted": text, "version-trainees": "1"},
    )
    assert answer.status_code == 200
    assert time.perf_counter() - start < 20  # hours, when a line is walked from each of its signs
    box = soup_of(answer.text).select_one("#pasted")
    assert box is not None
    assert len(box.get_text().split()) >= len(text.split()) // 2 - 200


def test_files_are_never_read(world: World) -> None:
    visitor = world.visitor("nobody")
    upload = (io.BytesIO(b"sept chaises bleues"), "mot-de-passe.txt")
    answer = visitor.send("/connexion", {"email": "a@b.example", "password": upload})
    assert answer.status_code == 422
    assert "Indiquez votre mot de passe" in answer.text
