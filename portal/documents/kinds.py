"""The catalogue of papers: one entry is one kind, made from the same frozen facts."""

from collections.abc import Callable
from dataclasses import dataclass

from portal import french, money
from portal.documents import sheets
from portal.documents.facts import Facts, facts
from portal.funding.rules import VatRegime

__all__ = ["ISSUED_TOGETHER", "KINDS", "Kind", "facts", "filename", "reference"]


@dataclass(frozen=True)
class Kind:
    """One kind of paper. `mentions(facts)` are the sentences it may not be issued without."""

    code: str
    letter: str
    title: str
    template: str
    facts: Callable[..., Facts]
    mentions: Callable[[Facts], tuple[str, ...]]


def _declared(facts: Facts) -> tuple[str, ...]:
    """What every contractual paper says: articles R6351-6, and VAT as the regime wants it."""
    organisation, price = facts["organisation"], facts["price"]
    number = french.nda(organisation["nda"])
    declared = (
        f"éclaration d’activité enregistrée sous le numéro {number} auprès du préfet de région "
    )
    paid = "règle l’intégralité" if _pays_alone(facts["funding"]) else "reste débitrice"
    vat = [price["vat_mention"]]
    if price["vat_regime"] == VatRegime.STANDARD and organisation["vat_number"]:
        vat.append(organisation["vat_number"])
    return (declared + organisation["nda_region"], *vat, paid, "indemnité forfaitaire")


def _pays_alone(funding: Facts) -> bool:
    """No funder was asked, or the company chose to pay for everything after a refusal."""
    granted = funding["granted"]
    return bool(granted["net_cents"] == 0 if granted else funding["choice"] == "none")


def _quote(facts: Facts) -> tuple[str, ...]:
    return (*_declared(facts), "Bon pour accord", "article D6353-1")


def _contract(facts: Facts) -> tuple[str, ...]:
    remote = ("article D6313-3-1",) if facts["remote"]["percent"] else ()
    return (
        *_declared(facts),
        "L6353-1",
        "D6353-1",
        "article L6354-1",
        "L6313-1",
        "Taux d’enseignement à distance",
        *remote,
    )


def _advertised(facts: Facts) -> tuple[str, ...]:
    """A programme is advertising: L6352-12 admits this one sentence on the declaration."""
    number = french.nda(facts["organisation"]["nda"])
    return (
        f"Enregistrée sous le numéro {number}. Cet enregistrement ne vaut pas agrément de l’État.",
        facts["price"]["vat_mention"],
        facts["organisation"]["disability"]["name"],
    )


def _undertaking(facts: Facts) -> tuple[str, ...]:
    """The undertaking binds one amount, and names the convention it completes."""
    due = money.euros(facts["funding"]["granted"]["client_due_cents"])
    return ("s’engage à régler", due, facts["price"]["vat_mention"], "indemnité forfaitaire")


def _names(facts: Facts) -> tuple[str, ...]:
    """An annex names everybody, and leaves the rest of the convention as it was signed."""
    return (*(person["name"] for person in facts["trainees"]["named"]), "est inchangé")


ISSUED_TOGETHER = ("devis", "convention", "programme")

KINDS: dict[str, Kind] = {
    kind.code: kind
    for kind in (
        Kind("devis", "D", "Devis", "documents/devis.html", facts, _quote),
        Kind(
            "convention",
            "C",
            "Convention de formation professionnelle",
            "documents/convention.html",
            facts,
            _contract,
        ),
        Kind(
            "programme",
            "P",
            "Programme de formation",
            "documents/programme.html",
            facts,
            _advertised,
        ),
        Kind(
            "engagement",
            "E",
            "Engagement à régler",
            "documents/engagement.html",
            facts,
            _undertaking,
        ),
        Kind("annexe", "A", "Annexe à la convention", "documents/annexe.html", facts, _names),
    )
}


SHEET = Kind(
    sheets.KIND,
    "F",
    "Programme de formation",
    "documents/fiche.html",
    sheets.facts,
    _advertised,
)


def kind_of(code: str) -> Kind:
    """A kind of paper of sessions, or the sheet of the catalogue."""
    return SHEET if code == SHEET.code else KINDS[code]


def reference(kind_code: str, training_number: str, version: int) -> str:
    """« D-2026-0142 », then « D-2026-0142 v2 »."""
    suffix = f" v{version}" if version > 1 else ""
    return f"{kind_of(kind_code).letter}-{training_number}{suffix}"


def filename(kind_code: str, training_number: str, version: int) -> str:
    """« Devis-D-2026-0142.pdf », « Convention-C-2026-0142-v2.pdf »: ASCII, safe in any header."""
    name = reference(kind_code, training_number, version).replace(" ", "-")
    return f"{kind_code.capitalize()}-{name}.pdf"
