"""Who writes to whom on a dossier, how much and how often. Pure."""

import hashlib
import re

from portal.access.rules import Role

LIMIT = 2_000  # characters of one message
PER_HOUR = 20  # messages of one person on one dossier
TALKING = (Role.CLIENT, Role.TRAINER, Role.OFFICE)
TOO_MANY = "Vous avez écrit 20 messages en une heure\u00a0: reprenez plus tard, ou appelez-nous"

ROLE_NAME = {Role.CLIENT: "client", Role.TRAINER: "formation", Role.OFFICE: "organisme"}
_TOKEN = re.compile(r"\S*(?:esp|sig)-[0-9]{1,9}-[A-Za-z0-9_-]{43}\S*")
_READER = {
    Role.CLIENT: "le client",
    Role.TRAINER: "la personne qui forme",
    Role.OFFICE: "l’organisme",
}


def others(role: Role) -> tuple[Role, ...]:
    """Who is told of what that side writes."""
    return tuple(other for other in TALKING if other is not role)


def readers(roles: list[Role]) -> str:
    """« le client et l’organisme »; empty when nobody said so."""
    return " et ".join(_READER[role] for role in TALKING if role in roles)


def digest(key: str, body: str) -> str:
    """SHA-256 the journal keeps of a message; its random key hides what a short one says."""
    return hashlib.sha256(f"{key}:{body}".encode()).hexdigest()


def without_links(body: str) -> str:
    """The message without the personal links its author pasted: one of them may let sign."""
    return _TOKEN.sub("(lien personnel retiré)", body)
