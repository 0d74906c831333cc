"""« Mes sessions », « Dossiers », « Courriels »: what is awaited, the money, the search, pages."""

import re
from datetime import date, timedelta

import pytest
import time_machine
from flask import Flask
from werkzeug.test import TestResponse

from portal.emails.models import Email
from portal.extensions import db, writing
from portal.training.models import TrainingSession
from tests import story
from tests.conftest import OTHER_TRAINER
from tests.pages import Visitor, soup_of, text_of
from tests.screens import follow, section, text_in
from tests.story import CLIENT, a_training

pytestmark = pytest.mark.usefixtures("frozen")

HOME = "/formateur/"
UNDELIVERED = "/formateur/courriels/?etat=non-remis"


def rows(page: TestResponse) -> list[str]:
    """The reference of each line of the list, in order."""
    found = [text_in(cell) for cell in soup_of(page.text).select("#sessions tbody small")]
    return [match[0] for text in found if (match := re.match(r"S-\d+-\d+", text))]


def todos(page: TestResponse) -> list[tuple[str, str]]:
    """(sentence, words of its button) of « À faire »."""
    items = soup_of(page.text).select(".todo-list li")
    return [(text_in(i.find("b")), text_in(i.find("a")).split(" : ")[0]) for i in items]


def counts(page: TestResponse) -> dict[str, int]:
    tabs = [text_in(a) for a in soup_of(page.text).select("#sessions .tabs a")]
    return {text.rsplit(" ", 1)[0]: int(text.rsplit(" ", 1)[1]) for text in tabs}


def sums(page: TestResponse) -> dict[str, str]:
    blocks = soup_of(page.text).select(".figures div")
    return {text_in(block.dt): text_in(block.dd) for block in blocks}


# --- What is awaited, and the money


def test_the_office_opens_on_what_waits_for_it(
    app: Flask, office: Visitor, trainer: Visitor
) -> None:
    a_training(app, "received")
    page = office.get("/organisme/")
    assert todos(page)[0] == ("1 accord à valider", "Valider")
    (link,) = soup_of(page.text).select(".todo-list li:first-child a")
    assert office.get(str(link["href"])).request.path == "/organisme/accords/"
    a_training(app, "received")
    assert todos(office.get("/organisme/"))[0] == ("2 accords à valider", "Valider")
    assert not any("accord" in sentence for sentence, _ in todos(trainer.get(HOME)))


def test_nothing_yet(app: Flask, trainer: Visitor, office: Visitor) -> None:
    page = trainer.get(HOME)
    assert "Aucune session en cours" in text_of(page)
    assert todos(page) == []
    assert counts(page) == {"En cours": 0, "À venir": 0, "Terminées": 0}
    assert "Les sessions en préparation apparaîtront ici." in text_of(office.get("/organisme/"))
    done = trainer.get(HOME + "?etat=terminees")
    assert "Les sessions terminées ou annulées apparaîtront ici." in text_of(done)


def test_what_is_awaited_is_a_sentence_and_a_button(
    app: Flask, trainer: Visitor, office: Visitor, frozen: time_machine.Traveller
) -> None:
    a_training(app, way="self", trainees=None)
    shared = a_training(app, "shared")
    late = a_training(app, "sent", schedule=story.schedule([date(2026, 12, 14)]))
    a_training(app, "filed", schedule=story.schedule([date(2026, 12, 14)]))
    a_training(app, "sent", funding={"funder": "none"})
    a_training(app, "sent")  # its deadline is more than two weeks away
    page = trainer.get(HOME)
    assert todos(page) == [
        ("Menuiserie Vasseur n’a pas encore signalé le dépôt de sa demande", "Voir la session"),
        ("Terminer votre brouillon « Lecture de plans et métrés »", "Reprendre"),
        (f"{CLIENT} n’a pas encore complété sa demande", "Relancer"),
    ]
    text = section(page, "À faire 3")
    assert "à déposer chez Constructys avant le 29 novembre 2026" in text
    assert "Lecture de plans et métrés · invitation du 23 novembre 2026" in text
    hrefs = [str(a["href"]) for a in soup_of(page.text).select(".todo-list a")]
    assert hrefs[0] == late.page
    assert hrefs[2] == f"{shared.page}#relances"
    card = section(trainer.get(shared.page), "Votre client complète sa demande")
    assert f"Invitation du 23 novembre 2026 à {CLIENT}. Voir les relances" in card
    seen = section(office.get("/organisme/"), "À faire 3")
    assert "Terminer le brouillon « Lecture de plans et métrés »" in seen
    assert "Claire Montagnier · modifié" in seen


def test_a_link_that_was_only_copied_names_nobody(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, "shared")
    with app.app_context(), writing():
        db.session.execute(db.delete(Email))
    page = trainer.get(HOME)
    assert todos(page) == [("Le client n’a pas encore complété sa demande", "Voir la session")]
    assert "lien créé aujourd’hui" in section(page, "À faire 1")
    assert "Invitation du" not in text_of(trainer.get(training.page))


def test_a_message_that_did_not_leave_comes_first(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, "shared")
    with app.app_context(), writing():
        db.session.execute(db.update(Email).values(state="failed", error="Adresse refusée"))
    sentence, button = todos(trainer.get(HOME))[0]
    assert (sentence, button) == (f"Un e-mail à {CLIENT} n’est pas arrivé", "Voir les courriels")
    assert "Adresse refusée" in text_of(trainer.get(training.page))


def test_the_money_line_counts_what_was_sent(app: Flask, trainer: Visitor, office: Visitor) -> None:
    price = {"price_basis": "flat", "unit_price": "1 234,56"}
    a_training(app, "sent")
    a_training(app, "filed", programme=price)
    a_training(app, "shared", programme=price)
    a_training(app, "cancelled", programme=price)
    a_training(app, "sent", trainer=OTHER_TRAINER)
    mine = sums(trainer.get(HOME))
    assert mine["En attente d’accord OPCO"] == "3 634,56 €2 sessions, hors taxes"
    assert mine["Accordé, à réaliser"] == "0,00 €0 session, hors taxes"
    everyone = sums(office.get("/organisme/"))
    assert everyone["En attente d’accord OPCO"] == "6 034,56 €3 sessions, hors taxes"


# --- The list


def test_each_line_says_where_the_session_stands(
    app: Flask, trainer: Visitor, frozen: time_machine.Traveller
) -> None:
    a_training(app, way="self")
    a_training(app, "shared", schedule=None)
    a_training(app, "sent")
    a_training(app, "filed", funding={"funder": "ATLAS"})
    a_training(app, "sent", funding={"funder": "none"})
    frozen.shift(timedelta(hours=1, minutes=30))
    page = trainer.get(HOME)
    lines = {text_in(row.find("small")).split(" · ")[0][-4:]: row for row in
             soup_of(page.text).select("#sessions tbody tr")}  # fmt: skip
    said = {ref: [text_in(cell) for cell in row.find_all("td")][2] for ref, row in lines.items()}
    assert said == {
        "0001": "BrouillonModifié aujourd’hui",
        "0002": "Demande à compléterChez le client depuis aujourd’hui",
        "0003": "À déposer chez ConstructysDépôt attendu avant le 28 décembre",
        "0004": "Chez l’OPCODemande déposée aujourd’hui",
        "0005": "Documents envoyésSans OPCO",
    }
    assert "dates à fixer" in text_in(lines["0002"])
    assert "12 et 13 janvier 2027" in text_in(lines["0003"])
    assert rows(page)[-1].endswith("0002")  # the nearest first, those without dates last


def test_labels_change_with_the_day(app: Flask, frozen: time_machine.Traveller) -> None:
    a_training(app, "shared")
    a_training(app, "sent")
    frozen.shift(timedelta(days=4))
    later = story.conftest.sign_in(app, story.conftest.TRAINER)
    assert "Chez le client depuis 4 jours" in text_of(later.get(HOME))
    frozen.shift(timedelta(days=34))
    later = story.conftest.sign_in(app, story.conftest.TRAINER)
    assert "À déposer depuis le 28 décembre" in text_of(later.get(HOME))


SEARCHES = [
    ("vasseur", 1), ("VASSEUR beaune", 1), ("métrés", 3), ("metres", 3), ("plans  lecture", 3),
    ("90055312400018", 1), ("ébénisterie", 1), ("ebenisterie", 1), ("œuvre", 1), ("oeuvre", 1),
    ("vasseur dijon", 0), ("%", 0), ("_", 0), ("", 3),
]  # fmt: skip


def test_searching_forgives_accents_case_and_order(app: Flask, trainer: Visitor) -> None:
    for name in ("Menuiserie Vasseur", "Ébénisterie du Cœur", "Gros Œuvre Nivernais"):
        town = "Beaune" if name.startswith("Menuiserie") else "Nevers"
        siret = {} if town == "Beaune" else {"siret": "111 222 337 00011"}
        a_training(app, way="self", company={"legal_name": name, "city": town, **siret})
    for words, found in SEARCHES:
        page = trainer.get(HOME, query_string={"q": words})
        assert len(rows(page)) == found, words
        assert counts(page)["En cours"] == found
    page = trainer.get(HOME, query_string={"q": "rien de tel"})
    assert "Aucun résultat pour « rien de tel » dans cet onglet." in text_of(page)
    clear = soup_of(page.text).find("a", string="Effacer la recherche")
    assert len(rows(trainer.get(str(clear["href"])))) == 3  # type: ignore[index]


def test_tabs_keep_the_search_and_can_be_shared(app: Flask, trainer: Visitor) -> None:
    a_training(app, "cancelled")
    a_training(app, "sent")
    a_training(app, way="self", company={"legal_name": "Garage du Vallon"})
    page = trainer.get(HOME + "?q=vasseur")
    assert counts(page) == {"En cours": 1, "À venir": 0, "Terminées": 1}
    tab = next(a for a in soup_of(page.text).select(".tabs a") if "Terminées" in text_in(a))
    shared = str(tab["href"])
    assert "q=vasseur" in shared
    colleague = story.conftest.sign_in(app, story.conftest.TRAINER)
    assert rows(colleague.get(shared)) == ["S-2026-0001"]
    assert "Annulée" in text_of(colleague.get(shared))
    assert rows(trainer.get(HOME + "?etat=nimporte")) == rows(trainer.get(HOME))


def test_pages_of_twenty_five_by_key(app: Flask, trainer: Visitor) -> None:
    """Nothing is missed or seen twice, even when a session appears between two pages."""
    one = a_training(app, way="self")
    with app.app_context(), writing():
        model = db.session.get_one(TrainingSession, one.id)
        for n in range(2, 61):
            day = None if n % 10 == 0 else date(2027, 1, 1) + timedelta(days=n % 7)
            db.session.add(
                TrainingSession(
                    public_id=f"p{n}", ref=f"S-2026-{1000 + n}", creation_key=f"c{n}", way="self",
                    trainer_id=model.trainer_id, first_day=day, last_day=day,
                    created_at=model.created_at, updated_at=model.updated_at,
                    search_text=f"s-2026-{n:04d} {'pair' if n % 2 == 0 else 'impair'}",
                )
            )  # fmt: skip
    seen: list[str] = []
    page = trainer.get(HOME)
    while True:
        seen += rows(page)
        more = soup_of(page.text).find("a", string="Suite de la liste")
        if more is None:
            break
        if len(seen) == 25:
            a_training(app, way="self", schedule=story.schedule([date(2026, 12, 1)]))
        page = trainer.get(str(more["href"]))  # type: ignore[index]
        assert "Début de la liste" in text_of(page)
    assert len(seen) == 60
    assert len(set(seen)) == 60
    even = trainer.get(HOME + "?q=pair")
    assert counts(even)["En cours"] == 59
    page = trainer.get(HOME + "?apres=illisible")
    assert rows(page)[0] == "S-2026-0002"  # from the top again


def test_everybody_s_sessions_for_the_office_one_s_own_for_a_trainer(
    app: Flask, trainer: Visitor, office: Visitor
) -> None:
    mine = a_training(app, "sent")
    theirs = a_training(app, "sent", trainer=OTHER_TRAINER)
    assert rows(trainer.get(HOME)) == [mine.ref]
    page = office.get("/organisme/")
    assert rows(page) == [mine.ref, theirs.ref]
    assert "Malik Aubertin" in text_of(page)
    assert "Dossiers" in text_of(page)
    assert trainer.get(theirs.page).status_code == 404
    dossier = office.get(f"/organisme/dossiers/{theirs.ref}/")
    assert f"{theirs.ref} · Malik Aubertin" in text_of(dossier)
    assert office.get(HOME).status_code == 403
    assert trainer.get("/organisme/").status_code == 403


# --- « Courriels »


def test_messages_with_their_papers(app: Flask, trainer: Visitor, office: Visitor) -> None:
    training = a_training(app, "sent")
    a_training(app, "sent", trainer=OTHER_TRAINER)
    story.made(app, training)
    story.work(app)
    page = trainer.get("/formateur/courriels/")
    text = text_of(page)
    assert "Aucun serveur d’envoi n’est configuré" in text
    assert "Conservé, non envoyé" in text
    assert text.count(CLIENT) == 2  # the invitation, then the papers
    assert "3 pièces jointes" in text
    assert text_of(office.get("/organisme/courriels/")).count(CLIENT) == 4

    link = next(a for a in soup_of(page.text).select(".docs a") if "Vos documents" in text_in(a))
    mail = trainer.get(str(link["href"]))
    text = text_of(mail)
    assert f"ÀHélène Vasseur <{CLIENT}>" in text
    assert "Conservé sur le portail : aucun serveur d’envoi n’est configuré" in text
    assert "(lien personnel masqué)" in text
    assert training.link not in mail.text
    papers = soup_of(mail.text).select(".docs a.btn")
    assert len(papers) == 3
    assert trainer.get(str(papers[0]["href"])).data.startswith(b"%PDF-1.7 devis")
    raw = soup_of(mail.text).find("a", string="Télécharger (.eml)")
    assert b"To: " in trainer.get(str(raw["href"])).data  # type: ignore[index]


def test_those_that_did_not_arrive_stand_apart(
    app: Flask, trainer: Visitor, office: Visitor
) -> None:
    training = a_training(app, "sent")
    assert "Tous les messages sont arrivés" in text_of(trainer.get(UNDELIVERED))
    with app.app_context(), writing():
        letters = db.update(Email).where(Email.letter == "documents_to_client")
        db.session.execute(letters.values(state="failed", error="Adresse refusée"))
    for visitor, address in (
        (trainer, UNDELIVERED),
        (office, "/organisme/courriels/?etat=non-remis"),
    ):
        lines = soup_of(visitor.get(address).text).select(".docs li")
        assert len(lines) == 1
        assert "Adresse refusée" in text_in(lines[0])
    leads = soup_of(trainer.get(HOME).text).select(".todo-list a")[0]
    assert leads["href"] == UNDELIVERED
    mail = trainer.get(str(soup_of(trainer.get(UNDELIVERED).text).select(".docs a")[0]["href"]))
    dossier = soup_of(mail.text).find("a", string=f"Dossier {training.ref}")
    assert dossier is not None
    assert dossier["href"] == training.page


def test_older_messages_stand_on_the_next_page(app: Flask, trainer: Visitor) -> None:
    for _ in range(3):
        a_training(app, "sent")
    with app.app_context(), writing():
        row = db.session.scalars(db.select(Email).order_by(Email.id)).first()
        assert row is not None
        kept = {column.name: getattr(row, column.name) for column in Email.__table__.columns}
        for number in range(30):
            unique = {name: f"{name}-{number}" for name in ("dedupe_key", "message_id", "subject")}
            db.session.add(Email(**(kept | unique | {"id": None})))
        total = db.session.scalar(db.select(db.func.count()).select_from(Email))
    seen: list[str] = []
    address: str | None = "/formateur/courriels/"
    while address:
        page = soup_of(trainer.get(address).text)
        seen += [str(a["href"]) for a in page.select(".docs b a")]
        older = page.find("a", string="Messages plus anciens")
        address = str(older["href"]) if older else None
    assert len(seen) == len(set(seen)) == total
    assert seen == sorted(seen, key=lambda href: -int(href.rsplit("/", 1)[1]))
    assert page.find("a", string="Messages les plus récents") is not None


def test_a_message_is_sent_again_by_hand(app: Flask, trainer: Visitor, office: Visitor) -> None:
    training = a_training(app, "shared")
    with app.app_context(), writing():
        db.session.execute(db.update(Email).values(state="failed", error="Adresse refusée"))
        identity = db.session.scalars(db.select(Email.id)).one()
    page = trainer.get(f"/formateur/courriels/{identity}")
    assert "Non envoyé. Adresse refusée" in text_of(page)
    page = follow(trainer, trainer.submit(page, form="form[action$='/renvoyer']"))
    assert "Le message repart." in text_of(page)
    assert "En attente d’envoi" in text_of(page)
    assert "Message renvoyé" in section(trainer.get(training.page), "Journal")
    other = story.conftest.sign_in(app, OTHER_TRAINER)
    assert other.get(f"/formateur/courriels/{identity}").status_code == 404
    assert office.get(f"/organisme/courriels/{identity}").status_code == 200
