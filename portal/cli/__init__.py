"""The commands of whoever installs and looks after the portal: `flask --app wsgi …`."""

from importlib import import_module

from click import Command, Context
from flask import Flask
from flask.cli import AppGroup

# In which module each of them stands.
COMMANDS = {
    "serve": "processes",
    "worker": "processes",
    "demonstration": "processes",
    "create-organisation": "describing",
    "create-user": "describing",
    "create-programme": "describing",
    "import-siro": "describing",
    "verify": "safety",
    "backup": "safety",
    "restore": "safety",
    "db": "migrating",
}


class Commands(AppGroup):
    """Reads the module of a command once that command is asked for: a process that answers people
    does without the demonstration and Alembic."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app.name)
        self.app = app

    def list_commands(self, ctx: Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *COMMANDS})

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        if cmd_name in COMMANDS and cmd_name not in self.commands:
            import_module(f"portal.cli.{COMMANDS[cmd_name]}").init_app(self.app)
        return super().get_command(ctx, cmd_name)


def init_app(app: Flask) -> None:
    app.cli = Commands(app)
