"""Facts said by a phrase (« avec subrogation », « accord partiel ») or by a box that is ticked."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from portal.funding.reading_layout import Flow, Layout, Token
from portal.funding.reading_rules import masked, rules

BEFORE, AFTER = 12, 6  # words around a phrase where it may be made void
LABEL = 6  # words of a cell that may be asked of the next one


@dataclass(frozen=True, slots=True)
class Said:
    """A phrase of the rules, and the words that say it."""

    rule: str
    value: str | bool
    tokens: tuple[Token, ...]


def said(name: str, layout: Layout) -> list[Said]:
    """Every time the phrases of the field `name` are said; of boxes, the ticked ones alone."""
    rule = rules()[name]
    found: list[Said] = []
    ticked: list[Said] = []
    for flow in (*layout.flows, *_pairs(layout)):
        text = masked(flow.text)
        for phrase in rule["phrases"]:
            for match in re.finditer(phrase["match"], text):
                before = text[max(0, match.start() - 8) : match.start()]
                if re.search(rule["unchecked"] + " ?$", before):
                    continue
                tokens = flow.between(match.start(), match.end())
                if _is_void(rule["void"], flow, tokens):
                    continue
                one = Said(phrase["id"], phrase["value"], tuple(tokens))
                found.append(one)
                if re.search(rule["checked"] + " ?$", before):
                    ticked.append(one)
    return ticked or found


def agreed(found: list[Said]) -> Said | None:
    """The first of what is said, when all say the same."""
    return found[0] if len({one.value for one in found}) == 1 else None


def _pairs(layout: Layout) -> Iterator[Flow]:
    """A short cell and the one on its right read as one text: « Subrogation » « oui »."""
    for rows in layout.rows.values():
        for row in rows:
            for left, right in zip(row, row[1:], strict=False):
                if len(left.tokens) <= LABEL:
                    tokens = [
                        Token(token.word, token.folded, token.segment)
                        for token in (*left.tokens, *right.tokens)
                    ]
                    yield Flow([], tokens).numbered()


def _is_void(void: str, flow: Flow, tokens: list[Token]) -> bool:
    """Whether the sentence around makes the phrase a supposition or another matter."""
    first, last = tokens[0].index, tokens[-1].index
    low, high = max(0, first - BEFORE), min(len(flow.tokens), last + 1 + AFTER)
    low, high = flow.sentence_start(low, first), flow.sentence_end(last, high)
    around = [*flow.tokens[low:first], *flow.tokens[last + 1 : high]]
    return bool(re.search(void, " ".join(token.folded for token in around)))
