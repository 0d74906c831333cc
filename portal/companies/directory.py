"""What the public directory of companies answers, read without trusting it. Pure.

The answer comes from another machine: a value of the wrong kind is a missing value, a text is
cleaned and cut, and what INSEE hides is empty.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal import french
from portal.companies.opco import Evidence

LONGEST = 200
OPEN = "A"
_HIDDEN = re.compile(r"\[(?:NON[- ]DIFFUSIBLE|ND)\]", re.IGNORECASE)
_DISTRICT = re.compile(r" (?:CEDEX|[0-9]{1,2}(?:E|ER)? ARRONDISSEMENT).*$")
_SMALL = frozenset("à au aux d de des du en et la le les l ou par pour sous sur".split())


class Garbage(ValueError):
    """The answer is not what the directory's documentation describes."""


@dataclass(frozen=True)
class Establishment:
    """One place of a company; any text may be empty."""

    siret: str
    address: str = ""
    postcode: str = ""
    city: str = ""
    naf: str = ""
    is_open: bool = True
    is_head_office: bool = False
    staff_band: str | None = None
    idccs: tuple[str, ...] = ()

    @property
    def department(self) -> str:
        """« 21 », « 2A » is not told from 20; three figures overseas."""
        return self.postcode[: 3 if self.postcode.startswith(("97", "98")) else 2]


@dataclass(frozen=True)
class Unit:
    """A company and the establishments the answer holds; `name` is empty when it is hidden."""

    siren: str
    name: str
    naf: str
    legal_category: str
    is_open: bool
    is_sole_trader: bool
    staff_band: str | None
    idccs: tuple[str, ...]
    head_office: Establishment | None
    matching: tuple[Establishment, ...]

    def establishment(self, siret: str) -> Establishment | None:
        """The one with that SIRET, when the answer holds it."""
        places = [*self.matching, *([self.head_office] if self.head_office else [])]
        return next((place for place in places if place.siret == siret), None)

    def evidence(self, place: Establishment) -> Evidence:
        """What the rule needs to know of that establishment."""
        head = self.head_office
        return Evidence(
            establishment=place.idccs,
            head_office=head.idccs if head else (),
            company=self.idccs,
            naf=place.naf or self.naf,
            legal_category=self.legal_category,
            is_sole_trader=self.is_sole_trader,
            staff_band=self.staff_band,
        )


def units(payload: Any) -> list[Unit]:
    """The companies of an answer. Raises Garbage when it is no answer at all."""
    if not isinstance(payload, Mapping) or not isinstance(payload.get("results"), list):
        raise Garbage("no list of results")
    read = (_unit(row) for row in payload["results"] if isinstance(row, Mapping))
    return [unit for unit in read if unit is not None]


def _unit(row: Mapping[str, Any]) -> Unit | None:
    siren = _figures(row.get("siren"), 9)
    if not siren:
        return None
    more = row.get("complements")
    complements: Mapping[str, Any] = more if isinstance(more, Mapping) else {}
    head = row.get("siege")
    listed = row.get("matching_etablissements")
    rows = listed if isinstance(listed, list) else []
    places = [_place(place) for place in rows if isinstance(place, Mapping)]
    return Unit(
        siren=siren,
        name=_name(row),
        naf=_naf(row.get("activite_principale")),
        legal_category=_figures(row.get("nature_juridique"), 4),
        is_open=row.get("etat_administratif") in (OPEN, None),
        is_sole_trader=complements.get("est_entrepreneur_individuel") is True,
        staff_band=_band(row.get("tranche_effectif_salarie")),
        idccs=_idccs(complements.get("liste_idcc")),
        head_office=_place(head) if isinstance(head, Mapping) else None,
        matching=tuple(place for place in places if place is not None),
    )


def _place(row: Mapping[str, Any]) -> Establishment | None:
    siret = _figures(row.get("siret"), 14)
    if not siret:
        return None
    postcode = _figures(row.get("code_postal"), 5)
    city = _text(row.get("libelle_commune"))
    return Establishment(
        siret=siret,
        address=natural_case(_street(_text(row.get("adresse")), postcode, city)),
        postcode=postcode,
        city=natural_case(_DISTRICT.sub("", city)),
        naf=_naf(row.get("activite_principale")),
        is_open=row.get("etat_administratif") in (OPEN, None),
        is_head_office=row.get("est_siege") is True,
        staff_band=_band(row.get("tranche_effectif_salarie")),
        idccs=_idccs(row.get("liste_idcc")),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str) or _HIDDEN.search(value):
        return ""
    return french.one_line(value[: LONGEST * 2])[:LONGEST].replace("'", "’")


def _name(row: Mapping[str, Any]) -> str:
    """The registered name; for a person, both names as the directory joins them."""
    name = _text(row.get("nom_raison_sociale")) or _text(row.get("nom_complet"))
    return natural_case(name, may_be_initials=True)


def _figures(value: Any, length: int) -> str:
    text = value if isinstance(value, str) else ""
    return text if re.fullmatch(rf"[0-9]{{{length}}}", text) else ""


def _naf(value: Any) -> str:
    match = re.fullmatch(r"([0-9]{2})\.?([0-9]{2}[A-Z])", value) if isinstance(value, str) else None
    return f"{match[1]}.{match[2]}" if match else ""


def _band(value: Any) -> str | None:
    return value if isinstance(value, str) and re.fullmatch(r"[0-9]{2}|NN", value) else None


def _idccs(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(v for v in value[:20] if isinstance(v, str) and re.fullmatch(r"[0-9]{1,4}", v))


def _street(address: str, postcode: str, city: str) -> str:
    """The first line: the directory ends its addresses with the postcode and the town."""
    if postcode and postcode in address:
        return address.rpartition(postcode)[0].strip(" ,")
    return address.removesuffix(city).strip(" ,") if city else address


def natural_case(text: str, *, may_be_initials: bool = False) -> str:
    """« 14 RUE DES FORGES » → « 14 Rue des Forges »; what is not all in capitals is left alone.

    With `may_be_initials`, words of three letters or without a vowel stay as they are.
    """
    if text != text.upper() or (may_be_initials and " " not in text and len(text) <= 5):
        return text
    pieces = re.split(r"([\s’\-]+)", text)
    return "".join(
        piece.lower()
        if index and piece.lower() in _SMALL
        else piece
        if may_be_initials and _is_initials(piece) and pieces[index - 1] != "’"
        else piece.capitalize()
        for index, piece in enumerate(pieces)
    )


def _is_initials(word: str) -> bool:
    return len(word) <= 3 or not re.search(r"[aeiouyàâéèêëîïôùû]", word.lower())
