"""Values announced by a label: the small engine that carries out `reading_rules.toml`.

For each value, what announces it is looked for before it on its line; failing that in the cell on
its left, at the head of its column and in the sentence above, which must then agree. A label
against always wins: no suggestion is better than a wrong one.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from portal.funding.reading_layout import Flow, Layout, Segment
from portal.funding.reading_rules import Hit, labels, masked, matches_of, nearest_of, rules
from portal.funding.reading_values import FINDERS, Found

MAX_FOUND = 1_500  # of one kind in a file; beyond, it is no letter and nothing is proposed
WINDOW = 30  # words before a value where its label may stand
UNIT = 12  # characters after a bare figure where its unit may stand
CELL = 10  # words of a cell that may be a label
HEADER_LINES = 40  # lines up to the head of a column
_WORDS = re.compile(r"[a-z]{2,}")
_PUNCTUATION = ':=.…()[]*,;€–-_"«»/'


@dataclass(frozen=True, slots=True)
class Announced:
    """A value and what announces it; `weight` is that of the label and of its place.

    `hit` is None when the value speaks for itself; `against` holds the ids of what denies it.
    """

    found: Found
    hit: Hit | None
    weight: int
    against: tuple[str, ...]
    where: tuple[Segment, ...] = ()


class Field:
    """One field of the rules, applied to one layout."""

    def __init__(self, name: str, layout: Layout) -> None:
        self.rule = rules()[name]
        self.layout = layout
        self.places: Mapping[str, int] = rules()["places"]
        self.labels = labels(name)
        self._hits: dict[int, list[Hit]] = {}
        self._texts: dict[int, str] = {}
        self.found = self._found()
        self._by_flow: dict[int, list[Found]] = {}
        for found in self.found:
            self._by_flow.setdefault(id(found.flow), []).append(found)

    def _found(self) -> list[Found]:
        finder = FINDERS[self.rule["find"]]
        found: list[Found] = []
        for flow in self.layout.flows:
            for one in finder(flow):
                found.append(one)
                if len(found) > MAX_FOUND:
                    return []
        return found

    def read(self) -> list[Announced]:
        """Every value, with what announces or denies it, whether it is enough or not."""
        return [self._announced(found) for found in self.found]

    def accepted(self) -> list[Announced]:
        """The values that are announced well enough, and denied by nothing."""
        return [one for one in self.read() if not one.against and one.weight >= self.rule["need"]]

    def hits(self, flow: Flow) -> list[Hit]:
        """Labels of both kinds in the flow, a title in quotes left out."""
        if id(flow) not in self._hits:
            text = self._masked(flow)
            self._hits[id(flow)] = [
                Hit(label, flow, match.start(), match.end())
                for label in self.labels
                for match in matches_of(label, flow, text)
                if match.end() > match.start()
            ]
        return self._hits[id(flow)]

    def _masked(self, flow: Flow) -> str:
        if id(flow) not in self._texts:
            self._texts[id(flow)] = masked(flow.text)
        return self._texts[id(flow)]

    def _announced(self, found: Found) -> Announced:
        denied, granted, start = self._after(found)
        if denied:
            return Announced(found, None, 0, ("after",))
        segment = found.flow.at(found.start).segment
        hit = self._before(found, start)
        if granted and not (hit and hit.label.is_against):
            return Announced(found, None, self.rule["need"], ())
        if hit and hit.last.segment is segment:
            return self._judge(found, [(hit, "same")], [segment])
        hits, where = self._around(found, segment)
        if hit and not self._is_titled_below(hit.last.segment, segment):
            is_first = found.flow.at(found.start) is segment.tokens[0]
            is_cell = is_first and len(hit.last.segment.tokens) <= CELL
            hits.append((hit, "above" if is_cell else "running"))
            where.append(hit.last.segment)
        if not hits and self._climb():
            hits = self._headings(segment)
        return self._judge(found, hits, where)

    def _judge(
        self, found: Found, hits: list[tuple[Hit, str]], where: Sequence[Segment]
    ) -> Announced:
        """The best of the labels that announce a value, unless one denies it."""
        against = tuple(hit.label.id for hit, _ in hits if hit.label.is_against)
        hits = [(hit, place) for hit, place in hits if self._is_joined(found, hit, place)]
        best: Hit | None = None
        weight = self.rule.get("alone", 0) if found.is_sure and not hits else 0
        for hit, place in hits:
            total = hit.label.weight + self.places[place]
            if not hit.label.is_against and total > weight:
                best, weight = hit, total
        if not found.is_sure and not (best and self._has_unit(found, best, where)):
            weight = 0
        return Announced(found, best, weight, against, tuple(where))

    def _is_joined(self, found: Found, hit: Hit, place: str) -> bool:
        """Whether nothing but filler parts the label from its value, and nothing voids it."""
        text = self._masked(hit.flow)
        line = hit.last.segment
        start, end = line.tokens[0].start, line.end
        if place not in ("left", "header"):
            end = found.start
            index = hit.flow.at(hit.start).index
            first = hit.flow.sentence_start(max(0, index - WINDOW), index)
            start = hit.flow.tokens[first].start
        void, filler = self.rule.get("void"), self.rule.get("filler")
        if void and re.search(void, text[start:end]):
            return False
        is_cell = place in ("left", "header")
        if filler is None or (hit.label.is_firm and not is_cell):
            return True
        around = text[hit.end : end] + (" " + text[start : hit.start] if is_cell else "")
        words = (word.strip(_PUNCTUATION) for word in around.split(" "))
        return all(len(word) < 2 or word in filler for word in words)

    def _has_unit(self, found: Found, hit: Hit, where: Sequence[Segment]) -> bool:
        """Whether the label, or the cells it stands in, give a bare figure its unit."""
        unit = self.rule.get("unit")
        if not unit:
            return False
        if found.flow is hit.flow and found.flow.at(found.start).segment is hit.last.segment:
            return bool(re.search(unit, hit.flow.text[hit.start : found.end + UNIT]))
        cells = [cell for cell in where if len(cell.tokens) <= CELL]
        return any(re.search(unit, cell.text) for cell in cells)

    def _after(self, found: Found) -> tuple[bool, bool, int]:
        """Whether what follows the value denies it, settles it, and where the previous value and
        what settled it end."""
        rule = self.rule.get("after", {})
        previous = 0
        for other in self._by_flow[id(found.flow)]:
            if other.is_sure and other.end <= found.start:
                previous = max(previous, other.end)
        denied = self._follows(rule.get("against"), found.flow, found.end)
        settled = self._follows(rule.get("for"), found.flow, found.end)
        taken = max(self._follows(rule.get(k), found.flow, previous) for k in ("against", "for"))
        return bool(denied), bool(settled) and not denied, max(taken, previous)

    def _follows(self, pattern: str | None, flow: Flow, end: int) -> int:
        """Where `pattern` ends when it follows position `end`, on the line unless the line is
        full of words; 0 when it does not."""
        if pattern is None or not end:
            return 0
        line = flow.at(end - 1).segment
        stop = line.end if len(line.tokens) <= CELL else len(flow.text)
        skip = self.rule.get("after_skip", "")
        match = re.compile(f"(?:{skip})(?:{pattern})").match(flow.text, end, stop)
        return match.end() if match else 0

    def _before(self, found: Found, start: int) -> Hit | None:
        """The nearest label before the value, in its sentence, not beyond another value."""
        token = found.flow.at(found.start)
        first = max(0, token.index - WINDOW)
        if not self._climb():
            first = found.flow.sentence_start(first, token.index)
        start = max(start, found.flow.tokens[first].start)
        hits = [hit for hit in self.hits(found.flow) if start <= hit.start < hit.end <= found.start]
        nearest = nearest_of(hits)
        if nearest is None or nearest.label.is_against:
            return nearest
        apart = token.index - nearest.last.index - 1
        return nearest if apart <= nearest.label.reach else None

    def _around(
        self, found: Found, segment: Segment
    ) -> tuple[list[tuple[Hit, str]], list[Segment]]:
        """Labels in the cell on the left and at the head of the column, and those cells."""
        hits: list[tuple[Hit, str]] = []
        where: list[Segment] = []
        is_first = not any(
            other.is_sure
            and other.start < found.start
            and found.flow.at(other.start).segment is segment
            for other in self._by_flow[id(found.flow)]
        )
        if is_first and len(segment.tokens) <= CELL:
            for cell in self.layout.left_of(segment):
                if len(cell.tokens) > CELL:
                    break
                lines = self._lines(cell)
                where.append(cell)
                hit = self._in(lines)
                if hit:
                    hits.append((hit, "left"))
                    break
        is_cell = len(segment.tokens) <= CELL // 2
        for header in self._headers(segment) if is_cell else ():
            where.extend(header)
            hit = self._in(header)
            if hit:
                hits.append((hit, "header"))
        return hits, where

    def _lines(self, cell: Segment) -> list[Segment]:
        """A cell and the lines of the same text just above and below that stand alone."""
        flow = cell.flow
        lines = [cell]
        if flow is None:
            return lines
        at = flow.segments.index(cell)
        for near in flow.segments[max(0, at - 1) : at + 2]:
            if near is not cell and len(self.layout.rows[near.page][near.row]) == 1:
                lines.append(near)
        return lines

    def _headers(self, segment: Segment) -> list[list[Segment]]:
        """What heads the column of `segment`: the first words met above it, with their lines."""
        row = None
        headers: list[list[Segment]] = []
        for other, is_alone in self.layout.above(segment, HEADER_LINES):
            if row is not None and other.row != row:
                break
            if not _WORDS.search(other.text.replace("eur", "")) or self._holds_value(other):
                continue
            row = other.row
            is_near = segment.box[1] - other.box[3] < 1.6 * segment.height
            if is_near and self._is_titled_below(other, segment):
                continue
            if len(other.tokens) <= CELL and (is_near or not is_alone):
                flow = other.flow
                stacked = flow.segments if flow else [other]
                at = stacked.index(other)
                headers.append(stacked[max(0, at - 2) : at + 1])
        return headers

    def _is_titled_below(self, title: Segment, segment: Segment) -> bool:
        """Whether another label stands just under the value, nearer than `title` over it."""
        gap = segment.box[1] - title.box[3]
        return any(
            other.box[1] - segment.box[3] < 0.8 * gap and any(self._within(other))
            for other in self.layout.below(segment)
            if not self._holds_value(other)
        )

    def _holds_value(self, segment: Segment) -> bool:
        flow = segment.flow
        start, end = segment.tokens[0].start, segment.tokens[-1].start
        return flow is not None and any(
            start <= found.start <= end for found in self._by_flow.get(id(flow), [])
        )

    def _in(self, lines: Sequence[Segment]) -> Hit | None:
        """The label of a cell: one against in any of its lines, else the last of its first line."""
        hits = [hit for line in lines for hit in self._within(line)]
        against = next((hit for hit in hits if hit.label.is_against), None)
        if len(lines) > 1 and against:
            return against
        return nearest_of(hits)

    def _within(self, segment: Segment) -> Iterator[Hit]:
        flow = segment.flow
        if flow is not None:
            start = segment.tokens[0].start
            hits = self.hits(flow)
            yield from (hit for hit in hits if start <= hit.start and hit.end <= segment.end)

    def _climb(self) -> int:
        return int(self.rule.get("climb", 0))

    def _headings(self, segment: Segment) -> list[tuple[Hit, str]]:
        """What the lines above say, over the value and over the cell on its left."""
        nearest: list[tuple[int, Hit]] = []
        left = next(self.layout.left_of(segment), None)
        for cell in (segment, left) if left else (segment,):
            for other, _ in self.layout.above(cell, self._climb()):
                hit = nearest_of(list(self._within(other)))
                if hit:
                    nearest.append((other.row, hit))
                    break
        lowest = max((row for row, _ in nearest), default=0)
        return [(hit, "above") for row, hit in nearest if row == lowest]
