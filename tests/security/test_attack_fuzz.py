"""Every form, taken right and broken at random: an answer, never a failure.

Forms are read 300 times each; whole requests fewer times, unless `PORTAL_FUZZ=300` asks for more.
"""

import os
import random
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from portal import web
from portal.blueprints.auth import LoginForm
from portal.blueprints.dossier.acts import FilingForm, ReasonForm
from portal.blueprints.dossier.pages import SendForm
from portal.blueprints.trainer import CreateForm
from portal.training import answers, people
from portal.training import service as trainings
from portal.training.forms import FORMS as FORMS_OF_TOPICS
from tests.conftest import NOW
from tests.pages import BASE_URL
from tests.security import typed
from tests.security.payloads import ALL
from tests.security.world import Bare, World

TURNS = int(os.environ.get("PORTAL_FUZZ", "25"))
READINGS = 300
Fields = dict[str, list[str]]

ODD = (
    *ALL,
    "",
    " ",
    "\u00a0",
    "\x00",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    "²",
    "١٢",
    "１２",
    "-1",
    "0",
    "1e309",
    "NaN",
    "0,005",
    "9" * 400,
    "9" * 5_000,
    "-" + "9" * 400,
    "0x1F",
    "1_000",
    "0000-00-00",
    "2027-02-29",
    "9999-12-31",
    "2100-12-31",
    "31/02/2027",
    "1/1/2027",
    "24:00",
    "23:59",
    "00:00",
    "9 h",
    "9h75",
    "A" * 5_001,
    "é" * 3_000,
    "a@b",
    "a@b.example",
    '"a b"@b.example',
    "a@[127.0.0.1]",
    "a" * 65 + "@b.example",
    "é@é.example",
    "@",
    "+33 (0)6 99 00 12 34",
    "00" * 30,
    "oui",
    "on",
    "true",
    "constructor",
    "__proto__",
    "None",
    "undefined",
    "opco",
    "none",
    "\n".join(["Ana Roy, ana@b.example"] * 30),
)
NAMES = ("csrf", "action", "edit_id", "version-company", "version-schedule", "reason", "pasted",
         "people-0-first_name", "people-199-last_name", "people-9999-job", "people--job", "people-",
         "days-0-date", "days-39-date", "days-40-date", "days-9999-morning_ends", "days", "people",
         "days-0", "days-0-", "company_query", "key", "suite", "retour", "past_client")  # fmt: skip
ACTIONS = ("", "plus-tard", "ajouter-jour", "retirer-jour-0", "retirer-jour-1", "ajouter-personne",
           "retirer-personne-0", "lire-liste", "reprendre-client", "lien", "chercher-entreprise",
           "chercher-nom", "choisir-entreprise-90055312400018", "choisir-entreprise-²",
           "reprendre-annuaire")  # fmt: skip

PAGE, SENT = "/formateur/sessions/{draft.ref}/", "/formateur/sessions/{sent.ref}/"
SPACE = "/espace/{draft.public_id}/"
COMPANY_AND_FUNDING = typed.company("quetzal") | typed.funding()
FORMS: list[tuple[str, str, dict[str, str]]] = [
    ("nobody", "/connexion", {"email": "a@b.example", "password": "x"}),
    ("nobody", "/l/{draft.tokens[live]}", {}),
    ("nobody", "/l/{draft.tokens[expired]}/nouveau-lien", {}),
    ("nobody", "/l/{draft.tokens[revoked]}/prevenir", {}),
    ("owner", "/formateur/sessions/nouvelle", {"way": "link", "client_email": "", "key": "k"}),
    ("owner", PAGE + "etapes/client", COMPANY_AND_FUNDING),
    ("owner", PAGE + "etapes/programme", typed.programme(2)),
    ("owner", PAGE + "etapes/dates", typed.schedule("quetzal")),
    ("owner", PAGE + "etapes/stagiaires", typed.trainees("quetzal")),
    ("owner", PAGE + "etapes/dates/brouillon", typed.schedule("quetzal")),
    ("owner", SENT + "etapes/programme", typed.programme(2) | {"reason": "Autre programme"}),
    ("owner", SENT + "etapes/dates", typed.schedule("quetzal") | {"reason": "Autres dates"}),
    ("owner", PAGE + "verifier", {"key": "k", "action": "lien"}),
    ("owner", SENT + "depot", {"filed_on": "2026-11-20", "number": "12"}),
    ("owner", SENT + "rouvrir", {"reason": "Les dates changent"}),
    ("owner", SENT + "annuler", {"reason": "Plus de participants"}),
    ("owner", PAGE + "lien/envoyer", {"email": "a@b.example", "key": "k"}),
    ("owner", PAGE + "lien/renouveler", {"rotation": "0"}),
    ("owner", PAGE + "dupliquer", {"key": "k"}),
    ("client", SPACE + "etapes/entreprise", typed.company("quetzal")),
    ("client", SPACE + "etapes/stagiaires", typed.trainees("quetzal")),
    ("client", SPACE + "etapes/financement", typed.funding()),
    ("client", SPACE + "etapes/entreprise/brouillon", typed.company("quetzal")),
    ("client", "/espace/{sent.public_id}/depot", {"filed_on": "2026-11-20", "number": "12"}),
]


def broken(chance: random.Random, right: dict[str, str]) -> Fields:
    """The right form with one to five things done to it."""
    fields: Fields = {name: [value] for name, value in right.items()}
    for _ in range(chance.randint(1, 5)):
        names = list(fields) or ["x"]
        name, deed = chance.choice(names), chance.randrange(9)
        if deed <= 3:
            fields[name] = [chance.choice(ODD)]
        elif deed == 4:
            fields.pop(name, None)
        elif deed == 5:
            fields.setdefault(name, []).append(chance.choice(ODD))
        elif deed == 6:
            fields[chance.choice(NAMES)] = [chance.choice(ODD)]
        elif deed == 7:
            other = chance.choice(names)
            fields[name], fields[other] = fields.get(other, [""]), fields.get(name, [""])
        else:
            fields["action"] = [chance.choice(ACTIONS)]
    return fields


def headers(chance: random.Random) -> dict[str, str]:
    """As a browser, as htmx, or as neither."""
    return chance.choice(
        (
            {},
            {"HX-Request": "true"},
            {"HX-Request": "true", "HX-Boosted": "true"},
            {"HX-Request": "true", "HX-Current-URL": "http://[", "HX-Target": "questions"},
            {"Accept": "image/png", "Accept-Language": "zz;q=9", "Range": "bytes=0-1"},
            {"User-Agent": "\x7f" * 300, "Referer": "https://[::1"},
        )
    )


def versions(chance: random.Random) -> dict[str, Any]:
    """The versions and the page a save claims to come from: right, or anything."""
    found: dict[str, Any] = {}
    for topic in typed.topics("quetzal"):
        found[f"version-{topic}"] = chance.choice(("1", "1", "1", "2", chance.choice(ODD)))
    found["edit_id"] = chance.choice(("first-company", "first-schedule", chance.choice(ODD)))
    return found


@pytest.mark.parametrize("topic", FORMS_OF_TOPICS)
def test_any_answers_of_a_topic_are_read(world: World, topic: str) -> None:
    """As a save reads them, and shows them again beside other ones."""
    chance = random.Random(topic)
    right = typed.topics("quetzal")[topic]
    with world.app.test_request_context(base_url=BASE_URL):
        for _ in range(READINGS):
            sent = broken(chance, right)
            pairs = [(name, value) for name, values in sent.items() for value in values]
            raw = answers.keep(FORMS_OF_TOPICS[topic], pairs)
            form = trainings.form_of(topic, raw)
            form.validate()
            web.error_summary(form)
            answers.differences(form, raw, {name: [value] for name, value in right.items()})
            for listed in ("days", "people"):
                answers.with_rows(raw, listed, answers.rows(raw, listed))
            answers.next_day(answers.rows(raw, "days"), NOW.date())
            people.read(chance.choice(ODD) + "\n" + chance.choice(ODD))


@pytest.mark.parametrize("form", [LoginForm, CreateForm, SendForm, ReasonForm, FilingForm])
def test_any_answers_of_a_form_are_read(world: World, form: type[web.PortalForm]) -> None:
    chance = random.Random(form.__name__)
    with world.app.test_request_context(base_url=BASE_URL):
        names = dict.fromkeys(form(formdata=None)._fields, "x")
        for _ in range(READINGS):
            filled = form(formdata=MultiDict(broken(chance, names)))
            filled.validate()
            web.error_summary(filled)


@pytest.mark.parametrize(("role", "path", "right"), FORMS, ids=[path for _, path, _ in FORMS])
def test_whatever_is_sent_there_is_an_answer(
    world: World, role: str, path: str, right: dict[str, str]
) -> None:
    chance = random.Random(path)
    address = path.format(draft=world.mine.draft, sent=world.mine.sent)
    visitor: Bare = world.visitor(role)
    keeps = dict(visitor._cookies)
    seen = set()
    for _ in range(TURNS):
        sent = broken(chance, right) | versions(chance)
        query = {"retour": chance.choice(("verifier", "x")), "suite": chance.choice(ODD)[:200]}
        answer = visitor.send(
            address,
            sent,
            query_string=query if chance.random() < 0.2 else None,
            headers=headers(chance),
        )
        assert answer.status_code < 500, sent
        seen.add(answer.status_code)
        visitor._cookies = dict(keeps)
        if answer.status_code in (204, 303) and "brouillon" not in path:
            world.restore()
    assert seen & {200, 204, 303, 409, 422}, seen


@pytest.mark.parametrize(
    ("role", "path"),
    [("nobody", "/trouver-mon-opco"), ("owner", "/trouver-mon-opco"), ("owner", "/formateur/")],
)
def test_whatever_is_asked_there_is_an_answer(world: World, role: str, path: str) -> None:
    visitor = world.visitor(role)
    for text in ODD:
        answer = visitor.get(path, query_string={"q": text, "etat": text, "apres": text})
        assert answer.status_code in (200, 429), text
