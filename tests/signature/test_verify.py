"""« Vérifier un document »: what anybody is told, and what `flask verify` finds."""

import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from click.testing import Result
from werkzeug.test import TestResponse

from portal import clock, workflow
from portal.documents import service as documents
from portal.extensions import db, store, writing
from portal.signature import copies, service, verify
from portal.signature.models import Signature
from portal.signature.rules import verification_code
from portal.signature.verify import Status, What
from tests.pages import Visitor, soup_of
from tests.signature.scene import Scene

PERSONAL = ("Vasseur", "Hélène", "Menuiserie", "Montagnier", "menuiserie-vasseur")


@pytest.fixture
def sealed(scene: Scene) -> Scene:
    assert service.finish(scene.sign(scene.issue()))
    return scene


def files(scene: Scene) -> dict[What, bytes]:
    row = scene.signature()
    return {
        What.SEALED: copies.signed_bytes(row),
        What.PROOF: copies.proof_pdf(row),
        What.SHOWN: documents.pdf_bytes(scene.document),
    }


def hand_in(visitor: Visitor, content: bytes, code: str = "") -> TestResponse:
    shown = soup_of(visitor.get("/verifier").text)
    token = shown.select_one("[name=csrf_token]")
    assert token is not None
    given = {
        "csrf_token": token["value"],
        "code": code,
        "file": (io.BytesIO(content), "convention.pdf"),
    }
    return visitor.post("/verifier", data=given, content_type="multipart/form-data")


def said(answer: TestResponse) -> str:
    text = soup_of(answer.text).get_text(" ")
    assert not [word for word in PERSONAL if word in text]
    return " ".join(text.replace("\u00a0", " ").split())


# --- What the files and the code are


def test_each_file_is_known_for_what_it_is(sealed: Scene) -> None:
    for what, content in files(sealed).items():
        found = verify.verify_file(content)
        assert (found.what, found.status) == (what, Status.AUTHENTIC)
        assert (found.reference, found.signed_at) == ("C-2026-0142", clock.now())
    proof = verify.verify_file(copies.proof_json(sealed.signature()))
    assert proof.what is What.PROOF
    for altered in (b"", b"%PDF", files(sealed)[What.SEALED] + b"\n"):
        assert verify.verify_file(altered) is verify.UNKNOWN


def test_the_printed_code_names_the_sealed_file(sealed: Scene) -> None:
    row = sealed.signature()
    found = verify.verify_code(row.code.lower().replace("-", " "))
    assert (found.what, found.sha256) == (What.CODE, row.sealed_sha256)
    assert verify.verify_code(verification_code()) is verify.UNKNOWN
    assert verify.verify_code("n’importe quoi") is verify.UNKNOWN


def test_one_flipped_octet_is_another_file(sealed: Scene) -> None:
    content = files(sealed)[What.SEALED]
    for spot in range(0, len(content), 997):
        altered = bytearray(content)
        altered[spot] ^= 1
        assert verify.verify_file(bytes(altered)) is verify.UNKNOWN


# --- The page


def test_the_page_says_it_is_authentic(sealed: Scene, anonymous: Visitor) -> None:
    contents = files(sealed)
    text = said(hand_in(anonymous, contents[What.SEALED]))
    assert "Authentique, inchangé depuis le 23 novembre 2026" in text
    assert "Convention de formation professionnelle C-2026-0142" in text
    assert "lundi 23 novembre 2026 à 10 h 00, en ligne" in text
    assert "Dossier de preuve authentique, inchangé" in said(
        hand_in(anonymous, contents[What.PROOF])
    )
    shown = said(hand_in(anonymous, contents[What.SHOWN]))
    assert "présenté à la signature" in shown
    assert "demandez l’exemplaire signé et scellé" in shown


def test_the_qr_code_opens_the_answer(sealed: Scene, anonymous: Visitor) -> None:
    code = sealed.signature().code
    answer = anonymous.get(f"/verifier?code={code.replace('-', '')}")
    assert "Code authentique depuis le 23 novembre 2026" in said(answer)
    strip = copies.signed_bytes(sealed.signature())
    assert strip  # the strip itself is read in test_seal
    typed = anonymous.submit("/verifier", {"code": code.lower()}, form="main form")
    assert "Code authentique" in said(typed)


def test_what_is_not_ours_is_said(sealed: Scene, anonymous: Visitor) -> None:
    altered = bytearray(files(sealed)[What.SEALED])
    altered[500] ^= 1
    text = said(hand_in(anonymous, bytes(altered)))
    assert "Ce fichier n’est pas un document signé de ce portail" in text
    assert "il a été modifié" in text
    unknown = said(anonymous.get(f"/verifier?code={verification_code()}"))
    assert "Ce code n’est pas celui d’un document signé de ce portail" in unknown


def test_a_mistyped_code_is_told_apart(sealed: Scene, anonymous: Visitor) -> None:
    code = sealed.signature().code
    answer = anonymous.get(f"/verifier?code={code[:-1]}")
    assert answer.status_code == 422
    assert "Ce code comporte une erreur" in said(answer)
    nothing = anonymous.submit("/verifier", {"code": " "}, form="main form")
    assert nothing.status_code == 422
    assert "Choisissez un fichier" in said(nothing)


def test_a_code_typed_is_never_markup(anonymous: Visitor) -> None:
    answer = anonymous.get("/verifier?code=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text


def test_before_the_seal_the_code_is_known(scene: Scene, anonymous: Visitor) -> None:
    scene.sign(scene.issue())
    text = said(anonymous.get(f"/verifier?code={scene.signature().code}"))
    assert "vient d’être signé" in text


def test_a_later_version_or_a_void_is_said(
    sealed: Scene, anonymous: Visitor, frozen: time_machine.Traveller
) -> None:
    content = files(sealed)[What.SEALED]
    frozen.shift(timedelta(days=2))
    with writing():
        organisation = workflow.accounts.organisation()
        documents.issue(sealed.training, organisation, clock.now(), kinds=("convention",))
    text = said(hand_in(anonymous, content))
    assert "Authentique, mais remplacé depuis le 25 novembre 2026" in text
    with writing():
        service.void(sealed.signature(), "Hélène Vasseur a changé d’avis", clock.now())
    text = said(hand_in(anonymous, content))
    assert "cette signature n’est plus valable depuis le 25 novembre 2026" in text


def test_tries_are_counted(sealed: Scene, anonymous: Visitor) -> None:
    good = f"/verifier?code={sealed.signature().code}"
    statuses = [
        anonymous.get(f"/verifier?code={verification_code()}").status_code for _ in range(31)
    ]
    assert statuses == [200] * 30 + [429]
    assert anonymous.get(good).status_code == 200  # who holds the code is never kept out


def test_files_are_counted_and_bounded(sealed: Scene, anonymous: Visitor) -> None:
    content = b"x" * 1_000
    for _ in range(60):
        assert hand_in(anonymous, content).status_code == 200
    assert hand_in(anonymous, content).status_code == 429


def test_a_file_too_large_is_refused(anonymous: Visitor) -> None:
    answer = hand_in(anonymous, b"x" * (12 * 1024 * 1024 + 1))
    assert answer.status_code == 413
    assert "dépasse 12" in answer.text
    answer.request.environ["wsgi.input"].close()  # the file the test client wrote the body to
    announced = {"CONTENT_LENGTH": str(14 * 1024 * 1024)}  # refused before it is read
    assert anonymous.post("/verifier", data={}, environ_overrides=announced).status_code == 413


def test_the_page_needs_nothing_signed(anonymous: Visitor) -> None:
    answer = anonymous.get("/verifier")
    assert answer.status_code == 200
    assert re.search(r"<form[^>]+multipart/form-data", answer.text)


# --- flask verify


def run(scene: Scene) -> Result:
    db.session.rollback()
    done = scene.app.test_cli_runner().invoke(args=["verify"])
    db.session.rollback()
    assert "Traceback" not in done.output
    return done


def test_everything_is_whole(sealed: Scene) -> None:
    done = run(sealed)
    assert done.exit_code == 0, done.output


def _rewrite(sha256: str, content: bytes) -> None:
    path = store().path(sha256)
    path.chmod(0o600)
    path.write_bytes(content)


def _flip(sha256: str | None) -> None:
    content = bytearray(store().read(str(sha256)))
    content[len(content) // 2] ^= 1
    _rewrite(str(sha256), bytes(content))


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda row: _flip(row.sealed_sha256), "document scellé altéré"),
        (lambda row: _flip(row.proof_sha256), "dossier de preuve altéré"),
        (lambda row: _flip(row.proof_json_sha256), "relevé (JSON) altéré"),
        (lambda row: store().path(row.sealed_sha256).unlink(), "document scellé manquant"),
        (lambda row: _flip(row.document.sha256), "document présenté altéré"),
    ],
)
def test_a_damaged_file_is_named(
    sealed: Scene, damage: Callable[[Signature], Any], sentence: str
) -> None:
    damage(sealed.signature())
    done = run(sealed)
    assert done.exit_code == 1
    assert f"Signature 1 (C-2026-0142)\u00a0: {sentence}" in done.output


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"code": verification_code()}, "son code de vérification a été modifié"),
        ({"evidence": "name"}, "son relevé n’est pas celui que le journal a retenu"),
        ({"sealed_sha256": "shown"}, "le fichier scellé n’est pas celui du dossier de preuve"),
        ({"sealed_sha256": "shown"}, "document scellé\u00a0: 0 cachet(s) au lieu d’un"),
        ({"document_id": 1}, "le document n’est pas celui qui a été signé"),
    ],
)
def test_a_changed_row_is_named(sealed: Scene, change: dict[str, Any], sentence: str) -> None:
    with writing():
        row = sealed.signature()
        for column, value in change.items():
            given = value
            if value == "name":
                given = {**row.evidence, "signatory": {"name": "Une autre personne"}}
            elif value == "shown":
                given = sealed.document.sha256
            setattr(row, column, given)
    done = run(sealed)
    assert done.exit_code == 1
    assert sentence in done.output


def test_a_seal_given_up_is_said(scene: Scene) -> None:
    scene.sign(scene.issue())
    with writing():
        row = scene.signature()
        row.attempts, row.error = service.MAX_ATTEMPTS, "SealError: mot de passe"
    done = run(scene)
    assert "n’a pas pu être fait (SealError: mot de passe)" in done.output
