"""Forms that carry more than the page had: hidden fields, other choices, other kinds of bodies."""

import io
from collections.abc import Callable
from typing import Any

import pytest

from portal import clock
from portal.extensions import db, writing
from portal.training.models import Programme, TrainingSession
from tests.security import typed
from tests.security.payloads import ALL
from tests.security.typed import Answers
from tests.security.world import COUNTERS, World

FACTS = ("training_session", "company", "topic_answers", "half_day", "trainee", "programme", "user",
         "organisation", "share_link", "document", "grant", "counter")  # fmt: skip
# Names of columns and of other pages' fields, with values that would matter.
SMUGGLED: dict[str, Any] = {
    "state": "sent",
    "trainer_id": "2",
    "trainer": "2",
    "id": "2",
    "ref": "S-2026-9999",
    "public_id": "choisi",
    "creation_key": "k",
    "way": "self",
    "role": "office",
    "is_office": "1",
    "price_cents": "1",
    "unit_price_cents": "1",
    "unit_price": "0,01",
    "price_basis": "flat",
    "vat_regime": "standard",
    "programme_id": "3",
    "remote_percent": "99",
    "opco_code": "ATLAS",
    "funder_choice": "none",
    "first_day": "2030-01-01",
    "minutes": "1",
    "days-0-date": "2030-01-01",
    "sent_at": "2026-01-01",
    "completed_by": "X",
    "filed_on": "2026-01-01",
    "filed_by": "office",
    "training_id": "4",
    "company_id": "4",
    "is_valid": "1",
    "saved_by": "X",
    "topic": "programme",
    "topics": "programme",
    "recipient_email": "voleur@evil.example",
    "rotation": "0",
    "expires_at": "2099-01-01",
    "_method": "DELETE",
    "suite": "https://evil.example/",
    "retour": "https://evil.example/",
    "organisation_id": "2",
}
SPACE, PAGE = "/espace/{draft.public_id}/", "/formateur/sessions/{draft.ref}/"
SENT = "/formateur/sessions/{sent.ref}/"


def address(world: World, path: str) -> str:
    return path.format(draft=world.mine.draft, sent=world.mine.sent)


def facts(world: World) -> dict[str, list[Any]]:
    dump = world.dump(*COUNTERS)
    return {name: dump[name] for name in FACTS}


def opened(topic: str) -> Answers:
    """What an opened page of that topic sends along."""
    return {f"version-{topic}": "1", "edit_id": f"first-{topic}", "action": ""}


@pytest.mark.parametrize(
    ("role", "path", "answers"),
    [
        ("client", SPACE + "etapes/entreprise", typed.company("quetzal") | opened("company")),
        ("client", SPACE + "etapes/financement", typed.funding() | opened("funding")),
        ("client", SPACE + "etapes/stagiaires", typed.trainees("quetzal") | opened("trainees")),
        ("client", SPACE + "verifier", {}),
        ("client", SPACE + "quitter", {}),
        ("owner", PAGE + "etapes/dates", typed.schedule("quetzal") | opened("schedule")),
        ("owner", PAGE + "etapes/programme", typed.programme(2) | opened("programme")),
        ("owner", PAGE + "lien", {}),
        ("owner", PAGE + "lien/fermer", {}),
        ("owner", SENT + "depot", {"filed_on": "2026-11-20", "number": "12"}),
        ("owner", SENT + "rouvrir", {"reason": "Les dates changent"}),
        ("owner", SENT + "annuler", {"reason": "Plus de participants"}),
    ],
)
def test_what_the_page_does_not_ask_for_is_not_read(
    world: World, role: str, path: str, answers: Answers
) -> None:
    """The same form, with and without everything an attacker may add: the same rows."""
    results = []
    for smuggled in ({}, SMUGGLED):
        world.restore()
        sent = {k: v for k, v in smuggled.items() if k not in answers} | answers
        answer = world.visitor(role).send(address(world, path), sent)
        assert answer.status_code == 303
        assert "evil" not in answer.headers["Location"]
        results.append(facts(world))
    assert results[0] == results[1]


@pytest.mark.parametrize(
    "slug", ["programme", "dates", "client", "verifier", "inconnue", "stagiaires"]
)
@pytest.mark.parametrize("rest", ["", "/brouillon"])
def test_the_client_answers_its_own_steps_only(world: World, slug: str, rest: str) -> None:
    every = {k: v for answers in typed.topics("wapiti").values() for k, v in answers.items()}
    every |= typed.programme(2, unit_price="0,01", price_basis="flat")
    path = address(world, SPACE) + f"etapes/{slug}{rest}"
    answer = world.visitor("client").send(path, every | opened("trainees"))
    if slug == "stagiaires":  # its own: only the trainees may have changed
        changed = {name for name, rows in facts(world).items() if rows != world.at_first[name]}
        assert changed <= {"trainee", "topic_answers", "training_session"}
        with world.app.app_context():
            training = db.session.get_one(TrainingSession, world.mine.draft.id)
            assert (training.programme_id, training.price_cents) == (1, 210_000)
    else:
        assert answer.status_code == 404
        assert facts(world) == {name: world.at_first[name] for name in FACTS}


def archive(world: World) -> str:
    with world.app.app_context(), writing():
        db.session.get_one(Programme, 3).archived_at = clock.now()
    return "3"


NUMBERS = ("0", "-1", "99", "1e0", "01", " 1 ;", "1 OR 1=1", "1.0", "١", "None", "True", "9" * 30)
OPCOS = ("constructys", "OPCO", "none ", "NONE", "opco", "ATLAS,AKTO", "../ATLAS", "🎉")


@pytest.mark.parametrize(
    ("slug", "topic", "answers"),
    [
        *[("programme", "programme", {"programme_id": n}) for n in NUMBERS],
        ("programme", "programme", archive),
        ("programme", "programme", {"price_basis": "gratuit", "unit_price": "12"}),
        *[("programme", "programme", {"price_basis": "flat", "unit_price": p})
          for p in ("-1", "0", "1e9", "NaN", "Infinity", "10000000", "0x10", "٣")],
        *[("programme", "programme", {"remote_percent": p}) for p in ("-1", "101", "1e1", "9" * 20)],
        *[("client", "funding", {"funder": o}) for o in OPCOS],
        ("client", "funding", {"subrogation": "peut-être"}),
        ("client", "company", {"recovers_vat": "1"}),
        ("dates", "schedule", {"place_mode": "lune"}),
        ("stagiaires", "trainees", {"needs_adaptation": "true"}),
        *[("stagiaires", "trainees", {"headcount": h}) for h in ("0", "-2", "201", "2e1", "²")],
    ],
)  # fmt: skip
def test_a_choice_that_is_not_offered_is_not_taken(
    world: World, slug: str, topic: str, answers: Answers | Callable[[World], str]
) -> None:
    if callable(answers):
        answers = {"programme_id": answers(world)}
    before = facts(world)
    base = typed.topics("quetzal") | {"programme": typed.programme()}
    both = base["company"] | base["funding"] if slug == "client" else base[topic]
    sent = both | answers | opened("company") | opened("funding") | opened(topic)
    sent |= {"edit_id": f"first-{topic}", "version-company": "1"}
    answer = world.visitor("owner").send(address(world, PAGE) + f"etapes/{slug}", sent)
    assert answer.status_code == 422
    after = facts(world)
    for name in FACTS:
        if name != "topic_answers":  # what was typed stays, marked as not valid
            assert without_time(before[name]) == without_time(after[name]), name


def without_time(rows: list[Any]) -> list[Any]:
    return rows


@pytest.mark.parametrize("way", ["", "office", "LINK", "link ", "1", "self,link"])
def test_a_session_is_opened_in_one_of_two_ways(world: World, way: str) -> None:
    before = facts(world)
    answer = world.visitor("owner").send("/formateur/sessions/nouvelle", {"way": way, "key": "k"})
    assert answer.status_code == 422
    assert facts(world) == before


# --- Bodies that are no form


def posts(world: World) -> list[tuple[str, str]]:
    """Every address that takes a form, with somebody who may send it."""
    known = {
        "ref": world.mine.draft.ref,
        "public_id": world.mine.draft.public_id,
        "mail_id": world.mine.sent.mails["failed"],
        "token": world.mine.draft.tokens["live"],
    }
    found = []
    for rule in world.app.url_map.iter_rules():
        if "POST" in (rule.methods or set()):
            role = {"trainer": "owner", "office": "office", "client": "client"}.get(
                rule.endpoint.split(".")[0], "nobody"
            )
            slug = "stagiaires"
            built = rule.build(
                {k: v for k, v in (known | {"slug": slug}).items() if k in rule.arguments}
            )
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
    assert world.dump(*COUNTERS) == world.at_first


def multipart(parts: dict[str, tuple[str | None, str]]) -> bytes:
    """A body with these parts: a file name makes one a file."""
    lines = []
    for name, (filename, value) in parts.items():
        file = f'; filename="{filename}"' if filename else ""
        lines.append(
            f'--b\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n{value}\r\n'
        )
    return ("".join(lines) + "--b--\r\n").encode()


def bodies(token: str) -> dict[str, tuple[str, bytes]]:
    """Kinds of bodies a form never has, by name; each with its type."""
    form, json = "application/x-www-form-urlencoded", "application/json"
    many = multipart({f"champ-{n}": (None, "x") for n in range(1_001)})
    files = {
        name: ("x.txt", "x") for name in ("email", "password", "reason", "way", "people-0-job")
    }
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
        "not utf-8": (form, b"way=%ff%fe&reason=%c0%80&email=%ed%a0%80"),
        "arrays": (form, b"way[]=self&reason[0]=x&people[0][job]=x&email.x=a"),
        "nul": (form, b"way=self%00&reason=%00&key=%00&email=a%00@b.example"),
        "20 000 names": (form, b"&".join(b"n%d=" % n for n in range(20_000))),
        "half signs": (form, b"%&%%&=&&&=x&%zz=%"),
    }  # fmt: skip


@pytest.mark.parametrize("kind", bodies(""))
def test_a_body_that_is_no_form_is_an_empty_form(world: World, kind: str) -> None:
    """With the token in the header, so that what follows the guard reads it. Never a failure."""
    for role, path in posts(world):
        visitor = world.visitor(role)
        content_type, body = bodies("")[kind]
        answer = visitor.open(
            path,
            method="POST",
            data=body,
            content_type=content_type,
            headers={"X-CSRFToken": visitor.token()},
        )
        assert answer.status_code in (200, 303, 400, 404, 409, 413, 422), (path, answer.status_code)
        if "annuler" in path or "connexion" in path or "nouvelle" in path:
            assert answer.status_code in ((413,) if kind == "1 001 parts" else (422,)), path
    world.restore()


def test_the_first_of_several_values_counts(world: World) -> None:
    visitor = world.visitor("owner")
    path = address(world, PAGE) + "etapes/programme"
    sent = typed.programme(1) | opened("programme")
    body = {**sent, "programme_id": ["1", "3"], "unit_price": ["", "0,01"], "action": ["", "zz"]}
    assert visitor.send(path, body).status_code == 303
    with world.app.app_context():
        assert db.session.get_one(TrainingSession, world.mine.draft.id).price_cents == 210_000


@pytest.mark.parametrize("version", ["-1", "0", "2", "9" * 30, "9" * 5_000, "1.0", "0x1", "", "x"])
def test_a_version_that_was_never_shown_overwrites_nothing(world: World, version: str) -> None:
    path = address(world, SPACE) + "etapes/entreprise"
    sent = typed.company("quetzal", legal_name="Autre nom") | {"version-company": version}
    for rest in ("", "/brouillon"):
        answer = world.visitor("client").send(path + rest, sent | {"edit_id": ALL[0]})
        assert answer.status_code == 409
    assert world.dump(*COUNTERS) == world.at_first


@pytest.mark.parametrize("action", ["ajouter-jour", "retirer-jour-0", "retirer-jour-²", "lire-liste",
                                    "retirer-personne-99999999999999999999", "retirer-personne--1",
                                    "retirer-personne-²", "reprendre-client", "__class__", "é", "-",
                                    "plus-tard-1"])  # fmt: skip
@pytest.mark.parametrize("slug", ["client", "programme", "dates", "stagiaires"])
def test_buttons_of_other_pages_are_refused(world: World, slug: str, action: str) -> None:
    sent = {k: v for t in typed.topics("quetzal").values() for k, v in t.items()}
    sent |= {f"version-{t}": "1" for t in typed.topics("quetzal")} | {"action": action}
    answer = world.visitor("owner").send(address(world, PAGE) + f"etapes/{slug}", sent)
    own = {"dates": "jour", "stagiaires": "personne", "client": "client"}.get(slug, "?")
    is_own = own in action or (action, slug) == ("lire-liste", "stagiaires")
    # Nobody's past client is proposed here: this trainer has one session more, of the same company.
    assert answer.status_code in ((200, 400) if is_own else (400,))


def test_files_are_never_read(world: World) -> None:
    visitor = world.visitor("nobody")
    upload = (io.BytesIO(b"sept chaises bleues"), "mot-de-passe.txt")
    answer = visitor.send("/connexion", {"email": "a@b.example", "password": upload})
    assert answer.status_code == 422
    assert "Indiquez votre mot de passe" in answer.text
