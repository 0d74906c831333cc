"""Does the agreement speak of this session? Machine checks, each with what was read."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from portal import french
from portal.funding.models import Agreement


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
        _same("SIRET du client", read.get("client_siret"), company.siret if company else None),
        _same("Début", read.get("start"), training.first_day, french.date_short),
        _same("Fin", read.get("end"), training.last_day, french.date_short),
        _same("Durée", read.get("minutes"), training.minutes, french.duration),
        _same("Déclaration d’activité", read.get("organisation_nda"), nda),
        _same("Effectif", read.get("headcount"), training.headcount, str),
    ]
    received = french.local_day(agreement.received_at)
    days = (training.first_day - received).days if training.first_day else 0
    before = french.count(days, "jour") + " avant" if days > 0 else "trop tard"
    checks.append(Check("Accord reçu avant le début", days > 0, before))
    signed = "signée" if training.signed_at else "pas encore signée"
    checks.append(Check("Convention", True if training.signed_at else None, signed))
    return checks


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
