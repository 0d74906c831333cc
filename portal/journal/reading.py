"""Reading the journal of one session, in the words of the screens."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from portal.access.rules import Role
from portal.extensions import db
from portal.journal.models import JournalDetails, JournalEntry
from portal.training.amend_rules import named

EVENT_TEXT = {
    "create": "Session créée",
    "save_topic": "Étape enregistrée",
    "share_link": "Lien partagé",
    "renew_link": "Lien remplacé",
    "revoke_link": "Lien fermé",
    "issue_documents": "Documents émis et envoyés",
    "note_filing": "Dépôt de la demande noté",
    "amend": "Session modifiée",
    "reopen": "Session rouverte",
    "cancel": "Session annulée",
    "receive_agreement": "Accord de prise en charge reçu",
    "return_agreement": "Accord renvoyé au client",
    "validate_agreement": "Accord validé",
    "correct_agreement": "Accord corrigé",
    "undo_decision": "Décision annulée dans la minute",
    "record_refusal": "Refus de financement noté",
    "self_fund": "Le client règle lui-même",
    "postpone": "Session reportée",
    "send_sign_link": "Lien de signature envoyé",
    "send_code": "Code de signature envoyé",
    "sign": "Document signé en ligne",
    "receive_signed_paper": "Numérisation du document signé reçue",
    "refuse_signed_paper": "Numérisation du document signé renvoyée",
    "record_paper_signature": "Signature sur papier enregistrée",
    "decline_signature": "Signature refusée",
    "delegate_signature": "Signature confiée à une autre personne",
    "seal": "Document scellé",
    "start": "Formation démarrée",
    "call_trainer": "Nouveau lien demandé par le client",
    "correct_address": "Adresse corrigée, message renvoyé",
    "retry_email": "Message renvoyé",
    "return_email": "Message revenu, non remis",
    "remind": "Relance envoyée",
    "write_message": "Message écrit",
    "pause_reminders": "Relances suspendues",
    "resume_reminders": "Relances reprises",
    "send_held": "Documents relus et envoyés",
}
ROLE_TEXT = {
    Role.TRAINER: "formation",
    Role.CLIENT: "client",
    Role.OFFICE: "organisme",
    Role.TRAINEE: "stagiaire",
    Role.CLOCK: "automatique",
}


@dataclass(frozen=True)
class Line:
    """One act: when, what, who."""

    at: datetime
    text: str
    who: str


# Asked by every page of a session: built once.
_ACTS = (
    select(JournalEntry, JournalDetails.details)
    .outerjoin(JournalDetails, JournalDetails.seq == JournalEntry.seq)
    .where(JournalEntry.training_id == bindparam("training_id"))
    .order_by(JournalEntry.seq.desc())
    .limit(200)
)


def of_training(training_id: int) -> list[Line]:
    """The acts on a session, the latest first; a name is shown until it is erased."""
    rows = db.session.execute(_ACTS, {"training_id": training_id})
    return [Line(entry.at, _text(entry), who(entry, details or {})) for entry, details in rows]


def _text(entry: JournalEntry) -> str:
    text = EVENT_TEXT.get(entry.event, entry.event)
    what = named(entry.body.get("changed", ())) if entry.event == "amend" else []
    return f"{text}\u00a0: {', '.join(what)}" if what else text


def who(entry: JournalEntry, details: dict[str, Any]) -> str:
    """« Nadia Belkacem (organisme) »; the role alone once the name is erased."""
    role = ROLE_TEXT[Role(entry.actor_role)]
    name = details.get("actor") or details.get("name")
    return f"{name} ({role})" if name else role
