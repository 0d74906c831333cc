"""What was checked of a signature, and what was not, in words anyone can read. Pure."""

import re

from portal import french
from portal.signature.models import Channel

_CARRIED = {
    Channel.EMAIL: "envoyé par e-mail à la même adresse que le lien",
    Channel.SMS: "envoyé par SMS au téléphone de l’entreprise",
    Channel.PHONE: "lu au téléphone par l’organisme",
}
_WEAK = {
    Channel.EMAIL: (
        "Le code est arrivé dans la même boîte que le lien : il n’est pas un second facteur "
        "indépendant"
    ),
    Channel.SMS: "L’identité du titulaire de la ligne n’a pas été vérifiée",
    Channel.PHONE: "L’identité de la personne au téléphone n’a pas été vérifiée",
}
MISSING_ON_PAPER = (
    "L’écriture de la signature n’a pas été comparée à une autre",
    "Le texte du papier signé n’a pas été comparé mot à mot à celui du portail",
    "L’original sur papier n’est pas conservé par le portail",
)


def online(address: str, channel: Channel | None, tries: int) -> list[str]:
    """What was checked of a signature given with a link and a code, typed right at that try."""
    sentences = [
        f"Le lien de signature n’a été envoyé qu’à l’adresse {address}",
        "La personne a pressé « Commencer » ; le document était affiché et téléchargeable",
        "Le document accepté est, octet pour octet, celui dont l’empreinte figure ici",
    ]
    if channel is not None:
        rank = "premier" if tries == 1 else f"{tries}e"
        carried = _CARRIED[channel]
        sentences.append(f"Un code à six chiffres, {carried}, a été saisi au {rank} essai")
    return [_spaced(sentence) for sentence in sentences]


def missing_online(channel: Channel | None) -> list[str]:
    """What was not checked, the weakness of the code's own way first."""
    sentences = [
        *([_WEAK[channel]] if channel is not None else []),
        "Aucune pièce d’identité n’a été demandée",
        "La fonction et le pouvoir d’engager l’entreprise sont déclarés, non vérifiés",
        "Le temps passé à lire n’a pas été mesuré",
    ]
    return [_spaced(sentence) for sentence in sentences]


def paper(reader: str) -> list[str]:
    """What was checked of a signature read on a scan by `reader`, of the back office."""
    return [
        f"{reader}, pour l’organisme, a lu le document numérisé et y a vu la signature",
        "Le fichier numérisé est conservé tel qu’il a été reçu",
    ]


def _spaced(sentence: str) -> str:
    return re.sub("(?<=«) | (?=[»:;])", french.NBSP, sentence)
