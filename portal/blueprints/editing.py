"""The buttons of a step that change what is typed: days, people, a list pasted, a past client."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import request

from portal import clock, workflow
from portal.access.rules import Role
from portal.accounts import service as accounts
from portal.blueprints import lookup
from portal.blueprints.opened import Door, Opened
from portal.documents.models import Document
from portal.training import amend_rules, people, reusing, schedule_rules
from portal.training import answers as raw_answers
from portal.training.course_forms import MAX_DAYS


def _add_day(opened: Opened, _index: str) -> None:
    raw = opened.raws["schedule"] or {}
    days = raw_answers.rows(raw, "days")
    if len(days) < MAX_DAYS:
        days.append(raw_answers.next_day(days, clock.today()))
    opened.raws["schedule"] = raw_answers.with_rows(raw, "days", days)
    opened.focus = f"days-{len(days) - 1}-date"


def _remove_day(opened: Opened, index: str) -> None:
    raw = opened.raws["schedule"] or {}
    days = raw_answers.rows(raw, "days")
    number = raw_answers.number(index)
    if number is not None and number < len(days) and len(days) > 1:
        del days[number]
    opened.raws["schedule"] = raw_answers.with_rows(raw, "days", days)
    opened.focus = f"days-{raw_answers.after_removal(index, len(days))}-date"


def _add_person(opened: Opened, _index: str) -> None:
    raw = opened.raws["trainees"] or {}
    rows = raw_answers.rows(raw, "people")
    if len(rows) < schedule_rules.MAX_TRAINEES:
        rows.append(dict.fromkeys(("first_name", "last_name", "email", "job"), ""))
    opened.raws["trainees"] = raw_answers.with_rows(raw, "people", rows)
    opened.focus = f"people-{len(rows) - 1}-first_name"


def _remove_person(opened: Opened, index: str) -> None:
    raw = opened.raws["trainees"] or {}
    rows = raw_answers.rows(raw, "people")
    number = raw_answers.number(index)
    if number is not None and number < len(rows):
        del rows[number]
    opened.raws["trainees"] = raw_answers.with_rows(raw, "people", rows)
    opened.focus = f"people-{raw_answers.after_removal(index, len(rows))}-first_name"


def _read_list(opened: Opened, _index: str) -> None:
    """Good lines become rows, bad ones stay in the box with what is wrong."""
    raw = opened.raws["trainees"] or {}
    read, opened.bad_lines = people.read((raw.get("pasted") or [""])[0])
    rows = [row for row in raw_answers.rows(raw, "people") if any(row.values())]
    known = {(row.get("first_name"), row.get("last_name"), row.get("email")) for row in rows}
    rows += [
        {"first_name": p.first_name, "last_name": p.last_name, "email": p.email, "job": ""}
        for p in read
        if (p.first_name, p.last_name, p.email) not in known
    ]
    raw = raw_answers.with_rows(raw, "people", rows[: schedule_rules.MAX_TRAINEES])
    raw["pasted"] = ["\n".join(line.text for line in opened.bad_lines)]
    count = (raw.get("headcount") or [""])[0]
    announced = raw_answers.number(count)
    if not count or (announced is not None and announced < len(rows)):
        raw["headcount"] = [str(len(rows))] if rows else [""]
    opened.raws["trainees"] = raw
    opened.focus = "pasted" if opened.bad_lines else "people-0-first_name"


def take_past_client(opened: Opened, _index: str) -> None:
    chosen = request.form.get("past_client", type=int)
    for company in reusing.past_clients(opened.training.trainer, opened.training):
        if company.id == chosen:
            opened.raws["company"] = reusing.raw_company(company)
    opened.focus = "siret"


# By button: the topic its page must ask for, and what it does.
EDITS: dict[str, tuple[str, Callable[[Opened, str], None]]] = {
    "ajouter-jour": ("schedule", _add_day),
    "retirer-jour": ("schedule", _remove_day),
    "ajouter-personne": ("trainees", _add_person),
    "retirer-personne": ("trainees", _remove_person),
    "lire-liste": ("trainees", _read_list),
    "reprendre-client": ("company", take_past_client),
    **lookup.EDITS,
}


def past_clients(door: Door, opened: Opened) -> Sequence[Any]:
    if "company" not in opened.step.topics or door.actor.role is Role.CLIENT:
        return ()
    return reusing.past_clients(opened.training.trainer, opened.training)


def amendments(opened: Opened) -> list[tuple[str, str]]:
    """What each change of this page would do today, from the table that the act follows."""
    facts = workflow.facts_of(opened.training)
    return amend_rules.said_of(
        opened.step.topics, has_agreement=facts.has_agreement, is_signed=facts.is_signed
    )


def amended(changed: Sequence[str], papers: Sequence[Document]) -> str:
    """What a change has just done, as a sentence."""
    if not changed:
        return "Rien n’avait changé."
    if not papers:
        return "Modification enregistrée. Aucun document ne change."
    if accounts.organisation().reads_over:
        return "Modification enregistrée. Les nouveaux documents partiront une fois relus."
    return "Modification enregistrée. De nouveaux documents partent au client."
