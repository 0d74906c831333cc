"""Reading and changing what the organisation says of itself, a few fields at a time."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from portal.accounts.models import Organisation
from portal.extensions import db

Values = dict[str, Any]
LONG = 300  # characters past which the journal keeps a digest instead of the text


class StaleSettings(Exception):
    """Somebody else changed these fields since the page was opened; `stored` is what stands."""

    def __init__(self, stored: Values) -> None:
        super().__init__("stale")
        self.stored = stored


def values_of(organisation: Organisation, names: Sequence[str]) -> Values:
    """The columns of those names, as they are stored."""
    return {name: getattr(organisation, name) for name in names}


def fingerprint(values: Mapping[str, Any]) -> str:
    """What a page was opened on: it changes as soon as one of its fields does."""
    text = json.dumps(values, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def change(values: Mapping[str, Any], seen: str) -> dict[str, list[Any]]:
    """Writes `values`, inside the caller's transaction; returns {name: [before, after]}.

    `seen` is the fingerprint of those fields when the page was opened. Raises StaleSettings.
    """
    organisation = db.session.get_one(Organisation, 1, with_for_update=True, populate_existing=True)
    stored = values_of(organisation, list(values))
    if fingerprint(stored) != seen:
        raise StaleSettings(stored)
    changed = {name: [stored[name], new] for name, new in values.items() if new != stored[name]}
    for name, (_before, after) in changed.items():
        setattr(organisation, name, after)
    return changed


def change_logo(sha256: str | None) -> str | None:
    """Names the stored logo, inside the caller's transaction; returns the one before."""
    organisation = db.session.get_one(Organisation, 1, with_for_update=True, populate_existing=True)
    before, organisation.logo_sha256 = organisation.logo_sha256, sha256
    return before


def traced(changed: Mapping[str, Sequence[Any]]) -> dict[str, list[str]]:
    """Those changes as the journal keeps them: a long text by its SHA-256."""
    return {name: [_trace(value) for value in pair] for name, pair in changed.items()}


def _trace(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= LONG else hashlib.sha256(text.encode()).hexdigest()
