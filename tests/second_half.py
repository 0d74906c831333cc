"""From the funder's answer to the start: acts of the real workflow, and hands that send and sign.

`tests.story.a_training` brings a session there; the stories of the pages use the same hands.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import Any

import time_machine
from flask import Flask
from reportlab.pdfgen import canvas
from werkzeug.test import TestResponse

from portal import clock, workflow
from portal.access import service as access
from portal.access.models import ShareLink
from portal.access.rules import Actor, Role, Scope
from portal.accounts import service as accounts
from portal.documents.models import Document
from portal.effects import signing
from portal.extensions import db, store, writing
from portal.funding import service as fundings
from portal.funding.rules import Base
from portal.signature import codes
from portal.signature.models import Channel, OneTimeCode
from portal.signature.rules import consent_sentences
from portal.training.models import TrainingSession
from portal.training.rules import Event
from portal.uploads.keeping import Stored
from tests.pages import BASE_URL, Visitor, soup_of

POINTS = ("received", "refused", "funded", "signed", "running")
LETTER = (
    "CONSTRUCTYS", "Accord de prise en charge n° 26-118204", "Montant accordé : 1 600,00 € HT",
    "Subrogation de paiement : oui, paiement à l'organisme de formation",
)  # fmt: skip
REFUSAL = "Budget annuel de l’entreprise épuisé"
REQUEST = {
    "ip": "203.0.113.9", "peer": "203.0.113.9", "user_agent": "Navigateur/1.0",
    "accept_language": "fr",
}  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What the funder's paper says; `granted` is the printed figure, None for the whole price."""

    granted: int | None = 160_000
    base: Base = Base.NET
    pays_vat: bool = False
    subrogation: bool = True


# --- Acts


def bring(identity: int, point: str, answer: Answer, *, early: bool = False) -> None:
    """Takes a session whose papers are sent to that point of `POINTS`.

    `early`: its convention was signed before the agreement came. Inside an application context.
    """
    if early:
        workflow.perform(Event.SEND_SIGN_LINK, _row(identity), _client(identity))
        sign(identity)
    workflow.perform(
        Event.RECEIVE_AGREEMENT, _row(identity), _client(identity), stored=stored_paper()
    )
    if point == "received":
        return
    if point == "refused":
        workflow.perform(Event.RECORD_REFUSAL, _row(identity), _office(), reason=REFUSAL)
        return
    validate(identity, answer)
    if point in ("signed", "running") and workflow.facts_of(_row(identity)).owes_undertaking:
        sign(identity)
    if point == "running":
        first_day = _row(identity).first_day
        assert first_day is not None
        with time_machine.travel(datetime.combine(first_day, time(8), UTC), tick=False):
            trainer = _row(identity).trainer
            actor = Actor(Role.TRAINER, trainer.id, trainer.name)
            workflow.perform(Event.START, _row(identity), actor)


def validate(identity: int, answer: Answer) -> None:
    """The office writes down what the funder covers."""
    training = _row(identity)
    workflow.perform(
        Event.VALIDATE_AGREEMENT,
        training,
        _office(),
        printed_cents=training.price_cents if answer.granted is None else answer.granted,
        base=answer.base,
        funder_pays_vat=answer.pays_vat or answer.base is Base.GROSS,
        subrogation=answer.subrogation,
        number="26-118204",
    )


def sign(identity: int, name: str = "Hélène Vasseur") -> None:
    """The signatory asks for a code by its link, then signs the current paper with it."""
    make_papers(identity)
    training = _row(identity)
    link, document = sign_link(training), signing.signable(training)
    assert document is not None
    actor = Actor(Role.CLIENT, link.id, name)
    workflow.send_code(training, link, document, Channel.EMAIL, actor)
    digits = latest_code(training)
    codes.count_try(link, document, digits, clock.now())
    workflow.perform(
        Event.SIGN,
        training,
        actor,
        link=link,
        shown=(document.id, document.sha256),
        code=digits,
        name=name,
        function="Gérante",
        drawn=None,
        sentences=sentences_of(training),
        request_facts=REQUEST,
    )


def sentences_of(training: TrainingSession) -> list[str]:
    known = training.granted_cents is not None
    return consent_sentences(
        f"C-{training.number}",
        "Menuiserie Vasseur",
        fundings.split_of(training) if known else None,
        subrogation=bool(training.subrogation),
        organisation=accounts.organisation().name,
        funder="Constructys",
        recovers_vat=True,
    )


def _row(identity: int) -> TrainingSession:
    db.session.rollback()
    return db.session.get_one(TrainingSession, identity)


def _client(identity: int) -> Actor:
    return Actor(Role.CLIENT, _row(identity).links[0].id, "Hélène Vasseur")


def _office() -> Actor:
    return Actor(Role.OFFICE, 3, "Nadia Belkacem")


# --- What stands in the database


def stored_paper(lines: Sequence[str] = LETTER, name: str = "accord.pdf") -> Stored:
    """An agreement in the store, as if the gate had let it pass."""
    content = paper(*lines)
    sha256 = store().put(content)
    original = {
        "sha256": sha256, "name": name, "octets": len(content), "type": "application/pdf",
    }  # fmt: skip
    return Stored(name, sha256, len(content), 1, [original], [])


def make_papers(identity: int) -> None:
    """Papers that wait for the press get a page of their own."""
    with writing():
        query = db.select(Document).filter_by(training_id=identity, state="pending")
        for row in db.session.scalars(query):
            content = paper(f"{row.kind} v{row.version} {identity}")
            row.sha256, row.octets = store().put(content), len(content)
            row.state, row.pages, row.ready_at = "ready", 2, clock.now()


def sign_link(training: TrainingSession) -> ShareLink:
    """The signing link that lives."""
    link = access.open_link(training, clock.now(), Scope.SIGN)
    assert link is not None, "no signing link is open"
    return link


def latest_code(training: TrainingSession) -> str:
    """The digits of the last code asked for: what its e-mail says when it leaves."""
    query = (
        db.select(OneTimeCode)
        .join(ShareLink, ShareLink.id == OneTimeCode.link_id)
        .where(ShareLink.training_id == training.id)
        .order_by(OneTimeCode.id.desc())
    )
    code = db.session.scalars(query).first()
    assert code is not None, "no code was asked for"
    return codes.text_of(code)


# --- Files


@cache
def paper(*lines: str) -> bytes:
    """A PDF of one page that says these lines."""
    content = io.BytesIO()
    sheet = canvas.Canvas(content, invariant=1)
    for number, line in enumerate(lines):
        sheet.drawString(80, 750 - 40 * number, line)
    sheet.save()
    return content.getvalue()


def hand_in(
    visitor: Visitor, page: str, *files: tuple[bytes, str], form: str = "#depot", **more: Any
) -> TestResponse:
    """Sends files by the form of a page, as the browser does when they are chosen."""
    shown = visitor.get(page)
    found = soup_of(shown.text).select_one(form)
    assert found is not None, f"no {form} at {page}"
    token = found.select_one("[name=csrf_token]")
    assert token is not None
    data = {
        "csrf_token": str(token["value"]),
        "fichiers": [(io.BytesIO(content), name) for content, name in files],
    }
    return visitor.post(str(found["action"]), data=data, content_type="multipart/form-data", **more)


# --- People who sign


def open_sign_link(app: Flask, identity: int) -> tuple[Visitor, str]:
    """The browser of the signatory, who pressed « Commencer », and the page it was sent to."""
    visitor = Visitor(app, app.response_class)
    answer = visitor.submit(sign_path(app, identity))
    assert answer.status_code == 303
    return visitor, answer.headers["Location"]


def sign_path(app: Flask, identity: int) -> str:
    """The address that the signatory's e-mail carries."""
    with app.app_context():
        return access.url_of(sign_link(_row(identity))).removeprefix(BASE_URL)


def ask_code(
    app: Flask, identity: int, visitor: Visitor, place: str, **typed: str | None
) -> tuple[TestResponse, str]:
    """Fills in the page and presses « Recevoir mon code »; the page shown then, and the digits."""
    values = {"accepts": "y", "undertakes": "y", **typed}
    page = visitor.get(place)
    if 'name="undertakes"' not in page.text:
        del values["undertakes"]
    page = visitor.submit(page, values, button="Recevoir mon code")
    with app.app_context():
        return page, latest_code(_row(identity)) if page.status_code == 200 else ""


def press_sign(visitor: Visitor, page: TestResponse, code: str, **typed: str) -> TestResponse:
    """Types the code and presses « Signer »."""
    return visitor.submit(page, {"code": code, **typed}, button="Signer")


def spaced(code: str) -> str:
    """The code as a messaging app copies it."""
    return f"\u00a0{code[:3]} {code[3:]}\n"


def without_token(text: str) -> bool:
    """Whether nothing in `text` opens a signature."""
    return re.search(r"sig-\d+-[\w-]{20,}", text) is None


LATER = timedelta(seconds=61)
