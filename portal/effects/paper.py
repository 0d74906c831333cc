"""Signing by hand: the scan is handed in by anybody, and the office says what it shows."""

from portal.effects import signing
from portal.effects.act import Act, Refused
from portal.emails import paper_notices
from portal.extensions import db
from portal.signature import service as signatures
from portal.signature.models import Signature
from portal.training.models import TrainingSession
from portal.uploads import service as uploads
from portal.uploads.models import Upload
from portal.uploads.rules import Purpose

NOTHING = "Il n’y a rien à signer pour le moment"
GONE = "Cette numérisation n’est plus à vérifier\u00a0: le document a changé, ou elle est traitée"


def waiting_scan(training: TrainingSession) -> Upload | None:
    """The last scan of the version to sign that the office has not looked at yet."""
    document = signing.signable(training)
    if document is None:
        return None
    for upload in reversed(training.uploads):
        if upload.purpose == Purpose.SIGNED_PAPER and upload.document_id == document.id:
            return upload if upload.refused_at is None else None
    return None


def receive_signed_paper(act: Act) -> None:
    """Keeps the scan of the version in force; nothing is signed until the office has looked."""
    training = act.training
    document = signing.signable(training)
    if document is None:
        raise Refused((NOTHING,))
    upload = uploads.record(act.data["stored"], training, Purpose.SIGNED_PAPER, act.actor, act.at)
    upload.document_id = document.id
    db.session.flush()
    act.uploads.append(upload)
    arguments = (training, upload, act.organisation, act.at)
    act.send(paper_notices.paper_receipt(*arguments), paper_notices.paper_to_check(*arguments))
    act.body = {"document": document.id, "upload": upload.sha256}
    act.result = upload


def record_paper_signature(act: Act) -> None:
    """The scan of the signed paper, checked by the office, counts as the online signature does."""
    training = act.training
    upload, document = _asked(act), signing.signable(training)
    if document is None:
        raise Refused((NOTHING,))
    due = signing.due_cents(training)
    signature: Signature = signatures.record_paper(
        training, document, upload, actor=act.actor, committed_cents=due or None, at=act.at
    )
    signing.signed(act, signature, due)
    act.body = {
        "document": document.id,
        "upload": upload.sha256,
        "evidence": signatures.evidence_digest(signature),
    }
    act.result = signature


def refuse_signed_paper(act: Act) -> None:
    """The scan shows no signature, or another paper: it is kept, and whoever signs is told why."""
    upload, reason = _asked(act), act.data["reason"]
    upload.refused_at, upload.refused_reason = act.at, reason
    arguments = (act.training, act.organisation, reason, act.at)
    act.send(
        paper_notices.paper_refused_to_client(*arguments),
        paper_notices.paper_refused_to_trainer(*arguments),
    )
    act.body, act.details = {"upload": upload.sha256}, {"reason": reason}


def _asked(act: Act) -> Upload:
    """The scan the office had under its eyes, if it is still the one to decide on."""
    upload = waiting_scan(act.training)
    if upload is None or upload.id != act.data["upload_id"]:
        raise Refused((GONE,))
    return upload
