"""The rows of what was handed in, and the page images people look at."""

import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import String, cast, func, or_, select

from portal import clock, french
from portal.access.models import ShareLink
from portal.access.rules import Actor, Role
from portal.extensions import claim, db, settings, store, writing
from portal.training.models import TrainingSession
from portal.uploads import pictures
from portal.uploads.keeping import Stored
from portal.uploads.models import Upload, UploadState
from portal.uploads.rules import (
    FLAG_LABEL,
    MAX_SENDINGS,
    MAX_TOTAL_OCTETS,
    SENDING_HOURS,
    Flag,
    Purpose,
    Refusal,
    Rejected,
)

LEASE = timedelta(minutes=5)  # longer than `pictures` may take
MAX_ATTEMPTS = 2  # what hangs once hangs twice: the second try is for a machine in trouble


def record(
    stored: Stored, training: TrainingSession, purpose: Purpose, actor: Actor, at: datetime
) -> Upload:
    """Writes the row, inside the caller's transaction.

    Raises Rejected: FULL past ten sendings or 60 MiB for one dossier in a day, LINK_CLOSED when the
    client's link was revoked during the transfer. A file the dossier already has, or another
    dossier has, is taken and flagged.
    """
    _check_link(actor)
    _check_share(stored, training, at)
    twin = already(training, stored)
    flags = set(stored.flags)
    if twin is not None:
        flags.add(Flag.SAME_FILE.value)
    if _is_elsewhere(stored, training):
        flags.add(Flag.OTHER_TRAINING.value)
    upload = Upload(
        training_id=training.id,
        purpose=purpose.value,
        name=stored.name,
        sha256=stored.sha256,
        octets=stored.octets,
        pages=stored.pages,
        originals=stored.originals,
        flags=sorted(flags),
        state=UploadState.RECEIVED.value,
        attempts=0,
        received_at=at,
        received_role=actor.role.value,
        received_by=actor.name,
    )
    db.session.add(upload)
    db.session.flush()
    db.session.expire(training, ["uploads"])
    return upload


def _check_link(actor: Actor) -> None:
    if actor.role is not Role.CLIENT or actor.id is None:
        return
    link = db.session.get(ShareLink, actor.id, populate_existing=True)
    if link is None or link.revoked_at is not None:
        raise Rejected(Refusal.LINK_CLOSED, "")


def _check_share(stored: Stored, training: TrainingSession, at: datetime) -> None:
    since = at - timedelta(hours=SENDING_HOURS)
    found = db.session.scalars(
        select(Upload.originals).where(
            Upload.training_id == training.id, Upload.received_at > since
        )
    ).all()
    octets = sum(original["octets"] for originals in found for original in originals)
    more = sum(original["octets"] for original in stored.originals)
    if len(found) >= MAX_SENDINGS or octets + more > MAX_TOTAL_OCTETS:
        raise Rejected(Refusal.FULL, "")


def already(training: TrainingSession, stored: Stored) -> Upload | None:
    """The last time this dossier was sent that very file, if it ever was."""
    return db.session.scalar(
        select(Upload)
        .where(Upload.training_id == training.id, Upload.sha256 == stored.sha256)
        .order_by(Upload.id.desc())
        .limit(1)
    )


def already_sentence(upload: Upload) -> str:
    """What a person who sends the same file again is told."""
    when = french.moment(upload.received_at)
    return f"Ce fichier est déjà dans le dossier\u00a0: il a été reçu le {when}"


def _is_elsewhere(stored: Stored, training: TrainingSession) -> bool:
    originals = cast(Upload.originals, String)
    same = [originals.contains(original["sha256"]) for original in stored.originals]
    return bool(
        db.session.scalar(
            select(func.count())
            .select_from(Upload)
            .where(
                Upload.training_id != training.id,
                or_(Upload.sha256 == stored.sha256, *same),
            )
        )
    )


def warnings_of(upload: Upload) -> list[str]:
    """What was noticed about a file, in French: for the organisation, never for the client."""
    return [FLAG_LABEL[Flag(flag)] for flag in upload.flags]


# --- Page images, by the worker


def pending_ids() -> list[int]:
    """The files whose pages are to be drawn, and on which nobody is at work."""
    return list(
        db.session.scalars(
            select(Upload.id)
            .where(Upload.state == UploadState.RECEIVED.value, _unleased(clock.now()))
            .order_by(Upload.id)
        )
    )


def prepare(upload_id: int) -> bool:
    """Draws the pages and reads the words; True when they stand ready, by this call or before.

    Claimed by lease: doing it twice, or dying in the middle, is harmless. After two failures the
    file is `failed`: it is kept, and can be downloaded, but has no image.
    """
    now = clock.now()
    won = claim(
        Upload,
        upload_id,
        Upload.state == UploadState.RECEIVED.value,
        _unleased(now),
        lease_until=now + LEASE,
        attempts=Upload.attempts + 1,
    )
    upload = db.session.get(Upload, upload_id)
    if upload is None or not won:
        return upload is not None and upload.state == UploadState.PREPARED.value
    sha256, pages, attempts = upload.sha256, upload.pages, upload.attempts
    db.session.rollback()  # no transaction is held while the pages are drawn
    try:
        drawn = _draw(sha256, pages)
    except (OSError, pictures.NotDrawn) as error:
        _note_failure(upload_id, attempts, error)
        return False
    with writing():
        row = db.session.get(Upload, upload_id)
        if row is None or row.state != UploadState.RECEIVED.value:
            return row is not None
        row.page_images, row.words = drawn.images, drawn.words
        if len(drawn.images) < pages:
            row.flags = sorted({*row.flags, Flag.PARTIAL.value})
        row.state, row.lease_until = UploadState.PREPARED.value, None
    return True


@dataclass(frozen=True)
class _Drawn:
    images: list[str]
    words: str | None


def _draw(sha256: str, pages: int) -> _Drawn:
    """Images in the store, and the words; raises pictures.NotDrawn when no page can be shown."""
    files = store()
    files.read(sha256)  # an altered file is not drawn
    with tempfile.TemporaryDirectory(prefix="drawing-", dir=incoming()) as name:
        folder = Path(name)
        words = pictures.words(files.path(sha256), folder)
        images = [
            files.put(content) for content in pictures.draw(files.path(sha256), pages, folder)
        ]
    return _Drawn(images, words)


def _note_failure(upload_id: int, attempts: int, error: Exception) -> None:
    pictures.log.warning("upload %d: not drawn (%s)", upload_id, error)
    over = attempts >= MAX_ATTEMPTS
    claim(
        Upload,
        upload_id,
        Upload.state == UploadState.RECEIVED.value,
        state=(UploadState.FAILED if over else UploadState.RECEIVED).value,
        lease_until=None,
    )


def retry(upload: Upload) -> None:
    """Puts a failed file back among those to draw; inside the caller's transaction."""
    if upload.state == UploadState.FAILED.value:
        upload.state, upload.attempts = UploadState.RECEIVED.value, 0
        upload.lease_until = None


def _unleased(now: datetime) -> Any:
    return or_(Upload.lease_until.is_(None), Upload.lease_until < now)


# --- Reading what is kept


def incoming() -> Path:
    """Where files stand while they are received or drawn: on the disk of the store."""
    folder = settings().data / "incoming"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def page_image(upload: Upload, number: int) -> bytes:
    """The image (JPEG) of that page, the first being 1; raises LookupError when there is none."""
    images = upload.page_images or []
    if not 1 <= number <= len(images):
        raise LookupError(number)
    return store().read(images[number - 1])


def content(upload: Upload) -> bytes:
    """The PDF that is read. Handed out as a download only, never shown by the browser."""
    return store().read(upload.sha256)


def original(upload: Upload, number: int) -> tuple[bytes, str, str]:
    """One file as it came (the first being 1): content, name and type; raises LookupError."""
    if not 1 <= number <= len(upload.originals):
        raise LookupError(number)
    found = upload.originals[number - 1]
    return store().read(found["sha256"]), found["name"], found["type"]
