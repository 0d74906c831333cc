"""The granted amount among all those of an agreement: asked, ceiling, fees, remainder, VAT…"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from portal import money
from portal.funding.reading_labels import Announced, Field
from portal.funding.reading_layout import Layout, Segment
from portal.funding.reading_rules import rules
from portal.funding.rules import Base

VAT_RATES = (2_000, 850)  # basis points: mainland, overseas
SAME_EDGE = 4.0  # points between right edges of figures of one column


@dataclass(frozen=True)
class Figures:
    """The granted amount when there is one and one only; `compared` is "total" or "partial" when
    the amount asked for is there too and bears the comparison."""

    granted: Announced | None
    base: Base | None
    compared: str | None


def read(layout: Layout) -> Figures:
    """The granted amount, its base, and what the amount asked for makes of it."""
    field = Field("amount", layout)
    every = field.read()
    accepted = [one for one in every if not one.against and one.weight >= field.rule["need"]]
    accepted = _without_sums(layout, every, accepted)
    bases = [_base(one, layout) for one in accepted]
    granted, base = _only(accepted, bases)
    return Figures(granted, base, _compared(granted, base, every, layout))


def _only(
    accepted: Sequence[Announced], bases: Sequence[Base | None]
) -> tuple[Announced | None, Base | None]:
    """The one amount, or the net one of a net and a gross that go together."""
    values = {_cents(one) for one in accepted}
    if len(values) == 1:
        said = {base for base in bases if base}
        return accepted[0], said.pop() if len(said) == 1 else None
    if len(values) == 2:
        low, high = min(values), max(values)
        is_net = all(
            base is (Base.NET if _cents(one) == low else Base.GROSS)
            for one, base in zip(accepted, bases, strict=True)
        )
        if is_net and any(high == low + money.vat(low, rate) for rate in VAT_RATES):
            return next(one for one in accepted if _cents(one) == low), Base.NET
    return None, None


def _without_sums(
    layout: Layout, every: Sequence[Announced], accepted: list[Announced]
) -> list[Announced]:
    """Per trainee and in all, training and fees: in a column that ends with its sum, the sum is
    the amount, or when fees are a part of it, the other figures are."""
    for total in list(accepted):
        cells = layout.left_of(_segment(total))
        if not any(re.search(rules()["base"]["sum"], cell.text) for cell in cells):
            continue
        column = [one for one in every if one is not total and _is_over(one, total)]
        if len(column) < 2 or sum(map(_cents, column)) != _cents(total):
            continue
        dropped = [total] if any(one.against for one in column) else column
        accepted = [one for one in accepted if not any(one is other for other in dropped)]
    return accepted


def _is_over(one: Announced, total: Announced) -> bool:
    """Whether `one` is above `total` in the same column of figures."""
    upper, lower = _segment(one), _segment(total)
    if upper.page != lower.page or upper.row >= lower.row:
        return False
    return abs(upper.box[2] - lower.box[2]) < SAME_EDGE


def _segment(one: Announced) -> Segment:
    return one.found.flow.at(one.found.start).segment


def _cents(one: Announced) -> int:
    return one.found.value if isinstance(one.found.value, int) else 0


def _base(one: Announced, layout: Layout) -> Base | None:
    """Written after the figure, else in its label or the head of its column, else for all."""
    rule = rules()["base"]
    flow = one.found.flow
    after = re.match(rule["after"], flow.text[one.found.end : one.found.end + 40])
    if after:
        return _said(after[0])
    if one.hit:
        for segment in one.where:
            text = segment.text
            if segment is _segment(one):
                text = one.hit.flow.text[one.hit.start : one.found.start]
            if re.search(rule["net"], text) or re.search(rule["gross"], text):
                return _said(text)
    everywhere = " ".join(
        match[0] for flow in layout.flows for match in re.finditer(rule["everywhere"], flow.text)
    )
    return _said(everywhere)


def _said(text: str) -> Base | None:
    """HT or TTC when one of them alone is in `text`."""
    rule = rules()["base"]
    is_net, is_gross = bool(re.search(rule["net"], text)), bool(re.search(rule["gross"], text))
    if is_net is is_gross:
        return None
    return Base.NET if is_net else Base.GROSS


def _compared(
    granted: Announced | None,
    base: Base | None,
    every: Sequence[Announced],
    layout: Layout,
) -> str | None:
    """ "total" when the one amount asked for is granted whole; "partial" when it is not even
    once the VAT it may include is taken off."""
    asked = [one for one in every if one.against and one.against[0].startswith("asked")]
    values = {_cents(one) for one in asked}
    if granted is None or len(values) != 1:
        return None
    cents = values.pop()
    if _cents(granted) == cents and _base(asked[0], layout) in (base, None):
        return "total"
    is_less = _cents(granted) < cents * 10_000 // (10_000 + max(VAT_RATES))
    return "partial" if is_less else None
