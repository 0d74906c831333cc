"""« Journal »: the office reads what was done to its people, settings and programmes."""

import re
from pathlib import Path

import pytest
from bs4 import Tag
from flask import Flask

import portal
from portal import clock
from portal.access.rules import Actor, Role
from portal.extensions import db, writing
from portal.journal import service as journal
from portal.journal.models import JournalDetails
from portal.journal.organisation_reading import PER_PAGE, SENTENCES
from portal.journal.reading import EVENT_TEXT
from tests.conftest import OFFICE, OTHER_TRAINER, TRAINER, sign_in, user
from tests.pages import Visitor, soup_of, text_of
from tests.story import a_training

pytestmark = pytest.mark.usefixtures("frozen")
PAGE = "/organisme/journal/"
CODE = Path(portal.__file__).parent
# Where acts on the organisation are recorded, whatever the name of the function that does it.
ACTS = ("administration", "membership", "catalogue", "feeds", "correspondence", "workflow")


def person(app: Flask, email: str) -> str:
    with app.app_context():
        return f"/organisme/personnes/{user(email).id}"


def lines(office: Visitor, url: str = PAGE) -> list[str]:
    """The sentences of a page, from the top."""
    return [text_of(item) for item in soup_of(office.get(url).text).select(".journal li span b")]


def test_who_did_what_and_when_is_read_from_the_latest(app: Flask, office: Visitor) -> None:
    assert "Aucun acte enregistré." in text_of(office.get(PAGE))
    office.submit("/organisme/reglages/banque", {"payment_days": "45"}, form="#reglages")
    office.submit(person(app, OTHER_TRAINER), form="form[action$='/desactiver']")
    shown = text_of(office.get(PAGE))
    assert lines(office) == [
        "Compte de Malik Aubertin désactivé",
        "Réglages « Banque et délais » modifiés : Délai de paiement, en jours",
    ]
    assert "Compte de Malik Aubertin désactivé Nadia Belkacem (organisme)" in shown
    assert "23 novembre 2026 à 10 h 00" in shown, "the instant is one of Paris"


def test_a_section_and_a_box_are_named_as_their_pages_name_them(office: Visitor) -> None:
    for value in ("y", None):
        office.submit("/organisme/reglages/envoi", {"reads_over": value}, form="#reglages")
    section = "/organisme/programmes/LPM-14/rubriques/moyens"
    office.submit(section, {"methods": "Ateliers"})
    box = "Réglages « Envoi des documents » modifiés : Relire les documents avant leur envoi"
    assert lines(office) == [
        "Programme LPM-14, version 3 : rubrique « Méthodes et moyens » modifiée",
        f"{box}, non",
        f"{box}, oui",
    ]


def test_every_act_without_a_session_has_its_sentence() -> None:
    """An act added later without its words would show its code to people."""
    written = "\n".join((CODE / f"{name}.py").read_text("utf-8") for name in ACTS)
    recorded = set(re.findall(r'(?:journal\.record|_record|_note)\(\s*"(\w+)"', written))
    recorded |= set(re.findall(r'"((?:en|dis)able_person|(?:send|remove)_cv)"', written))
    assert len(recorded) > 30
    assert recorded - set(SENTENCES) - set(EVENT_TEXT) == set()


@pytest.mark.parametrize("event", SENTENCES)
def test_a_sentence_stands_without_what_was_erased(app: Flask, office: Visitor, event: str) -> None:
    """Erasing somebody's data leaves acts that still read as sentences, without a name."""
    bodies = {
        "save_settings": {"group": "banque", "fields": ["iban"]},
        "change_logo": {"before": None, "after": None},
    }
    programme = {"programme": "LPM-14", "version": 1, "source": "EPE-14", "section": "moyens"}
    with app.app_context(), writing():
        usual = programme if event.endswith("_programme") else {"user": 999}
        body = bodies.get(event, usual)
        actor = Actor(Role.OFFICE, 1, "Nadia Belkacem", "203.0.113.7")
        journal.record(event, actor, clock.now(), body=body, details={"after": "secret-address"})
    with app.app_context(), writing():
        db.session.execute(db.delete(JournalDetails))
    (sentence,) = lines(office)
    assert sentence != event
    assert not sentence.endswith((":", ","))
    shown = text_of(office.get(PAGE))
    assert "Nadia Belkacem (organisme)" not in shown
    assert "203.0.113.7" not in shown


def test_pages_follow_one_another_by_number(app: Flask, office: Visitor) -> None:
    with app.app_context(), writing():
        for count in range(PER_PAGE + 2):
            actor = Actor(Role.OFFICE, user(OFFICE).id, "Nadia Belkacem", None)
            body = {"group": "banque", "fields": [f"champ-{count}"]}
            journal.record("save_settings", actor, clock.now(), body=body)
    first = office.get(PAGE)
    assert len(lines(office)) == PER_PAGE
    assert "Actes les plus récents" not in text_of(first)
    older = str(soup_of(first.text).select("nav[aria-label=Pages] a")[0]["href"])
    assert lines(office, older) == [
        "Réglages « Banque et délais » modifiés : champ-1",
        "Réglages « Banque et délais » modifiés : champ-0",
    ]
    assert "Actes plus anciens" not in text_of(office.get(older))
    assert lines(office, f"{PAGE}?avant=abc&personne=99999999999") == lines(office)


def test_one_person_s_acts_and_what_was_done_to_its_account(
    app: Flask, office: Visitor, other_trainer: Visitor
) -> None:
    a_training(app, "shared")  # acts on a session are in its own journal
    office.submit("/organisme/reglages/banque", {"payment_days": "45"}, form="#reglages")
    office.submit(person(app, OTHER_TRAINER), form="form[action$='/connexions/fermer']")
    malik = sign_in(app, OTHER_TRAINER)
    malik.submit("/compte/", {"phone": "01 99 00 55 66"}, form="form[action='/compte/']")
    expected = [
        "Profil de Malik Aubertin modifié : Téléphone",
        "Connexions de Malik Aubertin fermées",
    ]
    page = person(app, OTHER_TRAINER)
    assert lines(office, page) == expected
    option = soup_of(office.get(PAGE).text).find("option", string="Malik Aubertin")
    assert isinstance(option, Tag)
    assert lines(office, f"{PAGE}?personne={option['value']}") == expected
    assert len(lines(office)) == 3
    assert lines(office, person(app, TRAINER)) == []


def test_no_secret_is_read_there(app: Flask, office: Visitor) -> None:
    sent = "/organisme/personnes/inviter"
    names = {"role": "trainer", "first_name": "Zoé", "last_name": "Hamon"}
    office.submit(sent, names | {"email": "zoe@rivage-formation.example"})
    page = office.get(PAGE)
    assert lines(office) == ["Invitation envoyée à Zoé Hamon, accès formation"]
    assert not re.search(r"inv-[0-9]|/acces/|[0-9a-f]{64}", str(soup_of(page.text).main))
