"""« À faire »: what is awaited of the person who looks at the list, the most pressing first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import CTE, ColumnElement, Select, bindparam, select

from portal import clock, french
from portal.access.rules import Role
from portal.emails.models import LOST, Email
from portal.extensions import db
from portal.funding.rules import FunderChoice
from portal.messages.models import Message, UnreadMessage
from portal.training.lines import Wanted, first_lines
from portal.training.listing import situation
from portal.training.models import Programme, TrainingSession
from portal.training.rules import State, Way

_t = TrainingSession


@dataclass(frozen=True)
class Todo:
    """One awaited act: a sentence, a detail, and where its button leads."""

    kind: str
    sentence: str
    detail: str
    button: str
    ref: str
    icon: str
    tint: str = ""


def todos(trainer_id: int | None, limit: int = 5) -> list[Todo]:
    """What is awaited, the most pressing first."""
    today = clock.today()
    found = _failed_mails(trainer_id) + _unread(trainer_id)
    lines = first_lines(Wanted((State.DRAFT, State.SENT), trainer_id), 40)
    invited = invitations([line.id for line in lines if line.shared_at is not None])
    for line in lines:
        if len(found) >= limit:
            break
        todo = _todo(line, today, invited.get(line.id), is_own=trainer_id is not None)
        if todo:
            found.append(todo)
    return found[:limit]


def _looked_up_first(few: Select[*tuple[Any, ...]]) -> CTE:
    """Those few rows lead to their sessions: never every session to its few rows."""
    return few.cte().prefix_with("MATERIALIZED")


def _in_scope(is_scoped: bool) -> list[ColumnElement[bool]]:
    """One trainer's sessions, or everybody's."""
    return [_t.trainer_id == bindparam("trainer_id")] if is_scoped else []


@cache  # built once for each side: every list asks it
def _lost(is_scoped: bool) -> Select[*tuple[Any, ...]]:
    lost = _looked_up_first(select(Email.to_email, Email.training_id).where(LOST))
    return (
        select(lost.c.to_email, _t.ref)
        .join(_t, _t.id == lost.c.training_id)
        .where(*_in_scope(is_scoped))
        .limit(5)
    )


@cache
def _waiting(role: Role, is_scoped: bool) -> Select[*tuple[Any, ...]]:
    unread = _looked_up_first(
        select(UnreadMessage.message_id).where(UnreadMessage.role == role.value)
    )
    return (
        select(Message.author_name, _t.ref, Programme.title)
        .select_from(unread)
        .join(Message, Message.id == unread.c.message_id)
        .join(_t, _t.id == Message.training_id)
        .outerjoin(Programme, Programme.id == _t.programme_id)
        .where(*_in_scope(is_scoped))
        .order_by(unread.c.message_id.desc())
        .limit(5)
    )


def _failed_mails(trainer_id: int | None) -> list[Todo]:
    statement = _lost(trainer_id is not None)
    return [
        Todo(
            "mail",
            f"Un e-mail à {to} n’est pas arrivé",
            f"Dossier {ref}",
            "Voir les courriels",
            ref,
            "mail",
            "warn",
        )
        for to, ref in db.session.execute(statement, {"trainer_id": trainer_id})
    ]


def _unread(trainer_id: int | None) -> list[Todo]:
    """The dossiers with a message this side has not said it read, the latest first."""
    role = Role.OFFICE if trainer_id is None else Role.TRAINER
    statement = _waiting(role, trainer_id is not None)
    return [
        Todo(
            "message",
            f"{author} vous a écrit",
            f"{title or 'sans programme'} · dossier {ref}",
            "Lire le message",
            ref,
            "mail",
            "info",
        )
        for author, ref, title in db.session.execute(statement, {"trainer_id": trainer_id})
    ]


class Invitation(NamedTuple):
    """Where the client was last written to with its link, and when."""

    to: str
    at: datetime


# Asked by every list and every page of a session: built once.
_INVITATIONS = (
    select(Email.training_id, Email.to_email, Email.created_at)
    .where(
        Email.training_id.in_(bindparam("training_ids", expanding=True)),
        Email.letter == "invitation",
    )
    .order_by(Email.id)
)


def invitations(training_ids: Sequence[int]) -> dict[int, Invitation]:
    """The last invitation of each of those sessions; a link that was only copied has none."""
    if not training_ids:
        return {}
    found = db.session.execute(_INVITATIONS, {"training_ids": training_ids})
    return {row.training_id: Invitation(*row[1:]) for row in found}


def _todo(line: Any, today: date, invited: Invitation | None, *, is_own: bool) -> Todo | None:
    now = situation(line, today)
    client = line.legal_name or (invited.to if invited else "Le client")
    title = line.title or "sans programme"
    if now.state is State.SENT:
        if now.filed_on or now.funder_choice == FunderChoice.NONE or now.deadline is None:
            return None
        if (now.deadline - today).days > 14:
            return None
        when = french.date_mid(now.deadline)
        return Todo(
            "filing",
            f"{client} n’a pas encore signalé le dépôt de sa demande",
            f"{title} · à déposer chez {now.funder} avant le {when}",
            "Voir la session",
            line.ref,
            "hourglass",
            "warn",
        )
    if now.way is Way.LINK and line.shared_at is not None:
        since = f"lien créé {french.since(line.shared_at, today)}"
        return Todo(
            "invited" if invited else "client",
            f"{client} n’a pas encore complété sa demande",
            f"{title} · {f'invitation du {french.date_mid(invited.at)}' if invited else since}",
            "Relancer" if invited else "Voir la session",
            line.ref,
            "send",
            "info",
        )
    trainer = f"{line.first_name} {line.last_name}"
    return Todo(
        "draft",
        f"Terminer {'votre brouillon' if is_own else 'le brouillon'} «\u00a0{title}\u00a0»",
        f"{line.ref}{'' if is_own else f' · {trainer}'} · modifié "
        f"{french.since(line.updated_at, today)}",
        "Reprendre",
        line.ref,
        "pencil",
    )
