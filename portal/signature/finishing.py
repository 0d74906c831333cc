"""What the worker makes of a signature: the sealed file, the proof as PDF and as JSON."""

import io
from datetime import datetime
from typing import Any

import segno
from sqlalchemy import select

from portal import clock, french
from portal.accounts.models import Organisation
from portal.documents import press
from portal.extensions import db, settings, store
from portal.journal import service as journal
from portal.journal.models import JournalEntry
from portal.journal.rules import canonical
from portal.signature import boxes
from portal.signature import certificate as certificates
from portal.signature import proof as proofs
from portal.signature import seal as seals
from portal.signature.certificate import Certificate
from portal.signature.evidence import deliveries
from portal.signature.models import Signature, SignatureKind
from portal.signature.proof import Chain, Entry, Seal
from portal.signature.rules import digest_of
from portal.signature.seal import Sealed
from portal.signature.strip import Filled, Strip

PROOF_PAGES = 3
STAMP_ATTEMPTS = 5  # then the seal does without the authority, and the proof says so
NOT_ASKED, NOT_GIVEN = "non demandé", "demandé, non obtenu"


def make(signature: Signature, attempts: int) -> dict[str, str | None]:
    """Makes and stores the three files; gives back the columns that name them.

    `attempts`: how many times it was tried, this one included. Holds no transaction while it
    works. Raises SealError, StampFailed, PressError, or OSError when a stored file was altered.
    """
    organisation = db.session.get_one(Organisation, 1)
    about = {
        "name": organisation.name,
        "siret": organisation.siret,
        "city": organisation.city,
    }
    evidence: dict[str, Any] = dict(signature.evidence)
    is_online = signature.kind == SignatureKind.ONLINE
    shown = signature.document.sha256
    chain, delivered = _chain(signature.training_id), deliveries(evidence)
    db.session.rollback()
    certificate = of_installation(about["name"], about["siret"])
    tsa_url = settings().tsa_url if attempts <= STAMP_ATTEMPTS else ""
    sealed = None
    if is_online:
        sealed = _seal(store().read(str(shown)), certificate, evidence, about, tsa_url)
    proof = proofs.build(
        evidence,
        digest_of(evidence),
        _described(sealed, certificate) if sealed else None,
        chain,
        delivered,
        about,
        verify_url(),
    )
    return {
        "sealed_sha256": store().put(sealed.content) if sealed else None,
        "proof_json_sha256": store().put(proofs.to_json(proof)),
        "proof_sha256": store().put(_print(proof, certificate, about)),
    }


def of_installation(name: str, siret: str) -> Certificate:
    """The certificate that seals here, valid today. Raises SealError."""
    config = settings()
    if config.seal_p12 is not None and config.seal_password_file is not None:
        found = certificates.given(config.seal_p12, config.seal_password_file)
    else:
        found = certificates.own(config.seal, name, siret, clock.now())
    return certificates.check(found, clock.now())


def verify_url(code: str = "") -> str:
    """The public page of verification, at that code when there is one."""
    query = f"?code={code.replace('-', '')}" if code else ""
    return f"{settings().base_url}/verifier{query}"


def _seal(
    pdf: bytes,
    certificate: Certificate,
    evidence: dict[str, Any],
    about: dict[str, str],
    tsa_url: str,
) -> Sealed:
    person, document = evidence["signatory"], evidence["document"]
    when = french.moment(datetime.fromisoformat(evidence["time"]["utc"]))
    who = f"{person['name']}, {person['function']}, {evidence['company']['legal_name']}"
    lines = [
        f"{document['reference']} – signé électroniquement par {who}, le {when}",
        f"{evidence['legal']}, scellée par {about['name']}",
        f"Authenticité\u00a0: {verify_url()} – code {evidence['code']}",
    ]
    strip = Strip(lines, verify_url(evidence["code"]), evidence["drawn"])
    return seals.seal(
        pdf,
        certificate,
        reason=f"Signature de {document['reference']}, code {evidence['code']}",
        location=about["city"],
        name=about["name"],
        strip=strip,
        filled=_filled(pdf, about["name"], person["name"], when),
        tsa_url=tsa_url,
    )


def _filled(pdf: bytes, organisation: str, name: str, when: str) -> tuple[int, list[Filled]] | None:
    """What stands in the boxes of a paper that both sides signed without a pen."""
    found = boxes.find(pdf)
    if found is None:
        return None
    there = "Voir la marge de " + ("la page 1" if found.page else "cette page")
    signed = [name, f"Signé électroniquement le {when}", there]
    sealed = [organisation, "Cachet électronique apposé sur ce fichier", there]
    return found.page, [Filled(*found.organisation, sealed), Filled(*found.signatory, signed)]


def _described(sealed: Sealed, certificate: Certificate) -> Seal:
    stamp = NOT_GIVEN if settings().tsa_url else NOT_ASKED
    return Seal(
        sha256=sealed.sha256,
        octets=len(sealed.content),
        sealed_at=sealed.sealed_at.isoformat(),
        certificate_subject=certificate.subject,
        certificate_sha256=certificate.fingerprint,
        certificate_ends_at=certificate.ends_at.isoformat(),
        stamp=sealed.stamped_at.isoformat() if sealed.stamped_at else stamp,
    )


def _print(proof: dict[str, Any], certificate: Certificate, about: dict[str, str]) -> bytes:
    """The proof for people, sealed as well: it is handed to both sides."""
    code = proof["evidence"]["code"]
    picture = io.BytesIO()
    segno.make(verify_url(code), error="m", micro=False).save(
        picture, kind="png", scale=8, border=2
    )
    printed = press.print_pdf(proofs.to_html(proof), PROOF_PAGES, picture.getvalue())
    sealed = seals.seal(
        printed.content,
        certificate,
        reason=f"Dossier de preuve, code {code}",
        location=about["city"],
        name=about["name"],
    )
    return sealed.content


def _chain(training_id: int) -> Chain:
    """The journal of the dossier, and the head of the whole: it dates everything before it."""
    rows = db.session.scalars(
        select(JournalEntry)
        .where(JournalEntry.training_id == training_id)
        .order_by(JournalEntry.seq)
    )
    entries = [
        Entry(
            seq=row.seq,
            at=row.at.isoformat(timespec="microseconds"),
            event=row.event,
            actor_role=row.actor_role,
            actor_id=row.actor_id,
            training_id=row.training_id,
            body=canonical(row.body),
            details_sha256=row.details_sha256,
            previous=row.previous,
            sha256=row.sha256,
        )
        for row in rows
    ]
    return Chain(entries, journal.head())
