"""What the client's space says, made of the session's facts."""

from portal import french, money
from portal.accounts.models import Organisation
from portal.funding.rules import FunderChoice, Opco, VatRegime
from portal.training import service as trainings
from portal.training.models import TrainingSession
from portal.training.rules import PlaceMode, State


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
    if training.funder_choice != FunderChoice.NONE:
        filed = training.filed_on
        by = "déclaré par vous" if training.filed_by == "client" else "noté par l’organisme"
        steps += [
            (
                f"Demande {'déposée' if filed else 'à déposer'} chez {funder}",
                f"{french.date_mid(filed)}, {by}" if filed else "",
                filed is not None,
            ),
            ("Accord de prise en charge", "", False),
        ]
    steps += [("Signature de la convention", "", False), ("Formation", dates(training), False)]
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
    if training.funder_choice != FunderChoice.NONE:
        lines.append(("Pris en charge", "à confirmer"))
    return lines


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
