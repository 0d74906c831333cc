"""The agreements a dossier received, as every audience reads and downloads them."""

from dataclasses import dataclass
from datetime import datetime

from flask import Response, abort

from portal import french, money, web
from portal.funding.models import Agreement
from portal.funding.rules import AgreementState, Base
from portal.training.models import TrainingSession
from portal.uploads import service as uploads

# What replaced or corrected another one tells its story: only the last word is shown.
SHOWN = {
    AgreementState.RECEIVED: ("En vérification", "info"),
    AgreementState.VALIDATED: ("Validé", "ok"),
    AgreementState.REFUSED: ("Refusé", "bad"),
    AgreementState.RETURNED: ("Renvoyé", "warn"),
}


@dataclass(frozen=True)
class Line:
    """One agreement: its file, what it grants (`figures`, "" before), and where it stands."""

    id: int
    name: str
    received_at: datetime
    figures: str
    state: str
    tone: str
    reason: str


def listed(training: TrainingSession) -> list[Line]:
    """The agreements that still tell something, the last one first."""
    return [_line(row) for row in reversed(training.agreements) if row.state in SHOWN]


def _line(agreement: Agreement) -> Line:
    state, tone = SHOWN[AgreementState(agreement.state)]
    return Line(
        id=agreement.id,
        name=agreement.upload.name,
        received_at=agreement.received_at,
        figures=_figures(agreement),
        state=state,
        tone=tone,
        reason=agreement.reason or "",
    )


def _figures(agreement: Agreement) -> str:
    """« 1 600,00 € HT, accord n° 26-118204 », as its paper says."""
    if agreement.state != AgreementState.VALIDATED or agreement.printed_cents is None:
        return ""
    base = "TTC" if agreement.base == Base.GROSS else "HT"
    number = f", accord n°{french.NBSP}{agreement.number}" if agreement.number else ""
    return f"{money.euros(agreement.printed_cents)} {base}{number}"


def send(training: TrainingSession, agreement_id: int) -> Response:
    """The file as it came, as a download; 404 for any other dossier's."""
    found = next((row for row in training.agreements if row.id == agreement_id), None)
    if found is None:
        abort(404)
    return web.send_stored(uploads.content(found.upload), found.upload.name)
