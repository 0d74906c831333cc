"""Pages as images and words, by poppler's programs, each in a limited process of its own."""

import logging
import re
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from portal import sandbox
from portal.sandbox import Limits

LONG_SIDE = 1600  # pixels: an A4 page can be read on a wide screen
BATCH = 10  # pages drawn by one process
DRAWING = Limits(memory=768 * 1024**2, cpu=15, file_octets=16 * 1024**2, seconds=25)
BUDGET = 120.0  # seconds for all the pages of one file
MAX_WORDS = 2 * 1024 * 1024  # octets of the list of words
FIRST_PAGES = 5  # read alone when the whole text is too long: an agreement says it all there
READING = Limits(memory=512 * 1024**2, cpu=8, file_octets=MAX_WORDS, seconds=15)
# Control characters that XML does not know
_NOT_XML = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")

log = logging.getLogger(__name__)


class NotDrawn(RuntimeError):
    """No page could be drawn; the message is for the journal of the machine."""


def draw(pdf: Path, pages: int, folder: Path) -> Iterator[bytes]:
    """JPEG images of the pages, in order, a few at a time.

    Stops early when a page asks too much or the whole takes more than two minutes; raises NotDrawn
    when not even the first page comes.
    """
    program = _program("pdftoppm")
    started = time.monotonic()
    for first in range(1, pages + 1, BATCH):
        last = min(first + BATCH - 1, pages)
        span = ["-f", str(first), "-l", str(last)]
        options = ["-jpeg", "-jpegopt", "quality=80", "-scale-to", str(LONG_SIDE), *span]
        end = sandbox.run_program(
            program, [*options, str(pdf), str(folder / "page")], folder / "errors", DRAWING
        )
        drawn = _whole(sorted(folder.glob("page-*.jpg"), key=_number), first)
        for path in drawn:
            yield path.read_bytes()
        if first == 1 and not drawn:
            raise NotDrawn(f"pdftoppm ended with {end.code}: {_last_line(folder / 'errors')}")
        for path in folder.glob("page-*.jpg"):
            path.unlink()
        if len(drawn) <= last - first or time.monotonic() - started > BUDGET:
            return


def _whole(paths: list[Path], first: int) -> list[Path]:
    """The images that follow one another from `first` on, and were written to their end."""
    whole = []
    for number, path in enumerate(paths, first):
        with path.open("rb") as file:
            file.seek(-min(2, path.stat().st_size), 2)
            is_whole = file.read() == b"\xff\xd9"
        if not is_whole or _number(path) != number:
            break
        whole.append(path)
    return whole


def _number(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])


def words(pdf: Path, folder: Path) -> str | None:
    """Every word with its place, as XML (poppler's -bbox-layout); None when it cannot be had.

    A text of more than 2 MB is read on its first pages only.
    """
    program = _program("pdftotext")
    output = folder / "words.xml"
    for span in ([], ["-l", str(FIRST_PAGES)]):
        arguments = ["-bbox-layout", "-enc", "UTF-8", *span, str(pdf), str(output)]
        end = sandbox.run_program(program, arguments, folder / "errors", READING)
        text = output.read_bytes().decode("utf-8", errors="replace") if output.exists() else ""
        if end.code == 0 and text.rstrip().endswith("</html>"):
            return _NOT_XML.sub("\ufffd", text)
        if end.code != -signal.SIGXFSZ:
            break  # only a text that is too long is worth asking less of
    log.warning("pdftotext ended with %d: %s", end.code, _last_line(folder / "errors"))
    return None


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise NotDrawn(f"{name} is not installed (Debian: apt install poppler-utils)")
    return found


def _last_line(path: Path) -> str:
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    return lines[-1][:200] if lines else ""
