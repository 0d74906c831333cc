"""What a funder's agreement says, read from its words: suggestions, each with its place.

Nothing here decides or applies anything. Each suggestion carries the page, the words it was read
from and their box, for a person to check; what is not said, or is said in two ways, is None.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

from portal.funding import reading_amounts
from portal.funding.reading_labels import Announced, Field
from portal.funding.reading_layout import Box, Layout, Token, boxed, lay_out
from portal.funding.reading_pages import Page, PagesError, Word, parse_bbox
from portal.funding.reading_phrases import Said, agreed, said
from portal.funding.rules import Base

__all__ = ["Box", "Page", "PagesError", "Reading", "Suggestion", "Word", "parse_bbox", "read"]

T = TypeVar("T", int, str, bool, date)
SCAN_WORDS = 8  # per file: a scanner's stamp is no text of an agreement


@dataclass(frozen=True)
class Suggestion(Generic[T]):
    """A value read on page `page` (from 1), in the box `(x0, y0, x1, y1)` in points from the top
    left; `words` as they are written there; `label` the words that announce it, "" when the value
    speaks for itself; `rule` the id of the reading rule."""

    value: T
    page: int
    words: str
    label: str
    box: Box
    rule: str


@dataclass(frozen=True)
class Reading:
    """Suggestions, to be checked by a person; None when nothing can be proposed.

    `decision` is "total", "partial" or "refused"; `amount` is in cents and excludes VAT or not
    as `base` says (None: not said); `minutes` is the length for one trainee; `payee` is
    "organisation" or "company". `is_scan`: there is no text to read. `blank_pages` have none.
    `sizes` are the width and height of each page, in points.
    """

    decision: Suggestion[str] | None = None
    amount: Suggestion[int] | None = None
    base: Base | None = None
    file_number: Suggestion[str] | None = None
    start: Suggestion[date] | None = None
    end: Suggestion[date] | None = None
    minutes: Suggestion[int] | None = None
    headcount: Suggestion[int] | None = None
    subrogation: Suggestion[bool] | None = None
    client_siret: Suggestion[str] | None = None
    organisation_nda: Suggestion[str] | None = None
    payee: Suggestion[str] | None = None
    is_scan: bool = False
    blank_pages: tuple[int, ...] = ()
    sizes: tuple[tuple[float, float], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads back; days are ISO texts."""
        data: dict[str, Any] = {"base": self.base, "is_scan": self.is_scan}
        data["blank_pages"] = list(self.blank_pages)
        data["sizes"] = [list(size) for size in self.sizes]
        for name in FIELDS:
            one: Suggestion[Any] | None = getattr(self, name)
            value = one.value if one else None
            data[name] = one and {
                "value": value.isoformat() if isinstance(value, date) else value,
                "page": one.page,
                "words": one.words,
                "label": one.label,
                "box": list(one.box),
                "rule": one.rule,
            }
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Reading":
        """The reading that `to_json` wrote. Raises KeyError or ValueError on anything else."""
        fields: dict[str, Any] = {}
        for name in FIELDS:
            one = data[name]
            if one is not None:
                value = date.fromisoformat(one["value"]) if name in DAYS else one["value"]
                fields[name] = Suggestion(**{**one, "value": value, "box": tuple(one["box"])})
        base = Base(data["base"]) if data["base"] else None
        blank = tuple(data["blank_pages"])
        sizes = tuple((width, height) for width, height in data["sizes"])
        return cls(base=base, is_scan=data["is_scan"], blank_pages=blank, sizes=sizes, **fields)


DAYS = ("start", "end")
FIELDS = (
    "decision",
    "amount",
    "file_number",
    "start",
    "end",
    "minutes",
    "headcount",
    "subrogation",
    "client_siret",
    "organisation_nda",
    "payee",
)


def read(pages: Sequence[Page]) -> Reading:
    """Suggestions for what the agreement on `pages` says."""
    blank = tuple(page.number for page in pages if not page.words)
    sizes = tuple((page.width, page.height) for page in pages)
    if sum(len(page.words) for page in pages) < SCAN_WORDS:
        return Reading(is_scan=True, blank_pages=blank, sizes=sizes)
    layout = lay_out(pages)
    figures = reading_amounts.read(layout)
    decision = _decision(layout, figures)
    is_refused = "refused" in {one.value for one in said("decision", layout)}
    granted = None if is_refused else figures.granted
    start, end = _days(layout)
    return Reading(
        decision=decision,
        amount=_announced(granted),
        base=figures.base if granted else None,
        file_number=_best(layout, "file_number"),
        start=start,
        end=end,
        minutes=_best(layout, "hours"),
        headcount=_best(layout, "headcount"),
        subrogation=_said(agreed(said("subrogation", layout))),
        client_siret=_best(layout, "client_siret"),
        organisation_nda=_best(layout, "organisation_nda"),
        payee=_said(agreed(said("payee", layout))),
        blank_pages=blank,
        sizes=sizes,
    )


def _decision(layout: Layout, figures: reading_amounts.Figures) -> Suggestion[str] | None:
    """What is said, unless the figures deny it; failing words, what asked and granted say."""
    spoken = said("decision", layout)
    values = {one.value for one in spoken}
    granted, compared = figures.granted, figures.compared
    if len(values) > 1 or (granted and "refused" in values):
        return None
    if spoken:
        is_denied = compared is not None and compared not in values
        return None if is_denied else _said(spoken[0])
    if granted and compared:
        return _suggestion(compared, _value_tokens(granted), "", "decision.compared")
    return None


def _best(layout: Layout, name: str) -> Suggestion[Any] | None:
    """The value best announced, when no other is announced as well."""
    accepted = Field(name, layout).accepted()
    top = max((one.weight for one in accepted), default=0)
    best = [one for one in accepted if one.weight == top]
    return _announced(best[0]) if len({one.found.value for one in best}) == 1 else None


def _days(layout: Layout) -> tuple[Suggestion[date] | None, Suggestion[date] | None]:
    """First and last day; both None when they contradict themselves or each other."""
    spans = Field("dates", layout).accepted()
    alone = [] if spans else Field("day", layout).accepted()
    chosen: list[Suggestion[date] | None] = []
    for index, name in enumerate(DAYS):
        named = Field(name, layout).accepted()
        every = [*spans, *named, *([] if named else alone)]
        days = {_span(one)[index] for one in every}
        if len(days) != 1:
            chosen.append(None)
            continue
        chosen.append(_announced(every[0], _span(every[0])[index]))
    start, end = chosen
    if start and end and start.value > end.value:
        return None, None
    return start, end


def _span(one: Announced) -> tuple[date, date]:
    value = one.found.value
    if not isinstance(value, tuple):
        raise TypeError("this finder yields no days")
    return value


def _value_tokens(one: Announced) -> list[Token]:
    return one.found.flow.between(one.found.start, one.found.end)


def _announced(one: Announced | None, value: Any = None) -> Suggestion[Any] | None:
    if one is None:
        return None
    label, rule = "", "alone"
    if one.hit:
        label = _text(one.hit.flow.between(one.hit.start, one.hit.end))
        rule = one.hit.label.id
    value = one.found.value if value is None else value
    return _suggestion(value, _value_tokens(one), label, rule)


def _said(one: Said | None) -> Suggestion[Any] | None:
    return None if one is None else _suggestion(one.value, one.tokens, "", one.rule)


def _suggestion(value: Any, tokens: Sequence[Token], label: str, rule: str) -> Suggestion[Any]:
    page = tokens[0].segment.page
    return Suggestion(value, page, _text(tokens), label, boxed(tokens), rule)


def _text(tokens: Sequence[Token]) -> str:
    return " ".join(token.word.text for token in tokens)
