"""One signature per version, its evidence, and what the worker makes of it."""

import json
import logging
import sqlite3
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select, text

from portal import clock, french, tasks, workflow
from portal.access import service as access
from portal.access.rules import digest
from portal.documents import service as documents
from portal.extensions import db, store, writing
from portal.journal import service as journal
from portal.journal.models import JournalEntry
from portal.signature import copies, finishing, service
from portal.signature.codes import CodeRefused
from portal.signature.models import Channel, Signature
from portal.signature.rules import canonical, consent_digest, digest_of
from portal.training.rules import Event
from portal.uploads.models import Upload
from tests.documents import papers
from tests.signature.scene import REQUEST, SIGNATORY, Scene


def signed(scene: Scene) -> int:
    return scene.sign(scene.issue())


def finished(scene: Scene) -> Signature:
    assert service.finish(signed(scene))
    return scene.signature()


# --- In the transaction


def test_a_signature_keeps_all_its_evidence(scene: Scene, frozen: time_machine.Traveller) -> None:
    tasks.run_pending(scene.app)  # the link's message leaves
    frozen.shift(timedelta(minutes=3))
    digits = scene.issue()
    tasks.run_pending(scene.app)
    frozen.shift(timedelta(minutes=2))
    with pytest.raises(CodeRefused):
        scene.sign("000000" if digits != "000000" else "000001")
    scene.sign(digits)
    row = scene.signature()
    assert (row.kind, row.name, row.function, row.email) == (
        "online",
        "Hélène Vasseur",
        "gérante",
        SIGNATORY,
    )
    found = row.evidence
    assert found["code"] == row.code
    assert found["document"]["sha256"] == scene.document.sha256
    assert found["document"]["reference"] == "C-2026-0142"
    assert found["consent"] == {
        "version": 1,
        "texts_sha256": consent_digest(),
        "sentences": scene.sentences(),
        "boxes": "aucune case cochée d’avance",
    }
    assert found["company"] == {"legal_name": "Menuiserie Vasseur", "siret": "90055312400018"}
    code = found["one_time_code"]
    assert (code["channel"], code["tries"]) == ("email", 2)
    assert code["issued_at"] < code["used_at"] == found["time"]["utc"]
    assert code["message"]["message_id"].startswith("<")
    assert code["message"]["state"] == "kept"
    (asked,) = found["link"]["messages"]
    assert asked["letter"] == "sign_request"
    assert found["link"]["address"] == SIGNATORY
    assert len(found["link"]["browsers"]) == 1
    assert found["request"] == {**REQUEST, "link_id": scene.link_id}
    assert found["time"]["paris"].endswith("+01:00")
    assert found["drawn"][0][0] == [10, 100]
    assert any("même boîte" in sentence for sentence in found["not_checked"])
    assert any("au 2e essai" in sentence for sentence in found["checked"])
    assert len(found["software"]["source_sha256"]) == 64
    last = db.session.scalars(select(JournalEntry).where(JournalEntry.event == "sign")).one()
    assert last.body["evidence"] == digest_of(found) == service.evidence_digest(row)
    assert canonical(found) == canonical(json.loads(json.dumps(found)))


def test_by_phone_the_evidence_says_so(scene: Scene) -> None:
    scene.sign(scene.issue(Channel.PHONE))
    found = scene.signature().evidence
    assert found["one_time_code"]["channel"] == "phone"
    assert found["one_time_code"]["message"] is None
    assert any("au téléphone" in sentence for sentence in found["not_checked"])
    assert not any("même boîte" in sentence for sentence in found["not_checked"])


def test_the_signatory_s_amounts_are_kept(scene: Scene) -> None:
    with writing():
        training = scene.training
        training.state, training.funded_at = "funded", clock.now()
        training.granted_cents, training.granted_vat_cents = 109_000, 0
    signed(scene)
    row = scene.signature()
    assert row.committed_cents == 80_000
    assert row.evidence["amounts"] == {
        "price_cents": 189_000,
        "vat_cents": 0,
        "granted_cents": 109_000,
        "granted_vat_cents": 0,
        "subrogation": True,
        "remainder_cents": 80_000,
        "funder_due_cents": 109_000,
        "client_due_cents": 80_000,
        "committed_cents": 80_000,
    }


def test_twenty_at_once_make_one(scene: Scene) -> None:
    """Whatever each is told, one row stands, with one code used."""
    digits = scene.issue()
    db.session.rollback()
    outcomes: list[str] = []
    gate = threading.Barrier(20)

    def press() -> None:
        with scene.app.app_context():
            gate.wait()
            try:
                scene.sign(digits)
                outcomes.append("signed")
            except (CodeRefused, workflow.Refused) as refused:
                outcomes.append(str(refused))
            finally:
                db.session.remove()

    threads = [threading.Thread(target=press) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 20
    assert outcomes.count("signed") == 1
    assert db.session.scalar(select(func.count()).select_from(Signature)) == 1
    acts = select(func.count()).select_from(JournalEntry).where(JournalEntry.event == "sign")
    assert db.session.scalar(acts) == 1
    assert journal.verify() == []


def test_a_signed_version_is_not_signed_again(scene: Scene) -> None:
    signed(scene)
    row = scene.signature()
    with pytest.raises(service.AlreadySigned, match="déjà signé"), writing():
        service.record_paper(
            scene.training,
            scene.document,
            _scan(scene),
            actor=scene.office,
            committed_cents=None,
            at=clock.now(),
        )
    with writing():
        service.void(scene.signature(), "Accord corrigé", clock.now())
    frozen = scene.signature()
    assert (frozen.void_reason, frozen.evidence) == ("Accord corrigé", row.evidence)
    with writing():  # the database itself keeps one living signature per version
        service.record_paper(
            scene.training,
            scene.document,
            _scan(scene),
            actor=scene.office,
            committed_cents=None,
            at=clock.now(),
        )
    assert db.session.scalar(select(func.count()).select_from(Signature)) == 2


@pytest.mark.parametrize("how", ["superseded", "other", "pending"])
def test_only_the_current_bytes_are_signed(scene: Scene, how: str) -> None:
    digits = scene.issue()
    shown = (scene.document_id, scene.document.sha256)
    with writing():
        if how == "superseded":
            documents.issue(
                scene.training, workflow.accounts.organisation(), clock.now(), kinds=("convention",)
            )
        elif how == "other":
            shown = (scene.document_id, "0" * 64)
        else:
            row = scene.document
            row.state, row.sha256 = "pending", None
    with pytest.raises((CodeRefused, workflow.Refused)):
        scene.sign(digits, shown=shown)
    assert db.session.scalar(select(func.count()).select_from(Signature)) == 0


# --- The worker


def test_no_box_of_the_sealed_paper_is_left_empty(scene: Scene) -> None:
    """The last page says who signed and sealed, beside the hint that a pen would have answered."""
    row = finished(scene)
    shown = papers.read(documents.pdf_bytes(scene.document)).text
    assert "Signé électroniquement le" not in shown, "the paper way keeps its boxes empty"
    sealed = papers.read(copies.signed_bytes(row)).text
    when = papers.flat(french.moment(row.signed_at))
    assert f"{row.name} Signé électroniquement le {when} Voir la marge de la page 1" in sealed
    assert "Rivage Formation Cachet électronique apposé sur ce fichier" in sealed


def test_the_worker_seals_what_was_shown(scene: Scene) -> None:
    row = finished(scene)
    shown, sealed = documents.pdf_bytes(scene.document), copies.signed_bytes(row)
    assert sealed.startswith(shown)
    assert copies.proof_pdf(row).startswith(b"%PDF")
    proof = json.loads(copies.proof_json(row))
    assert proof["evidence"] == row.evidence
    assert proof["evidence_sha256"] == digest_of(row.evidence)
    assert proof["seal"]["sha256"] == row.sealed_sha256
    assert proof["seal"]["stamp"] == "non demandé"
    assert copies.proof_json(row) == canonical(proof).encode()
    seal = db.session.scalars(select(JournalEntry).where(JournalEntry.event == "seal")).one()
    assert seal.actor_role == "clock"
    assert seal.body["sealed_sha256"] == row.sealed_sha256
    assert proof["journal"]["head"] == seal.previous
    assert (row.error, row.lease_until) == (None, None)


def test_the_journal_of_a_proof_can_be_computed_again(scene: Scene) -> None:
    from datetime import datetime

    from portal.journal.rules import entry_digest

    proof = json.loads(copies.proof_json(finished(scene)))
    entries = proof["journal"]["entries"]
    assert {"send_code", "sign"} <= {entry["event"] for entry in entries}
    for entry in entries:
        facts = {name: value for name, value in entry.items() if name != "sha256"}
        facts["at"] = datetime.fromisoformat(facts["at"])
        assert entry_digest(**facts) == entry["sha256"]
    act = next(entry for entry in entries if entry["event"] == "sign")
    assert json.loads(act["body"])["evidence"] == proof["evidence_sha256"]


def test_finishing_twice_is_harmless(scene: Scene) -> None:
    row = finished(scene)
    first = (row.sealed_sha256, row.proof_sha256)
    assert service.finish(row.id)
    again = scene.signature()
    assert (again.sealed_sha256, again.proof_sha256) == first
    assert service.pending_ids() == []
    assert not service.finish(10_000)


def test_killed_between_the_signature_and_the_seal(
    scene: Scene, frozen: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that dies in the middle leaves a lease; the next one seals, once."""
    identity = signed(scene)

    class Killed(BaseException):
        pass

    def die(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(service, "_settle", die)
        with pytest.raises(Killed):
            service.finish(identity)
    assert scene.signature().sealed_sha256 is None
    assert service.pending_ids() == []  # still leased
    assert not service.finish(identity)
    frozen.shift(service.LEASE + timedelta(seconds=1))
    tasks.run_pending(scene.app)
    row = scene.signature()
    assert row.proof_sha256 is not None
    assert row.attempts == 2
    seals = select(func.count()).select_from(JournalEntry).where(JournalEntry.event == "seal")
    assert db.session.scalar(seals) == 1


def test_two_workers_settle_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one was slower than its lease: what the second one wrote stands."""
    identity = signed(scene)
    make = finishing.make

    def slowly(signature: Signature, attempts: int) -> dict[str, str | None]:
        made = make(signature, attempts)
        if attempts == 1:
            with time_machine.travel(clock.now() + timedelta(minutes=3), tick=False):
                assert service.finish(identity)
        return made

    monkeypatch.setattr(finishing, "make", slowly)
    assert service.finish(identity)
    row = scene.signature()
    body = db.session.scalars(select(JournalEntry).where(JournalEntry.event == "seal")).one().body
    assert body["sealed_sha256"] == row.sealed_sha256


def test_a_failure_is_said_and_tried_again(
    scene: Scene,
    frozen: time_machine.Traveller,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    identity = signed(scene)
    with monkeypatch.context() as patch:
        patch.setattr(finishing, "make", lambda *_: 1 / 0)
        for number in range(1, service.MAX_ATTEMPTS + 1):
            assert not service.finish(identity)
            row = scene.signature()
            assert (row.attempts, row.error) == (number, "ZeroDivisionError: division by zero")
            assert service.pending_ids() == []
            frozen.shift(timedelta(hours=7))
        assert service.pending_ids() == []  # given up, and shown to whoever runs `verify`
    with writing():
        service.retry(scene.signature())
    assert service.pending_ids() == [identity]
    assert service.finish(identity)
    assert scene.signature().error is None


def test_the_act_itself_tells_the_worker(scene: Scene) -> None:
    """What the commit left in the queue is enough: nobody waits for the sweep."""
    signed(scene)
    queue = tasks.queue_of(scene.app.config["PORTAL"].queue).huey
    while (task := queue.dequeue()) is not None:
        queue.execute(task)
    assert scene.signature().proof_sha256 is not None


# --- On paper


def _scan(scene: Scene) -> Upload:
    content = b"%PDF-1.4 scan"
    upload = Upload(
        training_id=scene.training_id,
        purpose="signed_paper",
        name="convention signée.pdf",
        sha256=store().put(content),
        octets=len(content),
        pages=3,
        originals=[{"sha256": "a" * 64, "name": "x.pdf", "octets": 13, "type": "application/pdf"}],
        flags=[],
        received_at=clock.now(),
        received_role="client",
        received_by="Hélène Vasseur",
    )
    db.session.add(upload)
    db.session.flush()
    return upload


def test_a_paper_signature_has_its_proof_and_no_seal(scene: Scene) -> None:
    with writing():
        made = service.record_paper(
            scene.training,
            scene.document,
            _scan(scene),
            actor=scene.office,
            committed_cents=80_000,
            at=clock.now(),
        )
        identity = made.id
    assert service.finish(identity)
    row = scene.signature()
    assert (row.kind, row.sealed_sha256, row.committed_cents) == ("paper", None, 80_000)
    assert copies.signed_bytes(row) == b"%PDF-1.4 scan"
    proof = json.loads(copies.proof_json(row))
    assert proof["seal"] is None
    assert proof["evidence"]["confirmed"]["name"] == "Nadia Belkacem"
    assert any("écriture" in sentence for sentence in proof["evidence"]["not_checked"])


def test_what_belongs_to_another_dossier_is_refused(scene: Scene) -> None:
    with writing():
        stray = _scan(scene)
        db.session.expunge(stray)
    stray.training_id = 10_000
    given: dict[str, Any] = {"actor": scene.office, "committed_cents": None, "at": clock.now()}
    with pytest.raises(ValueError, match="scan"):
        service.record_paper(scene.training, scene.document, stray, **given)
    with writing():
        documents.supersede(scene.training, clock.now())
    with pytest.raises(ValueError, match="not a current paper"):
        service.record_paper(scene.training, scene.document, stray, **given)
    db.session.rollback()


# --- Secrets


def test_nothing_that_lets_sign_is_written_anywhere(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in the database, the journal, the store, the queue, nor a log: only in the message."""
    caplog.set_level(logging.DEBUG)
    config = scene.app.config["PORTAL"]
    token = access.token_of(scene.link)
    spelt = set()
    for channel in (Channel.EMAIL, Channel.PHONE):
        digits = scene.issue(channel)
        spelt |= {digits, f"{digits[:3]} {digits[3:]}", f"{digits[:3]}\u00a0{digits[3:]}"}
    scene.sign(digits)
    assert service.finish(scene.signature().id)
    db.session.rollback()
    with sqlite3.connect(config.data / "portal.sqlite3") as connection:
        written = "\n".join(connection.iterdump())
    connection.close()
    row = scene.signature()
    written += copies.proof_json(row).decode() + caplog.text
    for name in config.data.rglob("*"):
        if name.is_file() and name.suffix not in (".pem",) and "portal.sqlite3" not in name.name:
            written += name.read_bytes().decode("latin-1")
    assert token not in written
    # six digits may stand in a digest or a time by chance: never as a word of their own
    for text_ in spelt:
        assert f" {text_} " not in written
        assert f'"{text_}"' not in written
        assert f"'{text_}'" not in written
    assert digest("") not in written
    key = (config.seal / "seal.pem").read_text()
    assert key.splitlines()[1] not in written


def test_the_key_of_the_seal_is_for_the_portal_alone(scene: Scene) -> None:
    finished(scene)
    folder: Path = scene.app.config["PORTAL"].seal
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "seal.pem").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.iterdir()] == ["seal.pem"]


def test_the_database_refuses_a_second_living_signature(scene: Scene) -> None:
    signed(scene)
    columns = "training_id, document_id, kind, name, function, email, signed_at, evidence, attempts"
    copy = f"INSERT INTO signature ({columns}, code) SELECT {columns}, 'x' FROM signature"  # noqa: S608
    with pytest.raises(Exception, match="UNIQUE constraint failed"), writing():
        db.session.execute(text(copy))


def test_signing_is_the_client_s(scene: Scene) -> None:
    digits = scene.issue()
    with pytest.raises(workflow.Refused, match="votre rôle"):
        workflow.perform(
            Event.SIGN,
            scene.training,
            scene.office,
            link=scene.link,
            shown=(scene.document_id, scene.document.sha256),
            code=digits,
        )
