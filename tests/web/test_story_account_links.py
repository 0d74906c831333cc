"""Links mailed to people with an account: what happens between sending one and pressing it."""

from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from portal import membership
from portal.accounts.models import AccountLink
from portal.accounts.rules import Purpose, account_link_id
from portal.extensions import db, writing
from portal.journal.models import JournalDetails, JournalEntry
from tests.conftest import NOW, OTHER_TRAINER, PASSWORD, TRAINER, sign_in, user
from tests.pages import Visitor, text_of
from tests.screens import follow
from tests.web.test_story_people import (
    CHOSEN,
    GONE,
    NEW,
    ZOE,
    ask_address,
    invite,
    link_in,
    mails,
    may_sign_in,
)

pytestmark = pytest.mark.usefixtures("frozen")


def forget(app: Flask, email: str) -> str:
    """Presses « Mot de passe oublié » and gives the link that was mailed."""
    visitor = Visitor(app, app.response_class)
    assert visitor.submit("/mot-de-passe-oublie", {"email": email}).status_code == 303
    return link_in(app, email, "account_reset")


def page_of(app: Flask, email: str) -> str:
    with app.app_context():
        return f"/organisme/personnes/{user(email).id}"


def assert_gone(visitor: Visitor, link: str) -> None:
    answer = visitor.get(link)
    assert (answer.status_code, GONE in text_of(answer)) == (410, True)


def assert_live(visitor: Visitor, link: str) -> None:
    assert visitor.get(link).status_code == 200


# --- Somebody else was faster


def test_an_address_given_to_somebody_meanwhile_is_not_taken_over(
    app: Flask, trainer: Visitor, office: Visitor, anonymous: Visitor
) -> None:
    ask_address(trainer)
    page = anonymous.get(link_in(app, NEW, "account_address"))
    invite(office, NEW)
    answer = anonymous.submit(page)
    assert (answer.status_code, GONE in text_of(answer)) == (410, True)
    assert may_sign_in(app, TRAINER, PASSWORD)
    assert trainer.get("/formateur/").status_code == 200


def test_this_is_not_me_takes_no_address_from_a_newcomer(
    app: Flask, trainer: Visitor, office: Visitor, anonymous: Visitor
) -> None:
    ask_address(trainer)
    anonymous.submit(link_in(app, NEW, "account_address"))
    page = anonymous.get(link_in(app, TRAINER, "account_address_changed"))
    invite(office, TRAINER)  # the former address serves somebody else now
    assert anonymous.submit(page).status_code == 410
    assert may_sign_in(app, NEW, PASSWORD)
    assert_live(anonymous, link_in(app, TRAINER, "account_invitation"))


def test_of_two_browsers_on_one_link_the_second_is_told(app: Flask, anonymous: Visitor) -> None:
    link = forget(app, TRAINER)
    with app.app_context():
        identity = account_link_id(link.removeprefix("/acces/"))
        assert identity is not None
        membership.choose_password(identity, CHOSEN, "127.0.0.1")
        with pytest.raises(membership.DeadLink):
            membership.choose_password(identity, "trois autres mots", "127.0.0.1")
    assert may_sign_in(app, TRAINER, CHOSEN)


def test_a_link_does_what_it_was_mailed_for_and_nothing_else(app: Flask) -> None:
    link = forget(app, TRAINER)
    with app.app_context():
        identity = account_link_id(link.removeprefix("/acces/"))
        assert identity is not None
        for act in (membership.confirm_address, membership.not_me):
            with pytest.raises(membership.DeadLink):
                act(identity, "127.0.0.1")
        assert db.session.get_one(AccountLink, identity).used_at is None


def test_a_reset_mailed_to_an_address_the_account_left_sets_no_password(
    app: Flask, anonymous: Visitor
) -> None:
    page = anonymous.get(forget(app, TRAINER))
    with app.app_context(), writing():
        user(TRAINER).email = NEW  # put right in the database, by no act of the portal
    assert anonymous.submit(page, {"new_password": CHOSEN}).status_code == 410
    assert may_sign_in(app, NEW, PASSWORD)


def test_pressing_the_button_of_a_forged_or_dead_link_does_nothing(
    app: Flask, anonymous: Visitor
) -> None:
    link = forget(app, TRAINER)
    page = anonymous.get(link)
    token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    data = {"csrf_token": token, "new_password": "court"}
    forged = f"/acces/mdp-999-{'A' * 43}"
    assert anonymous.post(forged, data=data).status_code == 404
    anonymous.submit(page, {"new_password": CHOSEN})
    assert anonymous.post(link, data=data).status_code == 410  # whatever is typed, it is over


# --- What an act closes


def test_a_login_does_not_come_back_with_the_account(app: Flask, office: Visitor) -> None:
    claire = sign_in(app, TRAINER)
    page = page_of(app, TRAINER)
    office.submit(page, form="main form[action$='/desactiver']")
    office.submit(page, form="main form[action$='/reactiver']")
    assert claire.get("/formateur/").status_code == 303
    assert may_sign_in(app, TRAINER, PASSWORD)


def test_an_account_that_is_back_already_loses_nothing_when_it_is_put_back_again(
    app: Flask, office: Visitor
) -> None:
    office.submit(page_of(app, TRAINER), form="main form[action$='/desactiver']")
    opened = office.get(page_of(app, TRAINER))
    office.submit(opened, form="main form[action$='/reactiver']")
    claire, link = sign_in(app, TRAINER), forget(app, TRAINER)
    office.submit(opened, form="main form[action$='/reactiver']")  # a colleague had it open too
    assert claire.get("/formateur/").status_code == 200
    assert_live(office, link)


def test_a_link_does_not_come_back_with_the_account(
    app: Flask, office: Visitor, anonymous: Visitor
) -> None:
    link, page = forget(app, TRAINER), page_of(app, TRAINER)
    office.submit(page, form="main form[action$='/desactiver']")
    office.submit(page, form="main form[action$='/reactiver']")
    assert_gone(anonymous, link)


def test_one_person_s_acts_close_no_link_of_another(
    app: Flask, office: Visitor, anonymous: Visitor
) -> None:
    own, other = forget(app, TRAINER), forget(app, OTHER_TRAINER)
    assert_live(anonymous, own)  # a link asked for by somebody else does not replace it
    office.submit(page_of(app, TRAINER), form="main form[action$='/desactiver']")
    assert_gone(anonymous, own)
    assert_live(anonymous, other)


def test_a_changed_password_closes_a_reset_and_lets_a_confirmation_stand(
    app: Flask, trainer: Visitor, anonymous: Visitor
) -> None:
    ask_address(trainer)
    link = forget(app, TRAINER)
    typed = {"current_password": PASSWORD, "new_password": CHOSEN}
    assert trainer.submit("/compte/mot-de-passe", typed).status_code == 303
    assert_gone(anonymous, link)
    assert_live(anonymous, link_in(app, NEW, "account_address"))


def test_a_new_password_by_mail_closes_the_address_a_thief_asked_for(
    app: Flask, trainer: Visitor, anonymous: Visitor
) -> None:
    ask_address(trainer)  # whoever sits at the open screen
    confirmation = link_in(app, NEW, "account_address")
    anonymous.submit(forget(app, TRAINER), {"new_password": CHOSEN})
    assert_gone(anonymous, confirmation)
    assert_live(anonymous, link_in(app, TRAINER, "account_address_asked"))


def test_this_is_not_me_closes_what_was_asked_for(
    app: Flask, trainer: Visitor, anonymous: Visitor
) -> None:
    ask_address(trainer)
    confirmation = link_in(app, NEW, "account_address")
    anonymous.submit(link_in(app, TRAINER, "account_address_asked"))
    assert_gone(anonymous, confirmation)
    assert trainer.get("/formateur/").status_code == 303
    assert not may_sign_in(app, TRAINER, PASSWORD)


def test_a_confirmed_address_closes_what_was_mailed_to_the_former_one(
    app: Flask, trainer: Visitor, anonymous: Visitor
) -> None:
    link = forget(app, TRAINER)
    ask_address(trainer)
    anonymous.submit(link_in(app, NEW, "account_address"))
    assert_gone(anonymous, link)


def test_the_way_back_stands_at_every_address_that_was_left_before(
    app: Flask, trainer: Visitor, anonymous: Visitor
) -> None:
    """It closes what was told later, to that person alone."""
    ask_address(trainer)
    anonymous.submit(link_in(app, NEW, "account_address"))
    malik = sign_in(app, OTHER_TRAINER)
    ask_address(sign_in(app, NEW), "ailleurs@montagnier.example")
    anonymous.submit(link_in(app, "ailleurs@montagnier.example", "account_address"))
    typed = {"current_password": PASSWORD, "new_password": CHOSEN}
    malik.submit("/compte/mot-de-passe", typed)
    anonymous.submit(link_in(app, NEW, "account_address_changed"))
    assert_live(anonymous, link_in(app, TRAINER, "account_address_changed"))
    assert_live(anonymous, link_in(app, OTHER_TRAINER, "account_password_changed"))


def test_when_a_link_was_used_is_never_written_again(
    app: Flask, frozen: time_machine.Traveller, anonymous: Visitor, office: Visitor
) -> None:
    anonymous.submit(forget(app, TRAINER), {"new_password": CHOSEN})
    frozen.shift(timedelta(hours=1))
    office = sign_in(app, "nadia.belkacem@rivage-formation.example")
    office.submit(page_of(app, TRAINER), form="main form[action$='/desactiver']")
    with app.app_context():
        link = db.session.scalars(db.select(AccountLink).filter_by(purpose=Purpose.RESET)).one()
        assert link.used_at == NOW


def test_a_way_back_that_served_keeps_its_hour_when_an_earlier_one_serves_too(
    app: Flask, frozen: time_machine.Traveller, trainer: Visitor, anonymous: Visitor
) -> None:
    ask_address(trainer)
    anonymous.submit(link_in(app, NEW, "account_address"))
    ask_address(sign_in(app, NEW), "ailleurs@montagnier.example")
    anonymous.submit(link_in(app, "ailleurs@montagnier.example", "account_address"))
    anonymous.submit(link_in(app, NEW, "account_address_changed"))
    frozen.shift(timedelta(hours=1))
    anonymous.submit(link_in(app, TRAINER, "account_address_changed"))
    with app.app_context():
        served = db.select(AccountLink.used_at).filter_by(purpose=Purpose.NOT_ME, email=NEW)
        assert db.session.scalars(served.order_by(AccountLink.id.desc())).first() == NOW


# --- Who is invited


def test_whoever_came_in_or_was_disabled_is_not_invited_again(app: Flask, office: Visitor) -> None:
    waiting = office.get(invite(office).headers["Location"])
    button = "main form[action$='/inviter']"
    office.submit(waiting, form="main form[action$='/desactiver']")
    said = text_of(follow(office, office.submit(waiting, form=button)))
    assert "Cette personne n’attend pas d’invitation" in said
    assert mails(app, ZOE) == ["account_invitation"]
    office.submit(waiting.request.path, form="main form[action$='/reactiver']")
    with app.app_context(), writing():
        user(ZOE).password_set_at = NOW
    said = text_of(follow(office, office.submit(waiting, form=button)))
    assert "Cette personne n’attend pas d’invitation" in said


def test_an_address_is_one_person_s_however_it_is_typed(
    app: Flask, office: Visitor, trainer: Visitor, anonymous: Visitor
) -> None:
    invite(office, "Zoe.Lambert@Rivage-Formation.example")
    assert mails(app, ZOE) == ["account_invitation"]
    ask_address(trainer, "Claire@Montagnier.example")
    anonymous.submit(link_in(app, NEW, "account_address"))
    assert may_sign_in(app, NEW, PASSWORD)


# --- What remains of it


def test_the_journal_keeps_every_act_on_an_account(
    app: Flask, office: Visitor, trainer: Visitor, anonymous: Visitor
) -> None:
    invite(office)
    page = page_of(app, ZOE)
    office.submit(page, form="main form[action$='/inviter']")
    anonymous.submit(link_in(app, ZOE, "account_invitation"), {"new_password": CHOSEN})
    sign_in(app, ZOE, CHOSEN)
    for button in ("fermer", "desactiver", "reactiver"):
        office.submit(page, form=f"main form[action$='/{button}']")
    forget(app, TRAINER)
    ask_address(trainer)
    anonymous.submit(link_in(app, NEW, "account_address"))
    anonymous.submit(link_in(app, TRAINER, "account_address_changed"))
    with app.app_context():
        entries = db.session.scalars(db.select(JournalEntry).order_by(JournalEntry.seq)).all()
        told = {e.event: db.session.get_one(JournalDetails, e.seq).details for e in entries}
        about = {e.event: e.body["user"] for e in entries}
        zoe, claire = user(ZOE).id, user(TRAINER).id
    assert about == {
        **dict.fromkeys(("invite_person", "invite_again", "set_password"), zoe),
        **dict.fromkeys(("close_logins", "disable_person", "enable_person"), zoe),
        **dict.fromkeys(("ask_reset", "ask_address", "change_address", "not_me"), claire),
    }
    assert told["set_password"]["actor"] == "Zoé Lambert"
    assert told["disable_person"]["actor"] == "Nadia Belkacem"
    assert (told["change_address"]["before"], told["change_address"]["after"]) == (TRAINER, NEW)
    assert {details["ip"] for details in told.values()} == {"127.0.0.1"}


@pytest.mark.parametrize(
    ("letter", "to", "days"), [("account_address", NEW, 1), ("account_address_asked", TRAINER, 7)]
)
def test_a_confirmation_lasts_a_day_and_the_way_back_a_week(
    app: Flask,
    frozen: time_machine.Traveller,
    anonymous: Visitor,
    letter: str,
    to: str,
    days: int,
) -> None:
    ask_address(sign_in(app, TRAINER))
    link = link_in(app, to, letter)
    frozen.shift(timedelta(days=days) - timedelta(seconds=1))
    assert_live(anonymous, link)
    frozen.shift(1)
    assert_gone(anonymous, link)
