"""The whole journey, every form of it sent twice: the second time changes nothing and sends nothing."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from werkzeug.test import TestResponse

from portal import clock
from portal.access import service as access
from portal.emails import outbox
from portal.extensions import db
from portal.training.models import TrainingSession
from tests.conftest import NOW
from tests.pages import BASE_URL
from tests.security import typed
from tests.security.world import Bare, World, finish

ROWS = ("training_session", "company", "half_day", "trainee", "document", "email", "share_link",
        "counter", "topic_answers", "user", "programme", "login_session")  # fmt: skip
MOVES = ("version", "updated_at", "saved_at", "edit_id", "expires_at", "next_at", "filed_on")
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


def again(sent: Sent) -> TestResponse:
    browser, path, kwargs = sent
    return Bare.open(browser, path, **kwargs)


def rows(world: World) -> dict[str, list[Any]]:
    dump = world.dump(columns=MOVES)
    return {name: dump[name] for name in ROWS}


def journey(world: World) -> Iterator[Sent]:
    """What people send, in order, from the opening of a session to its end."""
    forms: list[Sent] = []
    owner, client = Recorder(world, "owner", forms), Recorder(world, "nobody", forms)
    new = "/formateur/sessions/nouvelle"
    email = "helene@quetzal.example"
    made = owner.submit(new, {"way": "link", "client_email": email})
    yield forms[-1]
    ref = made.headers["Location"].split("/")[3]
    page = f"/formateur/sessions/{ref}/"
    owner.submit(f"{page}etapes/programme", typed.programme(), form="#etape")
    yield forms[-1]
    first = typed.schedule("quetzal")
    started = owner.submit(f"{page}etapes/dates", form="#etape", button="Ajouter un jour")
    yield forms[-1]
    owner.submit(started, first, form="#etape", button="Continuer")
    yield forms[-1]
    owner.submit(f"{page}verifier", button="Créer le lien")
    yield forms[-1]
    owner.submit(page, {"email": email}, form="form[action$='/lien/envoyer']", button="Envoyer")
    yield forms[-1]
    owner.submit(page, {"email": email}, form="form[action$='/lien/envoyer']", button="Relancer")
    yield forms[-1]
    owner.submit(page, form="form[action$='/lien/renouveler']")
    yield forms[-1]
    with world.app.app_context():
        training = db.session.scalars(db.select(TrainingSession).filter_by(ref=ref)).one()
        link = access.open_link(training, clock.now())
        assert link is not None
        landing = access.url_of(link).removeprefix(BASE_URL)
        space = f"/espace/{training.public_id}/"
        training_id = training.id
    client.submit(landing)
    yield forms[-1]
    for slug, answers in (
        ("entreprise", typed.company("quetzal")),
        ("stagiaires", {k: v for k, v in typed.trainees("quetzal").items() if k != "pasted"}),
        ("financement", typed.funding()),
    ):
        client.submit(f"{space}etapes/{slug}", answers, form="#etape")
        yield forms[-1]
    client.submit(f"{space}verifier")
    yield forms[-1]
    _papers(world, training_id)
    client.submit(f"{space}depot", {"number": "12345"})
    yield forms[-1]
    reason = {"reason": "Une personne de plus"}
    owner.submit(
        f"{page}etapes/stagiaires",
        {"headcount": "3", **reason},
        form="#etape",
        button="Enregistrer",
    )
    yield forms[-1]
    owner.submit(f"{page}rouvrir", {"reason": "Les dates changent"})
    yield forms[-1]
    owner.submit(f"{page}verifier", button="Envoyer")
    yield forms[-1]
    owner.submit(page, form="form[action$='/dupliquer']")
    yield forms[-1]
    owner.submit(page, form="form[action$='/lien/fermer']")
    yield forms[-1]
    owner.submit(f"{page}annuler", {"reason": "Plus de participants"})
    yield forms[-1]
    client.submit(landing, form="form[action$='/prevenir']") if False else None


def _papers(world: World, training_id: int) -> None:
    with world.app.app_context():
        finish(db.session.get_one(TrainingSession, training_id), "quetzal")
        for mail_id in outbox.due_ids(clock.now()):
            outbox.deliver(mail_id)


@pytest.fixture
def ticking() -> Iterator[time_machine.Traveller]:
    """Time passes between two presses: no instant hides a second act behind the first."""
    with time_machine.travel(NOW + timedelta(minutes=1), tick=False) as traveller:
        yield traveller


def test_every_form_sent_twice_counts_once(world: World, ticking: time_machine.Traveller) -> None:
    played = 0
    for sent in journey(world):
        _browser, path, kwargs = sent
        before = rows(world)
        ticking.shift(timedelta(seconds=3))
        answer = again(sent)
        assert answer.status_code in (200, 303, 409, 422), path
        after = rows(world)
        for name in ROWS:
            assert after[name] == before[name], (path, name, kwargs.get("data"))
        ticking.shift(timedelta(seconds=7))
        played += 1
    assert played == 20


def test_old_forms_sent_again_at_the_end_change_nothing(
    world: World, ticking: time_machine.Traveller
) -> None:
    """A whole recorded journey, played again once it is over, in both directions."""
    forms = []
    for sent in journey(world):
        forms.append(sent)
        ticking.shift(timedelta(seconds=7))
    before = rows(world)
    for sent in [*forms, *reversed(forms)]:
        ticking.shift(timedelta(seconds=3))
        answer = again(sent)
        assert answer.status_code in (200, 303, 404, 409, 422), sent[1]
    after = rows(world)
    for name in ROWS:
        assert after[name] == before[name], name
