"""Who funds, by when one must ask, and how an amount splits between funder and client."""

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
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
VAT_LABEL = {
    VatRegime.EXEMPT: "Exonération",
    VatRegime.STANDARD: "TVA facturée",
    VatRegime.FRANCHISE: "Franchise en base",
}
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


# --- The agreement, and who pays what


class AgreementState(StrEnum):
    """Of one agreement: `replaced` by a later file, `corrected` after a validation."""

    RECEIVED = "received"
    RETURNED = "returned"
    VALIDATED = "validated"
    REFUSED = "refused"
    REPLACED = "replaced"
    CORRECTED = "corrected"


class Base(StrEnum):
    """Whether the figure printed on the agreement excludes or includes VAT."""

    NET = "HT"
    GROSS = "TTC"


@dataclass(frozen=True)
class Grant:
    """What the funder covers, in cents: net, and the VAT it pays on top (0 when it pays none)."""

    net_cents: int
    vat_cents: int

    @property
    def gross_cents(self) -> int:
        return self.net_cents + self.vat_cents


NOTHING = Grant(0, 0)


def grant(printed_cents: int, base: Base, funder_pays_vat: bool, regime: VatRegime) -> Grant:
    """The grant behind the figure of an agreement.

    HT: the figure excludes VAT, and `funder_pays_vat` says whether VAT comes on top. TTC: the
    figure includes the VAT on its share, kept to the cent whatever the rounding of the net.
    """
    rate = VAT_RATE[regime]
    if base is Base.GROSS and rate:
        net = money.half_up(Fraction(printed_cents * 10_000, 10_000 + rate))
        return Grant(net, printed_cents - net)
    vat_paid = vat_cents(printed_cents, regime) if funder_pays_vat else 0
    return Grant(printed_cents, vat_paid)


@dataclass(frozen=True)
class Split:
    """Who will be invoiced what, in cents; `funder_due + client_due == total`."""

    net_cents: int
    vat_cents: int
    granted: Grant
    funder_due_cents: int
    client_due_cents: int

    @property
    def total_cents(self) -> int:
        return self.net_cents + self.vat_cents

    @property
    def remainder_cents(self) -> int:
        """The reste à charge excluding VAT; an undertaking is asked for when it is not zero."""
        return self.net_cents - self.granted.net_cents

    @property
    def remainder_gross_cents(self) -> int:
        """What the funder does not cover, VAT included: what a client that cannot recover VAT
        really bears."""
        return self.total_cents - self.granted.gross_cents


def split(price_cents: int, regime: VatRegime, granted: Grant, subrogation: bool) -> Split:
    """Splits the price between the funder (only under subrogation) and the client.

    Raises ValueError when the grant is negative or above the price, both excluding VAT.
    """
    if not 0 <= granted.net_cents <= price_cents:
        raise ValueError("the grant is not between 0 and the price")
    vat = vat_cents(price_cents, regime)
    funder_due = granted.gross_cents if subrogation else 0
    return Split(price_cents, vat, granted, funder_due, price_cents + vat - funder_due)
