"""« Signer sur papier », as the signatory and the client's space show it."""

from collections.abc import Callable

from flask import Response

from portal import web
from portal.documents import kinds
from portal.documents.models import Document, DocumentState
from portal.effects import signing
from portal.effects.paper import waiting_scan
from portal.training.models import TrainingSession


def page(
    training: TrainingSession,
    back: tuple[str, str],
    post_url: str,
    pdf_url: Callable[[Document], str],
) -> Response:
    """What to print and where to send it; once sent, that it is being checked."""
    document = signing.signable(training)
    reference = None
    if document is not None:
        reference = kinds.reference(document.kind, training.number, document.version)
    return web.page(
        "signing/on_paper.html",
        layout="layouts/client.html",
        training=training,
        reference=reference,
        ready=document is not None and document.state == DocumentState.READY,
        scan=waiting_scan(training),
        back_url=back[0],
        back_title=back[1],
        post_url=post_url,
        pdf_url=pdf_url(document) if document is not None else None,
    )
