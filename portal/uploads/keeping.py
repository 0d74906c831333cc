"""Files that passed the gate are put in the store, durably, before any transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.extensions import settings, store
from portal.uploads import gate
from portal.uploads.gate import Inspected
from portal.uploads.rules import UNSAFE_FLAGS, Refusal, Rejected


@dataclass(frozen=True)
class Stored:
    """Files that are in the store, and whose row is still to be written."""

    name: str
    sha256: str
    octets: int
    pages: int
    originals: list[dict[str, Any]]
    flags: list[str]


def store_files(inspected: Inspected) -> Stored:
    """Keeps the files as they came, and the PDF that is read.

    Raises Rejected (NO_ROOM) when the disk is full: nothing half-written is left.
    """
    return _keep(inspected, {inspected.pdf, *inspected.paths})


def store_reading(inspected: Inspected) -> Stored:
    """Keeps the PDF alone, which people open themselves: nobody sees images of its pages before.

    Raises Rejected: NO_ROOM, or UNSAFE for what is not safe to open on one's own machine.
    """
    if UNSAFE_FLAGS.intersection(inspected.flags):
        raise Rejected(Refusal.UNSAFE, inspected.name)
    return _keep(inspected, {inspected.pdf})


def store_logo(content: bytes) -> str:
    """Keeps the organisation's logo; returns its SHA-256. Raises Rejected (NO_ROOM)."""
    with _room(len(content)):
        return store().put(content)


def _keep(inspected: Inspected, paths: set[Path]) -> Stored:
    octets = {path: path.stat().st_size for path in paths}
    with _room(sum(octets.values())):
        digests = {path: store().put(path.read_bytes()) for path in paths}
    return Stored(
        name=inspected.name,
        sha256=digests[inspected.pdf],
        octets=octets[inspected.pdf],
        pages=inspected.pages,
        originals=inspected.originals,
        flags=inspected.flags,
    )


@contextmanager
def _room(octets: int) -> Iterator[None]:
    """The store, with that much room in it; raises Rejected (NO_ROOM) when there is not."""
    try:
        settings().files.mkdir(mode=0o700, parents=True, exist_ok=True)
        gate.check_room(settings().files, octets)
        yield
    except OSError as error:
        raise Rejected(Refusal.NO_ROOM, "") from error
