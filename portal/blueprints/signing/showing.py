"""What the signatory's page shows: the paper, its money, its boxes, the ways of a code."""

from typing import Any

from flask import Response
from markupsafe import Markup

from portal import web
from portal.accounts import service as accounts
from portal.blueprints import papers, summary
from portal.documents import kinds
from portal.documents import service as documents
from portal.documents.models import Document, DocumentState
from portal.effects import signing
from portal.funding import service as fundings
from portal.signature import sms
from portal.signature.forms import SignForm
from portal.signature.models import Channel, Signature
from portal.signature.rules import consent_sentences
from portal.training.models import TrainingSession

LAYOUT = "layouts/client.html"


def page(
    training: TrainingSession,
    document: Document,
    form: SignForm,
    code_sent: bool = False,
    refused: tuple[str, ...] = (),
    status: int = 200,
) -> Response:
    """The paper beside its form; `code_sent` once a code is on its way."""
    form.shown_id.data, form.shown_sha256.data = str(document.id), document.sha256 or ""
    return web.page(
        "signing/page.html",
        status=status,
        layout=LAYOUT,
        training=training,
        document=document,
        title=kinds.KINDS[document.kind].title,
        reference=kinds.reference(document.kind, training.number, document.version),
        body=_body(document),
        ready=document.state == DocumentState.READY,
        form=form,
        sentences=sentences(training, document),
        split=fundings.split_of(training) if training.granted_cents is not None else None,
        owes=owes(training),
        recap=summary.recap(training),
        code_sent=code_sent,
        changes=papers.changes_since_signed(training, document),
        channels=form.channel.choices,
        channel=form.channel.data,
        to=destinations(training),
        refused=web.error_summary(refused),
        errors=web.error_summary(form) if status == 422 else [],
    )


def _body(document: Document) -> Markup:
    """The text of the paper; its heading stands under the page's own."""
    html = documents.body_html(document.kind, document.facts)
    html = html.replace("<h1>", "<h2>").replace("</h1>", "</h2>")
    return Markup(html)  # noqa: S704 - escaped where it is made


def form_of(training: TrainingSession, *, asks_code: bool, **given: Any) -> SignForm:
    """The form of this dossier: its boxes, and the ways its code may take."""
    ways = list(destinations(training).items())
    return SignForm(owes=owes(training), asks_code=asks_code, ways=ways, **given)


def owes(training: TrainingSession) -> bool:
    """Whether a remainder is left to the client."""
    return training.granted_cents is not None and bool(fundings.split_of(training).remainder_cents)


def sentences(training: TrainingSession, document: Document) -> list[str]:
    """The exact words of the boxes: what is recorded is what was shown."""
    company = training.company
    return consent_sentences(
        kinds.reference(document.kind, training.number, document.version),
        company.legal_name if company else "",
        fundings.split_of(training) if owes(training) else None,
        subrogation=bool(training.subrogation),
        organisation=accounts.organisation().name,
        funder=summary.funder_name(training),
        recovers_vat=company.recovers_vat if company else True,
    )


def destinations(training: TrainingSession) -> dict[str, str]:
    """Each way a code may take, and where it leads, masked; the first one is proposed."""
    company, organisation = training.company, accounts.organisation()
    found = {Channel.EMAIL.value: masked_email(company.signatory_email if company else "")}
    if signing.may_text(training) and company is not None:
        found[Channel.SMS.value] = masked_number(sms.mobile(company.phone) or "")
    found[Channel.PHONE.value] = organisation.phone
    return found


def reference(training: TrainingSession, signature: Signature) -> str:
    document = signature.document
    return kinds.reference(document.kind, training.number, document.version)


def masked_email(email: str) -> str:
    """« h•••••@menuiserie.example »: enough to recognise one's own mailbox."""
    local, _, domain = email.partition("@")
    return f"{local[:1]}•••••@{domain}" if domain else ""


def masked_number(number: str) -> str:
    """« 06 •• •• •• 12 », of « +33612345612 »."""
    return f"0{number[3]} •• •• •• {number[-2:]}".replace(" ", "\u00a0")
