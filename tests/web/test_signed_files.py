"""What was signed reaches everybody sealed, with its proof: by e-mail, and on each one's page."""

import io
import zipfile
from collections.abc import Callable

import pytest
from flask import Flask

from portal import clock, tasks, workflow
from portal.access.rules import Actor, Role
from portal.emails import outbox
from portal.emails.message import WrongAttachment
from portal.emails.models import Email
from portal.extensions import db, store, writing
from portal.signature import service
from portal.signature.models import Signature
from portal.training.models import TrainingSession
from portal.training.rules import Event
from tests import second_half, story
from tests.conftest import OFFICE, OTHER_TRAINER, TRAINER, sign_in
from tests.pages import Visitor, soup_of, text_of
from tests.screens import follow
from tests.second_half import ask_code, open_sign_link, press_sign
from tests.story import Told, a_training, messages

pytestmark = pytest.mark.usefixtures("frozen")
app = story.app_of_the_module()
ClientOf = Callable[[int], Visitor]


def mails_of(app: Flask, training: Told, letter: str) -> tuple[str, dict[str, bytes]]:
    """The state of that message, and its attachments as they leave."""
    with app.app_context():
        mail = story.last_email(training, letter)
        attached = {str(a.filename): bytes(a.data) for a in outbox.message_of(mail).attachments}
        return mail.state, attached


def sealed_row(app: Flask, training: Told) -> Signature:
    query = db.select(Signature).filter_by(training_id=training.id)
    return db.session.scalars(query.order_by(Signature.id.desc())).first() or pytest.fail("none")


@pytest.fixture
def signed(app: Flask) -> tuple[Told, Visitor, str]:
    """The convention really printed, and signed; the worker has not come by yet."""
    training = a_training(app, "funded")
    tasks.run_pending(app)
    visitor, place = open_sign_link(app, training.id)
    page, code = ask_code(app, training.id, visitor, place)
    assert press_sign(visitor, page, code).status_code == 303
    return training, visitor, place


def test_the_messages_wait_for_the_seal_then_carry_it(
    app: Flask, signed: tuple[Told, Visitor, str]
) -> None:
    training, visitor, place = signed
    letters = ("signed_to_client", "signed_to_trainer", "signed_to_office")
    with app.app_context():
        for mail_id in outbox.due_ids(clock.now()):
            outbox.deliver(mail_id)
    for letter in letters:
        assert mails_of(app, training, letter) == ("queued", {})
    receipt = visitor.get(f"{place}signe")
    assert "Le cachet de Rivage Formation est apposé dans un instant" in text_of(receipt)
    assert visitor.get(f"{place}signe/document").status_code == 404
    tasks.run_pending(app)
    with app.app_context():
        row = sealed_row(app, training)
        sealed, proof = store().read(str(row.sealed_sha256)), store().read(str(row.proof_sha256))
        shown = store().read(str(row.document.sha256))
    assert sealed.startswith(shown)
    number = training.ref.removeprefix("S-")
    name = f"Convention-C-{number}-v2-signe.pdf"
    for letter in letters:
        state, attached = mails_of(app, training, letter)
        assert state == "kept"
        assert attached == {name: sealed, f"Preuve-C-{number}-v2.pdf": proof}
    assert visitor.get(f"{place}signe/document").data == sealed
    receipt = visitor.get(f"{place}signe")
    assert "Télécharger le document signé (PDF)" in text_of(receipt)


def test_everybody_finds_it_on_its_page(
    app: Flask, client_of: ClientOf, signed: tuple[Told, Visitor, str]
) -> None:
    training, _visitor, _place = signed
    trainer, office, client = sign_in(app, TRAINER), sign_in(app, OFFICE), client_of(training.id)
    file = f"/organisme/dossiers/{training.ref}/"
    for visitor, place in ((trainer, training.page), (office, file), (client, training.space)):
        assert "Cachet en cours" in text_of(visitor.get(place))
    tasks.run_pending(app)
    with app.app_context():
        row = sealed_row(app, training)
        files = {
            "document": store().read(str(row.sealed_sha256)),
            "preuve": store().read(str(row.proof_sha256)),
            "donnees": store().read(str(row.proof_json_sha256)),
        }
        identity = row.id
    for visitor, place in ((trainer, training.page), (office, file), (client, training.space)):
        page = visitor.get(place)
        assert "Signé le 23 novembre 2026 par Hélène Vasseur, Gérante" in text_of(page)
        found = {str(a["href"]) for a in soup_of(page.text).select("#documents a")}
        for name, content in files.items():
            address = f"{place}signatures/{identity}/{name}"
            assert address in found
            answer = visitor.get(address)
            assert answer.data == content
            assert answer.headers["Content-Disposition"].startswith("attachment")
        assert visitor.get(f"{place}signatures/{identity}/autre").status_code == 404
        archive = zipfile.ZipFile(io.BytesIO(visitor.get(f"{place}documents.zip").data))
        assert files["document"] in [archive.read(name) for name in archive.namelist()]


def test_nobody_else_gets_it(
    app: Flask, client_of: ClientOf, signed: tuple[Told, Visitor, str]
) -> None:
    """With the number of the signature, from another dossier, or from outside."""
    training, visitor, place = signed
    tasks.run_pending(app)
    elsewhere = a_training(app, "funded")
    story.made(app, elsewhere)
    stranger, their_place = open_sign_link(app, elsewhere.id)
    with app.app_context():
        identity = sealed_row(app, training).id
    path = f"signatures/{identity}/document"
    assert client_of(elsewhere.id).get(elsewhere.space + path).status_code == 404
    assert client_of(elsewhere.id).get(training.space + path).status_code == 403
    assert sign_in(app, TRAINER).get(elsewhere.page + path).status_code == 404
    assert sign_in(app, OTHER_TRAINER).get(training.page + path).status_code == 404
    assert stranger.get(f"{their_place}signe/document").status_code == 404
    assert stranger.get(f"{place}signe/document").status_code == 403
    assert visitor.get(f"{place}signe/document").status_code == 200


def test_a_signature_taken_back_before_the_seal_is_not_announced(
    app: Flask, signed: tuple[Told, Visitor, str]
) -> None:
    training, _visitor, _place = signed
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        clerk = Actor(Role.OFFICE, 3, "Nadia Belkacem")
        workflow.perform(Event.CORRECT_AGREEMENT, row, clerk, reason="Montant mal lu")
    tasks.run_pending(app)
    assert mails_of(app, training, "signed_to_client")[0] == "cancelled"


def test_a_voided_signature_is_not_announced_even_once_sealed(
    app: Flask, signed: tuple[Told, Visitor, str]
) -> None:
    training, _visitor, _place = signed
    with app.app_context(), writing():
        service.void(sealed_row(app, training), "Dates changées", clock.now())
    tasks.run_pending(app)
    for letter in ("signed_to_client", "signed_to_trainer", "signed_to_office"):
        assert mails_of(app, training, letter)[0] == "cancelled"


def test_what_another_dossier_signed_never_leaves(
    app: Flask, signed: tuple[Told, Visitor, str]
) -> None:
    training, _visitor, _place = signed
    other = a_training(app, "signed")
    with app.app_context():
        theirs = sealed_row(app, other).id
        with writing():
            mail = story.last_email(training, "signed_to_client")
            mail.context = mail.context | {"signature_id": theirs}
        with pytest.raises(WrongAttachment):
            outbox.message_of(mail)
        identity = mail.id
        outbox.deliver(identity)
        db.session.expire_all()
        assert db.session.get_one(Email, identity).state == "failed"


def test_a_scan_is_what_leaves_of_a_paper_signature(app: Flask) -> None:
    training = a_training(app, "funded")
    tasks.run_pending(app)
    office = sign_in(app, OFFICE)
    page = f"/organisme/dossiers/{training.ref}/"
    scan = second_half.paper("Convention signée à la main")
    form = "form[action$=signature-papier]"
    answer = second_half.hand_in(office, page, (scan, "scan.pdf"), form=form)
    page_of_scan = follow(office, answer)
    seen = office.submit(page_of_scan, {"seen": "y"}, button="Enregistrer la signature")
    assert "Signature sur papier enregistrée" in text_of(follow(office, seen))
    tasks.run_pending(app)
    state, attached = mails_of(app, training, "signed_to_client")
    assert state == "kept"
    assert scan in attached.values()
    assert len(attached) == 2
    text = messages(app, training)[-1]["text"]
    assert "a signé C-" in text
    assert "sur papier" in text
    assert "Signé sur papier le 23 novembre 2026" in text_of(office.get(page))
