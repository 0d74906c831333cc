"""Keeping files and drawing their pages: shares, twins, leases, failures."""

import io
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image

from portal import clock
from portal.access.rules import Actor, Role
from portal.extensions import db, settings, store, writing
from portal.training.models import TrainingSession
from portal.uploads import gate, keeping, pictures, service
from portal.uploads.gate import Inspected
from portal.uploads.keeping import Stored
from portal.uploads.models import Upload, UploadState
from portal.uploads.rules import FLAG_LABEL, Flag, Purpose, Refusal, Rejected
from tests import story
from tests.uploads import papers
from tests.uploads import pictures as images

ACTOR = Actor(Role.OFFICE, 1, "Nadia Belkacem")
Inspect = Callable[..., Inspected]


@pytest.fixture
def training(app: Flask) -> int:
    """A session whose papers were sent."""
    return story.a_training(app, "sent").id


def keep(training_id: int, stored: Stored) -> int:
    with writing():
        training = db.session.get_one(TrainingSession, training_id)
        return service.record(stored, training, Purpose.AGREEMENT, ACTOR, clock.now()).id


def row(upload_id: int) -> Upload:
    db.session.rollback()
    return db.session.get_one(Upload, upload_id)


def named(sha256: str, octets: int = 100) -> Stored:
    original = {"sha256": sha256, "name": "a.pdf", "octets": octets, "type": "application/pdf"}
    return Stored("a.pdf", sha256, octets, 1, [original], [])


@pytest.mark.usefixtures("context")
def test_kept_then_drawn(training: int, inspected: Inspect) -> None:
    scan, text = images.photo(), papers.text()
    with inspected(("photo.jpg", scan), ("accord.pdf", text)) as found:
        stored = keeping.store_files(found)
        whole = found.pdf.read_bytes()
    upload_id = keep(training, stored)
    assert service.pending_ids() == [upload_id]
    assert service.prepare(upload_id)
    assert service.prepare(upload_id)  # done before: nothing to do
    assert service.pending_ids() == []
    upload = row(upload_id)
    assert upload.state == UploadState.PREPARED
    assert len(upload.page_images or []) == upload.pages == 2
    with Image.open(io.BytesIO(service.page_image(upload, 2))) as page:
        assert page.format == "JPEG"
        assert max(page.size) == pictures.LONG_SIDE
    for number in (0, 3):
        with pytest.raises(LookupError):
            service.page_image(upload, number)
    assert "Vasseur" in (upload.words or "")
    assert service.content(upload) == whole
    assert service.original(upload, 1) == (scan, "photo.jpg", "image/jpeg")
    assert service.original(upload, 2) == (text, "accord.pdf", "application/pdf")
    with pytest.raises(LookupError):
        service.original(upload, 3)
    assert upload.name == "photo et 1 autre fichier.pdf"
    assert (upload.received_role, upload.received_by) == ("office", "Nadia Belkacem")


@pytest.mark.usefixtures("context")
def test_ten_sendings_a_day(training: int, frozen: object) -> None:
    for n in range(10):
        keep(training, named(f"{n:064x}"))
    with pytest.raises(Rejected) as refused:
        keep(training, named("a" * 64))
    assert refused.value.refusal is Refusal.FULL
    frozen.shift(timedelta(hours=25))  # type: ignore[attr-defined]
    keep(training, named("a" * 64))  # nobody is stuck


@pytest.mark.usefixtures("context")
def test_60_mib_a_day(training: int) -> None:
    keep(training, named("a" * 64, 59 * 2**20))
    with pytest.raises(Rejected) as refused:
        keep(training, named("b" * 64, 2 * 2**20))
    assert refused.value.refusal is Refusal.FULL
    assert db.session.scalar(db.select(db.func.count()).select_from(Upload)) == 1


@pytest.mark.usefixtures("context")
def test_93_the_same_file_twice(training: int, inspected: Inspect) -> None:
    for turn in (1, 2):
        with inspected(("accord.pdf", papers.text())) as found:
            stored = keeping.store_files(found)
        upload = row(keep(training, stored))
        assert (Flag.SAME_FILE in upload.flags) == (turn == 2)
        assert Flag.OTHER_TRAINING not in upload.flags
    twin = service.already(db.session.get_one(TrainingSession, training), stored)
    assert twin is not None
    assert "déjà dans le dossier" in service.already_sentence(twin)


@pytest.mark.usefixtures("context")
def test_94_the_agreement_of_another_dossier(app: Flask, training: int, inspected: Inspect) -> None:
    other = story.a_training(app, "sent").id
    with inspected(("accord.pdf", papers.text()), ("a.jpg", images.photo())) as found:
        keep(other, keeping.store_files(found))
    with inspected(("renommé.pdf", papers.text())) as found:  # one of the files sent there
        upload = row(keep(training, keeping.store_files(found)))
    assert upload.flags == [Flag.OTHER_TRAINING.value]
    assert service.warnings_of(upload) == [FLAG_LABEL[Flag.OTHER_TRAINING]]


def test_95_a_hundred_at_once(app: Flask, training: int) -> None:
    """In one dossier: ten are taken, each whole, the others told why."""
    taken, refused = [], []

    def send(number: int) -> None:
        with app.app_context():
            try:
                taken.append(keep(training, named(f"{number:064x}")))
            except Rejected as error:
                refused.append(error.refusal)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=send, args=(n,)) for n in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(set(taken)) == 10
    assert refused == [Refusal.FULL] * 90


@pytest.mark.usefixtures("context")
def test_two_workers_draw_once(app: Flask, training: int, inspected: Inspect) -> None:
    with inspected(("accord.pdf", papers.text())) as found:
        upload_id = keep(training, keeping.store_files(found))
    answers: list[bool] = []

    def work() -> None:
        with app.app_context():
            answers.append(service.prepare(upload_id))
            db.session.remove()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers.count(True) >= 1
    assert row(upload_id).attempts == 1
    assert service.prepare(upload_id)


@pytest.mark.usefixtures("context")
def test_a_worker_that_died_is_followed(training: int, inspected: Inspect) -> None:
    with inspected(("accord.pdf", papers.text())) as found:
        upload_id = keep(training, keeping.store_files(found))
    with writing():
        row_of = db.session.get_one(Upload, upload_id)
        row_of.lease_until = clock.now() + service.LEASE
    assert service.pending_ids() == []
    assert not service.prepare(upload_id)
    with writing():
        db.session.get_one(Upload, upload_id).lease_until = clock.now() - timedelta(seconds=1)
    assert service.pending_ids() == [upload_id]
    assert service.prepare(upload_id)


@pytest.mark.usefixtures("context")
def test_what_cannot_be_drawn_fails_and_is_kept(
    training: int, inspected: Inspect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with inspected(("accord.pdf", papers.text())) as found:
        upload_id = keep(training, keeping.store_files(found))
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "which", lambda _name: None)
        for attempt in range(1, service.MAX_ATTEMPTS + 1):
            assert not service.prepare(upload_id)
            assert row(upload_id).attempts == attempt
    upload = row(upload_id)
    assert upload.state == UploadState.FAILED
    assert service.pending_ids() == []
    assert service.content(upload) == papers.text()
    with writing():
        service.retry(db.session.get_one(Upload, upload_id))
    assert service.prepare(upload_id)


@pytest.mark.usefixtures("context")
def test_pages_too_heavy_are_left_out(
    training: int, inspected: Inspect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with inspected(("a.pdf", papers.text()), ("b.pdf", papers.text())) as found:
        upload_id = keep(training, keeping.store_files(found))
    monkeypatch.setattr(pictures, "BATCH", 1)
    monkeypatch.setattr(pictures, "BUDGET", 0.0)
    assert service.prepare(upload_id)
    upload = row(upload_id)
    assert len(upload.page_images or []) == 1
    assert upload.flags == [Flag.PARTIAL.value]


@pytest.mark.usefixtures("context")
def test_a_long_text_is_read_on_its_first_pages(
    inspected: Inspect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with inspected(*[(f"{n}.pdf", papers.text()) for n in range(8)]) as found:
        monkeypatch.setattr(
            pictures,
            "READING",
            pictures.Limits(memory=2**29, cpu=8, file_octets=24_000, seconds=15),
        )
        words = pictures.words(found.pdf, tmp_path)
    assert words is not None
    assert words.count("<page ") == pictures.FIRST_PAGES


@pytest.mark.usefixtures("context")
def test_a_full_disk_keeps_nothing(
    training: int, inspected: Inspect, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings().files.mkdir(parents=True, exist_ok=True)
    before = sorted(settings().files.rglob("*"))
    with inspected(("accord.pdf", papers.text())) as found:
        monkeypatch.setattr(gate, "FLOOR", 2**60)
        with pytest.raises(Rejected) as refused:
            keeping.store_files(found)
    assert refused.value.refusal is Refusal.NO_ROOM
    assert sorted(settings().files.rglob("*")) == before


@pytest.fixture
def small_disk(app: Flask) -> Iterator[Path]:
    """The store on a disk of 256 KiB; skipped where a disk may not be mounted."""
    with app.app_context():
        folder = settings().files
    folder.rename(folder.with_name("aside"))
    folder.mkdir()
    options = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(options, check=False, capture_output=True).returncode:
        pytest.skip("no disk may be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.usefixtures("context")
def test_r8_a_disk_that_is_really_full(
    small_disk: Path, inspected: Inspect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "FLOOR", 0)
    noise = images.encoded(Image.effect_noise((800, 800), 90), "PNG")
    with inspected(("a.png", noise)) as found:
        monkeypatch.setattr(gate, "check_room", lambda *_: None)  # it fills up a moment later
        with pytest.raises(Rejected) as refused:
            keeping.store_files(found)
    assert refused.value.refusal is Refusal.NO_ROOM
    assert [path for path in small_disk.rglob("*") if path.is_file()] == []
    assert db.session.scalar(db.select(db.func.count()).select_from(Upload)) == 0


@pytest.mark.usefixtures("context")
def test_an_altered_file_is_not_drawn(training: int, inspected: Inspect) -> None:
    with inspected(("accord.pdf", papers.text())) as found:
        stored = keeping.store_files(found)
    upload_id = keep(training, stored)
    path = store().path(stored.sha256)
    path.chmod(0o600)
    path.write_bytes(papers.filled_form())
    assert not service.prepare(upload_id)
    assert row(upload_id).page_images is None
