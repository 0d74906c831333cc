"""The gate of coherence: what several papers of one dossier say must be the same. Pure.

A field is compared between the papers that print it, and with the agreement and the signature
when they hold it. Who forms and who is trained is not: at equal headcount these names change with
an annex alone (`training/amend_rules`), the quote and the programme keep theirs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal import french, money

Value = str | int | tuple[str, ...]
PRICED = ("devis", "convention", "programme", "engagement")
ALL = (*PRICED, "annexe")
_TO_CLIENT = ("devis", "convention", "engagement", "annexe")
_DETAILED = ("devis", "convention", "programme")
AGAIN = (
    "Rouvrez la session, puis émettez de nouveau les documents\u00a0; si un accord est déjà reçu, "
    "renvoyez-le d’abord"
)
GRANT = ("granted", "remainder", "client_due", "funder_due")


@dataclass(frozen=True)
class Field:
    """One thing that is compared: its name, the papers that print it, where it is mended."""

    label: str
    kinds: Sequence[str]
    mend: str


def _step(title: str) -> str:
    return f"Corrigez «\u00a0{title}\u00a0», puis émettez de nouveau les documents"


_AGREEMENT = "Corrigez l’accord\u00a0: la convention ou l’engagement est émis de nouveau"
_PAYING = ("convention", "engagement")
FIELDS: Mapping[str, Field] = {
    "title": Field("Intitulé", ALL, _step("Programme et prix")),
    "minutes": Field("Durée", ALL, _step("Dates et lieu")),
    "days": Field("Dates", ALL, _step("Dates et lieu")),
    "half_days": Field("Demi-journées", _DETAILED, _step("Dates et lieu")),
    "headcount": Field("Effectif", ALL, _step("Stagiaires")),
    "company": Field("Entreprise", _TO_CLIENT, _step("Client")),
    "siret": Field("SIRET de l’entreprise", _TO_CLIENT, _step("Client")),
    "organisation_siret": Field("SIRET de l’organisme", ALL, AGAIN),
    "nda": Field("Déclaration d’activité", ALL, AGAIN),
    "net": Field("Prix hors taxes", PRICED, _step("Programme et prix")),
    "gross": Field("Prix à payer", PRICED, _step("Programme et prix")),
    "granted": Field("Montant pris en charge", _PAYING, _AGREEMENT),
    "remainder": Field("Reste à charge", _PAYING, _AGREEMENT),
    "client_due": Field("Somme due par l’entreprise", _PAYING, _AGREEMENT),
    "funder_due": Field("Somme due par le financeur", _PAYING, _AGREEMENT),
}
_MONEY = frozenset({"net", "gross", *GRANT})


@dataclass(frozen=True)
class Place:
    """A paper, the agreement or a signature, as a sentence names it, and what it says."""

    name: str
    says: Mapping[str, Value]


@dataclass(frozen=True)
class Difference:
    """Two places that say different things of one field."""

    field: str
    first: Place
    second: Place

    @property
    def sentence(self) -> str:
        field = FIELDS[self.field]
        here, there = self.first.says[self.field], self.second.says[self.field]
        return (
            f"{field.label}\u00a0: {_shown(self.field, here, there)} sur {self.first.name}, "
            f"{_shown(self.field, there, here)} sur {self.second.name}. {field.mend}"
        )


def differences(places: Sequence[Place]) -> list[Difference]:
    """For each field, the first two places that disagree; nothing when all papers agree."""
    found = []
    for code in FIELDS:
        saying = [place for place in places if code in place.says]
        other = next((x for x in saying[1:] if x.says[code] != saying[0].says[code]), None)
        if other is not None:
            found.append(Difference(code, saying[0], other))
    return found


def said_by(kind: str, facts: Mapping[str, Any]) -> dict[str, Value]:
    """What the frozen facts of a paper of that kind say, of the fields it prints."""
    schedule, price = facts["schedule"], facts["price"]
    values: dict[str, Value] = {
        "title": facts["programme"]["title"],
        "minutes": schedule["minutes"],
        "days": (schedule["first_day"], schedule["last_day"]),
        "half_days": tuple(
            f"{half['day']} {half['starts']} {half['ends']}" for half in schedule["half_days"]
        ),
        "headcount": facts["trainees"]["headcount"],
        "company": facts["client"]["legal_name"],
        "siret": facts["client"]["siret"],
        "organisation_siret": facts["organisation"]["siret"],
        "nda": facts["organisation"]["nda"],
        "net": price["net_cents"],
        "gross": price["gross_cents"],
    }
    granted = facts["funding"].get("granted")
    if granted:
        values |= {
            "granted": granted["net_cents"],
            "remainder": granted["remainder_cents"],
            "client_due": granted["client_due_cents"],
            "funder_due": granted["funder_due_cents"],
        }
    return {code: value for code, value in values.items() if kind in FIELDS[code].kinds}


def _shown(code: str, value: Value, other: Value) -> str:
    """A value as people read it; of a list of half-days, the first that is not in the other."""
    if code in _MONEY:
        return money.euros(int(str(value)))
    if code == "minutes":
        return french.duration(int(str(value)))
    if code == "headcount":
        return french.count(int(str(value)), "stagiaire")
    if code in ("siret", "organisation_siret"):
        return french.siret(str(value))
    if code == "days" and isinstance(value, tuple):
        return french.span(date.fromisoformat(value[0]), date.fromisoformat(value[1]))
    if isinstance(value, tuple) and isinstance(other, tuple):
        own = [half for half in value if half not in other]
        return _half_day(own[0]) if own else french.count(len(value), "demi-journée")
    return f"«\u00a0{value}\u00a0»"


def _half_day(text: str) -> str:
    """« 12 janvier 2027, de 9:00 à 12:30 »."""
    day, starts, ends = text.split(" ")
    return f"{french.date_mid(date.fromisoformat(day))}, de {starts} à {ends}"
