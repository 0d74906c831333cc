"""Receiving files: the parts of a request become temporary files, counted, then inspected.

A view that takes files is marked with `takes_files`; the others keep the small limit of a form.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from flask import Response, current_app, request
from werkzeug.datastructures import FileStorage

from portal.blueprints.errors import bare
from portal.uploads import gate, service
from portal.uploads.gate import Incoming, Inspected
from portal.uploads.rules import (
    MAX_FILES,
    MAX_OCTETS,
    MAX_TOTAL_OCTETS,
    SENTENCE,
    Refusal,
    Rejected,
    display_name,
)

BESIDE = 1024 * 1024  # octets of the form around the files
CHUNK = 64 * 1024
LEFT_OVER = 3600.0  # seconds after which a folder left by a killed process is removed
STATUS = {
    Refusal.TOO_LARGE: 413,
    Refusal.TOO_MANY: 413,
    Refusal.FULL: 409,
    Refusal.NO_ROOM: 507,
}
View = TypeVar("View", bound=Callable[..., Any])


def takes_files(view: View) -> View:
    """Marks a view whose requests may carry files: 60 MiB instead of a form's 256 KiB."""
    view.takes_files = True  # type: ignore[attr-defined]
    return view


def widen() -> Response | None:
    """A `before_request`, registered before what reads the form: the room a request may take.

    Answers 507 before the body is read when the disk is nearly full.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    if request.method != "POST" or not getattr(view, "takes_files", False):
        return None
    request.max_content_length = MAX_TOTAL_OCTETS + BESIDE
    expected = min(request.content_length or 0, MAX_TOTAL_OCTETS)
    try:
        gate.check_room(service.incoming(), 2 * expected)
        gate.check_room(Path(tempfile.gettempdir()), expected, floor=0)  # Werkzeug's own copy
    except Rejected as refused:
        return bare(507, "Le portail manque de place", f"{refused}.")
    return None


@contextmanager
def receive(files: Sequence[FileStorage]) -> Iterator[Inspected]:
    """What was handed in, once the gate let it pass; nothing temporary is left afterwards.

    Raises Rejected. Parts of an empty file field are not files.
    """
    given = [file for file in files if file.filename or _has_content(file)]
    if not given:
        raise Rejected(Refusal.NONE, "")
    if len(given) > MAX_FILES:
        raise Rejected(Refusal.TOO_MANY, "")
    _clear_left_over()
    folder = Path(tempfile.mkdtemp(prefix="received-", dir=service.incoming()))
    try:
        incoming = [_stream(file, folder / str(number)) for number, file in enumerate(given)]
        with gate.inspect(incoming) as inspected:
            yield inspected
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _has_content(file: FileStorage) -> bool:
    first = file.stream.read(1)
    file.stream.seek(0)
    return bool(first)


def _stream(file: FileStorage, path: Path) -> Incoming:
    name = file.filename or ""
    octets = 0
    try:
        with path.open("wb") as target:
            while chunk := file.stream.read(CHUNK):
                octets += len(chunk)
                if octets > MAX_OCTETS:
                    raise Rejected(Refusal.TOO_LARGE, name)
                target.write(chunk)
    except OSError as error:
        raise Rejected(Refusal.NO_ROOM, name) from error
    return Incoming(name, file.mimetype, path, octets)


def _clear_left_over() -> None:
    """Removes what a process killed in the middle left behind, an hour later."""
    limit = time.time() - LEFT_OVER
    with os.scandir(service.incoming()) as folders:
        old = [entry.path for entry in folders if _changed_at(entry) < limit]
    for path in old:
        shutil.rmtree(path, ignore_errors=True)


def _changed_at(entry: "os.DirEntry[str]") -> float:
    try:
        return entry.stat().st_mtime
    except FileNotFoundError:
        return time.time()  # its own request has just removed it


def status_of(refused: Rejected) -> int:
    """The HTTP status that goes with a refusal."""
    return STATUS.get(refused.refusal, 422)


def sentence_of(refused: Rejected) -> str:
    """The refusal for the person who sent the files: « scan.pdf » : Ce fichier est vide…"""
    if not refused.name:
        return SENTENCE[refused.refusal]
    _, dot, extension = refused.name.rpartition(".")
    name = display_name(refused.name, extension if dot and extension.isalnum() else "fichier")
    return f"«\u00a0{name}\u00a0»\u00a0: {SENTENCE[refused.refusal]}"
