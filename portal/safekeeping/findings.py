"""What is wrong with the data of an installation, said in French: for `flask verify`."""

import time
from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import select

from portal.accounts.models import Organisation, User
from portal.documents.models import Document, DocumentState
from portal.extensions import db, settings, store
from portal.journal import service as journal
from portal.safekeeping import rows
from portal.signature import verify as signatures
from portal.uploads.models import Upload

NBSP = "\u00a0"
SETTLED = timedelta(days=1)  # a file that young may belong to an act that is still under way


def findings(head: str | None = None) -> list[str]:
    """What was altered or lost: journal, files that rows name, signatures. Empty when nothing.

    `head` is a head of the journal that was noted elsewhere, earlier.
    """
    return [*journal.verify(head), *_altered_files(), *signatures.findings()]


def strays() -> tuple[int, int]:
    """Files that no row names, for a day at least: how many, and their octets.

    An act that was refused after its file was stored leaves one: it takes room and harms nobody.
    """
    with db.engine.connect() as connection:
        named = rows.names(connection)
    old = time.time() - SETTLED.total_seconds()
    files = [p for p in settings().files.glob("??/*") if p.is_file() and p.name not in named]
    sizes = [path.stat().st_size for path in files if path.stat().st_mtime < old]
    return len(sizes), sum(sizes)


def _altered_files() -> Iterator[str]:
    """What differs between the rows that name a file and the files themselves."""
    ready = select(Document).filter_by(state=DocumentState.READY.value).order_by(Document.id)
    for document in db.session.scalars(ready):
        name = f"{document.kind} v{document.version} de {document.training.ref}"
        yield from _altered(str(document.sha256), document.octets, name)
    for upload in db.session.scalars(select(Upload).order_by(Upload.id)):
        name = f"pièce reçue n° {upload.id}"
        yield from _altered(upload.sha256, upload.octets, name)
        for original in upload.originals:
            yield from _altered(original["sha256"], original["octets"], f"{name}, telle quelle")
        for sha256 in upload.page_images or ():
            yield from _altered(sha256, None, f"{name}, image d’une page")
    organisation = db.session.get(Organisation, 1)
    if organisation is not None and organisation.logo_sha256:
        yield from _altered(organisation.logo_sha256, None, "logo")
    for user in db.session.scalars(select(User).where(User.cv_sha256.is_not(None))):
        yield from _altered(str(user.cv_sha256), None, f"CV du compte n° {user.id}")


def _altered(sha256: str, octets: int | None, name: str) -> Iterator[str]:
    try:
        content = store().read(sha256)
    except FileNotFoundError:
        yield f"Fichier manquant{NBSP}: {name} ({sha256})"
    except OSError:
        yield f"Fichier altéré{NBSP}: {name} ({sha256})"
    else:
        if octets is not None and len(content) != octets:
            yield f"Taille inattendue{NBSP}: {name} ({len(content)} au lieu de {octets})"
