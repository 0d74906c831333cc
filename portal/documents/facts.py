"""What a paper says, frozen as JSON: strings, integers (cents, minutes, basis points), ISO dates.

Nothing here reads the clock or the database; rows come in, plain data goes out, so that the same
paper can be made again years later whatever became of the rows.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from portal import french
from portal.accounts.models import Organisation
from portal.companies.models import Company
from portal.documents.parties import (
    BOUND,
    client_facts,
    organisation_facts,
    programme_facts,
    trainer_facts,
)
from portal.funding import rules as funding
from portal.training import schedule_rules
from portal.training.models import HalfDay, Programme, TrainingSession

SCHEMA = 1
LATE_FEE_CENTS = 4_000  # article D441-5 of the Code de commerce

Facts = dict[str, Any]


class IncompleteTraining(ValueError):
    """The dossier lacks something a paper must say; the message names it, in French."""


def facts(
    training: TrainingSession, organisation: Organisation, issued_on: date, version: int
) -> Facts:
    """Everything the three papers of `training` say, as JSON.

    Raises IncompleteTraining when company, programme, half-days, headcount or price are missing,
    or when the price kept differs from the one its basis gives.
    """
    programme, company = _complete(training)
    regime = funding.VatRegime(training.vat_regime or organisation.vat_regime)
    return {
        "schema": SCHEMA,
        "number": training.number,
        "ref": training.ref,
        "version": version,
        "issued_on": issued_on.isoformat(),
        "valid_until": (issued_on + timedelta(days=organisation.quote_validity_days)).isoformat(),
        "organisation": organisation_facts(organisation),
        "client": client_facts(company),
        "programme": programme_facts(programme),
        "schedule": _schedule(training),
        "place": _place(training, company),
        "remote": _remote(training, programme),
        "trainees": _trainees(training),
        "trainer": trainer_facts(training.trainer),
        "price": _price(training, regime),
        "catalogue_price": {
            "unit_cents": programme.price_cents,
            "basis": schedule_rules.PRICE_BASIS_LABEL[
                schedule_rules.PriceBasis(programme.price_basis)
            ],
        },
        "funding": _funding(training),
        "payment": {
            "days": organisation.payment_days,
            "late_fee_cents": LATE_FEE_CENTS,
            "notice_days": organisation.notice_days,
            "forfeit_percent": organisation.forfeit_percent,
            "late_notice_days": organisation.late_notice_days,
            "late_forfeit_percent": organisation.late_forfeit_percent,
        },
    }


def beside(fresh: Facts, standing: Facts) -> Facts:
    """`fresh`, in the words of a paper that stays in force: papers of one dossier name one
    organisation and one set of terms, whatever its settings became since."""
    bound = {name: standing["organisation"][name] for name in BOUND}
    organisation = {**fresh["organisation"], **bound}
    return {**fresh, "organisation": organisation, "payment": standing["payment"]}


def _complete(training: TrainingSession) -> tuple[Programme, Company]:
    programme, company = training.programme, training.company
    missing = [
        name
        for name, value in (
            ("le programme", programme),
            ("l’entreprise", company),
            ("les demi-journées", training.half_days),
            ("l’effectif", training.headcount),
            ("le prix", training.price_cents),
        )
        if not value
    ]
    if missing or programme is None or company is None:
        raise IncompleteTraining("Il manque\u00a0: " + french.enumeration(missing))
    return programme, company


def _slots(half_days: Sequence[HalfDay]) -> list[schedule_rules.Slot]:
    ordered = sorted(half_days, key=lambda row: (row.day, row.starts))
    return [
        schedule_rules.Slot(row.day, schedule_rules.Period(row.period), row.starts, row.ends)
        for row in ordered
    ]


def _schedule(training: TrainingSession) -> Facts:
    slots = _slots(training.half_days)
    days = schedule_rules.days_of(slots)
    return {
        "half_days": [
            {
                "day": slot.day.isoformat(),
                "period": slot.period.value,
                "starts": slot.starts.isoformat("minutes"),
                "ends": slot.ends.isoformat("minutes"),
                "minutes": slot.minutes,
            }
            for slot in slots
        ],
        "minutes": schedule_rules.total_minutes(slots),
        "days": len(days),
        "first_day": days[0].isoformat(),
        "last_day": days[-1].isoformat(),
    }


def _place(training: TrainingSession, company: Company) -> Facts:
    mode = schedule_rules.PlaceMode(training.place_mode or schedule_rules.PlaceMode.CLIENT)
    place = training.place
    if mode is schedule_rules.PlaceMode.CLIENT and not place:
        place = f"{company.address}, {company.postcode} {company.city}"
    return {"mode": mode.value, "label": place or ""}


def _remote(training: TrainingSession, programme: Programme) -> Facts:
    minutes = schedule_rules.total_minutes(_slots(training.half_days))
    return {
        "percent": training.remote_percent or 0,
        "minutes": (minutes * (training.remote_percent or 0) + 50) // 100,
        "help": programme.remote_help or "",
    }


def _trainees(training: TrainingSession) -> Facts:
    ordered = sorted(training.trainees, key=lambda row: row.position)
    return {
        "headcount": training.headcount,
        "named": [{"name": row.name, "job": row.job or ""} for row in ordered],
    }


def _price(training: TrainingSession, regime: funding.VatRegime) -> Facts:
    slots = _slots(training.half_days)
    minutes, days = schedule_rules.total_minutes(slots), len(schedule_rules.days_of(slots))
    people, net = training.headcount or 0, training.price_cents or 0
    basis = schedule_rules.PriceBasis(training.price_basis or schedule_rules.PriceBasis.FLAT)
    unit = net if training.unit_price_cents is None else training.unit_price_cents
    if schedule_rules.price_cents(basis, unit, days, minutes, people) != net:
        raise IncompleteTraining("Le prix ne correspond plus à la durée ou à l’effectif")
    vat = funding.vat_cents(net, regime)
    return {
        "basis": basis.value,
        "basis_label": schedule_rules.PRICE_BASIS_LABEL[basis],
        "unit_cents": unit,
        "quantity": _quantity(basis, days, minutes, people),
        "net_cents": net,
        "vat_regime": regime.value,
        "vat_rate": funding.VAT_RATE[regime],
        "vat_mention": funding.VAT_MENTION[regime],
        "vat_cents": vat,
        "gross_cents": net + vat,
    }


def _quantity(basis: schedule_rules.PriceBasis, days: int, minutes: int, people: int) -> str:
    """« 3 jours », « 21 heures », « 6 stagiaires », « 126,00 heures-stagiaires »."""
    return {
        schedule_rules.PriceBasis.FLAT: "1",
        schedule_rules.PriceBasis.DAY: french.count(days, "jour"),
        schedule_rules.PriceBasis.HOUR: french.duration(minutes),
        schedule_rules.PriceBasis.TRAINEE: french.count(people, "stagiaire"),
        schedule_rules.PriceBasis.HOUR_TRAINEE: (
            f"{french.decimal_hours(minutes * people)} heures-stagiaires"
        ),
    }[basis]


def _funding(training: TrainingSession) -> Facts:
    choice = funding.FunderChoice(training.funder_choice or funding.FunderChoice.UNKNOWN)
    opco = None
    if choice is funding.FunderChoice.OPCO:
        opco = funding.opcos().get(training.opco_code or "")
        choice = choice if opco else funding.FunderChoice.UNKNOWN
    return {
        "choice": choice.value,
        "opco": opco.name if opco else None,
        "subrogation": bool(training.subrogation) and choice is not funding.FunderChoice.NONE,
        "granted": _granted(training),
    }


def _granted(training: TrainingSession) -> Facts | None:
    """The figures of the agreement once it is validated: who covers, who is invoiced, in cents."""
    if training.granted_cents is None or training.price_cents is None:
        return None
    agreement = next((a for a in reversed(training.agreements) if a.state == "validated"), None)
    shared = funding.split(
        training.price_cents,
        funding.VatRegime(training.vat_regime or funding.VatRegime.EXEMPT),
        funding.Grant(training.granted_cents, training.granted_vat_cents or 0),
        bool(training.subrogation),
    )
    return {
        "number": agreement.number if agreement else None,
        "net_cents": shared.granted.net_cents,
        "vat_cents": shared.granted.vat_cents,
        "remainder_cents": shared.remainder_cents,
        "remainder_gross_cents": shared.remainder_gross_cents,
        "funder_due_cents": shared.funder_due_cents,
        "client_due_cents": shared.client_due_cents,
    }
