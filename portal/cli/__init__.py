"""The commands of whoever installs and looks after the portal: `flask --app wsgi …`."""

from flask import Flask

from portal.cli import describing, processes, safety


def init_app(app: Flask) -> None:
    for command in (
        processes.serve,
        processes.worker,
        processes.demonstration,
        describing.create_organisation,
        describing.create_user,
        describing.create_programme_command,
        describing.import_siro,
        safety.verify,
        safety.backup,
        safety.restore,
    ):
        app.cli.add_command(command)
