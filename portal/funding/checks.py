"""Does the agreement speak of this session? Machine checks, each with what was read."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from portal import french, money
from portal.funding import reading
from portal.funding.models import Agreement
from portal.funding.rules import VatRegime, vat_cents
from portal.training.models import TrainingSession


@dataclass(frozen=True)
class Check:
    """One line: what was compared, whether it agrees (None: not read), the detail, and the page
    of the agreement where it was read."""

    text: str
    agrees: bool | None
    detail: str
    page: int | None = None


def of(agreement: Agreement, nda: str) -> list[Check]:
    """The checks of an agreement against its dossier, from what was read on its paper.

    `nda` is the organisation's activity declaration number, 11 digits.
    """
    training, read = agreement.training, agreement.suggestions or {}
    company = training.company
    checks = [
        _title(agreement),
        _same(
            "SIRET du client",
            read.get("client_siret"),
            company.siret if company else None,
            french.siret,
        ),
        _same("Début", read.get("start"), training.first_day, french.date_short),
        _same("Fin", read.get("end"), training.last_day, french.date_short),
        _same("Durée", read.get("minutes"), training.minutes, french.duration),
        _same("Déclaration d’activité", read.get("organisation_nda"), nda, french.nda),
        _same("Effectif", read.get("headcount"), training.headcount, str),
        _amount(read.get("amount"), _gross_cents(training)),
        _payee(read.get("payee"), training.subrogation),
    ]
    received = french.local_day(agreement.received_at)
    days = (training.first_day - received).days if training.first_day else 0
    before = french.count(days, "jour") + " avant" if days > 0 else "trop tard"
    checks.append(Check("Accord reçu avant le début", days > 0, before))
    signed = "signée" if training.signed_at else "pas encore signée"
    checks.append(Check("Convention", True if training.signed_at else None, signed))
    return checks


def _title(agreement: Agreement) -> Check:
    """Whether the title of the programme is among the words of the paper, accents aside."""
    title = agreement.training.title or ""
    try:
        pages = reading.parse_bbox(agreement.upload.words or "")
    except reading.PagesError:
        pages = []
    words = french.fold(" ".join(word.text for page in pages for word in page.words))
    if not words:
        return Check("Intitulé", None, "non lu sur le document")
    found = bool(title) and french.fold(title) in words
    return Check("Intitulé", found, "retrouvé" if found else "non retrouvé, à comparer")


def _gross_cents(training: TrainingSession) -> int | None:
    """The price, VAT included, in cents."""
    if training.price_cents is None:
        return None
    regime = VatRegime(training.vat_regime or VatRegime.EXEMPT)
    return training.price_cents + vat_cents(training.price_cents, regime)


def _amount(read: dict[str, Any] | None, gross_cents: int | None) -> Check:
    """No funder grants more than the price, VAT included."""
    if read is None or gross_cents is None:
        return Check("Montant au plus égal au prix", None, "non lu sur le document")
    fits = read["value"] <= gross_cents
    return Check("Montant au plus égal au prix", fits, money.euros(read["value"]), read["page"])


def _payee(read: dict[str, Any] | None, subrogation: bool | None) -> Check:
    """Who the funder says it pays, against what the client asked for."""
    words = {"organisation": "l’organisme", "company": "l’entreprise"}
    return _same("Bénéficiaire du paiement", read, "organisation" if subrogation else "company",
                 lambda value: words.get(value, value))  # fmt: skip


def _same(text: str, read: dict[str, Any] | None, expected: Any, show: Any = str) -> Check:
    if read is None:
        return Check(text, None, "non lu sur le document")
    value = read["value"]
    if isinstance(expected, date):
        value = date.fromisoformat(value)
    shown = show(value)
    if value == expected:
        return Check(text, True, shown, read["page"])
    wanted = show(expected) if expected is not None else "inconnu"
    return Check(text, False, f"lu {shown}, attendu {wanted}", read["page"])
