"""Huey on one SQLite file: what tasks are kept in."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

__all__ = ["JsonSerializer", "crontab", "opened"]


@contextmanager
def _as_if_missing(name: str) -> Iterator[None]:
    """Within it, importing that library fails; what is already imported stays."""
    is_loaded = name in sys.modules
    if not is_loaded:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if not is_loaded:
            del sys.modules[name]


# Huey looks for the drivers of all its stores: PostgreSQL's is 0.12 s and 14 MiB in each process of
# an installation that may not have any.
with _as_if_missing("psycopg"):
    from huey import SqliteHuey, crontab
    from huey.registry import Message
    from huey.serializer import Serializer


class JsonSerializer(Serializer):
    """Tasks hold ids: they are kept as JSON, so that a queue file can never run code."""

    def _serialize(self, data: Message) -> bytes:
        return json.dumps(data, default=datetime.isoformat).encode()

    def _deserialize(self, data: bytes) -> Message:
        message = Message(*json.loads(data))
        return message._replace(eta=datetime.fromisoformat(message.eta) if message.eta else None)


def opened(path: Path) -> SqliteHuey:
    """The queue in that file, made when there is none."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Losing the queue at a power cut loses nothing (rows say what is to be done): no fsync.
    return SqliteHuey(
        "portal",
        filename=str(path),
        results=False,
        serializer=JsonSerializer(),
        fsync=False,
        timeout=2,
        strict_fifo=True,
    )
