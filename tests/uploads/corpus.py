"""The hostile files, numbered 1 to 77: name, content, expected verdict, time and memory each.

Everything is generated, with seeded chance; nothing is kept. Numbers 32 to 38 are requests, 78 to
92 names and 93 to 97 behaviours: they have tests of their own.
"""

import io
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from tests.uploads import papers, pictures, raw
from tests.uploads.papers import link, opens, rich, saved
from tests.uploads.pictures import flat_png
from tests.uploads.raw import agreement

Content = Callable[[], bytes]
ACTIVE, ATTACHMENT = ("active",), ("active", "attachment")
AFAR = rb"(\\\\evil.example\\x)"
SECONDS, MIBS = 2.0, 130  # of most entries: a start of Python and one small file
PHOTO = 320  # MiB for an ordinary photo


@dataclass(frozen=True)
class Entry:
    """`verdict` is "ok" or a refusal; `seconds` and `mibs` are what the child may cost.

    `draws` are the seconds the worker may take to draw it and read its words.
    """

    number: str
    what: str
    files: tuple[tuple[str, Content], ...]
    verdict: str = "ok"
    flags: tuple[str, ...] = ()
    pages: int = 1
    seconds: float = SECONDS
    mibs: int = MIBS
    draws: float = 3.0
    is_drawn: bool = True
    declared: str = "application/octet-stream"


def one(
    number: int | str,
    what: str,
    name: str,
    content: Content | bytes,
    verdict: str = "ok",
    flags: tuple[str, ...] = (),
    **more: float,
) -> Entry:
    made = (lambda: content) if isinstance(content, bytes) else content
    return Entry(str(number), what, ((name, made),), verdict, flags, **more)  # type: ignore[arg-type]


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "application/vnd.oasis.opendocument.text")
    return out.getvalue()


HTML = b"<!DOCTYPE html><html><body><script>window.pwn = 1</script></body></html>"
PROGRAM = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff" + b"\0" * 500
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + rb"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
MAIL = b"From: client@vasseur.example\r\nSubject: accord\r\n\r\nBonjour"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 1000
SHORTCUT = b"[InternetShortcut]\r\nURL=https://evil.example/\r\n"
POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n(%PDF-1.4) (/etc/passwd) (r) file\n"

SOUND = (
    one(1, "text", "accord.pdf", papers.text),
    one(2, "scan of 10 MB", "scan.pdf", papers.scan, pages=5, draws=8),
    one(3, "signed by the fund", "accord.pdf", papers.signed, flags=("signed",)),
    one(4, "owner password", "accord.pdf", papers.owner_only, flags=("restricted",)),
    one(
        "4b",
        "owner password, old",
        "accord.pdf",
        lambda: papers.owner_only(3),
        flags=("restricted",),
    ),
    one(5, "PDF/A-3 with XML", "a.pdf", papers.archive_with_xml, flags=("attachment",)),
    one(6, "linearised", "accord.pdf", lambda: saved(linearize=True)),
    one(7, "PDF 2.0", "accord.pdf", lambda: saved(force_version="2.0")),
    one(8, "form filled in", "accord.pdf", papers.filled_form),
    one(9, "HEIC", "IMG_0412.HEIC", pictures.heic, mibs=PHOTO),
    one("9b", "HEIC in tiles", "IMG_0413.heic", lambda: pictures.heic(512), mibs=PHOTO),
    one(10, "JPEG on its side", "IMG_1.jpg", lambda: pictures.photo(orientation=6)),
    one(11, "PNG screenshot", "Capture.png", pictures.screenshot),
    Entry(
        "12",
        "three photos",
        tuple((f"{n}.jpg", lambda c=c: pictures.photo(c)) for n, c in enumerate(pictures.COLOURS)),
        pages=3,
    ),
    Entry(
        "12b",
        "photo, PDF, photo",
        (
            ("1.jpg", pictures.photo),
            ("2.pdf", lambda: opens(b"/S /JavaScript /JS (1)")),
            ("3.png", pictures.screenshot),
        ),
        flags=ACTIVE,
        pages=3,
    ),
    one(13, "WebP", "a.webp", lambda: pictures.encoded(pictures.drawing(), "WEBP")),
    one(14, "TIFF of 3 pages", "fax.tiff", pictures.tiff, pages=3),
    one("14b", "fax", "fax.tif", pictures.fax, pages=2),
    one(
        15, "5 MB after the end", "a.pdf", papers.trailing_garbage, flags=("recovered", "trailing")
    ),
    one(16, "PDF after 512 octets", "a.pdf", lambda: b"\r\n" * 256 + papers.text()),
    one(17, "accents", "Accord de prise en charge n°12 – Société Éclair & Fils.PDF", papers.text),
    one(18, "NFD", unicodedata.normalize("NFD", "Été à relire.pdf"), papers.text),
    one(19, "no type declared", "accord.pdf", papers.text),
)

BROKEN = (
    one(20, "empty", "a.pdf", b"", "empty"),
    one(21, "one octet", "a.pdf", b"%", "unreadable"),
    one(22, "cut in the middle", "a.pdf", lambda: _half(papers.text()), "unreadable"),
    one("22b", "cut, linearised", "a.pdf", lambda: _cut(saved(linearize=True)), "unreadable"),
    one("22c", "photo cut", "a.jpg", lambda: _half(pictures.photo()), "unreadable"),
    one(23, "no references", "a.pdf", lambda: _without_table(), flags=("recovered",)),
    one(
        24,
        "wrong startxref",
        "a.pdf",
        lambda: raw.pdf(raw.objects_of(), start=7),
        flags=("recovered",),
    ),
    one(25, "/Prev loop", "a.pdf", papers.prev_loop, flags=("recovered",)),
    one(26, "page tree loop", "a.pdf", papers.page_tree_loop, "unreadable"),
    one(27, "claims 10^9 pages", "a.pdf", lambda: papers.claims_pages(10**9), "unreadable"),
    one("27b", "claims 3 pages", "a.pdf", lambda: papers.claims_pages(3), flags=("recovered",)),
    one(28, "no page", "a.pdf", lambda: raw.pdf(raw.objects_of(pages=0)), "unreadable"),
    one(29, "20 000 pages", "a.pdf", lambda: raw.pdf(raw.objects_of(20_000)), "too_many_pages"),
    one("29b", "201 pages", "a.pdf", lambda: raw.pdf(raw.objects_of(201)), "too_many_pages"),
    one(30, "page of 10^7", "a.pdf", lambda: agreement(page=b"/MediaBox [0 0 10000000 10000000]")),
    one(31, "arrays in arrays", "a.pdf", papers.nested, "too_complex"),
    one("31b", "210 000 objects", "a.pdf", papers.many_objects, "too_complex", mibs=400, seconds=6),
)

BOMBS = (
    one(
        39,
        "400 MB of blanks",
        "a.pdf",
        lambda: papers.drawn_by(raw.folded_blanks(400_000_000)),
        draws=25,
    ),
    one(40, "folded twice, 1 GB", "a.pdf", papers.twice_folded, draws=25),
    one(41, "object stream of 1 GB", "a.pdf", papers.object_stream_bomb, "unreadable", seconds=6),
    one("41b", "JavaScript in such", "a.pdf", papers.hidden_javascript, "too_complex", seconds=6),
    one(42, "image of 50 000²", "a.pdf", papers.huge_image, draws=25),
    one(43, "PNG of 50 000²", "a.png", lambda: flat_png(50_000, 50_000, False), "too_complex"),
    one(44, "PNG of 96 MP", "a.png", lambda: flat_png(12_000, 8_000), "too_complex"),
    one(45, "PNG of 1 × 10^9", "a.png", lambda: flat_png(1, 10**9, False), "too_complex"),
    one(46, "GIF of 10 000 frames", "a.gif", pictures.long_gif, "kind"),
    one("46b", "the same, as a photo", "a.jpg", pictures.long_gif, "disguised"),
    one(47, "PNG, comment of 400 MB", "a.png", pictures.text_bomb_png, "unreadable"),
    one(48, "entities in the metadata", "a.pdf", papers.entity_bomb),
    one(49, "table of characters", "a.pdf", papers.unicode_bomb, is_drawn=False),
    one(50, "run lengths", "a.pdf", papers.lzw_bomb, draws=10),
    one("50b", "run lengths, deflated", "a.pdf", papers.chained_bomb, draws=10),
)

LIVE = (
    one(
        51,
        "JavaScript",
        "a.pdf",
        lambda: opens(b"/S /JavaScript /JS (app.alert\\(1\\))"),
        flags=ACTIVE,
    ),
    one(52, "Launch", "a.pdf", lambda: opens(b"/S /Launch /F (cmd.exe)"), flags=ACTIVE),
    one(
        53,
        "on a page",
        "a.pdf",
        lambda: agreement(page=b"/AA << /O << /S /JavaScript /JS (1) >> >>"),
        flags=ACTIVE,
    ),
    one(54, "a program attached", "a.pdf", papers.embedded_program, flags=ATTACHMENT),
    one(55, "GoToR", "a.pdf", lambda: link(b"/S /GoToR /F " + AFAR), flags=ACTIVE),
    one(
        "55b", "GoToE", "a.pdf", lambda: link(rb"/S /GoToE /F (\\\\evil.example\\x)"), flags=ACTIVE
    ),
    one(
        56,
        "SubmitForm",
        "a.pdf",
        lambda: link(b"/S /SubmitForm /F (https://x.example)"),
        flags=ACTIVE,
    ),
    one("56b", "ImportData", "a.pdf", lambda: link(b"/S /ImportData /F (a.fdf)"), flags=ACTIVE),
    *(
        one(f"57{letter}", kind, "a.pdf", lambda kind=kind: rich(kind.encode()), flags=ACTIVE)
        for letter, kind in zip("abcd", ("RichMedia", "Movie", "Sound", "Screen"), strict=True)
    ),
    one("57e", "Rendition", "a.pdf", lambda: link(b"/S /Rendition /OP 0"), flags=ACTIVE),
    one(58, "XFA", "a.pdf", papers.xfa, flags=ACTIVE),
    one("58b", "XFA alone", "a.pdf", lambda: papers.xfa(needs_rendering=True), "active"),
    one(59, "in an object stream", "a.pdf", papers.javascript_in_object_stream, flags=ACTIVE),
    one(
        60, "name in disguise", "a.pdf", lambda: opens(b"/S /J#61vaScript /J#53 (1)"), flags=ACTIVE
    ),
    one(
        "60b",
        "deep in a direct object",
        "a.pdf",
        lambda: agreement(page=b"/X [[<< /Y [<< /S /Launch >>] >>]]"),
        flags=ACTIVE,
    ),
    one(
        "60c",
        "a harmless destination",
        "a.pdf",
        lambda: agreement(root=b"/OpenAction [10 0 R /Fit]"),
    ),
    one(61, "user password", "a.pdf", papers.user_password, "password"),
)

DISGUISED = (
    one(62, "HTML", "a.pdf", HTML, "disguised"),
    one(63, "HTML, then PDF", "a.pdf", lambda: HTML + papers.text(), "disguised"),
    one(
        "63b", "text, HTML, PDF", "a.pdf", lambda: b"x\n" + HTML + papers.text(), flags=("foreign",)
    ),
    one("63c", "PDF, then HTML", "a.pdf", lambda: papers.text() + HTML, flags=("foreign",)),
    one(64, "PDF and ZIP", "a.pdf", lambda: papers.text() + zipped("a.js"), flags=("foreign",)),
    one(65, "GIF and JAR", "a.gif", lambda: pictures.long_gif(1) + zipped("A.class"), "kind"),
    one("65b", "JPEG and JAR", "a.jpg", lambda: pictures.photo() + zipped("A"), flags=("foreign",)),
    one(66, "JPEG and PHP", "a.jpg", pictures.jpeg_with_php, flags=("foreign",)),
    one(67, "SVG as PNG", "a.png", SVG, "disguised"),
    one(68, "DOCX", "a.docx", lambda: zipped("[Content_Types].xml"), "office_file"),
    one("68b", "XLSX as PDF", "a.pdf", lambda: zipped("xl/workbook.xml"), "office_file"),
    one("68c", "ODT", "a.odt", lambda: zipped("mimetype"), "office_file"),
    one("68d", "DOC", "a.doc", OLE, "office_file"),
    one(69, "message", "a.eml", MAIL, "kind"),
    one("69b", "message as PDF", "a.pdf", MAIL, "disguised"),
    one("69c", "Outlook message", "a.msg", OLE, "kind"),
    one(70, "ZIP", "a.zip", lambda: zipped("a.pdf"), "kind"),
    one("70b", "RAR as PDF", "a.pdf", b"Rar!\x1a\x07\x01\0" + b"\0" * 90, "disguised"),
    one(71, "EICAR", "a.com", EICAR, "kind"),
    one("71b", "EICAR as PDF", "a.pdf", EICAR, "disguised"),
    one(72, "program", "a.exe", PROGRAM, "kind"),
    one("72b", "programs as PDF", "a.pdf", PROGRAM, "disguised"),
    one("72c", "ELF as PDF", "a.pdf", b"\x7fELF\x02\x01\x01" + b"\0" * 90, "disguised"),
    one(73, "shell", "a.pdf", b"#!/bin/sh\nrm -rf /\n%PDF-1.4\n", "disguised"),
    one(74, "shortcut", "a.url", SHORTCUT, "kind"),
    one("74b", "shortcut as PDF", "a.pdf", SHORTCUT, "disguised"),
    one("74c", "LNK as PDF", "a.pdf", b"L\0\0\0\x01\x14\x02\0" + b"\0" * 90, "disguised"),
    one(75, "PostScript", "a.eps", POSTSCRIPT, "kind"),
    one("75b", "PostScript as PDF", "a.pdf", POSTSCRIPT, "disguised"),
    one(76, "AVIF", "a.avif", lambda: pictures.other_container(b"avif"), "kind"),
    one("76b", "AVIF as HEIC", "a.heic", lambda: pictures.other_container(b"avif"), "disguised"),
    one("76c", "JXL as PNG", "a.png", b"\xff\x0a" + b"\0" * 90, "disguised"),
    one(77, "HEIC of 10 000 tiles", "a.heic", pictures.tiled_heic, "unreadable"),
    one(
        "77b",
        "the same, said to be small",
        "a.heic",
        lambda: pictures.tiled_heic(100, 640),
        "unreadable",
    ),
    one("77c", "PDF as a photo", "a.jpg", papers.text, "disguised"),
    one("77d", "JPEG as PNG", "a.png", pictures.photo),
    one("77e", "no extension", "accord", papers.text),
    one("77f", "second extension", "accord.pdf.exe", papers.text, "kind"),
    one("77g", "dot at the end", "accord.pdf.", papers.text),
)

CORPUS = (*SOUND, *BROKEN, *BOMBS, *LIVE, *DISGUISED)


def _half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _cut(content: bytes) -> bytes:
    return content[: len(content) * 9 // 10]


def _without_table() -> bytes:
    whole = raw.pdf(raw.objects_of())
    head, _, end = whole.partition(b"xref\n0")
    return head + b"trailer\n" + end.partition(b"trailer\n")[2]
