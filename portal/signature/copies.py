"""What people are handed of a signature: the signed paper, and the proof that goes with it."""

from enum import StrEnum

from portal.documents import kinds
from portal.extensions import db, store
from portal.signature.models import Signature, SignatureKind
from portal.uploads.models import Upload


class Part(StrEnum):
    """One file of a signature; the value stands in its address."""

    DOCUMENT = "document"
    PROOF = "preuve"
    DATA = "donnees"


ATTACHED = (Part.DOCUMENT, Part.PROOF)  # what a message carries; the data is for machines
MIMETYPE = {
    Part.DOCUMENT: "application/pdf",
    Part.PROOF: "application/pdf",
    Part.DATA: "application/json",
}


def is_ready(signature: Signature) -> bool:
    """Whether the worker has made everything: before that, nothing is handed out."""
    return signature.proof_sha256 is not None


def filename(signature: Signature, part: Part) -> str:
    """« Convention-C-2026-0142-signee.pdf », « Preuve-C-2026-0142.json »: ASCII, for any header."""
    document, number = signature.document, signature.training.number
    if part is Part.DOCUMENT:
        name = kinds.filename(document.kind, number, document.version)
        return name.removesuffix(".pdf") + "-signe.pdf"
    reference = kinds.reference(document.kind, number, document.version).replace(" ", "-")
    return f"Preuve-{reference}.{'json' if part is Part.DATA else 'pdf'}"


def content(signature: Signature, part: Part) -> bytes:
    """The octets of that file. Raises ValueError before they are made, OSError when altered."""
    if part is Part.DOCUMENT:
        return signed_bytes(signature)
    return proof_pdf(signature) if part is Part.PROOF else proof_json(signature)


def signed_bytes(signature: Signature) -> bytes:
    """The sealed PDF, or the scan of what was signed on paper; ValueError before the seal."""
    if signature.kind == SignatureKind.PAPER:
        upload = db.session.get_one(Upload, signature.upload_id)
        return store().read(upload.sha256)
    return _stored(signature.sealed_sha256)


def proof_pdf(signature: Signature) -> bytes:
    """The « dossier de preuve » as people read it; ValueError while it is not made."""
    return _stored(signature.proof_sha256)


def proof_json(signature: Signature) -> bytes:
    """The same for machines, canonical; ValueError while it is not made."""
    return _stored(signature.proof_json_sha256)


def _stored(sha256: str | None) -> bytes:
    if sha256 is None:
        raise ValueError("not made yet")
    return store().read(sha256)
