"""From an empty database to three papers in two mailboxes: both ways, in a plain browser."""

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from portal.access.rules import Role
from portal.extensions import db
from portal.journal import service as journal
from tests import installation, screens, story
from tests.conftest import DEMONSTRATION, OFFICE, PASSWORD, TRAINER, close, sign_in
from tests.emails.mailroom import Server, parsed, serving
from tests.pages import BASE_URL, Visitor, soup_of, text_of
from tests.screens import fill, follow, section, tile
from tests.story import CLIENT, VASSEUR

pytestmark = pytest.mark.usefixtures("frozen")

PROGRAMME = DEMONSTRATION / "programmes" / "lecture-de-plans.toml"
PAPERS = [
    "Devis-D-2026-0001.pdf",
    "Convention-C-2026-0001.pdf",
    "Programme-P-2026-0001.pdf",
]


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server()) as running:
        yield running


@pytest.fixture
def app(tmp_path: Path, server: Server) -> Iterator[Flask]:
    """A real installation just after `flask db upgrade`: tables, and not one row."""
    app = installation.migrated(tmp_path / "data", demo=False)
    app.config["PORTAL"] = replace(app.config["PORTAL"], smtp=server.smtp())
    yield app
    close(app)


def command(app: Flask, *arguments: str, given: str | None = None) -> str:
    done = app.test_cli_runner().invoke(args=list(arguments), input=given)
    assert done.exit_code == 0, done.output
    return screens.plain(done.output)


def install(app: Flask) -> None:
    """What the person who installs the portal types."""
    said = command(app, "create-organisation", str(DEMONSTRATION / "organisation.toml"))
    assert said == "Rivage Formation : l’organisme est enregistré."
    for email, first, last, role in (
        (TRAINER, "Claire", "Montagnier", Role.TRAINER),
        (OFFICE, "Nadia", "Belkacem", Role.OFFICE),
    ):
        named = ("--email", email, "--first-name", first, "--last-name", last, "--role", role.value)
        said = command(app, "create-user", *named, "--password-stdin", given=f"{PASSWORD}\n")
        assert said == f"{first} {last} peut se connecter sur {BASE_URL}/connexion"
    said = command(app, "create-programme", str(PROGRAMME))
    assert said == "« Lecture de plans et métrés », version 3 : au catalogue."


def test_the_client_completes_what_the_trainer_began(app: Flask, server: Server) -> None:
    install(app)
    trainer = sign_in(app, TRAINER)
    page = trainer.get("/formateur/")
    assert "Créez-en une : deux minutes suffisent." in text_of(page)
    page = trainer.get("/formateur/sessions/nouvelle")
    answers = {"way": tile(page, "Mon client, par un lien"), "client_email": CLIENT}
    page = follow(trainer, trainer.submit(page, answers, button="Continuer"))
    assert "Étape 1 sur 3" in text_of(page)
    page = _programme_and_dates(trainer, page)
    assert "Votre client complétera son entreprise, les stagiaires et le financement" in text_of(
        page
    )
    page = follow(trainer, trainer.submit(page, button="Créer le lien"))
    assert "Votre client complète sa demande" in text_of(page)
    shared = soup_of(page.text).select_one("#lien-client")
    assert shared is not None

    story.work(app)
    invitation = parsed(server.received.pop())
    assert invitation["To"] == CLIENT
    link = re.findall(rf"{BASE_URL}/l/\S+", body(invitation))[0]
    assert link == shared["value"]

    client = _the_client_answers(app, link.removeprefix(BASE_URL))
    _both_receive_the_same_papers(app, server, trainer, client)


def test_the_trainer_fills_everything_in(app: Flask, server: Server) -> None:
    install(app)
    trainer = sign_in(app, TRAINER)
    page = trainer.get("/formateur/sessions/nouvelle")
    page = follow(trainer, trainer.submit(page, {"way": tile(page, "Moi")}, button="Continuer"))
    assert "Étape 1 sur 5" in text_of(page)
    funding = {"funder": "CONSTRUCTYS", "subrogation": "oui"}
    page = follow(trainer, fill(trainer, page, {**VASSEUR, **funding}))
    page = _programme_and_dates(trainer, page)
    page = follow(trainer, fill(trainer, page, _team()))
    text = text_of(page)
    assert "Vérifier et envoyer" in text
    assert (
        f"Hélène Vasseur recevra le devis, la convention et le programme à l’adresse {CLIENT}"
        in text
    )
    page = follow(trainer, trainer.submit(page, button="Envoyer les documents au client"))
    assert "À déposer avant le lundi 28 décembre 2026." in text_of(page)
    space = soup_of(page.text).select_one("#lien-client")
    assert space is not None
    client = screens.start(app, str(space["value"]).removeprefix(BASE_URL))
    _both_receive_the_same_papers(app, server, trainer, client)


def _programme_and_dates(trainer: Visitor, page: TestResponse) -> TestResponse:
    programme = {"programme_id": tile(page, "Lecture de plans et métrés")}
    page = follow(trainer, trainer.submit(page, programme, button="Continuer"))
    assert "2 400,00 € net de taxe" in text_of(page)
    page = follow(trainer, fill(trainer, page, story.schedule(story.first_days())))
    assert "2 jours · 14 heures" in text_of(page)
    return page


def _team() -> dict[str, str]:
    return {"headcount": "", **story.stories.people(story.TEAM)}


def _the_client_answers(app: Flask, link: str) -> Visitor:
    client = Visitor(app, app.response_class)
    landing = client.get(link)
    text = text_of(landing)
    assert "Claire Montagnier, pour Rivage Formation, vous invite à compléter une demande" in text
    for fact in ("12 et 13 janvier 2027", "14 heures", "2 400,00 € net de taxe"):
        assert fact in text
    page = follow(client, client.submit(landing, button="Commencer"))
    assert page.request.path.endswith("/etapes/entreprise")
    space = client.get(page.request.path.removesuffix("etapes/entreprise"))
    assert "4 étapes, environ 4 minutes." in section(space, "Complétez votre demande")
    page = follow(client, fill(client, page, VASSEUR))
    page = follow(client, fill(client, page, _team()))
    page = follow(client, fill(client, page, {"funder": "CONSTRUCTYS", "subrogation": "oui"}))
    text = text_of(page)
    assert "Vérifiez vos réponses" in text
    assert "Amine Rahmani, Lucie Pernot, Yann Le Goff, Fatou Diallo, Bastien Moreau" in text
    assert "Oui, Constructys paie Rivage Formation" in text
    assert "Vous ne signez rien à cette étape." in text
    page = follow(client, client.submit(page, button="Envoyer et recevoir les documents"))
    text = text_of(page)
    assert f"Les trois documents partent à l’adresse {CLIENT}." in text
    assert "Déposez votre demande chez Constructys avant le lundi 28 décembre 2026" in text
    return client


def _both_receive_the_same_papers(
    app: Flask, server: Server, trainer: Visitor, client: Visitor
) -> None:
    """Byte for byte: two messages, two screens, one ZIP; and the journal is whole."""
    training = story.told_at(app, "/formateur/sessions/S-2026-0001/")
    story.work(app)
    assert server.recipients[-2:] == [CLIENT, TRAINER]
    to_client, to_trainer = (parsed(content) for content in server.received)
    assert to_client["Subject"] == "Vos documents\u00a0: devis, convention, programme (S-2026-0001)"
    received = attachments(to_client)
    assert list(received) == PAPERS
    assert attachments(to_trainer) == received
    assert f"{BASE_URL}{training.link}" in body(to_client)
    copy = f"{to_trainer.items()}{body(to_trainer)}"
    assert f"{BASE_URL}{training.page}" in copy
    assert "/l/" not in copy
    assert "/espace/" not in copy

    assert downloads(trainer, training.page) == received
    assert downloads(client, training.space) == received
    assert unzipped(client, f"{training.space}documents.zip") == received
    assert unzipped(trainer, f"{training.page}documents.zip") == received
    assert text_of(trainer.get(training.page)).count("Envoyé") >= 2
    assert "intacts" in command(app, "verify")
    with app.app_context():
        assert journal.verify() == []
        db.session.remove()


def body(message: EmailMessage) -> str:
    """What is read of a message, text and HTML."""
    parts = [part for part in message.walk() if part.get_content_maintype() == "text"]
    return "\n".join(part.get_content() for part in parts)


def attachments(message: EmailMessage) -> dict[str, str]:
    """SHA-256 of each attached PDF, by file name, in order."""
    found = {}
    for part in message.iter_attachments():
        assert part.get_content_type() == "application/pdf"
        found[str(part.get_filename())] = digest(part.get_content())
    return found


def digest(content: bytes) -> str:
    assert content.startswith(b"%PDF")
    return hashlib.sha256(content).hexdigest()


def downloads(visitor: Visitor, page: str) -> dict[str, str]:
    """The same of the « Télécharger » buttons of a page."""
    found = {}
    for link in soup_of(visitor.get(page).text).select("#documents .docs a.btn"):
        answer = visitor.get(str(link["href"]))
        disposition = answer.headers["Content-Disposition"]
        found[disposition.removeprefix("attachment; filename=")] = digest(answer.data)
    return found


def unzipped(visitor: Visitor, url: str) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(visitor.get(url).data)) as archive:
        return {name: digest(archive.read(name)) for name in archive.namelist()}
