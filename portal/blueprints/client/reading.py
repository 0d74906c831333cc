"""What a link still opens once its time is past: papers are read, and nothing is changed."""

from flask import Response, flash, g, request, url_for

from portal import clock, web
from portal.access import service as access

READ_ONLY = (
    "Votre lien ne sert plus qu’à lire\u00a0: rien n’a été changé. Demandez un nouveau lien pour "
    "continuer."
)
# Any page added here has to change nothing.
READABLE = {
    "client.space",
    "client.agreement_file",
    "client.paper",
    "client.calendar",
    "client.papers_state",
    "client.papers_zip",
    "client.preview",
    "client.signed_file",
    "client.renew_link",
    "client.leave",
}


def is_read_only() -> bool:
    """Whether the link of this space is past its time."""
    return access.is_read_only(g.link, clock.now())


def check(public_id: str) -> Response | None:
    """Back to the space from what is not read; what was typed is held for the new link."""
    if not is_read_only() or request.endpoint in READABLE:
        return None
    if request.method not in ("GET", "HEAD"):
        web.keep_typed(web.form_page())
        flash(READ_ONLY, "warn")
    space = url_for("client.space", public_id=public_id)
    if web.wants_fragment():
        return Response(status=401, headers={"HX-Redirect": space})
    return web.see_other(space)
