"""What the letters say of a dossier, frozen when they are written: plain French, ready to print."""

from datetime import date, datetime
from typing import Any

from portal import clock, french, money
from portal.accounts.models import Organisation
from portal.documents import kinds
from portal.documents.models import Document
from portal.emails.rules import accent_of, said
from portal.funding.rules import (
    STAFF_THRESHOLD,
    FunderChoice,
    VatRegime,
    filing_deadline,
    opcos,
    vat_cents,
)
from portal.training.models import TrainingSession
from portal.training.schedule_rules import PlaceMode

PURPOSES = {
    "devis": "le prix et ce qu’il comprend",
    "convention": "l’engagement entre l’entreprise et l’organisme de formation",
    "programme": "les objectifs, le contenu et le déroulement",
    "engagement": "la somme que votre entreprise s’engage à régler",
    "annexe": "les noms qui remplacent ceux de la convention, dont la signature reste valable",
}


def organisation_facts(organisation: Organisation) -> dict[str, Any]:
    """Who signs the message, and how to answer."""
    return {
        "name": french.one_line(organisation.name),
        "contact": french.one_line(organisation.contact_name),
        "function": french.one_line(organisation.contact_function),
        "email": french.one_line(organisation.email),
        "phone": french.phone(french.one_line(organisation.phone)),
        "address": french.one_line(
            f"{organisation.address}, {organisation.postcode} {organisation.city}"
        ),
        "accent": accent_of(organisation.accent),
    }


def training_facts(training: TrainingSession, regime: str) -> dict[str, Any]:
    """The session as the letters name it; an empty text where nothing is known yet."""
    company, trainer = training.company, training.trainer
    return {
        "ref": training.ref,
        "title": said(training.title) if training.programme else "",
        "when": when(training.first_day, training.last_day),
        "dates": french.span(training.first_day, training.last_day or training.first_day)
        if training.first_day
        else "",
        "duration": french.duration(training.minutes) if training.minutes else "",
        "place": place(training),
        "headcount": french.count(training.headcount, "stagiaire") if training.headcount else "",
        "price": price(training.price_cents, training.vat_regime or regime),
        "company": said(company.legal_name) if company else "",
        "trainer": said(trainer.name),
        "trainer_phone": french.phone(french.one_line(trainer.phone)) if trainer.phone else "",
    }


def when(first: date | None, last: date | None) -> str:
    """« les 12 et 13 janvier 2027 », « du 12 au 20 janvier 2027 », « le 15 décembre 2026 »."""
    if first is None:
        return ""
    span = french.span(first, last or first)
    if span.startswith("du "):
        return span
    return ("le " if first == (last or first) else "les ") + span


def place(training: TrainingSession) -> str:
    if training.place_mode == PlaceMode.REMOTE:
        return "À distance"
    if training.place_mode == PlaceMode.CLIENT:
        city = said(training.company.city) if training.company else ""
        return f"Dans vos locaux, {city}" if city else "Dans vos locaux"
    return said(training.place)


def price(cents: int | None, regime: str) -> str:
    """« 2 400,00 € nets de TVA », « 2 400,00 € HT, soit 2 880,00 € TTC »."""
    if cents is None:
        return ""
    if regime != VatRegime.STANDARD:
        return f"{money.euros(cents)} nets de TVA"
    gross = cents + vat_cents(cents, VatRegime.STANDARD)
    return f"{money.euros(cents)} HT, soit {money.euros(gross)} TTC"


def funding_facts(training: TrainingSession, at: datetime) -> dict[str, Any]:
    """Whom to ask, by when; `choice` is "opco" only when that OPCO is known."""
    opco = opcos().get(training.opco_code or "")
    chosen = training.funder_choice == FunderChoice.OPCO and opco is not None
    deadline = filing_deadline(opco, training.first_day) if chosen else None
    staff = training.company.staff_count if training.company else None
    nobody = training.funder_choice == FunderChoice.NONE
    return {
        "choice": "opco" if chosen else "none" if nobody else "unknown",
        "opco": opco.name if opco and chosen else "",
        "portal": opco.portal_name if opco and chosen else "",
        "portal_url": opco.portal_url if opco and chosen else "",
        "deadline": french.date_long(deadline) if deadline else "",
        "deadline_passed": deadline is not None and deadline < clock.paris(at).date(),
        "subrogation": training.subrogation if chosen else None,
        "wants_signed_convention": bool(opco and chosen and opco.wants_signed_convention),
        "above_threshold": chosen and (staff or 0) >= STAFF_THRESHOLD,
        "filed_on": french.date_mid(training.filed_on) if training.filed_on else "",
    }


def document_facts(training: TrainingSession, documents: list[Document]) -> list[dict[str, str]]:
    """The attached papers in the order of the catalogue."""
    order = list(kinds.KINDS)
    return [
        {
            "name": document.kind.capitalize(),
            "reference": kinds.reference(document.kind, training.number, document.version),
            "purpose": PURPOSES[document.kind],
        }
        for document in sorted(documents, key=lambda row: order.index(row.kind))
    ]
