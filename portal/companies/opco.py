"""Which OPCO, or which fund of the self-employed, a company belongs to, and the proof of it. Pure.

The order is the one France compétences' own finder follows: the official table by SIRET when it is
at hand, else the collective agreement (IDCC) of the establishment, else of the head office, else of
the company. Without an agreement the NAF code gives a suggestion, never an answer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from portal.companies.reference import ESCAPES, Reliability, Tables, normal_idcc

NO_STAFF = frozenset({"NN", "00"})  # INSEE bands: not an employer, employer without staff
SOLE_TRADER = "1000"  # legal category « entrepreneur individuel »


@dataclass(frozen=True)
class Evidence:
    """What is known of a company, as declared: raw codes, None or empty when not known.

    `owners` are the OPCO the official table gives for this very SIRET.
    """

    owners: tuple[str, ...] = ()
    owners_month: str = ""
    manager: str = ""
    establishment: tuple[str, ...] = ()
    head_office: tuple[str, ...] = ()
    company: tuple[str, ...] = ()
    naf: str = ""
    legal_category: str = ""
    is_sole_trader: bool = False
    staff_band: str | None = None


class Standing(StrEnum):
    """What may be done with a proposal."""

    FOUND = "found"  # one OPCO: proposed, a person confirms
    CHOICE = "choice"  # several: a person chooses
    HINT = "hint"  # from the activity alone: labelled as a suggestion
    FUND = "fund"  # works alone: a fund, no OPCO
    NONE = "none"


class Path(StrEnum):
    """Where the answer was read."""

    TABLE = "table"
    ESTABLISHMENT = "establishment"
    HEAD_OFFICE = "head_office"
    COMPANY = "company"
    CONVENTION = "convention"
    ACTIVITY = "activity"
    STATUS = "status"
    NOWHERE = "nowhere"


@dataclass(frozen=True)
class Proposal:
    """An answer and its proof: where it was read, from which agreements, which table, which month.

    `codes` are OPCO (the commonest first), `funds` those of the self-employed. `manager` is the
    OPCO that handles requests overseas on behalf of the one that owns the agreement.
    """

    standing: Standing
    path: Path
    codes: tuple[str, ...] = ()
    funds: tuple[str, ...] = ()
    idccs: tuple[str, ...] = ()
    naf: str = ""
    source: str = ""
    month: str = ""
    is_rare: bool = False
    manager: str = ""

    @property
    def code(self) -> str | None:
        """The OPCO to propose: only when there is exactly one."""
        return self.codes[0] if self.standing is Standing.FOUND else None

    def as_json(self) -> dict[str, Any]:
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Proposal":
        """Reads back what `as_json` gave."""
        values: dict[str, Any] = {
            name: tuple(v) if isinstance(v, list) else v for name, v in data.items()
        }
        values |= {"standing": Standing(data["standing"]), "path": Path(data["path"])}
        return cls(**values)


NOTHING = Proposal(Standing.NONE, Path.NOWHERE)
SIRO = "table SIRET-OPCO de France compétences"
DIRECTORY = "Annuaire des entreprises"
USAGE = "correspondance approximative entre activités et conventions"


def propose(evidence: Evidence, tables: Tables) -> Proposal:
    """The answer for one establishment. Never raises, whatever the directory said."""
    owned = _from_table(evidence)
    declared = owned or _from_agreements(evidence, tables)
    if _works_alone(evidence, declared is not None):
        return _fund(evidence, tables)
    if declared is not None:
        return declared
    return _from_activity(evidence.naf, tables)


def of_convention(idcc: str, tables: Tables) -> Proposal:
    """The answer for an agreement asked for by its number."""
    return _from_codes((idcc,), Path.CONVENTION, tables) or NOTHING


def of_activity(naf: str, tables: Tables) -> Proposal:
    """The suggestion for an activity asked for by its code."""
    return _from_activity(naf, tables)


def _from_table(evidence: Evidence) -> Proposal | None:
    owners = tuple(dict.fromkeys(evidence.owners))
    if not owners:
        return None
    standing = Standing.FOUND if len(owners) == 1 else Standing.CHOICE
    manager = evidence.manager if evidence.manager not in owners else ""
    return Proposal(
        standing,
        Path.TABLE,
        owners,
        idccs=_usable(evidence.establishment),
        source=SIRO,
        month=evidence.owners_month,
        manager=manager,
    )


def _from_agreements(evidence: Evidence, tables: Tables) -> Proposal | None:
    """The first level that declares an agreement the tables know."""
    for path, declared in (
        (Path.ESTABLISHMENT, evidence.establishment),
        (Path.HEAD_OFFICE, evidence.head_office),
        (Path.COMPANY, evidence.company),
    ):
        proposal = _from_codes(declared, path, tables)
        if proposal is not None:
            return proposal
    return None


def _usable(declared: Iterable[str]) -> tuple[str, ...]:
    """The declared codes in one writing, without the placeholders and the repeats."""
    normal = (normal_idcc(code) for code in declared)
    return tuple(dict.fromkeys(code for code in normal if code and code not in ESCAPES))


def _from_codes(declared: Iterable[str], path: Path, tables: Tables) -> Proposal | None:
    known = [
        found
        for code in _usable(declared)
        if (found := tables.conventions.get(code))
        and found.codes
        and found.reliability is not Reliability.ESCAPE
    ]
    codes = tuple(dict.fromkeys(code for convention in known for code in convention.codes))
    if not codes:
        return None
    is_one = len(codes) == 1 and all(c.reliability is not Reliability.SHARED for c in known)
    read = SIRO if path is Path.CONVENTION else f"{DIRECTORY} et {SIRO}"
    return Proposal(
        Standing.FOUND if is_one else Standing.CHOICE,
        path,
        codes,
        idccs=tuple(convention.idcc for convention in known),
        source=read,
        month=min(convention.month for convention in known),
        is_rare=any(convention.reliability is Reliability.RARE for convention in known),
    )


def _from_activity(naf: str, tables: Tables) -> Proposal:
    activity = tables.activities.get(naf)
    if activity is None:
        return NOTHING
    return Proposal(
        Standing.HINT,
        Path.ACTIVITY,
        (activity.code,),
        idccs=(activity.idcc,),
        naf=activity.naf,
        source=USAGE,
        month=activity.month,
    )


def _works_alone(evidence: Evidence, has_agreement: bool) -> bool:
    """A sole trader without staff. A declared agreement means a payroll, unless INSEE says none."""
    if not evidence.is_sole_trader and evidence.legal_category != SOLE_TRADER:
        return False
    if evidence.staff_band in NO_STAFF:
        return True
    return not evidence.staff_band and not has_agreement


def _fund(evidence: Evidence, tables: Tables) -> Proposal:
    """The likely funds of an activity, all of them when it tells nothing."""
    funds = _by_start(evidence.naf, tables.funds_by_naf) or tuple(tables.funds)
    return Proposal(
        Standing.FUND,
        Path.STATUS,
        funds=tuple(code for code in funds if code in tables.funds),
        naf=evidence.naf,
        source=f"{DIRECTORY} (statut et activité)",
        month=max((fund.month for fund in tables.funds.values()), default=""),
    )


def _by_start(naf: str, funds_by_naf: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The funds of the longest start of this code that the table knows."""
    for length in range(len(naf), 1, -1):
        found = funds_by_naf.get(naf[:length])
        if found:
            return found
    return ()


WHY: dict[Path, str] = {
    Path.TABLE: "D’après la table officielle, pour ce SIRET",
    Path.ESTABLISHMENT: "D’après la convention déclarée pour ce SIRET",
    Path.HEAD_OFFICE: "D’après la convention déclarée pour le siège",
    Path.COMPANY: "D’après la convention de l’entreprise",
    Path.CONVENTION: "D’après cette convention collective",
    Path.ACTIVITY: "Suggestion d’après l’activité",
    Path.STATUS: "Entreprise individuelle, sans salarié",
    Path.NOWHERE: "",
}
