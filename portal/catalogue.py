"""The corridor of the catalogue: every change of a programme, whole or not at all, and journaled.

What a session does goes through `workflow`; this is for what belongs to no session.
"""

from collections.abc import Mapping
from typing import Any

from portal import clock, tasks
from portal.access.rules import Actor
from portal.accounts import service as accounts
from portal.documents import sheets
from portal.extensions import writing
from portal.journal import service as journal
from portal.programmes import rules
from portal.programmes import service as programmes
from portal.programmes.service import StaleSection
from portal.training.models import Programme


class Incomplete(Exception):
    """The programme cannot be made public; `sentences` say what it lacks, in French."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__(" ; ".join(sentences))
        self.sentences = sentences


class Gone(Exception):
    """No programme has that code."""


def create(fields: Mapping[str, Any], code: str | None, actor: Actor) -> str:
    """A new programme to complete; returns its code."""
    with writing():
        at = clock.now()
        programme = programmes.create(fields, code, at)
        _note("create_programme", programme, actor)
        return programme.code


def copy(code: str, actor: Actor) -> str:
    """The same content under a new code, which is returned; pressed twice, it makes one copy.

    Raises Gone.
    """
    with writing():
        source = _current(code)
        values = programmes.copied(source)
        same = next((row for row in programmes.listed() if row.values == values), None)
        if same is not None:
            return same.code
        programme = programmes.copy(source, clock.now())
        _note("copy_programme", programme, actor, source=code)
        return programme.code


def save_section(
    code: str, section: str, fields: Mapping[str, Any], seen: str, actor: Actor
) -> Programme:
    """Gives one section its new values and returns the version in force.

    `seen` is the digest of the section as the page showed it. Raises StaleSection when somebody
    wrote other values there since, Gone, and Incomplete when a public page would lose something
    it must say.
    """
    wake = []
    with writing():
        standing = _current(code)
        values = standing.values
        names = rules.SECTION[section].fields
        if rules.digest(values, names) != seen and rules.changes(values, fields, names):
            raise StaleSection(standing)
        if standing.public_at is not None:
            _require_complete(values | dict(fields))
        at = clock.now()
        revised = programmes.revise(standing, fields, at)
        if revised.public_at is not None:
            wake = [sheets.issue(revised, accounts.organisation(), at).id]
        _note("edit_programme", revised, actor, section=section)
        identity = revised.id
    tasks.wake(documents=wake)
    return programmes.by_id(identity)


def archive(code: str, actor: Actor) -> bool:
    """Takes it out of what sessions are offered, and off the public pages, where True says that
    it was. Raises Gone."""
    with writing():
        programme, at = _current(code), clock.now()
        programme.archived_at = programme.archived_at or at
        was_public = programme.public_at is not None
        programme.public_at = None
        _note("archive_programme", programme, actor)
    return was_public


def restore(code: str, actor: Actor) -> None:
    """Puts it back into what sessions are offered. Raises Gone."""
    with writing():
        programme = _current(code)
        programme.archived_at = None
        _note("restore_programme", programme, actor)


def publish(code: str, actor: Actor) -> None:
    """Opens its public page, with a sheet made anew. Raises Incomplete, Gone."""
    with writing():
        programme, at = _current(code), clock.now()
        _require_complete(programme.values)
        if programme.archived_at is not None:
            raise Incomplete(["Ce programme est archivé\u00a0: remettez-le d’abord au catalogue"])
        programme.public_at = programme.public_at or at
        sheet = sheets.issue(programme, accounts.organisation(), at)
        _note("publish_programme", programme, actor)
        identity = sheet.id
    tasks.wake(documents=[identity])


def withdraw(code: str, actor: Actor) -> None:
    """Closes its public page; the sheets made so far are kept. Raises Gone."""
    with writing():
        programme = _current(code)
        programme.public_at = None
        _note("withdraw_programme", programme, actor)


def _current(code: str) -> Programme:
    programme = programmes.current(code)
    if programme is None:
        raise Gone(code)
    return programme


def _require_complete(values: Mapping[str, Any]) -> None:
    lacking = [gap.sentence for gap in rules.gaps(values) if gap.is_blocking]
    if lacking:
        raise Incomplete(lacking)


def _note(event: str, programme: Programme, actor: Actor, **more: str) -> None:
    body = {"programme": programme.code, "version": programme.version, **more}
    journal.record(event, actor, clock.now(), body=body)
