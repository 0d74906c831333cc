"""The reminders that no other message carries: an agreement awaited, a first day that comes near.

A request to complete or to file is `letters.client_reminder`; a signature is asked again by the
very message that asked for it.
"""

from datetime import datetime

from portal import french
from portal.access.models import ShareLink
from portal.accounts.models import Organisation
from portal.emails.envelope import to_client, to_office, to_trainer
from portal.emails.facts import funding_facts, when
from portal.emails.models import Email
from portal.emails.shape import FILE, SESSION, about, client_name, notice
from portal.training.models import TrainingSession


def agreement_reminder(
    training: TrainingSession,
    link: ShareLink,
    organisation: Organisation,
    at: datetime,
    key: str,
) -> Email:
    """To the client: has its OPCO answered?"""
    funder = str(funding_facts(training, at)["opco"]) or "votre OPCO"
    filed = ""
    if training.filed_on:
        filed = f"Vous avez déposé votre demande le {french.date_mid(training.filed_on)}. "
    confirmed = f"{about(training)} sera confirmée dès que l’accord sera vérifié."
    received = (
        "Vous l’avez reçu\u00a0? Déposez le PDF ou une photo dans votre espace\u00a0: rien d’autre "
        "n’est à faire. Vous pouvez aussi y signaler un refus."
    )
    silent = f"Sans nouvelles {french.of(funder)}, appelez votre conseiller."
    return to_client(
        "agreement_reminder", training, organisation, at,
        subject=f"Avez-vous reçu l’accord {french.of(funder)}\u00a0? ({training.ref})",
        key=key,
        link=link,
        more=notice(
            "L’accord de votre OPCO est attendu",
            [f"{filed}La formation {confirmed}", received, silent],
            "Déposer l’accord",
        ),
    )  # fmt: skip


def start_reminder(
    training: TrainingSession,
    missing: str | None,
    organisation: Organisation,
    at: datetime,
    key: str,
) -> Email:
    """To the trainer: the first day comes near, and what is still missing."""
    return to_trainer(
        "start_reminder", training, organisation, at,
        subject=_near(training),
        key=key,
        more=notice("La formation approche", _lines(training, missing), SESSION),
    )  # fmt: skip


def start_reminder_office(
    training: TrainingSession,
    missing: str | None,
    organisation: Organisation,
    at: datetime,
    key: str,
) -> Email:
    """To the office, when something is still missing."""
    return to_office(
        "start_reminder_office", training, organisation, at,
        subject=_near(training),
        key=key,
        more=notice("Une formation approche", _lines(training, missing), FILE),
    )  # fmt: skip


def _near(training: TrainingSession) -> str:
    day = french.day_month(training.first_day) if training.first_day else ""
    return f"Début le {day}\u00a0: {client_name(training)} ({training.ref})"


def _lines(training: TrainingSession, missing: str | None) -> list[str]:
    lines = [f"{about(training)} a lieu {when(training.first_day, training.last_day)}."]
    if missing:
        return [*lines, missing, "La session ne pourra pas démarrer sans cela."]
    return [*lines, "Tout est prêt\u00a0: vous pourrez la démarrer le jour venu."]
