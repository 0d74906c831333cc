"""The public catalogue: on and off, its sheet made by the worker, what it says and omits."""

import pytest
from flask import Flask

from portal.documents.models import Document
from portal.extensions import db, writing
from portal.training.models import Programme
from tests import story
from tests.documents import papers
from tests.pages import Visitor, soup_of, text_of

pytestmark = pytest.mark.usefixtures("frozen")

OFFICE = "/organisme/programmes/LPM-14"
PAGE = "/programmes/lecture-de-plans-et-metres"
PDF = f"{PAGE}/programme.pdf"


def press(visitor: Visitor, action: str) -> str:
    """Presses the button of the programme's page that posts there; what the page then says."""
    answer = visitor.submit(OFFICE, form=f"form[action$={action}]")
    return text_of(visitor.get(answer.headers["Location"]))


def section(visitor: Visitor, name: str, values: dict[str, str]) -> int:
    return visitor.submit(f"{OFFICE}/rubriques/{name}", values).status_code


def sheets(app: Flask) -> list[Document]:
    with app.app_context():
        rows = db.session.scalars(db.select(Document).filter_by(kind="fiche").order_by(Document.id))
        found = list(rows)
        for row in found:
            db.session.expunge(row)
        return found


def test_nothing_is_public_until_somebody_says_so(anonymous: Visitor, office: Visitor) -> None:
    for path in ("/programmes/", PAGE, PDF, "/programmes/pas-la"):
        assert anonymous.get(path).status_code == 404
        assert office.get(path).status_code == 404
    assert "Nos formations" not in text_of(anonymous.get("/"))


def test_a_page_opens_with_its_sheet_and_closes(
    app: Flask, anonymous: Visitor, office: Visitor
) -> None:
    assert "Page publique ouverte." in press(office, "publier")
    page = anonymous.get(PAGE)
    said = text_of(page)
    assert "Établir un métré quantitatif conforme au plan, avec un écart inférieur à 3 %" in said
    assert "version 3, mise à jour du 14 septembre 2026" in said
    assert "2 400,00 € HT, forfait. Exonération de TVA" in said
    assert "Cet enregistrement ne vaut pas agrément de l’État." in said
    assert "auprès du préfet de région" not in text_of_sheet(page.text)  # L6352-12
    assert "PDF en préparation" in said
    assert anonymous.get(PDF).status_code == 404
    story.work(app)
    assert "Télécharger le programme" in text_of(anonymous.get(PAGE))
    pdf = anonymous.get(PDF)
    assert pdf.mimetype == "application/pdf"
    assert "filename=Programme-LPM-14-v3.pdf" in pdf.headers["Content-Disposition"]
    printed = papers.read(pdf.data)
    assert "Lecture de plans et métrés" in printed.text
    assert "En 2025" in printed.text
    listed = anonymous.get("/programmes/")
    assert soup_of(listed.text).select_one(f"main a[href='{PAGE}']") is not None
    assert "Nos formations" in text_of(anonymous.get("/"))
    assert "Page publique fermée." in press(office, "retirer")
    for path in ("/programmes/", PAGE, PDF):
        assert anonymous.get(path).status_code == 404


def text_of_sheet(html: str) -> str:
    paper = soup_of(html).select_one("article.paper")
    assert paper is not None
    return paper.get_text(" ")


def test_the_web_never_makes_a_pdf(
    app: Flask, office: Visitor, anonymous: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> None:
        raise AssertionError("a PDF was made to answer somebody")

    monkeypatch.setattr("portal.documents.press.print_pdf", refuse)
    press(office, "publier")
    anonymous.get(PAGE)
    anonymous.get(PDF)
    assert [sheet.state for sheet in sheets(app)] == ["pending"]


def test_what_is_not_known_is_not_said(app: Flask, office: Visitor, anonymous: Visitor) -> None:
    assert section(office, "acces", {"results": ""}) == 303
    press(office, "publier")
    assert "Résultats" not in text_of(anonymous.get(PAGE))


def test_an_incomplete_programme_has_no_public_page(office: Visitor, anonymous: Visitor) -> None:
    assert section(office, "acces", {"accessibility": ""}) == 303
    page = office.get(OFFICE)
    assert not soup_of(page.text).select("form[action$=publier]")
    token = soup_of(page.text).select_one("[name=csrf_token]")
    assert token is not None
    forced = office.post(f"{OFFICE}/publier", data={"csrf_token": token["value"]})
    said = text_of(office.get(forced.headers["Location"]))
    assert "Dites comment les personnes handicapées sont accueillies" in said
    assert anonymous.get(PAGE).status_code == 404


def test_a_public_page_cannot_lose_what_it_must_say(
    app: Flask, office: Visitor, anonymous: Visitor
) -> None:
    press(office, "publier")
    refused = office.submit(f"{OFFICE}/rubriques/acces", {"accessibility": ""})
    assert refused.status_code == 422
    assert "Ce programme a une page publique, qui doit tout dire." in text_of(refused)
    assert "Dites comment les personnes handicapées sont accueillies" in text_of(refused)
    assert "Formation ouverte aux personnes" in text_of(anonymous.get(PAGE))


def test_each_correction_of_a_public_page_is_a_version_with_its_sheet(
    app: Flask, office: Visitor, anonymous: Visitor
) -> None:
    press(office, "publier")
    story.work(app)
    first = anonymous.get(PDF).data
    assert section(office, "presentation", {"price_cents": "2 600"}) == 303
    assert "2 600,00 € HT" in text_of(anonymous.get(PAGE))
    assert anonymous.get(PDF).status_code == 404  # never the former price under the new page
    story.work(app)
    second = anonymous.get(PDF)
    assert "v4.pdf" in second.headers["Content-Disposition"]
    assert "2 600,00" in papers.read(second.data).text
    assert second.data != first
    old, new = sheets(app)
    assert (old.version, old.superseded_at is None) == (3, False)
    assert (new.version, new.superseded_at is None) == (4, True)


def test_a_letterhead_that_changed_is_said_and_printed_again(
    app: Flask, office: Visitor, anonymous: Visitor
) -> None:
    press(office, "publier")
    assert "ne dit plus tout à fait la même chose" not in text_of(office.get(OFFICE))
    with app.app_context(), writing():
        db.session.execute(db.text("UPDATE organisation SET phone = '0199009999'"))
    assert "ne dit plus tout à fait la même chose" in text_of(office.get(OFFICE))
    press(office, "publier")
    assert "01 99 00 99 99" in text_of_sheet(anonymous.get(PAGE).text).replace("\u00a0", " ")
    assert len(sheets(app)) == 2
    assert "Refaire le PDF" not in text_of(office.get(OFFICE))


def test_an_archived_programme_leaves_the_public_pages(office: Visitor, anonymous: Visitor) -> None:
    press(office, "publier")
    assert "Sa page publique est fermée." in press(office, "archiver")
    assert anonymous.get(PAGE).status_code == 404
    press(office, "remettre")
    assert anonymous.get(PAGE).status_code == 404  # back at the catalogue, still not public


def test_hostile_texts_stay_texts(app: Flask, office: Visitor, anonymous: Visitor) -> None:
    """Markup, paths and templates typed into every field are read, on the page and in the PDF."""
    hostile = "<img src=file:///etc/passwd> {{ 7*7 }} </td></table> <pdf:nextpage/> [[[1]]]"
    texts = {
        "presentation": {"title": hostile},
        "objectifs": dict.fromkeys(("objectives", "audience", "prerequisites"), hostile),
        "contenu": {"content-0-title": hostile, "content-0-points": hostile},
        "moyens": dict.fromkeys(("methods", "means", "follow_up", "remote_help"), hostile),
        "evaluation": dict.fromkeys(
            ("assessment", "sanction", "certification", "certifier"), hostile
        )
        | {"certification_code": "RS12", "certified_on": "2025-03-01"},
        "acces": dict.fromkeys(("access_delay", "accessibility", "results"), hostile),
    }
    for name, values in texts.items():
        assert section(office, name, values) == 303, name
    press(office, "publier")
    story.work(app)
    page = anonymous.get(PAGE)
    assert not soup_of(page.text).select("img")
    assert page.text.count("&lt;img src=file:///etc/passwd&gt;") >= 15
    assert "{{ 7*7 }}" in page.text
    printed = papers.read(anonymous.get(PDF).data)
    assert "file:///etc/passwd" in printed.text.replace("\u200b", "")
    assert "root:" not in printed.text
    assert soup_of(anonymous.get("/programmes/").text).select("main img") == []


def test_the_address_stays_when_the_title_changes(
    app: Flask, office: Visitor, anonymous: Visitor
) -> None:
    press(office, "publier")
    section(office, "presentation", {"title": "Plans et métrés"})
    assert "Plans et métrés" in text_of(anonymous.get(PAGE))
    with app.app_context():
        slugs = db.session.scalars(db.select(Programme.slug).filter_by(code="LPM-14")).all()
    assert set(slugs) == {"lecture-de-plans-et-metres"}
