"""What a shared link shows: what is awaited, or what became of it and a way on."""

from flask import Response, request

from portal import french, web, workflow
from portal.access.models import ShareLink
from portal.access.rules import Role, Scope
from portal.access.service import Found, LinkStatus
from portal.accounts import service as accounts
from portal.effects import signing
from portal.training.forms import CLIENT_STEPS
from portal.training.models import TrainingSession
from portal.training.rules import Event, State

FATES = {
    "unknown": (
        "Ce lien n’est pas valable",
        "Votre messagerie l’a peut-être coupé. Copiez-le en entier, ou demandez-en un autre.",
    ),
    "read_only": (
        "Ce lien ne sert plus qu’à lire",
        "Sa durée est passée. Pour compléter ou envoyer quelque chose, demandez un nouveau lien.",
    ),
    "expired": ("Ce lien n’ouvre plus rien", "Sa durée est passée. Votre dossier est conservé."),
    "replaced": (
        "Ce lien a été remplacé",
        "Un lien plus récent vous a été envoyé\u00a0: c’est lui qui ouvre votre dossier.",
    ),
    "revoked": (
        "Ce lien a été fermé",
        "La personne qui vous forme l’a fermé. Votre dossier est conservé.",
    ),
    "cancelled": (
        "Cette session est annulée",
        "Il n’y a plus rien à compléter. Vos données ne serviront pas à autre chose.",
    ),
    "sign-expired": (
        "Ce lien de signature a expiré",
        "Il valait quatorze jours. Le document attend toujours votre signature.",
    ),
    "sign-replaced": (
        "Ce lien de signature a été remplacé",
        "Un lien plus récent est parti à la personne qui signe\u00a0: c’est lui qui s’ouvre.",
    ),
    "sign-revoked": (
        "Ce lien de signature a été fermé",
        "Le document ne peut pas être signé avec ce lien.",
    ),
    "sign-used": (
        "Ce document est déjà signé",
        "Le document signé et son dossier de preuve sont partis par e-mail.",
    ),
    "sign-withdrawn": (
        "Ce document a été repris",
        "Rien à signer pour le moment\u00a0: un lien partira avec sa nouvelle version.",
    ),
}
NOTHING_TO_ASK = ("unknown", "cancelled", "sign-used")


def show(found: Found, token: str) -> Response:
    """One look for every fate of a link; only the sentence and the way out differ."""
    link = found.link
    if link is None:
        return _dead(404, "unknown", token)
    if is_cancelled(link):
        return _dead(410, "cancelled", token, link.training)
    if link.scope == Scope.SIGN:
        return _sign(link, found.status, token)
    if found.status is LinkStatus.LIVE:
        return _space(link.training, token)
    may_renew = (
        link.revoked_at is None and workflow.address_on_file(link.training, link) is not None
    )
    return _dead(410, found.status.value, token, link.training, may_renew=may_renew)


def is_cancelled(shared: ShareLink) -> bool:
    """Whether the session behind the link is cancelled: the link opens nothing any more."""
    return shared.training.state == State.CANCELLED


def may_send_again(link: ShareLink) -> bool:
    """Whether a dead signing link may ask for another one, to the signatory's address on file.

    Not when it was closed by hand: whoever closed it sends the next one.
    """
    return _awaits(link.training) and (link.revoked_at is None or _has_newer(link))


def _awaits(training: TrainingSession) -> bool:
    closed = workflow.blockers(Event.SEND_SIGN_LINK, training, Role.CLIENT)
    return not closed and signing.signable(training) is not None


def _has_newer(link: ShareLink) -> bool:
    return any(x.scope == Scope.SIGN and x.id > link.id for x in link.training.links)


def _sign(link: ShareLink, status: LinkStatus, token: str) -> Response:
    training = link.training
    is_signed = any(signature.voided_at is None for signature in training.signatures)
    if status is LinkStatus.LIVE and (_awaits(training) or is_signed):
        return web.page(
            "public/sign_link.html",
            token=token,
            training=training,
            dates=_dates(training),
            awaits=_awaits(training),
            due=signing.due_cents(training),
        )
    if not _awaits(training):
        return _dead(410, "sign-used" if is_signed else "sign-withdrawn", token, training)
    replaced = status is LinkStatus.REPLACED or _has_newer(link)
    fate = "sign-replaced" if replaced else f"sign-{status.value}"
    return _dead(410, fate, token, training, may_renew=may_send_again(link))


def _space(training: TrainingSession, token: str) -> Response:
    return web.page(
        "public/link.html",
        token=token,
        training=training,
        dates=_dates(training),
        vat=training.vat_regime or accounts.organisation().vat_regime,
        is_complete=training.state != State.DRAFT,
        steps=len(CLIENT_STEPS) + 1,  # and the check of the answers
    )


def _dates(training: TrainingSession) -> str:
    first, last = training.first_day, training.last_day
    return french.span(first, last) if first and last else ""


def _dead(
    status: int,
    fate: str,
    token: str,
    training: TrainingSession | None = None,
    may_renew: bool = False,
) -> Response:
    heading, sentence = FATES[fate]
    may_call = training is not None and fate not in NOTHING_TO_ASK
    return web.page(
        "public/link_dead.html",
        status=status,
        heading=heading,
        sentence=sentence,
        token=token,
        training=training,
        may_renew=may_renew,
        may_call=may_call,
        may_read=fate == "read_only",
        signs=fate.startswith("sign-"),
        call=f"Prévenir {training.trainer.name}" if training else "",
        done=request.args.get("suite") if may_call else None,
    )
