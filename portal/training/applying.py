"""From the valid answers of a topic to the columns that every other page reads."""

from typing import Any

from portal.companies.models import Company
from portal.extensions import db
from portal.funding.rules import FunderChoice, opcos
from portal.training.models import (
    HalfDay,
    Programme,
    Trainee,
    TrainingSession,
)


def _apply_company(training: TrainingSession, form: Any) -> None:
    company = training.company or Company(training_id=training.id)
    for name in (
        "siret legal_name naf address postcode city staff_count signatory_first_name "
        "signatory_last_name signatory_function signatory_email phone contact_name "
        "contact_email billing_address"
    ).split():
        setattr(company, name, getattr(form, name).data or None)
    company.recovers_vat = form.recovers_vat.data != "non"
    db.session.add(company)


def _apply_funding(training: TrainingSession, form: Any) -> None:
    choice = form.funder.data
    is_opco = choice in opcos()
    training.funder_choice = FunderChoice.OPCO.value if is_opco else choice
    training.opco_code = choice if is_opco else None
    training.subrogation = None if choice == FunderChoice.NONE else form.subrogation.data == "oui"


def _apply_programme(training: TrainingSession, form: Any) -> None:
    programme = db.session.get(Programme, int(form.programme_id.data))
    training.programme = programme
    if programme is None:
        return
    if form.unit_price.data is None:
        training.price_basis = programme.price_basis
        training.unit_price_cents = programme.price_cents
    else:
        training.price_basis = form.price_basis.data
        training.unit_price_cents = form.unit_price.data
    training.remote_percent = form.remote_percent.data or 0


def _apply_schedule(training: TrainingSession, form: Any) -> None:
    training.place_mode = form.place_mode.data
    training.place = form.place.data or None
    training.access_notes = form.access_notes.data or None
    training.half_days = []
    db.session.flush()  # the unique half-days leave before their successors come
    training.half_days = [
        HalfDay(day=slot.day, period=slot.period.value, starts=slot.starts, ends=slot.ends)
        for slot in form.slots()
    ]


def _apply_trainees(training: TrainingSession, form: Any) -> None:
    training.headcount = form.headcount.data or len(form.named)
    training.needs_adaptation = form.needs_adaptation.data == "oui"
    training.trainees = [
        Trainee(
            position=position,
            first_name=person.first_name.data,
            last_name=person.last_name.data,
            email=person.email.data or None,
            job=person.job.data or None,
        )
        for position, person in enumerate(form.named, start=1)
    ]


APPLY = {
    "company": _apply_company,
    "funding": _apply_funding,
    "programme": _apply_programme,
    "schedule": _apply_schedule,
    "trainees": _apply_trainees,
}
