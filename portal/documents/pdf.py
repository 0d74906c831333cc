"""HTML to PDF, purely: no row, no clock, no network. Imported by the press's child alone.

xhtml2pdf and reportlab cost 0.6 s and 70 MiB to import, and convert one document at a time per
process: neither belongs in a process that answers people.
"""

import io
import logging
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pypdf import PdfReader
from reportlab import rl_config
from reportlab.lib.fonts import addMapping
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from xhtml2pdf import default, tables
from xhtml2pdf.config.resources import ResourceAccessPolicy
from xhtml2pdf.document import pisaDocument
from xhtml2pdf.xhtml2pdf_reportlab import PmlKeepInFrame

from portal.documents import style
from portal.documents.style import ACCENT

ASSETS = Path(__file__).parent / "assets"
TOTAL = "\ue000"  # stands for the number of pages; private use, so `pdftext` drops it from texts
MAX_BYTES = 2 * 1024 * 1024
_FACES = {
    ("papier", 0, 0): "SourceSans3-Regular.ttf",
    ("papier", 1, 0): "SourceSans3-Semibold.ttf",
    ("papier", 0, 1): "SourceSans3-It.ttf",
    ("papier", 1, 1): "SourceSans3-Semibold.ttf",
    ("secours", 0, 0): "DejaVuSans-scripts.ttf",
    ("secours", 1, 0): "DejaVuSans-scripts.ttf",
    ("secours", 0, 1): "DejaVuSans-scripts.ttf",
    ("secours", 1, 1): "DejaVuSans-scripts.ttf",
}

logging.getLogger("xhtml2pdf").setLevel(logging.ERROR)  # its warnings quote the text of papers


class PaperError(RuntimeError):
    """The document could not be made."""


@dataclass(frozen=True)
class Pdf:
    content: bytes
    pages: int


class Cell(PmlKeepInFrame):
    """What a table cell holds, drawn in the lines it was measured in.

    reportlab takes a millionth of a point off its width in between: no line that was broken would
    be found again, and each text of each cell would be broken twice.
    """

    width: float

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        size: tuple[float, float] = super().wrap(width, height)
        if 0 < self.maxWidth - self.width < 1e-5:
            self.width = self.maxWidth
        return size


def _only(logo: bytes | None) -> Callable[[str, str], str]:
    """The one resource a paper may name is `logo`; anything else raises.

    Returning None would not refuse: xhtml2pdf then falls back to the address it was given.
    """

    def resolve(uri: str, _relative: str) -> str:
        if uri == "logo" and logo:
            return "data:image/png;base64," + b64encode(logo).decode()
        raise PaperError(f"resource refused: {uri[:80]!r}")

    return resolve


POLICY = ResourceAccessPolicy.server(
    base_dir=ASSETS,
    allow_remote=False,
    max_depth=60,
    max_render_seconds=20,
    max_document_bytes=MAX_BYTES,
)


@cache
def prepare() -> None:
    """Registers the embedded fonts once per process, and makes the bytes reproducible."""
    rl_config.invariant = 1
    rl_config.useA85 = 0
    tables.PmlKeepInFrame = Cell
    for (family, bold, italic), file in _FACES.items():
        face = file.removesuffix(".ttf")
        if face not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(face, str(ASSETS / "fonts" / file)))
        addMapping(family, bold, italic, face)
        default.DEFAULT_FONT[family] = family
    # Pages, table cells and bullets begin by naming Helvetica, which no PDF embeds: ours answers.
    pdfmetrics.registerFont(TTFont("Helvetica", str(ASSETS / "fonts" / _FACES["papier", 0, 0])))
    addMapping("helvetica", 0, 0, "Helvetica")  # the line above left it bold and italic


def stylesheet(html: str, accent: str) -> str:
    """The style of that paper, in the organisation's colour."""
    known = pdfmetrics.getFont("SourceSans3-Regular").face.charToGlyph
    others = any(ord(letter) not in known for letter in set(html) if letter > " ")
    return style.stylesheet(html, accent, has_other_scripts=others)


def render(html: str, expected_pages: int, logo: bytes | None = None, accent: str = ACCENT) -> Pdf:
    """The PDF of `html`, in one pass when `expected_pages` is right, in two otherwise.

    `html` holds `TOTAL` where the number of pages is to be read, and may name `logo` (a PNG).
    Raises PaperError when it cannot be converted, asks for another resource, or goes past the
    limits of `POLICY`.
    """
    prepare()
    for _ in range(3):
        made = _convert(html.replace(TOTAL, str(expected_pages)), logo, accent)
        if made.pages == expected_pages:
            return made
        expected_pages = made.pages
    return made


def _convert(html: str, logo: bytes | None, accent: str) -> Pdf:
    out = io.BytesIO()
    convert: Callable[..., Any] = pisaDocument
    try:
        context = convert(
            html,
            dest=out,
            encoding="utf-8",
            path=str(ASSETS),
            default_css=stylesheet(html, accent),
            link_callback=_only(logo),
            resource_policy=POLICY,
            capacity=-1,  # never a temporary file
        )
    except PaperError:
        raise
    except Exception as error:
        raise PaperError(f"{type(error).__name__}: {error}"[:500]) from error
    if context.err:
        raise PaperError(f"{context.err} error(s) in the document")
    return Pdf(out.getvalue(), PdfReader(out).get_num_pages())
