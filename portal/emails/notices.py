"""The short messages about the agreement: received, returned, decided, corrected, refused.

Each function is one message, frozen as a heading and a few paragraphs; none lets sign anything.
"""

from collections.abc import Sequence
from datetime import datetime

from portal import french, money
from portal.accounts.models import Organisation
from portal.emails.envelope import to_client, to_office, to_trainer
from portal.emails.models import Email
from portal.emails.rules import said
from portal.emails.shape import FILE, SESSION, about, client_name, notice, reason_line, received
from portal.funding.rules import Split
from portal.training.models import TrainingSession
from portal.uploads.models import Upload


def agreement_receipt(
    training: TrainingSession, upload: Upload, organisation: Organisation, at: datetime
) -> Email:
    """To the client: what was received, when."""
    return to_client(
        "agreement_receipt", training, organisation, at,
        subject=f"Accord bien reçu, nous le vérifions ({training.ref})",
        key=str(upload.id),
        more=notice("Accord bien reçu", [
            f"Nous avons reçu {received(upload)}, {french.moment(at)}.",
            "Nous le vérifions sous deux jours ouvrés, puis vous écrivons.",
        ]),
    )  # fmt: skip


def agreement_to_check(
    training: TrainingSession, upload: Upload, organisation: Organisation, at: datetime
) -> Email:
    """To the office: one more agreement in the queue."""
    return to_office(
        "agreement_to_check", training, organisation, at,
        subject=f"Accord à vérifier\u00a0: {client_name(training)} ({training.ref})",
        key=str(upload.id),
        more=notice("Un accord est à vérifier", [
            f"{said(upload.received_by)} a déposé {received(upload)} pour {about(training)}.",
        ], FILE),
    )  # fmt: skip


def agreement_returned_to_client(
    training: TrainingSession, organisation: Organisation, reason: str, at: datetime
) -> Email:
    """To the client: another document is needed, and why."""
    return to_client(
        "agreement_returned_to_client", training, organisation, at,
        subject=f"Nous avons besoin d’un autre document ({training.ref})",
        key=at.isoformat(),
        more=notice("Un autre document est nécessaire", [
            "Nous n’avons pas pu valider l’accord que vous avez déposé.", reason_line(reason),
            "Déposez le bon document dans votre espace\u00a0: rien d’autre n’est à refaire.",
        ]),
    )  # fmt: skip


def agreement_returned_to_trainer(
    training: TrainingSession, organisation: Organisation, reason: str, at: datetime
) -> Email:
    """To the trainer: the client has to send another document."""
    return to_trainer(
        "agreement_returned_to_trainer", training, organisation, at,
        subject=f"Accord renvoyé à {client_name(training)} ({training.ref})",
        key=at.isoformat(),
        more=notice("L’accord est renvoyé au client", [reason_line(reason)], SESSION),
    )  # fmt: skip


def funded_to_client(
    training: TrainingSession, split: Split, organisation: Organisation, at: datetime
) -> Email:
    """To the client: everything is covered; what will still be invoiced is said."""
    due = ""
    if split.client_due_cents:
        due = f"{money.euros(split.client_due_cents)} vous seront facturés après la formation."
        if not split.funder_due_cents:
            due += " Votre OPCO vous rembourse ensuite la part qu’il prend en charge."
    return to_client(
        "funded_to_client", training, organisation, at,
        subject=f"Formation confirmée\u00a0: {money.euros(split.granted.net_cents)} pris en charge",
        key=at.isoformat(),
        more=notice("Formation confirmée", [
            f"{money.euros(split.granted.net_cents)} sont pris en charge pour {about(training)}.",
            due, "L’accord est visible dans votre espace.",
        ]),
    )  # fmt: skip


def funded_to_trainer(
    training: TrainingSession, split: Split, organisation: Organisation, at: datetime
) -> Email:
    """To the trainer: validated, and what is still awaited before the start."""
    awaited = "Vous pourrez démarrer la formation le jour venu."
    if split.remainder_cents:
        awaited = (
            f"Reste à charge\u00a0: {money.euros(split.remainder_cents)}. Le client doit signer et "
            "s’engager à le régler avant le début."
        )
    return to_trainer(
        "funded_to_trainer", training, organisation, at,
        subject=f"Accord validé\u00a0: {client_name(training)} ({training.ref})",
        key=at.isoformat(),
        more=notice("L’accord est validé", [
            f"{money.euros(split.granted.net_cents)} sont pris en charge.", awaited,
        ], SESSION),
    )  # fmt: skip


def self_funded_to_trainer(
    training: TrainingSession, organisation: Organisation, at: datetime
) -> Email:
    """To the trainer: the company pays by itself."""
    return to_trainer(
        "self_funded_to_trainer", training, organisation, at,
        subject=f"{client_name(training)} règle la formation ({training.ref})",
        key=at.isoformat(),
        more=notice("Le client règle lui-même", [
            "Il reçoit la convention à signer, avec son engagement à régler le prix entier.",
        ], SESSION),
    )  # fmt: skip


def agreement_corrected_to_client(
    training: TrainingSession,
    had_undertaking: bool,
    organisation: Organisation,
    reason: str,
    at: datetime,
) -> Email:
    """To the client: the figures are taken back, and the undertaking with them."""
    fallen = "Votre engagement à régler ne vaut plus." if had_undertaking else ""
    return to_client(
        "agreement_corrected_to_client", training, organisation, at,
        subject=f"Accord à vérifier de nouveau ({training.ref})",
        key=at.isoformat(),
        more=notice("L’accord est vérifié de nouveau", [
            "Les montants validés sont retirés.", fallen, reason_line(reason),
            "Nous revenons vers vous avec les bons montants.",
        ]),
    )  # fmt: skip


def agreement_corrected_to_trainer(
    training: TrainingSession,
    had_undertaking: bool,
    organisation: Organisation,
    reason: str,
    at: datetime,
) -> Email:
    """To the trainer: back to checking."""
    fallen = "L’engagement du client ne vaut plus." if had_undertaking else ""
    return to_trainer(
        "agreement_corrected_to_trainer", training, organisation, at,
        subject=f"Accord corrigé\u00a0: {client_name(training)} ({training.ref})",
        key=at.isoformat(),
        more=notice("L’accord est vérifié de nouveau", [fallen, reason_line(reason)], SESSION),
    )  # fmt: skip


def amended_to_office(
    training: TrainingSession,
    changes: Sequence[str],
    organisation: Organisation,
    reason: str,
    at: datetime,
) -> Email:
    """To the office: a session whose funder had answered was changed."""
    return to_office(
        "amended_to_office", training, organisation, at,
        subject=f"Session modifiée après l’accord\u00a0: {client_name(training)} ({training.ref})",
        key=at.isoformat(),
        more=notice("Une session a changé après l’accord", [
            f"{about(training)} a été modifiée.", reason_line(reason),
            *(said(line, 300) for line in changes),
        ], FILE),
    )  # fmt: skip


def refused_to_client(
    training: TrainingSession, organisation: Organisation, reason: str, at: datetime
) -> Email:
    """To the client: three choices."""
    return to_client(
        "refused_to_client", training, organisation, at,
        subject=f"Financement refusé\u00a0: que souhaitez-vous\u00a0? ({training.ref})",
        key=at.isoformat(),
        more=notice("Financement refusé", [
            reason_line(reason),
            "Dans votre espace, choisissez de régler vous-même, de reporter ou d’annuler.",
        ], "Choisir dans mon espace"),
    )  # fmt: skip


def refused_to_trainer(
    training: TrainingSession, organisation: Organisation, reason: str, at: datetime
) -> Email:
    """To the trainer: the client chooses."""
    return to_trainer(
        "refused_to_trainer", training, organisation, at,
        subject=f"Financement refusé\u00a0: {client_name(training)} ({training.ref})",
        key=at.isoformat(),
        more=notice("Le financement est refusé", [
            reason_line(reason), "Le client choisit de régler lui-même, de reporter ou d’annuler.",
        ], SESSION),
    )  # fmt: skip


def postponed_to_trainer(
    training: TrainingSession, organisation: Organisation, at: datetime
) -> Email:
    """To the trainer: new dates are wanted."""
    return to_trainer(
        "postponed_to_trainer", training, organisation, at,
        subject=f"Formation à reporter\u00a0: {client_name(training)} ({training.ref})",
        key=at.isoformat(),
        more=notice("Le client reporte la formation", [
            "La session redevient un brouillon sans dates\u00a0: proposez-en de nouvelles.",
        ], SESSION),
    )  # fmt: skip
