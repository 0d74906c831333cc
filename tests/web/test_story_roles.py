"""The office gives somebody the other side of the portal; nobody is left outside or stranded."""

import pytest
from flask import Flask

from portal.access import feeds
from portal.access.rules import Role
from portal.extensions import db, writing
from portal.journal.models import JournalDetails, JournalEntry
from tests.conftest import NOW, OFFICE, OTHER_TRAINER, TRAINER, sign_in, user
from tests.pages import Visitor, soup_of, text_of
from tests.screens import follow
from tests.story import a_training
from tests.web.test_story_people import invite, mails

pytestmark = pytest.mark.usefixtures("frozen")
TO_OFFICE, TO_TRAINER = "form[action$='/acces/organisme']", "form[action$='/acces/formation']"
LETTER = "account_role_changed"


def page_of(app: Flask, email: str) -> str:
    with app.app_context():
        return f"/organisme/personnes/{user(email).id}"


def press(app: Flask, office: Visitor, email: str, button: str) -> str:
    """What the office reads after pressing that button on somebody's page."""
    return text_of(follow(office, office.submit(page_of(app, email), form=button)))


def role(app: Flask, email: str) -> str:
    with app.app_context():
        return user(email).role


def test_a_trainer_joins_the_office_and_comes_in_anew(
    app: Flask, office: Visitor, other_trainer: Visitor
) -> None:
    said = press(app, office, OTHER_TRAINER, TO_OFFICE)
    assert "L’accès est changé. Ses connexions sont fermées." in said
    assert role(app, OTHER_TRAINER) == Role.OFFICE
    assert other_trainer.get("/formateur/").status_code == 303  # signed out
    again = sign_in(app, OTHER_TRAINER)
    assert again.get("/organisme/").status_code == 200
    assert again.get("/formateur/").status_code == 403


def test_somebody_leaves_the_office_and_sees_no_file_any_more(app: Flask, office: Visitor) -> None:
    press(app, office, OTHER_TRAINER, TO_OFFICE)
    malik = sign_in(app, OTHER_TRAINER)
    said = press(app, office, OTHER_TRAINER, TO_TRAINER)
    assert "L’accès est changé." in said
    assert malik.get("/organisme/").status_code == 303  # the login was closed at once
    assert sign_in(app, OTHER_TRAINER).get("/organisme/").status_code == 403


def test_the_person_is_told_with_nothing_to_confirm(app: Flask, office: Visitor) -> None:
    press(app, office, OTHER_TRAINER, TO_OFFICE)
    press(app, office, OTHER_TRAINER, TO_TRAINER)
    assert mails(app, OTHER_TRAINER) == [LETTER, LETTER]
    shown = [follow_mail(office, n) for n in (1, 2)]
    assert "l’espace de l’organisme : tous les dossiers" in shown[0]
    assert "l’espace de formation : vos sessions, et elles seules" in shown[1]
    assert all("/connexion" in text and "/acces/" not in text for text in shown)


def follow_mail(office: Visitor, number: int) -> str:
    return text_of(office.get(f"/organisme/courriels/{number}"))


def test_the_last_of_the_office_cannot_leave_it(app: Flask, office: Visitor) -> None:
    press(app, office, OTHER_TRAINER, TO_OFFICE)
    page = page_of(app, OFFICE)
    malik = sign_in(app, OTHER_TRAINER)
    shown = malik.get(page)
    with app.app_context(), writing():
        user(OTHER_TRAINER).password_set_at = None  # whoever has no password comes in no more
    said = text_of(follow(malik, malik.submit(shown, form=TO_TRAINER)))
    assert "C’est le dernier compte actif de l’organisme" in said
    assert role(app, OFFICE) == Role.OFFICE


def test_nobody_changes_their_own(app: Flask, office: Visitor) -> None:
    press(app, office, OTHER_TRAINER, TO_OFFICE)  # somebody else would remain
    page = page_of(app, OFFICE)
    shown = office.get(page)
    assert soup_of(shown.text).select_one("form[action*='/acces/']") is None
    token = soup_of(shown.text).select_one("[name=csrf_token]")
    assert token is not None
    data = {"csrf_token": str(token["value"])}
    said = text_of(follow(office, office.post(f"{page}/acces/formation", data=data)))
    assert "Vous ne pouvez pas changer votre propre accès" in said
    assert role(app, OFFICE) == Role.OFFICE


def test_sessions_under_way_keep_whoever_teaches_them(app: Flask, office: Visitor) -> None:
    first = a_training(app, "sent")
    said = press(app, office, TRAINER, TO_OFFICE)
    assert f"Sessions en cours à son nom : {first.ref}. Menez-les à leur terme" in said
    assert "invitez cette personne à une autre adresse" in said
    assert role(app, TRAINER) == Role.TRAINER
    assert mails(app, TRAINER).count(LETTER) == 0


@pytest.mark.parametrize(("count", "rest"), [(4, " et S-2026-0004."), (5, " et 2 autres.")])
def test_many_sessions_are_counted(app: Flask, office: Visitor, count: int, rest: str) -> None:
    for _ in range(count):
        a_training(app, "draft")
    said = press(app, office, TRAINER, TO_OFFICE)
    assert f"S-2026-0001, S-2026-0002, S-2026-0003{rest}" in said


def test_sessions_that_are_over_keep_nobody(app: Flask, office: Visitor) -> None:
    a_training(app, "cancelled")
    assert "L’accès est changé." in press(app, office, TRAINER, TO_OFFICE)


def test_a_calendar_by_secret_address_closes(app: Flask, office: Visitor) -> None:
    with app.app_context(), writing():
        feed = feeds.open_feed(user(OTHER_TRAINER).id, NOW)
        path = feeds.url_of(feed)
    visitor = Visitor(app, app.response_class)
    assert visitor.get(path).status_code == 200
    press(app, office, OTHER_TRAINER, TO_OFFICE)
    assert visitor.get(path).status_code == 404


def test_whoever_has_not_come_in_yet_or_no_more_is_not_written_to(
    app: Flask, office: Visitor
) -> None:
    zoe = "zoe.lambert@rivage-formation.example"
    invite(office, zoe)
    press(app, office, zoe, TO_OFFICE)
    assert role(app, zoe) == Role.OFFICE
    assert mails(app, zoe) == ["account_invitation"]
    with app.app_context(), writing():
        user(OTHER_TRAINER).is_enabled = False
    press(app, office, OTHER_TRAINER, TO_OFFICE)
    assert mails(app, OTHER_TRAINER) == []


def test_there_is_no_third_side(app: Flask, office: Visitor) -> None:
    page = page_of(app, OTHER_TRAINER)
    token = soup_of(office.get(page).text).select_one("[name=csrf_token]")
    assert token is not None
    answer = office.post(f"{page}/acces/client", data={"csrf_token": str(token["value"])})
    assert answer.status_code == 404


def test_pressing_twice_does_it_once_and_the_journal_says_who(app: Flask, office: Visitor) -> None:
    page = office.get(page_of(app, OTHER_TRAINER))
    for _ in range(2):
        assert office.submit(page, form=TO_OFFICE).status_code == 303
    assert mails(app, OTHER_TRAINER) == [LETTER]
    with app.app_context():
        entry = db.session.scalars(db.select(JournalEntry)).one()
        details = db.session.get_one(JournalDetails, entry.seq).details
        assert (entry.event, entry.body) == ("change_role", {"user": user(OTHER_TRAINER).id})
        told = (details["actor"], details["before"], details["after"])
        assert told == ("Nadia Belkacem", "trainer", "office")
