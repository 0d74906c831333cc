"""Commands that bring in what the portal is told: organisation, programmes, people, OPCO table."""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import click
from flask import Flask
from flask.cli import with_appcontext
from sqlalchemy.exc import IntegrityError

from portal.access.rules import Role
from portal.accounts import service as accounts
from portal.accounts.models import Organisation
from portal.accounts.profile import organisation_fields
from portal.cli.speaking import NBSP, Failure, warn
from portal.companies import rules as identifiers
from portal.companies import siro
from portal.declared import DescriptionError, read
from portal.extensions import db, settings, store, writing
from portal.programmes.describing import create_programme


def init_app(app: Flask) -> None:
    for command in (create_organisation, create_programme_command, create_user, import_siro):
        app.cli.add_command(command)


description_file = click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FICHIER.toml"
)


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
        warn(f"Ligne {number} illisible{NBSP}: {beginning}")
    click.echo(
        f"{report.good} lignes lues, {report.bad} illisibles{NBSP}: "
        f"{report.agreements} conventions, dont {report.shared} partagées entre plusieurs OPCO."
    )


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
