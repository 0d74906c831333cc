"""« Recevoir un nouveau lien »: asked on the page of a dead link, or in a space that only reads."""

from flask import abort

from portal import clock, web, workflow
from portal.access import tries
from portal.access.models import ShareLink
from portal.access.rules import Actor, Role, Scope
from portal.blueprints import landing
from portal.training.rules import Event

PER_DAY, DAY = 3, 86_400


def renew(dead: ShareLink) -> bool:
    """Writes a new link to the address on file, and to no other; False when that cannot be."""
    if workflow.address_on_file(dead.training, dead) is None:
        return False
    _count(dead)
    client = Actor(Role.CLIENT, dead.id, "Client", web.client_ip())
    try:
        if dead.scope == Scope.SIGN:
            if not landing.may_send_again(dead):
                return False
            workflow.perform(Event.SEND_SIGN_LINK, dead.training, client)
        else:
            workflow.perform(Event.RENEW_LINK, dead.training, client, link=dead)
    except workflow.Refused:
        return False
    return True


def call_trainer(dead: ShareLink) -> None:
    """Tells the trainer that this link is dead, when no address is known to write to."""
    _count(dead)
    workflow.call_trainer(dead.training, web.client_ip())


def _count(dead: ShareLink) -> None:
    if not tries.allow(f"renew:{dead.id}", PER_DAY, DAY, clock.now()):
        abort(429)
