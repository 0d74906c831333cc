"""Is this genuine? Asked by anybody with a file or a printed code, and by `flask verify`.

A file is known by its digest: one changed octet makes it unknown. Answers hold no personal data.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import or_, select

from portal.documents import kinds
from portal.documents.models import Document
from portal.extensions import db, store
from portal.journal.models import JournalEntry
from portal.signature.models import Signature, SignatureKind
from portal.signature.rules import digest_of, read_verification_code
from portal.uploads.models import Upload


class Status(StrEnum):
    """`superseded`: signed, then replaced by a later version; `void`: the signature was taken
    back; `unknown`: nothing of this portal."""

    AUTHENTIC = "authentic"
    SUPERSEDED = "superseded"
    VOID = "void"
    UNKNOWN = "unknown"


class What(StrEnum):
    """Which file, or what the code names."""

    SEALED = "sealed"
    SHOWN = "shown"
    SCAN = "scan"
    PROOF = "proof"
    CODE = "code"


@dataclass(frozen=True)
class Verdict:
    """What may be told to anybody. `since` is when the seal was put, `until` when it was overtaken.

    `sha256` is the digest of the sealed file, or of the scan, to compare one's own with.
    """

    status: Status
    what: What | None = None
    title: str = ""
    reference: str = ""
    signed_at: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    sha256: str | None = None
    is_paper: bool = False


UNKNOWN = Verdict(Status.UNKNOWN)


def verify_file(content: bytes) -> Verdict:
    """What these very octets are: a sealed paper, the file as it was shown, a scan, a proof."""
    sha256 = hashlib.sha256(content).hexdigest()
    signature = _latest(Signature.sealed_sha256 == sha256)
    if signature is not None:
        return _verdict(signature, What.SEALED)
    proofs = or_(Signature.proof_sha256 == sha256, Signature.proof_json_sha256 == sha256)
    signature = _latest(proofs)
    if signature is not None:
        return _verdict(signature, What.PROOF)
    uploads = select(Upload.id).where(Upload.sha256 == sha256)
    signature = _latest(Signature.upload_id.in_(uploads))
    if signature is not None:
        return _verdict(signature, What.SCAN)
    documents = select(Document.id).where(Document.sha256 == sha256)
    signature = _latest(Signature.document_id.in_(documents))
    return _verdict(signature, What.SHOWN) if signature is not None else UNKNOWN


def verify_code(text: str) -> Verdict:
    """What the code printed in the margin, or in a proof, names."""
    code = read_verification_code(text)
    signature = _latest(Signature.code == code) if code else None
    return _verdict(signature, What.CODE) if signature is not None else UNKNOWN


def _latest(condition: Any) -> Signature | None:
    return db.session.scalar(
        select(Signature)
        .where(condition)
        .order_by(Signature.voided_at.is_not(None), Signature.id.desc())
        .limit(1)
    )


def _verdict(signature: Signature, what: What) -> Verdict:
    document = signature.document
    number = signature.training.number
    overtaken = [at for at in (signature.voided_at, document.superseded_at) if at is not None]
    status = Status.SUPERSEDED if overtaken else Status.AUTHENTIC
    if signature.voided_at is not None:
        status = Status.VOID
    is_paper = signature.kind == SignatureKind.PAPER
    return Verdict(
        status=status,
        what=what,
        title=kinds.KINDS[document.kind].title,
        reference=kinds.reference(document.kind, number, document.version),
        signed_at=signature.signed_at,
        since=_since(signature),
        until=signature.voided_at or document.superseded_at,
        sha256=signature.evidence["scan"]["sha256"] if is_paper else signature.sealed_sha256,
        is_paper=is_paper,
    )


def _since(signature: Signature) -> datetime | None:
    """When the seal was put; for a paper, when its scan was received; None before the seal."""
    if signature.kind == SignatureKind.PAPER:
        return datetime.fromisoformat(signature.evidence["scan"]["received_at"])
    if signature.proof_json_sha256 is None:
        return None
    proof = json.loads(store().read(signature.proof_json_sha256))
    return datetime.fromisoformat(proof["seal"]["sealed_at"])


# --- Everything, for whoever looks after the portal


def findings() -> list[str]:
    """What is wrong with the signatures and their files, as French sentences; empty when nothing.

    Examines the seals themselves: for the command line, never for a process that answers people.
    """
    return [
        f"{_name(signature)}\u00a0: {sentence}"
        for signature in db.session.scalars(select(Signature).order_by(Signature.id))
        for sentence in _findings(signature)
    ]


def _name(signature: Signature) -> str:
    document = signature.document
    reference = kinds.reference(document.kind, signature.training.number, document.version)
    return f"Signature {signature.id} ({reference})"


def _findings(signature: Signature) -> Iterator[str]:
    digest = digest_of(signature.evidence)
    if digest not in _in_journal(signature):
        yield "son relevé n’est pas celui que le journal a retenu"
    if signature.evidence["code"] != signature.code:
        yield "son code de vérification a été modifié"
    person = signature.evidence["signatory"]
    told = [person.get(name) or "" for name in ("name", "function", "email")]
    if told != [signature.name, signature.function, signature.email]:
        yield "la personne qui a signé n’est pas celle de son relevé"
    if signature.kind == SignatureKind.PAPER:
        yield from _file("document numérisé", signature.evidence["scan"]["sha256"])
    elif signature.evidence["document"]["sha256"] != signature.document.sha256:
        yield "le document n’est pas celui qui a été signé"
    if signature.proof_sha256 is None:
        if signature.error:
            yield f"son dossier de preuve n’a pas pu être fait ({signature.error})"
        return
    trouble = list(_file("relevé (JSON)", str(signature.proof_json_sha256)))
    if trouble:
        yield from trouble
        return
    proof = json.loads(store().read(str(signature.proof_json_sha256)))
    yield from _proof(signature, proof, digest)
    sealer = proof["seal"]["certificate_sha256"] if proof["seal"] else None
    yield from _sealed("dossier de preuve", signature.proof_sha256, sealer)
    if signature.sealed_sha256 is not None:
        shown = signature.evidence["document"]["sha256"]
        yield from _sealed("document scellé", signature.sealed_sha256, sealer, shown)


def _in_journal(signature: Signature) -> set[str]:
    """The digests of the evidences that the journal keeps for that dossier."""
    bodies = db.session.scalars(
        select(JournalEntry.body).where(
            JournalEntry.training_id == signature.training_id,
            JournalEntry.event.in_(("sign", "record_paper_signature")),
        )
    )
    return {str(body.get("evidence")) for body in bodies}


def _proof(signature: Signature, proof: dict[str, Any], digest: str) -> Iterator[str]:
    if proof["evidence_sha256"] != digest or digest_of(proof["evidence"]) != digest:
        yield "son dossier de preuve dit autre chose que son relevé"
    if proof["seal"] and proof["seal"]["sha256"] != signature.sealed_sha256:
        yield "le fichier scellé n’est pas celui du dossier de preuve"
    entries = select(JournalEntry.seq, JournalEntry.sha256).where(
        JournalEntry.training_id == signature.training_id
    )
    known = {row.seq: row.sha256 for row in db.session.execute(entries)}
    if any(known.get(row["seq"]) != row["sha256"] for row in proof["journal"]["entries"]):
        yield "le journal ne contient plus les entrées citées par le dossier de preuve"


def _file(name: str, sha256: str) -> Iterator[str]:
    try:
        store().read(sha256)
    except FileNotFoundError:
        yield f"{name} manquant ({sha256})"
    except OSError:
        yield f"{name} altéré ({sha256})"


def _sealed(
    name: str, sha256: str, sealer: str | None, shown_sha256: str | None = None
) -> Iterator[str]:
    """The file, its seal, who put it, and the bytes that were shown, which it must begin with."""
    from portal.signature import seal as seals
    from portal.signature.certificate import SealError

    trouble = list(_file(name, sha256))
    if trouble:
        yield from trouble
        return
    content = store().read(sha256)
    try:
        found = seals.check(content)
        if not found.is_good:
            yield f"{name}\u00a0: cachet rompu ({sha256})"
        elif sealer is not None and found.fingerprint != sealer:
            yield f"{name}\u00a0: cachet d’un autre certificat ({sha256})"
    except SealError as error:
        yield f"{name}\u00a0: {error} ({sha256})"
    if shown_sha256 is None:
        return
    trouble = list(_file("document présenté", shown_sha256))
    yield from trouble
    if not trouble and not content.startswith(store().read(shown_sha256)):
        yield f"{name}\u00a0: ne commence pas par le document présenté ({sha256})"
