"""Commands that serve the portal and do its work, and load the demonstration."""

import os
import sys

import click
from flask import Flask, current_app, g
from flask.cli import with_appcontext
from sqlalchemy import select
from sqlalchemy.exc import OperationalError, ProgrammingError

from portal import clock
from portal.access import service as access
from portal.access.models import ShareLink
from portal.access.rules import Role
from portal.accounts import service as accounts
from portal.cli.speaking import NBSP, Failure, warn
from portal.demonstration import loader, registry
from portal.extensions import db, settings
from portal.serving.following import follow_parent
from portal.serving.supervisor import Supervisor, is_free
from portal.training.models import TrainingSession
from portal.training.rules import State

ROLE_LABEL = {Role.TRAINER: "Formation", Role.OFFICE: "Organisme"}


def init_app(app: Flask) -> None:
    for command in (serve, worker, demonstration):
        app.cli.add_command(command)


@click.command
@with_appcontext
def serve() -> None:
    """Sert le portail et son travail de fond, jusqu’à Ctrl-C."""
    config = settings()
    given = os.environ.get("PORT") or "8000"
    if not given.isdecimal() or not 0 < int(given) < 65_536:
        raise Failure(f"PORT attend un numéro de port, pas «{NBSP}{given}{NBSP}»")
    port = int(given)
    host = os.environ.get("PORTAL_BIND") or "127.0.0.1"
    if not is_free(host, port):
        raise Failure(f"Le port {port} est déjà pris{NBSP}: essayez PORT={port + 1} make run")
    if config.demo:
        os.environ.setdefault("PORTAL_ACCESS_LOG", str(config.data / "access.log"))
        if not config.registry_url:  # both processes ask the demonstration's own directory
            os.environ["PORTAL_REGISTRY_URL"] = registry.url_of(registry.start())
    welcome = _welcome() if config.demo else f"Le portail répond sur {config.base_url}"
    db.session.remove()
    db.engine.dispose()
    supervisor = Supervisor(host, port, say=warn, ready=lambda: click.echo(welcome))
    sys.exit(supervisor.run())


@click.command
@with_appcontext
def worker() -> None:
    """Fait le travail de fond : documents, courriels, reprises."""
    from portal.serving.worker import run  # brings the queue, which other commands do without

    follow_parent()
    run(current_app._get_current_object())  # type: ignore[attr-defined]


@click.command
@with_appcontext
def demonstration() -> None:
    """Charge l’organisme de démonstration dans une base vide."""
    # Topics are validated by the forms of the pages: there is no browser here to protect from a
    # forged request.
    with current_app.test_request_context():
        g.csrf_valid = True
        try:
            loaded = loader.load()
        except loader.NotADemonstration as error:
            raise Failure(str(error)) from error
        except (OperationalError, ProgrammingError) as error:
            raise Failure(
                "La base n’est pas prête : lancez d’abord « flask db upgrade »"
            ) from error
    if loaded:
        click.echo("L’organisme de démonstration est chargé.")


def _welcome() -> str:
    """What `make run` prints: where, who, and one client's link."""
    lines = [f"Le portail répond sur {settings().base_url}", "", "Comptes de démonstration"]
    people = accounts.demonstration_accounts()
    width = max((len(user.email) for user in people), default=0)
    for user in people:
        role = ROLE_LABEL[Role(user.role)]
        lines.append(f"  {role:<10} {user.email:<{width}}  {accounts.DEMONSTRATION_PASSWORD}")
    link = _link_to_try()
    if link is not None:
        lines += ["", f"Lien d’un client ({link.training.ref})", f"  {access.url_of(link)}"]
    kept = "" if settings().smtp else f"Les courriels sont gardés dans {settings().mails}. "
    return "\n".join(["", *lines, "", f"{kept}Ctrl-C pour arrêter.", ""])


def _link_to_try() -> ShareLink | None:
    """The newest open link of a dossier its client has still to fill in."""
    query = (
        select(ShareLink)
        .join(TrainingSession)
        .where(
            TrainingSession.state == State.DRAFT.value,
            ShareLink.revoked_at.is_(None),
            ShareLink.expires_at > clock.now(),
        )
        .order_by(ShareLink.id.desc())
    )
    return db.session.scalars(query).first()
