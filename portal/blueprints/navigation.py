"""The main navigation of the signed-in areas: one line is one entry."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import request, url_for
from flask_login import current_user

from portal.accounts import service as accounts
from portal.emails import holding
from portal.funding import service as fundings


@dataclass(frozen=True)
class Entry:
    """`within`: the blueprints whose pages stand under it; `waiting` counts what is awaited, which
    « À faire » says in the words of `awaited` (one, several, the button)."""

    text: str
    endpoint: str
    within: tuple[str, ...]
    waiting: Callable[[], int] = lambda: 0
    awaited: tuple[str, str, str] = ("", "", "")
    is_shown: Callable[[], bool] = lambda: True


@dataclass(frozen=True)
class Item:
    """An entry as a page shows it."""

    text: str
    url: str
    is_current: bool
    waiting: int
    awaited: tuple[str, str, str]


def _reads_over() -> bool:
    """Whether papers are read over, or some still wait since they were; False before the
    organisation is described."""
    try:
        return accounts.organisation().reads_over or bool(holding.training_ids())
    except accounts.MissingOrganisation:
        return False


OFFICE = (
    Entry(
        "À relire",
        "office.proofreading.queue",
        ("office.proofreading",),
        lambda: len(holding.training_ids()),
        ("dossier à relire avant envoi", "dossiers à relire avant envoi", "Relire"),
        is_shown=_reads_over,
    ),
    Entry(
        "Accords",
        "office.agreements.queue",
        ("office.agreements", "office.signatures"),
        fundings.waiting_count,
        ("accord à valider", "accords à valider", "Valider"),
    ),
    Entry("Dossiers", "office.dashboard", ("office", "office.dossier", "office.agenda")),
    Entry("Programmes", "office.programmes.index", ("office.programmes", "office.programme")),
    Entry("Courriels", "office.mails.index", ("office.mails",)),
    Entry(
        "Réglages",
        "office.settings.index",
        ("office.settings", "office.reminders", "office.people", "office.journal"),
    ),
)
TRAINER = (
    Entry("Sessions", "trainer.dashboard", ("trainer", "trainer.dossier", "trainer.agenda")),
    Entry("Programmes", "trainer.programmes.index", ("trainer.programmes",)),
    Entry("Courriels", "trainer.mails.index", ("trainer.mails",)),
)


def items() -> list[Item]:
    """The navigation of whoever is signed in; a page of nobody's area has no current item."""
    entries = OFFICE if current_user.is_office else TRAINER
    here = request.blueprint or ""
    return [
        Item(
            entry.text,
            url_for(entry.endpoint),
            here in entry.within,
            entry.waiting(),
            entry.awaited,
        )
        for entry in entries
        if entry.is_shown()
    ]
