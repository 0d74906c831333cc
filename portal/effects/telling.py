"""Telling the others that somebody wrote on the dossier."""

from portal.access.rules import Role
from portal.effects.act import Act
from portal.effects.reminding import space_link
from portal.emails import talk
from portal.emails.envelope import NoRecipient
from portal.messages.models import Message
from portal.messages.rules import others


def tell(act: Act, message: Message) -> bool:
    """One notice to each of the other sides; False when the client's address is not known."""
    arguments = (act.training, act.organisation, act.at)
    told = others(act.actor.role)
    if Role.TRAINER in told:
        act.send(talk.message_to_trainer(message, *arguments))
    if Role.OFFICE in told:
        act.send(talk.message_to_office(message, *arguments))
    if Role.CLIENT not in told:
        return True
    try:
        link = space_link(act)
        act.send(talk.message_to_client(message, act.training, link, act.organisation, act.at))
    except NoRecipient:
        return False
    return True
