"""Two sides that must never meet: two trainers, two clients, each with a draft and a sent dossier.

Everything that belongs to a side carries its word, its references, its public ids or its links:
what a stranger receives is searched for them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from portal import clock, membership, workflow
from portal.access import service as access
from portal.access.models import Grant, ShareLink
from portal.access.rules import GRANT_IDLE, READ_ONLY_WEEKS, Actor, Role, digest
from portal.app import create_app
from portal.config import Config
from portal.documents.models import Document
from portal.emails import outbox
from portal.emails.models import Email
from portal.extensions import db, store, writing
from portal.training.models import TrainingSession
from portal.training.rules import Event, Way
from tests import databases, second_half
from tests.conftest import NOW, OFFICE, OTHER_TRAINER, PASSWORD, TRAINER, close, user
from tests.pages import BASE_URL, Visitor, soup_of
from tests.schemas import rows_in
from tests.security.typed import SIRETS, Answers, topics

OWNERS = {"quetzal": TRAINER, "wapiti": OTHER_TRAINER}
SLUGS = {"client": "entreprise", "office.settings": "identite"}
COUNTERS = ("attempt", "held_form")  # what a refusal may write


class Bare(Visitor):
    """A browser whose pages are not read for their wording: hostile texts break every rule."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        if args and isinstance(args[0], str):
            kwargs.setdefault("base_url", BASE_URL)
            headers = kwargs["headers"] = dict(kwargs.get("headers") or {})
            if kwargs.get("method", "GET") not in ("GET", "HEAD", "OPTIONS"):
                headers.setdefault("Origin", BASE_URL)
                headers.setdefault("Sec-Fetch-Site", "same-origin")
        return FlaskClient.open(self, *args, **kwargs)

    known_token: str | None = None

    def token(self) -> str:
        """A CSRF token of this very browser; asked for once, as long as nobody signs in."""
        if self.known_token:
            return self.known_token
        for page in ("/connexion", "/formateur/", "/organisme/"):
            found = soup_of(self.get(page).text).select_one("[name=csrf_token]")
            if found is not None:
                return str(found["value"])
        raise AssertionError("no form anywhere")

    def send(
        self, path: str, data: dict[str, Any] | None = None, method: str = "POST", **more: Any
    ) -> TestResponse:
        """An unsafe request, with the CSRF token of this browser: only the guards may refuse."""
        return self.open(
            path, method=method, data={"csrf_token": self.token()} | (data or {}), **more
        )


@dataclass
class Dossier:
    """What a stranger must not reach: the addresses and the secrets of one session."""

    id: int
    ref: str
    public_id: str
    tokens: dict[str, str] = field(default_factory=dict)  # live, expired, revoked
    documents: list[int] = field(default_factory=list)
    mails: dict[str, int] = field(default_factory=dict)  # by letter, and « failed »
    agreement: int = 0  # received, then sent back


@dataclass
class Side:
    word: str
    draft: Dossier
    sent: Dossier

    @property
    def marks(self) -> set[str]:
        """What shows that an answer speaks of this side, in lower case."""
        both = (self.draft, self.sent)
        secrets = {text for dossier in both for text in dossier.tokens.values()}
        return {
            text.lower()
            for text in {self.word, *secrets, *(d.ref for d in both), *(d.public_id for d in both)}
        }

    def parts(self, endpoint: str, dossier: Dossier) -> dict[str, Any]:
        """What fills in the address of any route, for one of the two dossiers of this side."""
        mail = "failed" if endpoint.endswith(".retry") else "documents_to_client"
        return {
            "ref": dossier.ref,
            "public_id": dossier.public_id,
            "slug": SLUGS.get(endpoint.rpartition(".")[0], "programme"),
            "kind": "devis",
            "document_id": self.sent.documents[0],
            "mail_id": self.sent.mails[mail],
            "agreement_id": self.sent.agreement,
            "number": 1,
            "signature_id": 1,
            "user_id": 1,
            "name": "document",
            "filename": "app.css",
            "code": "LPM-14",
            "section": "contenu",
            "side": "formation",
            "suffix": "csv",
            "token": dossier.tokens["live"],
        }


@dataclass
class World:
    app: Flask
    mine: Side
    theirs: Side
    visitors: dict[str, Bare]
    pristine: databases.Snapshot
    at_first: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return Path(self.app.config["PORTAL"].data)

    def visitor(self, role: str) -> Bare:
        """A copy of that person's browser, as it was when the world was made."""
        copy = Bare(self.app, self.app.response_class)
        original = self.visitors[role]
        original.known_token = copy.known_token = original.token()
        copy._cookies = dict(original._cookies)
        return copy

    def restore(self) -> None:
        """The database as it was when the world was made."""
        self.pristine.restore()

    def is_untouched(self) -> bool:
        """Whether the rows are those of the beginning, but for what a refusal may write."""
        return not self.pristine.is_touched() or self.dump(*COUNTERS) == self.at_first

    def dump(self, *but: str, columns: tuple[str, ...] = ()) -> dict[str, list[Any]]:
        """Every row of every table but those, without « last seen » nor these columns."""
        rows: dict[str, list[Any]] = {}
        for name, (names, found) in rows_in(self.data).items():
            kept = [n for n, column in enumerate(names) if column not in ("seen_at", *columns)]
            if name not in but:
                rows[name] = sorted((tuple(row[n] for n in kept) for row in found), key=repr)
        return rows


# --- Making it


def fill(training: TrainingSession, actor: Actor, answers: dict[str, Answers]) -> None:
    """Saves each topic as its page would."""
    pages = [
        (
            topic,
            {name: [value] for name, value in given.items()},
            {"version": 0, "edit_id": f"first-{topic}", "final": True},
        )
        for topic, given in answers.items()
    ]
    workflow.perform(Event.SAVE_TOPIC, training, actor, topics=pages)


def finish(training: TrainingSession, word: str) -> None:
    """The papers as if the press had made them: the word in clear, so that it can be searched."""
    with writing():
        for document in db.session.scalars(db.select(Document).filter_by(training_id=training.id)):
            content = f"%PDF-1.7 {word} {document.kind} {training.ref}".encode() * 20
            document.sha256, document.octets = store().put(content), len(content)
            document.state, document.pages = "ready", 1


def _returned_agreement(training: TrainingSession, word: str) -> int:
    """Somebody handed a file in, which was not the right one; the dossier stands as before."""
    client = Actor(Role.CLIENT, training.links[0].id, f"Client {word}")
    stored = second_half.stored_paper(("Accord", word), f"{word}.pdf")
    workflow.perform(Event.RECEIVE_AGREEMENT, training, client, stored=stored)
    office = Actor(Role.OFFICE, user(OFFICE).id, "Nadia Belkacem")
    workflow.perform(Event.RETURN_AGREEMENT, training, office, reason=f"Ce n’est pas {word}")
    return training.agreements[-1].id


def _dossier(word: str, key: str, *, sent: bool) -> Dossier:
    person = user(OWNERS[word])
    actor = Actor(Role.TRAINER, person.id, person.name)
    email = f"helene@{word}.example"
    training = workflow.create(person, actor, Way.LINK, f"{word}-{key}", client_email=email)
    fill(training, actor, topics(word))
    workflow.perform(Event.SHARE_LINK, training, actor, email=email, key="k")
    if sent:
        workflow.perform(Event.ISSUE_DOCUMENTS, training, actor)
        finish(training, word)
        agreement = _returned_agreement(training, word)
    made = Dossier(training.id, training.ref, training.public_id)
    made.agreement = agreement if sent else 0
    with writing():
        dead = {
            "expired": access.issue_link(training, actor, email, clock.now()),
            "revoked": access.issue_link(training, actor, email, clock.now()),
        }
        links = {"live": training.links[0], **dead}
    made.tokens = {name: access.token_of(link) for name, link in links.items()}
    made.documents = [d.id for d in training.documents]
    for mail_id in outbox.due_ids(clock.now()):
        outbox.deliver(mail_id)
    mails = db.session.scalars(db.select(Email).filter_by(training_id=training.id)).all()
    made.mails = {mail.letter: mail.id for mail in mails}
    if sent:
        made.mails["failed"] = made.mails["documents_to_trainer"]
        with writing():
            failed = db.session.get_one(Email, made.mails["failed"])
            failed.state, failed.error = "failed", "Adresse inconnue"
    return made


def _hand_in_cv() -> None:
    """The trainer of the first side has one, which holds the word of that side."""
    word, email = next(iter(OWNERS.items()))
    person = user(email)
    sha256 = store().put(f"%PDF-1.7 {word} CV".encode())
    membership.change_cv(person.id, sha256, Actor(Role.TRAINER, person.id, person.name))


def _opened(app: Flask, side: Side, kind: str) -> Bare:
    """A browser that pressed « Commencer » on both links of that kind."""
    visitor = Bare(app, app.response_class)
    for dossier in (side.draft, side.sent):
        answer = visitor.send(f"/l/{dossier.tokens[kind]}")
        assert answer.headers["Location"].startswith(f"/espace/{dossier.public_id}/")
    return visitor


def _signed_in(app: Flask, email: str) -> Bare:
    visitor = Bare(app, app.response_class)
    answer = visitor.send("/connexion", {"email": email, "password": PASSWORD})
    assert answer.status_code == 303
    return visitor


def _let_idle(visitor: Bare) -> None:
    """Half an hour passes in that browser, whose link would still open."""
    cookie = visitor.get_cookie("__Host-espace", domain=BASE_URL.removeprefix("https://"))
    assert cookie is not None
    with writing():
        for grant in db.session.scalars(
            db.select(Grant).filter_by(cookie_sha256=digest(cookie.value))
        ):
            grant.seen_at = clock.now() - GRANT_IDLE


def _kill_links(mine: Side) -> None:
    """After they were opened: what they opened must close."""
    for dossier in (mine.draft, mine.sent):
        for kind, changes in (
            ("expired", {"expires_at": clock.now() - timedelta(weeks=READ_ONLY_WEEKS)}),
            ("revoked", {"revoked_at": clock.now()}),
        ):
            found = access.find(dossier.tokens[kind]).link
            assert found is not None
            with writing():
                link = db.session.get_one(ShareLink, found.id)
                for name, value in changes.items():
                    setattr(link, name, value)


def _hurry(connection: Any, _record: object) -> None:
    if not databases.ON_POSTGRESQL:
        connection.execute("PRAGMA synchronous=OFF")


@contextmanager
def made(config: Config) -> Iterator[World]:
    """The whole world in that folder, at NOW; the clock stands still inside."""
    with time_machine.travel(NOW, tick=False):
        app = create_app(config)
        with app.app_context():
            # durable tables would only make these tests slower: nobody cuts the power here
            event.listen(db.engine, "connect", _hurry)
            sides = []
            for word in SIRETS:
                draft = _dossier(word, "draft", sent=False)
                sides.append(Side(word, draft, _dossier(word, "sent", sent=True)))
            _hand_in_cv()
        mine, theirs = sides
        visitors = {
            "nobody": Bare(app, app.response_class),
            "owner": _signed_in(app, TRAINER),
            "other": _signed_in(app, OTHER_TRAINER),
            "office": _signed_in(app, OFFICE),
            "client": _opened(app, mine, "live"),
            "client_b": _opened(app, theirs, "live"),
            "expired": _opened(app, mine, "live"),
            "revoked": _opened(app, mine, "revoked"),
        }
        with app.app_context():
            _let_idle(visitors["expired"])
            _kill_links(mine)
            db.session.remove()
        pristine = databases.Snapshot(Path(app.config["PORTAL"].data))
        world = World(app, mine, theirs, visitors, pristine)
        world.at_first = world.dump(*COUNTERS)
        yield world
        pristine.close()
        close(app)
