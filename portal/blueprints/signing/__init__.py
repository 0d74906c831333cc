"""The signatory's door: opened by the signing link alone, which no other page ever shows."""

from flask import Blueprint, Response, abort, g, request, url_for
from flask.typing import ResponseReturnValue

from portal import clock, web, workflow
from portal.access import service as access
from portal.access.models import ShareLink
from portal.access.rules import Actor, Role, Scope
from portal.blueprints import papers
from portal.blueprints.signing import showing
from portal.blueprints.signing.showing import LAYOUT
from portal.documents import kinds
from portal.documents import service as documents
from portal.documents.models import Document, DocumentState
from portal.effects import signing
from portal.signature import codes, copies
from portal.signature.forms import SignForm
from portal.signature.models import Channel, Signature
from portal.training.models import TrainingSession
from portal.training.rules import Event

blueprint = Blueprint("signing", __name__)


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


def current_training() -> TrainingSession:
    training: TrainingSession = g.training
    return training


def _link() -> ShareLink:
    link: ShareLink = g.link
    return link


@blueprint.get("/<public_id>/")
def page(public_id: str) -> Response:
    """The paper to sign and what it commits to; once signed, the receipt."""
    training = current_training()
    document = signing.signable(training)
    if document is None:
        return web.see_other(url_for(".done", public_id=public_id))
    company = training.company
    form = showing.form_of(training, asks_code=False, formdata=None)
    if company is not None:
        form.name.data, form.function.data = company.signatory_name, company.signatory_function
    return showing.page(training, document, form)


@blueprint.post("/<public_id>/")
def sign(public_id: str) -> Response:
    """« Recevoir mon code », then « Signer »: nothing final happens at the first press."""
    training = current_training()
    document = signing.signable(training)
    if document is None:
        return web.see_other(url_for(".done", public_id=public_id))
    wants_code = request.form.get("action") == "code"
    form = showing.form_of(training, asks_code=not wants_code)
    if not form.validate():
        return showing.page(training, document, form, code_sent=not wants_code, status=422)
    if not _is_shown(form, document):
        return showing.page(training, document, form, refused=(signing.CHANGED,), status=409)
    if wants_code:
        return _code_sent(training, document, form)
    return _signed(training, document, form)


def _code_sent(training: TrainingSession, document: Document, form: SignForm) -> Response:
    """The page that takes the code. By phone, nothing leaves: the office reads it out."""
    channel = Channel(form.channel.data)
    if channel is not Channel.PHONE:
        try:
            workflow.send_code(training, _link(), document, channel, web.actor())
        except codes.CodeRefused as refused:
            return showing.page(training, document, form, refused=(str(refused),), status=429)
    form.code.data = ""
    return showing.page(training, document, form, code_sent=True)


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
            sentences=showing.sentences(training, document),
            request_facts=_request_facts(),
        )
    except codes.CodeRefused as refused:
        if signing.signable(training) is None:  # a second press: the first one signed
            return web.see_other(url_for(".done", public_id=training.public_id))
        form.code.errors = [str(refused)]
        return showing.page(training, document, form, code_sent=True, status=422)
    except workflow.Refused as refused:
        current = signing.signable(training)
        if current is None:
            return web.see_other(url_for(".done", public_id=training.public_id))
        return showing.page(training, current, form, refused=refused.sentences, status=409)
    return web.see_other(url_for(".done", public_id=training.public_id))


@blueprint.get("/<public_id>/document.pdf")
def paper(public_id: str) -> Response:
    """The bytes that will be signed."""
    document = signing.signable(current_training())
    if document is None or document.state != DocumentState.READY:
        abort(404)
    name = kinds.filename(document.kind, current_training().number, document.version)
    return web.send_stored(documents.pdf_bytes(document), name)


@blueprint.get("/<public_id>/signe")
def done(public_id: str) -> Response:
    """The receipt: shown again at each visit, never the form."""
    training = current_training()
    if signing.signable(training) is not None and _given() is None:
        return web.see_other(url_for(".page", public_id=public_id))
    return _done(training)


def _done(training: TrainingSession) -> Response:
    """What was signed; or that nothing is to be signed for now, when it was taken back."""
    given = _given()
    if given is None:
        return web.page("signing/nothing.html", layout=LAYOUT, training=training)
    return web.page(
        "signing/done.html",
        layout=LAYOUT,
        training=training,
        signature=given,
        is_sealed=copies.is_ready(given),
        reference=showing.reference(training, given),
    )


def _given() -> Signature | None:
    """The last signature in force of this dossier."""
    given = [s for s in current_training().signatures if s.voided_at is None]
    return given[-1] if given else None


@blueprint.get("/<public_id>/signe/<name>")
def signed_file(public_id: str, name: str) -> Response:
    """The last one signed, sealed, or its proof."""
    given = _given()
    if given is None:
        abort(404)
    return papers.signed_file(current_training(), given.id, name)


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


from portal.blueprints.signing import other_ways  # noqa: E402, F401
