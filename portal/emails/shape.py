"""The shape of a short message: a heading and a few paragraphs, in one pair of templates."""

from collections.abc import Sequence

from portal import french
from portal.emails.rules import said
from portal.training.models import TrainingSession
from portal.uploads.models import Upload

REASON_LIMIT = 500
SPACE, SESSION, FILE = "Ouvrir mon espace", "Voir la session", "Ouvrir le dossier"


def notice(heading: str, paragraphs: Sequence[str], action: str = SPACE) -> dict[str, object]:
    """What the templates of a short message read; an empty paragraph is left out."""
    return {
        "template": "notice",
        "heading": heading,
        "paragraphs": [text for text in paragraphs if text],
        "action": action,
    }


def client_name(training: TrainingSession) -> str:
    """The company, as a message may repeat it."""
    return said(training.company.legal_name) if training.company else "Le client"


def about(training: TrainingSession) -> str:
    """« Lecture de plans » (S-2026-0042)."""
    return f"«\u00a0{said(training.title)}\u00a0» ({training.ref})"


def reason_line(reason: str) -> str:
    """The reason that was typed, quoted."""
    return f"Raison indiquée\u00a0: «\u00a0{said(reason, REASON_LIMIT)}\u00a0»."


def received(upload: Upload) -> str:
    """« accord.pdf (2 pages, 212 Ko) ». Its extension is ours: only what stands before it could
    be taken for an address."""
    pages = french.count(upload.pages, "page")
    name, dot, extension = upload.name.rpartition(".")
    return f"{said(name, 120)}{dot}{extension} ({pages}, {french.size(upload.octets)})"
