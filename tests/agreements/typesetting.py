"""Pages made of typed lines, without a PDF: two blanks or more part two cells."""

import re

from portal.funding.reading import Page, Word

CHARACTER, LINE, BLANK_LINE = 5.0, 13.0, 30.0
HEIGHT = 10.0


def typeset(text: str, number: int = 1) -> Page:
    """The page on which `text` is typed, in characters of equal width; a no-break space parts
    words as poppler does."""
    words: list[Word] = []
    y = 40.0
    for line in text.strip("\n").split("\n"):
        for match in re.finditer(r"[^ \u00a0\u202f]+", line):
            x = 40 + match.start() * CHARACTER
            words.append(Word(match[0], x, y, x + len(match[0]) * CHARACTER, y + HEIGHT))
        y += LINE if line.strip() else BLANK_LINE - LINE
    width = max((word.x1 for word in words), default=0) + 40
    return Page(number, tuple(words), max(width, 595.0), max(y + 40, 842.0))
