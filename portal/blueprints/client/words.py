"""What the client's space says, made of the session's facts."""

from portal import french, money
from portal.accounts.models import Organisation
from portal.funding import service as fundings
from portal.funding.rules import FunderChoice, Opco, VatRegime
from portal.training import service as trainings
from portal.training.models import TrainingSession
from portal.training.rules import State
from portal.training.schedule_rules import PlaceMode


def dates(training: TrainingSession) -> str:
    first, last = training.first_day, training.last_day
    return french.span(first, last) if first and last else "Dates à fixer"


def place(training: TrainingSession) -> str:
    if training.place_mode == PlaceMode.REMOTE:
        return "À distance"
    if training.place_mode == PlaceMode.CLIENT:
        return "Dans vos locaux" + (f", {training.company.city}" if training.company else "")
    return training.place or "Lieu à préciser"


def progress(training: TrainingSession, opco: Opco | None) -> list[tuple[str, str, str]]:
    """The steps of a dossier seen by the client: words, date, and done, now or todo."""
    funder = opco.name if opco else "votre OPCO"
    sent, company = training.sent_at, training.company
    is_sent = training.state not in (State.DRAFT, State.CANCELLED)
    to = f", à {company.correspondent_email}" if company else ""
    steps = [
        (
            "Demande complétée" if is_sent else "Demande à compléter",
            french.date_mid(sent) if is_sent and sent else "",
            is_sent,
        ),
        (
            "Documents envoyés" if is_sent else "Envoi des documents",
            french.date_mid(sent) + to if is_sent and sent else "",
            is_sent,
        ),
    ]
    granted = training.granted_cents
    split = fundings.split_of(training) if granted is not None else None
    if training.funder_choice != FunderChoice.NONE and training.self_funded_at is None:
        filed = training.filed_on
        by = "déclaré par vous" if training.filed_by == "client" else "noté par l’organisme"
        steps += [
            (
                f"Demande {'déposée' if filed else 'à déposer'} chez {funder}",
                f"{french.date_mid(filed)}, {by}" if filed else "",
                filed is not None or bool(training.agreements),
            ),
            (
                "Accord de prise en charge",
                f"{money.euros(granted)} pris en charge" if granted else "",
                split is not None,
            ),
        ]
    signed_at, owes = training.signed_at, split is not None and split.remainder_cents > 0
    if signed_at or owes or split is None:  # nothing is asked of a client who owes nothing
        is_signed = signed_at is not None and (not owes or training.committed_cents is not None)
        on = french.date_mid(signed_at) if signed_at and is_signed else ""
        steps.append(("Signature de la convention", on, is_signed))
    steps.append(("Formation", dates(training), False))
    current = next(i for i, step in enumerate(steps) if not step[2])
    closed = training.state == State.CANCELLED
    return [
        (text, sub, "done" if done else "now" if i == current and not closed else "todo")
        for i, (text, sub, done) in enumerate(steps)
    ]


def money_lines(training: TrainingSession, organisation: Organisation) -> list[tuple[str, str]]:
    """Price, VAT and what is covered, as the money summary shows them."""
    amounts = trainings.amounts(training, organisation)
    if amounts is None:
        return [("Formation", "à calculer")]
    lines = [("Formation", money.euros(amounts["net"]))]
    regime = training.vat_regime or organisation.vat_regime
    if regime == VatRegime.STANDARD:
        lines += [
            ("TVA 20 %", money.euros(amounts["vat"])),
            ("Total TTC", money.euros(amounts["total"])),
        ]
    else:
        lines.append(("TVA", "exonérée" if regime == VatRegime.EXEMPT else "non applicable"))
    if training.granted_cents is not None:
        split = fundings.split_of(training)
        including = " TTC" if split.vat_cents else ""
        lines += [
            ("Pris en charge", f"− {money.euros(split.granted.net_cents)}"),
            ("Facturé à l’OPCO", money.euros(split.funder_due_cents)),
            (f"Facturé à l’entreprise{including}", money.euros(split.client_due_cents)),
        ]
    elif training.funder_choice != FunderChoice.NONE:
        is_refused = training.state == State.REFUSED
        lines.append(("Pris en charge", "refusé" if is_refused else "à confirmer"))
    return lines


def payment_days(training: TrainingSession, organisation: Organisation) -> int:
    """Days after the invoice as the papers in force print them, whatever the setting became."""
    standing = next((paper for paper in training.documents if paper.superseded_at is None), None)
    return int(standing.facts["payment"]["days"]) if standing else organisation.payment_days


def remainder(training: TrainingSession, organisation: Organisation) -> tuple[str, str]:
    """The last line of the money summary; a client that does not recover VAT reads it with VAT."""
    words, amounts = "Reste à votre charge", trainings.amounts(training, organisation)
    if training.granted_cents is None:
        is_known = amounts is not None and training.funder_choice == FunderChoice.NONE
        return words, money.euros(amounts["total"]) if amounts and is_known else "–"
    split, company = fundings.split_of(training), training.company
    if not split.vat_cents:
        return words, money.euros(split.remainder_cents)
    if company is not None and not company.recovers_vat:
        return f"{words} TTC", money.euros(split.remainder_gross_cents)
    return f"{words} HT", money.euros(split.remainder_cents)


def kit(training: TrainingSession, organisation: Organisation) -> list[tuple[str, str]]:
    """The figures an OPCO's form asks for, ready to be copied."""
    amounts = trainings.amounts(training, organisation)
    hours = french.decimal_hours(training.minutes or 0)
    lines = [
        ("Organisme", organisation.name),
        ("SIRET de l’organisme", french.siret(organisation.siret)),
        ("Déclaration d’activité", french.nda(organisation.nda)),
        ("Intitulé", training.title),
        ("Dates", dates(training)),
        ("Durée", f"{hours} heures par stagiaire"),
        ("Effectif", french.count(training.headcount or 0, "stagiaire")),
        ("Lieu", _address(training)),
    ]
    if amounts:
        lines.append(("Coût pédagogique HT", money.euros(amounts["net"])))
        if amounts["vat"]:
            lines += [
                ("TVA 20 %", money.euros(amounts["vat"])),
                ("Total TTC", money.euros(amounts["total"])),
            ]
    return lines


def _address(training: TrainingSession) -> str:
    """The exact place a funder's form asks for: the company's own address when it is there."""
    company = training.company
    if training.place_mode == PlaceMode.CLIENT and not training.place and company:
        return f"{company.address}, {company.postcode} {company.city}"
    return training.place or place(training)
