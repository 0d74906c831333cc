"""The catalogue says no: unknown programmes and sections, codes taken, pages that cannot open."""

from datetime import date
from typing import Any

import pytest
from flask import Flask

from portal.declared import DescriptionError
from portal.extensions import db, writing
from portal.programmes import rules
from portal.programmes.describing import create_programme
from portal.training.models import Programme
from tests import story
from tests.conftest import OFFICE, sign_in
from tests.documents import papers
from tests.pages import Visitor, soup_of, text_of
from tests.screens import assert_refused, follow
from tests.web.test_catalogue import HOME, LPM, current, missing, section, titles, written
from tests.web.test_public_catalogue import PAGE, PDF, press, sheets

pytestmark = pytest.mark.usefixtures("frozen")

NEW = {"title": "Poser un carrelage", "minutes": "7 h 30", "price_cents": "950"}


def token(page: Any) -> str:
    field = soup_of(page.text).select_one("main [name=csrf_token]")
    assert field is not None
    return str(field["value"])


# --- What is not there


@pytest.mark.parametrize("act", ["copier", "archiver", "remettre", "publier", "retirer"])
def test_nothing_is_done_to_a_programme_that_is_not_there(
    app: Flask, office: Visitor, act: str
) -> None:
    data = {"csrf_token": token(office.get(LPM))}
    assert office.post(f"{HOME}PAS-LA/{act}", data=data).status_code == 404
    assert written(app) == []


@pytest.mark.parametrize("address", ["PAS-LA/rubriques/moyens", "LPM-14/rubriques/prix"])
def test_a_section_that_is_not_there_is_not_found(office: Visitor, address: str) -> None:
    assert office.get(f"{HOME}{address}").status_code == 404
    data = {"csrf_token": token(office.get(LPM)), "seen": ""}
    assert office.post(f"{HOME}{address}", data=data).status_code == 404


@pytest.mark.parametrize(
    ("name", "action"), [("moyens", "ajouter-module"), ("contenu", "vider"), ("contenu", "x-1")]
)
def test_a_button_that_is_not_on_the_page_does_nothing(
    app: Flask, office: Visitor, name: str, action: str
) -> None:
    data = {"csrf_token": token(office.get(section(name))), "seen": "", "action": action}
    assert office.post(section(name), data=data).status_code == 400
    assert written(app) == []


def test_a_version_that_never_was_is_not_found(office: Visitor, trainer: Visitor) -> None:
    assert office.get(f"{LPM}?version=9").status_code == 404
    assert trainer.get("/formateur/programmes/LPM-14?version=9").status_code == 404


# --- Codes and addresses


def test_a_code_is_one_programme_s(app: Flask, office: Visitor) -> None:
    answer = office.submit(f"{HOME}nouveau", NEW | {"code": "lpm-14"})
    assert_refused(answer, "code", "Cette référence est déjà prise : choisissez-en une autre")
    assert office.submit(answer, {"code": "carre-8"}).headers["Location"] == f"{HOME}CARRE-8"


@pytest.mark.parametrize("code", ["LPM 14", "É-14", "-", "A/B", "LPM-14 bis", "x" * 60])
def test_a_code_is_written_in_capitals_and_figures(app: Flask, office: Visitor, code: str) -> None:
    answer = office.submit(f"{HOME}nouveau", NEW | {"code": code})
    sentence = "Écrivez la référence en capitales et en chiffres, comme LPM-14"
    assert_refused(answer, "code", sentence)
    assert written(app) == []


def test_two_programmes_of_one_name_have_each_their_code_and_address(
    app: Flask, office: Visitor
) -> None:
    opened = office.submit(f"{HOME}nouveau", NEW).headers["Location"]
    office.submit(section("contenu", opened), {"content-0-title": "Préparer"})
    again = office.submit(f"{HOME}nouveau", NEW).headers["Location"]  # another one, on purpose
    assert (opened, again) == (f"{HOME}PC-8", f"{HOME}PC-8-2")
    slugs = {current(app, code).slug for code in ("PC-8", "PC-8-2")}
    assert slugs == {"poser-un-carrelage", "poser-un-carrelage-2"}
    assert titles(office.get(HOME)).count("Poser un carrelage") == 2


# --- The public page


def test_an_archived_programme_is_not_made_public(
    app: Flask, office: Visitor, anonymous: Visitor
) -> None:
    page = office.get(LPM)
    office.submit(page, form="form[action$=archiver]")
    forced = office.post(f"{LPM}/publier", data={"csrf_token": token(page)})
    said = text_of(follow(office, forced))
    assert "Ce programme est archivé : remettez-le d’abord au catalogue." in said
    assert anonymous.get(PAGE).status_code == 404
    assert written(app) == ["archive_programme"]


def test_archiving_twice_keeps_the_first_day(app: Flask, office: Visitor, frozen: Any) -> None:
    page = office.get(LPM)
    office.submit(page, form="form[action$=archiver]")
    first = current(app).archived_at
    frozen.shift(3_600)
    office = sign_in(app, OFFICE)
    office.post(f"{LPM}/archiver", data={"csrf_token": token(office.get(LPM))})
    assert current(app).archived_at == first


def test_publishing_twice_opens_one_page_with_one_sheet(
    app: Flask, office: Visitor, anonymous: Visitor, frozen: Any
) -> None:
    page = office.get(LPM)
    press(office, "publier")
    first = current(app).public_at
    frozen.shift(60)
    office.post(f"{LPM}/publier", data={"csrf_token": token(page)})
    assert current(app).public_at == first
    assert len(sheets(app)) == 1
    story.work(app)
    assert anonymous.get(PDF).status_code == 200


def test_one_public_page_is_not_another_s(app: Flask, office: Visitor, anonymous: Visitor) -> None:
    press(office, "publier")
    speech = f"{HOME}PPP-14"
    office.submit(speech, form="form[action$=publier]")
    story.work(app)
    page = anonymous.get(PAGE)
    assert "Lecture de plans et métrés" in text_of(page)
    assert "Prise de parole" not in text_of(page)
    other = text_of(anonymous.get("/programmes/prise-de-parole-en-public"))
    assert "Prise de parole en public" in other
    assert "métrés" not in other
    assert anonymous.get("/programmes/pas-la").status_code == 404
    assert "Lecture de plans et métrés" in papers.read(anonymous.get(PDF).data).text
    with app.app_context(), writing():
        db.session.execute(db.text("UPDATE organisation SET phone = '0199009999'"))
    press(office, "publier")  # made again, it leaves the sheet of the other one in force
    assert [sheet.superseded_at is None for sheet in sheets(app)] == [False, True, True]
    office.submit(speech, form="form[action$=retirer]")
    listed = text_of(anonymous.get("/programmes/"))
    assert "Lecture de plans et métrés" in listed
    assert "Prise de parole" not in listed


def test_the_former_version_of_a_public_page_is_no_page(
    app: Flask, office: Visitor, anonymous: Visitor
) -> None:
    press(office, "publier")
    office.submit(section("presentation"), {"price_cents": "2 600"})
    with app.app_context():
        rows = db.session.scalars(db.select(Programme).filter_by(code="LPM-14"))
        assert [row.version for row in rows if row.public_at is not None] == [4]
    listed = soup_of(anonymous.get("/programmes/").text).select(f"main a[href='{PAGE}']")
    assert len(listed) == 1


def test_a_private_programme_loses_what_it_likes(app: Flask, office: Visitor) -> None:
    assert office.submit(section("acces"), {"accessibility": ""}).status_code == 303
    wanted = missing(office.get(LPM))
    assert any("personnes handicapées" in line for line in wanted)
    assert sheets(app) == []


# --- Described in a file


DESCRIBED = {
    "code": "CAR-8", "title": "Poser un carrelage", "version": 1, "hours": 7.5, "price": "950,00",
    "dated": date(2026, 11, 2),
    "price_basis": "flat", "audience": "Carreleurs", "prerequisites": "Aucun",
    "objectives": ["Poser un carreau"], "access_delay": "Trois semaines", "methods": "Atelier",
    "means": "Outillage", "follow_up": "Émargement", "assessment": "Mise en situation",
    "sanction": "Attestation", "accessibility": "Salle accessible",
    "content": [{"title": "Poser", "minutes": 450, "points": ["Sol"]}],
}  # fmt: skip


def test_a_programme_described_in_a_file_enters_the_catalogue(app: Flask) -> None:
    with app.app_context(), writing():
        create_programme(DESCRIBED)
    assert current(app, "CAR-8").minutes == 450


def test_modules_are_summed_when_each_says_how_long_it_lasts(app: Flask) -> None:
    shared = [{"title": "Poser", "minutes": 300, "points": []}, {"title": "Jointoyer"}]
    with app.app_context(), writing():
        create_programme(DESCRIBED | {"content": shared})
    assert [module.get("minutes") for module in current(app, "CAR-8").content] == [300, None]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"code": "car 8"}, "code s’écrit en capitales et en chiffres, comme LPM-14"),
        ({"code": "CAR-8 bis"}, "code s’écrit en capitales et en chiffres, comme LPM-14"),
        ({"nsf_code": "999"}, "nsf_code est un code de trois chiffres de la nomenclature NSF"),
        ({"hours": 0, "content": [{"title": "Poser"}]}, "la durée doit être supérieure à zéro"),
        ({"hours": 0.001}, "hours attend un nombre d’heures, comme 14 ou 17.5"),
        ({"objectives": ["Poser", 3]}, "objectives est une liste de textes"),
        ({"objectives": ["Poser", " "]}, "objectives est une liste de textes"),
        ({"price": "beaucoup"}, "price"),
        ({"content": ["Poser"]}, "le module 1 n’a pas de title"),
        ({"dated": True}, "dated attend une date comme 2026-09-14"),
    ],
)
def test_what_a_file_gets_wrong_is_said_and_nothing_enters(
    app: Flask, changes: dict[str, Any], sentence: str
) -> None:
    with app.app_context():
        with pytest.raises(DescriptionError, match=sentence), writing():
            create_programme(DESCRIBED | changes)
        assert db.session.scalar(db.select(Programme).filter_by(title=DESCRIBED["title"])) is None


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Lecture de plans et métrés", "lecture-de-plans-et-metres"),
        ("Mot " * 25, "-".join(["mot"] * 20)),
        ("Entretien annuel " * 6, "-".join(["entretien", "annuel"] * 4 + ["entretien"])),
        ("x" * 100, "x" * 80),
        ("日本", "programme"),
    ],
)
def test_an_address_is_made_of_whole_words(title: str, slug: str) -> None:
    assert rules.slug_of(title) == slug
    assert len(slug) <= 80


@pytest.mark.parametrize(
    ("title", "minutes", "code"),
    [
        ("Lecture de plans et métrés", 840, "LPM-14"),
        ("Poser un carrelage", 450, "PC-8"),
        ("Un deux trois quatre cinq six sept huit", 60, "DTQCSS-1"),  # six letters at most
        ("De la", 20, "PR-1"),
    ],
)
def test_a_code_is_made_of_initials_and_hours(title: str, minutes: int, code: str) -> None:
    assert rules.code_of(title, minutes) == code
