"""The back office's door: every session of the organisation."""

from flask import Blueprint, Response

from portal import web
from portal.access.rules import Role
from portal.blueprints import lists, mails
from portal.blueprints.dossier import blueprint as dossier
from portal.blueprints.office import (
    agreements,
    journal,
    people,
    proofreading,
    reminders,
    settings,
    signatures,
)
from portal.blueprints.office.catalogue import blueprint as catalogue
from portal.blueprints.programmes import blueprint as programmes

blueprint = Blueprint("office", __name__)
blueprint.before_request(web.door(Role.OFFICE))


@blueprint.get("/")
def dashboard() -> Response:
    """All the sessions, all the trainers."""
    return lists.show(Role.OFFICE, None)


@blueprint.get("/export/<suffix>")
def export(suffix: str) -> Response:
    """The list as a file, with the filters of the screen."""
    return lists.export(Role.OFFICE, None, suffix)


blueprint.register_blueprint(programmes, url_prefix="/programmes")
blueprint.register_blueprint(catalogue, url_prefix="/programmes")
blueprint.register_blueprint(dossier, url_prefix="/dossiers")
blueprint.register_blueprint(agreements.blueprint, url_prefix="/accords")
blueprint.register_blueprint(signatures.blueprint, url_prefix="/signatures")
blueprint.register_blueprint(mails.blueprint, url_prefix="/courriels")
blueprint.register_blueprint(reminders.blueprint, url_prefix="/relances")
blueprint.register_blueprint(proofreading.blueprint, url_prefix="/relecture")
blueprint.register_blueprint(settings.blueprint, url_prefix="/reglages")
blueprint.register_blueprint(people.blueprint, url_prefix="/personnes")
blueprint.register_blueprint(journal.blueprint, url_prefix="/journal")
