"""Signing the convention and undertaking to pay, online."""

import logging
from datetime import datetime

from portal import clock
from portal.access import service as access
from portal.access.models import ShareLink
from portal.access.rules import Scope
from portal.documents import service as documents
from portal.documents.models import Document
from portal.effects.act import Act, Refused
from portal.emails import holding, signing_notices
from portal.emails.models import Email
from portal.extensions import claim, db, settings
from portal.funding import service as funding
from portal.signature import codes, sms
from portal.signature import service as signatures
from portal.signature.models import OneTimeCode, Signature
from portal.training import reusing
from portal.training.models import TrainingSession
from portal.training.rules import State

CHANGED = (
    "Le document a changé depuis l’ouverture de cette page\u00a0: relisez la nouvelle version "
    "avant de signer"
)

NOT_READ_OVER = (
    "L’organisme relit encore ces documents\u00a0: la signature s’ouvrira quand ils seront envoyés"
)
NO_SMS = "Le SMS ne peut pas partir\u00a0: demandez le code par e-mail"

log = logging.getLogger(__name__)


def ask_undertaking(act: Act, at: datetime) -> None:
    """Issues what is to sign now, and writes to the signatory alone with the signing link.

    Not signed yet: the convention again, with its financing article. Already signed: the
    undertaking only, on its own paper.
    """
    kind = "engagement" if act.training.signed_at else "convention"
    issued = documents.issue(act.training, act.organisation, act.at, kinds=(kind,))
    act.documents += issued
    db.session.flush()
    send_sign_link(act, at)


def send_sign_link(act: Act, at: datetime) -> ShareLink:
    """A fresh signing link, mailed to the signatory's address and shown nowhere."""
    if holding.is_held(act.training.id):
        raise Refused((NOT_READ_OVER,))
    close_links(act)
    company = act.training.company
    if company is None:
        raise Refused(("L’entreprise n’est pas encore connue",))
    link = access.issue_link(
        act.training, act.actor, company.signatory_email, act.at, scope=Scope.SIGN
    )
    act.send(request_letter(act, link, at))
    return link


def send_link(act: Act) -> None:
    """Asked for in the client's space or by the staff; it only ever goes to the signatory."""
    act.result = send_sign_link(act, act.at)
    act.body = {"link": act.result.id}


def request_letter(act: Act, link: ShareLink, at: datetime) -> Email:
    """The message that carries a signing link, to the signatory alone."""
    training, document = act.training, signable(act.training)
    kind = document.kind if document is not None else "convention"
    return signing_notices.sign_request(
        training, link, due_cents(training), act.organisation, at, kind
    )


def due_cents(training: TrainingSession) -> int:
    """What the client will be invoiced, in cents; 0 while it is not known or nothing is owed."""
    if training.granted_cents is None:
        return 0
    found = funding.split_of(training)
    return found.client_due_cents if found.remainder_cents else 0


def may_text(training: TrainingSession) -> bool:
    """Whether a code may go by SMS: a gateway is configured, a mobile number is on file."""
    number = sms.mobile(training.company.phone if training.company else None)
    return bool(settings().sms_url) and number is not None


def mobile_of(training: TrainingSession) -> str:
    """Where a code goes by SMS. Raises CodeRefused when it cannot go that way."""
    number = sms.mobile(training.company.phone if training.company else None)
    if not may_text(training) or number is None:
        raise codes.CodeRefused(NO_SMS)
    return number


def text_code(code: OneTimeCode, number: str, digits: str) -> None:
    """Sends a code by SMS, after its commit; a code that did not leave opens nothing."""
    identity = code.id
    try:
        sms.send(settings().sms_url, number, f"Votre code pour signer : {digits}")
    except sms.NotSent as error:
        log.warning("code %s did not leave by SMS (%s)", identity, error)
        claim(OneTimeCode, identity, voided_at=clock.now())
        raise codes.CodeRefused(NO_SMS) from error


def sign(act: Act) -> None:
    """One signature of the paper that was shown, and the undertaking when there is one."""
    training, data = act.training, act.data
    document = signable(training)
    if document is None or (document.id, document.sha256) != data["shown"]:
        raise Refused((CHANGED,))
    codes.use_code(data["link"], document, data["code"], act.at)
    due = due_cents(training)
    try:
        signature = signatures.sign(
            training,
            document,
            link=data["link"],
            actor=act.actor,
            name=data["name"],
            function=data["function"],
            sentences=data["sentences"],
            committed_cents=due or None,
            drawn=data.get("drawn"),
            request_facts=data["request_facts"],
            at=act.at,
        )
    except signatures.AlreadySigned as error:
        raise Refused((str(error),)) from error
    signed(act, signature, due)
    act.body = {
        "document": document.id,
        "sha256": document.sha256,
        "committed_cents": due or None,
        "evidence": signatures.evidence_digest(signature),
    }
    act.details = {"name": data["name"], "function": data["function"]}
    act.result = signature


def signed(act: Act, signature: Signature, due_cents: int) -> None:
    """What follows a signature, online or on paper: the facts of the session, and who is told."""
    training = act.training
    act.signatures.append(signature)
    training.signed_at = training.signed_at or act.at
    training.declined_at = training.decline_reason = None
    if training.state == State.FUNDED and due_cents:
        training.committed_cents, training.committed_at = due_cents, act.at
    arguments = (training, signature, due_cents, act.organisation, act.at)
    act.send(
        signing_notices.signed_to_client(*arguments),
        signing_notices.signed_to_trainer(*arguments),
        signing_notices.signed_to_office(*arguments),
    )


def decline_signature(act: Act) -> None:
    """The signatory refuses, and says why; nothing else moves."""
    training, reason = act.training, act.data["reason"]
    training.declined_at, training.decline_reason = act.at, reason
    arguments = (training, act.organisation, reason, act.at)
    act.send(
        signing_notices.declined_to_trainer(*arguments),
        signing_notices.declined_to_office(*arguments),
    )
    act.details = {"reason": reason}


def delegate_signature(act: Act) -> None:
    """« Je ne suis pas la bonne personne » : another signatory, at another address."""
    training, data = act.training, act.data
    company = training.company
    if company is None:
        raise Refused(("L’entreprise n’est pas encore connue",))
    former = company.signatory_email
    company.signatory_first_name, company.signatory_last_name = data["first"], data["last"]
    company.signatory_function, company.signatory_email = data["function"], data["email"]
    reusing.rewrite_company(training, act.actor.name, act.at)
    current = signable(training)
    if current is not None:
        act.documents += documents.issue(training, act.organisation, act.at, kinds=(current.kind,))
        db.session.flush()
    send_sign_link(act, act.at)
    arguments = (training, former, act.organisation, act.at)
    act.send(
        signing_notices.delegated_to_former(*arguments),
        signing_notices.delegated_to_office(*arguments),
    )
    act.details = {"from": former, "to": data["email"]}


# --- What is to sign, and what falls


def signable(training: TrainingSession) -> Document | None:
    """The current paper that waits for a signature: the undertaking, else the convention."""
    current = {document.kind: document for document in documents.current(training)}
    signed = {s.document_id for s in training.signatures if s.voided_at is None}
    for kind in ("engagement", "convention"):
        document = current.get(kind)
        if document is not None and document.id not in signed:
            if kind == "convention" and training.signed_at and "engagement" in current:
                continue
            return document
    return None


def has_open_link(act: Act) -> bool:
    """Whether somebody was asked to sign, by a link that still opens."""
    return access.open_link(act.training, act.at, Scope.SIGN) is not None


def close_links(act: Act) -> None:
    """Signing links already sent open nothing any more."""
    for link in act.training.links:
        if link.scope == Scope.SIGN and link.revoked_at is None:
            access.revoke(link, act.at)


def void_undertaking(act: Act, reason: str) -> None:
    """The undertaking binds an amount: once the amount is taken back, it binds nothing."""
    training = act.training
    training.committed_cents = training.committed_at = None
    for signature in training.signatures:
        if signature.voided_at is None and signature.document.kind == "engagement":
            signatures.void(signature, reason, act.at)


def void_all(act: Act, reason: str) -> None:
    """Every signature of the session falls: what was signed is no longer what will be done."""
    training = act.training
    training.signed_at = training.committed_cents = training.committed_at = None
    for signature in training.signatures:
        if signature.voided_at is None:
            signatures.void(signature, reason, act.at)
