"""Error pages: French, with one way out. The page of a failure depends on nothing."""

import errno
import logging
import re
import secrets
from pathlib import Path

from flask import Blueprint, Response, current_app, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from portal import web
from portal.accounts.service import MissingOrganisation

blueprint = Blueprint("errors", __name__)
log = logging.getLogger(__name__)

# Read once: when everything else fails, this text is already there.
_BARE = (Path(__file__).parents[1] / "templates" / "errors" / "bare.html").read_text("utf-8")

_NOT_FOUND = (
    "Page introuvable",
    "Cette page n’existe pas, ou elle a changé d’adresse.",
)
SENTENCES = {
    400: (
        "Demande illisible",
        "L’adresse ou le formulaire reçu est incomplet. Revenez en arrière, puis réessayez.",
    ),
    401: ("Connexion nécessaire", "Connectez-vous pour voir cette page."),
    403: (
        "Page réservée",
        "Votre compte n’ouvre pas cette page, ou la demande ne venait pas du portail.",
    ),
    404: _NOT_FOUND,
    405: _NOT_FOUND,
    409: (
        "Page modifiée entre-temps",
        "Quelqu’un d’autre a modifié ce dossier. Rouvrez la page pour voir sa version.",
    ),
    410: ("Page retirée", "Cette page a été retirée."),
    413: (
        "Envoi trop volumineux",
        "Ce que vous avez envoyé dépasse la taille admise. Revenez en arrière et raccourcissez-le.",
    ),
    422: (
        "Demande incomplète",
        "Il manque quelque chose dans cette demande. Revenez en arrière, puis réessayez.",
    ),
    429: ("Trop d’essais", "Patientez quelques minutes, puis réessayez."),
}
TOO_HEAVY = (
    "Un fichier pèse 12\u00a0Mo au plus. Revenez en arrière et envoyez-en un plus léger\u00a0: une "
    "image réduite, ou seulement les pages utiles."
)
_PG_DISK_FULL = "53100"
_FULL = (
    "Le portail n’a plus de place",
    "Votre envoi n’a pas été enregistré, mais rien d’ancien n’est perdu. Prévenez-nous.",
)


@blueprint.app_errorhandler(CSRFError)
def session_ended(_error: CSRFError) -> Response:
    """The origin is ours (checked before): the session ended. The form comes back, filled."""
    back = web.form_page()
    web.keep_typed(back)
    return web.see_other(back)


@blueprint.app_errorhandler(HTTPException)
def refused(error: HTTPException) -> Response:
    """Any refusal. HTMX keeps the page as it is and shows its own sentence."""
    status = error.code or 500
    if status == 401:
        return web.to_login()
    if status >= 500 or status not in SENTENCES:
        return bare(status)
    title, sentence = SENTENCES[status]
    if status == 413 and request.mimetype == "multipart/form-data":
        sentence = TOO_HEAVY
    if request.routing_exception is not None and status == 400:
        return bare(status, title, sentence)  # the host is not ours: no address can be made
    response = web.page("errors/page.html", status=status, heading=title, sentence=sentence)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


@blueprint.app_errorhandler(MissingOrganisation)
def not_ready(_error: MissingOrganisation) -> Response:
    return bare(
        503,
        "Portail en cours d’installation",
        "L’organisme de formation n’est pas encore décrit. Revenez dans un moment.",
    )


@blueprint.app_errorhandler(Exception)
def failed(error: Exception) -> Response:
    """A fault of ours: logged with a reference, the page shows the same reference."""
    if current_app.testing:
        raise error
    reference = secrets.token_hex(4).upper()
    log.error(
        "failure %s on %s %r", reference, request.method, masked(request.path), exc_info=error
    )
    if _is_full(error):
        return bare(507, *_FULL, reference=reference)
    return bare(500, reference=reference)


def _is_full(error: Exception) -> bool:
    """Whether there was no room left to write, in the database or in the folder of files."""
    if isinstance(error, OperationalError):
        return "disk is full" in str(error.orig) or _sqlstate(error) == _PG_DISK_FULL
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def _sqlstate(error: OperationalError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


def bare(
    status: int,
    title: str = "Une erreur est survenue de notre côté",
    sentence: str = "Rien de ce qui était enregistré n’est perdu. Réessayez dans un instant.",
    reference: str = "",
) -> Response:
    """The page without database, template or session."""
    line = (
        f"<p>Référence à nous donner\u00a0: <strong>{reference}</strong></p>" if reference else ""
    )
    body = _BARE.replace("%TITLE%", title).replace("%SENTENCE%", sentence)
    return Response(body.replace("%REFERENCE%", line), status, mimetype="text/html")


def masked(path: str) -> str:
    """The path without the text of a link: a log must not open a space."""
    return re.sub(r"^/(l|acces|agenda)/[^/]+", r"/\1/***", path)
