"""Words of the catalogue: advice on objectives, what differs between versions, what is kept."""

from datetime import date

import pytest
from flask import Flask

from portal.extensions import db
from portal.journal.models import JournalEntry
from portal.programmes import rules
from tests.pages import Visitor, soup_of, text_of
from tests.screens import assert_refused, at_field
from tests.story import a_training
from tests.web.test_catalogue import HOME, LPM, current, missing, section, titles
from tests.web.test_public_catalogue import PAGE, press

pytestmark = pytest.mark.usefixtures("frozen")
NEW = {"title": "Poser un carrelage", "minutes": "7 h 30", "price_cents": "950"}


def test_the_journal_keeps_every_act_on_the_catalogue(app: Flask, office: Visitor) -> None:
    office.submit(f"{HOME}nouveau", NEW)
    office.submit(LPM, form="form[action$=copier]")
    office.submit(section("moyens"), {"methods": "Ateliers"})
    for act in ("publier", "retirer", "archiver", "remettre"):
        press(office, act)
    with app.app_context():
        entries = db.session.scalars(db.select(JournalEntry).order_by(JournalEntry.seq)).all()
        told = [(entry.event, entry.body) for entry in entries]
    lpm = {"programme": "LPM-14", "version": 3}
    assert told == [
        ("create_programme", {"programme": "PC-8", "version": 1}),
        ("copy_programme", {"programme": "LPMC-14", "version": 1, "source": "LPM-14"}),
        ("edit_programme", lpm | {"section": "moyens"}),
        ("publish_programme", lpm),
        ("withdraw_programme", lpm),
        ("archive_programme", lpm),
        ("restore_programme", lpm),
    ]


def test_each_state_of_a_version_is_read_at_the_top(app: Flask, office: Visitor) -> None:
    def pill(page: str = LPM) -> str:
        found = soup_of(office.get(page).text).select_one("main .pill")
        assert found is not None
        return found.get_text(strip=True)

    office.submit(f"{HOME}nouveau", NEW)
    assert pill(f"{HOME}PC-8") == "À compléter"
    assert pill() == "Au catalogue"
    press(office, "publier")
    assert pill() == "Page publique"
    office.submit(section("presentation"), {"price_cents": "2 600"})
    assert pill(f"{LPM}?version=3") == "Version remplacée"
    press(office, "archiver")
    assert pill() == "Archivé"


def test_a_version_is_listed_once_and_compared_with_the_one_before(
    app: Flask, office: Visitor
) -> None:
    a_training(app, "sent")
    office.submit(section("presentation"), {"price_cents": "2 500"})
    press(office, "publier")  # the sheet that was printed relies on version 4
    office.submit(section("presentation"), {"price_cents": "2 600"})
    assert current(app).version == 5
    assert titles(office.get(HOME)).count("Lecture de plans et métrés") == 1
    said = text_of(office.get(LPM))
    assert "Ce qui a changé depuis la version 4" in said
    assert "Ce qui a changé depuis la version 3" in text_of(office.get(f"{LPM}?version=4"))
    assert "Ce qui a changé" not in text_of(office.get(f"{LPM}?version=3"))


def test_a_speciality_is_advised_and_keeps_nothing_back(app: Flask, office: Visitor) -> None:
    office.submit(section("presentation"), {"nsf_code": ""})
    wanted = missing(office.get(LPM))
    assert any(line.startswith("Choisissez une spécialité") for line in wanted)
    assert "Page publique ouverte." in press(office, "publier")
    assert current(app).nsf_code is None


def test_what_is_wanted_stands_in_the_order_of_the_page_and_advice_comes_last() -> None:
    module = {"title": "Les plans", "minutes": 60, "points": []}
    typed = {"minutes": 420, "objectives": ["Comprendre un plan"], "content": [module]}
    wanted = [gap.field for gap in rules.gaps(dict.fromkeys(rules.FIELDS, "") | typed)]
    assert wanted[-2:] == ["nsf_code", "objectives"]
    assert wanted.index("content") < wanted.index("methods")
    assert wanted[:-2] == sorted(wanted[:-2], key=rules.FIELDS.index)


@pytest.mark.parametrize(
    ("objective", "remark"),
    [
        ("Lire un plan", None),
        ("Être capable de lire un plan", None),
        ("Être capable d’établir un métré", None),
        ("Se repérer sur un plan", None),
        ("S’exprimer en public", None),
        ("Comprendre un plan", "préférez"),
        ("Être capable de comprendre un plan", "préférez"),
        ("Les plans à lire", "commencez"),
        ("Carrelages divers", "commencez"),
        ("3 plans", "commencez"),
    ],
)
def test_an_objective_begins_with_what_can_be_assessed(objective: str, remark: str | None) -> None:
    said = rules.verb_remark(objective)
    assert (remark in said) if said and remark else (said is None and remark is None)


@pytest.mark.parametrize("typed", ["14 jours", "7 h 30 min", "14 h 5", "3,555", "12345", "-3", "²"])
def test_a_length_of_time_is_typed_in_hours(app: Flask, office: Visitor, typed: str) -> None:
    answer = office.submit(section("presentation"), {"minutes": typed})
    assert_refused(answer, "minutes", "Écrivez la durée en heures, comme 14 ou 3 h 30")
    assert current(app).minutes == 840


def test_modules_without_a_length_are_shown_and_not_added_up(
    app: Flask, office: Visitor, trainer: Visitor, anonymous: Visitor
) -> None:
    done = office.submit(section("contenu"), {"content-0-minutes": "", "content-0-points": ""})
    assert done.status_code == 303
    for visitor, page in ((office, LPM), (trainer, "/formateur/programmes/LPM-14")):
        assert "Le dossier de plans" in text_of(visitor.get(page))
    assert not [line for line in missing(office.get(LPM)) if "accordez-les" in line]
    press(office, "publier")
    assert "Le dossier de plans" in text_of(anonymous.get(PAGE))
    page = office.submit(section("contenu"), {"content-0-minutes": "longtemps"})
    assert page.status_code == 422
    assert at_field(page, "content-0-minutes")


@pytest.mark.parametrize(
    ("title", "code", "certifier", "registered_on", "text"),
    [
        (None, "RS12", "Certif’Ouest", date(2025, 3, 1), None),
        ("Titre", None, None, None, "Titre"),
        ("Titre", "RS12", None, None, "Titre (RS12)"),
        ("Titre", None, "Certif’Ouest", None, "Titre, délivrée par Certif’Ouest"),
        ("Titre", None, None, date(2025, 3, 1), "Titre, enregistrée le 1er mars 2025"),
    ],
)
def test_a_certification_says_what_is_known_of_it(
    title: str | None,
    code: str | None,
    certifier: str | None,
    registered_on: date | None,
    text: str | None,
) -> None:
    said = rules.certification_text(title, code, certifier, registered_on)
    assert (said.replace("\u00a0", " ") if said else said) == text


def test_blanks_and_nothing_make_no_difference() -> None:
    names = ("title", "objectives", "content", "certifier")
    before = {
        "title": "Lire un plan :",
        "objectives": ["Lire  un plan"],
        "content": [{"title": "Le plan", "minutes": None, "points": []}],
        "certifier": None,
    }
    after = {
        "title": " Lire un  plan\u00a0: ",
        "objectives": ["Lire\u00a0un plan "],
        "content": [{"title": "Le plan ", "points": []}],
        "certifier": "",
    }
    assert rules.changes(before, after, names) == []
    assert rules.digest(before, names) == rules.digest(after, names)
    for name, other in (("title", "Lire"), ("objectives", []), ("content", []), ("certifier", "X")):
        assert [x.label for x in rules.changes(before, before | {name: other}, names)] == [
            rules.LABEL[name]
        ]
        assert rules.digest(before | {name: other}, names) != rules.digest(before, names)
