"""Acts of the back office on the organisation and its people: each whole, with its trace.

What `workflow` is to sessions: one transaction, its journal entry, its messages.
"""

from collections.abc import Mapping
from typing import Any

from portal import clock
from portal.access.rules import Actor
from portal.accounts import settings
from portal.extensions import writing
from portal.journal import service as journal


def change_logo(sha256: str | None, actor: Actor) -> None:
    """The logo of the papers issued from now on; None takes it away."""
    with writing():
        before = settings.change_logo(sha256)
        body = {"before": before, "after": sha256}
        journal.record("change_logo", actor, clock.now(), body=body)


def save_settings(group: str, values: Mapping[str, Any], seen: str, actor: Actor) -> list[str]:
    """Changes settings of the organisation; returns the names of those that changed.

    `seen` is the fingerprint the page was opened with. Raises settings.StaleSettings.
    """
    with writing():
        changed = settings.change(values, seen)
        if changed:
            journal.record(
                "save_settings",
                actor,
                clock.now(),
                body={"group": group, "fields": sorted(changed)},
                details={"changes": settings.traced(changed)},
            )
    return sorted(changed)
