"""A row of the outbox turned into the message that leaves: words, link, attachments, headers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email import policy
from email.charset import QP, Charset
from email.mime.base import MIMEBase
from email.mime.text import MIMEText
from email.utils import parseaddr
from functools import cache
from typing import Any

import flask_mail
from jinja2 import Environment
from markupsafe import Markup
from sqlalchemy import select

from portal import clock, french
from portal.access import service as access
from portal.access.models import ShareLink
from portal.access.rules import Role
from portal.accounts import links as account_links
from portal.accounts.models import AccountLink
from portal.documents import kinds
from portal.documents.models import Document
from portal.emails.models import Email
from portal.extensions import db, settings, store
from portal.rendering import environment
from portal.signature import codes, copies
from portal.signature.models import OneTimeCode, Signature

OPCO_FINDER = "/trouver-mon-opco"
_AS_ENCODED = policy.SMTP.clone(refold_source="none")
# nothing without their link
LINKED = frozenset(
    "invitation new_link client_reminder agreement_reminder sign_request "
    "account_invitation account_reset account_address".split()
)


class WrongAttachment(Exception):
    """A paper of another session was about to leave with this message."""


class DeadLink(Exception):
    """The message is about a link that was closed before it left."""


class DeadCode(Exception):
    """The message carries a one-time code that expired, was used or replaced before it left."""


@dataclass(frozen=True)
class Words:
    """The two twins of one message: same content, plain text and HTML."""

    text: str
    html: str


class Letter(flask_mail.Message):
    """Flask-Mail's message in lines any server takes: it would send 8-bit lines of any length.

    Headers leave as Flask-Mail encoded them. Folding them again, as its policy does, takes the
    encoding off: a name such as « x <other@example> » then becomes an address of its own.
    """

    def _message(self) -> MIMEBase:
        message = super()._message()
        message.policy = _AS_ENCODED
        return message

    def _mimetext(self, text: str | None, subtype: str = "plain") -> MIMEText:
        printable = Charset("utf-8")
        printable.body_encoding = QP
        return MIMEText(text or "", subtype, printable)  # type: ignore[arg-type]


@cache
def _html() -> Environment:
    return environment().overlay(finalize=_printable)


@cache
def _text() -> Environment:
    return environment().overlay(autoescape=False, finalize=_printable)


def _printable(value: Any) -> Any:
    """No control, bidi or invisible character reaches a message, whatever the row holds."""
    return (
        french.visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
    )


def words_of(email: Email) -> Words:
    """The text and the HTML of a message, its link filled in."""
    values = {
        **email.context,
        "subject": email.subject,
        "url": _url(email),
        "code": _code(email),
        "finder_url": settings().base_url + OPCO_FINDER,
    }
    template = email.context.get("template", email.letter)
    text = _text().get_template(f"emails/{template}.txt").render(values)
    html = _html().get_template(f"emails/{template}.html").render(values)
    return Words(_tidy(text), html)


def message_of(email: Email) -> Letter:
    """The whole message, with the papers that are ready; the same at every try.

    Raises WrongAttachment, DeadLink, or OSError when a stored file was altered.
    """
    words = words_of(email)
    organisation: Any = email.context["organisation"]
    message = Letter(
        subject=email.subject,
        recipients=[(email.to_name, email.to_email) if email.to_name else email.to_email],
        body=words.text,
        html=words.html,
        sender=organisation["email"],
        reply_to=organisation["email"],
        date=email.created_at.timestamp(),
    )
    # Set here as a pair: the constructor glues it into a text that a comma in the name breaks.
    address = parseaddr(settings().sender or "")[1]
    message.sender = (organisation["name"], address or organisation["email"])
    message.msgId = email.message_id
    for document in documents_of(email):
        if document.sha256 is not None:
            number = document.training.number
            name = kinds.filename(document.kind, number, document.version)
            message.attach(name, "application/pdf", store().read(document.sha256))
    signature = signature_of(email)
    if signature is not None and copies.is_ready(signature):
        for part in copies.ATTACHED:
            name, content = copies.filename(signature, part), copies.content(signature, part)
            message.attach(name, copies.MIMETYPE[part], content)
    return message


def documents_of(email: Email) -> Sequence[Document]:
    """The papers of a message, in their order, each one checked to be of its own session."""
    if not email.document_ids:
        return []
    rows = db.session.scalars(select(Document).where(Document.id.in_(email.document_ids)))
    found = {row.id: row for row in rows}
    documents = [found.get(identity) for identity in email.document_ids]
    if any(row is None or row.training_id != email.training_id for row in documents):
        raise WrongAttachment(email.id)
    return [row for row in documents if row is not None]


def signature_of(email: Email) -> Signature | None:
    """The signature whose sealed paper and proof leave with the message.

    Raises WrongAttachment when it is of another session.
    """
    identity = email.context.get("signature_id")
    if identity is None:
        return None
    found = db.session.get(Signature, identity)
    if found is None or found.training_id != email.training_id:
        raise WrongAttachment(email.id)
    return found


def _url(email: Email) -> str | None:
    """Where the button leads: the client's space, or the trainer's page of the session."""
    base = settings().base_url
    if account_link_id := email.context.get("account_link_id"):
        mailed = db.session.get(AccountLink, account_link_id)
        is_live = mailed is not None and account_links.is_live(mailed, clock.now())
        return account_links.url_of(mailed) if mailed and is_live else None
    if page := email.context.get("page"):
        return f"{base}{page}"
    if email.audience == Role.TRAINER:
        training: Any = email.context["training"]
        return f"{base}/formateur/sessions/{training['ref']}/"
    if email.audience == Role.OFFICE:
        file: Any = email.context["training"]
        return f"{base}/organisme/dossiers/{file['ref']}/"
    link_id = email.context.get("link_id")
    link = db.session.get(ShareLink, link_id) if link_id else None
    if link is not None and link.training_id != email.training_id:
        raise WrongAttachment(email.id)
    if link is None or link.revoked_at is not None or link.expires_at <= clock.now():
        return None
    return access.url_of(link)


def check_link(email: Email) -> None:
    """Raises DeadLink when the message is nothing but its link, and that link is closed.

    Raises WrongAttachment when the link opens another session.
    """
    if _url(email) is None and email.letter in LINKED:
        raise DeadLink(email.id)


def check_code(email: Email) -> None:
    """Raises DeadCode when the message carries a one-time code that opens nothing any more."""
    code = _code_row(email)
    if code is not None and not codes.is_live(code, clock.now()):
        raise DeadCode(email.id)


def _code(email: Email) -> str | None:
    """The digits of a one-time code, computed for the message that carries them."""
    code = _code_row(email)
    return codes.text_of(code) if code is not None else None


def _code_row(email: Email) -> OneTimeCode | None:
    code_id = email.context.get("code_id")
    return db.session.get_one(OneTimeCode, code_id) if code_id else None


def _tidy(text: str) -> str:
    """One blank line at most between paragraphs, none at the ends, no trailing blank."""
    lines = [line.rstrip() for line in text.splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"
