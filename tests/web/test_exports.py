"""The lists as files: what is on the screen, all of it, as a spreadsheet reads it."""

import csv
import io
import re
import tracemalloc
import zipfile
from datetime import date
from xml.etree import ElementTree

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from portal.extensions import db, streamed, writing
from portal.training.models import TrainingSession
from tests import story
from tests.conftest import OTHER_TRAINER
from tests.pages import Visitor, soup_of
from tests.screens import text_in
from tests.story import a_training
from tests.web.test_story_wrong_address import fail

pytestmark = pytest.mark.usefixtures("frozen")

TRAINER, OFFICE = "/formateur/", "/organisme/"


def table(answer: TestResponse) -> list[dict[str, str]]:
    """The lines of a CSV answer, by heading."""
    assert answer.status_code == 200
    assert answer.content_type == "text/csv; charset=utf-8"
    text = answer.data.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))


def links(page: TestResponse) -> list[str]:
    """The addresses offered under a list, CSV then XLSX."""
    found = soup_of(page.text).select("main a[href*='/export/']")
    assert [text_in(a) for a in found] == ["CSV", "Excel (XLSX)"]
    return [str(a["href"]) for a in found]


def test_the_file_holds_every_line_that_the_screen_pages_through(
    app: Flask, trainer: Visitor
) -> None:
    for _ in range(27):
        a_training(app, "shared")
    a_training(app, "cancelled")
    a_training(app, "sent", trainer=OTHER_TRAINER)
    page = trainer.get(TRAINER)
    assert len(soup_of(page.text).select("#sessions tbody tr")) == 25
    lines = table(trainer.get(links(page)[0]))
    assert len(lines) == 27
    assert lines[0]["Formation"] == "Lecture de plans et métrés"
    assert lines[0]["Début"] == "12/01/2027"
    assert lines[0]["Prix HT"] == "2400,00"
    assert lines[0]["État"] == "Demande à compléter"
    assert lines[0]["Précision"] == "Chez le client depuis aujourd’hui"
    assert "Formateur ou formatrice" not in lines[0]


def test_the_filters_of_the_screen_are_those_of_the_file(app: Flask, office: Visitor) -> None:
    a_training(app, "sent")
    a_training(app, "sent", trainer=OTHER_TRAINER, programme={"code": "PPP-14"})
    a_training(app, "cancelled")
    page = office.get(f"{OFFICE}?etat=en-cours&q=parole")
    lines = table(office.get(links(page)[0]))
    assert [line["Formation"] for line in lines] == ["Prise de parole en public"]
    assert lines[0]["Client"] == "Menuiserie Vasseur"
    assert re.fullmatch(r"\d{14}", lines[0]["SIRET"])
    assert lines[0]["Formateur ou formatrice"] == "Malik Aubertin"
    past = table(office.get(links(office.get(f"{OFFICE}?etat=terminees"))[0]))
    assert [line["État"] for line in past] == ["Annulée"]


def test_the_order_is_that_of_the_screen(app: Flask, trainer: Visitor) -> None:
    for day in (date(2027, 3, 2), date(2027, 1, 19), date(2027, 2, 9)):
        a_training(app, schedule=story.schedule([day]))
    lines = table(trainer.get(f"{TRAINER}export/csv"))
    assert [line["Début"] for line in lines] == ["19/01/2027", "09/02/2027", "02/03/2027"]


def test_the_file_is_named_and_dated_and_never_a_page(app: Flask, trainer: Visitor) -> None:
    for suffix, kind in (
        ("csv", "text/csv; charset=utf-8"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ):
        answer = trainer.get(f"{TRAINER}export/{suffix}")
        assert answer.content_type == kind
        disposition = answer.headers["Content-Disposition"]
        assert disposition == f"attachment; filename=sessions-2026-11-23.{suffix}"
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert answer.headers["Cache-Control"] == "no-store"
    assert trainer.get(f"{TRAINER}export/ods").status_code == 404


def test_the_workbook_has_numbers_and_dates(app: Flask, trainer: Visitor) -> None:
    a_training(app, "sent")
    answer = trainer.get(f"{TRAINER}export/xlsx")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        tree = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))  # noqa: S314
    cells = [(c.get("t"), "".join(c.itertext())) for c in list(tree.iter())[0].iter() if
             c.tag.endswith("}c")]  # fmt: skip
    assert (None, "2400.00") in cells
    assert (None, "46399") in cells  # 12 January 2027
    assert ("inlineStr", "Menuiserie Vasseur") in cells


def test_what_clients_type_is_never_a_formula(app: Flask, office: Visitor) -> None:
    training = a_training(app, "sent")
    with app.app_context(), writing():
        row = db.session.get_one(TrainingSession, training.id)
        assert row.company is not None
        row.company.legal_name = '=HYPERLINK("http://127.0.0.1/";"x")\r\n;"fin'
    (line,) = table(office.get(f"{OFFICE}export/csv"))
    assert line["Client"].startswith("'=HYPERLINK(")
    assert line["Client"].endswith(';"fin')


def test_the_queue_the_messages_and_the_catalogue(app: Flask, office: Visitor) -> None:
    received = a_training(app, "received")
    (line,) = table(office.get(links(office.get(f"{OFFICE}accords/"))[0]))
    assert line["Session"] == received.ref
    assert line["Financeur"] == "Constructys"
    assert line["Prix HT"] == "2400,00"
    mails = table(office.get(links(office.get(f"{OFFICE}courriels/"))[0]))
    assert {line["Session"] for line in mails} == {received.ref}
    assert "Destinataire" in mails[0]
    assert not any("/l/" in value for line in mails for value in line.values())
    page = office.get(f"{OFFICE}programmes/?q=parole")
    (programme,) = table(office.get(links(page)[0]))
    assert (programme["Référence"], programme["Complet"]) == ("PPP-14", "oui")


def test_what_did_not_arrive_is_exported_alone(app: Flask, office: Visitor) -> None:
    sent = a_training(app, "sent")
    fail(app, sent, "documents_to_client")
    page = office.get(f"{OFFICE}courriels/?etat=non-remis")
    (line,) = table(office.get(links(page)[0]))
    assert (line["Session"], line["État"]) == (sent.ref, "Non envoyé")


def test_the_queue_holds_what_waits_for_a_decision_alone(app: Flask, office: Visitor) -> None:
    waiting = a_training(app, "received")
    a_training(app, "funded")  # its agreement was validated
    lines = table(office.get(f"{OFFICE}accords/export/csv"))
    assert [line["Session"] for line in lines] == [waiting.ref]


def test_a_session_paid_by_the_client_alone_names_no_opco(app: Flask, office: Visitor) -> None:
    a_training(app, "sent", funding={"funder": "none"})
    (line,) = table(office.get(f"{OFFICE}export/csv"))
    assert line["Financeur"] == "Sans OPCO"


def test_a_trainer_reads_own_messages_only(
    app: Flask, trainer: Visitor, other_trainer: Visitor
) -> None:
    mine = a_training(app, "sent")
    lines = table(trainer.get(f"{TRAINER}courriels/export/csv"))
    assert {line["Session"] for line in lines} == {mine.ref}
    assert table(other_trainer.get(f"{TRAINER}courriels/export/csv")) == []


def test_a_long_list_is_read_as_it_is_written(
    app: Flask, trainer: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing asks for all the rows at once: the answer begins while most are still unread."""
    training = a_training(app, "shared")
    with app.app_context(), writing():
        _multiply(training.id, 3_000)
    read: list[str] = []
    monkeypatch.setattr(
        "portal.training.exporting.label",
        lambda role, now: read.append(role) or _Label(),
    )
    answer = trainer.get(f"{TRAINER}export/csv", buffered=False)
    iterator = answer.iter_encoded()
    next(iter(iterator))
    assert 0 < len(read) < 3_000
    rest = b"".join(iterator)
    assert len(read) == 3_001
    assert rest.count(b"\r\n") > 1_000
    answer.close()


class _Label:
    text, note = "Brouillon", ""


def _multiply(identity: int, copies: int) -> None:
    """Rows like that one, without what hangs on it."""
    table = TrainingSession.__table__
    row = db.session.execute(db.select(table).where(table.c.id == identity)).mappings().one()
    plain = {name: value for name, value in row.items() if name != "id"}
    db.session.execute(
        db.insert(TrainingSession),
        [
            plain | {"public_id": f"p{n}", "ref": f"S-2025-{n:05d}", "creation_key": f"k{n}"}
            for n in range(copies)
        ],
    )


def test_rows_are_fetched_a_few_at_a_time(app: Flask) -> None:
    counting = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)"
        " SELECT i FROM n"
    )
    with app.app_context():
        tracemalloc.start()
        assert sum(1 for _ in streamed(db.text(counting))) == 200_000
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 1_000_000
