"""What the seal writes on a paper: the strip in the margin of its first page (who, when, the code
to check it with), and the lines that fill the boxes of signatures.

Drawn by reportlab, with the fonts of the papers: imported by the worker alone.
"""

import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import segno
from reportlab import rl_config
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from portal import documents
from portal.signature.rules import DRAWN_HEIGHT, DRAWN_WIDTH

# The papers leave 19 mm on each side; printers cannot reach the last 5.
WIDTH, HEIGHT = 12 * mm, 262 * mm
LEFT, BOTTOM = 193 * mm, 14 * mm
QR = WIDTH
TEXT_SIZE, LINE = 6.6, 8.6
BOX_SIZE, BOX_DROP, BOX_LINE = 8.0, 11.5, 10.0
BOX_ROOM = 218.0  # the papers give a box 83.5 mm, less 9 points on each side
DRAWN = 0.055  # points for one unit of a drawn signature: 33 × 11 points
INK, SOFT = (0.11, 0.145, 0.19), (0.29, 0.34, 0.39)
FONT, OTHER_FONT = "strip", "strip-other"  # one face: each adds its subset to the file
FOLDER = Path(documents.__file__).parent / "assets" / "fonts"
_drawing = threading.Lock()  # reportlab keeps the subset of a font on the font itself


@dataclass(frozen=True)
class Strip:
    """What it says; `url` is what the QR code opens."""

    lines: Sequence[str]
    url: str
    strokes: list[list[list[int]]] = field(default_factory=list)


@dataclass(frozen=True)
class Filled:
    """Lines under a point of a page, in points from its lower left corner."""

    x: float
    y: float
    lines: Sequence[str]


def draw(strip: Strip) -> bytes:
    """One page of the size of the strip: the QR at the top, the lines turned along the margin."""
    out = io.BytesIO()
    with _drawing:
        _fonts()
        canvas = _canvas(out, (WIDTH, HEIGHT))
        _qr(canvas, strip.url)
        canvas.translate(0, HEIGHT - QR - 3 * mm)
        canvas.rotate(-90)
        start = _strokes(canvas, strip.strokes)
        for number, line in enumerate(strip.lines):
            canvas.setFillColorRGB(*(SOFT if number else INK))
            top = WIDTH - TEXT_SIZE - number * LINE
            _text(canvas, start, top, line, TEXT_SIZE, HEIGHT - QR - 3 * mm - start)
        canvas.save()
    return out.getvalue()


def draw_filled(boxes: Sequence[Filled]) -> bytes:
    """One page of A4 with nothing but these lines, to lay over a paper."""
    out = io.BytesIO()
    with _drawing:
        _fonts()
        canvas = _canvas(out, A4)
        canvas.setFillColorRGB(*INK)
        for box in boxes:
            for number, line in enumerate(box.lines):
                top = box.y - BOX_DROP - number * BOX_LINE
                _text(canvas, box.x, top, line, BOX_SIZE, BOX_ROOM)
        canvas.save()
    return out.getvalue()


def _canvas(out: io.BytesIO, size: tuple[float, float]) -> Any:
    return Canvas(out, pagesize=size, pageCompression=1, invariant=1, initialFontName=FONT)


@cache
def _fonts() -> None:
    rl_config.useA85 = 0
    for name, file in (
        (FONT, "SourceSans3-Regular.ttf"),
        (OTHER_FONT, "DejaVuSans-scripts.ttf"),
    ):
        pdfmetrics.registerFont(TTFont(name, str(FOLDER / file)))


def _text(canvas: Any, x: float, y: float, line: str, size: float, room: float) -> None:
    """One line; letters our text font lacks are taken from the other, as on the papers."""
    text = canvas.beginText(x, y)
    for font, run in _runs(line, size, room):
        text.setFont(font, size)
        text.textOut(run)
    canvas.drawText(text)


def _runs(line: str, size: float, room: float) -> list[tuple[str, str]]:
    """The line cut where its font changes, and where it would leave its room, in points."""
    known = pdfmetrics.getFont(FONT).face.charToGlyph
    runs: list[tuple[str, str]] = []
    for font, letters in groupby(line, lambda c: FONT if ord(c) in known else OTHER_FONT):
        run = "".join(letters)
        while run and pdfmetrics.stringWidth(run, font, size) > room:
            run = run[:-1]
        room -= pdfmetrics.stringWidth(run, font, size)
        runs.append((font, run))
    return runs


def _strokes(canvas: Any, strokes: list[list[list[int]]]) -> float:
    """Draws the signature at the beginning of the lines; gives back where they start."""
    if not strokes:
        return 0.0
    canvas.setStrokeColorRGB(*INK)
    canvas.setLineWidth(0.6)
    path = canvas.beginPath()
    top = (WIDTH + DRAWN_HEIGHT * DRAWN) / 2
    for line in strokes:
        path.moveTo(line[0][0] * DRAWN, top - line[0][1] * DRAWN)
        for x, y in line[1:]:
            path.lineTo(x * DRAWN, top - y * DRAWN)
    canvas.drawPath(path, stroke=1, fill=0)
    return DRAWN_WIDTH * DRAWN + 3 * mm


def _qr(canvas: Any, url: str) -> None:
    """Squares, not an image: sharp at any size. The white margin is the paper's own."""
    matrix = segno.make(url, error="l", micro=False).matrix
    side = QR / len(matrix)
    canvas.setFillColorRGB(0, 0, 0)
    for row, cells in enumerate(matrix):
        for column, dark in enumerate(cells):
            if dark:
                canvas.rect(column * side, HEIGHT - (row + 1) * side, side, side, stroke=0, fill=1)
