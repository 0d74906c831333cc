"""Agreements and activities found by words: accents, capitals, plurals and order do not matter."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar

from portal import french
from portal.companies.reference import Activity, Convention, Reliability, Tables

LONGEST_QUERY = 200  # characters that are read; a title has 240 at most
MOST_WORDS = 8
# Words that name no trade: every second title has them.
_EMPTY = frozenset(
    "a au aux avec ccn collective collectif convention d dans de des du en entreprise entreprises "
    "et idcc l la le les nationale national ou par pour sur un une".split()
)
# What people call an agreement when its title does not say it.
_NICKNAMES = {
    "1486": "syntec ssii esn informatique conseil ingenierie",
    "1979": "hcr hotellerie restauration bar brasserie",
    "1501": "fast food",
    "1596": (
        "macon menuisier plombier electricien peintre couvreur artisan btp "
        "maconnerie menuiserie plomberie electricite peinture couverture"
    ),
    "1597": "macon menuisier plombier electricien peintre btp menuiserie maconnerie plomberie",
    "2609": "btp",
    "2420": "btp",
    "1090": "garage mecanique carrosserie auto ecole",
    "2596": "salon coiffeur coiffeuse",
    "2941": "bad domicile associatif",
    "3127": "sap domicile menage",
    "0787": "expert comptable comptabilite",
    "1996": "pharmacien officine",
    "1147": "medecin cabinet medical",
    "1619": "dentiste",
    "0016": "routier camion demenagement ambulance",
    "3043": "nettoyage menage",
    "2264": "clinique ehpad",
    "0029": "fehap 51 hopital",
    "0413": "66 handicap",
    "1518": "eclat animation association loisirs",
    "1516": "formateur formation of",
    "2216": "supermarche hypermarche grande distribution",
    "0573": "grossiste",
    "3248": "usine mecanique industrie",
    "1527": "agence immobiliere syndic",
    "1000": "avocat",
    "2205": "notaire",
    "2511": "club sportif",
    "7018": "paysagiste jardinier",
    "7024": "agricole exploitation cuma",
}

T = TypeVar("T")


@dataclass(frozen=True)
class _Entry(Generic[T]):
    item: T
    words: tuple[str, ...]
    text: str
    weight: float


def words_of(text: str) -> list[str]:
    """The words of a query or a title, folded, singular, without those that name no trade."""
    found = re.findall(r"[a-z0-9]+", french.fold(text[:LONGEST_QUERY]).replace("'", " "))
    named = dict.fromkeys(_singular(word) for word in found if word not in _EMPTY)
    return list(named)[:MOST_WORDS]


def conventions(query: str, tables: Tables, limit: int = 8) -> list[Convention]:
    """The agreements whose title answers these words, the likeliest first."""
    return _best(words_of(query), _convention_entries(_Key(tables)), limit)


def activities(query: str, tables: Tables, limit: int = 5) -> list[Activity]:
    """The NAF codes whose label answers these words."""
    return _best(words_of(query), _activity_entries(_Key(tables)), limit)


class _Key:
    """Tables compared by identity: what was read of them is kept as long as they are in force."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    def __hash__(self) -> int:
        return id(self.tables)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.tables is self.tables


@lru_cache(maxsize=2)
def _convention_entries(key: _Key) -> tuple[_Entry[Convention], ...]:
    weights = {Reliability.SURE: 0.5, Reliability.SHARED: 0.4, Reliability.RARE: 0.0}
    return tuple(
        _entry(c, f"{c.title} {_NICKNAMES.get(c.idcc, '')}", weights[c.reliability])
        for c in key.tables.conventions.values()
        if c.reliability in weights and c.title
    )


@lru_cache(maxsize=2)
def _activity_entries(key: _Key) -> tuple[_Entry[Activity], ...]:
    return tuple(_entry(a, a.title, 0.0) for a in key.tables.activities.values())


def _entry(item: T, text: str, weight: float) -> _Entry[T]:
    folded = french.fold(text).replace("'", " ")
    words = tuple(_singular(word) for word in re.findall(r"[a-z0-9]+", folded))
    return _Entry(item, words, folded, weight - len(folded) / 1_000)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 4 and word[-1] in "sx" else word


def _best(words: list[str], entries: Iterable[_Entry[T]], limit: int) -> list[T]:
    """Those that have every word; failing that, those that have the most, half of them at least."""
    if not words:
        return []
    scored = []
    for entry in entries:
        points = [_points(word, entry) for word in words]
        matched = sum(1 for point in points if point)
        if matched * 2 >= len(words) and matched:
            scored.append((matched, sum(points) + entry.weight, entry.item))
    most = max((row[0] for row in scored), default=0)
    scored.sort(key=lambda row: -row[1])
    return [item for matched, _score, item in scored if matched == most][:limit]


def _points(word: str, entry: _Entry[Any]) -> float:
    """How well one word is answered: whole, as a beginning, or inside (« pâtisserie »)."""
    if word in entry.words:
        return 3.0
    if len(word) >= 2 and any(known.startswith(word) for known in entry.words):
        return 2.0
    return 1.0 if len(word) >= 5 and word in entry.text else 0.0
