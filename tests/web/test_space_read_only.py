"""A client comes back months later: the papers are still read, and nothing is changed any more."""

import sqlite3
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from flask import Flask

from portal import clock
from portal.access import rules
from portal.blueprints.client.reading import READABLE
from tests import story
from tests.pages import Visitor, soup_of, text_of
from tests.screens import controls, fill, follow, text_in
from tests.story import VASSEUR, Told, a_training

pytestmark = pytest.mark.usefixtures("frozen")
app = story.app_of_one_test()

PAST = timedelta(days=150)
NEW_LINK = "form[action$='/nouveau-lien']"
ONLY_READ = "Votre lien ne sert plus qu’à lire : rien n’a été changé."


def come_back(
    app: Flask, visitor: Visitor, frozen: time_machine.Traveller, point: str, **given: object
) -> Told:
    """A dossier whose link ended long ago, opened again from the old message."""
    training = a_training(app, point, **given)  # type: ignore[arg-type]
    if point == "sent":
        story.made(app, training)
    frozen.shift(PAST)
    page = follow(visitor, visitor.submit(training.link, form=f"form[action='{training.link}']"))
    assert page.status_code == 200
    return training


def rows(app: Flask) -> list[str]:
    """All that stands in the database but counters, open spaces and held forms."""
    apart = ('INTO "attempt"', 'INTO "grant"', 'INTO "held_form"')
    with sqlite3.connect(app.config["PORTAL"].data / "portal.sqlite3") as connection:
        return [line for line in connection.iterdump() if not any(x in line for x in apart)]


def test_papers_are_read_and_a_new_link_is_offered(
    app: Flask, anonymous: Visitor, frozen: time_machine.Traveller
) -> None:
    training = come_back(app, anonymous, frozen, "sent")
    page = anonymous.get(training.space)
    cards = soup_of(page.text).select(".card--todo")
    assert [text_in(card.find("h2")) for card in cards] == ["Votre lien ne sert plus qu’à lire"]
    assert [text_in(b) for b in cards[0].select("button")] == ["Recevoir un nouveau lien"]
    files = [str(a["href"]) for a in soup_of(page.text).select("a[href*='/documents']")]
    assert len(files) >= 4
    for path in files:
        assert anonymous.get(path).status_code == 200, path
    home = follow(anonymous, anonymous.submit(training.space, form=NEW_LINK))
    assert "Un nouveau lien est parti à l’adresse e-mail de votre dossier." in text_of(home)
    last = story.messages(app, training)[-1]
    assert last["letter"] == "new_link"
    assert anonymous.get(training.space).status_code == 403  # it opens from the message


def test_without_an_address_the_trainer_is_told(
    app: Flask, anonymous: Visitor, frozen: time_machine.Traveller
) -> None:
    training = come_back(app, anonymous, frozen, "shared", client_email=None)
    sent = anonymous.submit(training.space, form=NEW_LINK)
    assert "Claire Montagnier sait que vous avez" in text_of(follow(anonymous, sent))
    assert story.messages(app, training)[-1]["letter"] == "call_trainer"
    assert anonymous.get(training.space).status_code == 200


def test_what_was_being_typed_when_the_link_ended_is_held(
    app: Flask, anonymous: Visitor, frozen: time_machine.Traveller
) -> None:
    """The page was opened on the last day; it was sent on the morrow."""
    training = a_training(app, "shared")
    frozen.shift(timedelta(days=60, seconds=-60))
    anonymous.submit(training.link)
    page = anonymous.get(training.client_step("entreprise"))
    frozen.shift(timedelta(minutes=2))
    before = rows(app)
    space = follow(anonymous, fill(anonymous, page, VASSEUR | {"city": "Beaune"}))
    assert ONLY_READ in text_of(space)
    assert rows(app) == before
    anonymous.submit(training.space, form=NEW_LINK)
    link = story.messages(app, training)[-1]["text"].split("/l/")[1].split()[0]
    anonymous.submit(f"/l/{link}")
    page = anonymous.get(training.client_step("entreprise"))
    assert controls(page)["city"] == "Beaune"


def test_nothing_can_be_changed(
    app: Flask, anonymous: Visitor, frozen: time_machine.Traveller
) -> None:
    """Every page of the door, with every method it knows."""
    training = come_back(app, anonymous, frozen, "sent")
    given = {"public_id": urlsplit(training.space).path.split("/")[2], "slug": "entreprise"}
    given |= {"document_id": "1", "signature_id": "1", "name": "x", "kind": "devis"}
    field = soup_of(anonymous.get(training.space).text).select_one("[name=csrf_token]")
    assert field is not None
    token = str(field["value"])
    before = rows(app)
    tried = 0
    for rule in app.url_map.iter_rules():
        if not rule.endpoint.startswith("client.") or rule.endpoint in READABLE:
            continue
        arguments = {name: given.get(name, "1") for name in rule.arguments}
        path = app.url_map.bind("portal").build(rule.endpoint, arguments)
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
            answer = anonymous.open(path, method=method, data={"csrf_token": token})
            assert (answer.status_code, answer.headers["Location"]) == (303, training.space), path
            tried += 1
    assert tried > 8
    assert rows(app) == before
    page = anonymous.hx(training.client_step("entreprise"))
    assert (page.status_code, page.headers["HX-Redirect"]) == (401, training.space)


def test_after_half_a_year_nothing_is_read(
    app: Flask, anonymous: Visitor, frozen: time_machine.Traveller
) -> None:
    training = come_back(app, anonymous, frozen, "sent")
    frozen.shift(timedelta(minutes=1))
    assert anonymous.get(training.space).status_code == 200
    frozen.shift(timedelta(weeks=26))
    assert anonymous.get(training.space).status_code == 403
    assert "Ce lien n’ouvre plus rien" in text_of(anonymous.get(training.link))


def test_a_signing_link_is_never_read_after_its_end(app: Flask) -> None:
    """Only a space is: what signs is dead at the minute it ends."""

    now = clock.now()
    assert rules.closing_time(rules.Scope.SIGN, now) == now
    assert rules.closing_time(rules.Scope.SPACE, now) == now + timedelta(weeks=26)
