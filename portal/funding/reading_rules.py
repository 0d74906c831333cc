"""Access to the reading rules: the patterns of `reading_rules.toml`, sought in a flow."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from portal.funding.reading_layout import Flow, Token

CLOSE = 4  # words: a label against, so near before another, takes it over
_PAUSE = re.compile(r"[,:;(.]")


@cache
def rules() -> Mapping[str, Any]:
    """The reading rules, read once."""
    text = files("portal.funding").joinpath("reading_rules.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@dataclass(frozen=True, slots=True)
class Label:
    """One rule: what announces a value, or (`is_against`) another value than the one sought."""

    id: str
    pattern: re.Pattern[str]
    is_against: bool
    weight: int = 0
    reach: int = 8
    is_firm: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A label found at `flow.text[start:end]`."""

    label: Label
    flow: Flow
    start: int
    end: int

    @property
    def last(self) -> Token:
        return self.flow.at(self.end - 1)


@cache
def labels(name: str) -> tuple[Label, ...]:
    """The labels of the field called `name`, for and against."""
    rule = rules()[name]
    wanted = [
        Label(
            one["id"],
            re.compile(one["match"]),
            False,
            one["weight"],
            one.get("reach", 8),
            one.get("firm", False),
        )
        for one in rule["labels"]
    ]
    against = [Label(one["id"], re.compile(one["match"]), True) for one in rule["against"]]
    return (*wanted, *against)


def masked(text: str) -> str:
    """`text` with what must not be taken for a label (titles between quotes…) blanked out."""
    for pattern in rules()["ignore"]:
        text = re.sub(pattern, lambda match: "_" * len(match[0]), text)
    return text


def matches_of(label: Label, flow: Flow, text: str) -> Iterator[re.Match[str]]:
    """Matches of a label; one anchored at both ends is sought in each cell of its own."""
    if not label.pattern.pattern.startswith("^"):
        yield from label.pattern.finditer(text)
        return
    for segment in flow.segments:
        start = segment.tokens[0].start
        cell = re.compile(label.pattern.pattern[1:].removesuffix("$") + r"(?!.)")
        match = cell.match(text, start, segment.end)
        if match:
            yield match


def nearest_of(hits: Sequence[Hit]) -> Hit | None:
    """The label that ends last; one against that touches it, or comes just before, is taken."""
    if not hits:
        return None
    nearest = max(hits, key=lambda hit: (hit.end, hit.label.is_against, hit.end - hit.start))
    if nearest.label.is_against:
        return nearest
    for hit in hits:
        if not hit.label.is_against:
            continue
        if hit.end > nearest.start:
            return hit
        if nearest.label.is_firm:
            continue
        between = nearest.flow.text[hit.end : nearest.start]
        if len(between.split()) <= CLOSE and not _PAUSE.search(between):
            return hit
    return nearest
