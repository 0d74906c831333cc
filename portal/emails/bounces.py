"""Messages that came back: delivery reports (RFC 3464) matched with what we sent.

A report counts only when it names the Message-ID of one of our messages and the very address it
went to: nobody can declare somebody else's address dead with a letter of their own.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, message_from_string
from email.message import Message

from sqlalchemy import func, select

from portal.emails import mailbox
from portal.emails.models import Email, EmailState
from portal.emails.smtp import said_by
from portal.extensions import db, settings

log = logging.getLogger(__name__)
_ORIGINALS = ("message/rfc822", "text/rfc822-headers", "message/global-headers")


@dataclass(frozen=True)
class Failure:
    """One address that a message did not reach: of which message, and the server's words."""

    message_id: str
    addresses: frozenset[str]  # as it was written to, and as it was forwarded; lower case
    words: str


def failures_in(raw: bytes) -> list[Failure]:
    """What a delivery report declares undelivered for good; a delay declares nothing."""
    report = message_from_bytes(raw)
    if report.get_content_type() != "multipart/report":
        return []
    message_id = _original_id(report)
    if not message_id:
        return []
    return [
        Failure(message_id, _addresses(block), _words(block))
        for part in report.walk()
        if part.get_content_type() == "message/delivery-status"
        for block in _blocks(part)
        if str(block.get("Action", "")).strip().lower() == "failed"
    ]


def _blocks(part: Message) -> Iterator[Message]:
    payload = part.get_payload()
    if isinstance(payload, list):
        yield from (block for block in payload if isinstance(block, Message))


def _original_id(report: Message) -> str:
    """The Message-ID of the message that came back."""
    for part in report.walk():
        if part.get_content_type() not in _ORIGINALS:
            continue
        payload = part.get_payload()
        original = payload[0] if isinstance(payload, list) and payload else None
        if not isinstance(original, Message):
            original = message_from_string(str(payload))
        if original.get("Message-ID"):
            return str(original["Message-ID"]).strip()
    return ""


def _addresses(block: Message) -> frozenset[str]:
    named = (str(block.get(name, "")) for name in ("Original-Recipient", "Final-Recipient"))
    bare = (value.rpartition(";")[2].strip().strip("<>").lower() for value in named)
    return frozenset(address for address in bare if address)


def _words(block: Message) -> str:
    said = str(block.get("Diagnostic-Code", "")).partition(";")[2]
    return said_by(said or str(block.get("Status", "")))


def mark(failure: Failure, at: datetime) -> Email | None:
    """Our message, on which it is now written that it came back; the caller's write transaction.

    None when it is not ours, or is known already.
    """
    email = db.session.scalar(
        select(Email).where(
            Email.message_id == failure.message_id,
            func.lower(Email.to_email).in_(failure.addresses),
            Email.bounced_at.is_(None),
            Email.state == EmailState.SENT.value,
        )
    )
    if email is not None:
        email.bounced_at = at
        email.error = f"Le serveur du destinataire a rendu ce message\u00a0: {failure.words}"
    return email


def collect(note: Callable[[Failure], bool]) -> int:
    """Reads the mailbox of returns, when there is one; how many of our messages came back.

    `note` keeps one failure, and says whether it was news.

    A mailbox that cannot be read is said in the technical log, and tried again.
    """
    url, found = settings().imap_url, 0
    if not url:
        return 0
    try:
        with mailbox.opened(url) as returns:
            for uid, raw in returns.reports():
                found += sum(note(failure) for failure in failures_in(raw))
                returns.mark_read(uid)
    except mailbox.MailboxError as error:
        log.warning("the mailbox of returns could not be read: %s", error)
    return found
