"""A small application, a dossier in its database, and mail servers of every character."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask
from sqlalchemy import event

from portal import tasks
from portal.access.models import ShareLink
from portal.accounts.models import Organisation, User
from portal.config import Config, Smtp
from portal.documents import kinds
from portal.documents.models import Document
from portal.emails import letters
from portal.emails.models import Email
from portal.extensions import db, engine_options, mail, prepare, store, writing
from portal.training.models import Programme, TrainingSession
from tests.documents import cast

NOW = datetime(2026, 11, 23, 15, 5, tzinfo=UTC)
BASE_URL = "https://portail.rivage-formation.example"
KEY = "0123456789abcdefghijklmnopqrstuvwxyz-link"


def make_app(folder: Path, smtp: Smtp | None = None, **settings: Any) -> Flask:
    """The parts of the portal that messages need, on a new database in `folder`."""
    (folder / "portal.sqlite3").write_bytes(_empty_database())
    return app_on(folder, smtp, **settings)


def app_on(folder: Path, smtp: Smtp | None = None, **settings: Any) -> Flask:
    """The same on the database that is already there."""
    config = Config(
        base_url=BASE_URL,
        data=folder,
        database_url=f"sqlite:///{folder / 'portal.sqlite3'}",
        secret_key="s" + KEY,
        link_key=KEY,
        smtp=smtp,
        **settings,
    )
    app = Flask("mailroom")
    app.config.update(
        PORTAL=config,
        SECRET_KEY=config.secret_key,
        SQLALCHEMY_DATABASE_URI=config.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(config.database_url),
    )
    db.init_app(app)
    mail.init_app(app)
    tasks.init_app(app)
    with app.app_context():
        prepare(db.engine)
        # Durable tables would only make these tests slower: nobody cuts the power here.
        event.listen(db.engine, "connect", _hurry)
    return app


@cache
def _empty_database() -> bytes:
    """The tables, made once: a copy costs nothing."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        with app_on(folder).app_context():
            db.create_all()
            db.session.remove()
            db.engine.dispose()
        return (folder / "portal.sqlite3").read_bytes()


def _hurry(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def configured(app: Flask, **changes: Any) -> None:
    """The same application, told otherwise."""
    config = app.config["PORTAL"]
    app.config["PORTAL"] = Config(**{**vars(config), **changes})


def dossier(**changes: Any) -> tuple[TrainingSession, Organisation]:
    """A session sent to its client; committed. Two of them share trainer and programme."""
    known = {
        "trainer": db.session.scalar(db.select(User)),
        "programme": db.session.scalar(db.select(Programme)),
    }
    shared = {name: row for name, row in known.items() if row is not None}
    training = cast.training(named=4, **{**shared, **changes})
    first, last = training.half_days[0].day, training.half_days[-1].day
    for row in (training, training.trainer):
        row.created_at = NOW
    training.public_id, training.creation_key = f"p-{training.ref}", f"k-{training.ref}"
    training.state, training.way, training.vat_regime = "sent", "link", "exempt"
    training.first_day, training.last_day, training.minutes = first, last, 840
    training.updated_at = training.sent_at = NOW
    with writing():
        db.session.add(training)
        if db.session.get(Organisation, 1) is None:
            db.session.add(cast.organisation())
    return training, db.session.get_one(Organisation, 1)


def link_of(training: TrainingSession, **changes: Any) -> ShareLink:
    fields: dict[str, Any] = {
        "training_id": training.id,
        "scope": "space",
        "recipient_email": "helene@menuiserie-vasseur.example",
        "rotation": 0,
        "created_at": NOW,
        "expires_at": NOW + timedelta(days=60),
    }
    link = ShareLink(**{**fields, **changes})
    with writing():
        db.session.add(link)
    return link


def papers(training: TrainingSession, *, ready: bool = True, version: int = 1) -> list[Document]:
    """The three papers, each with bytes of its own."""
    rows = []
    for code in kinds.ISSUED_TOGETHER:
        content = f"%PDF-1.7 {code} {training.ref} v{version}".encode() * 50
        rows.append(
            Document(
                training_id=training.id,
                kind=code,
                version=version,
                facts={},
                state="ready" if ready else "pending",
                sha256=store().put(content) if ready else None,
                created_at=NOW,
            )
        )
    with writing():
        db.session.add_all(rows)
    return rows


def finish(document: Document) -> None:
    """The worker has just made that paper."""
    content = f"%PDF-1.7 {document.kind}".encode()
    sha256 = store().put(content)
    with writing():
        row = db.session.get_one(Document, document.id)
        row.state, row.sha256 = "ready", sha256


def every_letter(
    training: TrainingSession,
    link: ShareLink,
    documents: list[Document],
    organisation: Organisation,
    reason: str = "Les dates ont changé à votre demande.",
) -> list[Email]:
    """One message of each kind."""
    given = (training, documents, organisation)
    return [
        letters.invitation(training, link, organisation, NOW, "first"),
        letters.documents_to_client(*given, NOW),
        letters.documents_to_trainer(*given, NOW),
        letters.new_link(training, link, organisation, NOW),
        letters.call_trainer(training, organisation, NOW),
        letters.documents_withdrawn(training, organisation, reason, NOW),
        letters.documents_amended(*given, reason, NOW),
        letters.amended_to_trainer(*given, reason, NOW),
        letters.cancelled_to_client(training, organisation, reason, NOW),
        letters.cancelled_to_trainer(training, organisation, reason, NOW),
        letters.client_reminder(training, link, organisation, NOW),
    ]


def posted(email: Email) -> int:
    """The message committed as a row; its id."""
    with writing():
        db.session.add(email)
    return email.id


def again(email_id: int) -> Email:
    """The row as it stands in the database now."""
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Email, email_id)


def parsed(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


@dataclass
class Server:
    """A real SMTP server on a free port, which answers what it is told to."""

    after_mail: str = "250 OK"
    after_rcpt: str = "250 OK"
    after_data: str = "250 OK queued as 4F2"
    drops: int = 0  # connections to cut after the message was received, before answering
    received: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    port: int = 0
    delay: float = 0.0

    def smtp(self, security: str = "none", **changes: Any) -> Smtp:
        fields: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": self.port,
            "security": security,
            "username": None,
            "password": None,
        }
        return Smtp(**{**fields, **changes})

    async def handle_MAIL(  # noqa: N802 - named by aiosmtpd
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.after_mail.startswith("250"):
            envelope.mail_from = address
        return self.after_mail

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.after_rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
            self.recipients.append(address)
        return self.after_rcpt

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        await asyncio.sleep(self.delay)
        self.received.append(content)
        if self.drops:
            self.drops -= 1
            assert server.transport is not None
            server.transport.abort()
        return self.after_data


@contextmanager
def serving(
    server: Server, context: ssl.SSLContext | None = None, **options: Any
) -> Iterator[Server]:
    """Runs `server` in a thread of its own until the end of the block."""
    listening = socket.create_server(("127.0.0.1", 0))
    server.port = listening.getsockname()[1]
    loop, ready = asyncio.new_event_loop(), threading.Event()

    async def serve() -> asyncio.Server:
        return await loop.create_server(
            lambda: SMTP(server, loop=loop, **options), sock=listening, ssl=context
        )

    def run() -> None:
        asyncio.set_event_loop(loop)
        running = loop.run_until_complete(serve())
        ready.set()
        loop.run_forever()
        running.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
