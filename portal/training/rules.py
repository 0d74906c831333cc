"""The words of a session's life: its states, what can be done to it, what the guards look at."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from portal.access.rules import Role


class State(StrEnum):
    """The ten values of `TrainingSession.state`. Every nuance is a dated fact, never a state."""

    DRAFT = "draft"
    SENT = "sent"
    AGREEMENT_RECEIVED = "agreement_received"
    FUNDED = "funded"
    REFUSED = "refused"
    RUNNING = "running"
    DONE = "done"
    INVOICED = "invoiced"
    SETTLED = "settled"
    CANCELLED = "cancelled"


class Event(StrEnum):
    """What can be done to a session; `workflow.perform` is the only place that does it."""

    SHARE_LINK = "share_link"
    RENEW_LINK = "renew_link"
    REVOKE_LINK = "revoke_link"
    SAVE_TOPIC = "save_topic"
    ISSUE_DOCUMENTS = "issue_documents"
    NOTE_FILING = "note_filing"
    AMEND = "amend"
    REOPEN = "reopen"
    CANCEL = "cancel"
    RECEIVE_AGREEMENT = "receive_agreement"
    RETURN_AGREEMENT = "return_agreement"
    VALIDATE_AGREEMENT = "validate_agreement"
    CORRECT_AGREEMENT = "correct_agreement"
    UNDO_DECISION = "undo_decision"
    RECORD_REFUSAL = "record_refusal"
    SELF_FUND = "self_fund"
    POSTPONE = "postpone"
    SEND_SIGN_LINK = "send_sign_link"
    SIGN = "sign"
    RECEIVE_SIGNED_PAPER = "receive_signed_paper"
    REFUSE_SIGNED_PAPER = "refuse_signed_paper"
    RECORD_PAPER_SIGNATURE = "record_paper_signature"
    DECLINE_SIGNATURE = "decline_signature"
    DELEGATE_SIGNATURE = "delegate_signature"
    START = "start"


class Way(StrEnum):
    """Who fills the request in: the client by a link, or the trainer."""

    LINK = "link"
    SELF = "self"


OPEN_STATES = frozenset(State) - {State.SETTLED, State.CANCELLED}
# Whoever teaches still has something to do.
UNDER_WAY = OPEN_STATES - {State.DONE, State.INVOICED}


@dataclass(frozen=True)
class Facts:
    """What the guards look at, read once and frozen."""

    state: State
    today: date
    first_day: date | None
    role: Role | None = None
    missing: tuple[str, ...] = ()
    has_agreement: bool = False
    has_open_link: bool = False
    reason: str | None = None
    needs_reason: bool = True
    filed_on: date | None = None
    price_cents: int | None = None
    granted_cents: int | None = None
    client_due_cents: int | None = None
    committed_cents: int | None = None
    is_signed: bool = False
    asked_grant_cents: int | None = None

    @property
    def owes_undertaking(self) -> bool:
        """A remainder is left to the client, and it has not undertaken to pay what is due."""
        if self.granted_cents is None or self.price_cents is None:
            return False
        has_remainder = self.granted_cents < self.price_cents
        return has_remainder and self.committed_cents != self.client_due_cents

    @property
    def awaits_signature(self) -> bool:
        """Something is left to sign: the convention, or the undertaking of a later grant."""
        return not self.is_signed or self.owes_undertaking
