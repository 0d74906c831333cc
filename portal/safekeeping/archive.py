"""One file that holds an installation: its rows, its stored files, and what vouches for both.

A tar archive: `manifest.json`, `rows.jsonl` (one cut of the database) and `files/<sha256>`. No key
is in it: it opens no client's link, signs nobody in and seals nothing.
"""

import hashlib
import io
import json
import os
import re
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Engine

from portal.files import FileStore
from portal.safekeeping import rows

FORMAT = 1
MANIFEST, ROWS, FILES = "manifest.json", "rows.jsonl", "files/"
MANIFEST_LIMIT = 256 * 1024 * 1024  # octets: two million files
_CHUNK = 1024 * 1024
_FILE = re.compile(r"files/([0-9a-f]{64})")


class Unusable(Exception):
    """The archive cannot be made or put back; the message says why, in French."""


@dataclass(frozen=True)
class Manifest:
    """What the archive must hold. `revision` is the migration its rows were made by."""

    made_at: str  # UTC
    revision: str
    rows_sha256: str
    rows: dict[str, int]  # by table
    files: list[str]  # by SHA-256
    left_out: list[str] = field(default_factory=list)  # stored files that were altered
    format: int = FORMAT


def name_at(at: datetime) -> str:
    """« portail-20261123T150500Z.tar »."""
    return f"portail-{at:%Y%m%dT%H%M%SZ}.tar"


# --- Making one


def make(engine: Engine, store: FileStore, target: Path, at: datetime) -> Manifest:
    """Writes the whole archive under another name, then gives it its own; readable by us alone.

    Rows are read in one transaction, which holds nobody up. Files come after them: they are stored
    before the row that names them, and never change. Raises Unusable, leaving nothing.
    """
    if target.exists():
        raise Unusable(f"{target} existe déjà")
    try:
        with tempfile.TemporaryFile(dir=target.parent) as kept:
            with engine.connect() as connection:
                revision = rows.revision(connection)
                counts, names = rows.write(connection, kept)
            stored = sorted(name for name in names if store.has(name))
            altered = [name for name in stored if not _is_whole(store, name)]
            whole = [name for name in stored if name not in set(altered)]
            manifest = Manifest(at.isoformat(), revision, _digest(kept), counts, whole, altered)
            with _appearing(target) as archive:
                _add(archive, MANIFEST, json.dumps(asdict(manifest), indent=1).encode())
                _add_stream(archive, ROWS, kept)
                for name in whole:
                    _add(archive, FILES + name, store.read(name))
    except rows.Unreadable as error:
        raise Unusable(str(error)) from error
    except OSError as error:
        raise Unusable(f"La sauvegarde n’a pas pu être écrite : {error.strerror}") from error
    return manifest


def _is_whole(store: FileStore, name: str) -> bool:
    try:
        store.read(name)
    except OSError:
        return False
    return True


@contextmanager
def _appearing(target: Path) -> Iterator[tarfile.TarFile]:
    """An archive that exists once it is whole and on the disk."""
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".portail-")  # 0600
    try:
        with os.fdopen(handle, "wb") as file:
            with tarfile.open(fileobj=file, mode="w") as archive:
                yield archive
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    _add_stream(archive, name, io.BytesIO(content))


def _add_stream(archive: tarfile.TarFile, name: str, stream: IO[bytes]) -> None:
    member = tarfile.TarInfo(name)
    member.mode = 0o600
    member.size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    archive.addfile(member, stream)


def _digest(stream: IO[bytes]) -> str:
    stream.seek(0)
    digest = hashlib.sha256()
    while piece := stream.read(_CHUNK):
        digest.update(piece)
    return digest.hexdigest()


# --- Putting one back


@contextmanager
def opened(path: Path) -> Iterator[tuple[tarfile.TarFile, Manifest]]:
    """The archive, read from end to end and found whole; raises Unusable otherwise.

    No name in it is ever used as a path.
    """
    try:
        with tarfile.open(path, "r:") as archive:
            manifest = _manifest(archive)
            _check(archive, manifest)
            yield archive, manifest
    except (tarfile.TarError, EOFError) as error:
        raise Unusable("Ce fichier n’est pas une sauvegarde du portail, ou il est coupé") from error


def _manifest(archive: tarfile.TarFile) -> Manifest:
    first = archive.next()
    if first is None or first.name != MANIFEST or first.size > MANIFEST_LIMIT:
        raise Unusable("Ce fichier n’est pas une sauvegarde du portail")
    try:
        manifest = Manifest(**json.loads(_bytes(archive, first)))
    except (TypeError, ValueError) as error:
        raise Unusable("L’inventaire de la sauvegarde est illisible") from error
    if manifest.format != FORMAT:
        raise Unusable("Cette sauvegarde vient d’une version plus récente du portail")
    return manifest


def _check(archive: tarfile.TarFile, manifest: Manifest) -> None:
    expected = {ROWS: manifest.rows_sha256, **{FILES + name: name for name in manifest.files}}
    found = set()
    for member in _members(archive):
        stream = _stream(archive, member)
        if member.name in found or member.name not in expected:
            raise _unexpected(member)
        if _digest(stream) != expected[member.name]:
            raise Unusable(f"La sauvegarde est altérée ({member.name})")
        found.add(member.name)
    missing = expected.keys() - found
    if missing:
        raise Unusable(f"La sauvegarde est incomplète ({len(missing)} éléments manquent)")


def _members(archive: tarfile.TarFile) -> Iterable[tarfile.TarInfo]:
    return (member for member in archive if member.name != MANIFEST)


def _bytes(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    return _stream(archive, member).read()


def _stream(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    """The content of a file; raises Unusable for a folder, or a link that leads elsewhere."""
    stream = archive.extractfile(member) if member.isreg() else None
    if stream is None:
        raise _unexpected(member)
    return stream


def _unexpected(member: tarfile.TarInfo) -> Unusable:
    return Unusable(f"La sauvegarde contient autre chose que prévu ({member.name!r})")


def put_back_files(archive: tarfile.TarFile, store: FileStore) -> None:
    """Stores the files, each under the digest of its content: done twice, it is done once."""
    for member in _members(archive):
        if _FILE.fullmatch(member.name):
            store.put(_bytes(archive, member))


def put_back_rows(archive: tarfile.TarFile, engine: Engine, write_options: dict[str, Any]) -> None:
    """Puts all the rows into the empty tables of their version, in one transaction.

    Raises Unusable when they do not fit: nothing was written then.
    """
    stream = _stream(archive, archive.getmember(ROWS))
    with engine.connect().execution_options(**write_options) as connection, connection.begin():
        try:
            rows.read(connection, stream)
        except (rows.Unreadable, ValueError) as error:
            raise Unusable(str(error)) from error
