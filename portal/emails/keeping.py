"""Messages written down as .eml files, when no server is configured to send them."""

import os
import tempfile
from pathlib import Path

import flask_mail

from portal.emails.models import Email
from portal.extensions import settings


def path_of_eml(email: Email) -> Path:
    """Where the message is written down when no server is configured."""
    return settings().mails / f"{email.id:06d}-{email.letter}.eml"


def keep(message: flask_mail.Message, path: Path) -> None:
    """Writes the message whole or not at all; it holds a link, so the portal alone may read it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(message.as_bytes())
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
