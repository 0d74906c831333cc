"""Half-days in people's calendars: one session's file, and a trainer's secret address."""

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
import time_machine
from flask import Flask

from portal.access import feeds
from portal.access.models import CalendarFeed
from portal.extensions import db, writing
from portal.journal.models import JournalEntry
from portal.serving.masking import mask
from tests import story
from tests.calendar_reader import Part, events, parse
from tests.conftest import NOW, OTHER_TRAINER, TRAINER, user
from tests.pages import BASE_URL, Visitor, soup_of, text_of
from tests.story import REASON, a_training

pytestmark = pytest.mark.usefixtures("frozen")

HOST = "portail.rivage-formation.example"
PAGE = "/formateur/agenda/"


def file_of(visitor: Visitor, path: str) -> Part:
    answer = visitor.get(path)
    assert answer.status_code == 200
    assert answer.content_type == "text/calendar; charset=utf-8"
    return parse(answer.data)


def times(event: Part) -> tuple[str, str]:
    return event.properties["DTSTART"][1], event.properties["DTEND"][1]


def address(visitor: Visitor, button: str = "Créer mon adresse secrète") -> str:
    """Presses the button of « Mon agenda » and reads the address it shows, this once."""
    page = visitor.submit(PAGE, form="form[action$=lien]", button=button)
    assert page.status_code == 200
    field = soup_of(page.text).select_one("#adresse")
    assert field is not None
    url = str(field["value"])
    assert re.fullmatch(rf"{BASE_URL}/agenda/agd-\d+-[\w-]{{43}}/sessions\.ics", url)
    return url.removeprefix(BASE_URL)


# --- One session


def test_each_half_day_is_an_event_for_each_audience(
    app: Flask, trainer: Visitor, office: Visitor, client_of: Callable[[int], Visitor]
) -> None:
    training = a_training(app, "sent")
    for visitor, path, page in (
        (trainer, f"{training.page}agenda.ics", training.page),
        (office, f"/organisme/dossiers/{training.ref}/agenda.ics", None),
        (client_of(training.id), f"{training.space}agenda.ics", training.space),
    ):
        found = events(file_of(visitor, path))
        assert [times(event) for event in found] == [
            ("20270112T090000", "20270112T123000"),
            ("20270112T133000", "20270112T170000"),
            ("20270113T090000", "20270113T123000"),
            ("20270113T133000", "20270113T170000"),
        ]
        ref = training.ref.lower()
        assert [e.value("UID") for e in found] == [f"{ref}-{n}@{HOST}" for n in (1, 2, 3, 4)]
        assert {e.value("STATUS") for e in found} == {"TENTATIVE"}
        assert found[0].value("LOCATION").endswith("21200 Beaune")
        assert "Lecture de plans et métrés" in found[0].value("SUMMARY")
        if page:
            assert path in visitor.get(page).text


def test_the_place_is_the_one_that_was_chosen(app: Flask, trainer: Visitor) -> None:
    days = story.first_days(1)
    for mode, typed, place in (
        ("remote", "", "À distance"),
        ("other", "Salle des fêtes\n21000 Dijon", "Salle des fêtes 21000 Dijon"),
        ("client", "", "14 rue des Forges, 21200 Beaune"),
    ):
        schedule = story.schedule(days, place_mode=mode, place=typed)
        training = a_training(app, "sent", schedule=schedule)
        found = events(file_of(trainer, f"{training.page}agenda.ics"))
        assert {event.value("LOCATION") for event in found} == {place}
        assert all("À confirmer" in event.value("DESCRIPTION") for event in found)
        assert not any("Intervention" in event.value("DESCRIPTION") for event in found)


def test_a_draft_without_dates_has_no_calendar(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, schedule=None)
    assert trainer.get(f"{training.page}agenda.ics").status_code == 404
    assert "agenda.ics" not in trainer.get(training.page).text


def test_a_change_moves_the_same_event_and_raises_its_sequence(
    app: Flask, trainer: Visitor
) -> None:
    training = a_training(app, "sent")
    before = events(file_of(trainer, f"{training.page}agenda.ics"))
    moved = story.schedule([date(2027, 2, 2), date(2027, 2, 3)])
    changed = trainer.submit(training.step("dates"), {**moved, "reason": REASON})
    assert changed.status_code == 303
    after = events(file_of(trainer, f"{training.page}agenda.ics"))
    assert [e.value("UID") for e in after] == [e.value("UID") for e in before]
    assert times(after[0]) == ("20270202T090000", "20270202T123000")
    assert int(after[0].value("SEQUENCE")) > int(before[0].value("SEQUENCE"))


def test_a_funded_session_is_sure_and_a_cancelled_one_says_so(app: Flask, trainer: Visitor) -> None:
    funded = a_training(app, "funded")
    sure = events(file_of(trainer, f"{funded.page}agenda.ics"))
    assert {event.value("STATUS") for event in sure} == {"CONFIRMED"}
    cancelled = a_training(app, "cancelled")
    gone = events(file_of(trainer, f"{cancelled.page}agenda.ics"))
    assert {event.value("STATUS") for event in gone} == {"CANCELLED"}
    assert gone[0].value("SUMMARY").startswith("Annulée – ")


def test_summer_time_is_that_of_paris(app: Flask, trainer: Visitor) -> None:
    """28 March 2027 has 23 hours: nine o'clock stays nine o'clock on both sides."""
    days = [date(2027, 3, 26), date(2027, 3, 29)]
    training = a_training(app, schedule=story.schedule(days))
    found = events(file_of(trainer, f"{training.page}agenda.ics"))
    assert [times(event)[0][-6:] for event in found] == ["090000", "133000"] * 2
    assert {event.properties["DTSTART"][0] for event in found} == {";TZID=Europe/Paris"}


def test_what_people_typed_stays_text(app: Flask, trainer: Visitor) -> None:
    hostile = "Salle 1; étage 2, \\n BEGIN:VALARM ATTACH:http://127.0.0.1/"
    answers = story.schedule([date(2027, 1, 12)], place_mode="other", place=hostile)
    training = a_training(app, schedule=answers)
    (first, _second) = events(file_of(trainer, f"{training.page}agenda.ics"))
    assert first.value("LOCATION") == hostile
    assert first.parts == []


# --- The secret address


def test_the_address_is_shown_once_and_followed_without_a_login(
    app: Flask, trainer: Visitor, anonymous: Visitor
) -> None:
    mine = a_training(app, "sent")
    other = a_training(app, "sent", trainer=OTHER_TRAINER)
    url = address(trainer)
    token = url.split("/")[2]
    assert token not in trainer.get(PAGE).text
    calendar = file_of(anonymous, url)
    uids = [event.value("UID") for event in events(calendar)]
    assert uids == [f"{mine.ref.lower()}-{n}@{HOST}" for n in (1, 2, 3, 4)]
    assert other.ref.lower() not in " ".join(uids)
    answer = anonymous.get(url)
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Dernière lecture lundi 23 novembre 2026" in text_of(trainer.get(PAGE)).replace(
        "lecturelundi", "lecture lundi"
    )
    assert "Disallow: /agenda/" in anonymous.get("/robots.txt").text


def test_it_names_no_trainee_and_opens_nothing(
    app: Flask, trainer: Visitor, anonymous: Visitor
) -> None:
    training = a_training(app, "sent")
    text = anonymous.get(address(trainer)).data.decode()
    unfolded = re.sub("\r\n ", "", text)
    for word in ("Lucie", "Karim", "Hélène", "@menuiserie", "/l/", training.public_id, "http"):
        assert word not in unfolded, word
    assert "5 stagiaires" in unfolded.replace("\u00a0", " ")


def test_another_address_kills_the_first_and_closing_kills_all(
    app: Flask, trainer: Visitor, anonymous: Visitor
) -> None:
    first = address(trainer)
    second = address(trainer, "Remplacer l’adresse")
    assert first != second
    assert anonymous.get(first).status_code == 404
    assert anonymous.get(second).status_code == 200
    trainer.submit(PAGE, form="form[action$=fermer]")
    assert anonymous.get(second).status_code == 404
    third = address(trainer)
    assert third not in (first, second)
    assert anonymous.get(third).status_code == 200
    assert anonymous.get(second).status_code == 404
    with app.app_context():
        written = list(db.session.scalars(db.select(JournalEntry.event)))
    assert written == ["open_calendar"] * 2 + ["close_calendar", "open_calendar"]


def test_a_disabled_account_has_no_calendar(
    app: Flask, trainer: Visitor, anonymous: Visitor
) -> None:
    url = address(trainer)
    with app.app_context(), writing():
        user(TRAINER).is_enabled = False
    assert anonymous.get(url).status_code == 404


def test_pressing_twice_gives_one_address(app: Flask, trainer: Visitor, anonymous: Visitor) -> None:
    page = trainer.get(PAGE)
    shown = [trainer.submit(page, form="form[action$=lien]") for _ in range(2)]
    urls = {str(soup_of(p.text).select("#adresse")[0]["value"]) for p in shown}
    assert len(urls) == 1
    assert anonymous.get(urls.pop().removeprefix(BASE_URL)).status_code == 200


def test_a_page_left_open_gives_an_address_that_works_after_it_was_closed(
    app: Flask, trainer: Visitor, anonymous: Visitor, frozen: time_machine.Traveller
) -> None:
    closed = address(trainer)
    page = trainer.get(PAGE)
    trainer.submit(page, form="form[action$=fermer]")
    frozen.shift(timedelta(hours=1))
    trainer.submit(page, form="form[action$=fermer]")
    with app.app_context():
        feed = db.session.scalars(db.select(CalendarFeed)).one()
        assert feed.revoked_at == NOW  # when it was closed, not when it was pressed again
    shown = trainer.submit(page, form="form[action$=lien]")
    again = str(soup_of(shown.text).select("#adresse")[0]["value"]).removeprefix(BASE_URL)
    assert again != closed
    assert anonymous.get(again).status_code == 200


def test_nothing_forged_opens_a_calendar(
    app: Flask, trainer: Visitor, other_trainer: Visitor, anonymous: Visitor
) -> None:
    mine, theirs = address(trainer), address(other_trainer)
    token, their_token = mine.split("/")[2], theirs.split("/")[2]
    mixed = "-".join([*token.split("-")[:2], their_token.split("-", 2)[2]])
    link = a_training(app, "shared").link.split("/")[-1]
    for forged in (mixed, token[:-1], token.upper(), f"{token}x", link, "agd-999-" + "A" * 43, "é"):
        assert anonymous.get(f"/agenda/{forged}/sessions.ics").status_code == 404, forged
    assert anonymous.get(f"/l/{token}").status_code == 404  # and it is no link


def test_guessing_is_slowed_down(app: Flask, anonymous: Visitor, trainer: Visitor) -> None:
    good = address(trainer)
    codes = [anonymous.get(f"/agenda/agd-9-{'A' * 43}/sessions.ics").status_code for _ in range(31)]
    assert codes == [404] * 30 + [429]
    assert anonymous.get(good).status_code == 200


def test_the_database_and_the_logs_hold_no_address(app: Flask, trainer: Visitor) -> None:
    url = address(trainer)
    secret = url.split("/")[2].split("-", 2)[2]
    with app.app_context():
        tables = db.metadata.sorted_tables
        dump = str([db.session.execute(db.select(table)).all() for table in tables])
        assert "open_calendar" in dump
        assert secret not in dump
    assert secret not in mask(f"GET {url} 200")
    assert secret not in mask(f"Referer: x?suite=%2Fagenda%2F{url.split('/')[2]}%2Fsessions.ics")


def test_old_sessions_leave_the_calendar(
    app: Flask, trainer: Visitor, anonymous: Visitor, frozen: time_machine.Traveller
) -> None:
    a_training(app, "sent")
    url = address(trainer)
    assert len(events(file_of(anonymous, url))) == 4
    frozen.shift(timedelta(days=400))
    assert events(file_of(anonymous, url)) == []


def test_reading_is_noted_at_most_once_an_hour(
    app: Flask, trainer: Visitor, anonymous: Visitor, frozen: time_machine.Traveller
) -> None:
    url = address(trainer)
    seen = []
    for minutes in (0, 30, 40):
        frozen.shift(timedelta(minutes=minutes))
        anonymous.get(url)
        with app.app_context():
            seen.append(db.session.scalars(db.select(CalendarFeed.seen_at)).one())
    assert seen[0] == seen[1] < seen[2]
    with app.app_context():
        assert feeds.find(url.split("/")[2]) is not None
