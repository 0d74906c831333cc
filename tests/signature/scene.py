"""A dossier whose convention waits for its signature, and the hands that sign it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask
from sqlalchemy import select

from portal import clock, workflow
from portal.access import service as access
from portal.access.models import ShareLink
from portal.access.rules import Actor, Role, Scope
from portal.accounts import service as accounts
from portal.documents import service as documents
from portal.documents.models import Document
from portal.emails import outbox, signing_notices
from portal.extensions import db, store, writing
from portal.signature import codes
from portal.signature.models import Channel, OneTimeCode, Signature
from portal.signature.rules import consent_sentences
from portal.training.models import Programme, TrainingSession
from portal.training.rules import Event
from tests.conftest import TRAINER, user
from tests.documents import cast
from tests.pages import BASE_URL

SIGNATORY = "helene@menuiserie-vasseur.example"
REQUEST: dict[str, str | None] = {
    "ip": "203.0.113.9",
    "peer": "203.0.113.9",
    "user_agent": "Navigateur/1.0",
    "accept_language": "fr",
}
STROKES = "10,100 200,20 300,180;100,150 500,150"


@dataclass
class Scene:
    """Ids only: rows are read again where they are needed."""

    app: Flask
    training_id: int
    document_id: int
    link_id: int

    @property
    def training(self) -> TrainingSession:
        return db.session.get_one(TrainingSession, self.training_id)

    @property
    def document(self) -> Document:
        return db.session.get_one(Document, self.document_id)

    @property
    def link(self) -> ShareLink:
        return db.session.get_one(ShareLink, self.link_id)

    @property
    def signatory(self) -> Actor:
        return Actor(Role.CLIENT, self.link_id, "Hélène Vasseur", "203.0.113.9")

    @property
    def office(self) -> Actor:
        return Actor(Role.OFFICE, 3, "Nadia Belkacem", "203.0.113.3")

    def issue(self, channel: Channel = Channel.EMAIL) -> str:
        """Asks for a code as the page does, and reads it as its addressee would."""
        actor = self.office if channel is Channel.PHONE else self.signatory
        workflow.send_code(self.training, self.link, self.document, channel, actor)
        return codes.text_of(self.code())

    def code(self) -> OneTimeCode:
        """The last code, as it stands in the database."""
        found = db.session.scalars(
            select(OneTimeCode)
            .where(OneTimeCode.link_id == self.link_id)
            .order_by(OneTimeCode.id.desc())
            .limit(1)
            .execution_options(populate_existing=True)
        ).one()
        return found

    def sentences(self) -> list[str]:
        return consent_sentences(
            "C-2026-0142",
            "Menuiserie Vasseur",
            None,
            subrogation=True,
            organisation="Rivage Formation",
            funder="Constructys",
            recovers_vat=True,
        )

    def sign(self, digits: str, **changes: Any) -> int:
        """What the page does at « Signer »; the id of the signature."""
        codes.count_try(self.link, self.document, digits, clock.now())
        data: dict[str, Any] = {
            "link": self.link,
            "shown": (self.document_id, self.document.sha256),
            "code": digits,
            "name": "Hélène Vasseur",
            "function": "gérante",
            "drawn": STROKES,
            "sentences": self.sentences(),
            "request_facts": REQUEST,
        }
        made = workflow.perform(Event.SIGN, self.training, self.signatory, **{**data, **changes})
        identity: int = made.id
        return identity

    def signature(self) -> Signature:
        """The last signature, as it stands in the database."""
        db.session.rollback()
        return db.session.scalars(select(Signature).order_by(Signature.id.desc()).limit(1)).one()

    def path(self) -> str:
        """The address the signing link opens."""
        return access.url_of(self.link).removeprefix(BASE_URL)


_MADE: list[bytes] = []


def _make_ready(document_id: int) -> None:
    """The press prints the convention once for all the tests: facts and clock are the same."""
    if not _MADE:
        assert documents.prepare(document_id)
        _MADE.append(documents.pdf_bytes(db.session.get_one(Document, document_id)))
        return
    sha256 = store().put(_MADE[0])
    with writing():
        row = db.session.get_one(Document, document_id)
        row.state, row.sha256, row.octets, row.pages = "ready", sha256, len(_MADE[0]), 3
        row.ready_at = clock.now()


def prepared(app: Flask, at: datetime) -> Scene:
    """An early signature: documents sent, signing asked for, nothing funded yet."""
    training = cast.training(
        named=4,
        trainer=user(TRAINER),
        programme=db.session.scalars(select(Programme)).first(),
        public_id="scene",
        creation_key="scene",
        way="link",
        state="sent",
        created_at=at,
        updated_at=at,
        sent_at=at,
        vat_regime="exempt",
        minutes=840,
    )
    training.first_day, training.last_day = (
        training.half_days[0].day,
        training.half_days[-1].day,
    )
    with writing():
        db.session.add(training)
        db.session.flush()
        papers = documents.issue(training, accounts.organisation(), at)
        convention = next(row for row in papers if row.kind == "convention")
        actor = Actor(Role.OFFICE, 3, "Nadia Belkacem")
        link = access.issue_link(training, actor, SIGNATORY, at, scope=Scope.SIGN)
        asked = signing_notices.sign_request(training, link, 0, accounts.organisation(), at)
        outbox.post(asked)
        scene = Scene(app, training.id, convention.id, link.id)
    _make_ready(scene.document_id)
    access.open_space(scene.link, None, at)
    return scene
