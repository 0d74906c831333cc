"""Rivage Formation, its people, its catalogue and a few sessions, brought in by the real workflow.

Everything it makes is found again by its natural key, so that loading twice adds nothing and an
interrupted loading is completed by the next one.
"""

import tomllib
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from portal import clock, workflow
from portal.access.rules import Actor, Role
from portal.accounts import service as accounts
from portal.accounts.models import Organisation, User
from portal.accounts.profile import organisation_fields
from portal.companies import rules as identifiers
from portal.declared import read
from portal.demonstration import stories
from portal.extensions import db, settings, store, writing
from portal.programmes.describing import create_programme
from portal.training import service as trainings
from portal.training.answers import Raw
from portal.training.models import Programme, TrainingSession
from portal.training.rules import Event, State, Way

HERE = Path(__file__).parent
KEY = "demonstration-{}"
CATALOGUE = ("lecture-de-plans", "prise-de-parole", "encadrer-une-equipe")


class NotADemonstration(RuntimeError):
    """This installation serves a real organisation: nothing fictional is added to it."""


def load() -> bool:
    """Brings in what is missing of the demonstration; False when it was already whole.

    Raises NotADemonstration outside the demonstration mode.
    """
    if not settings().demo:
        raise NotADemonstration("La démonstration ne se charge qu’avec PORTAL_DEMO=1")
    if _is_told(stories.LAST):
        return False
    _organisation()
    people = {user.email: user for user in map(_user, _users())}
    for name in CATALOGUE:
        _programme(name)
    claire, malik = (user for user in people.values() if user.role == Role.TRAINER)
    for name, tell, trainer in (
        ("vasseur", _sent_by_the_client, claire),
        ("partagee", _shared, claire),
        ("brouillon", _begun, claire),
        (stories.LAST, _sent_and_filed, malik),
    ):
        if not _is_told(name):
            tell(trainer, KEY.format(name))
    return True


def _is_told(name: str) -> bool:
    """Whether that session went past its draft: nothing is then added to it."""
    training = trainings.created_with(KEY.format(name))
    return training is not None and training.state != State.DRAFT


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


# --- The sessions, one function each


def _sent_by_the_client(trainer: User, key: str) -> None:
    """The whole journey: link, client's answers, the three documents on their way."""
    training = _training(trainer, key, Way.LINK, email=stories.VASSEUR["signatory_email"])
    _fill(training, _trainer(trainer), programme=_choice("LPM-14"), schedule=_days(48))
    _perform(Event.SHARE_LINK, training, _trainer(trainer), send=True)
    client = _client(training, stories.VASSEUR)
    _fill(
        training,
        client,
        company=stories.VASSEUR,
        trainees=stories.people(stories.VASSEUR_TEAM),
        funding={"funder": "CONSTRUCTYS", "subrogation": "oui"},
    )
    _perform(Event.ISSUE_DOCUMENTS, training, client)


def _shared(trainer: User, key: str) -> None:
    """Programme and dates are set; the client has its link and has not answered yet."""
    training = _training(trainer, key, Way.LINK, email=stories.WAITED_FOR)
    _fill(training, _trainer(trainer), programme=_choice("EPE-14"), schedule=_days(62))
    _perform(Event.SHARE_LINK, training, _trainer(trainer), send=True)


def _begun(trainer: User, key: str) -> None:
    """A draft left in the middle, with a SIRET that lacks a figure: nothing typed is lost."""
    training = _training(trainer, key, Way.SELF)
    _fill(training, _trainer(trainer), company=stories.BEGUN, programme=_choice("PPP-14"))


def _sent_and_filed(trainer: User, key: str) -> None:
    """Filled in by the trainer; the client noted the day it asked its OPCO."""
    training = _training(trainer, key, Way.SELF)
    actor = _trainer(trainer)
    _fill(
        training,
        actor,
        company=stories.NORDLYS,
        funding={"funder": "ATLAS", "subrogation": "non"},
        programme=_choice("PPP-14"),
        schedule=_days(55),
        trainees={"headcount": "8", "needs_adaptation": "oui"},
    )
    _perform(Event.ISSUE_DOCUMENTS, training, actor)
    client = _client(training, stories.NORDLYS)
    _perform(Event.NOTE_FILING, training, client, filed_on=clock.today(), number="ATL-2026-55172")


# --- What they share


def _training(trainer: User, key: str, way: Way, email: str | None = None) -> TrainingSession:
    return workflow.create(trainer, _trainer(trainer), way, key, client_email=email)


def _fill(training: TrainingSession, actor: Actor, **topics: dict[str, str]) -> None:
    """Saves each topic as its form would post it."""
    pages: list[tuple[str, Raw, dict[str, Any]]] = [
        (
            topic,
            {name: [value] for name, value in answers.items()},
            {"version": 0, "edit_id": f"demonstration-{topic}", "final": True},
        )
        for topic, answers in topics.items()
    ]
    _perform(Event.SAVE_TOPIC, training, actor, topics=pages)


def _perform(event: Event, training: TrainingSession, actor: Actor, **data: Any) -> None:
    workflow.perform(event, training, actor, **data)


def _trainer(user: User) -> Actor:
    return Actor(Role.TRAINER, user.id, user.name)


def _client(training: TrainingSession, company: dict[str, str]) -> Actor:
    name = f"{company['signatory_first_name']} {company['signatory_last_name']}"
    link = training.links[-1].id if training.links else None
    return Actor(Role.CLIENT, link, name)


def _choice(code: str) -> dict[str, str]:
    """The programme of that code, at the price of the catalogue."""
    identity = db.session.scalar(select(Programme.id).filter_by(code=code))
    return {"programme_id": str(identity), "remote_percent": "0"}


def _days(after: int) -> dict[str, str]:
    """Two days in a row of 7 hours, from the first Tuesday `after` days from now."""
    first = clock.today() + timedelta(days=after)
    first += timedelta(days=(1 - first.weekday()) % 7)
    return stories.schedule(_without_holidays(first))


def _without_holidays(first: date) -> Sequence[date]:
    """That Tuesday and its Wednesday; a week later when one is a fixed public holiday."""
    while {(d.month, d.day) for d in (first, first + timedelta(days=1))} & stories.HOLIDAYS:
        first += timedelta(days=7)
    return (first, first + timedelta(days=1))
