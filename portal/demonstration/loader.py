"""Rivage Formation, its people, its catalogue and a few sessions, brought in by the real workflow.

Everything it makes is found again by its natural key or in the journal, so that loading twice adds
nothing and an interrupted loading is completed by the next one.
"""

import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select

from portal import clock
from portal.access.rules import Role
from portal.accounts import service as accounts
from portal.accounts.models import Organisation, User
from portal.accounts.profile import organisation_fields
from portal.companies import rules as identifiers
from portal.declared import read
from portal.demonstration import acts, journeys
from portal.demonstration.acts import Step, Story
from portal.extensions import db, settings, store, writing
from portal.journal.models import JournalEntry
from portal.programmes.describing import create_programme
from portal.training import service as trainings
from portal.training.models import Programme

HERE = Path(__file__).parent
CATALOGUE = ("lecture-de-plans", "prise-de-parole", "encadrer-une-equipe")


class NotADemonstration(RuntimeError):
    """This installation serves a real organisation: nothing fictional is added to it."""


def load() -> bool:
    """Brings in what is missing of the demonstration; False when it was already whole.

    Raises NotADemonstration outside the demonstration mode.
    """
    if not settings().demo:
        raise NotADemonstration("La démonstration ne se charge qu’avec PORTAL_DEMO=1")
    _organisation()
    claire, malik, office = map(_user, _users())
    for name in CATALOGUE:
        _programme(name)
    return _play(journeys.told(claire, malik, office))


def _organisation() -> None:
    if db.session.get(Organisation, 1) is not None:
        return
    data = read(HERE / "organisation.toml")
    data["logo_sha256"] = store().put(data.pop("logo"))
    accounts.create_organisation(organisation_fields(data))


def _users() -> list[dict[str, str]]:
    text = (HERE / "users.toml").read_text(encoding="utf-8")
    users: list[dict[str, str]] = tomllib.loads(text)["users"]
    return users


def _user(described: dict[str, str]) -> User:
    found = db.session.scalar(select(User).filter_by(email=described["email"]))
    if found is not None:
        return found
    fields: dict[str, Any] = dict(described)
    return accounts.create_user(
        role=Role(fields.pop("role")),
        phone=identifiers.check_phone(fields.pop("phone")),
        password=accounts.DEMONSTRATION_PASSWORD,
        is_demonstration=True,
        **fields,
    )


def _programme(name: str) -> None:
    data = read(HERE / "programmes" / f"{name}.toml")
    if db.session.scalar(select(Programme.id).filter_by(code=data["code"])) is None:
        with writing():
            create_programme(data)


# --- The sessions


def _play(told: Sequence[Story]) -> bool:
    """Does what the journal does not have yet, whatever the session, in the order of time.

    True when there was something left to do. An act that was done is never done again.
    """
    done = {story.key: _journal(story.key) for story in told}
    played = False
    for story, step in _agenda(told):
        if done[story.key][step.event]:
            done[story.key][step.event] -= 1
            continue
        with clock.told(step.at):
            step.act()
        if story.is_current:
            with clock.told(step.at + acts.LATER):
                acts.leave(story)
        played = True
    return played


def _agenda(told: Sequence[Story]) -> list[tuple[Story, Step]]:
    steps = [(story, step) for story in told for step in story.steps]
    return sorted(steps, key=lambda told: told[1].at)  # stable: a story keeps its own order


def _journal(key: str) -> Counter[str]:
    """How many times each act was done on that session."""
    training = trainings.created_with(acts.KEY.format(key))
    if training is None:
        return Counter()
    query = select(JournalEntry.event).filter_by(training_id=training.id)
    return Counter(db.session.scalars(query))
