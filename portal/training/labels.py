"""What each audience reads of a session: a label computed from its state and its dated facts."""

from dataclasses import dataclass
from datetime import date, datetime

from portal import french
from portal.access.rules import Role
from portal.funding.rules import FunderChoice, filing_deadline, opcos
from portal.training.rules import State, Way


@dataclass(frozen=True)
class Label:
    """A status pill: words, tint (ok, warn, bad, info or none), icon, and a note under it."""

    text: str
    kind: str
    icon: str
    note: str = ""


@dataclass(frozen=True)
class Situation:
    """The columns a label is made of; every list and page reads the same ones."""

    state: State
    way: Way
    today: date
    shared_at: datetime | None
    updated_at: datetime
    filed_on: date | None
    first_day: date | None
    funder_choice: str | None
    opco_code: str | None
    awaits_undertaking: bool = False

    @property
    def funder(self) -> str:
        opco = opcos().get(self.opco_code or "")
        return opco.name if opco else "l’OPCO"

    @property
    def deadline(self) -> date | None:
        return filing_deadline(opcos().get(self.opco_code or ""), self.first_day)


# state: formateur, client, organisme; each (words, tint, icon)
_FIXED: dict[State, dict[Role, tuple[str, str, str]]] = {
    State.AGREEMENT_RECEIVED: {
        Role.TRAINER: ("Accord en vérification", "warn", "eye"),
        Role.CLIENT: ("Accord transmis", "info", "clock"),
        Role.OFFICE: ("À vérifier", "warn", "eye"),
    },
    State.FUNDED: {
        Role.TRAINER: ("Prête à démarrer", "ok", "check"),
        Role.CLIENT: ("Confirmée", "ok", "check"),
        Role.OFFICE: ("Validée", "ok", "check"),
    },
    State.REFUSED: {
        Role.TRAINER: ("Financement refusé", "bad", "x"),
        Role.CLIENT: ("Financement refusé", "bad", "x"),
        Role.OFFICE: ("Refusée", "bad", "x"),
    },
    State.RUNNING: dict.fromkeys(Role, ("En cours", "ok", "graduation-cap")),
    State.DONE: {
        Role.TRAINER: ("Terminée", "ok", "graduation-cap"),
        Role.CLIENT: ("Terminée", "ok", "graduation-cap"),
        Role.OFFICE: ("À facturer", "warn", "receipt"),
    },
    State.INVOICED: {
        Role.TRAINER: ("Facturée", "info", "receipt"),
        Role.CLIENT: ("Facture disponible", "info", "receipt"),
        Role.OFFICE: ("À encaisser", "info", "receipt"),
    },
    State.SETTLED: dict.fromkeys(Role, ("Soldée", "ok", "euro")),
    State.CANCELLED: dict.fromkeys(Role, ("Annulée", "", "ban")),
}


def label(role: Role, now: Situation) -> Label:
    """The label of a session for that audience."""
    if now.state is State.DRAFT:
        return _draft(role, now)
    if now.state is State.SENT:
        return _sent(role, now)
    if now.state is State.FUNDED and now.awaits_undertaking:
        words = {Role.TRAINER: "À signer par le client", Role.CLIENT: "À signer"}
        return Label(words.get(role, "Validée"), "warn", "pencil", "Signature attendue")
    return Label(*_FIXED[now.state][role])


def _draft(role: Role, now: Situation) -> Label:
    if role is Role.CLIENT:
        return Label("À compléter", "info", "pencil")
    if now.way is Way.LINK and now.shared_at is not None:
        days = (now.today - french.local_day(now.shared_at)).days
        since = f"depuis {french.count(days, 'jour')}" if days else "depuis aujourd’hui"
        return Label("Demande à compléter", "info", "clock", f"Chez le client {since}")
    return Label("Brouillon", "", "pencil", f"Modifié {french.since(now.updated_at, now.today)}")


def _sent(role: Role, now: Situation) -> Label:
    if now.funder_choice == FunderChoice.NONE:
        return Label("Documents envoyés", "info", "send", "Sans OPCO")
    if now.filed_on is not None:
        note = f"Demande déposée {french.since(now.filed_on, now.today)}"
        words = {Role.CLIENT: "Accord attendu", Role.OFFICE: "En attente d’accord"}
        return Label(words.get(role, "Chez l’OPCO"), "info", "hourglass", note)
    note = "Dépôt non signalé"
    late = now.deadline is not None and now.deadline < now.today
    if now.deadline is not None:
        day = french.day_month(now.deadline)
        note = f"Dépôt attendu avant le {day}" if not late else f"À déposer depuis le {day}"
    text = "En attente d’accord" if role is Role.OFFICE else f"À déposer chez {now.funder}"
    return Label(text, "warn" if late else "info", "hourglass", note)
