"""From the trainer's side, or with the client's space: every way to sign, and none that opens."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from portal import clock, workflow
from portal.access import service as access
from portal.access.models import Grant, ShareLink
from portal.access.rules import Actor, Role, Scope
from portal.effects import signing
from portal.emails.models import Email
from portal.emails.outbox import message_of, path_of_eml
from portal.extensions import db
from portal.journal.models import JournalDetails, JournalEntry
from portal.signature import codes
from portal.signature.models import Channel, OneTimeCode, Signature
from portal.training.models import TrainingSession
from portal.training.rules import Event, State
from portal.workflow import EFFECTS
from tests import second_half, story
from tests.conftest import OFFICE, TRAINER, sign_in, user
from tests.pages import BASE_URL, Visitor, soup_of
from tests.second_half import ask_code, open_sign_link, without_token
from tests.story import Told, a_training

pytestmark = pytest.mark.usefixtures("frozen")
app = story.app_of_the_module()

ClientOf = Callable[[int], Visitor]


@pytest.fixture
def waiting(app: Flask) -> Told:
    """A partial agreement was validated and the signatory asked for a code."""
    training = a_training(app, "funded")
    story.made(app, training)
    visitor, place = open_sign_link(app, training.id)
    page, code = ask_code(app, training.id, visitor, place)
    assert page.status_code == 200
    assert code
    return training


@pytest.fixture
def secrets(app: Flask, waiting: Told) -> list[str]:
    """The text of the link and the digits of the code: what lets sign."""
    with app.app_context():
        row = db.session.get_one(TrainingSession, waiting.id)
        code = second_half.latest_code(row)
        return [access.token_of(second_half.sign_link(row)), code, f"{code[:3]} {code[3:]}"]


@pytest.fixture(autouse=True)
def nobody_signed(app: Flask) -> Iterator[None]:
    yield
    with app.app_context():
        assert db.session.scalars(db.select(Signature)).all() == []


def links_of(page: str) -> set[str]:
    """Every address of ours that a page names, by a link, a form or a button."""
    found = set()
    for tag in soup_of(page).find_all(True):
        for name in ("href", "action", "formaction", "hx-get", "hx-post", "src"):
            address = str(tag.get(name) or "").removeprefix(BASE_URL).partition("#")[0]
            if address.startswith("/") and not address.startswith(("/statique", "//")):
                found.add(address)
    return found


def walked(visitor: Visitor, start: str, most: int = 60) -> dict[str, Any]:
    """The answers of every page that can be reached by links from `start`."""
    seen: dict[str, Any] = {}
    waiting = [start]
    while waiting and len(seen) < most:
        path = waiting.pop(0)
        if path in seen:
            continue
        seen[path] = visitor.get(path)
        if seen[path].mimetype == "text/html":
            waiting += sorted(links_of(seen[path].text) - seen.keys())
    return seen


def received(answer: Any) -> str:
    return str(answer.headers) + answer.get_data().decode("utf-8", "replace")


@pytest.mark.parametrize("who", ["trainer", "space", "office"])
def test_no_answer_holds_what_lets_sign(
    app: Flask, client_of: ClientOf, waiting: Told, secrets: list[str], who: str
) -> None:
    """Every page and file they can reach, « Courriels » and its .eml included."""
    story.work(app)
    starts = {
        "trainer": (waiting.page, "/formateur/courriels/"),
        "office": (f"/organisme/dossiers/{waiting.ref}/", "/organisme/courriels/"),
        "space": (waiting.space,),
    }
    visitor = (
        client_of(waiting.id)
        if who == "space"
        else sign_in(app, TRAINER if who == "trainer" else OFFICE)
    )
    for start in starts[who]:
        answers = walked(visitor, start, most=30)
        assert answers[start].status_code == 200
        for path, answer in answers.items():
            text = received(answer)
            assert without_token(text), path
            assert not [secret for secret in secrets if secret in text], path


def test_the_mails_that_let_sign_are_shown_to_nobody(
    app: Flask, waiting: Told, secrets: list[str]
) -> None:
    story.work(app)
    with app.app_context():
        found = db.session.scalars(db.select(Email).filter_by(training_id=waiting.id)).all()
        ids = {mail.letter: mail.id for mail in found}
        audiences = {m.letter: m.to_email for m in found if not without_token(_text(m))}
        assert audiences == {"sign_request": story.CLIENT}
        assert path_of_eml(db.session.get_one(Email, ids["one_time_code"]))
    for email, side in ((TRAINER, "formateur"), (OFFICE, "organisme")):
        visitor = sign_in(app, email)
        for letter in ("sign_request", "one_time_code"):
            page = visitor.get(f"/{side}/courriels/{ids[letter]}")
            assert "Ce message permet de signer" in page.text
            assert not [secret for secret in secrets if secret in page.text]
            eml = visitor.get(f"/{side}/courriels/{ids[letter]}/message.eml")
            assert eml.status_code == 404
            again = visitor.post(
                f"/{side}/courriels/{ids[letter]}/renvoyer", data=_csrf(visitor, page)
            )
            assert "n’est plus à renvoyer" in visitor.get(again.headers["Location"]).text


def _text(mail: Email) -> str:
    message = message_of(mail)
    return f"{message.body} {message.html}"


def _csrf(visitor: Visitor, page: Any) -> dict[str, str]:
    found = soup_of(page.text).select_one("[name=csrf_token]")
    assert found is not None
    return {"csrf_token": str(found["value"])}


def test_what_is_stored_or_logged_holds_no_secret(
    app: Flask, waiting: Told, secrets: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        story.work(app)
        sign_in(app, TRAINER).get(waiting.page)
    assert not [secret for secret in secrets if secret in caplog.text]
    with app.app_context():
        entries = [str(e.body) for e in db.session.scalars(db.select(JournalEntry))]
        entries += [str(d.details) for d in db.session.scalars(db.select(JournalDetails))]
        entries += [f"{m.subject} {m.context}" for m in db.session.scalars(db.select(Email))]
        text = "\n".join(entries)
    assert without_token(text)
    assert not [secret for secret in secrets[:1] if secret in text]


# --- Trying


DOORS = ("", "document.pdf", "signe", "refuser", "transmettre")


def test_no_cookie_of_theirs_opens_the_signatorys_door(
    app: Flask, client_of: ClientOf, waiting: Told
) -> None:
    trainer, office, space = sign_in(app, TRAINER), sign_in(app, OFFICE), client_of(waiting.id)
    everything = client_of(waiting.id)
    everything._cookies.update(trainer._cookies)  # the trainer opened the client's link too
    nobody = Visitor(app, app.response_class)
    for visitor, home in (
        (trainer, waiting.page),
        (office, f"/organisme/dossiers/{waiting.ref}/"),
        (space, waiting.space),
        (everything, waiting.space),
        (nobody, "/connexion"),
    ):
        data = _csrf(visitor, visitor.get(home))
        for door in DOORS:
            path = f"/signature/{waiting.public_id}/{door}"
            assert visitor.get(path).status_code == 403
            fields = {"action": "signer", "code": "123456", "accepts": "y", "undertakes": "y"}
            typed = {**data, **fields, "name": "Claire", "function": "Formation", "reason": "x"}
            answer = visitor.post(path, data=typed)
            assert answer.status_code in (303, 400, 403, 405)
            if answer.status_code == 303:
                assert visitor.get(answer.headers["Location"]).status_code in (200, 403)


def test_a_space_link_is_no_signing_link(app: Flask, waiting: Told) -> None:
    """Its text with another prefix, another number or another turn names nothing."""
    with app.app_context():
        row = db.session.get_one(TrainingSession, waiting.id)
        space = access.token_of(row.links[0])
        sign = second_half.sign_link(row)
        _prefix, _number, mac = space.split("-", 2)
        forged = [
            f"sig-{row.links[0].id}-{mac}", f"sig-{sign.id}-{mac}", f"sig-{sign.id}-{'A' * 43}",
            space.replace("esp", "sig"), f"sig-{sign.id}-",
        ]  # fmt: skip
        assert all(access.find(text).link is None for text in forged)
    visitor = Visitor(app, app.response_class)
    for text in forged:
        assert visitor.get(f"/l/{text}").status_code == 404


def test_no_act_of_the_trainer_or_the_office_signs(app: Flask, waiting: Told) -> None:
    """By the corridor itself, with the true link and the true code in hand."""
    with app.app_context():
        row = db.session.get_one(TrainingSession, waiting.id)
        link, document = second_half.sign_link(row), signing.signable(row)
        assert document is not None
        code = second_half.latest_code(row)
        for role in (Role.TRAINER, Role.OFFICE, Role.TRAINEE, Role.CLOCK):
            actor = Actor(role, user(TRAINER).id, "Claire Montagnier")
            for event in (Event.SIGN, Event.DECLINE_SIGNATURE, Event.DELEGATE_SIGNATURE):
                with pytest.raises(workflow.Refused):
                    workflow.perform(
                        event, row, actor, link=link, shown=(document.id, document.sha256),
                        code=code, name="x", function="y", sentences=[], request_facts={},
                        reason="x", first="C", last="M", email="claire@ailleurs.example",
                    )  # fmt: skip
                db.session.rollback()
        trainer = Actor(Role.TRAINER, user(TRAINER).id, "Claire Montagnier")
        with pytest.raises(workflow.Refused):
            workflow.perform(Event.RECORD_PAPER_SIGNATURE, row, trainer, upload_id=1)
        for channel in Channel:
            with pytest.raises(codes.CodeRefused):
                workflow.send_code(row, link, document, channel, trainer)
        assert set(EFFECTS) >= {Event.SIGN, Event.RECORD_PAPER_SIGNATURE}


def test_a_code_asked_with_a_space_link_opens_nothing(app: Flask, waiting: Told) -> None:
    with app.app_context():
        row = db.session.get_one(TrainingSession, waiting.id)
        space, document = row.links[0], signing.signable(row)
        assert space.scope == Scope.SPACE
        assert document is not None
        client = Actor(Role.CLIENT, space.id, "Hélène Vasseur")
        with pytest.raises(codes.CodeRefused):
            workflow.send_code(row, space, document, Channel.EMAIL, client)
        code = second_half.latest_code(row)
        with pytest.raises((workflow.Refused, codes.CodeRefused)):
            workflow.perform(
                Event.SIGN, row, client, link=space, shown=(document.id, document.sha256),
                code=code, name="x", function="y", sentences=[], request_facts={},
            )  # fmt: skip


def test_a_new_link_only_leaves_to_the_signatory(
    app: Flask, client_of: ClientOf, waiting: Told
) -> None:
    trainer, space = sign_in(app, TRAINER), client_of(waiting.id)
    for visitor, path in (
        (trainer, f"{waiting.page}lien-de-signature"),
        (space, f"{waiting.space}signature"),
    ):
        home = waiting.page if visitor is trainer else waiting.space
        extra = {"email": "claire.montagnier@rivage-formation.example", "to": "x@ailleurs.example"}
        data = _csrf(visitor, visitor.get(home)) | extra
        answer = visitor.post(path, data=data)
        assert answer.status_code == 303
        assert without_token(received(answer))
        assert without_token(received(visitor.get(answer.headers["Location"])))
        with app.app_context():
            row = db.session.get_one(TrainingSession, waiting.id)
            assert second_half.sign_link(row).recipient_email == story.CLIENT
            assert story.last_email(waiting, "sign_request").to_email == story.CLIENT
            live = [x for x in row.links if x.scope == Scope.SIGN and x.revoked_at is None]
            assert len(live) == 1


def test_an_address_of_the_house_gets_no_code(app: Flask) -> None:
    """The trainer names itself as the signatory of its own client."""
    for address in (TRAINER, TRAINER.replace("@", "+client@"), OFFICE.upper()):
        training = a_training(app, "funded", company={"signatory_email": address})
        story.made(app, training)
        visitor, place = open_sign_link(app, training.id)
        page = visitor.submit(
            place, {"accepts": "y", "undertakes": "y"}, button="Recevoir mon code"
        )
        assert page.status_code == 429
        assert "celle d’un compte de ce portail" in page.text
        with app.app_context():
            row = db.session.get_one(TrainingSession, training.id)
            assert State(row.state) is State.FUNDED
            link = second_half.sign_link(row)
            assert db.session.scalars(db.select(OneTimeCode).filter_by(link_id=link.id)).all() == []


def test_a_closed_link_closes_the_page_it_opened(app: Flask) -> None:
    training = a_training(app, "funded")
    story.made(app, training)
    visitor, place = open_sign_link(app, training.id)
    assert visitor.get(place).status_code == 200
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        trainer = Actor(Role.TRAINER, user(TRAINER).id, "Claire Montagnier")
        workflow.perform(Event.REVOKE_LINK, row, trainer)
        assert access.open_link(row, clock.now(), Scope.SIGN) is None
        kinds = [x.scope for x in db.session.scalars(db.select(ShareLink))]
        assert "sign" in kinds
        assert db.session.scalars(db.select(Grant)).first() is not None
    assert visitor.get(place).status_code == 403
