"""The gate: what is handed in is inspected here, in a child process, before any row is touched.

No library that decodes PDF or images is imported in this process.
"""

import hashlib
import json
import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from portal import sandbox
from portal.uploads import kinds
from portal.uploads.child import ANSWER, AT, JOB, LIMITS, LOGO
from portal.uploads.rules import (
    MAX_FILES,
    MAX_OCTETS,
    MAX_TOTAL_OCTETS,
    Flag,
    Refusal,
    Rejected,
    display_name,
)

FLOOR = 512 * 1024 * 1024  # octets left free on the disk: the database and the mails need them
MORE_SECONDS = 5.0  # by the clock, for each further file: ten photos on a busy machine
AT_ONCE = 2  # children of one process: four threads must not ask for 3 GiB together
_turns = threading.BoundedSemaphore(AT_ONCE)
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Incoming:
    """One file as it came, already in a temporary file. `declared` is what the browser said."""

    name: str
    declared: str
    path: Path
    octets: int


@dataclass(frozen=True)
class Inspected:
    """Files that are taken. Closing it removes the folder where they were put together.

    `pdf` is what will be read: the original when one PDF was given, else all of them in order.
    `originals` are [{"sha256", "name", "octets", "type"}], whose contents are at `paths`.
    """

    name: str
    pdf: Path
    pages: int
    flags: list[str]
    originals: list[dict[str, Any]]
    paths: tuple[Path, ...]
    folder: Path

    def __enter__(self) -> "Inspected":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def check_room(folder: Path, octets: int, floor: int | None = None) -> None:
    """Raises Rejected (NO_ROOM) when that much more would leave too little of the disk."""
    disk = os.statvfs(folder)
    if disk.f_bavail * disk.f_frsize - octets < (FLOOR if floor is None else floor):
        raise Rejected(Refusal.NO_ROOM, "")


def inspect(files: Sequence[Incoming]) -> Inspected:
    """The verdict on one handing-in; raises Rejected, which names the file at fault.

    Works in a folder of its own beside the files: use the result as a context manager.
    """
    found = _admit(files)
    folder = Path(tempfile.mkdtemp(prefix="gate-", dir=files[0].path.parent))
    try:
        answer = _ask(files, found, folder)
        return _taken(files, found, answer, folder)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise Rejected(Refusal.NO_ROOM, "") from error
        raise


def logo(file: Incoming) -> bytes:
    """The PNG that papers print, made anew from a PNG or a JPEG; raises Rejected."""
    found = _admit([file])
    if found[0] not in (kinds.PNG, kinds.JPEG):
        raise Rejected(Refusal.LOGO, file.name)
    folder = Path(tempfile.mkdtemp(prefix="gate-", dir=file.path.parent))
    try:
        _ask([file], found, folder, is_logo=True)
        return (folder / LOGO).read_bytes()
    except OSError as error:
        raise Rejected(Refusal.NO_ROOM, "") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _admit(files: Sequence[Incoming]) -> list[kinds.Kind]:
    """The kind of each file; raises Rejected on what its size or its first octets condemn."""
    if not files:
        raise Rejected(Refusal.NONE, "")
    if len(files) > MAX_FILES or sum(file.octets for file in files) > MAX_TOTAL_OCTETS:
        raise Rejected(Refusal.TOO_MANY, "")
    found = []
    for file in files:
        if not file.octets:
            raise Rejected(Refusal.EMPTY, file.name)
        if file.octets > MAX_OCTETS:
            raise Rejected(Refusal.TOO_LARGE, file.name)
        with file.path.open("rb") as content:
            head = content.read(kinds.HEAD)
        refusal = kinds.refusal_of(file.name, head)
        kind = kinds.sniff(head)
        if refusal or kind is None:
            raise Rejected(refusal or Refusal.KIND, file.name)
        found.append(kind)
    return found


def _ask(
    files: Sequence[Incoming], found: list[kinds.Kind], folder: Path, *, is_logo: bool = False
) -> dict[str, Any]:
    """What the child answers; raises Rejected when it refuses, dies or is late."""
    job = [
        {"path": str(file.path), "kind": kind.code} for file, kind in zip(files, found, strict=True)
    ]
    (folder / JOB).write_text(json.dumps({"files": job, "is_logo": is_logo}))
    seconds = LIMITS.seconds + MORE_SECONDS * (len(files) - 1)
    with _turns:
        end = sandbox.run_module("portal.uploads.child", [str(folder)], folder / "errors", seconds)
    at = folder / AT
    file = files[int(at.read_text() or 0) if at.exists() else 0]
    if end.code or end.is_late or not (folder / ANSWER).exists():
        log.warning("gate: child ended with %d (late: %s)", end.code, end.is_late)
        raise Rejected(Refusal.TOO_COMPLEX, file.name)
    answer: dict[str, Any] = json.loads((folder / ANSWER).read_bytes())
    log.info("gate: %.2f s of processor, %d MiB", end.cpu, answer["memory"] >> 20)
    if "refusal" in answer:
        log.info("gate: refused as %s (%s)", answer["refusal"], answer.get("why", ""))
        raise Rejected(Refusal(answer["refusal"]), file.name)
    return answer


def _taken(
    files: Sequence[Incoming], found: list[kinds.Kind], answer: dict[str, Any], folder: Path
) -> Inspected:
    flags = set(answer["flags"])
    originals = []
    for file, kind in zip(files, found, strict=True):
        content = file.path.read_bytes()
        if kinds.holds_another_format(kind, content[: kinds.HEAD], content[-kinds.TAIL :]):
            flags.add(Flag.FOREIGN.value)
        originals.append(
            {
                "sha256": hashlib.sha256(content).hexdigest(),
                "name": display_name(file.name, kind.extension),
                "octets": len(content),
                "type": kind.mimetype,
            }
        )
    return Inspected(
        name=_name(files),
        pdf=folder / answer["reading"] if "reading" in answer else files[0].path,
        pages=int(answer["pages"]),
        flags=sorted(flags),
        originals=originals,
        paths=tuple(file.path for file in files),
        folder=folder,
    )


def _name(files: Sequence[Incoming]) -> str:
    """« IMG_0412.pdf », « IMG_0412 et 2 autres fichiers.pdf »."""
    name = display_name(files[0].name, "pdf")
    others = len(files) - 1
    if not others:
        return name
    more = "1 autre fichier" if others == 1 else f"{others} autres fichiers"
    return f"{name.removesuffix('.pdf')} et {more}.pdf"
