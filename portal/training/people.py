"""Reads a pasted list of trainees. Pure."""

import re
from dataclasses import dataclass

from portal import french
from portal.training.schedule_rules import MAX_TRAINEES

_EMAIL = re.compile(r"<?([^\s<>,;]*@[^\s<>,;]*)>?")
# Longer is not a person; looking for an address in it would take ages.
LINE, LINES = 500, 500
_WHOLE_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


@dataclass(frozen=True)
class Person:
    first_name: str
    last_name: str
    email: str


@dataclass(frozen=True)
class BadLine:
    """A line that could not be read: its number from 1, its text, and what to do about it."""

    number: int
    text: str
    problem: str

    @property
    def sentence(self) -> str:
        return f"Ligne {self.number}\u00a0: {self.problem}"


def read(text: str) -> tuple[list[Person], list[BadLine]]:
    """People and bad lines of a list, one person a line: « Prénom Nom, e-mail ».

    A spreadsheet's tabs and semicolons (« Prénom ; Nom ; e-mail ») and « Nom <e-mail> » are
    understood; a name in capitals is taken as the last name, wherever it stands.
    """
    people: list[Person] = []
    bad: list[BadLine] = []
    lines = text.splitlines()
    for number, raw in enumerate(lines, start=1):
        line = french.one_line(raw.replace("\t", ";"))
        if not line.strip(" ,;"):
            continue
        if len(people) == MAX_TRAINEES or number > LINES:
            limit = f"{MAX_TRAINEES} personnes" if number <= LINES else f"{LINES} lignes"
            rest = "\n".join(lines[number - 1 :])
            return people, [*bad, BadLine(number, rest, f"la liste dépasse {limit}")]
        try:
            people.append(_person(line))
        except ValueError as problem:
            bad.append(BadLine(number, line, str(problem)))
    return people, bad


def _person(line: str) -> Person:
    if len(line) > LINE:
        raise ValueError(f"cette ligne est trop longue ({line[:60]}…)")
    found = _EMAIL.search(line)
    email = found[1].strip(".") if found else ""
    if email and not _WHOLE_EMAIL.fullmatch(email):
        raise ValueError(f"adresse e-mail incomplète ({email})")
    names = line.replace(found[0], " ") if found else line
    cells = [cell.strip() for cell in re.split(r"[;,]", names) if cell.strip()]
    words = cells if len(cells) >= 2 else names.strip(" ,;").split()
    if len(words) < 2:
        raise ValueError(f"il manque le prénom ou le nom ({line[:60]})")
    first, last = _order(words, separated=len(cells) >= 2)
    if not re.search(r"[^\W\d_]", first) or not re.search(r"[^\W\d_]", last):
        raise ValueError(f"ce n’est pas un nom ({line[:60]})")
    return Person(first[:80], last[:80], email)


def _order(words: list[str], *, separated: bool) -> tuple[str, str]:
    """First and last name: capitals tell the last name, else the first word is the first name."""
    if separated:
        first, last = words[0], words[1]
        return (last, first) if first.isupper() and not last.isupper() else (first, last)
    capitals = [word for word in words if len(word) > 1 and word.isupper()]
    if capitals and len(capitals) < len(words):
        return " ".join(w for w in words if w not in capitals), " ".join(capitals)
    return words[0], " ".join(words[1:])
