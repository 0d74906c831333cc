"""The portal as `flask serve` runs it, for a whole module of tests, and the mail server it uses."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page

from portal import clock, tasks
from portal.accounts.service import DEMONSTRATION_PASSWORD
from portal.app import create_app
from portal.config import Config
from portal.emails.models import Email
from portal.extensions import db, writing
from tests import conftest, databases
from tests.emails import mailroom
from tests.installation import ROOT

PATIENCE = 60.0  # seconds; two cores are shared by two browsers and two portals
DESKTOP, PHONE, SMALLEST = 1280, 390, 320
FOLDERS = {conftest.OFFICE: "organisme"}


def until(condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """What `condition` returns once it is true."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def flask(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]


def environment(data: Path, port: int, smtp: int) -> dict[str, str]:
    """A demonstration of its own, whose messages really leave."""
    return os.environ | {
        "PORTAL_DEMO": "1",
        "PORTAL_DATA": str(data),
        "PORTAL_BASE_URL": f"http://127.0.0.1:{port}",
        "PORTAL_SMTP_URL": f"smtp+plain://127.0.0.1:{smtp}",
        "PORT": str(port),
    }


@dataclass
class Portal:
    """A served portal, the messages it sent, and people's browsers."""

    env: Mapping[str, str]
    mail: mailroom.Server
    chromium: Browser
    sessions: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.env["PORTAL_BASE_URL"]

    @property
    def data(self) -> Path:
        return Path(self.env["PORTAL_DATA"])

    def browser(self, width: int = DESKTOP, *, js: bool = True, who: str = "") -> BrowserContext:
        """A browser of its own, in French; `who` is the e-mail of the person signed in."""
        context = self.chromium.new_context(
            base_url=self.url,
            viewport={"width": width, "height": 800},
            locale="fr-FR",
            java_script_enabled=js,
            storage_state=self._session(who) if who else None,
            accept_downloads=True,
        )
        context.set_default_timeout(20_000)
        return context

    def page(self, width: int = DESKTOP, *, js: bool = True, who: str = "") -> Page:
        return self.browser(width, js=js, who=who).new_page()

    def _session(self, who: str) -> Any:
        """Signs in once per person and module: everything else is another browser of theirs."""
        if who not in self.sessions:
            page = self.page()
            page.goto("/connexion")
            page.get_by_label("E-mail").fill(who)
            page.get_by_label("Mot de passe").fill(DEMONSTRATION_PASSWORD)
            page.get_by_label("Mot de passe").press("Enter")
            page.wait_for_url(f"**/{FOLDERS.get(who, 'formateur')}/")
            self.sessions[who] = page.context.storage_state()
            page.context.close()
        return self.sessions[who]

    def messages(self, to: str, words: str = "") -> list[EmailMessage]:
        """What arrived at that address with these words in its subject, in order of arrival."""
        arrived = [mailroom.parsed(content) for content in list(self.mail.received)]
        return [m for m in arrived if to in str(m["To"]) and words in subject(m)]

    def message(self, to: str, words: str = "") -> EmailMessage:
        """The last of them, waited for."""
        found: list[EmailMessage] = until(
            lambda: self.messages(to, words), f"no message « {words} » to {to}"
        )
        return found[-1]

    def a_minute_later(self) -> None:
        """What waits so that a decision can be taken back leaves now."""
        app = self.app()
        with app.app_context(), writing():
            held = db.select(Email).where(Email.state == "queued", Email.next_at > clock.now())
            for message in db.session.scalars(held):
                message.created_at = message.next_at = clock.now()
        with app.app_context():
            tasks.sweep()
        conftest.close(app)

    def app(self) -> Flask:
        """An application on the same data, to bring sessions to a point and read rows."""
        return create_app(Config.from_env(self.env))


def subject(message: EmailMessage) -> str:
    return " ".join(str(message["Subject"]).replace("\u00a0", " ").split())


def link_in(message: EmailMessage) -> str:
    """The path of the personal link a message holds."""
    body = message.get_body(("plain",))
    assert body is not None
    found = re.search(r"http://127\.0\.0\.1:[0-9]+(/l/\S+)", body.get_content())
    assert found, body.get_content()
    return found[1]


def code_in(message: EmailMessage) -> str:
    """The six figures of a one-time code, as a phone copies them."""
    body = message.get_body(("plain",))
    assert body is not None
    found = re.search(r"\b[0-9]{3} ?[0-9]{3}\b", body.get_content().replace("\u00a0", " "))
    assert found, body.get_content()
    return found[0]


def papers_in(message: EmailMessage) -> dict[str, str]:
    """The SHA-256 of each attached PDF, by file name."""
    return {
        str(part.get_filename()): sha256(part.get_payload(decode=True)).hexdigest()  # type: ignore[arg-type]
        for part in message.iter_attachments()
        if part.get_content_type() == "application/pdf"
    }


@contextmanager
def serving(template: Path, folder: Path, chromium: Browser, **given: str) -> Iterator[Portal]:
    """Runs the portal on a copy of `template`, with these variables of its environment; stops it,
    and what it started, at the end."""
    data = folder / "var"
    databases.copy(template, data)
    with mailroom.serving(mailroom.Server()) as server:
        env = environment(data, free_port(), server.port) | given
        output = folder / "output.txt"
        with output.open("wb") as said:
            process = subprocess.Popen(flask("serve"), cwd=ROOT, env=env, stdout=said, stderr=said)
        try:
            until(
                lambda: "Ctrl-C" in output.read_text() or process.poll() is not None,
                "the portal never says it is ready",
            )
            assert process.poll() is None, output.read_text()
            yield Portal(env, server, chromium)
        finally:
            process.send_signal(signal.SIGTERM)
            code = process.wait(PATIENCE)
        failures = [line for line in output.read_text().splitlines() if "Traceback" in line]
        assert (code, failures) == (0, []), output.read_text()
