"""What every command says, and how it fails."""

from typing import IO, Any

import click

NBSP = "\u00a0"


class Failure(click.ClickException):
    """Ends the command with a French sentence."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"Erreur{NBSP}: {self.message}", err=True)


def warn(sentence: str) -> None:
    click.echo(sentence, err=True)
