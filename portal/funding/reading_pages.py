"""The words of a PDF and where they stand, as poppler's `pdftotext -bbox-layout` prints them.

The PDF comes from a stranger and so does the text of this XML: poppler runs in a limited child
process, and what it printed is read here without entities, within fixed bounds.
"""

import math
import re
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

MAX_XML = 32 * 1024 * 1024  # characters
MAX_PAGES = 200  # what the gate of uploads lets in
MAX_WORDS = 60_000  # in the whole file; a dense page has about 700
MAX_WORD = 100  # characters; longer ones (rules, leaders, noise) are left out
MAX_SIDE = 20_000.0  # points; PDF itself stops at 14 400
MAX_DEPTH = 16  # poppler nests eight elements
MAX_ATTRIBUTES = 8

_DOCTYPE = ("html", "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd")
# Poppler escapes markup but copies control characters, which no XML 1.0 text may hold.
_NOT_XML = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


class PagesError(ValueError):
    """This is not what poppler prints, or there is too much of it; the message is in English."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word and its box, in points from the top left corner of its page."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class Page:
    """`number` counts from 1; `width` and `height` are in points."""

    number: int
    words: tuple[Word, ...]
    width: float
    height: float


def parse_bbox(xml: str) -> list[Page]:
    """The pages of `pdftotext -bbox-layout`, words in poppler's order.

    Words without a size or outside of their page are left out: nobody would see them. Raises
    PagesError when the text is not that XML, declares anything, or is above the bounds.
    """
    if len(xml) > MAX_XML:
        raise PagesError("too long")
    builder = _Builder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = builder.doctype
    for declared in ("EntityDeclHandler", "UnparsedEntityDeclHandler", "NotationDeclHandler"):
        setattr(parser, declared, builder.forbidden)
    parser.ElementDeclHandler = parser.AttlistDeclHandler = builder.forbidden
    parser.ExternalEntityRefHandler = parser.SkippedEntityHandler = builder.forbidden
    parser.ProcessingInstructionHandler = builder.forbidden
    try:
        parser.Parse(_NOT_XML.sub("", xml).encode("utf-8"), True)
    except expat.ExpatError as error:
        raise PagesError(f"not well formed, line {error.lineno}") from error
    return builder.pages


class _Builder:
    """What expat reports, turned into pages; anything unexpected raises PagesError."""

    def __init__(self) -> None:
        self.pages: list[Page] = []
        self._size: tuple[float, float] | None = None
        self._words: list[Word] = []
        self._box: tuple[float, float, float, float] | None = None
        self._text: list[str] = []
        self._depth = 0
        self._total = 0

    def doctype(self, name: str, system: str | None, _public: Any, internal: int) -> None:
        """Poppler's own line is the only declaration let through; expat fetches nothing."""
        if internal or (name, system) != _DOCTYPE:
            raise PagesError("a document type of its own")

    def forbidden(self, *_: Any) -> int:
        raise PagesError("a declaration, an entity or an instruction")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH or len(attributes) > MAX_ATTRIBUTES:
            raise PagesError("nested or detailed beyond what poppler prints")
        if name == "page":
            self._open_page(attributes)
        elif name == "word":
            self._open_word(attributes)

    def _open_page(self, attributes: dict[str, str]) -> None:
        if self._size is not None or len(self.pages) >= MAX_PAGES:
            raise PagesError("a page in a page, or too many pages")
        width, height = _numbers(attributes, "width", "height")
        if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
            raise PagesError("a page of no size")
        self._size = (width, height)
        self._words = []

    def _open_word(self, attributes: dict[str, str]) -> None:
        self._total += 1
        if self._size is None or self._box is not None or self._total > MAX_WORDS:
            raise PagesError("a word out of place, or too many words")
        x0, y0, x1, y1 = _numbers(attributes, "xMin", "yMin", "xMax", "yMax")
        self._box = (x0, y0, x1, y1)
        self._text = []

    def text(self, data: str) -> None:
        if self._box is not None:
            self._text.append(data)

    def end(self, name: str) -> None:
        self._depth -= 1
        if name == "page" and self._size is not None:
            width, height = self._size
            self.pages.append(Page(len(self.pages) + 1, tuple(self._words), width, height))
            self._size = None
        elif name == "word" and self._box is not None and self._size is not None:
            text = "".join(self._text).strip()
            if text and len(text) <= MAX_WORD and _is_seen(self._box, self._size):
                self._words.append(Word(text, *self._box))
            self._box = None


def _numbers(attributes: dict[str, str], *names: str) -> tuple[float, ...]:
    """The named attributes as finite numbers."""
    try:
        values = tuple(float(attributes[name]) for name in names)
    except (KeyError, ValueError) as error:
        raise PagesError("a box without its numbers") from error
    if not all(math.isfinite(value) for value in values):
        raise PagesError("a box without its numbers")
    return values


def _is_seen(box: tuple[float, float, float, float], size: tuple[float, float]) -> bool:
    """Whether a box has a size a reader can see, on its page."""
    x0, y0, x1, y1 = box
    inside = x0 >= -1 and x1 <= size[0] + 1 and y0 >= -1 and y1 <= size[1] + 1
    return inside and x1 - x0 > 0.5 and y1 - y0 > 2
