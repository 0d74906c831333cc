"""The commands of whoever installs and looks after the portal: `flask --app wsgi …`."""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import click
from flask import Flask, current_app, g
from flask.cli import with_appcontext
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from portal import clock
from portal.access import service as access
from portal.access.models import ShareLink
from portal.access.rules import Role
from portal.accounts import service as accounts
from portal.accounts.models import Organisation
from portal.accounts.profile import organisation_fields
from portal.companies import rules as identifiers
from portal.companies import siro
from portal.declared import DescriptionError, read
from portal.demonstration import loader, registry
from portal.documents.models import Document, DocumentState
from portal.extensions import db, settings, store, writing
from portal.journal import service as journal
from portal.programmes.describing import create_programme
from portal.serving.following import follow_parent
from portal.serving.supervisor import Supervisor, is_free
from portal.signature import verify as signatures
from portal.training.models import TrainingSession
from portal.training.rules import State

NBSP = "\u00a0"
ROLE_LABEL = {Role.TRAINER: "Formation", Role.OFFICE: "Organisme"}
description_file = click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FICHIER.toml"
)


class Failure(click.ClickException):
    """Ends the command with a French sentence."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"Erreur{NBSP}: {self.message}", err=True)


def init_app(app: Flask) -> None:
    for command in (
        serve,
        worker,
        demonstration,
        create_organisation,
        create_user,
        create_programme_command,
        import_siro,
        verify,
    ):
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
    supervisor = Supervisor(host, port, say=_warn, ready=lambda: click.echo(welcome))
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


@click.command("create-organisation")
@description_file
@with_appcontext
def create_organisation(file: Path) -> None:
    """Décrit l’organisme de formation à partir d’un fichier TOML."""
    if db.session.get(Organisation, 1) is not None:
        raise Failure("L’organisme de ce portail est déjà décrit")
    data = _described(read, file)
    logo = data.pop("logo", None)
    if isinstance(logo, bytes):
        data["logo_sha256"] = store().put(logo)
    created = accounts.create_organisation(_described(organisation_fields, data))
    click.echo(f"{created.name}{NBSP}: l’organisme est enregistré.")


@click.command("create-programme")
@description_file
@with_appcontext
def create_programme_command(file: Path) -> None:
    """Ajoute un programme au catalogue, ou sa nouvelle version, à partir d’un fichier TOML."""
    data = _described(read, file)
    with writing():
        programme = _described(create_programme, data)
        title, version = programme.title, programme.version
    click.echo(f"«{NBSP}{title}{NBSP}», version {version}{NBSP}: au catalogue.")


@click.command("create-user")
@click.option("--email", prompt="Adresse e-mail", help="Sert à se connecter.")
@click.option("--first-name", prompt="Prénom", help="Prénom.")
@click.option("--last-name", prompt="Nom", help="Nom.")
@click.option(
    "--role",
    type=click.Choice([Role.TRAINER.value, Role.OFFICE.value]),
    prompt="Rôle",
    help="trainer : formateur ou formatrice ; office : l’organisme.",
)
@click.option("--phone", help="Téléphone, montré aux clients.")
@click.option("--titles", default="", help="Titre, montré sur les documents.")
@click.option("--qualifications", default="", help="Qualifications, montrées sur les documents.")
@click.option("--password-stdin", is_flag=True, help="Lit le mot de passe sur l’entrée standard.")
@with_appcontext
def create_user(
    email: str,
    first_name: str,
    last_name: str,
    role: str,
    phone: str | None,
    titles: str,
    qualifications: str,
    password_stdin: bool,
) -> None:
    """Crée un compte ; le mot de passe compte au moins 12 caractères."""
    password = sys.stdin.readline().rstrip("\n") if password_stdin else _asked_password()
    try:
        user = accounts.create_user(
            email=email,
            first_name=first_name,
            last_name=last_name,
            role=Role(role),
            password=password,
            phone=identifiers.check_phone(phone) if phone else None,
            titles=titles,
            qualifications=qualifications,
        )
    except IntegrityError as error:
        raise Failure("Un compte existe déjà avec cette adresse") from error
    except ValueError as error:
        raise Failure(str(error)) from error
    click.echo(f"{user.name} peut se connecter sur {settings().base_url}/connexion")


@click.command("import-siro")
@click.argument("file", type=click.File("rb"), metavar="FICHIER")
@click.option("--month", required=True, help="Mois de la table : 2026-08.")
@click.option("--with-sirets", is_flag=True, help="Garde aussi l’OPCO de chaque SIRET.")
@with_appcontext
def import_siro(file: IO[bytes], month: str, with_sirets: bool) -> None:
    """Reprend la « Table SIRET-OPCO » de France compétences (data.gouv.fr)."""
    if not re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", month):
        raise Failure("--month attend un mois comme 2026-08")
    size = os.fstat(file.fileno()).st_size
    try:
        with click.progressbar(length=size, label="Lecture", file=sys.stderr) as bar:
            report = siro.bring_in(
                file, settings().siro, month, with_sirets=with_sirets, advance=bar.update
            )
    except siro.Unusable as error:
        raise Failure(f"{error}. La table en service n’a pas changé.") from error
    for number, beginning in report.faults:
        _warn(f"Ligne {number} illisible{NBSP}: {beginning}")
    click.echo(
        f"{report.good} lignes lues, {report.bad} illisibles{NBSP}: "
        f"{report.agreements} conventions, dont {report.shared} partagées entre plusieurs OPCO."
    )


@click.command
@with_appcontext
def verify() -> None:
    """Relit le journal et les fichiers ; le code de sortie est 1 si quelque chose est altéré."""
    findings = [*journal.verify(), *_altered_files(), *signatures.findings()]
    for finding in findings:
        _warn(finding)
    if findings:
        sys.exit(1)
    click.echo(f"Journal et fichiers sont intacts. Tête du journal{NBSP}: {journal.head()}")


def _altered_files() -> list[str]:
    """What differs between the rows that name a file and the files themselves."""
    findings = []
    ready = select(Document).filter_by(state=DocumentState.READY.value).order_by(Document.id)
    for document in db.session.scalars(ready):
        name = f"{document.kind} v{document.version} de {document.training.ref}"
        findings += _altered(str(document.sha256), document.octets, name)
    organisation = db.session.get(Organisation, 1)
    if organisation is not None and organisation.logo_sha256:
        findings += _altered(organisation.logo_sha256, None, "logo")
    return findings


def _altered(sha256: str, octets: int | None, name: str) -> list[str]:
    try:
        content = store().read(sha256)
    except FileNotFoundError:
        return [f"Fichier manquant{NBSP}: {name} ({sha256})"]
    except OSError:
        return [f"Fichier altéré{NBSP}: {name} ({sha256})"]
    if octets is not None and len(content) != octets:
        return [f"Taille inattendue{NBSP}: {name} ({len(content)} au lieu de {octets})"]
    return []


def _described(use: Callable[..., Any], given: Any) -> Any:
    try:
        return use(given)
    except DescriptionError as error:
        raise Failure(str(error)) from error


def _asked_password() -> str:
    password: str = click.prompt(
        "Mot de passe", hide_input=True, confirmation_prompt="Le même, une seconde fois"
    )
    return password


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


def _warn(sentence: str) -> None:
    click.echo(sentence, err=True)
