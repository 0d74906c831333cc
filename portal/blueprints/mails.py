"""« Courriels »: what left, to whom, with which papers, and what became of it."""

import re
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, abort, flash, request, url_for

from portal import french, web, workflow
from portal.access.rules import Role
from portal.blueprints import exports, papers
from portal.documents import kinds
from portal.documents import service as documents
from portal.documents.models import Document
from portal.emails import exporting, outbox, reading
from portal.emails.message import signature_of
from portal.emails.models import Email, EmailState
from portal.emails.reading import Line
from portal.extensions import db, settings
from portal.fields import EmailField, Required
from portal.signature import copies

blueprint = Blueprint("mails", __name__)

LINK = re.compile(r"https?://\S+/(?:l|acces)/\S+")
MAX_ID = 2**31 - 1  # a longer number is no row's, and a database may refuse to look for it
# what lets sign, or come in as somebody, is shown to nobody here
SECRET = frozenset(
    "sign_request one_time_code account_invitation account_reset account_address "
    "account_address_asked account_address_changed account_password_changed".split()
)
PERSONAL = "Ce message est personnel\u00a0: il n’est montré qu’à la personne qui le reçoit."
SIGNING = "Ce message permet de signer\u00a0: il n’est montré qu’à la personne qui signe."
UNDELIVERED = "non-remis"
RETRYABLE = (EmailState.FAILED, EmailState.UNCERTAIN)


def _mail(mail_id: int) -> Email:
    """The message, if the person at the door may see its session."""
    mail = db.session.get(Email, mail_id)
    actor = web.actor()
    if mail is None or (
        actor.role is Role.TRAINER
        and (mail.training is None or mail.training.trainer_id != actor.id)
    ):
        abort(404)
    return mail


def with_urls(lines: list[Line]) -> list[dict[str, Any]]:
    """The lines of a list of messages, each with the address of its page on this side."""
    side = request.blueprints[-1]
    return [
        vars(line)
        | {
            "url": url_for(f"{side}.mails.show", mail_id=line.id),
            "dossier_url": url_for(f"{side}.dossier.page", ref=line.ref) if line.ref else "",
        }
        for line in lines
    ]


@blueprint.get("/")
def index() -> Response:
    """The messages, the latest first, page by page; or those that did not arrive."""
    actor = web.actor()
    trainer_id = actor.id if actor.role is Role.TRAINER else None
    undelivered = request.args.get("etat") == UNDELIVERED
    before = request.args.get("avant", type=int)
    before = before if before and 0 < before <= MAX_ID else None
    lines, goes_on = reading.recent(trainer_id, undelivered=undelivered, before=before)
    return web.page(
        "mails/list.html",
        mails=with_urls(lines),
        tab=UNDELIVERED if undelivered else None,
        tabs=((None, "Tous"), (UNDELIVERED, "Non remis")),
        older=lines[-1].id if goes_on else None,
        before=before,
        keeps=settings().smtp is None,
    )


@blueprint.get("/export/<suffix>")
def export(suffix: str) -> Response:
    """Every message of the list, without its text, as a file."""
    actor = web.actor()
    trainer_id = actor.id if actor.role is Role.TRAINER else None
    rows = exporting.rows(trainer_id, undelivered=request.args.get("etat") == UNDELIVERED)
    return exports.answer("courriels", suffix, exporting.COLUMNS, rows)


class AddressForm(web.PortalForm):
    """The right address, instead of the one that failed."""

    address = EmailField(
        "Adresse corrigée",
        description="Le message repart à cette adresse, qui remplace l’autre dans le dossier. Les "
        "liens déjà envoyés à l’ancienne se ferment.",
        validators=[Required("Indiquez la bonne adresse")],
        render_kw={"autocomplete": "off"},
    )


@blueprint.get("/<int:mail_id>")
def show(mail_id: int) -> Response:
    """One message, its text and its attachments."""
    return _show(_mail(mail_id))


def _show(mail: Email, form: AddressForm | None = None, refused: Sequence[str] = ()) -> Response:
    kept = mail.state == EmailState.KEPT
    return web.page(
        "mails/show.html",
        status=422 if form else 200,
        form=form or AddressForm(formdata=None, data={"address": mail.to_email}),
        errors=web.error_summary(refused) + web.error_summary(form),
        may_correct=reading.may_correct(mail),
        mail=mail,
        side=request.blueprints[-1],
        label=reading.label_of(mail.state, mail.bounced_at),
        status_text=reading.status_sentence(mail),
        text=_text(mail),
        attachments=[_attached(mail, paper) for paper in reading.attachments(mail)]
        + _signed_files(mail),
        may_retry=mail.state in RETRYABLE,
        eml_url=url_for(".raw", mail_id=mail.id) if kept and not _is_secret(mail) else None,
    )


def _text(mail: Email) -> str:
    """The words of a message; outside the demonstration the client's link is not shown here."""
    if _is_secret(mail):
        return PERSONAL if mail.letter.startswith("account_") else SIGNING
    text = outbox.message_of(mail).body or ""
    return text if settings().demo else LINK.sub("(lien personnel masqué)", text)


def _is_secret(mail: Email) -> bool:
    """What lets sign is never shown; in the demonstration the office plays the signatory's part."""
    plays_signatory = settings().demo and web.actor().role is Role.OFFICE
    return mail.letter in SECRET and not plays_signatory


def _attached(mail: Email, paper: Document) -> dict[str, str | None]:
    ready = paper.sha256 is not None
    return {
        "title": kinds.KINDS[paper.kind].title,
        "ref": kinds.reference(paper.kind, paper.training.number, paper.version),
        "sub": f"PDF, {french.size(paper.octets or 0)}" if ready else "PDF",
        "url": url_for(".attachment", mail_id=mail.id, document_id=paper.id) if ready else None,
    }


def _signed_files(mail: Email) -> list[dict[str, str | None]]:
    """What was signed and its proof, as this message carries them once they are made."""
    signature = signature_of(mail)
    if signature is None:
        return []
    ready = copies.is_ready(signature)
    return [
        {
            "title": copies.filename(signature, part),
            "ref": "",
            "sub": "PDF",
            "url": url_for(".signed_file", mail_id=mail.id, name=part) if ready else None,
        }
        for part in copies.ATTACHED
    ]


@blueprint.get("/<int:mail_id>/signe/<name>")
def signed_file(mail_id: int, name: str) -> Response:
    """What was signed, or its proof, as the message carried it."""
    mail = _mail(mail_id)
    signature = signature_of(mail)
    if signature is None or mail.training is None:
        abort(404)
    return papers.signed_file(mail.training, signature.id, name)


@blueprint.get("/<int:mail_id>/pieces/<int:document_id>")
def attachment(mail_id: int, document_id: int) -> Response:
    for document in reading.attachments(_mail(mail_id)):
        if document.id == document_id and document.sha256:
            name = kinds.filename(document.kind, document.training.number, document.version)
            return web.send_stored(documents.pdf_bytes(document), name)
    abort(404)


@blueprint.get("/<int:mail_id>/message.eml")
def raw(mail_id: int) -> Response:
    """The message as it was written down, when no server is configured."""
    mail = _mail(mail_id)
    path = outbox.path_of_eml(mail)
    if mail.state != EmailState.KEPT or not path.is_file() or _is_secret(mail):
        abort(404)
    return web.send_stored(path.read_bytes(), f"courriel-{mail.id}.eml", "message/rfc822")


@blueprint.post("/<int:mail_id>/adresse")
def correct_address(mail_id: int) -> Response:
    """« Corriger l’adresse et renvoyer »."""
    mail, form = _mail(mail_id), AddressForm()
    if not form.validate():
        return _show(mail, form)
    try:
        workflow.correct_address(mail, str(form.address.data), web.actor())
    except workflow.Refused as refused:
        return _show(_mail(mail_id), form, refused.sentences)
    flash(f"Le message repart à {form.address.data}.", "ok")
    return web.see_other(url_for(".index"))


@blueprint.post("/<int:mail_id>/renvoyer")
def retry(mail_id: int) -> Response:
    """« Renvoyer »; pressed again from a page left open, it shows what became of the message."""
    mail = _mail(mail_id)
    if mail.state in RETRYABLE:
        workflow.retry_email(mail, web.actor())
        flash("Le message repart.", "ok")
    else:
        flash("Ce message n’est plus à renvoyer\u00a0: voici où il en est.", "info")
    return web.see_other(url_for(".show", mail_id=mail_id))
