"""« Recevoir un nouveau lien », in a space that only reads."""

from flask import Response, flash, g, url_for

from portal import web
from portal.blueprints import renewing
from portal.blueprints.client import blueprint, current_training, reading


@blueprint.post("/<public_id>/nouveau-lien")
def renew_link(public_id: str) -> Response:
    """From a space that only reads: a new link to the address on file, else a word to the trainer.

    The new link closes this space: it opens from the message.
    """
    if not reading.is_read_only():
        return web.see_other(url_for(".space", public_id=public_id))
    if renewing.renew(g.link):
        flash("Un nouveau lien est parti à l’adresse e-mail de votre dossier.", "ok")
        return web.see_other(url_for("public.home"))
    renewing.call_trainer(g.link)
    flash(f"{current_training().trainer.name} sait que vous avez besoin d’un nouveau lien.", "ok")
    return web.see_other(url_for(".space", public_id=public_id))
