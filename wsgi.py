"""What a web server loads: `gunicorn wsgi:app`."""

from flask import Flask
from sqlalchemy.exc import OperationalError

from portal.accounts import service as accounts
from portal.app import create_app
from portal.config import ConfigError
from portal.extensions import db, settings
from portal.serving.masking import speak_masked


def _ready() -> Flask:
    app = create_app()
    with app.app_context():
        # everybody knows the password of these accounts
        if not settings().demo and accounts.count_demonstration_accounts():
            raise ConfigError(
                "Cette base contient des comptes de démonstration, au mot de passe public.\n"
                "Donnez une autre base (PORTAL_DATA ou DATABASE_URL), ou PORTAL_DEMO=1 pour la "
                "démonstration sur cette machine."
            )
        db.session.remove()
        db.engine.dispose()  # a server that forks must not share the connection
    return app


speak_masked()
try:
    app = _ready()
except ConfigError as error:
    raise SystemExit(str(error)) from None
except OperationalError as error:
    raise SystemExit(f"La base de données ne répond pas : {error.orig}") from None
