"""Who funds, by when one must ask, and how an amount splits between funder and client."""

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files

from portal import french, money

STAFF_THRESHOLD = 50  # plan funds of the OPCO are for companies below it: L6332-1-3


class VatRegime(StrEnum):
    """The VAT regime of the organisation that invoices (never the trainer's)."""

    EXEMPT = "exempt"
    STANDARD = "standard"
    FRANCHISE = "franchise"


VAT_RATE = {VatRegime.EXEMPT: 0, VatRegime.STANDARD: 2_000, VatRegime.FRANCHISE: 0}
VAT_MENTION = {
    VatRegime.EXEMPT: "Exonération de TVA, article 261, 4, 4° a du CGI",
    VatRegime.STANDARD: "TVA au taux de 20 %",
    VatRegime.FRANCHISE: "TVA non applicable, art. 293 B du CGI",
}


class FunderChoice(StrEnum):
    """What the client said of its funder."""

    OPCO = "opco"
    UNKNOWN = "unknown"
    NONE = "none"


@dataclass(frozen=True)
class Opco:
    """One of the eleven opérateurs de compétences; `filing_days` is None when not sourced.

    `filing_is_sure` is false for a delay read elsewhere than at the OPCO itself; `siro_label` is
    its name in the « Table SIRET-OPCO » of France compétences.
    """

    code: str
    name: str
    website: str
    portal_name: str
    portal_url: str
    sectors: str
    summary: str
    filing_days: int | None
    filing_is_sure: bool
    wants_signed_convention: bool
    siro_label: str


@cache
def opcos() -> dict[str, Opco]:
    """The eleven OPCO by code, in alphabetical order of their names."""
    text = files("portal.funding").joinpath("data/opcos.csv").read_text(encoding="utf-8")
    return {
        row["code"]: Opco(
            code=row["code"],
            name=row["nom"].split(" (")[0].replace("'", "’"),
            website=row["site"],
            portal_name=row["portail"].split(" (")[0].replace("'", "’"),
            portal_url=row["portail_url"],
            sectors=french.typography(row["secteurs"]),
            summary=row["resume"],
            filing_days=int(row["delai_jours"]) if row["delai_jours"] else None,
            filing_is_sure="à confirmer" not in row["delai_source"],
            wants_signed_convention=row["convention_signee_au_depot"] == "oui",
            siro_label=row["libelle_siro"],
        )
        for row in csv.DictReader(text.splitlines())
    }


def filing_deadline(opco: Opco | None, first_day: date | None) -> date | None:
    """Last day to file with that OPCO; None when its delay or the first day is not known."""
    if opco is None or opco.filing_days is None or first_day is None:
        return None
    return first_day - timedelta(days=opco.filing_days)


def vat_cents(net_cents: int, regime: VatRegime) -> int:
    """VAT on the whole price, in cents: rounded once per total and rate."""
    return money.vat(net_cents, VAT_RATE[regime])
