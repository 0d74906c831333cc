"""The short messages of a signature by hand: received, sent back. None lets anybody sign."""

from datetime import datetime

from portal import french
from portal.accounts.models import Organisation
from portal.emails.envelope import to_client, to_office, to_trainer
from portal.emails.models import Email
from portal.emails.rules import said
from portal.emails.shape import FILE, SESSION, about, client_name, notice, reason_line, received
from portal.training.models import TrainingSession
from portal.uploads.models import Upload


def paper_receipt(
    training: TrainingSession, upload: Upload, organisation: Organisation, at: datetime
) -> Email:
    """To the client: the scan of what was signed by hand is received."""
    return to_client(
        "paper_receipt", training, organisation, at,
        subject=f"Document signé bien reçu, nous le vérifions ({training.ref})",
        key=str(upload.id),
        more=notice("Document signé bien reçu", [
            f"Nous avons reçu {received(upload)}, {french.moment(at)}.",
            "Nous le vérifions sous deux jours ouvrés, puis vous écrivons.",
        ]),
    )  # fmt: skip


def paper_to_check(
    training: TrainingSession, upload: Upload, organisation: Organisation, at: datetime
) -> Email:
    """To the office: a paper signed by hand is to be looked at."""
    return to_office(
        "paper_to_check", training, organisation, at,
        subject=f"Signature sur papier à vérifier\u00a0: {client_name(training)} ({training.ref})",
        key=str(upload.id),
        more=notice("Une signature sur papier est à vérifier", [
            f"{said(upload.received_by)} a déposé {received(upload)} pour {about(training)}.",
        ], FILE),
    )  # fmt: skip


def paper_refused_to_client(
    training: TrainingSession, organisation: Organisation, reason: str, at: datetime
) -> Email:
    """To the client: the scan does not do, and why."""
    return to_client(
        "paper_refused_to_client", training, organisation, at,
        subject=f"Le document signé est à renvoyer ({training.ref})",
        key=at.isoformat(),
        more=notice("Le document signé est à renvoyer", [
            "Nous n’avons pas pu enregistrer la signature sur papier.", reason_line(reason),
            "Renvoyez une numérisation lisible du bon document, ou signez en ligne.",
        ]),
    )  # fmt: skip


def paper_refused_to_trainer(
    training: TrainingSession, organisation: Organisation, reason: str, at: datetime
) -> Email:
    """To the trainer: the signature is still awaited."""
    return to_trainer(
        "paper_refused_to_trainer", training, organisation, at,
        subject=f"Signature sur papier renvoyée à {client_name(training)} ({training.ref})",
        key=at.isoformat(),
        more=notice("La signature sur papier est renvoyée", [reason_line(reason)], SESSION),
    )  # fmt: skip
