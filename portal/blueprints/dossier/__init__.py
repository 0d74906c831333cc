"""The pages of one session, shown through the trainer's door and through the office's.

The same routes are mounted under both; `url_for(".page", …)` stays on the side it is called from.
"""

from flask import Blueprint

blueprint = Blueprint("dossier", __name__)

from portal.blueprints.dossier import acts, funding, links, messages, pages, reminders, steps  # noqa: E402, F401
