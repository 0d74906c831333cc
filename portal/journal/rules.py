"""How an entry of the journal is turned into a digest. Pure: anyone can do it again offline."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

GENESIS = "0" * 64


def canonical(value: Any) -> str:
    """The one JSON text of `value`: sorted keys, no blanks, accents as they are."""
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )


def instant(at: datetime) -> str:
    """« 2026-11-23T15:05:00.000000+00:00 »: UTC, always to the microsecond."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def details_digest(salt: str, details: str) -> str:
    """SHA-256 of the personal side. The salt keeps a short name from being guessed back."""
    return hashlib.sha256(f"{salt}:{details}".encode()).hexdigest()


def entry_digest(
    *,
    seq: int,
    at: datetime,
    actor_role: str,
    actor_id: int | None,
    training_id: int | None,
    event: str,
    body: str,
    details_sha256: str,
    previous: str,
) -> str:
    """SHA-256 of one entry, the digest of the one before included; `body` is its stored text."""
    chained = {
        "seq": seq,
        "at": instant(at),
        "actor_role": actor_role,
        "actor_id": actor_id,
        "training_id": training_id,
        "event": event,
        "body": body,
        "details_sha256": details_sha256,
        "previous": previous,
    }
    return hashlib.sha256(canonical(chained).encode()).hexdigest()
