"""The gate's child process: `python -m portal.uploads.child FOLDER` reads `job.json` there.

It writes `answer.json`, and `reading.pdf` when the files had to be put together, or `logo.png` when
the one image given is a logo. One process for one handing-in, with limits on memory, processor and
files: whatever a file does to the libraries that read it, it does here, and ends here.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from portal.sandbox import Limits, Tripwire, confine, leave_with_parent, peak_memory
from portal.uploads.kinds import KINDS
from portal.uploads.rules import MAX_PAGES, Flag, Refusal, Rejected

LIMITS = Limits(memory=768 * 1024**2, cpu=15, file_octets=64 * 1024**2, seconds=25)
JOB, ANSWER, AT, READING, LOGO = "job.json", "answer.json", "at", "reading.pdf", "logo.png"


def main(folder: Path) -> None:
    leave_with_parent()
    asked = json.loads((folder / JOB).read_bytes())
    job = asked["files"]
    paths = [Path(file["path"]) for file in job]
    _load(any(not KINDS[file["kind"]].is_pdf for file in job))
    confine(LIMITS)
    roots = {path.parent for path in paths} | {Path("/proc/self")}
    sys.addaudithook(Tripwire(*roots, writable=folder))
    try:
        answer = _inspect(job, folder, is_logo=asked["is_logo"]) | {"memory": peak_memory()}
        (folder / ANSWER).write_text(json.dumps(answer))
    except MemoryError:
        os._exit(1)  # nothing can be written down any more: the gate draws the conclusion


def _load(has_photos: bool) -> None:
    """Everything is imported before the walls stand."""
    from portal.uploads import pdfs

    pdfs.prepare()
    if has_photos:
        from portal.uploads import photos

        photos.prepare()


def _inspect(job: list[dict[str, str]], folder: Path, *, is_logo: bool) -> dict[str, Any]:
    """What the gate needs to know, or why it must refuse."""
    try:
        return _draw_logo(job[0], folder) if is_logo else _read(job, folder)
    except Rejected as refused:
        return {"refusal": refused.refusal.value}
    except MemoryError:
        raise
    except Exception as error:
        return {
            "refusal": _refusal_of(error).value,
            "why": f"{type(error).__name__}: {error}"[:300],
        }


def _refusal_of(error: Exception) -> Refusal:
    """Libraries raise anything on a broken file; what is said depends on whose fault it is."""
    name = type(error).__name__
    if name.startswith("DecompressionBomb") or isinstance(error, RecursionError):
        return Refusal.TOO_COMPLEX
    if isinstance(error, OSError) and error.errno is not None:
        return Refusal.TOO_COMPLEX  # a limit, not the file's content: EFBIG, ENOMEM, ENOSPC
    from portal.uploads import pdfs

    return Refusal.TOO_COMPLEX if pdfs.has_met_a_limit() else Refusal.UNREADABLE


def _read(job: list[dict[str, str]], folder: Path) -> dict[str, Any]:
    from portal.uploads import pdfs

    if len(job) == 1 and KINDS[job[0]["kind"]].is_pdf:
        pdf, flags = pdfs.open_pdf(Path(job[0]["path"]))
        return {"pages": len(pdf.pages), "flags": sorted(flags)}
    return _put_together(job, folder)


def _put_together(job: list[dict[str, str]], folder: Path) -> dict[str, Any]:
    """One PDF of all the files, in the order given."""
    from pikepdf import Pdf, StreamDecodeLevel

    from portal.uploads import pdfs

    flags: set[Flag] = set()
    target = Pdf.new()
    sources = []  # pikepdf reads the copied pages from them when it saves
    for index, file in enumerate(job):
        (folder / AT).write_text(str(index))
        path, kind = Path(file["path"]), KINDS[file["kind"]]
        if kind.is_pdf:
            source, found = pdfs.open_pdf(path)
            flags |= found
            pdfs.add_pages(target, source)
            sources.append(source)
        else:
            _add_photos(target, path, file["kind"])
        if len(target.pages) > MAX_PAGES:
            raise Rejected(Refusal.TOO_MANY_PAGES, "")
    if Flag.ACTIVE in pdfs.noticed(target):
        raise Rejected(Refusal.ACTIVE, "")
    target.save(
        folder / READING,
        deterministic_id=True,  # the same files give the same PDF
        compress_streams=False,
        stream_decode_level=StreamDecodeLevel.none,
    )
    return {"pages": len(target.pages), "flags": sorted(flags), "reading": READING}


def _draw_logo(file: dict[str, str], folder: Path) -> dict[str, Any]:
    from portal.uploads import photos

    (folder / LOGO).write_bytes(photos.logo(Path(file["path"]), KINDS[file["kind"]]))
    return {}


def _add_photos(target: Any, path: Path, kind: str) -> None:
    from portal.uploads import photos

    for picture in photos.read(path, KINDS[kind]):
        photos.add_page(target, picture)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
