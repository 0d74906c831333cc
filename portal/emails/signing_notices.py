"""The short messages of the signature: asked, given, refused, handed to somebody else.

None of them carries anything that lets sign, but `sign_request` and `one_time_code`.
"""

from datetime import datetime

from portal import french, money
from portal.access.models import ShareLink
from portal.accounts.models import Organisation
from portal.documents import kinds
from portal.documents.models import Document
from portal.emails.envelope import to_client, to_office, to_signatory, to_trainer
from portal.emails.models import Email
from portal.emails.rules import said
from portal.emails.shape import (
    FILE,
    SESSION,
    about,
    client_name,
    notice,
    reason_line,
)
from portal.signature.models import OneTimeCode, Signature, SignatureKind
from portal.training.models import TrainingSession


def sign_request(
    training: TrainingSession,
    link: ShareLink,
    due_cents: int,
    organisation: Organisation,
    at: datetime,
    kind: str = "convention",
) -> Email:
    """To the signatory alone: the only message that opens the signature of that kind of paper."""
    amount = money.euros(due_cents) if due_cents else ""
    subject = f"À signer\u00a0: convention de formation ({training.ref})"
    what = f"La convention de la formation {about(training)} attend votre signature."
    if kind == "engagement":
        subject = f"À signer\u00a0: engagement à régler {amount}"
        what = (
            f"La convention de la formation {about(training)} est signée. Reste votre engagement "
            f"à régler {amount}, sur un document à part."
        )
    elif due_cents:
        subject = f"À signer\u00a0: convention et engagement à régler {amount}"
        what += f" Elle comprend votre engagement à régler {amount}."
    return to_signatory(
        "sign_request", training, link, organisation, at,
        subject=subject,
        key=f"{link.id}:{link.rotation}",
        more=notice("Un document à signer", [
            what, "Un code vous sera remis à part au moment de signer.",
            f"Ce lien vous est personnel, jusqu’au {french.date_long(link.expires_at)}.",
            "Ne le transmettez pas\u00a0: si une autre personne doit signer, dites-le sur la page.",
        ], "Lire et signer"),
    )  # fmt: skip


def one_time_code(
    training: TrainingSession,
    link: ShareLink,
    document: Document,
    code: OneTimeCode,
    organisation: Organisation,
    at: datetime,
) -> Email:
    """To the signatory alone. The row names the code by its id: its digits are computed when the
    message leaves, and stand nowhere."""
    paper = kinds.reference(document.kind, training.number, document.version)
    letter = to_signatory(
        "one_time_code", training, link, organisation, at,
        subject=f"Votre code pour signer ({training.ref})",
        key=str(code.id),
        more={
            "code_id": code.id,
            "paper": f"le document {paper}",
            "until": french.hour(code.expires_at),
        },
    )  # fmt: skip
    letter.context = {**letter.context, "link_id": None}  # one message, one key
    return letter


def _signed(training: TrainingSession, signature: Signature, due_cents: int) -> list[str]:
    document = signature.document
    reference = kinds.reference(document.kind, training.number, document.version)
    on_paper = ", sur papier" if signature.kind == SignatureKind.PAPER else ""
    undertaking = ""
    if due_cents:
        undertaking = f"Engagement à régler\u00a0: {money.euros(due_cents)}."
    file = "La numérisation du document signé" if on_paper else "Le document signé et scellé"
    return [
        f"{said(signature.name)} a signé {reference}{on_paper}, pour {about(training)}.",
        undertaking,
        f"{file} et son dossier de preuve sont joints à ce message.",
    ]


def _sealed(signature: Signature) -> dict[str, object]:
    """The message leaves once the worker has sealed that signature, and carries what it made."""
    return {"signature_id": signature.id}


def signed_to_client(
    training: TrainingSession,
    signature: Signature,
    due_cents: int,
    organisation: Organisation,
    at: datetime,
) -> Email:
    """To the client: what was signed, sealed, with its proof."""
    what = "Convention signée" if signature.document.kind == "convention" else "Engagement signé"
    return to_client(
        "signed_to_client", training, organisation, at,
        subject=f"{what} ({training.ref})",
        key=str(signature.id),
        more=_sealed(signature) | notice(what, [
            *_signed(training, signature, due_cents),
            "Vous les retrouvez à tout moment dans votre espace.",
        ]),
    )  # fmt: skip


def signed_to_trainer(
    training: TrainingSession,
    signature: Signature,
    due_cents: int,
    organisation: Organisation,
    at: datetime,
) -> Email:
    """To the trainer: one thing less before the start."""
    return to_trainer(
        "signed_to_trainer", training, organisation, at,
        subject=f"Signé par {client_name(training)} ({training.ref})",
        key=str(signature.id),
        more=_sealed(signature)
        | notice("Le client a signé", _signed(training, signature, due_cents), SESSION),
    )  # fmt: skip


def signed_to_office(
    training: TrainingSession,
    signature: Signature,
    due_cents: int,
    organisation: Organisation,
    at: datetime,
) -> Email:
    """To the office: for the file."""
    return to_office(
        "signed_to_office", training, organisation, at,
        subject=f"Signé par {client_name(training)} ({training.ref})",
        key=str(signature.id),
        more=_sealed(signature)
        | notice("Le client a signé", _signed(training, signature, due_cents), FILE),
    )  # fmt: skip


def declined_to_trainer(
    training: TrainingSession, organisation: Organisation, reason: str, at: datetime
) -> Email:
    """To the trainer: the signatory refused."""
    return to_trainer(
        "declined_to_trainer", training, organisation, at,
        subject=f"Signature refusée par {client_name(training)} ({training.ref})",
        key=at.isoformat(),
        more=notice("La signature est refusée", [reason_line(reason)], SESSION),
    )  # fmt: skip


def declined_to_office(
    training: TrainingSession, organisation: Organisation, reason: str, at: datetime
) -> Email:
    """To the office: the signatory refused."""
    return to_office(
        "declined_to_office", training, organisation, at,
        subject=f"Signature refusée par {client_name(training)} ({training.ref})",
        key=at.isoformat(),
        more=notice("La signature est refusée", [reason_line(reason)], FILE),
    )  # fmt: skip


def delegated_to_former(
    training: TrainingSession,
    former: str,
    organisation: Organisation,
    at: datetime,
    *,
    had_link: bool = True,
) -> Email:
    """To the address that was left: another person signs."""
    company = training.company
    name = said(company.signatory_name) if company else "une autre personne"
    return to_signatory(
        "delegated_to_former", training, None, organisation, at,
        address=former,
        subject=f"Signature transmise à {name} ({training.ref})",
        key=at.isoformat(),
        more=notice("La signature est transmise", [
            f"{name} signera à votre place pour {about(training)}.",
            "Le lien que vous aviez reçu ne s’ouvre plus." if had_link else "",
            "Vous n’avez rien demandé\u00a0? Répondez à ce message sans attendre.",
        ]),
    )  # fmt: skip


def delegated_to_office(
    training: TrainingSession, former: str, organisation: Organisation, at: datetime
) -> Email:
    """To the office: the signatory changed."""
    company = training.company
    name = said(company.signatory_name) if company else "une autre personne"
    return to_office(
        "delegated_to_office", training, organisation, at,
        subject=f"Signataire changé\u00a0: {client_name(training)} ({training.ref})",
        key=at.isoformat(),
        more=notice("La personne qui signe a changé", [
            f"{name} signera à la place de la personne jointe à {said(former, 120)}.",
        ], FILE),
    )  # fmt: skip


def address_corrected_to_former(
    training: TrainingSession, former: str, new: str, organisation: Organisation, at: datetime
) -> Email:
    """To the address that was left: nothing more arrives there."""
    return to_signatory(
        "address_corrected_to_former", training, None, organisation, at,
        address=former,
        subject=f"Votre adresse a été remplacée ({training.ref})",
        key=at.isoformat(),
        more=notice("Une autre adresse remplace la vôtre", [
            "Les messages de ce dossier partent désormais à une autre adresse.",
            "Les liens que vous aviez reçus ne s’ouvrent plus.",
            "Vous n’avez rien demandé\u00a0? Répondez à ce message sans attendre.",
        ]),
    )  # fmt: skip


def address_corrected_to_office(
    training: TrainingSession, former: str, new: str, organisation: Organisation, at: datetime
) -> Email:
    """To the office: where the client is written to has changed."""
    return to_office(
        "address_corrected_to_office", training, organisation, at,
        subject=f"Adresse corrigée\u00a0: {client_name(training)} ({training.ref})",
        key=at.isoformat(),
        more=notice("L’adresse du client a changé", [
            f"{said(former, 120)} devient {said(new, 120)}.",
        ], FILE),
    )  # fmt: skip
