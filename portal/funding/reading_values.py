"""Values written in French text: amounts, days, hours, counts, identifiers.

Every finder takes a flow and yields what is written in it without a doubt. What can be read in two
ways, or holds a letter among its figures (« 1 234,5O »), is not yielded at all.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from portal import money
from portal.companies import rules as identifiers
from portal.funding.reading_layout import Flow

Value = int | str | tuple[date, date]


@dataclass(frozen=True, slots=True)
class Found:
    """A value at `flow.text[start:end]`; `is_sure` when its unit is written beside it."""

    flow: Flow
    start: int
    end: int
    value: Value
    is_sure: bool = True


# A figure is grouped by three, by blanks or by dots, and never given back half read: the groups
# are atomic. Quotes are left out: « 1'234 » is not French.
_NUMBER = r"(?>\d{1,3}(?:[ ]\d{3})+|\d{1,3}(?:\.\d{3})+(?=,\d)|\d{1,9})"
_BASE = r"(?:h\.?t\b\.?|t\.?t\.?c\b\.?)"
_AMOUNT = re.compile(
    r"(?:^|(?<=[ (:=\[|«*]))(?P<before>(?:€|eur|euros?)[ ]?)?"
    rf"(?P<figures>{_NUMBER}(?P<decimals>[.,]\d{{1,2}})?+)"
    rf"(?P<after>[ ]?(?:€|eur\b|euros?\b)(?={_BASE}|$|[ ,;:.)*/\]|»]))?"
    rf"(?=$|[ ;:)*\]|»]|[.,/](?!\d)|{_BASE})"
)
_UNITS = re.compile(
    r"[ ]?(?:%|‰|k€|m€|k ?euros|heures?\b|h\b|jours?\b|j\b|mois\b|ans?\b|minutes?\b|mn\b|pages?\b"
    r"|stagiaires?\b|salaries?\b|participants?\b|personnes?\b|points?\b|janvier|fevrier|mars\b|avril"
    r"|mai\b|juin\b|juillet|aout|septembre|octobre|novembre|decembre)"
)
_LOOKS_LIKE_A_FIGURE = re.compile(r"[.,]?[\doil|][\d.,oil|]*")
MAX_BLANK = 0.62  # of the height, or 1.25 of a character: wider, it may part two columns

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("janvier", "janv", "jan"),
            ("fevrier", "fevr", "fev"),
            ("mars",),
            ("avril", "avr"),
            ("mai",),
            ("juin",),
            ("juillet", "juil"),
            ("aout",),
            ("septembre", "sept"),
            ("octobre", "oct"),
            ("novembre", "nov"),
            ("decembre", "dec"),
        ),
        start=1,
    )
    for name in names
}
_DAY_NAME = r"(?:(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche) )?"
_MONTH = r"(?:" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\b\.?"
_FULL = (
    rf"{_DAY_NAME}(?:\d{{1,2}}[/.\-]\d{{1,2}}[/.\-](?:\d{{4}}|\d{{2}})|\d{{4}}-\d{{2}}-\d{{2}}"
    rf"|(?:\d{{1,2}}|1er) {_MONTH} \d{{4}})(?![\d/.\-]*\d)"
)
_SHORT = rf"{_DAY_NAME}(?:\d{{1,2}}|1er)(?: {_MONTH})?"
_SPAN = re.compile(
    rf"(?<![\w/.\-])(?:du (?P<a>{_FULL}|{_SHORT}) (?:au|jusqu'au) (?P<b>{_FULL})"
    rf"|(?P<c>{_FULL}) (?:au|-|–|→|a) (?P<d>{_FULL})"
    rf"|(?P<e>(?:\d{{1,2}}|1er))(?:, \d{{1,2}})* et (?P<f>\d{{1,2}} {_MONTH} \d{{4}}))"
)
_DATE = re.compile(rf"(?<![\w/.\-])(?P<day>{_FULL})")
_HOURS = re.compile(
    r"(?:^|(?<=[ (:,]))(?P<n>\d{1,4})(?:[.,](?P<d>\d{1,2}))? ?(?P<unit>h\b|heures?\b)?"
    r"(?: ?(?P<m>[0-5]\d)\b(?: ?(?:mn|min|minutes)\b)?)?(?=$|[ ;:)*]|[.,/](?!\d))"
)
_CLOCK = re.compile(r"\d{1,2} ?h ?(?:\d{2})? ?(?:a|-|–|/|et) ?\d{1,2} ?h(?: ?\d{2})?")
_GLUED_HOURS = re.compile(
    r"(?:^|(?<=[ (:,]))(?P<n>\d{1,4})h(?P<m>[0-5]\d)(?=$|[ ;:)*]|[.,/](?!\d))"
)
_COUNTS = dict(
    zip(
        "un une deux trois quatre cinq six sept huit neuf dix onze douze".split(),
        (1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
        strict=True,
    )
)
_COUNT = re.compile(
    rf"(?:^|(?<=[ (:]))(?P<n>\d{{1,3}}|(?:{'|'.join(_COUNTS)})\b)(?: \(0?(?P<again>\d{{1,3}})\))?"
    r"(?P<unit> (?:stagiaires?|participant(?:e?s|\(e\)s|·es)?|apprenants?)\b)?"
    r"(?P<staff>(?= salarie(?:e?s|\(e\)s)?\b))?"
    r"(?=$|[ ;:)]|[.,](?!\d))"
)
_SIRET = re.compile(r"(?<![\w.,-])\d{3}[ .]?\d{3}[ .]?\d{3}[ .\-]?\d{5}(?![\w-])")
_NDA = re.compile(r"(?<![\w.,-])\d(?:[ .\-]?\d){10}(?![\w-])")
_CODE = re.compile(
    r"(?:^|(?<=[ :°#]))(?=[a-z0-9/._\-]*\d)[a-z0-9][a-z0-9/._\-]{3,29}(?=$|[ ,;:.)\]])"
)
_NOT_CODE = re.compile(
    r"\d{1,2}[/.\-]\d{1,2}[/.\-]\d{2,4}\.?|\d{14}|\d{1,3}(?:\.\d{3})*,\d+|0\d{9}"
)


def amounts(flow: Flow) -> Iterator[Found]:
    """Amounts above zero, in cents; « 1 600 » without € nor decimals is not sure."""
    for match in _AMOUNT.finditer(flow.text):
        has_currency = bool(match["before"] or match["after"])
        if not _stands_alone(flow, match) or (
            not has_currency and _UNITS.match(flow.text, match.end())
        ):
            continue
        try:
            cents = money.parse(match["figures"])
        except money.AmountError:
            continue
        is_sure = has_currency or len(match["decimals"] or "") == 3
        if cents:
            yield Found(flow, match.start(), match.end(), cents, is_sure)


def _stands_alone(flow: Flow, match: re.Match[str]) -> bool:
    """Whether no neighbour may be a part of the figure, nor a wide blank part it in two."""
    tokens = flow.between(match.start(), match.end())
    first, last = tokens[0], tokens[-1]
    if first.segment is not last.segment:
        return False
    for left, right in zip(tokens, tokens[1:], strict=False):
        word = right.word
        character = (word.x1 - word.x0) / len(word.text)
        widest = max(MAX_BLANK * (word.y1 - word.y0), 1.25 * character)
        if word.x0 - left.word.x1 > widest:
            return False
    before = flow.tokens[first.index - 1] if first.index else None
    if before and before.segment is first.segment and match.start() == first.start:
        joined = before.folded
        if joined[-1].isdigit() or joined in "-−+" or _LOOKS_LIKE_A_FIGURE.fullmatch(joined):
            return False
    after = flow.tokens[last.index + 1] if last.index + 1 < len(flow.tokens) else None
    if match["after"] or after is None or after.segment is not last.segment:
        return True
    return not _LOOKS_LIKE_A_FIGURE.fullmatch(after.folded)


def spans(flow: Flow) -> Iterator[Found]:
    """« du 12 au 13 janvier 2027 », « 12/01/2027 - 13/01/2027 », « les 12 et 13 janvier 2027 »."""
    for match in _SPAN.finditer(flow.text):
        first = match["a"] or match["c"] or match["e"]
        last = _day(match["b"] or match["d"] or match["f"])
        start = _day(first, last) if last else None
        if start and last and start <= last:
            yield Found(flow, match.start(), match.end(), (start, last))


def dates(flow: Flow) -> Iterator[Found]:
    """Single days, as a span of one day."""
    taken = {at for found in spans(flow) for at in range(found.start, found.end)}
    for match in _DATE.finditer(flow.text):
        day = _day(match["day"])
        if day and match.start() not in taken:
            yield Found(flow, match.start(), match.end(), (day, day))


def _day(text: str, until: date | None = None) -> date | None:
    """The day written; what « du 12 » or « du 15 décembre » leaves out is taken from `until`."""
    figures = [int(figure) for figure in re.findall(r"\d+", text)]
    word = re.search(r"[a-z]{3,}", re.sub(_DAY_NAME + r"(?=\d)", "", text))
    month = _MONTHS.get(word[0]) if word else None
    if re.match(r"\d{4}-", text):
        year, number, day = figures
    elif len(figures) == 3:
        day, number, year = figures
    elif month:
        day, number = figures[0], month
        year = figures[1] if len(figures) > 1 else 0
    else:
        day, number, year = figures[0], 0, 0
    if until:
        number = number or until.month
        year = year or until.year - (number > until.month)
    try:
        found = date(year + 2000 if year < 100 else year, number, day)
    except ValueError:
        return None
    return found if 2000 <= found.year < 2100 else None


def hours(flow: Flow) -> Iterator[Found]:
    """Durations in minutes: « 14 heures », « 17 h 30 », « 17h30 », « 14,00 h »; never « de 9 h 00
    à 17 h 30 », which are times of the day."""
    clock = {at for match in _CLOCK.finditer(flow.text) for at in range(*match.span())}
    for match in _GLUED_HOURS.finditer(flow.text):
        if match.start() not in clock:
            minutes = int(match["n"]) * 60 + int(match["m"])
            yield Found(flow, match.start(), match.end(), minutes)
    for match in _HOURS.finditer(flow.text):
        if match.start() in clock or (match["m"] and not match["unit"]):
            continue
        if not _stands_apart(flow, match):
            continue
        minutes = int(match["n"]) * 60 + int(match["m"] or 0)
        if match["d"]:
            hundredths = int(match["d"].ljust(2, "0")) * 60
            if hundredths % 100 or match["m"]:
                continue
            minutes += hundredths // 100
        if minutes:
            yield Found(flow, match.start(), match.end(), minutes, bool(match["unit"]))


def counts(flow: Flow) -> Iterator[Found]:
    """« 4 stagiaires »; « quatre (4) salariés » and bare figures, which are not sure: they may be
    all those of the company."""
    for match in _COUNT.finditer(flow.text):
        count = int(match["n"]) if match["n"].isdigit() else _COUNTS[match["n"]]
        is_word = not match["n"].isdigit()
        is_of_people = match["unit"] or match["staff"] is not None
        if (is_word and not is_of_people) or (match["again"] and int(match["again"]) != count):
            continue
        if count and _stands_apart(flow, match):
            yield Found(flow, match.start(), match.end(), count, bool(match["unit"]))


def _stands_apart(flow: Flow, match: re.Match[str]) -> bool:
    """Whether no word around it, on its line, begins or ends with a figure."""
    text = flow.text
    low = flow.at(match.start()).segment.tokens[0].start
    high = flow.at(match.end() - 1).segment.end
    before = text[max(low, match.start() - 2) : match.start()].rstrip(" ")[-1:]
    after = text[match.end() : min(high, match.end() + 2)].lstrip(" ")[:1]
    return not before.isdigit() and not (after.isdigit() and text[match.end() - 1].isdigit())


def sirets(flow: Flow) -> Iterator[Found]:
    """Numbers with a valid key."""
    yield from _checked(flow, _SIRET, identifiers.check_siret)


def ndas(flow: Flow) -> Iterator[Found]:
    """Eleven figures, grouped in any way."""
    yield from _checked(flow, _NDA, identifiers.check_nda)


def _checked(flow: Flow, pattern: re.Pattern[str], check: Callable[[str], str]) -> Iterator[Found]:
    for match in pattern.finditer(flow.text):
        try:
            value = check(match[0])
        except ValueError:
            continue
        is_one_line = flow.at(match.start()).segment is flow.at(match.end() - 1).segment
        if is_one_line and _stands_apart(flow, match):
            yield Found(flow, match.start(), match.end(), value)


def codes(flow: Flow) -> Iterator[Found]:
    """File numbers: one word with at least three figures, as it is written."""
    for match in _CODE.finditer(flow.text):
        code = match[0].rstrip(".-/_")
        if sum(map(str.isdigit, code)) < 3 or _NOT_CODE.fullmatch(code):
            continue
        (token, *others) = flow.between(match.start(), match.start() + len(code))
        written = re.search(re.escape(code), token.word.text, re.IGNORECASE)
        if written and not others:
            yield Found(flow, match.start(), match.start() + len(code), written[0])


FINDERS: dict[str, Callable[[Flow], Iterator[Found]]] = {
    "amounts": amounts,
    "spans": spans,
    "dates": dates,
    "hours": hours,
    "counts": counts,
    "sirets": sirets,
    "ndas": ndas,
    "codes": codes,
}
