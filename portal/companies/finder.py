"""« Trouver mon OPCO »: understands what was typed and answers it, directory or not."""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from stdnum.fr import siren

from portal import french
from portal.companies import opco, rules, search, siro, tables
from portal.companies.directory import Establishment, Unit
from portal.companies.opco import NOTHING, Evidence, Proposal
from portal.companies.reference import Activity, Convention, Tables, normal_idcc
from portal.companies.registry import Outage, Registry
from portal.config import Config
from portal.funding.rules import Opco, opcos

READ = 10_000  # characters of a question that are looked at
LONGEST = 200
SHORTEST_NAME = 3
_PREFIX = re.compile(
    r"^(?:n° ?|code |numero |numéro )*(?:siret|siren|idcc|ccn|naf|ape)\b[ :n°]*(?=.*[0-9])",
    re.IGNORECASE,
)
_TOO_SHORT = (
    "Un SIREN compte 9\u00a0chiffres, un SIRET 14, et une convention collective (IDCC) 4 au plus"
)


_ALONE = frozenset(
    "independant|independante|travailleur independant|auto entrepreneur|micro entrepreneur|faf|"
    "fonds d'assurance formation|agefice|fif pl|fifpl|fafcea|vivea|faf pm".split("|")
)


class Asked(StrEnum):
    """What was typed in the one field."""

    NOTHING = "nothing"
    SIRET = "siret"
    SIREN = "siren"
    IDCC = "idcc"
    NAF = "naf"
    OPCO = "opco"
    FUND = "fund"  # somebody who works alone
    WORDS = "words"
    FAULT = "fault"


@dataclass(frozen=True)
class Question:
    """`value` in its canonical writing; `fault` is a French sentence."""

    kind: Asked
    value: str = ""
    fault: str = ""


def understand(typed: str) -> Question:
    """Never raises, whatever was typed."""
    text = french.one_line(typed[:READ])[:LONGEST].strip()
    bare = rules.compact(_PREFIX.sub("", text)).upper()
    if not text:
        return Question(Asked.NOTHING)
    if re.fullmatch(r"[0-9]+", bare):
        return _figures(bare)
    if re.fullmatch(r"[0-9]{4}[A-Z]", bare):
        return Question(Asked.NAF, rules.check_naf(bare))
    if french.fold(text).replace("-", " ") in _ALONE:
        return Question(Asked.FUND)
    named = _opco_named(text)
    if named is not None:
        return Question(Asked.OPCO, named.code)
    return Question(Asked.WORDS, text)


def _figures(figures: str) -> Question:
    if len(figures) <= 4:
        idcc = normal_idcc(figures)
        return Question(Asked.IDCC, idcc) if idcc else Question(Asked.FAULT, fault=_TOO_SHORT)
    if len(figures) == 9:
        if siren.is_valid(figures):
            return Question(Asked.SIREN, figures)
        return Question(
            Asked.FAULT,
            fault="Ce SIREN comporte une erreur de frappe\u00a0: vérifiez les chiffres",
        )
    if len(figures) < 9:
        return Question(Asked.FAULT, fault=_TOO_SHORT)
    try:
        return Question(Asked.SIRET, rules.check_siret(figures))
    except ValueError as error:
        return Question(Asked.FAULT, fault=str(error))


def _opco_named(text: str) -> Opco | None:
    wanted = french.fold(text).removeprefix("opco ").replace(" ", "")
    for found in opcos().values():
        names = (found.code, found.name, found.siro_label)
        if wanted in {french.fold(n).removeprefix("opco ").replace(" ", "") for n in names}:
            return found
    return None


@dataclass(frozen=True)
class Card:
    """One establishment as people see it; any text may be empty. JSON-able."""

    siret: str
    legal_name: str = ""
    address: str = ""
    postcode: str = ""
    city: str = ""
    department: str = ""
    naf: str = ""
    is_open: bool = True
    is_company_open: bool = True
    is_head_office: bool = False
    head_siret: str = ""  # the head office, when it is another establishment and open
    is_sole_trader: bool = False

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Finding:
    """All that is known of one SIRET now. `outage` when the directory gave no answer.

    Without outage and without card, the public directory does not have that establishment.
    """

    siret: str
    card: Card | None
    proposal: Proposal
    outage: Outage | None = None


@dataclass(frozen=True)
class Answer:
    """What the page shows of a question: only the parts that were found are filled in."""

    question: Question
    finding: Finding | None = None
    proposal: Proposal = NOTHING
    conventions: tuple[Convention, ...] = ()
    activities: tuple[Activity, ...] = ()
    companies: tuple[Card, ...] = ()
    outage: Outage | None = None


@dataclass(frozen=True)
class Finder:
    """The directory, and the tables in force."""

    registry: Registry
    siro_path: Path

    @classmethod
    def of(cls, config: Config) -> "Finder":
        return cls(Registry.of(config), config.siro)

    @property
    def tables(self) -> Tables:
        return tables.current(self.siro_path)

    def look_up(self, siret: str) -> Finding:
        """One establishment by its SIRET. Never raises: an outage is part of the finding."""
        try:
            unit = self.registry.by_number(siret)
        except Outage as outage:
            return Finding(siret, None, self._propose(Evidence(), siret), outage)
        if unit is None:
            return Finding(siret, None, self._propose(Evidence(), siret))
        place = unit.establishment(siret) or Establishment(siret, naf=unit.naf)
        return self._found(unit, place)

    def _found(self, unit: Unit, place: Establishment) -> Finding:
        proposal = self._propose(unit.evidence(place), place.siret)
        return Finding(place.siret, card_of(unit, place), proposal)

    def _propose(self, evidence: Evidence, siret: str) -> Proposal:
        """The rule, with what the local table says of that very SIRET."""
        lines, month = siro.attachments(self.siro_path, siret)
        if lines:
            evidence = replace(
                evidence,
                owners=tuple(line.owner for line in lines),
                owners_month=month,
                manager=next((line.manager for line in lines if line.manager), ""),
                establishment=evidence.establishment or tuple(line.idcc for line in lines),
            )
        return opco.propose(evidence, self.tables)

    def names(self, name: str, *, is_anonymous: bool) -> list[Card]:
        """Establishments of companies of that name. Raises Outage."""
        units = self.registry.by_name(name, is_anonymous=is_anonymous)
        places = [(unit, _place_of(unit)) for unit in units if unit.is_open]
        return [card_of(unit, place) for unit, place in places if place is not None]

    def answer(self, question: Question, may_ask: Callable[[], bool]) -> Answer:
        """Answers the page. `may_ask` is called, once, before the directory is: it may refuse."""
        local = self._local(question)
        if question.kind in (Asked.SIRET, Asked.SIREN):
            return self._of_number(question, may_ask)
        is_name = question.kind is Asked.WORDS and len(question.value) >= SHORTEST_NAME
        if not is_name or not may_ask():
            return local
        try:
            companies = tuple(self.names(question.value, is_anonymous=True))
        except Outage as outage:
            return replace(local, outage=outage)
        return replace(local, companies=companies)

    def _local(self, question: Question) -> Answer:
        """What the tables answer by themselves."""
        known, value = self.tables, question.value
        if question.kind is Asked.IDCC:
            found = known.conventions.get(value)
            named = (found,) if found else ()
            return Answer(question, proposal=opco.of_convention(value, known), conventions=named)
        if question.kind is Asked.NAF:
            activity = known.activities.get(value)
            listed = (activity,) if activity else ()
            return Answer(question, proposal=opco.of_activity(value, known), activities=listed)
        if question.kind is Asked.WORDS:
            return Answer(
                question,
                conventions=tuple(search.conventions(value, known)),
                activities=tuple(search.activities(value, known)),
            )
        return Answer(question)

    def _of_number(self, question: Question, may_ask: Callable[[], bool]) -> Answer:
        if not may_ask():
            finding = Finding(question.value, None, NOTHING, Outage("too many questions"))
            if question.kind is Asked.SIRET:
                finding = replace(finding, proposal=self._propose(Evidence(), question.value))
        elif question.kind is Asked.SIRET:
            finding = self.look_up(question.value)
        else:
            finding = self._of_siren(question.value)
        return Answer(question, finding, finding.proposal, outage=finding.outage)

    def _of_siren(self, number: str) -> Finding:
        """The head office stands for its company."""
        try:
            unit = self.registry.by_number(number)
        except Outage as outage:
            return Finding(number, None, NOTHING, outage)
        place = _place_of(unit) if unit else None
        if unit is None or place is None:
            return Finding(number, None, NOTHING)
        return self._found(unit, place)


def _place_of(unit: Unit) -> Establishment | None:
    """The open establishment that answers best for a company: its head office if it can."""
    head = unit.head_office
    others = [place for place in unit.matching if place.is_open]
    if head is not None and (head.is_open or not others):
        return head
    return others[0] if others else None


def card_of(unit: Unit, place: Establishment) -> Card:
    """An establishment and its company, as one card."""
    head = unit.head_office
    is_elsewhere = head is not None and head.siret != place.siret and head.is_open
    return Card(
        siret=place.siret,
        legal_name=unit.name,
        address=place.address,
        postcode=place.postcode,
        city=place.city,
        department=place.department,
        naf=place.naf or unit.naf,
        is_open=place.is_open,
        is_company_open=unit.is_open,
        is_head_office=place.is_head_office,
        head_siret=head.siret if head is not None and is_elsewhere else "",
        is_sole_trader=unit.is_sole_trader or unit.legal_category == opco.SOLE_TRADER,
    )
