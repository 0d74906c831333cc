"""One-time codes: issued for one link and one paper's bytes, tried five times, used once.

The digits are stored nowhere. A row keeps a keyed digest to compare with, and the digits are
computed again, from the row and the key file, by what sends them.
"""

import hmac
from datetime import datetime, timedelta

from sqlalchemy import func, select

from portal import french
from portal.access.models import ShareLink
from portal.access.rules import Scope
from portal.accounts.models import User
from portal.documents.models import Document
from portal.extensions import db, settings, writing
from portal.signature.models import Channel, OneTimeCode
from portal.signature.rules import (
    CODE_LIFE,
    CODES_PER_DAY,
    CODES_PER_HOUR,
    MAX_TRIES,
    CodeFormat,
    code_digest,
    code_text,
    normalise_code,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ANOTHER = "demandez-en un nouveau"
NONE_YET = "Demandez d’abord un code de confirmation"
CHANGED = f"Le document a changé depuis l’envoi de ce code\u00a0: {ANOTHER}"
USED = f"Ce code a déjà servi\u00a0: {ANOTHER}"
EXPIRED = f"Ce code a expiré\u00a0: {ANOTHER}"
TOO_MANY = f"Ce code a été essayé trop de fois\u00a0: {ANOTHER}"
REPLACED = "Ce code a été remplacé\u00a0: utilisez le dernier que vous avez reçu"
CLOSED_LINK = "Ce lien ne permet plus de signer\u00a0: demandez-en un autre"
NOT_READY = "Ce document n’est pas prêt à être signé\u00a0: actualisez la page"
STAFF = (
    "L’adresse e-mail de la personne qui signe est celle d’un compte de ce portail\u00a0: "
    "indiquez l’adresse de l’entreprise"
)


class CodeRefused(ValueError):
    """A code is not issued or not accepted; the message is a French sentence that says why."""


# --- Issuing


def issue_code(link: ShareLink, document: Document, channel: Channel, at: datetime) -> OneTimeCode:
    """A new code for that link and that paper, which replaces those before it.

    Inside the caller's transaction, like the message that carries it. Raises CodeRefused past
    three an hour or ten a day, on a link that cannot sign, or towards the address of an account:
    whoever prepares a session must not be able to sign it.
    """
    _check(link, document, at)
    if _is_of_staff(link.recipient_email):
        raise CodeRefused(STAFF)
    _check_limits(link, at)
    for former in _of_link(link.id):
        former.voided_at = former.voided_at or at
    code = OneTimeCode(
        link_id=link.id,
        document_id=document.id,
        digest="",
        channel=channel.value,
        issued_at=at,
        expires_at=at + CODE_LIFE,
        tries=0,
    )
    db.session.add(code)
    db.session.flush()  # its id is part of what its digits are computed from
    code.digest = _digest(code, str(document.sha256), text_of(code))
    db.session.flush()
    return code


def text_of(code: OneTimeCode) -> str:
    """The six digits, for what sends them. Never to be stored, shown to staff or written to a log.

    Raises LookupError when the paper it was issued for has no file any more.
    """
    sha256 = db.session.scalar(select(Document.sha256).where(Document.id == code.document_id))
    if sha256 is None:
        raise LookupError(code.document_id)
    return code_text(settings().link_key, code.id, code.link_id, sha256, code.issued_at)


def is_live(code: OneTimeCode, at: datetime) -> bool:
    """Whether that code could still be used: a message that carries another one is not sent."""
    return code.voided_at is None and code.used_at is None and at <= code.expires_at


def _check(link: ShareLink, document: Document, at: datetime) -> None:
    """A signing link that lives, and the current file of its own dossier."""
    closed = link.scope != Scope.SIGN or link.revoked_at is not None or link.expires_at <= at
    if closed or link.training_id != document.training_id:
        raise CodeRefused(CLOSED_LINK)
    if document.superseded_at is not None or document.sha256 is None:
        raise CodeRefused(NOT_READY)


def _is_of_staff(address: str | None) -> bool:
    """Whether an account of the portal has that address, « +word » aside."""
    if not address:
        return True  # a code goes to an address on file, or to nobody
    wanted = _mailbox(address)
    return any(_mailbox(known) == wanted for known in db.session.scalars(select(User.email)))


def _mailbox(address: str) -> str:
    local, _, domain = address.strip().casefold().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _check_limits(link: ShareLink, at: datetime) -> None:
    # On PostgreSQL two requests for a code wait for each other here.
    db.session.execute(select(ShareLink.id).where(ShareLink.id == link.id).with_for_update())
    for limit, window, words in (
        (CODES_PER_HOUR, HOUR, "Trois codes ont été demandés en une heure"),
        (CODES_PER_DAY, DAY, "Dix codes ont été demandés en un jour"),
    ):
        recent = list(
            db.session.scalars(
                select(OneTimeCode.issued_at)
                .where(OneTimeCode.link_id == link.id, OneTimeCode.issued_at > at - window)
                .order_by(OneTimeCode.issued_at.desc())
                .limit(limit)
            )
        )
        if len(recent) == limit:
            again = french.moment(recent[-1] + window + timedelta(minutes=1))
            raise CodeRefused(f"{words}\u00a0: le prochain pourra l’être {again}")


# --- Trying and using


def count_try(link: ShareLink, document: Document, typed: str, at: datetime) -> None:
    """Counts one try of the link's code, and raises CodeRefused unless it is the right one.

    In its own transaction, before the act: what comes after may roll back, the try stays counted.
    A text that cannot be a code is refused without being counted.
    """
    digits = _digits(typed)
    link_id, document_id, sha256 = link.id, document.id, str(document.sha256)
    with writing():
        code = _latest(link_id)
        refusal = _refusal(code, document_id, at)
        if code is not None and refusal is None:
            code.tries += 1
            if not _is_right(code, sha256, digits):
                refusal = _wrong(code, sha256, digits)
    if refusal is not None:
        raise CodeRefused(refusal)


def use_code(link: ShareLink, document: Document, typed: str, at: datetime) -> OneTimeCode:
    """Marks the code as used, inside the caller's transaction: once, for whoever comes first.

    Raises CodeRefused. The try was counted beforehand by `count_try`.
    """
    digits = _digits(typed)
    _check(link, document, at)
    code = _latest(link.id)
    refusal = _refusal(code, document.id, at, tries=MAX_TRIES + 1)
    if code is None or refusal is not None:
        raise CodeRefused(refusal or NONE_YET)
    if not code.tries or not _is_right(code, str(document.sha256), digits):
        raise CodeRefused(f"Code incorrect\u00a0: {ANOTHER}")
    code.used_at = at
    db.session.flush()
    return code


def _digits(typed: str) -> str:
    try:
        return normalise_code(typed)
    except CodeFormat as error:
        raise CodeRefused(str(error)) from error


def _latest(link_id: int) -> OneTimeCode | None:
    return db.session.scalar(
        select(OneTimeCode)
        .where(OneTimeCode.link_id == link_id)
        .order_by(OneTimeCode.id.desc())
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _of_link(link_id: int) -> list[OneTimeCode]:
    return list(db.session.scalars(select(OneTimeCode).where(OneTimeCode.link_id == link_id)))


def _refusal(
    code: OneTimeCode | None, document_id: int, at: datetime, tries: int = MAX_TRIES
) -> str | None:
    """Why that code opens nothing, whatever is typed; None when it may be tried."""
    if code is None:
        return NONE_YET
    if code.used_at is not None:
        return USED
    if code.voided_at is not None or code.document_id != document_id:
        return CHANGED
    if at > code.expires_at:
        return EXPIRED
    return TOO_MANY if code.tries >= tries else None


def _is_right(code: OneTimeCode, sha256: str, digits: str) -> bool:
    return hmac.compare_digest(code.digest, _digest(code, sha256, digits))


def _wrong(code: OneTimeCode, sha256: str, digits: str) -> str:
    if any(_is_right(former, sha256, digits) for former in _of_link(code.link_id)):
        return REPLACED
    left = MAX_TRIES - code.tries
    if not left:
        return f"Code incorrect\u00a0: {ANOTHER}"
    return f"Code incorrect, il vous reste {french.count(left, 'essai')}"


def _digest(code: OneTimeCode, sha256: str, digits: str) -> str:
    return code_digest(settings().link_key, code.link_id, sha256, digits)


def issued_count(link_id: int) -> int:
    """How many codes were asked for with that link."""
    counted = select(func.count()).select_from(OneTimeCode)
    return db.session.scalar(counted.where(OneTimeCode.link_id == link_id)) or 0
