"""Writing the journal, and proving that nobody rewrote it."""

import secrets
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, Select, Text, select, type_coerce
from sqlalchemy.exc import SQLAlchemyError

from portal.access.rules import Actor
from portal.extensions import db
from portal.journal.models import JournalDetails, JournalEntry
from portal.journal.rules import GENESIS, canonical, details_digest, entry_digest

BATCH = 500  # entries held in memory while the chain is read
MAX_FINDINGS = 20
_STORED_INSTANT = "%Y-%m-%d %H:%M:%S.%f"


def record(
    event: str,
    actor: Actor,
    at: datetime,
    training_id: int | None = None,
    body: Mapping[str, Any] | None = None,
    details: Mapping[str, Any] | None = None,
) -> JournalEntry:
    """Adds one entry to the caller's write transaction, so that act and trace are one.

    `body` takes ids, codes and digests. What is personal (names, addresses, words) goes into
    `details`, where the actor's name and IP address are added.
    """
    last = db.session.execute(
        select(JournalEntry.seq, JournalEntry.sha256).order_by(JournalEntry.seq.desc()).limit(1)
    ).first()
    seq, previous = (last.seq + 1, last.sha256) if last else (1, GENESIS)
    personal = {"actor": actor.name, "ip": actor.ip, **(details or {})}
    salt = secrets.token_hex(16)
    facts: dict[str, Any] = {
        "seq": seq,
        "at": at,
        "actor_role": actor.role.value,
        "actor_id": actor.id,
        "training_id": training_id,
        "event": event,
        "details_sha256": details_digest(salt, canonical(personal)),
        "previous": previous,
    }
    body = dict(body or {})
    entry = JournalEntry(**facts, body=body, sha256=entry_digest(**facts, body=canonical(body)))
    db.session.add(entry)
    db.session.flush()  # the details refer to it
    db.session.add(JournalDetails(seq=seq, salt=salt, details=personal))
    # The next entry of the same transaction must find this one.
    db.session.flush()
    return entry


def head() -> str:
    """The digest of the last entry: kept elsewhere, it proves that no tail was cut since."""
    last = db.session.scalar(select(JournalEntry.sha256).order_by(JournalEntry.seq.desc()).limit(1))
    return last or GENESIS


def verify(anchor: str | None = None) -> list[str]:
    """What is wrong with the journal, as French sentences; empty when it is whole.

    `anchor` is a head noted outside earlier: it must still be in the chain. Without one, entries
    cut off the end leave no trace.
    """
    findings: list[str] = []
    before = 0
    accepted: set[str] | None = {GENESIS}  # None: what stood before cannot even be read
    anchored = anchor is None or anchor == GENESIS
    for seq, row in _entries():
        if len(findings) >= MAX_FINDINGS:
            return [*findings, "La vérification s’arrête là : d’autres entrées suivent"]
        if seq != before + 1:
            findings.append(f"Avant l’entrée n° {seq} : il manque des entrées")
        digest = _digest(row)
        if row is None or digest != row.sha256:
            findings.append(f"Entrée n° {seq} : elle a été modifiée")
        elif accepted is not None and row.previous not in accepted:
            findings.append(f"Entrée n° {seq} : elle ne fait pas suite à la précédente")
        elif _details_altered(row):
            findings.append(f"Entrée n° {seq} : ses détails ont été modifiés")
        before = seq
        accepted = {digest or row.sha256, row.sha256} if row else None
        anchored = anchored or anchor in (accepted or ())
    if not anchored:
        findings.append(
            "L’empreinte donnée ne figure plus dans le journal : des entrées ont été retirées"
        )
    return findings


def _reading() -> Select[*tuple[Any, ...]]:
    """Entries as they are stored: texts are compared before anything interprets them."""
    return (
        select(
            JournalEntry.seq,
            type_coerce(JournalEntry.at, Text).label("at"),
            JournalEntry.actor_role,
            JournalEntry.actor_id,
            JournalEntry.training_id,
            JournalEntry.event,
            type_coerce(JournalEntry.body, Text).label("body"),
            JournalEntry.details_sha256,
            JournalEntry.previous,
            JournalEntry.sha256,
            JournalDetails.salt,
            type_coerce(JournalDetails.details, Text).label("details"),
        )
        .outerjoin(JournalDetails, JournalDetails.seq == JournalEntry.seq)
        .order_by(JournalEntry.seq)
    )


def _entries() -> Iterator[tuple[int, Row[Any] | None]]:
    """Every entry in order, a batch at a time; None stands for one that cannot be read."""
    after: int | None = None
    while True:
        query = select(JournalEntry.seq).order_by(JournalEntry.seq).limit(BATCH)
        if after is not None:
            query = query.where(JournalEntry.seq > after)
        numbers = db.session.scalars(query).all()
        if not numbers:
            return
        rows = _read(numbers[0], numbers[-1])
        if rows is None:  # one of them is not even text any more: find which
            rows = {seq: row for seq in numbers for row in (_read(seq, seq) or {}).values()}
        for seq in numbers:
            yield seq, rows.get(seq)
        after = numbers[-1]


def _read(first: int, last: int) -> dict[int, Row[Any]] | None:
    try:
        rows = db.session.execute(_reading().where(JournalEntry.seq.between(first, last)))
        return {row.seq: row for row in rows}
    except SQLAlchemyError:
        return None


def _digest(row: Row[Any] | None) -> str | None:
    """The digest the row should carry; None when a value is not of its kind any more."""
    if row is None:
        return None
    try:
        return entry_digest(
            seq=row.seq,
            at=_instant(row.at),
            actor_role=row.actor_role,
            actor_id=row.actor_id,
            training_id=row.training_id,
            event=row.event,
            body=row.body,
            details_sha256=row.details_sha256,
            previous=row.previous,
        )
    except (TypeError, ValueError):
        return None


def _instant(stored: Any) -> datetime:
    """The instant of a row; raises ValueError when SQLite holds it in another spelling."""
    if isinstance(stored, datetime):
        return stored.replace(tzinfo=UTC)
    instant = datetime.strptime(stored, _STORED_INSTANT).replace(tzinfo=UTC)
    if instant.strftime(_STORED_INSTANT) != stored:
        raise ValueError("another spelling")
    return instant


def _details_altered(row: Row[Any]) -> bool:
    """Erased details are lawful; details that stand must be those that were hashed."""
    if row.salt is None and row.details is None:
        return False
    return details_digest(str(row.salt), str(row.details)) != row.details_sha256
