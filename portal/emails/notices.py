"""The short messages of the second half: from the agreement received to the signature given.

Each function is one message, frozen as a heading and a few paragraphs; they share one pair of
templates. None of them carries anything that lets sign, but `sign_request` and `one_time_code`.
"""

from collections.abc import Sequence
from datetime import datetime

from portal import french, money
from portal.access.models import ShareLink
from portal.accounts.models import Organisation
from portal.documents import kinds
from portal.documents.models import Document
from portal.emails.envelope import to_client, to_office, to_signatory, to_trainer
from portal.emails.models import Email
from portal.emails.rules import said
from portal.funding.rules import Split
from portal.signature.models import OneTimeCode, Signature, SignatureKind
from portal.training.models import TrainingSession
from portal.uploads.models import Upload

REASON_LIMIT = 500
SPACE, SESSION, FILE = "Ouvrir mon espace", "Voir la session", "Ouvrir le dossier"


def _notice(heading: str, paragraphs: Sequence[str], action: str = SPACE) -> dict[str, object]:
    return {
        "template": "notice",
        "heading": heading,
        "paragraphs": [text for text in paragraphs if text],
        "action": action,
    }


def _client(training: TrainingSession) -> str:
    return said(training.company.legal_name) if training.company else "Le client"


def _about(training: TrainingSession) -> str:
    return f"«\u00a0{said(training.title)}\u00a0» ({training.ref})"


def _reason(reason: str) -> str:
    return f"Raison indiquée\u00a0: «\u00a0{said(reason, REASON_LIMIT)}\u00a0»."


def _received(upload: Upload) -> str:
    pages = french.count(upload.pages, "page")
    return f"{said(upload.name, 120)} ({pages}, {french.size(upload.octets)})"


def agreement_receipt(
    training: TrainingSession, upload: Upload, organisation: Organisation, at: datetime
) -> Email:
    """To the client: what was received, when."""
    return to_client(
        "agreement_receipt", training, organisation, at,
        subject=f"Accord bien reçu, nous le vérifions ({training.ref})",
        key=str(upload.id),
        more=_notice("Accord bien reçu", [
            f"Nous avons reçu {_received(upload)}, {french.moment(at)}.",
            "Nous le vérifions sous deux jours ouvrés, puis vous écrivons.",
        ]),
    )  # fmt: skip


def agreement_to_check(
    training: TrainingSession, upload: Upload, organisation: Organisation, at: datetime
) -> Email:
    """To the office: one more agreement in the queue."""
    return to_office(
        "agreement_to_check", training, organisation, at,
        subject=f"Accord à vérifier\u00a0: {_client(training)} ({training.ref})",
        key=str(upload.id),
        more=_notice("Un accord est à vérifier", [
            f"{said(upload.received_by)} a déposé {_received(upload)} pour {_about(training)}.",
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
        more=_notice("Un autre document est nécessaire", [
            "Nous n’avons pas pu valider l’accord que vous avez déposé.", _reason(reason),
            "Déposez le bon document dans votre espace\u00a0: rien d’autre n’est à refaire.",
        ]),
    )  # fmt: skip


def agreement_returned_to_trainer(
    training: TrainingSession, organisation: Organisation, reason: str, at: datetime
) -> Email:
    """To the trainer: the client has to send another document."""
    return to_trainer(
        "agreement_returned_to_trainer", training, organisation, at,
        subject=f"Accord renvoyé à {_client(training)} ({training.ref})",
        key=at.isoformat(),
        more=_notice("L’accord est renvoyé au client", [_reason(reason)], SESSION),
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
        more=_notice("Formation confirmée", [
            f"{money.euros(split.granted.net_cents)} sont pris en charge pour {_about(training)}.",
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
        subject=f"Accord validé\u00a0: {_client(training)} ({training.ref})",
        key=at.isoformat(),
        more=_notice("L’accord est validé", [
            f"{money.euros(split.granted.net_cents)} sont pris en charge.", awaited,
        ], SESSION),
    )  # fmt: skip


def self_funded_to_trainer(
    training: TrainingSession, organisation: Organisation, at: datetime
) -> Email:
    """To the trainer: the company pays by itself."""
    return to_trainer(
        "self_funded_to_trainer", training, organisation, at,
        subject=f"{_client(training)} règle la formation ({training.ref})",
        key=at.isoformat(),
        more=_notice("Le client règle lui-même", [
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
        more=_notice("L’accord est vérifié de nouveau", [
            "Les montants validés sont retirés.", fallen, _reason(reason),
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
        subject=f"Accord corrigé\u00a0: {_client(training)} ({training.ref})",
        key=at.isoformat(),
        more=_notice("L’accord est vérifié de nouveau", [fallen, _reason(reason)], SESSION),
    )  # fmt: skip


def refused_to_client(
    training: TrainingSession, organisation: Organisation, reason: str, at: datetime
) -> Email:
    """To the client: three choices."""
    return to_client(
        "refused_to_client", training, organisation, at,
        subject=f"Financement refusé\u00a0: que souhaitez-vous\u00a0? ({training.ref})",
        key=at.isoformat(),
        more=_notice("Financement refusé", [
            _reason(reason),
            "Dans votre espace, choisissez de régler vous-même, de reporter ou d’annuler.",
        ], "Choisir dans mon espace"),
    )  # fmt: skip


def refused_to_trainer(
    training: TrainingSession, organisation: Organisation, reason: str, at: datetime
) -> Email:
    """To the trainer: the client chooses."""
    return to_trainer(
        "refused_to_trainer", training, organisation, at,
        subject=f"Financement refusé\u00a0: {_client(training)} ({training.ref})",
        key=at.isoformat(),
        more=_notice("Le financement est refusé", [
            _reason(reason), "Le client choisit de régler lui-même, de reporter ou d’annuler.",
        ], SESSION),
    )  # fmt: skip


def postponed_to_trainer(
    training: TrainingSession, organisation: Organisation, at: datetime
) -> Email:
    """To the trainer: new dates are wanted."""
    return to_trainer(
        "postponed_to_trainer", training, organisation, at,
        subject=f"Formation à reporter\u00a0: {_client(training)} ({training.ref})",
        key=at.isoformat(),
        more=_notice("Le client reporte la formation", [
            "La session redevient un brouillon sans dates\u00a0: proposez-en de nouvelles.",
        ], SESSION),
    )  # fmt: skip


def sign_request(
    training: TrainingSession,
    link: ShareLink,
    due_cents: int,
    organisation: Organisation,
    at: datetime,
) -> Email:
    """To the signatory alone: the only message that opens the signature."""
    subject = f"À signer\u00a0: convention de formation ({training.ref})"
    what = f"La convention de la formation {_about(training)} attend votre signature."
    if due_cents:
        amount = money.euros(due_cents)
        subject = f"À signer\u00a0: convention et engagement à régler {amount}"
        what += f" Elle comprend votre engagement à régler {amount}."
    return to_signatory(
        "sign_request", training, link, organisation, at,
        subject=subject,
        key=f"{link.id}:{link.rotation}",
        more=_notice("Un document à signer", [
            what, "Vous recevrez un code par e-mail au moment de signer.",
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
        f"{said(signature.name)} a signé {reference}{on_paper}, pour {_about(training)}.",
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
        more=_sealed(signature) | _notice(what, [
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
        subject=f"Signé par {_client(training)} ({training.ref})",
        key=str(signature.id),
        more=_sealed(signature)
        | _notice("Le client a signé", _signed(training, signature, due_cents), SESSION),
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
        subject=f"Signé par {_client(training)} ({training.ref})",
        key=str(signature.id),
        more=_sealed(signature)
        | _notice("Le client a signé", _signed(training, signature, due_cents), FILE),
    )  # fmt: skip


def declined_to_trainer(
    training: TrainingSession, organisation: Organisation, reason: str, at: datetime
) -> Email:
    """To the trainer: the signatory refused."""
    return to_trainer(
        "declined_to_trainer", training, organisation, at,
        subject=f"Signature refusée par {_client(training)} ({training.ref})",
        key=at.isoformat(),
        more=_notice("La signature est refusée", [_reason(reason)], SESSION),
    )  # fmt: skip


def declined_to_office(
    training: TrainingSession, organisation: Organisation, reason: str, at: datetime
) -> Email:
    """To the office: the signatory refused."""
    return to_office(
        "declined_to_office", training, organisation, at,
        subject=f"Signature refusée par {_client(training)} ({training.ref})",
        key=at.isoformat(),
        more=_notice("La signature est refusée", [_reason(reason)], FILE),
    )  # fmt: skip


def delegated_to_former(
    training: TrainingSession, former: str, organisation: Organisation, at: datetime
) -> Email:
    """To the address that was left: another person signs."""
    company = training.company
    name = said(company.signatory_name) if company else "une autre personne"
    return to_signatory(
        "delegated_to_former", training, None, organisation, at,
        address=former,
        subject=f"Signature transmise à {name} ({training.ref})",
        key=at.isoformat(),
        more=_notice("La signature est transmise", [
            f"{name} signera à votre place. Le lien que vous aviez reçu ne s’ouvre plus.",
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
        subject=f"Signataire changé\u00a0: {_client(training)} ({training.ref})",
        key=at.isoformat(),
        more=_notice("La personne qui signe a changé", [
            f"{name} signera à la place de la personne jointe à {said(former, 120)}.",
        ], FILE),
    )  # fmt: skip
