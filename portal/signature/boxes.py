"""The boxes where both sides sign a printed paper, found in its file.

Who signs online leaves the box empty, and an empty box reads as a paper nobody signed: the seal
writes there what the strip says in full.
"""

import io
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from pypdf import PdfReader

HINT = "Date, signature et cachet"  # the last line printed in a box


class Box(NamedTuple):
    """Where the hint of a box begins, in points from the lower left corner of its page."""

    x: float
    y: float


class Boxes(NamedTuple):
    """The page that holds both, from 0: the organisation's on the left, the signatory's."""

    page: int
    organisation: Box
    signatory: Box


def find(pdf: bytes) -> Boxes | None:
    """The two boxes of a paper of ours; None when it has others, or none."""
    found = [(number, box) for number, text in enumerate(_texts(pdf)) for box in text]
    if len(found) != 2 or found[0][0] != found[1][0]:
        return None
    left, right = sorted(box for _, box in found)
    return Boxes(found[0][0], left, right)


def _texts(pdf: bytes) -> Sequence[Sequence[Box]]:
    """The boxes of each page."""
    pages = []
    for page in PdfReader(io.BytesIO(pdf)).pages:
        boxes: list[Box] = []
        page.extract_text(visitor_text=_keep(boxes))
        pages.append(boxes)
    return pages


def _keep(boxes: list[Box]) -> Callable[[str, Any, Any, Any, float], None]:
    def seen(text: str, outer: Any, inner: Any, _font: Any, _size: float) -> None:
        if " ".join(text.split()) == HINT:
            boxes.append(Box(outer[4] + inner[4], outer[5] + inner[5]))

    return seen
