"""A whole journey through the real pages: opened, shared, answered, sent, changed, ended."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from werkzeug.test import TestResponse

from portal import clock
from portal.access import service as access
from portal.emails import outbox
from portal.extensions import db
from portal.training.models import TrainingSession
from tests.pages import BASE_URL
from tests.security import typed
from tests.security.world import Bare, World, finish

Sent = tuple[Bare, str, dict[str, Any]]


class Recorder(Bare):
    """A browser that remembers the forms it sent."""

    def __init__(self, world: World, role: str, forms: list[Sent]) -> None:
        super().__init__(world.app, world.app.response_class)
        self._cookies = dict(world.visitors[role]._cookies)
        self.forms = forms

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        if kwargs.get("method") == "POST":
            self.forms.append((self, args[0], dict(kwargs)))
        return super().open(*args, **kwargs)


@dataclass
class Opened:
    """The session that was opened, as its two sides reach it."""

    id: int
    page: str
    space: str
    landing: str


def journey(world: World) -> Iterator[Sent]:
    """What people send, in order, from the opening of a session to its end."""
    forms: list[Sent] = []
    owner, client = Recorder(world, "owner", forms), Recorder(world, "nobody", forms)
    made = owner.submit("/formateur/sessions/nouvelle", {"way": "link"})
    yield forms[-1]
    page = f"/formateur/sessions/{made.headers['Location'].split('/')[3]}/"
    steps = (
        _prepared(owner, page),
        _answered(client, world, page),
        _ended(owner, page),
    )
    for chapter in steps:
        for _answer in chapter:
            yield forms[-1]


def _prepared(owner: Recorder, page: str) -> Iterator[TestResponse]:
    yield owner.submit(f"{page}etapes/programme", typed.programme(), form="#etape")
    started = owner.submit(f"{page}etapes/dates", form="#etape", button="Ajouter un jour")
    yield started
    yield owner.submit(started, typed.schedule("quetzal"), form="#etape", button="Continuer")
    yield owner.submit(f"{page}verifier", button="Créer le lien")
    to = {"email": "helene@quetzal.example"}
    yield owner.submit(page, to, form="form[action$='/lien/envoyer']", button="Envoyer")
    yield owner.submit(page, form="form[action$='/relances']")
    yield owner.submit(page, form="form[action$='/lien/renouveler']")


def _answered(client: Recorder, world: World, page: str) -> Iterator[TestResponse]:
    opened = _opened(world, page)
    people = {name: text for name, text in typed.trainees("quetzal").items() if name != "pasted"}
    yield client.submit(opened.landing)
    for slug, answers in (
        ("entreprise", typed.company("quetzal")),
        ("stagiaires", people),
        ("financement", typed.funding()),
    ):
        yield client.submit(f"{opened.space}etapes/{slug}", answers, form="#etape")
    yield client.submit(f"{opened.space}verifier")
    _papers(world, opened.id)
    yield client.submit(f"{opened.space}depot", {"number": "12345"})


def _ended(owner: Recorder, page: str) -> Iterator[TestResponse]:
    more = {"headcount": "3", "reason": "Une personne de plus"}
    yield owner.submit(f"{page}etapes/stagiaires", more, form="#etape", button="Enregistrer")
    yield owner.submit(f"{page}rouvrir", {"reason": "Les dates changent"})
    yield owner.submit(f"{page}verifier", button="Envoyer")
    yield owner.submit(page, form="form[action$='/dupliquer']")
    yield owner.submit(page, form="form[action$='/lien/fermer']")
    yield owner.submit(f"{page}annuler", {"reason": "Plus de participants"})


def _opened(world: World, page: str) -> Opened:
    with world.app.app_context():
        training = db.session.scalars(
            db.select(TrainingSession).filter_by(ref=page.split("/")[3])
        ).one()
        link = access.open_link(training, clock.now())
        assert link is not None
        landing = access.url_of(link).removeprefix(BASE_URL)
        return Opened(training.id, page, f"/espace/{training.public_id}/", landing)


def _papers(world: World, training_id: int) -> None:
    with world.app.app_context():
        finish(db.session.get_one(TrainingSession, training_id), "quetzal")
        for mail_id in outbox.due_ids(clock.now()):
            outbox.deliver(mail_id)
