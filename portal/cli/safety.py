"""Commands that keep an installation safe: read everything again, back up, put back."""

import sys
from pathlib import Path

import click
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from flask import Flask, current_app
from flask.cli import with_appcontext
from flask_migrate import downgrade, upgrade

from portal import clock
from portal.cli import migrating
from portal.cli.speaking import NBSP, Failure, warn
from portal.extensions import db, settings, store, write_options
from portal.journal import service as journal
from portal.safekeeping import archive, findings, rows

MIGRATIONS = Path(__file__).parents[2] / "migrations"
APART = (
    (
        "Ce qu’une sauvegarde ne contient jamais, et que vous gardez à part : les deux fichiers de "
        "clés, le dossier « seal » (le certificat du cachet) et les réglages."
    )
    .replace(" :", f"{NBSP}:")
    .replace("« ", f"«{NBSP}")
    .replace(" »", f"{NBSP}»")
)


def init_app(app: Flask) -> None:
    migrating.init_app(app)  # a restoration makes the tables
    for command in (verify, backup, restore):
        app.cli.add_command(command)


@click.command
@click.option("--head", metavar="EMPREINTE", help="Tête du journal notée ailleurs, plus tôt.")
@with_appcontext
def verify(head: str | None) -> None:
    """Relit le journal et les fichiers ; le code de sortie est 1 si quelque chose est altéré."""
    _verify(head)


def _verify(head: str | None = None) -> None:
    found = findings.findings(head)
    for finding in found:
        warn(finding)
    count, octets = findings.strays()
    if count:
        warn(f"Fichiers que rien ne cite{NBSP}: {count} ({octets} octets), sans conséquence.")
    if found:
        sys.exit(1)
    click.echo(f"Journal et fichiers sont intacts. Tête du journal{NBSP}: {journal.head()}")


@click.command
@click.argument("target", metavar="DOSSIER|FICHIER", type=click.Path(path_type=Path))
@with_appcontext
def backup(target: Path) -> None:
    """Sauvegarde la base et les fichiers dans une archive, pendant que le portail sert."""
    now = clock.now()
    path = target / archive.name_at(now) if target.is_dir() else target
    try:
        made = archive.make(db.engine, store(), path, now)
    except archive.Unusable as error:
        raise Failure(str(error)) from error
    click.echo(f"{path}{NBSP}: {sum(made.rows.values())} lignes, {len(made.files)} fichiers.")
    click.echo(APART)
    if made.left_out:
        for name in made.left_out:
            warn(f"Fichier altéré, laissé de côté{NBSP}: {name}")
        sys.exit(1)


@click.command
@click.argument("source", metavar="FICHIER", type=click.Path(exists=True, path_type=Path))
@with_appcontext
def restore(source: Path) -> None:
    """Remet une sauvegarde dans une installation vide, puis vérifie tout."""
    try:
        with archive.opened(source) as (opened, manifest):
            _check_place(manifest)
            _make_tables(manifest.revision)
            archive.put_back_files(opened, store())
            archive.put_back_rows(opened, db.engine, write_options(db.engine))
    except archive.Unusable as error:
        raise Failure(str(error)) from error
    upgrade(str(MIGRATIONS))
    click.echo(f"La sauvegarde du {manifest.made_at} est en place.")
    click.echo(APART)
    _verify()


def _check_place(manifest: archive.Manifest) -> None:
    """Only where nothing would be lost; what a restoration that was cut left is not something."""
    with db.engine.connect() as connection:
        is_empty = rows.is_empty(connection)
    known = set(manifest.files)
    kept = (path for path in settings().files.glob("??/*") if not path.name.startswith("."))
    if not is_empty or any(path.name not in known for path in kept):
        raise Failure(
            "Cette installation n’est pas vide, rien n’a été changé. "
            "Donnez une base et un dossier de données neufs (DATABASE_URL, PORTAL_DATA)."
        )


def _make_tables(revision: str) -> None:
    """The empty tables as they were when the backup was made."""
    config = current_app.extensions["migrate"].migrate.get_config(str(MIGRATIONS))
    try:
        ScriptDirectory.from_config(config).get_revision(revision)
    except CommandError as error:
        raise Failure("Cette sauvegarde vient d’une version plus récente du portail") from error
    downgrade(str(MIGRATIONS), revision="base")
    upgrade(str(MIGRATIONS), revision=revision)
