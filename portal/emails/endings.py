"""What becomes of a message that did not leave, as the changes of its row."""

from datetime import timedelta
from typing import Any

from portal import clock
from portal.emails.models import EmailState
from portal.emails.rules import NEVER, wait_after

UNCERTAIN_WAIT = timedelta(minutes=1)


def after_failure(reason: str, attempts: int, *, uncertain: bool) -> dict[str, Any]:
    """Back into the queue, a little later each time; given up after 24 hours of tries."""
    wait = wait_after(attempts)
    if wait is not None:
        state = EmailState.UNCERTAIN if uncertain else EmailState.QUEUED
        return {"state": state, "error": reason, "next_at": clock.now() + wait}
    return {"state": EmailState.FAILED, "error": f"Abandon après 24 heures d’essais. {reason}"}


def after_cut(reason: str, *, again: bool) -> dict[str, Any]:
    """One more sending with the same Message-ID; a second cut waits for a person."""
    next_at = NEVER if again else clock.now() + UNCERTAIN_WAIT
    return {"state": EmailState.UNCERTAIN, "error": reason, "next_at": next_at}
