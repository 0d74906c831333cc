"""The words of a page put together the way an eye does: lines cut at wide gaps, then columns.

A *segment* is a run of words of one line with ordinary blanks: a cell, or a line of a paragraph.
A *flow* is a stack of segments that share a margin: a paragraph, or a column of cells. Text is
folded (lower case, no accents) to be matched; words keep their own text to be quoted.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from portal import french
from portal.funding.reading_pages import Page, Word

WIDE_GAP = 0.9  # of the height of the text: beyond it, another cell begins
LEADING = 0.85  # of the height: lines of one flow are no further apart
MARGIN = 3.0  # points between the left edges of lines of one flow
INDENT = 40.0  # points: first line of a paragraph that is full
FULL_LINE = 250.0  # points
MAX_CELLS = 40  # in a line; a line of more is no table, and is not related to its neighbours
_SENTENCE_END = re.compile(r"[a-z0-9)»\]]{4,}[.;?!]$|^[;?!]$")  # « H.T. » and « art. » end none

Box = tuple[float, float, float, float]


@dataclass(slots=True, eq=False)
class Token:
    """A word, its folded text, and its place in the text of its flow."""

    word: Word
    folded: str
    segment: "Segment"
    start: int = 0
    index: int = 0


@dataclass(slots=True, eq=False)
class Segment:
    """Words of one line without a wide gap; `row` numbers the lines of the page from the top."""

    page: int
    row: int
    column: int
    tokens: list[Token] = field(default_factory=list)
    box: Box = (0.0, 0.0, 0.0, 0.0)
    flow: "Flow | None" = None

    @property
    def text(self) -> str:
        """Its folded text."""
        return " ".join(token.folded for token in self.tokens)

    @property
    def end(self) -> int:
        """Where it ends in the text of its flow; it starts at `tokens[0].start`."""
        return self.tokens[-1].start + len(self.tokens[-1].folded)

    @property
    def height(self) -> float:
        return self.box[3] - self.box[1]


@dataclass(slots=True, eq=False)
class Flow:
    """Stacked segments read as one text; `text[token.start:]` begins with the token."""

    segments: list[Segment]
    tokens: list[Token] = field(default_factory=list)
    text: str = ""
    starts: list[int] = field(default_factory=list)

    def finish(self) -> None:
        """Takes the words of its segments, which then know their flow."""
        self.tokens = [token for segment in self.segments for token in segment.tokens]
        self.numbered()
        for segment in self.segments:
            segment.flow = self

    def numbered(self) -> "Flow":
        """Itself, its tokens placed in its text."""
        position = 0
        for index, token in enumerate(self.tokens):
            token.start, token.index = position, index
            position += len(token.folded) + 1
        self.starts = [token.start for token in self.tokens]
        self.text = " ".join(token.folded for token in self.tokens)
        return self

    def at(self, position: int) -> Token:
        """The token that holds the character at `position`."""
        return self.tokens[max(0, bisect_right(self.starts, position) - 1)]

    def between(self, start: int, end: int) -> list[Token]:
        """The tokens touched by `text[start:end]`."""
        return self.tokens[self.at(start).index : self.at(max(start, end - 1)).index + 1]

    def sentence_start(self, first: int, last: int) -> int:
        """The token, not before `first`, where the sentence that holds the token `last` starts."""
        for index in range(last - 1, first - 1, -1):
            if _SENTENCE_END.search(self.tokens[index].folded):
                return index + 1
        return first

    def sentence_end(self, first: int, last: int) -> int:
        """The token, not after `last`, that follows the sentence that holds the token `first`."""
        for index in range(first, last):
            if _SENTENCE_END.search(self.tokens[index].folded):
                return index + 1
        return last


@dataclass(frozen=True)
class Layout:
    """Every page read: its rows of segments, left to right, and all flows in reading order."""

    rows: dict[int, list[list[Segment]]]
    flows: list[Flow]

    def left_of(self, segment: Segment) -> Iterator[Segment]:
        """Segments of the same line, from the nearest to the left margin."""
        row = self.rows[segment.page][segment.row]
        yield from reversed(row[max(0, segment.column - MAX_CELLS) : segment.column])

    def above(self, segment: Segment, how_many: int) -> Iterator[tuple[Segment, bool]]:
        """Segments over `segment`, upwards, at most `how_many` lines away, each with whether it
        stands alone on its line."""
        rows = self.rows[segment.page]
        for number in range(segment.row - 1, max(-1, segment.row - 1 - how_many), -1):
            row = rows[number]
            for other in row[: MAX_CELLS + 1]:
                if _overlap(segment.box, other.box) > 0.4:
                    yield other, len(row) == 1

    def below(self, segment: Segment) -> Iterator[Segment]:
        """Segments under `segment`, on the two lines that follow."""
        rows = self.rows[segment.page]
        for row in rows[segment.row + 1 : segment.row + 3]:
            for other in row[: MAX_CELLS + 1]:
                if _overlap(segment.box, other.box) > 0.4:
                    yield other


def lay_out(pages: Sequence[Page]) -> Layout:
    """The segments and flows of `pages`; words without letters or figures count too."""
    rows = {page.number: _rows(page) for page in pages}
    flows = [flow for number in rows for flow in _flows(rows[number])]
    return Layout(rows, flows)


def boxed(tokens: Iterable[Token]) -> Box:
    """The smallest box around `tokens`."""
    words = [token.word for token in tokens]
    return (
        min(word.x0 for word in words),
        min(word.y0 for word in words),
        max(word.x1 for word in words),
        max(word.y1 for word in words),
    )


def _rows(page: Page) -> list[list[Segment]]:
    """Lines from top to bottom: words whose middles are level are on one line."""
    lines: list[list[Word]] = []
    for word in sorted(page.words, key=lambda word: (word.y0 + word.y1, word.x0)):
        if lines and _is_level(lines[-1][0], word):
            lines[-1].append(word)
        else:
            lines.append([word])
    rows: list[list[Segment]] = []
    for line in lines:
        segments = list(_segments(page.number, len(rows), sorted(line, key=lambda w: w.x0)))
        if segments:
            rows.append(segments)
    return rows


def _is_level(one: Word, other: Word) -> bool:
    apart = abs((one.y0 + one.y1) - (other.y0 + other.y1)) / 2
    return apart < 0.5 * min(one.y1 - one.y0, other.y1 - other.y0)


def _segments(page: int, row: int, words: list[Word]) -> Iterator[Segment]:
    """One line cut where the blank is wider than between words."""
    segment = Segment(page, row, 0)
    right = None
    for word in words:
        folded = french.fold(french.clean(word.text))
        if not folded:
            continue
        if right is not None and word.x0 - right > WIDE_GAP * (word.y1 - word.y0):
            yield _closed(segment)
            segment = Segment(page, row, segment.column + 1)
        segment.tokens.append(Token(word, folded, segment))
        right = max(word.x1, right or word.x1)
    if segment.tokens:
        yield _closed(segment)


def _closed(segment: Segment) -> Segment:
    segment.box = boxed(segment.tokens)
    return segment


def _flows(rows: list[list[Segment]]) -> list[Flow]:
    """Each segment goes under the last one of a flow it continues, or begins a flow."""
    flows: list[Flow] = []
    open_flows: dict[int, list[Flow]] = defaultdict(list)  # by the row of their last segment
    for number, row in enumerate(rows):
        for segment in row:
            near = [*open_flows[number - 1], *open_flows[number - 2]][:MAX_CELLS]
            flow = next((flow for flow in near if _continues(flow.segments[-1], segment)), None)
            if flow is None:
                flow = Flow([])
                flows.append(flow)
            else:
                open_flows[flow.segments[-1].row].remove(flow)
            flow.segments.append(segment)
            open_flows[number].append(flow)
    for flow in flows:
        flow.finish()
    return flows


def _continues(upper: Segment, lower: Segment) -> bool:
    """Whether `lower` is the next line of the text `upper` belongs to."""
    height = min(upper.height, lower.height)
    gap = lower.box[1] - upper.box[3]
    if not -0.5 * height < gap < LEADING * height:
        return False
    if max(upper.height, lower.height) > 1.3 * height:
        return False
    shift = upper.box[0] - lower.box[0]
    is_full = upper.box[2] - upper.box[0] > FULL_LINE
    centred = abs(upper.box[0] + upper.box[2] - lower.box[0] - lower.box[2]) / 2 < MARGIN
    return -MARGIN <= shift <= (INDENT if is_full else MARGIN) or centred


def _overlap(one: Box, other: Box) -> float:
    """How much of the narrower box is over or under the other: 0 to 1."""
    shared = min(one[2], other[2]) - max(one[0], other[0])
    return shared / max(0.1, min(one[2] - one[0], other[2] - other[0]))
