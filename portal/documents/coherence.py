"""The gate on real rows: the current papers of a dossier, its agreement and its signatures."""

from typing import Any

from portal.documents import service as documents
from portal.documents.kinds import reference
from portal.documents.models import Document
from portal.documents.rules import GRANT, Difference, Place, Value, differences, said_by
from portal.extensions import db
from portal.funding import rules as funding
from portal.funding.models import Agreement
from portal.signature.models import Signature
from portal.training.models import TrainingSession

_NAME = {
    "devis": "le devis",
    "convention": "la convention",
    "programme": "le programme",
    "engagement": "l’engagement",
    "annexe": "l’annexe",
}


def of_training(training: TrainingSession) -> list[Difference]:
    """What the current papers of a dossier, its agreement and its signatures disagree on."""
    current = documents.current(training)
    paying = _paying(current)
    places = [_paper(training, row, with_grant=row is paying) for row in current]
    places += _agreed(training)
    places += [
        _signed(signature, with_grant=signature.document is paying)
        for signature in training.signatures
        if signature.voided_at is None and signature.document in current
    ]
    return differences(places)


def before_sealing(signature_id: int) -> list[Difference]:
    """The same for one signature: its own paper whole, the other papers but for the grant.

    A grant that was corrected since, or a signature that was voided, changes nothing of what was
    signed: its seal is the proof of it.
    """
    signature = db.session.get(Signature, signature_id)
    if signature is None:
        return []
    training, document = signature.training, signature.document
    others = documents.current(training) if _is_live(signature) else []
    places = [_paper(training, document, with_grant=True), _signed(signature, with_grant=True)]
    places += [_paper(training, row, with_grant=False) for row in others if row is not document]
    return differences(places)


def _is_live(signature: Signature) -> bool:
    return signature.voided_at is None and signature.document.superseded_at is None


def _paying(current: list[Document]) -> Document | None:
    """The paper that says who pays: the engagement, which a convention signed before gives way to,
    else the convention."""
    by_kind = {row.kind: row for row in current}
    return by_kind.get("engagement") or by_kind.get("convention")


def _paper(training: TrainingSession, row: Document, *, with_grant: bool) -> Place:
    name = f"{_NAME[row.kind]} {reference(row.kind, training.number, row.version)}"
    return Place(name, _kept(said_by(row.kind, row.facts), with_grant))


def _kept(says: dict[str, Value], with_grant: bool) -> dict[str, Value]:
    return says if with_grant else {k: v for k, v in says.items() if k not in GRANT}


def _agreed(training: TrainingSession) -> list[Place]:
    """The dossier's own figures, and those of the agreement they come from."""
    if training.granted_cents is None or training.price_cents is None:
        return []
    regime = funding.VatRegime(training.vat_regime or funding.VatRegime.EXEMPT)
    kept = funding.Grant(training.granted_cents, training.granted_vat_cents or 0)
    places = [_shares("le financement retenu", training, regime, kept, training.subrogation)]
    row = next((a for a in reversed(training.agreements) if a.state == "validated"), None)
    if row is not None and row.printed_cents is not None and row.base is not None:
        name = f"l’accord n° {row.number}" if row.number else "l’accord de prise en charge"
        granted = _printed(row, regime)
        places.append(_shares(name, training, regime, granted, row.subrogation))
    return places


def _printed(row: Agreement, regime: funding.VatRegime) -> funding.Grant:
    base = funding.Base(str(row.base))
    return funding.grant(row.printed_cents or 0, base, bool(row.funder_pays_vat), regime)


def _shares(
    name: str,
    training: TrainingSession,
    regime: funding.VatRegime,
    granted: funding.Grant,
    subrogation: bool | None,
) -> Place:
    price = training.price_cents or 0
    says: dict[str, Value] = {"net": price, "granted": granted.net_cents}
    if granted.net_cents <= price:
        shared = funding.split(price, regime, granted, bool(subrogation))
        says |= {
            "gross": shared.total_cents,
            "remainder": shared.remainder_cents,
            "client_due": shared.client_due_cents,
            "funder_due": shared.funder_due_cents,
        }
    return Place(name, says)


def _signed(signature: Signature, *, with_grant: bool) -> Place:
    evidence: dict[str, Any] = dict(signature.evidence)
    amounts, company = evidence["amounts"], evidence["company"]
    says: dict[str, Value | None] = {
        "company": company["legal_name"],
        "siret": company["siret"],
        "net": amounts["price_cents"],
        "granted": amounts["granted_cents"],
        "remainder": amounts["remainder_cents"],
        "client_due": amounts["committed_cents"] or amounts["client_due_cents"],
        "funder_due": amounts["funder_due_cents"],
    }
    known = {code: value for code, value in says.items() if value is not None}
    return Place("la signature", _kept(known, with_grant))
