"""The CV of whoever teaches: handed in like any file, read by that person and the office alone."""

import io
import random
import time

import pytest
import time_machine
from flask import Flask
from PIL import Image
from pypdf import PdfReader
from werkzeug.test import TestResponse

from portal.accounts.models import User
from portal.extensions import db, settings, store
from portal.journal.models import JournalDetails, JournalEntry
from portal.safekeeping import findings, rows
from tests.conftest import OFFICE, TRAINER, user
from tests.pages import Visitor, soup_of, text_of
from tests.screens import follow, section
from tests.second_half import hand_in, paper
from tests.uploads import papers, pictures

pytestmark = pytest.mark.usefixtures("frozen")
PAGE = "/compte/"
CV = (paper("Claire Montagnier", "Architecte DPLG"), "claire cv.pdf")
NEWER = (paper("Claire Montagnier", "Architecte DPLG, 2026"), "cv-2026.pdf")


def claire(app: Flask) -> User:
    with app.app_context():
        return user(TRAINER)


def office_page(app: Flask) -> str:
    return f"/organisme/personnes/{claire(app).id}"


def events(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(db.select(JournalEntry.event).order_by(JournalEntry.seq)))


def words_of(answer: TestResponse) -> str:
    return PdfReader(io.BytesIO(answer.data)).pages[0].extract_text()


def test_a_trainer_hands_it_in_and_fetches_it(app: Flask, trainer: Visitor) -> None:
    page = follow(trainer, hand_in(trainer, PAGE, CV))
    assert "Bien reçu : claire cv.pdf (1 page, " in text_of(page)
    assert "PDF, reçu lundi 23 novembre 2026 à 10 h" in section(page, "CV")
    link = soup_of(page.text).select_one("a[href='/compte/cv']")
    assert link is not None
    answer = trainer.get(str(link["href"]))
    assert answer.data == CV[0]
    assert answer.mimetype == "application/pdf"
    assert 'filename="CV Claire Montagnier.pdf"' in answer.headers["Content-Disposition"]
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert "no-store" in answer.headers["Cache-Control"]


def test_the_office_reads_it_and_no_other_trainer_does(
    app: Flask, trainer: Visitor, other_trainer: Visitor, office: Visitor, anonymous: Visitor
) -> None:
    hand_in(trainer, PAGE, CV)
    page = office_page(app)
    assert "CV de Claire Montagnier" in section(office.get(page), "CV")
    assert office.get(f"{page}/cv").data == CV[0]
    assert other_trainer.get(f"{page}/cv").status_code == 403
    assert other_trainer.get("/compte/cv").status_code == 404  # one's own, and there is none
    assert "Montagnier" not in other_trainer.get(PAGE).text
    for address in ("/compte/cv", f"{page}/cv"):
        assert anonymous.get(address).headers["Location"].startswith("/connexion")


def test_the_office_hands_in_the_one_it_was_sent(
    app: Flask, trainer: Visitor, office: Visitor
) -> None:
    page = follow(office, hand_in(office, office_page(app), CV))
    assert "Bien reçu" in text_of(page)
    assert trainer.get("/compte/cv").data == CV[0]


def test_another_takes_its_place_and_it_is_taken_away(app: Flask, trainer: Visitor) -> None:
    hand_in(trainer, PAGE, CV)
    assert "Remplacer le CV" in section(trainer.get(PAGE), "CV")
    hand_in(trainer, PAGE, NEWER)
    assert trainer.get("/compte/cv").data == NEWER[0]
    page = follow(trainer, trainer.submit(PAGE, form="form[action='/compte/cv/retirer']"))
    assert "CV retiré." in text_of(page)
    assert "Retirer" not in section(page, "CV")
    assert trainer.get("/compte/cv").status_code == 404
    assert claire(app).cv_received_at is None
    assert events(app) == ["send_cv", "send_cv", "remove_cv"]


def test_the_journal_says_so_and_erasing_its_details_erases_the_file_s_name(
    app: Flask, trainer: Visitor
) -> None:
    hand_in(trainer, PAGE, CV)
    with app.app_context():
        entry = db.session.scalars(db.select(JournalEntry)).one()
        details = db.session.get_one(JournalDetails, entry.seq).details
        assert entry.body == {"user": user(TRAINER).id}
        assert details["after"] == user(TRAINER).cv_sha256
        assert details["actor"] == "Claire Montagnier"


def test_taking_away_what_is_not_there_leaves_no_trace(app: Flask, trainer: Visitor) -> None:
    hand_in(trainer, PAGE, CV)
    page = trainer.get(PAGE)
    for _ in range(2):
        trainer.submit(page, form="form[action='/compte/cv/retirer']")
    assert events(app) == ["send_cv", "remove_cv"]


def test_a_cv_heavier_than_a_form_is_taken(app: Flask, trainer: Visitor) -> None:
    noise = Image.frombytes("RGB", (400, 400), random.Random(1).randbytes(480_000))
    content = pictures.encoded(noise, "PNG")
    assert len(content) > 256 * 1024
    assert "Bien reçu" in text_of(follow(trainer, hand_in(trainer, PAGE, (content, "cv.png"))))


def test_photos_become_one_pdf_and_are_not_kept(app: Flask, trainer: Visitor) -> None:
    photos = [(pictures.photo(orientation=6), "page 1.jpg"), (pictures.photo(), "page 2.jpg")]
    page = follow(trainer, hand_in(trainer, PAGE, *photos))
    assert "page 1 et 1 autre fichier.pdf (2 pages, " in text_of(page)
    answer = trainer.get("/compte/cv")
    assert len(PdfReader(io.BytesIO(answer.data)).pages) == 2
    with app.app_context():
        stored = [path.name for path in settings().files.glob("??/*")]
        assert user(TRAINER).cv_sha256 in stored
        assert len(stored) == 2  # with the logo


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"", "cv.pdf", "Ce fichier est vide"),
        (b"PK\x03\x04word/document.xml", "cv.docx", "Exportez ce document en PDF"),
        (b"MZ" + b"\0" * 200, "cv.pdf", "n’est pas celui que son nom annonce"),
        (papers.user_password(), "cv.pdf", "Ce PDF est protégé"),
        (papers.javascript_in_object_stream(), "cv.pdf", "contient autre chose que des pages"),
        (papers.embedded_program(), "cv.pdf", "contient autre chose que des pages"),
    ],
)
def test_what_cannot_be_trusted_changes_nothing(
    app: Flask, trainer: Visitor, content: bytes, name: str, sentence: str
) -> None:
    hand_in(trainer, PAGE, CV)
    refused = hand_in(trainer, PAGE, (content, name), headers={"HX-Request": "true"})
    assert refused.status_code == 422
    fault = soup_of(refused.text).select_one("#depot #fichiers-err")
    assert fault is not None
    assert sentence in text_of(refused)
    assert sentence in text_of(follow(trainer, hand_in(trainer, PAGE, (content, name))))
    assert trainer.get("/compte/cv").data == CV[0]
    assert events(app) == ["send_cv"]


def test_nothing_chosen_says_what_to_do(trainer: Visitor) -> None:
    assert "Choisissez le fichier à envoyer" in text_of(follow(trainer, hand_in(trainer, PAGE)))


def test_sending_without_end_is_slowed_down(trainer: Visitor) -> None:
    empty = (b"", "cv.pdf")
    answers = [hand_in(trainer, PAGE, empty, headers={"HX-Request": "true"}) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [422] * 20 + [409]
    assert "réessayez dans une heure" in text_of(answers[-1])


def test_the_office_has_none_of_its_own(app: Flask, office: Visitor) -> None:
    assert "indicateur 21" not in text_of(office.get(PAGE))
    assert soup_of(office.get(PAGE).text).select_one("#depot") is None
    with app.app_context():
        page = f"/organisme/personnes/{user(OFFICE).id}"
    shown = office.get(page)
    token = soup_of(shown.text).select_one("[name=csrf_token]")
    assert token is not None
    for address in (f"{page}/cv", "/compte/cv"):
        data = {"csrf_token": str(token["value"]), "fichiers": (io.BytesIO(CV[0]), "cv.pdf")}
        assert office.post(address, data=data).status_code == 404
    assert events(app) == []


def test_it_is_verified_and_backed_up_like_any_file(app: Flask, trainer: Visitor) -> None:
    hand_in(trainer, PAGE, CV)
    hand_in(trainer, PAGE, NEWER)
    with app.app_context():
        sha256 = str(user(TRAINER).cv_sha256)
        with db.engine.connect() as connection:
            assert sha256 in rows.names(connection)
        with time_machine.travel(time.time() + 3 * 86_400):
            assert findings.strays() == (0, 0)  # the one before is still known to the journal
        assert findings.findings() == []
        path = store().path(sha256)
        path.chmod(0o600)
        path.write_bytes(b"another one")
        assert findings.findings() == [
            f"Fichier altéré\u00a0: CV du compte n° {user(TRAINER).id} ({sha256})"
        ]
        path.unlink()
        assert "Fichier manquant" in findings.findings()[0]
