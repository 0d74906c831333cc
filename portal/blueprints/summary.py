"""The live summary of a session, and the words it shares with other pages."""

from typing import Any

from portal import french
from portal.accounts import service as accounts
from portal.blueprints import lookup
from portal.funding.rules import FunderChoice, filing_deadline, opcos
from portal.programmes import rules
from portal.training import schedule_rules
from portal.training import service as trainings
from portal.training.course_forms import ScheduleForm
from portal.training.models import TrainingSession


def typed_duration(form: ScheduleForm) -> str:
    """« 2 jours · 14 heures », of the half-days typed so far; nothing before the first date."""
    slots = form.slots()
    if not slots:
        return ""
    days = french.count(len(schedule_rules.days_of(slots)), "jour")
    return f"{days} · {french.duration(schedule_rules.total_minutes(slots))}"


def recap(training: TrainingSession) -> dict[str, Any]:
    """What the live summary says."""
    organisation = accounts.organisation()
    opco = opcos().get(training.opco_code or "")
    first, last = training.first_day, training.last_day
    proposed, note = lookup.funder_note(training)
    return {
        "proposed": proposed,
        "funder_note": note,
        "amounts": trainings.amounts(training, organisation),
        "regime": training.vat_regime or organisation.vat_regime,
        "days": len(schedule_rules.days_of(trainings.slots_of(training))),
        "dates": french.span(first, last) if first and last else "",
        "funder": funder_name(training),
        "opco": opco,
        "deadline": filing_deadline(opco, first),
    }


def funder_name(training: TrainingSession) -> str:
    """« Constructys », « OPCO à préciser » or « Sans OPCO »."""
    opco = opcos().get(training.opco_code or "")
    if opco is not None:
        return opco.name
    return "Sans OPCO" if training.funder_choice == FunderChoice.NONE else "OPCO à préciser"


def catalogue(training: TrainingSession, *, is_asked: bool) -> dict[str, Any]:
    """The programmes to choose from, and what the version in force changed of the one chosen."""
    if not is_asked:
        return {"catalogue": (), "newer": None, "changes": ()}
    newer, chosen = trainings.newer_programme(training), training.programme
    changes = rules.changes(chosen.values, newer.values) if newer and chosen else ()
    return {"catalogue": trainings.programmes(training), "newer": newer, "changes": changes}
