"""Messages to people with an account: they speak of no session, and carry at most one link, good
once."""

import uuid
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from portal import french
from portal.accounts.models import AccountLink, Organisation, User
from portal.emails import facts
from portal.emails.models import Email, EmailState
from portal.emails.rules import said
from portal.emails.shape import notice
from portal.extensions import settings

NOT_YOU = (
    "Ce n’est pas vous\u00a0? Ouvrez le lien ci-dessous\u00a0: il ferme toutes les connexions."
)


def invitation(link: AccountLink, organisation: Organisation, at: datetime) -> Email:
    """The first message: a person chooses a password, then comes in."""
    return _row(
        "account_invitation", link, organisation, at,
        subject=f"Votre accès au portail {french.of(said(organisation.name, 80))}",
        paragraphs=[
            f"{said(organisation.name)} vous ouvre un accès à son portail de formation.",
            "Choisissez votre mot de passe pour commencer.",
            f"Ce lien sert une fois, jusqu’au {french.date_long(link.expires_at)}.",
        ],
        action="Choisir mon mot de passe",
    )  # fmt: skip


def reset(link: AccountLink, organisation: Organisation, at: datetime) -> Email:
    """A new password was asked for."""
    return _row(
        "account_reset", link, organisation, at,
        subject="Choisissez un nouveau mot de passe",
        paragraphs=[
            "Un nouveau mot de passe a été demandé pour votre compte.",
            "Ce lien sert une fois, pendant trente minutes.",
            "Vous n’avez rien demandé\u00a0? Ne l’ouvrez pas\u00a0: rien ne change.",
        ],
        action="Choisir un mot de passe",
    )  # fmt: skip


def confirm_address(link: AccountLink, organisation: Organisation, at: datetime) -> Email:
    """To the new address: it becomes the account's once its owner says so."""
    return _row(
        "account_address", link, organisation, at,
        subject="Confirmez votre nouvelle adresse",
        paragraphs=[
            "Cette adresse deviendra celle de votre compte quand vous l’aurez confirmée.",
            "Ce lien sert une fois, pendant un jour.",
        ],
        action="Confirmer cette adresse",
    )  # fmt: skip


def address_asked(link: AccountLink, new: str, organisation: Organisation, at: datetime) -> Email:
    """To the address in use: somebody wants to replace it."""
    return _row(
        "account_address_asked", link, organisation, at,
        subject="Un changement d’adresse est demandé pour votre compte",
        paragraphs=[
            f"La nouvelle adresse serait {said(new)}. Elle reste à confirmer.", NOT_YOU,
        ],
        action="Ce n’est pas moi",
    )  # fmt: skip


def address_changed(link: AccountLink, new: str, organisation: Organisation, at: datetime) -> Email:
    """To the address before: it does not open the account any more."""
    return _row(
        "account_address_changed", link, organisation, at,
        subject="L’adresse de votre compte a changé",
        paragraphs=[
            f"Votre compte s’ouvre désormais avec l’adresse {said(new)}.",
            f"{NOT_YOU} Votre adresse d’avant revient.",
        ],
        action="Ce n’est pas moi",
    )  # fmt: skip


def password_changed(link: AccountLink, organisation: Organisation, at: datetime) -> Email:
    """The password is another one, and the other logins are closed."""
    return _row(
        "account_password_changed", link, organisation, at,
        subject="Votre mot de passe a changé",
        paragraphs=[
            f"Il a changé {french.moment(at)}. Les autres connexions à votre compte sont fermées.",
            NOT_YOU,
        ],
        action="Ce n’est pas moi",
    )  # fmt: skip


def role_changed(user: User, organisation: Organisation, at: datetime, change: int) -> Email:
    """The account opens another side of the portal; nothing has to be confirmed.

    `change` is the number of that act in the journal.
    """
    opens = (
        "l’espace de l’organisme\u00a0: tous les dossiers, les accords et les réglages"
        if user.is_office
        else "l’espace de formation\u00a0: vos sessions, et elles seules"
    )
    return _message(
        "account_role_changed", user, user.email, organisation, at,
        key=str(change),
        where={"page": "/connexion"},
        subject="Votre accès au portail a changé",
        paragraphs=[
            f"{said(organisation.name)} a changé votre accès\u00a0: il ouvre désormais {opens}.",
            "Vos connexions sont fermées. Votre adresse et votre mot de passe restent les mêmes.",
        ],
        action="Se connecter",
    )  # fmt: skip


def _row(
    letter: str, link: AccountLink, organisation: Organisation, at: datetime, **words: Any
) -> Email:
    """To the address of the link, and to no other."""
    where = {"account_link_id": link.id}
    return _message(
        letter, link.user, link.email, organisation, at, key=str(link.id), where=where, **words
    )


def _message(
    letter: str,
    user: User,
    to: str,
    organisation: Organisation,
    at: datetime,
    *,
    key: str,
    where: dict[str, Any],
    subject: str,
    paragraphs: list[str],
    action: str,
) -> Email:
    """`where` says where its button leads: an `account_link_id`, or a `page` of the portal."""
    name = said(user.name, 80)
    return Email(
        training_id=None,
        letter=letter,
        audience=user.role,
        to_email=to,
        to_name=name,
        subject=french.clean(subject),
        context={
            **where,
            "name": name,
            "organisation": facts.organisation_facts(organisation),
            **notice(subject, paragraphs, action),
        },
        document_ids=[],
        dedupe_key=f"{letter}:{user.id}:{key}",
        message_id=f"<{uuid.uuid4().hex}@{urlsplit(settings().base_url).hostname}>",
        state=EmailState.QUEUED.value,
        attempts=0,
        next_at=at,
        created_at=at,
    )
