"""Draws fictional agreements as real PDF files, and gives their words back through poppler."""

import io
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from reportlab.lib.enums import TA_JUSTIFY, TA_LEFT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, Table, TableStyle

import portal.documents
from portal.funding.reading import Page, parse_bbox

NB, THIN = "\u00a0", "\u202f"
WIDTH, HEIGHT = A4
FONTS = Path(portal.documents.__file__).parent / "assets" / "fonts"
GRID = [("GRID", (0, 0), (-1, -1), 0.4, "#888888")]


@dataclass(frozen=True)
class Agreement:
    """A drawn agreement and what a person reads in it; a field that is absent is not said."""

    name: str
    draw: Callable[["Sheet"], None]
    says: Mapping[str, Any] = field(default_factory=dict)
    is_scan: bool = False

    def written(self, folder: Path) -> Path:
        """The PDF file, in `folder`."""
        path = folder / f"{self.name}.pdf"
        canvas = Canvas(str(path), pagesize=A4, invariant=True)
        self.draw(Sheet(canvas))
        canvas.save()
        return path

    def pages(self, folder: Path) -> list[Page]:
        """The agreement written to `folder` and read back by poppler."""
        return parse_bbox(bbox_of(self.written(folder)))


def bbox_of(path: Path) -> str:
    """What poppler prints of the words of a PDF, as the portal gets it."""
    command = ["pdftotext", "-bbox-layout", "-enc", "UTF-8", str(path), "-"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=30)
    return done.stdout.decode("utf-8")


class Sheet:
    """A page being drawn; `y` counts from the top, in points."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        for name, file in (("Sans", "SourceSans3-Regular"), ("SansBold", "SourceSans3-Semibold")):
            if name not in pdfmetrics.getRegisteredFontNames():
                pdfmetrics.registerFont(TTFont(name, str(FONTS / f"{file}.ttf")))

    def text(
        self, x: float, y: float, text: str, font: str = "Helvetica", size: float = 10
    ) -> None:
        self.canvas.setFont(font, size)
        self.canvas.drawString(x, HEIGHT - y, text)

    def right(
        self, x: float, y: float, text: str, font: str = "Helvetica", size: float = 10
    ) -> None:
        self.canvas.setFont(font, size)
        self.canvas.drawRightString(x, HEIGHT - y, text)

    def centre(self, y: float, text: str, font: str = "Helvetica-Bold", size: float = 12) -> None:
        self.canvas.setFont(font, size)
        self.canvas.drawCentredString(WIDTH / 2, HEIGHT - y, text)

    def lines(
        self, x: float, y: float, lines: Sequence[str], font: str = "Helvetica", size: float = 10
    ) -> float:
        """Lines one under another; gives the y below."""
        for line in lines:
            self.text(x, y, line, font, size)
            y += size * 1.3
        return y

    def paragraph(
        self,
        x: float,
        y: float,
        width: float,
        text: str,
        font: str = "Helvetica",
        size: float = 10,
        justified: bool = False,
    ) -> float:
        """Text wrapped in `width`; gives the y below, a blank line added."""
        style = ParagraphStyle("", fontName=font, fontSize=size, leading=size * 1.3)
        style.alignment = TA_JUSTIFY if justified else TA_LEFT
        block = Paragraph(text, style)
        _, height = block.wrap(width, HEIGHT)
        block.drawOn(self.canvas, x, HEIGHT - y - height)
        return y + height + size

    def table(
        self,
        x: float,
        y: float,
        rows: Sequence[Sequence[str]],
        widths: Sequence[float],
        style: Sequence[Any] = (),
        font: str = "Helvetica",
        size: float = 9,
    ) -> float:
        """A table whose first columns are on the left; gives the y below."""
        base = [("FONT", (0, 0), (-1, -1), font, size), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]
        block = Table([list(row) for row in rows], colWidths=list(widths))
        block.setStyle(TableStyle([*base, *style]))
        _, height = block.wrap(WIDTH, HEIGHT)
        block.drawOn(self.canvas, x, HEIGHT - y - height)
        return y + height + 10

    def picture(self, lines: Sequence[str]) -> None:
        """A page that is one image, as a scanner makes it."""
        image = Image.new("L", (620, 877), 250)
        drawing = ImageDraw.Draw(image)
        for number, line in enumerate(lines):
            drawing.text((60, 80 + 24 * number), line, fill=30)
        content = io.BytesIO()
        image.save(content, "PNG")
        content.seek(0)
        self.canvas.drawImage(ImageReader(content), 0, 0, WIDTH, HEIGHT)

    def next_page(self) -> None:
        self.canvas.showPage()


def span(first: date, last: date) -> dict[str, date]:
    return {"start": first, "end": last}
