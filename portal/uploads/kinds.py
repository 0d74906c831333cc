"""What a file is, told from its first and last octets. Pure: nothing is opened or decoded."""

import re
from dataclasses import dataclass

from portal.uploads.rules import Refusal

HEAD = 4096
TAIL = 65_557  # the end of a ZIP lies within these octets
PDF_WITHIN = 1024  # readers accept that much before « %PDF »


@dataclass(frozen=True)
class Kind:
    """One kind we take; `formats` are the readers Pillow may try."""

    code: str
    extension: str
    mimetype: str
    formats: tuple[str, ...] = ()

    @property
    def is_pdf(self) -> bool:
        return self.code == "pdf"


PDF = Kind("pdf", "pdf", "application/pdf")
JPEG = Kind("jpeg", "jpg", "image/jpeg", ("JPEG", "MPO"))
PNG = Kind("png", "png", "image/png", ("PNG",))
HEIC = Kind("heic", "heic", "image/heic", ("HEIF",))
WEBP = Kind("webp", "webp", "image/webp", ("WEBP",))
TIFF = Kind("tiff", "tif", "image/tiff", ("TIFF",))
KINDS = {kind.code: kind for kind in (PDF, JPEG, PNG, HEIC, WEBP, TIFF)}

IMAGE_EXTENSIONS = frozenset({"jpg", "jpeg", "jpe", "jfif", "png", "heic", "heif", "hif", "webp"})
EXTENSIONS = IMAGE_EXTENSIONS | {"pdf", "tif", "tiff"}
OFFICE_EXTENSIONS = frozenset(
    "doc docx docm dot dotx odt ott xls xlsx xlsm ods ppt pptx odp rtf pages numbers".split()
)
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
# Contents with a name of their own: under one of our extensions, the file is disguised.
_OTHERS = re.compile(
    rb"GIF8|MZ|\x7fELF|#!|PK[\x03\x05]|Rar!|7z\xbc\xaf|\x1f\x8b|%!|\xc5\xd0\xd3\xc6|BM.{4}\0{4}|"
    rb"\xff\x0a|\0\0\0\x0cJXL |\xca\xfe\xba\xbe|L\0\0\0\x01\x14\x02\0|\[InternetShortcut\]|"
    rb"X5O!P%@AP|\s*<|(?:From|Received|Return-Path|MIME-Version|Subject|Delivered-To): ?\S",
    re.IGNORECASE | re.DOTALL,
)
_OFFICE = re.compile(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1|\{\\rtf")
_OFFICE_ZIP = re.compile(
    rb"\[Content_Types\]\.xml|_rels/|(?:word|xl|ppt)/|"
    rb"mimetypeapplication/vnd\.(?:oasis|openxmlformats)"
)
_END_OF_ZIP = b"PK\x05\x06"
_PROGRAM = re.compile(rb"<\?php|<script[\s>]|<html[\s>]|<!doctype html", re.IGNORECASE)


def extension_of(name: str) -> str:
    """« pdf » for « Accord.PDF. »; "" when there is none."""
    base = re.split(r"[\\/]", name)[-1].rstrip(". \t\r\n")
    stem, dot, extension = base.rpartition(".")
    return extension.lower() if dot and stem else ""


def sniff(head: bytes) -> Kind | None:
    """The kind we take that begins so, whatever the file is called."""
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head[:4] in (b"II*\0", b"MM\0*"):
        return TIFF
    if head[4:8] == b"ftyp":
        return HEIC if _is_heic(head) else None
    if not _OTHERS.match(head) and b"%PDF-" in head[:PDF_WITHIN]:
        return PDF
    return None


def _is_heic(head: bytes) -> bool:
    size = int.from_bytes(head[:4], "big")
    major, others = head[8:12], head[16 : min(size, 256)]
    return major in _HEIC_BRANDS and (major not in (b"mif1", b"msf1") or b"avif" not in others)


def refusal_of(name: str, head: bytes) -> Refusal | None:
    """Why a file so called, that begins so, is not taken; None when it may be inspected."""
    extension = extension_of(name)
    kind = sniff(head)
    if extension in OFFICE_EXTENSIONS or (kind is None and _is_office(head)):
        return Refusal.KIND if extension == "msg" else Refusal.OFFICE_FILE
    if extension and extension not in EXTENSIONS:
        return Refusal.KIND
    if kind is None:
        if not extension:
            return Refusal.KIND
        return Refusal.DISGUISED if _is_something_else(head) else Refusal.UNREADABLE
    # A photo under another photo's extension is what phones and messengers do; anything else is odd
    if extension and kind.is_pdf != (extension == "pdf"):
        return Refusal.DISGUISED
    return None


def _is_office(head: bytes) -> bool:
    return bool(_OFFICE.match(head)) or (
        head.startswith(b"PK\x03\x04") and bool(_OFFICE_ZIP.search(head))
    )


def _is_something_else(head: bytes) -> bool:
    return bool(_OTHERS.match(head)) or head[4:8] == b"ftyp"


def holds_another_format(kind: Kind, head: bytes, tail: bytes) -> bool:
    """Whether a file we take could also be opened as an archive, a page or a script."""
    # A PDF may hold HTML in a readable stream, or an attached archive: its body does not count.
    after = tail.rpartition(b"%%EOF")[2] if kind.is_pdf else tail
    before = head.partition(b"%PDF-")[0] if kind.is_pdf else head
    if _PROGRAM.search(before) or _PROGRAM.search(after) or _END_OF_ZIP in after:
        return True
    found = tail.rfind(_END_OF_ZIP)
    comment = int.from_bytes(tail[found + 20 : found + 22], "little")
    return found >= 0 and found + 22 + comment == len(tail)
