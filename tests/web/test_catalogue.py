"""The catalogue of programmes: found, written section by section, versioned, offered to drafts."""

import re

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from portal.extensions import db
from portal.journal.models import JournalEntry
from portal.training.models import Programme, TrainingSession
from tests import story
from tests.pages import Visitor, apply_fragment, soup_of, text_of
from tests.screens import assert_refused, fill, focused, follow, text_in
from tests.story import a_training

pytestmark = pytest.mark.usefixtures("frozen")

HOME = "/organisme/programmes/"
LPM = f"{HOME}LPM-14"


def section(name: str, of: str = LPM) -> str:
    return f"{of}/rubriques/{name}"


def titles(page: TestResponse) -> list[str]:
    return [text_in(a) for a in soup_of(page.text).select("#programmes tbody a.t")]


def missing(page: TestResponse) -> list[str]:
    """What the check of the programme still wants, as its links say it."""
    return [text_in(a) for a in soup_of(page.text).select("#verification ul.list a")]


def current(app: Flask, code: str = "LPM-14") -> Programme:
    with app.app_context():
        row = db.session.scalars(db.select(Programme).filter_by(code=code, replaced_at=None)).one()
        db.session.expunge(row)
        return row


def written(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(db.select(JournalEntry.event)))


# --- The list


def test_words_are_found_without_accents_in_any_order(office: Visitor, trainer: Visitor) -> None:
    assert titles(office.get(HOME)) == [
        "Encadrer une petite équipe",
        "Lecture de plans et métrés",
        "Prise de parole en public",
    ]
    for query in ("METRES lecture", "lpm", "menuisiers", "génie civil"):  # its speciality too
        assert titles(office.get(HOME, query_string={"q": query})) == ["Lecture de plans et métrés"]
        found = trainer.get("/formateur/programmes/", query_string={"q": query})
        assert titles(found) == ["Lecture de plans et métrés"]
    nothing = office.get(HOME, query_string={"q": "100 % <b>"})
    assert "Aucun résultat pour « 100 % <b> »" in text_of(nothing)
    fragment = office.hx(f"{HOME}?q=parole", "programmes")
    assert "<html" not in fragment.text
    assert titles(fragment) == ["Prise de parole en public"]


def test_a_trainer_reads_and_changes_nothing(trainer: Visitor) -> None:
    page = trainer.get("/formateur/programmes/LPM-14")
    assert "Établir un métré quantitatif conforme au plan" in text_of(page)
    assert not soup_of(page.text).select("main form, main a[href*=rubriques]")
    assert trainer.get("/formateur/programmes/PAS-LA").status_code == 404


# --- From nothing to a programme that sessions can choose


def test_a_programme_is_created_completed_and_then_offered(
    app: Flask, office: Visitor, trainer: Visitor
) -> None:
    opened = {"title": "Poser un carrelage", "minutes": "7 h 30", "price_cents": "950"}
    answer = office.submit(f"{HOME}nouveau", opened)
    where = answer.headers["Location"]
    assert where == f"{HOME}PC-8"
    assert office.submit(f"{HOME}nouveau", opened).headers["Location"] == where  # pressed twice
    page = office.get(where)
    assert "Durée7 h 30" in text_of(page).replace(" ", " ")
    assert "Écrivez au moins un objectif" in missing(page)
    assert "Décrivez le contenu, module par module" in missing(page)
    assert "Poser un carrelage" not in titles(trainer.get("/formateur/programmes/"))
    draft = a_training(app)
    assert "Poser un carrelage" not in text_of(trainer.get(draft.step("programme")))

    first = soup_of(page.text).select_one("#verification ul.list a")
    assert first is not None
    assert "champ=objectives" in str(first["href"])  # each line leads to its field
    _complete(office, where)
    page = office.get(where)
    assert missing(page) == []
    assert "Tout ce que l’indicateur 1 de Qualiopi demande de publier y est." in text_of(page)
    assert "Poser un carrelage" in titles(trainer.get("/formateur/programmes/"))
    assert "Poser un carrelage" in text_of(trainer.get(draft.step("programme")))
    assert current(app, "PC-8").version == 1  # nobody chose it meanwhile
    assert written(app)[-7:] == ["edit_programme"] * 7


def _complete(office: Visitor, where: str) -> None:
    answers: dict[str, dict[str, str]] = {
        "presentation": {"nsf_code": "233"},
        "objectifs": {
            "objectives": "- Tracer un calepinage\n\n• Poser un carreau d’aplomb",
            "audience": "Carreleurs et carreleuses",
            "prerequisites": "Aucun prérequis",
        },
        "moyens": {"methods": "Atelier", "means": "Outillage", "follow_up": "Émargement"},
        "evaluation": {"assessment": "Mise en situation", "sanction": "Attestation"},
        "acces": {"access_delay": "Trois semaines", "accessibility": "Salle accessible"},
    }
    for name, values in answers.items():
        done = office.submit(section(name, where), values)
        assert done.headers["Location"] == where  # the top, which says that it is saved
    one = {"content-0-title": "Préparer", "content-0-minutes": "3,5", "content-0-points": "Sol"}
    more = office.submit(section("contenu", where), one, button="Ajouter un module")
    two = {"content-1-title": "Poser", "content-1-minutes": "4", "content-1-points": ""}
    assert office.submit(more, two).status_code == 303
    shown = text_of(office.get(where))
    assert "Tracer un calepinage" in shown
    assert "Préparer 3 h 30" in shown.replace("Préparer3", "Préparer 3")
    three = office.submit(section("contenu", where), button="Ajouter un module")
    assert len(soup_of(three.text).select("fieldset.slot")) == 3
    assert focused(three) == "content-2-title"
    fewer = office.submit(three, button="Retirer le module 3")
    assert len(soup_of(fewer.text).select("fieldset.slot")) == 2
    assert focused(fewer) == "content-1-title"
    assert office.submit(fewer, {"content-1-minutes": "5"}).status_code == 303
    assert "Les modules font 8 h 30, la formation 7 h 30 : accordez-les" in missing(
        office.get(where)
    )
    office.submit(section("contenu", where), {"content-1-minutes": "4"})


@pytest.mark.parametrize(
    ("name", "values", "field", "sentence"),
    [
        ("presentation", {"title": " "}, "title", "Indiquez l’intitulé"),
        ("presentation", {"minutes": "deux jours"}, "minutes", "comme 14 ou 3 h 30"),
        ("presentation", {"minutes": "0"}, "minutes", "comme 14 ou 3 h 30"),
        ("presentation", {"minutes": "3 h 75"}, "minutes", "comme 14 ou 3 h 30"),
        ("presentation", {"price_cents": ""}, "price_cents", "Indiquez le prix"),
        ("presentation", {"remote_percent": "120"}, "remote_percent", "entre 0 et 100"),
        ("objectifs", {"objectives": "a\n" * 41}, "objectives", "40 lignes au plus, il y en a 41"),
        ("objectifs", {"objectives": "a" * 401}, "objectives", "Cette ligne est trop longue"),
        ("objectifs", {"audience": "a" * 4001}, "audience", "4000 caractères au plus"),
        ("contenu", {"content-0-title": ""}, "content-0-title", "Module 1 : indiquez son titre"),
        ("evaluation", {"certification_code": "ABC"}, "certification_code", "RNCP34567 ou RS1234"),
    ],
)
def test_what_cannot_be_is_said_beside_the_field(
    app: Flask, office: Visitor, name: str, values: dict[str, str], field: str, sentence: str
) -> None:
    page = office.submit(section(name), values)
    assert page.status_code == 422
    link = soup_of(page.text).select_one(f"#erreurs a[href='#{field}']")
    assert link is not None
    assert sentence in text_in(link)
    assert current(app).version == 3


def test_objectives_that_nobody_can_assess_get_an_advice(app: Flask, office: Visitor) -> None:
    texts = "Comprendre les plans\nLes plans\nSe repérer sur un plan\nÊtre capable de lire un plan"
    office.submit(section("objectifs"), {"objectives": texts})
    advice = missing(office.get(LPM))
    assert any("« Comprendre les plans » : préférez ce que la personne" in line for line in advice)
    assert any("« Les plans » : commencez par un verbe d’action" in line for line in advice)
    assert len([line for line in advice if "plan" in line]) == 2
    with app.app_context():
        offered = db.session.scalars(db.select(Programme.title).filter_by(replaced_at=None)).all()
    assert "Lecture de plans et métrés" in offered  # an advice keeps nothing back


def test_a_certification_must_be_named_whole(office: Visitor) -> None:
    office.submit(section("evaluation"), {"certification": "Titre de carreleur"})
    wanted = missing(office.get(LPM))
    assert "Indiquez le code RNCP ou RS de la certification" in wanted
    assert "Nommez l’organisme certificateur" in wanted
    assert "Indiquez la date d’enregistrement de la certification" in wanted


def test_a_share_at_distance_wants_its_assistance(office: Visitor) -> None:
    office.submit(section("moyens"), {"remote_help": ""})
    office.submit(section("presentation"), {"remote_percent": "40"})
    assert "Décrivez l’assistance donnée à distance (article D6313-3-1)" in missing(office.get(LPM))


# --- Versions


def test_a_version_that_a_session_chose_never_changes(app: Flask, office: Visitor) -> None:
    """In place while nobody relies on it; once chosen, the next edit makes the next version."""
    office.submit(section("presentation"), {"price_cents": "2 500"})
    assert (current(app).version, current(app).price_cents) == (3, 250_000)
    sent = a_training(app, "sent")
    answer = office.submit(section("presentation"), {"price_cents": "2 600"})
    assert "dans la version 4" in text_of(office.get(answer.headers["Location"]))
    office.submit(section("moyens"), {"methods": "Ateliers"})  # nobody chose version 4 yet
    assert (current(app).version, current(app).price_cents) == (4, 260_000)
    with app.app_context():
        training = db.session.get_one(TrainingSession, sent.id)
        assert training.programme is not None
        assert (training.programme.version, training.programme.price_cents) == (3, 250_000)
        assert training.price_cents == 250_000
    page = office.get(LPM)
    assert "Version 3 du 23 novembre 2026, 1 session" in text_of(page)
    assert "Ce qui a changé depuis la version 3" in text_of(page)
    assert re.search("2 500,00 €.*2 600,00 €", text_of(page))
    old = office.get(f"{LPM}?version=3")
    assert "Cette version a été remplacée." in text_of(old)
    assert not soup_of(old.text).select("main form, main a[href*=rubriques]")


def test_saving_what_stands_makes_no_version(app: Flask, office: Visitor) -> None:
    a_training(app, "sent")
    assert office.submit(section("moyens")).status_code == 303
    assert office.submit(section("contenu")).status_code == 303
    assert office.submit(section("objectifs")).status_code == 303
    assert current(app).version == 3


def test_a_draft_is_offered_the_new_version_and_chooses(
    app: Flask, office: Visitor, trainer: Visitor
) -> None:
    draft = a_training(app)
    office.submit(section("presentation"), {"price_cents": "2 600"})
    page = trainer.get(draft.step("programme"))
    said = text_of(page)
    assert "Ce programme a une version 4, du 23 novembre 2026." in said
    assert "Prix hors taxes 2 400,00 € → 2 600,00 €" in said.replace("taxes2", "taxes 2")
    assert "version 3 (celle de cette session)" in said
    check = trainer.get(f"{draft.page}verifier")
    assert "Le programme a une version 4, du 23 novembre 2026." in text_of(check)
    assert trainer.submit(page).status_code == 303  # keeps the one it has
    assert _chosen(app, draft.id) == 3
    new = str(current(app).id)
    trainer.submit(draft.step("programme"), {"programme_id": new})
    assert _chosen(app, draft.id) == 4
    assert "Ce programme a une version" not in text_of(trainer.get(draft.step("programme")))


def test_nobody_else_can_choose_a_version_that_was_replaced(
    app: Flask, office: Visitor, trainer: Visitor
) -> None:
    a_training(app, "sent")
    old = str(current(app).id)
    office.submit(section("presentation"), {"price_cents": "2 600"})
    fresh = a_training(app, programme={"code": "PPP-14"})
    page = trainer.get(fresh.step("programme"))
    assert not soup_of(page.text).select(f"input[name=programme_id][value='{old}']")
    forged = trainer.submit(page, {"programme_id": old})
    assert forged.status_code == 422
    assert _chosen(app, fresh.id) != 3


def test_a_duplicate_takes_the_version_in_force(
    app: Flask, office: Visitor, trainer: Visitor
) -> None:
    sent = a_training(app, "sent")
    office.submit(section("presentation"), {"price_cents": "2 600"})
    page = trainer.get(sent.page)
    copied = trainer.submit(page, form="form[action$=dupliquer]").headers["Location"]
    assert _chosen(app, story.told_at(app, copied).id) == 4


def _chosen(app: Flask, identity: int) -> int:
    with app.app_context():
        programme = db.session.get_one(TrainingSession, identity).programme
        assert programme is not None
        return programme.version


# --- Two people at once


def test_a_stale_save_shows_both_values_and_loses_neither(app: Flask, office: Visitor) -> None:
    mine = office.get(section("moyens"))
    elsewhere = office.get(section("acces"))
    office.submit(section("moyens"), {"methods": "Cours magistral"})
    stale = office.submit(mine, {"methods": "Ateliers"})
    assert stale.status_code == 409
    table = text_in(soup_of(stale.text).select_one("#deux-versions table tbody"))
    assert "Méthodes" in table
    assert "Ateliers" in table
    assert "Cours magistral" in table
    assert current(app).methods == "Cours magistral"
    assert office.submit(stale).status_code == 303  # said twice: mine
    assert current(app).methods == "Ateliers"
    assert office.submit(elsewhere, {"results": "En 2025 : 12 stagiaires"}).status_code == 303
    again = office.submit(mine, {"methods": "Ateliers"})  # a late retry of what already stands
    assert again.status_code == 303


@pytest.mark.parametrize("is_chosen", [False, True])
def test_a_section_opens_and_is_saved_in_its_place(
    app: Flask, office: Visitor, is_chosen: bool
) -> None:
    if is_chosen:
        a_training(app, "sent")
    page = office.get(LPM)
    form = office.hx(section("moyens"), "rubrique-moyens")
    opened = apply_fragment(page.text, form.text, "rubrique-moyens")
    token = soup_of(opened).select_one("#rubrique-moyens [name=csrf_token]")
    seen = soup_of(opened).select_one("#rubrique-moyens [name=seen]")
    assert token is not None
    assert seen is not None
    data = {"csrf_token": token["value"], "seen": seen["value"], "methods": "Ateliers"}
    data |= {"means": "Salle", "follow_up": "Émargement", "remote_help": ""}
    saved = office.hx(section("moyens"), "rubrique-moyens", data=data)
    assert saved.headers["HX-Retarget"] == "#rubriques"
    after = apply_fragment(opened, saved.text, "rubriques")
    assert "Ateliers" in soup_of(after).get_text()
    assert ("Version 4" in soup_of(after).get_text()) is is_chosen
    sections = soup_of(after).select_one("#rubriques")
    assert sections is not None
    heading = sections.select_one("[autofocus]")  # where the button was
    assert heading is not None
    assert text_in(heading) == "Méthodes et moyens"
    said = text_in(sections.select_one(".saved"))
    assert said == ("Rubrique enregistrée" + (" dans la version 4." if is_chosen else "."))
    del heading["autofocus"], heading["tabindex"]
    sections.select_one(".saved").decompose()  # type: ignore[union-attr]
    assert str(sections) == str(soup_of(office.get(LPM).text).select_one("#rubriques"))


def test_a_section_opened_as_a_page_is_saved_as_a_page(app: Flask, office: Visitor) -> None:
    """The page of one section has no place to put the others: it posts, then leaves."""
    form = soup_of(office.get(section("moyens")).text).select_one("main form")
    assert form is not None
    assert form.get("hx-post") is None
    in_place = soup_of(office.hx(section("moyens"), "rubrique-moyens").text).select_one("form")
    assert in_place is not None
    assert in_place["hx-post"] == section("moyens")


# --- Copy, archive


def test_a_copy_is_a_programme_of_its_own(app: Flask, office: Visitor) -> None:
    copied = office.submit(LPM, form="form[action$=copier]")
    where = f"{HOME}LPMC-14"
    assert copied.headers["Location"] == f"{section('presentation', where)}?champ=title"
    page = follow(office, copied)
    assert "Programme copié. Donnez-lui son intitulé." in text_of(page)
    assert focused(page) == "title"
    office.submit(section("presentation", where), {"title": "Lecture de plans, niveau 2"})
    assert current(app).title == "Lecture de plans et métrés"
    assert current(app, "LPMC-14").objectives == current(app).objectives
    assert current(app, "LPMC-14").slug != current(app).slug


def test_two_presses_make_one_copy(app: Flask, office: Visitor) -> None:
    page = office.get(LPM)
    first, second = (office.submit(page, form="form[action$=copier]") for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    titles = [card.get_text() for card in soup_of(office.get(HOME).text).select("main a")]
    assert len([title for title in titles if "Lecture de plans et métrés (copie)" in title]) == 1


def test_a_long_catalogue_is_a_list_to_type_in(
    app: Flask, office: Visitor, trainer: Visitor
) -> None:
    for number in range(10):
        copied = office.submit(LPM, form="form[action$=copier]")
        office.submit(follow(office, copied), {"title": f"Lecture de plans, niveau {number}"})
    draft = a_training(app, programme=None)
    page = trainer.get(draft.step("programme"))
    (choice,) = soup_of(page.text).select("select[name=programme_id]")
    assert len(choice.select("option")) == 14
    assert "Encadrer une petite équipe · 14 heures · 1 200,00 € par jour" in text_in(choice)
    assert_refused(fill(trainer, page, {}), "programme_id", "Choisissez un programme du catalogue")
    told = fill(trainer, page, {"programme_id": str(current(app).id)})
    assert told.status_code == 303
    again = soup_of(trainer.get(draft.step("programme")).text)
    (chosen,) = again.select("select[name=programme_id] option[selected]")
    assert "Lecture de plans et métrés" in text_in(chosen)


def test_an_archived_programme_is_offered_to_nobody_new(
    app: Flask, office: Visitor, trainer: Visitor
) -> None:
    draft = a_training(app)
    office.submit(LPM, form="form[action$=archiver]")
    assert "Lecture de plans et métrés" not in titles(office.get(HOME))
    assert titles(office.get(f"{HOME}?etat=archives")) == ["Lecture de plans et métrés"]
    shown = titles(trainer.get("/formateur/programmes/?etat=archives"))
    assert shown == ["Encadrer une petite équipe", "Prise de parole en public"]
    assert trainer.submit(draft.step("programme")).status_code == 303  # it keeps its own
    other = a_training(app, programme={"code": "PPP-14"})
    assert "Lecture de plans" not in text_of(trainer.get(other.step("programme")))
    office.submit(LPM, form="form[action$=remettre]")
    assert "Lecture de plans et métrés" in titles(office.get(HOME))
    acts = [event for event in written(app) if event.endswith("_programme")]
    assert acts == ["archive_programme", "restore_programme"]


def test_markup_stays_text(office: Visitor, trainer: Visitor) -> None:
    hostile = "<img src=x onerror=alert(1)> {{ 7*7 }} </td></table>"
    office.submit(section("moyens"), {"methods": hostile, "means": hostile})
    office.submit(section("objectifs"), {"objectives": hostile})
    office.submit(section("presentation"), {"title": hostile})
    for page in (office.get(LPM), office.get(HOME), trainer.get("/formateur/programmes/LPM-14")):
        assert not soup_of(page.text).select("img[src=x]")
        assert "{{ 7*7 }}" in page.text
