"""What may be handed in, and the sentence for each refusal. Pure."""

import re
from enum import StrEnum

from portal import french

MAX_OCTETS = 12 * 1024 * 1024
MAX_FILES = 10
MAX_TOTAL_OCTETS = 60 * 1024 * 1024
MAX_PAGES = 200
# What one dossier may be sent in a day. Not for ever: nobody is stuck after an agreement sent back.
MAX_SENDINGS = 10
SENDING_HOURS = 24
NAME_LENGTH = 120
_DEVICES = re.compile(r"(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?")


class Purpose(StrEnum):
    """Why a file was handed in."""

    AGREEMENT = "agreement"
    SIGNED_PAPER = "signed_paper"


class Refusal(StrEnum):
    """Why a file is not taken; `SENTENCE` says what to do about it."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    KIND = "kind"
    OFFICE_FILE = "office_file"
    DISGUISED = "disguised"
    PASSWORD = "password"  # noqa: S105 - the name of a refusal
    UNREADABLE = "unreadable"
    TOO_MANY_PAGES = "too_many_pages"
    TOO_COMPLEX = "too_complex"
    ACTIVE = "active"
    NO_ROOM = "no_room"
    NONE = "none"
    FULL = "full"
    TOO_OFTEN = "too_often"
    LINK_CLOSED = "link_closed"
    LOGO = "logo"
    NO_LOGO = "no_logo"
    UNSAFE = "unsafe"


SENTENCE = {
    Refusal.EMPTY: "Ce fichier est vide\u00a0: choisissez-en un autre",
    Refusal.TOO_LARGE: "Ce fichier dépasse 12\u00a0Mo\u00a0: réduisez-le ou prenez une photo",
    Refusal.TOO_MANY: "Dix fichiers au plus, 60\u00a0Mo en tout\u00a0: envoyez-en moins à la fois",
    Refusal.KIND: "Ce type de fichier n’est pas accepté\u00a0: "
    "envoyez un PDF ou une photo (JPEG, PNG)",
    Refusal.OFFICE_FILE: "Exportez ce document en PDF, puis envoyez le PDF",
    Refusal.DISGUISED: "Le contenu de ce fichier n’est pas celui que son nom annonce\u00a0: "
    "envoyez un PDF ou une photo",
    Refusal.PASSWORD: "Ce PDF est protégé\u00a0: imprimez-le en PDF sans mot de passe, "
    "ou envoyez une photo",
    Refusal.UNREADABLE: "Ce fichier est illisible ou incomplet\u00a0: enregistrez-le de nouveau, "
    "ou envoyez une photo",
    Refusal.TOO_MANY_PAGES: "Ce document dépasse 200\u00a0pages\u00a0: "
    "envoyez seulement les pages utiles",
    Refusal.TOO_COMPLEX: "Ce fichier est trop lourd à ouvrir\u00a0: imprimez-le en PDF, "
    "ou envoyez une photo",
    Refusal.ACTIVE: "Ce PDF contient un programme\u00a0: imprimez-le en PDF, ou envoyez une photo",
    Refusal.NO_ROOM: "Le portail manque de place\u00a0: rien n’est perdu, réessayez plus tard",
    Refusal.NONE: "Choisissez le fichier à envoyer\u00a0: un PDF ou des photos",
    Refusal.FULL: "Ce dossier a déjà reçu dix envois ou 60\u00a0Mo aujourd’hui\u00a0: "
    "réessayez demain, ou prévenez votre organisme de formation",
    Refusal.TOO_OFTEN: "Trop d’envois en peu de temps\u00a0: réessayez dans une heure",
    Refusal.LINK_CLOSED: "Votre lien vient d’être fermé\u00a0: rien n’a été reçu, "
    "demandez un nouveau lien à votre organisme de formation",
    Refusal.LOGO: "Ce fichier ne peut pas servir de logo\u00a0: "
    "enregistrez-le en PNG ou en JPEG, de 12\u00a0Mo au plus, puis envoyez-le de nouveau",
    Refusal.NO_LOGO: "Choisissez l’image du logo\u00a0: PNG ou JPEG",
    Refusal.UNSAFE: "Ce fichier contient autre chose que des pages\u00a0: "
    "imprimez-le en PDF, puis envoyez ce PDF",
}


class Flag(StrEnum):
    """What was noticed about a file that is taken; for people of the organisation only."""

    RECOVERED = "recovered"
    TRAILING = "trailing"
    FOREIGN = "foreign"
    RESTRICTED = "restricted"
    ACTIVE = "active"
    ATTACHMENT = "attachment"
    SIGNED = "signed"
    SAME_FILE = "same_file"
    OTHER_TRAINING = "other_training"
    PARTIAL = "partial"


FLAG_LABEL = {
    Flag.RECOVERED: "Fichier abîmé, réparé pour la lecture",
    Flag.TRAILING: "Données étrangères à la suite du PDF",
    Flag.FOREIGN: "Contient aussi un autre format de fichier\u00a0: n’ouvrez pas l’original",
    Flag.RESTRICTED: "PDF protégé contre la modification",
    Flag.ACTIVE: "Contient un programme ou une action automatique\u00a0: n’ouvrez pas l’original",
    Flag.ATTACHMENT: "Contient une pièce jointe, qui n’est pas montrée ici",
    Flag.SIGNED: "Porte une signature électronique, qui n’est pas vérifiée ici",
    Flag.SAME_FILE: "Fichier déjà envoyé dans ce dossier",
    Flag.OTHER_TRAINING: "Le même fichier se trouve dans un autre dossier",
    Flag.PARTIAL: "Seules les premières pages sont montrées\u00a0: les autres sont trop lourdes",
}
# With these, opening the original on one's own machine is not safe.
UNSAFE_FLAGS = frozenset({Flag.ACTIVE, Flag.FOREIGN, Flag.ATTACHMENT})


class Rejected(ValueError):
    """A file is not taken; the message is the sentence, `name` the file it is about."""

    def __init__(self, refusal: Refusal, name: str) -> None:
        super().__init__(SENTENCE[refusal])
        self.refusal = refusal
        self.name = name


def display_name(name: str, extension: str) -> str:
    """The name people read: no path, control or direction sign, at most 120, our extension."""
    base = french.one_line(re.split(r"[\\/]", name)[-1]).strip(". ")
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", base).strip(". ")[:NAME_LENGTH].strip(". ")
    if _DEVICES.fullmatch(stem):
        stem = f"document {stem}"  # Windows could not save a file of that name
    return f"{stem or 'document'}.{extension}"
