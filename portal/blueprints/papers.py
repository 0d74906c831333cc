"""The papers of a dossier, as every door lists, previews and hands them out."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import Response, abort
from markupsafe import Markup

from portal import clock, web
from portal.accounts import service as accounts
from portal.documents import kinds
from portal.documents import service as documents
from portal.documents.differences import AGREED_UPON, Difference, between
from portal.documents.facts import IncompleteTraining, facts
from portal.documents.models import Document, DocumentState
from portal.funding import service as fundings
from portal.signature import copies
from portal.signature import service as signatures
from portal.signature.models import SignatureKind
from portal.training import service as trainings
from portal.training.models import TrainingSession
from portal.training.rules import State


@dataclass(frozen=True)
class Paper:
    """One line of the list of papers."""

    id: int
    kind: str
    title: str
    reference: str
    state: str
    octets: int | None
    pages: int | None
    is_current: bool
    signed: "Signed | None"


@dataclass(frozen=True)
class Signed:
    """What was signed of a paper. `is_sealed` once the worker has made its files."""

    id: int
    who: str
    at: datetime
    is_on_paper: bool
    is_sealed: bool
    voided_at: datetime | None


def listed(training: TrainingSession) -> list[Paper]:
    """The current papers in the catalogue's order, then the superseded ones, latest first."""
    order = list(kinds.KINDS)
    current = [d for d in training.documents if d.superseded_at is None]
    past = [d for d in training.documents if d.superseded_at is not None]
    current.sort(key=lambda d: order.index(d.kind))
    past.sort(key=lambda d: d.id, reverse=True)
    return [_paper(training, document) for document in current + past]


def is_preparing(listed: list[Paper]) -> bool:
    """Whether some paper is still being made, or sealed."""
    return any(
        paper.state == DocumentState.PENDING or (paper.signed and not paper.signed.is_sealed)
        for paper in listed
    )


def _paper(training: TrainingSession, document: Document) -> Paper:
    return Paper(
        id=document.id,
        kind=document.kind,
        title=kinds.KINDS[document.kind].title,
        reference=kinds.reference(document.kind, training.number, document.version),
        state=document.state,
        octets=document.octets,
        pages=document.pages,
        is_current=document.superseded_at is None,
        signed=_signed(training, document),
    )


def _signed(training: TrainingSession, document: Document) -> Signed | None:
    """The signature in force of that paper, else the last one that was taken back."""
    given = [row for row in training.signatures if row.document_id == document.id]
    if not given:
        return None
    row = next((row for row in given if row.voided_at is None), given[-1])
    return Signed(
        id=row.id,
        who=f"{row.name}, {row.function}",
        at=row.signed_at,
        is_on_paper=row.kind == SignatureKind.PAPER,
        is_sealed=copies.is_ready(row),
        voided_at=row.voided_at,
    )


def signed_file(training: TrainingSession, signature_id: int, name: str) -> Response:
    """What was signed, sealed, or its proof; 404 for any other dossier's, and before the seal."""
    part = next((part for part in copies.Part if part == name), None)
    for signature in training.signatures:
        if part and signature.id == signature_id and copies.is_ready(signature):
            content = copies.content(signature, part)
            return web.send_stored(content, copies.filename(signature, part), copies.MIMETYPE[part])
    abort(404)


def changes(training: TrainingSession) -> list[Difference]:
    """What differs between the convention in force, its annex included, and the one before."""
    kept = [row for row in training.documents if row.kind in ("convention", "annexe")]
    if len(kept) < 2 or kept[-1].superseded_at is not None:
        return []
    return between(kept[-2].facts, kept[-1].facts)


def since_sent(training: TrainingSession) -> list[Difference]:
    """What a session that was reopened would say otherwise than when it was last sent; empty while
    something is still missing."""
    sent = [row for row in training.documents if row.kind == "convention"]
    if not sent or training.state != State.DRAFT:
        return []
    try:
        now = facts(training, accounts.organisation(), clock.today(), sent[-1].version + 1)
    except IncompleteTraining:
        return []
    return between(sent[-1].facts, now)


def changes_since_signed(training: TrainingSession, document: Document) -> list[Difference]:
    """What differs between the paper to sign and the last one that was signed, even if taken back;
    empty when nothing was ever signed."""
    given = [row for row in training.signatures if row.document_id != document.id]
    return between(given[-1].document.facts, document.facts) if given else []


def overtakes_agreement(training: TrainingSession) -> bool:
    """Whether the session changed since the agreement that waits was received: it answers about a
    convention that is no longer in force."""
    agreement = fundings.open_agreement(training)
    issued = [row for row in training.documents if row.kind == "convention"]
    if agreement is None or not issued:
        return False
    read = [row for row in issued if row.created_at <= agreement.received_at]
    return bool(read and between(read[-1].facts, issued[-1].facts, only=AGREED_UPON))


def download(training: TrainingSession, document_id: int) -> Response:
    """One paper of this dossier, byte for byte as it was sent; 404 for any other dossier's."""
    for document in training.documents:
        if document.id == document_id and document.state == DocumentState.READY:
            name = kinds.filename(document.kind, training.number, document.version)
            return web.send_stored(documents.pdf_bytes(document), name)
    abort(404)


def download_all(training: TrainingSession) -> Response:
    """The current papers in one ZIP, each as it was signed when it was."""
    ready = [d for d in documents.current(training) if d.state == DocumentState.READY]
    if not ready:
        abort(404)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for document in ready:
            signature = signatures.live(document)
            if signature is not None and copies.is_ready(signature):
                for part in copies.ATTACHED:
                    archive.writestr(
                        copies.filename(signature, part), copies.content(signature, part)
                    )
                continue
            name = kinds.filename(document.kind, training.number, document.version)
            archive.writestr(name, documents.pdf_bytes(document))
    return web.send_stored(buffer.getvalue(), f"Documents-{training.ref}.zip", "application/zip")


def preview(
    training: TrainingSession, kind: str, layout: str, back_url: str, url: Callable[[str], str]
) -> Response:
    """The body of a paper on screen, made from today's facts."""
    if kind not in kinds.ISSUED_TOGETHER:
        abort(404)
    missing = trainings.missing_topics(training)
    body = None
    if not missing:
        version = 1 + max((d.version for d in training.documents), default=0)
        facts = kinds.KINDS[kind].facts(training, accounts.organisation(), clock.today(), version)
        body = Markup(documents.body_html(kind, facts))  # noqa: S704 - escaped where it is made
    return web.page(
        "training/preview.html",
        layout=layout,
        training=training,
        kind=kinds.KINDS[kind],
        kinds=[kinds.KINDS[code] for code in kinds.ISSUED_TOGETHER],
        body=body,
        missing=missing,
        back_url=back_url,
        preview_url=url,
    )
