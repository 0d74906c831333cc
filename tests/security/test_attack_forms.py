"""Forms that carry more than the page had: hidden fields, other choices, other kinds of bodies."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from portal import clock
from portal.extensions import db, writing
from portal.training.models import Programme, TrainingSession
from tests.security import typed
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
    """What an act leaves, but how many acts there were."""
    dump = world.dump(*COUNTERS, columns=("version", "updated_at"))
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
    path, before = address(world, SPACE) + f"etapes/{slug}{rest}", facts(world)
    answer = world.visitor("client").send(path, every | opened("trainees"))
    if slug == "stagiaires":  # its own: only the trainees may have changed
        changed = {name for name, rows in facts(world).items() if rows != before[name]}
        assert changed <= {"trainee", "topic_answers", "training_session"}
        with world.app.app_context():
            training = db.session.get_one(TrainingSession, world.mine.draft.id)
            assert (training.programme_id, training.price_cents) == (1, 240_000)
    else:
        assert answer.status_code == 404
        assert facts(world) == before


def archive(world: World) -> str:
    with world.app.app_context(), writing():
        db.session.get_one(Programme, 3).archived_at = clock.now()
    return "3"


NUMBERS = ("0", "-1", "99", "1e0", "01", " 1 ;", "1 OR 1=1", "1.0", "١", "None", "True", "9" * 30)
OPCOS = ("constructys", "OPCO", "NONE", "opco", "ATLAS,AKTO", "../ATLAS", "🎉")
PRICES = ("-1", "0", "1e9", "NaN", "Infinity", "10000000", "0x10", "٣")
SHARES = ("-1", "101", "1e1", "9" * 20)
COUNTS = ("0", "-2", "201", "2e1", "²")
NOT_OFFERED: list[tuple[str, str, Answers]] = [
    *[("programme", "programme", {"programme_id": number}) for number in NUMBERS],
    ("programme", "programme", {"price_basis": "gratuit", "unit_price": "12"}),
    *[("programme", "programme", {"price_basis": "flat", "unit_price": p}) for p in PRICES],
    *[("programme", "programme", {"remote_percent": share}) for share in SHARES],
    *[("client", "funding", {"funder": opco}) for opco in OPCOS],
    ("client", "funding", {"subrogation": "peut-être"}),
    ("client", "company", {"recovers_vat": "1"}),
    ("dates", "schedule", {"place_mode": "lune"}),
    ("stagiaires", "trainees", {"needs_adaptation": "true"}),
    *[("stagiaires", "trainees", {"headcount": count}) for count in COUNTS],
]


def posted(world: World, slug: str, topic: str, answers: Answers) -> TestResponse:
    """A right page, but for these answers, sent by its trainer."""
    base = typed.topics("quetzal")
    page = base["company"] | base["funding"] if slug == "client" else base[topic]
    versions = {f"version-{name}": "1" for name in base}
    sent = page | answers | versions | {"edit_id": f"first-{topic}"}
    return world.visitor("owner").send(address(world, PAGE) + f"etapes/{slug}", sent)


@pytest.mark.parametrize(("slug", "topic", "answers"), NOT_OFFERED, ids=ascii)
def test_a_choice_that_is_not_offered_is_not_taken(
    world: World, slug: str, topic: str, answers: Answers
) -> None:
    before = facts(world)
    assert posted(world, slug, topic, answers).status_code == 422
    after = facts(world)
    for name in FACTS:
        if name != "topic_answers":  # what was typed stays, marked as not valid
            assert before[name] == after[name], name


def test_a_programme_that_left_the_catalogue_cannot_be_chosen(world: World) -> None:
    assert posted(world, "programme", "programme", {"programme_id": "3"}).status_code == 303
    world.restore()
    with world.app.app_context(), writing():
        db.session.get_one(Programme, 3).archived_at = clock.now()
    assert posted(world, "programme", "programme", {"programme_id": "3"}).status_code == 422
    with world.app.app_context():
        assert db.session.get_one(TrainingSession, world.mine.draft.id).programme_id == 1


@pytest.mark.parametrize("way", ["", "office", "LINK", "link ", "1", "self,link"])
def test_a_session_is_opened_in_one_of_two_ways(world: World, way: str) -> None:
    before = facts(world)
    answer = world.visitor("owner").send("/formateur/sessions/nouvelle", {"way": way, "key": "k"})
    assert answer.status_code == 422
    assert facts(world) == before
