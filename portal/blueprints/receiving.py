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

from flask import Flask, Response, current_app, flash, request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import HTTPException

from portal import clock, french, membership, web, workflow
from portal.access import tries
from portal.access.rules import Role
from portal.accounts.models import User
from portal.blueprints.errors import bare
from portal.funding import service as fundings
from portal.training.models import TrainingSession
from portal.training.rules import Event
from portal.uploads import gate, keeping, service
from portal.uploads.gate import Incoming, Inspected
from portal.uploads.keeping import Stored
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
FIELD = "fichiers"
SENDINGS_PER_HOUR = 20
View = TypeVar("View", bound=Callable[..., Any])


def takes_files(view: View) -> View:
    """Marks a view whose requests may carry files: 60 MiB instead of a form's 256 KiB."""
    view.takes_octets = MAX_TOTAL_OCTETS  # type: ignore[attr-defined]
    return view


def takes_one_file(view: View) -> View:
    """Marks a view whose requests carry one file at most, which is read and not kept: 12 MiB."""
    view.takes_octets = MAX_OCTETS  # type: ignore[attr-defined]
    return view


def widen() -> Response | None:
    """A `before_request`, registered before what reads the form: the room a request may take.

    Only a multipart body, whose files go to the disk, gets more room: the others are read in
    memory. Answers 507 before the body is read when the disk is nearly full.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    most = getattr(view, "takes_octets", 0)
    if request.method != "POST" or request.mimetype != "multipart/form-data" or not most:
        return None
    request.max_content_length = most + BESIDE
    expected = min(request.content_length or 0, most)
    try:
        gate.check_room(service.incoming(), 2 * expected)
        gate.check_room(Path(tempfile.gettempdir()), expected)  # Werkzeug's own copy
    except Rejected as refused:
        return bare(507, "Le portail manque de place", f"{refused}.")
    return None


def admitted_octets(app: Flask, path: str) -> int:
    """Octets that a POST to `path` may carry when its page takes files, else 0.

    Asked by the server before it gathers the request, outside any request of the application.
    """
    try:
        endpoint, _ = app.url_map.bind("").match(path, "POST")
    except HTTPException:
        return 0
    most = getattr(app.view_functions[endpoint], "takes_octets", 0)
    try:
        gate.check_room(Path(tempfile.gettempdir()), 2 * most)  # the server's copy and Werkzeug's
    except Rejected:
        return 0  # `widen` says it in French, without the body
    return most + BESIDE if most else 0


@contextmanager
def receive(files: Sequence[FileStorage]) -> Iterator[Inspected]:
    """What was handed in, once the gate let it pass; nothing temporary is left afterwards.

    Raises Rejected. Parts of an empty file field are not files.
    """
    with _received(files) as incoming, gate.inspect(incoming) as inspected:
        yield inspected


def logo(files: Sequence[FileStorage]) -> str:
    """Keeps the logo that was handed in, made anew; returns its SHA-256. Raises Rejected."""
    try:
        with _received(files[:1]) as incoming:
            return keeping.store_logo(gate.logo(incoming[0]))
    except Rejected as refused:
        if refused.refusal is Refusal.NO_ROOM:
            raise
        # the sentences of papers speak of PDF and photos
        why = Refusal.LOGO if refused.name else Refusal.NO_LOGO
        raise Rejected(why, refused.name) from refused


@contextmanager
def _received(files: Sequence[FileStorage]) -> Iterator[list[Incoming]]:
    """The files of a request on the disk of the store, for as long as they are looked at."""
    given = [file for file in files if file.filename or _has_content(file)]
    if not given:
        raise Rejected(Refusal.NONE, "")
    if len(given) > MAX_FILES:
        raise Rejected(Refusal.TOO_MANY, "")
    _clear_left_over()
    folder = Path(tempfile.mkdtemp(prefix="received-", dir=service.incoming()))
    try:
        yield [_stream(file, folder / str(number)) for number, file in enumerate(given)]
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
        raise Rejected(Refusal.NO_ROOM, "") from error
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


def sentence_of(refused: Rejected) -> str:
    """The refusal for the person who sent the files: « scan.pdf » : Ce fichier est vide…"""
    if not refused.name:
        return SENTENCE[refused.refusal]
    _, dot, extension = refused.name.rpartition(".")
    name = display_name(refused.name, extension if dot and extension.isalnum() else "fichier")
    return f"«\u00a0{name}\u00a0»\u00a0: {SENTENCE[refused.refusal]}"


# --- What every door does with them


def agreement(training: TrainingSession, back: str) -> Response:
    """The funder's agreement, in a request of its own; then the page at `back`.

    A refusal is shown in the form itself to HTMX, above the page otherwise.
    """
    try:
        stored = _stored()
        waiting = fundings.open_agreement(training)
        if waiting is not None and waiting.upload.sha256 == stored.sha256:
            flash(f"{service.already_sentence(waiting.upload)}.", "info")
            return web.see_other(back)
        workflow.perform(Event.RECEIVE_AGREEMENT, training, web.actor(), stored=stored)
    except (Rejected, workflow.Refused) as error:
        return _said(error, back)
    flash(f"Bien reçu\u00a0: {_described(stored)}.", "ok")
    return web.see_other(back)


def signed_paper(training: TrainingSession, back: str) -> Response:
    """The scan of a paper signed by hand, for the office to look at; then the page at `back`."""
    try:
        stored = _stored()
        workflow.perform(Event.RECEIVE_SIGNED_PAPER, training, web.actor(), stored=stored)
    except (Rejected, workflow.Refused) as error:
        return _said(error, back)
    flash(f"Bien reçu\u00a0: {_described(stored)}.", "ok")
    return web.see_other(back)


def cv(user: User, back: str) -> Response:
    """The CV of a person with an account, which replaces the one before; then the page at `back`.

    Photos become one PDF; nothing else of them is kept.
    """
    try:
        if not tries.allow(f"cv:{user.id}", SENDINGS_PER_HOUR, 3600, clock.now()):
            raise Rejected(Refusal.TOO_OFTEN, "")
        with receive(request.files.getlist(FIELD)) as inspected:
            stored = keeping.store_reading(inspected)
    except Rejected as refused:
        return _said(refused, back, "account/cv_drop.html")
    membership.change_cv(user.id, stored.sha256, web.actor())
    flash(f"Bien reçu\u00a0: {_described(stored)}.", "ok")
    return web.see_other(back)


def _stored() -> Stored:
    """The files of this request, inspected and kept; raises Rejected."""
    actor = web.actor()
    if actor.role is Role.CLIENT and not tries.allow(
        f"upload:{actor.id}", SENDINGS_PER_HOUR, 3600, clock.now()
    ):
        raise Rejected(Refusal.TOO_OFTEN, "")
    with receive(request.files.getlist(FIELD)) as inspected:
        return keeping.store_files(inspected)


def _described(stored: Stored) -> str:
    pages = french.count(stored.pages, "page")
    return f"{stored.name} ({pages}, {french.size(stored.octets)})"


def _said(
    error: Rejected | workflow.Refused, back: str, template: str = "training/upload.html"
) -> Response:
    if isinstance(error, Rejected):
        sentence = sentence_of(error)
        status = 409 if error.refusal in (Refusal.FULL, Refusal.TOO_OFTEN) else 422
    else:
        sentence, status = " ; ".join(error.sentences), 409
    if not web.wants_fragment():
        flash(f"{sentence}.", "warn")
        return web.see_other(back)
    return web.page(template, status=status, send_url=request.path, upload_error=sentence)
