"""The signatory's door: opened by the signing link alone, which no other page ever shows."""

from typing import Any

from flask import Blueprint, Response, abort, flash, g, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from portal import clock, web, workflow
from portal.access import service as access
from portal.access.models import ShareLink
from portal.access.rules import Actor, Role, Scope
from portal.accounts import service as accounts
from portal.blueprints import papers, summary
from portal.documents import kinds
from portal.documents import service as documents
from portal.documents.models import Document, DocumentState
from portal.effects import signing
from portal.funding import service as fundings
from portal.signature import codes, copies
from portal.signature.forms import DeclineForm, DelegateForm, SignForm
from portal.signature.models import Channel, Signature
from portal.signature.rules import consent_sentences
from portal.training.models import TrainingSession
from portal.training.rules import Event
from portal.web import PortalForm

blueprint = Blueprint("signing", __name__)
LAYOUT = "layouts/client.html"


@blueprint.before_request
def open_door() -> ResponseReturnValue | None:
    """Lets in the browser that opened the signing link of this dossier, and nobody else."""
    public_id = (request.view_args or {}).get("public_id", "")
    grant = access.space_of(web.space_cookie(), public_id, clock.now(), scope=Scope.SIGN)
    if grant is None:
        return web.space_closed(public_id)
    g.link, g.training = grant.link, grant.link.training
    company = g.training.company
    name = company.signatory_name if company else "Signataire"
    g.actor = Actor(Role.CLIENT, grant.link_id, name, web.client_ip())
    return None


def _training() -> TrainingSession:
    training: TrainingSession = g.training
    return training


def _link() -> ShareLink:
    link: ShareLink = g.link
    return link


@blueprint.get("/<public_id>/")
def page(public_id: str) -> Response:
    """The paper to sign and what it commits to; once signed, the receipt."""
    training = _training()
    document = signing.signable(training)
    if document is None:
        return web.see_other(url_for(".done", public_id=public_id))
    company = training.company
    form = SignForm(formdata=None, owes=_owes(training), asks_code=False)
    if company is not None:
        form.name.data, form.function.data = company.signatory_name, company.signatory_function
    return _page(training, document, form)


@blueprint.post("/<public_id>/")
def sign(public_id: str) -> Response:
    """« Recevoir mon code », then « Signer »: nothing final happens at the first press."""
    training = _training()
    document = signing.signable(training)
    if document is None:
        return web.see_other(url_for(".done", public_id=public_id))
    wants_code = request.form.get("action") == "code"
    form = SignForm(owes=_owes(training), asks_code=not wants_code)
    if not form.validate():
        return _page(training, document, form, code_sent=not wants_code, status=422)
    if not _is_shown(form, document):
        return _page(training, document, form, refused=(signing.CHANGED,), status=409)
    if wants_code:
        try:
            workflow.send_code(training, _link(), document, Channel.EMAIL, web.actor())
        except codes.CodeRefused as refused:
            return _page(training, document, form, refused=(str(refused),), status=429)
        form.code.data = ""
        return _page(training, document, form, code_sent=True)
    return _signed(training, document, form)


def _signed(training: TrainingSession, document: Document, form: SignForm) -> Response:
    try:
        codes.count_try(_link(), document, form.code.data or "", clock.now())
        workflow.perform(
            Event.SIGN,
            training,
            web.actor(),
            link=_link(),
            shown=(document.id, document.sha256),
            code=form.code.data,
            name=form.name.data,
            function=form.function.data,
            drawn=form.drawn.data,
            sentences=_sentences(training, document),
            request_facts=_request_facts(),
        )
    except codes.CodeRefused as refused:
        if signing.signable(training) is None:  # a second press: the first one signed
            return web.see_other(url_for(".done", public_id=training.public_id))
        form.code.errors = [str(refused)]
        return _page(training, document, form, code_sent=True, status=422)
    except workflow.Refused as refused:
        current = signing.signable(training)
        if current is None:
            return web.see_other(url_for(".done", public_id=training.public_id))
        return _page(training, current, form, refused=refused.sentences, status=409)
    return web.see_other(url_for(".done", public_id=training.public_id))


@blueprint.get("/<public_id>/document.pdf")
def paper(public_id: str) -> Response:
    """The bytes that will be signed."""
    document = signing.signable(_training())
    if document is None or document.state != DocumentState.READY:
        abort(404)
    name = kinds.filename(document.kind, _training().number, document.version)
    return web.send_stored(documents.pdf_bytes(document), name)


@blueprint.get("/<public_id>/signe")
def done(public_id: str) -> Response:
    """The receipt: shown again at each visit, never the form."""
    training, given = _training(), _given()
    if given is None:
        return web.see_other(url_for(".page", public_id=public_id))
    return web.page(
        "signing/done.html",
        layout=LAYOUT,
        training=training,
        signature=given,
        is_sealed=copies.is_ready(given),
        reference=_reference(training, given),
    )


def _given() -> Signature | None:
    """The last signature in force of this dossier."""
    given = [s for s in _training().signatures if s.voided_at is None]
    return given[-1] if given else None


@blueprint.get("/<public_id>/signe/<name>")
def signed_file(public_id: str, name: str) -> Response:
    """The last one signed, sealed, or its proof."""
    given = _given()
    if given is None:
        abort(404)
    return papers.signed_file(_training(), given.id, name)


@blueprint.route("/<public_id>/refuser", methods=["GET", "POST"])
def decline(public_id: str) -> Response:
    form = DeclineForm()
    if form.validate_on_submit():
        return _perform(
            Event.DECLINE_SIGNATURE, "Votre refus est transmis.", reason=form.reason.data
        )
    return _form_page("signing/decline.html", form)


@blueprint.route("/<public_id>/transmettre", methods=["GET", "POST"])
def delegate(public_id: str) -> Response:
    """Names another signatory: this link dies, and theirs leaves to their own address."""
    form = DelegateForm()
    if form.validate_on_submit():
        try:
            workflow.perform(
                Event.DELEGATE_SIGNATURE,
                _training(),
                web.actor(),
                first=form.first.data,
                last=form.last.data,
                function=form.function.data,
                email=form.email.data,
            )
        except workflow.Refused as refused:
            return _form_page("signing/delegate.html", form, refused.sentences)
        return web.page("signing/delegated.html", layout=LAYOUT, training=_training(), form=form)
    return _form_page("signing/delegate.html", form)


def _perform(event: Event, said: str, **data: Any) -> Response:
    training = _training()
    try:
        workflow.perform(event, training, web.actor(), **data)
    except workflow.Refused as refused:
        flash(" ".join(refused.sentences), "warn")
    else:
        flash(said, "ok")
    return web.see_other(url_for(".page", public_id=training.public_id))


def _form_page(template: str, form: PortalForm, refused: tuple[str, ...] = ()) -> Response:
    return web.page(
        template,
        status=422 if request.method == "POST" else 200,
        layout=LAYOUT,
        training=_training(),
        form=form,
        summary=web.error_summary(refused or form),
    )


def _page(
    training: TrainingSession,
    document: Document,
    form: SignForm,
    code_sent: bool = False,
    refused: tuple[str, ...] = (),
    status: int = 200,
) -> Response:
    company = training.company
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
        sentences=_sentences(training, document),
        split=fundings.split_of(training) if training.granted_cents is not None else None,
        owes=_owes(training),
        recap=summary.recap(training),
        code_sent=code_sent,
        masked_email=_masked(company.signatory_email if company else ""),
        refused=web.error_summary(refused),
        errors=web.error_summary(form) if status == 422 else [],
    )


def _body(document: Document) -> Markup:
    """The text of the paper; its heading stands under the page's own."""
    html = documents.body_html(document.kind, document.facts)
    html = html.replace("<h1>", "<h2>").replace("</h1>", "</h2>")
    return Markup(html)  # noqa: S704 - escaped where it is made


def _owes(training: TrainingSession) -> bool:
    return training.granted_cents is not None and bool(fundings.split_of(training).remainder_cents)


def _sentences(training: TrainingSession, document: Document) -> list[str]:
    """The exact words of the boxes: what is recorded is what was shown."""
    organisation = accounts.organisation()
    company = training.company
    return consent_sentences(
        kinds.reference(document.kind, training.number, document.version),
        company.legal_name if company else "",
        fundings.split_of(training) if _owes(training) else None,
        subrogation=bool(training.subrogation),
        organisation=organisation.name,
        funder=summary.funder_name(training),
        recovers_vat=company.recovers_vat if company else True,
    )


def _is_shown(form: SignForm, document: Document) -> bool:
    shown = (form.shown_id.data, form.shown_sha256.data)
    return document.state == DocumentState.READY and shown == (str(document.id), document.sha256)


def _request_facts() -> dict[str, str | None]:
    """What the evidence keeps of the request."""
    return {
        "ip": web.client_ip(),
        "peer": request.environ.get("REMOTE_ADDR"),
        "user_agent": (request.user_agent.string or "")[:300],
        "accept_language": request.headers.get("Accept-Language", "")[:100],
    }


def _reference(training: TrainingSession, signature: Signature) -> str:
    document = signature.document
    return kinds.reference(document.kind, training.number, document.version)


def _masked(email: str) -> str:
    """« h•••••@menuiserie.example »: enough to recognise one's own mailbox."""
    local, _, domain = email.partition("@")
    return f"{local[:1]}•••••@{domain}" if domain else ""
