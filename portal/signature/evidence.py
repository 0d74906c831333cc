"""What is known of a signature at the moment it is given: read once, kept with it, never changed.

It says what was checked and what was not, in words anyone can read. It holds personal data; the
journal keeps its digest only.
"""

import hashlib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select

from portal import clock
from portal.access.models import Grant, ShareLink
from portal.access.rules import Actor, digest
from portal.documents import kinds
from portal.documents.models import Document
from portal.emails.models import Email
from portal.extensions import db
from portal.funding.rules import Grant as Granted
from portal.funding.rules import Split, VatRegime, split
from portal.signature import checks
from portal.signature.models import Channel, OneTimeCode, SignatureKind
from portal.signature.rules import CONSENT_VERSION, LEGAL, consent_digest
from portal.training.models import TrainingSession
from portal.uploads.models import Upload

SCHEMA = 1
TIME_SYNCHRONISED = Path("/run/systemd/timesync/synchronized")
SOURCE = Path(__file__).parents[1]

Facts = dict[str, Any]


def online(
    training: TrainingSession,
    document: Document,
    *,
    link: ShareLink,
    actor: Actor,
    signatory: dict[str, str | None],
    sentences: list[str],
    committed_cents: int | None,
    drawn: list[list[tuple[int, int]]],
    request_facts: dict[str, str | None],
    code: str,
    at: datetime,
) -> Facts:
    """The evidence of a signature given with a link and a one-time code."""
    used = _used_code(link, at)
    channel = Channel(used.channel) if used else None
    return {
        **_common(training, document, SignatureKind.ONLINE, committed_cents, code, at),
        "signatory": signatory,
        "consent": {
            "version": CONSENT_VERSION,
            "texts_sha256": consent_digest(),
            "sentences": list(sentences),
            "boxes": "aucune case cochée d’avance",
        },
        "link": _link(link),
        "one_time_code": _code(training, used),
        "request": {**request_facts, "link_id": actor.id},
        "drawn": [[[x, y] for x, y in line] for line in drawn],
        "checked": checks.online(link.recipient_email or "", channel, used.tries if used else 0),
        "not_checked": checks.missing_online(channel),
    }


def paper(
    training: TrainingSession,
    document: Document,
    upload: Upload,
    *,
    actor: Actor,
    committed_cents: int | None,
    code: str,
    at: datetime,
) -> Facts:
    """The evidence of a signature read on a scan by the back office."""
    company = training.company
    return {
        **_common(training, document, SignatureKind.PAPER, committed_cents, code, at),
        "signatory": {
            "name": company.signatory_name if company else None,
            "function": company.signatory_function if company else None,
            "email": company.signatory_email if company else None,
        },
        "scan": {
            "sha256": upload.sha256,
            "octets": upload.octets,
            "pages": upload.pages,
            "originals": [
                {"sha256": original["sha256"], "octets": original["octets"]}
                for original in upload.originals
            ],
            "received_at": _instant(upload.received_at),
            "received_role": upload.received_role,
            "received_by": upload.received_by,
        },
        "confirmed": {"role": actor.role.value, "name": actor.name, "ip": actor.ip},
        "checked": checks.paper(actor.name),
        "not_checked": list(checks.MISSING_ON_PAPER),
    }


def _common(
    training: TrainingSession,
    document: Document,
    kind: SignatureKind,
    committed_cents: int | None,
    code: str,
    at: datetime,
) -> Facts:
    number = training.number
    company = training.company
    return {
        "schema": SCHEMA,
        "kind": kind.value,
        "legal": LEGAL if kind is SignatureKind.ONLINE else "Signature manuscrite, numérisée",
        "code": code,
        "training": training.ref,
        "document": {
            "id": document.id,
            "kind": document.kind,
            "title": kinds.KINDS[document.kind].title,
            "reference": kinds.reference(document.kind, number, document.version),
            "version": document.version,
            "pages": document.pages,
            "octets": document.octets,
            "sha256": document.sha256,
            "made_at": _instant(document.ready_at),
        },
        "company": {
            "legal_name": company.legal_name if company else None,
            "siret": company.siret if company else None,
        },
        "address": _address(training),
        "amounts": _amounts(training, committed_cents),
        "time": {
            "utc": _instant(at),
            "paris": clock.paris(at).isoformat(timespec="microseconds"),
            "source": "horloge du serveur",
            "synchronised": True if TIME_SYNCHRONISED.exists() else None,
        },
        "software": {"name": "portal", "source_sha256": source_digest()},
    }


def _address(training: TrainingSession) -> Facts:
    """Who last typed the company's page, where the signatory's address stands, and when."""
    typed = next((row for row in training.answers if row.topic == "company"), None)
    return {
        "typed_by": typed.saved_by if typed else None,
        "typed_at": _instant(typed.saved_at) if typed else None,
    }


def _amounts(training: TrainingSession, committed_cents: int | None) -> Facts:
    """In cents; what is not known yet is null."""
    shares: Split | None = None
    if training.granted_cents is not None and training.price_cents is not None:
        shares = split(
            training.price_cents,
            VatRegime(training.vat_regime or VatRegime.EXEMPT),
            Granted(training.granted_cents, training.granted_vat_cents or 0),
            bool(training.subrogation),
        )
    return {
        "price_cents": training.price_cents,
        "vat_cents": shares.vat_cents if shares else None,
        "granted_cents": training.granted_cents,
        "granted_vat_cents": training.granted_vat_cents,
        "subrogation": training.subrogation,
        "remainder_cents": shares.remainder_cents if shares else None,
        "funder_due_cents": shares.funder_due_cents if shares else None,
        "client_due_cents": shares.client_due_cents if shares else None,
        "committed_cents": committed_cents,
    }


# --- The link and the code


def _link(link: ShareLink) -> Facts:
    """The link by its number, never its text; the browsers by a digest of a digest."""
    spaces = db.session.scalars(
        select(Grant).where(Grant.link_id == link.id).order_by(Grant.created_at)
    )
    messages = db.session.scalars(
        select(Email).where(Email.training_id == link.training_id).order_by(Email.id)
    )
    return {
        "id": link.id,
        "scope": link.scope,
        "address": link.recipient_email,
        "issued_at": _instant(link.created_at),
        "expires_at": _instant(link.expires_at),
        "begun_at": _instant(link.opened_at),
        "messages": [_message(row) for row in messages if row.context.get("link_id") == link.id],
        "browsers": [
            {"sha256": digest(row.cookie_sha256), "opened_at": _instant(row.created_at)}
            for row in spaces
        ],
    }


def _used_code(link: ShareLink, at: datetime) -> OneTimeCode | None:
    """The code that has just been used, in this very transaction."""
    return db.session.scalar(
        select(OneTimeCode).where(OneTimeCode.link_id == link.id, OneTimeCode.used_at == at)
    )


def _code(training: TrainingSession, code: OneTimeCode | None) -> Facts | None:
    if code is None:
        return None
    message = db.session.scalar(
        select(Email).where(Email.dedupe_key == f"one_time_code:{training.id}:{code.id}")
    )
    return {
        "id": code.id,
        "channel": code.channel,
        "issued_at": _instant(code.issued_at),
        "expires_at": _instant(code.expires_at),
        "used_at": _instant(code.used_at),
        "tries": code.tries,
        "message": _message(message) if message else None,
    }


def deliveries(evidence: Facts) -> list[Facts]:
    """What became since of the messages an evidence names: their server may answer later."""
    code = evidence.get("one_time_code") or {}
    named = [*(evidence.get("link") or {}).get("messages", []), code.get("message")]
    wanted = [message["message_id"] for message in named if message]
    rows = db.session.scalars(select(Email).where(Email.message_id.in_(wanted)).order_by(Email.id))
    return [_message(row) for row in rows]


def _message(row: Email) -> Facts:
    """What the mail server answered, when the message has left already."""
    return {
        "letter": row.letter,
        "message_id": row.message_id,
        "state": row.state,
        "sent_at": _instant(row.sent_at),
        "reply": row.reply,
    }


# --- Small things


def _instant(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="microseconds") if at else None


@cache
def source_digest() -> str:
    """SHA-256 of the program's own source: which version of it took the signature."""
    total = hashlib.sha256()
    for path in sorted(SOURCE.rglob("*.py")):
        total.update(f"{path.relative_to(SOURCE)}\n".encode() + path.read_bytes())
    return total.hexdigest()
