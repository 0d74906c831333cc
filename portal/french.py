"""How France writes numbers, dates, hours and identifiers. Pure functions, used as filters.

The thousands separator is U+00A0: web subsets of text fonts lack U+202F, and the browser then
draws it so thin that « 1 800 » reads « 1800 ».
"""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, time
from fractions import Fraction

from markupsafe import Markup

from portal import clock, money

NBSP = money.NBSP
DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = (
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()
)
# A vowel, a « y » that is one, or the beginnings of names whose « h » is not sounded.
_ELIDED = re.compile(
    "[aeiou]|y[^aeiou]|h(?:abi|el|enri|erit|erm|erv|ip|ist|omm|onor|opi|ori|orl|orte|orti|ote|"
    "uber|uma|ydr|yg|yp)"
)
_REFERENCE = re.compile(r"\b([A-Z]-[0-9]{4}-[0-9]{4,}(?: v[0-9]+)?)\b")


def local_day(day: date | datetime) -> date:
    """The day in Paris of a date or of an instant."""
    return clock.paris(day).date() if isinstance(day, datetime) else day


def day_month(day: date | datetime) -> str:
    """« 12 janvier », « 1er mars »."""
    day = local_day(day)
    return f"{'1er' if day.day == 1 else day.day}{NBSP}{MONTHS[day.month - 1]}"


def date_mid(day: date | datetime) -> str:
    """« 12 janvier 2027 »."""
    return f"{day_month(day)}{NBSP}{local_day(day).year}"


def date_long(day: date | datetime) -> str:
    """« mardi 12 janvier 2027 »."""
    return f"{DAYS[local_day(day).weekday()]} {date_mid(day)}"


def weekday(day: date | datetime) -> str:
    """« mardi »."""
    return DAYS[local_day(day).weekday()]


def date_short(day: date | datetime) -> str:
    """« 12/01/2027 », for tables of documents."""
    return f"{local_day(day):%d/%m/%Y}"


def hour(moment: time | datetime) -> str:
    """« 9 h 00 »; an instant is shown in Paris time."""
    if isinstance(moment, datetime):
        moment = clock.paris(moment).time()
    return f"{moment.hour}{NBSP}h{NBSP}{moment.minute:02d}"


def moment(instant: datetime) -> str:
    """« lundi 23 novembre 2026 à 16 h 05 », in Paris time."""
    return f"{date_long(instant)} à {hour(instant)}"


def moment_mid(instant: datetime) -> str:
    """« 23 novembre 2026 à 16 h 05 », in Paris time: for lists."""
    return f"{date_mid(instant)} à {hour(instant)}"


def since(day: date | datetime, today: date) -> str:
    """« aujourd’hui », « hier », « il y a 4 jours »."""
    days = (today - local_day(day)).days
    if days <= 0:
        return "aujourd’hui"
    return "hier" if days == 1 else f"il y a {days}{NBSP}jours"


def duration(minutes: int) -> str:
    """« 14 heures », « 17 h 30 », « 45 minutes »."""
    hours, rest = divmod(minutes, 60)
    if rest and hours:
        return f"{hours}{NBSP}h{NBSP}{rest:02d}"
    return count(rest, "minute") if rest else count(hours, "heure")


def decimal_hours(minutes: int) -> str:
    """« 14,00 »: hours with two decimals, the way funders' forms ask for them."""
    return money.figures(money.half_up(Fraction(minutes * 100, 60)))


def count(n: int, singular: str, plural: str | None = None) -> str:
    """« 1 stagiaire », « 2 stagiaires », « 0 jour »: French agrees in the plural from two on."""
    word = singular if abs(n) < 2 else (plural or singular + "s")
    return f"{n:,}".replace(",", NBSP) + NBSP + word


def enumeration(items: Sequence[str]) -> str:
    """« a, b et c »."""
    return " et ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def span(first: date, last: date) -> str:
    """« 12 et 13 janvier 2027 », « du 12 au 20 janvier 2027 », « 15 décembre 2026 »."""
    if first == last:
        return date_mid(first)
    start = day_month(first)
    if (first.year, first.month) == (last.year, last.month):
        start = start.split(NBSP)[0]
    elif first.year != last.year:
        start = date_mid(first)
    if (last - first).days == 1:
        return f"{start} et {date_mid(last)}"
    return f"du {start} au {date_mid(last)}"


def of(name: str) -> str:
    """« d’Afdas », « de Constructys », « d’Hélène », « de Hans », « d’Yves », « de Yann »."""
    return f"d’{name}" if _ELIDED.match(fold(name)) else f"de {name}"


def size(octets: int) -> str:
    """« 84 Ko », « 1,4 Mo »."""
    if octets < 1_000_000:
        return f"{max(1, round(octets / 1000))}{NBSP}Ko"
    return f"{octets / 1_000_000:.1f}{NBSP}Mo".replace(".", ",")


def percent(basis_points: int) -> str:
    """« 20 % », « 5,5 % »."""
    whole, rest = divmod(basis_points, 100)
    decimals = f",{rest:02d}".rstrip("0") if rest else ""
    return f"{whole}{decimals}{NBSP}%"


def siret(digits: str) -> str:
    """« 900 553 124 00018 »."""
    return NBSP.join([digits[:3], digits[3:6], digits[6:9], digits[9:]]).strip(NBSP)


def nda(digits: str) -> str:
    """« 11 75 00000 75 »: the usual grouping of an activity declaration number."""
    return NBSP.join([digits[:2], digits[2:4], digits[4:9], digits[9:]])


def iban(value: str) -> str:
    """« FR76 3000 6000 0112 3456 7890 189 »."""
    return NBSP.join(value[i : i + 4] for i in range(0, len(value), 4))


def phone(value: str) -> str:
    """« 01 99 00 12 34 »; a foreign number stays as it was typed."""
    if re.fullmatch(r"0[0-9]{9}", value):
        return NBSP.join(value[i : i + 2] for i in range(0, 10, 2))
    return value


def clean(text: str) -> str:
    """NFC, invisible and control characters dropped (line breaks kept), blanks at the ends cut."""
    spaced = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return visible(unicodedata.normalize("NFC", spaced)).strip()


def visible(text: str) -> str:
    """`text` without control, bidi or invisible characters; its line breaks stay."""
    if text.replace("\n", " ").replace(NBSP, " ").isprintable():
        return text  # nearly always: a paper is ten thousand characters to look at one by one
    return "".join(c for c in text if c == "\n" or unicodedata.category(c)[0] != "C")


def one_line(text: str) -> str:
    """`clean`, on one line, inner blanks folded."""
    return " ".join(clean(text).split())


def shorten(text: str, length: int) -> str:
    """`text` on one line, cut with « … » when it is longer than `length` characters."""
    line = one_line(text)
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def typography(text: str) -> str:
    """A line of open data as the pages write it: ’ and no-break spaces beside ; : ? ! « »."""
    text = one_line(text).replace("'", "’")
    text = re.sub(r" ([:;?!»])", NBSP + r"\1", text)
    return text.replace("« ", "«" + NBSP)


def unbroken(text: str) -> Markup:
    """`text` for a screen, where no line ends inside a reference (« S-2026-0042 »).

    By style and not by no-break hyphens: whoever copies or searches it finds what was typed.
    For the same reason subjects of e-mails and papers keep their references bare.
    """
    whole = Markup('<span class="nowrap">{}</span>')
    parts = _REFERENCE.split(text)  # what stands between references, and each of them
    return Markup("").join(whole.format(part) if at % 2 else part for at, part in enumerate(parts))


def fold(text: str) -> str:
    """Lower case without accents or ligatures: what searches compare."""
    text = text.lower().replace("œ", "oe").replace("æ", "ae").replace("’", "'")
    decomposed = unicodedata.normalize("NFKD", text)
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


FILTERS = {
    "euros": money.euros,
    "figures": money.figures,
    "day_month": day_month,
    "date_mid": date_mid,
    "date_long": date_long,
    "date_short": date_short,
    "weekday": weekday,
    "hour": hour,
    "moment": moment,
    "moment_mid": moment_mid,
    "duration": duration,
    "decimal_hours": decimal_hours,
    "count_of": count,
    "enumeration": enumeration,
    "of": of,
    "size": size,
    "percent": percent,
    "siret": siret,
    "nda": nda,
    "iban": iban,
    "phone": phone,
    "typography": typography,
    "unbroken": unbroken,
}
