"""Reading what was done to the organisation itself: its people, settings and programmes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Text, and_, or_, select, type_coerce

from portal import french
from portal.access.rules import Role
from portal.accounts.models import User
from portal.extensions import db
from portal.journal.models import JournalDetails, JournalEntry
from portal.journal.reading import ROLE_TEXT, who
from portal.journal.rules import canonical

PER_PAGE = 25
STAFF = (Role.TRAINER.value, Role.OFFICE.value)
SOMEBODY = "une personne"  # whose account is no more
NBSP = french.NBSP


@dataclass(frozen=True)
class Line:
    """One act: its number, when, what, who; `about` is the id of the account it changed."""

    seq: int
    at: datetime
    text: str
    who: str
    about: int | None


@dataclass(frozen=True)
class Told:
    """What a sentence is made of. `labels` gives the words of a page or of a field by its code."""

    body: Mapping[str, Any]
    details: Mapping[str, Any]
    person: str
    labels: Mapping[str, str]

    def named(self, codes: Sequence[str]) -> str:
        return "\u00a0; ".join(self.labels.get(code, code) for code in codes)

    def side(self, name: str) -> str:
        code = self.details.get(name)
        return ROLE_TEXT[Role(code)] if code in STAFF else "inconnu"

    def programme(self) -> str:
        return f"Programme {self.body.get('programme')}, version {self.body.get('version')}"


Sentence = Callable[[Told], str]
SENTENCES: dict[str, Sentence] = {
    "invite_person": lambda t: f"Invitation envoyée à {t.person}, accès {t.side('role')}",
    "invite_again": lambda t: f"Nouvelle invitation envoyée à {t.person}",
    "ask_reset": lambda t: f"Mot de passe oublié{NBSP}: lien envoyé à {t.person}",
    "set_password": lambda t: f"Mot de passe choisi par {t.person}",
    "ask_address": lambda t: f"Autre adresse demandée pour {t.person}, à confirmer",
    "change_address": lambda t: f"Adresse {french.of(t.person)} changée{_pair(t)}",
    "not_me": lambda t: (
        f"«{NBSP}Ce n’est pas moi{NBSP}»{NBSP}: compte {french.of(t.person)} mis à l’abri"
    ),
    "enable_person": lambda t: f"Compte {french.of(t.person)} réactivé",
    "disable_person": lambda t: f"Compte {french.of(t.person)} désactivé",
    "change_role": lambda t: (
        f"Accès {french.of(t.person)} changé, {t.side('before')} → {t.side('after')}"
    ),
    "close_logins": lambda t: f"Connexions {french.of(t.person)} fermées",
    "save_profile": lambda t: f"Profil {french.of(t.person)} modifié{_fields(t)}",
    "send_cv": lambda t: f"CV {french.of(t.person)} déposé",
    "remove_cv": lambda t: f"CV {french.of(t.person)} retiré",
    "open_calendar": lambda t: "Adresse d’agenda créée",
    "close_calendar": lambda t: "Adresse d’agenda fermée",
    "save_settings": lambda t: (
        f"Réglages «{NBSP}{t.named([t.body['group']])}{NBSP}» modifiés{NBSP}: "
        f"{t.named(t.body['fields'])}{_switched(t)}"
    ),
    "change_logo": lambda t: "Logo remplacé" if t.body.get("after") else "Logo retiré",
    "choose_reminders": lambda t: "Délais des relances modifiés",
    "create_programme": lambda t: f"{t.programme()}{NBSP}: au catalogue",
    "copy_programme": lambda t: f"{t.programme()}{NBSP}: copié de {t.body.get('source')}",
    "edit_programme": lambda t: f"{t.programme()}{NBSP}: rubrique {_section(t)} modifiée",
    "archive_programme": lambda t: f"{t.programme()}{NBSP}: archivé",
    "restore_programme": lambda t: f"{t.programme()}{NBSP}: remis au catalogue",
    "publish_programme": lambda t: f"{t.programme()}{NBSP}: page publique ouverte",
    "withdraw_programme": lambda t: f"{t.programme()}{NBSP}: page publique fermée",
    "retry_email": lambda t: "Message renvoyé",
    "return_email": lambda t: "Message revenu, non remis",
}


def _fields(told: Told) -> str:
    """« : Téléphone ; Titres », until these details are erased."""
    codes = told.details.get("fields")
    return f"{NBSP}: {told.named(codes)}" if codes else ""


def _section(told: Told) -> str:
    return f"«{NBSP}{told.named([told.body.get('section', '')])}{NBSP}»"


def _switched(told: Told) -> str:
    """« , oui » or « , non » when the only change is that of a box, until this is erased."""
    pairs = list(told.details.get("changes", {}).values())
    after = pairs[0][1] if len(pairs) == 1 else ""
    return {"True": ", oui", "False": ", non"}.get(after, "")


def _pair(told: Told) -> str:
    """« , a@… → b@… », until these details are erased."""
    before, after = told.details.get("before"), told.details.get("after")
    return f", {before} → {after}" if before and after else ""


def of_organisation(
    labels: Mapping[str, str], person: int | None = None, before: int | None = None
) -> tuple[list[Line], bool]:
    """One page of these acts, the latest first; True says that older ones follow.

    `person` keeps what was done to that account, or by it; `before` is the number of the last
    line of the page before. What was done on a session is in the journal of that session.
    """
    found = db.session.execute(_statement(person, before)).all()
    names = _names([entry.body.get("user") for entry, _ in found])
    lines = [_line(entry, details or {}, names, labels) for entry, details in found]
    return lines[:PER_PAGE], len(lines) > PER_PAGE


def _statement(person: int | None, before: int | None) -> Select[Any]:
    statement = (
        select(JournalEntry, JournalDetails.details)
        .outerjoin(JournalDetails, JournalDetails.seq == JournalEntry.seq)
        .where(JournalEntry.training_id.is_(None))
        .order_by(JournalEntry.seq.desc())
        .limit(PER_PAGE + 1)
    )
    if person is not None:
        about = type_coerce(JournalEntry.body, Text) == canonical({"user": person})
        by = and_(JournalEntry.actor_id == person, JournalEntry.actor_role.in_(STAFF))
        statement = statement.where(or_(about, by))
    return statement if before is None else statement.where(JournalEntry.seq < before)


def _names(ids: Sequence[int | None]) -> dict[int, str]:
    wanted = {identity for identity in ids if identity is not None}
    people = db.session.scalars(select(User).where(User.id.in_(wanted))) if wanted else ()
    return {user.id: user.name for user in people}


def _line(
    entry: JournalEntry, details: dict[str, Any], names: dict[int, str], labels: Mapping[str, str]
) -> Line:
    about = entry.body.get("user")
    told = Told(entry.body, details, names.get(about or 0, SOMEBODY), labels)
    sentence = SENTENCES.get(entry.event)
    text = sentence(told) if sentence else entry.event
    return Line(entry.seq, entry.at, text, who(entry, details), about if about in names else None)
