"""The signatory's page: nothing ticked beforehand, one code, one signature, a receipt for ever."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask

from portal.extensions import db
from portal.signature.models import Signature
from portal.training.models import TrainingSession
from tests import second_half, story
from tests.conftest import TRAINER, sign_in
from tests.pages import Visitor, soup_of, text_of
from tests.screens import fill, follow, text_in
from tests.second_half import Answer, ask_code, open_sign_link, press_sign, sign_path, spaced
from tests.story import Told, a_training, messages

pytestmark = pytest.mark.usefixtures("frozen")
app = story.app_of_the_module()

ClientOf = Callable[[int], Visitor]
Clock = time_machine.Traveller
BUTTON = "Signer et m’engager à régler 800,00 €"


def waiting(app: Flask, **more: Any) -> tuple[Told, Visitor, str]:
    """A partial agreement is validated, and its signatory has the page open."""
    training = a_training(app, "funded", **more)
    story.made(app, training)
    visitor, place = open_sign_link(app, training.id)
    return training, visitor, place


def signed(app: Flask, training: Told) -> list[tuple[str, int | None]]:
    with app.app_context():
        query = db.select(Signature).filter_by(training_id=training.id, voided_at=None)
        return [(one.name, one.committed_cents) for one in db.session.scalars(query)]


def test_from_the_link_to_the_receipt(app: Flask) -> None:
    training, visitor, place = waiting(app)
    page = visitor.get(place)
    text = text_of(page)
    assert "Signer la convention" in text
    assert "à régler le reste à charge de 800,00 €" in text
    assert "Convention" in text
    assert [b.has_attr("checked") for b in soup_of(page.text).select("[type=checkbox]")] == [
        False, False,
    ]  # fmt: skip
    assert "helene.vasseur@" not in page.text
    page, code = ask_code(app, training.id, visitor, place)
    assert "Un code à six chiffres part à l’adresse h•••••@menuiserie-vasseur.example" in text_of(
        page
    )
    assert BUTTON in [text_in(b) for b in soup_of(page.text).select("button")]
    receipt = follow(visitor, press_sign(visitor, page, spaced(code)))
    for _reload in range(2):
        assert "Document signé" in text_of(receipt)
        assert "signé par Hélène Vasseur, Gérante, lundi 23 novembre 2026" in text_of(receipt)
        assert "Engagement à régler : 800,00 €" in text_of(receipt)
        receipt = follow(visitor, visitor.get(place))
    assert signed(app, training) == [("Hélène Vasseur", 80_000)]
    last = {mail["letter"]: mail for mail in messages(app, training)[-3:]}
    assert sorted(last) == ["signed_to_client", "signed_to_office", "signed_to_trainer"]
    assert all("800,00 €" in mail["text"] for mail in last.values())


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"accepts": None}, "Cochez la case pour accepter le document"),
        ({"undertakes": None}, "Cochez la case pour vous engager à régler"),
        ({"name": "  "}, "Indiquez votre prénom et votre nom"),
        ({"function": ""}, "Indiquez votre fonction"),
    ],
)
def test_no_code_leaves_until_all_is_said(
    app: Flask, typed: dict[str, str | None], sentence: str
) -> None:
    training, visitor, place = waiting(app)
    page, code = ask_code(app, training.id, visitor, place, **typed)
    assert page.status_code == 422
    assert code == ""
    assert sentence in text_of(page)
    assert signed(app, training) == []


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Saisissez le code"),
        ("12345", "Le code compte six chiffres"),
        ("abcdef", "Le code compte six chiffres"),
        ("１２３４５６", "chiffres ordinaires du clavier"),
        ("000000", "Code incorrect, il vous reste 4 essais"),
    ],
)
def test_a_code_that_is_none(app: Flask, typed: str, sentence: str) -> None:
    training, visitor, place = waiting(app)
    page, code = ask_code(app, training.id, visitor, place)
    assert code != "000000"
    answer = press_sign(visitor, page, typed)
    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert signed(app, training) == []
    assert press_sign(visitor, answer, code).status_code == 303


def test_five_wrong_tries_then_the_right_one_opens_nothing(app: Flask) -> None:
    training, visitor, place = waiting(app)
    page, code = ask_code(app, training.id, visitor, place)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for _try in range(5):
        page = press_sign(visitor, page, wrong)
    page = press_sign(visitor, page, code)
    assert "essayé trop de fois" in text_of(page)
    assert signed(app, training) == []


def test_an_expired_a_replaced_and_another_links_code(app: Flask, frozen: Clock) -> None:
    training, visitor, place = waiting(app)
    other, stranger, elsewhere = waiting(app)
    page, code = ask_code(app, training.id, visitor, place)
    theirs, their_code = ask_code(app, other.id, stranger, elsewhere)
    if their_code != code:
        assert "Code incorrect" in text_of(press_sign(visitor, page, their_code))
    page, newer = ask_code(app, training.id, visitor, place)
    if newer != code:
        assert "Ce code a été remplacé" in text_of(press_sign(visitor, page, code))
    frozen.shift(timedelta(minutes=10, seconds=1))
    assert "Ce code a expiré" in text_of(press_sign(visitor, page, newer))
    assert signed(app, training) == signed(app, other) == []


def test_three_codes_an_hour(app: Flask) -> None:
    training, visitor, place = waiting(app)
    for _code in range(3):
        assert ask_code(app, training.id, visitor, place)[0].status_code == 200
    page, _none = ask_code(app, training.id, visitor, place)
    assert page.status_code == 429
    assert "Trois codes ont été demandés en une heure" in text_of(page)


def test_two_presses_one_signature(app: Flask) -> None:
    training, visitor, place = waiting(app)
    page, code = ask_code(app, training.id, visitor, place)
    first, second = (press_sign(visitor, page, code) for _press in range(2))
    assert first.status_code == second.status_code == 303
    assert first.headers["Location"] == second.headers["Location"]
    assert signed(app, training) == [("Hélène Vasseur", 80_000)]


def test_a_paper_that_changed_since_it_was_shown(app: Flask, office: Visitor) -> None:
    """The agreement is corrected while the page is open: another link, another amount."""
    training, visitor, place = waiting(app)
    page, code = ask_code(app, training.id, visitor, place)
    with app.app_context():
        identity = training.id
        row = db.session.get_one(TrainingSession, identity)
        from portal import workflow
        from portal.access.rules import Actor, Role
        from portal.training.rules import Event

        clerk = Actor(Role.OFFICE, 3, "Nadia Belkacem")
        workflow.perform(Event.CORRECT_AGREEMENT, row, clerk, reason="Montant mal lu")
        second_half.validate(identity, Answer(190_000))
    answer = press_sign(visitor, page, code)
    assert answer.status_code in (303, 403, 409)
    assert signed(app, training) == []
    story.made(app, training)
    fresh, place = open_sign_link(app, training.id)
    assert "500,00 €" in text_of(fresh.get(place))
    assert "800,00 €" not in text_of(fresh.get(place))


def test_another_version_behind_the_same_link_is_409(app: Flask) -> None:
    training, visitor, place = waiting(app)
    page, code = ask_code(app, training.id, visitor, place)
    with app.app_context():
        from portal.extensions import writing

        with writing():
            row = db.session.get_one(TrainingSession, training.id)
            paper = next(d for d in row.documents if not d.superseded_at and d.kind == "convention")
            paper.sha256 = "0" * 64
    answer = press_sign(visitor, page, code)
    assert answer.status_code == 409
    assert "Le document a changé depuis l’ouverture de cette page" in text_of(answer)
    assert signed(app, training) == []


def test_refusing_to_sign_says_why_and_may_be_changed(app: Flask, trainer: Visitor) -> None:
    training, visitor, place = waiting(app)
    assert visitor.submit(place + "refuser", {"reason": ""}).status_code == 422
    page = follow(visitor, visitor.submit(place + "refuser", {"reason": "Prix à revoir"}))
    assert "Refus transmis" in text_of(page)
    told = messages(app, training)[-2:]
    assert [mail["letter"] for mail in told] == ["declined_to_trainer", "declined_to_office"]
    assert all("Prix à revoir" in mail["text"] for mail in told)
    assert "Prix à revoir" in text_of(trainer.get(training.page))
    page, code = ask_code(app, training.id, visitor, place)
    assert press_sign(visitor, page, code).status_code == 303


def test_the_wrong_person_hands_over(app: Flask) -> None:
    training, visitor, place = waiting(app)
    former = sign_path(app, training.id)
    page = visitor.submit(
        place + "transmettre",
        {"first": "Paul", "last": "Vasseur", "function": "Associé",
         "email": "paul.vasseur@menuiserie-vasseur.example"},
    )  # fmt: skip
    assert "Paul Vasseur reçoit le lien de signature" in text_of(page)
    assert visitor.get(place).status_code == 403
    assert Visitor(app, app.response_class).get(former).status_code == 410
    sent = {mail["letter"]: mail for mail in messages(app, training)[-3:]}
    assert sent["sign_request"]["to"] == "paul.vasseur@menuiserie-vasseur.example"
    assert sent["delegated_to_former"]["to"] == story.CLIENT
    assert "ne s’ouvre plus" in sent["delegated_to_former"]["text"]
    assert "delegated_to_office" in sent
    story.made(app, training)
    fresh, place = open_sign_link(app, training.id)
    page, code = ask_code(app, training.id, fresh, place)
    assert press_sign(fresh, page, code).status_code == 303
    assert signed(app, training) == [("Paul Vasseur", 80_000)]


def test_the_start_says_what_is_missing_then_happens(
    app: Flask, trainer: Visitor, frozen: Clock
) -> None:
    training, visitor, place = waiting(app)
    missing = "Le client n’a pas encore signé la convention et son engagement à régler"
    page = trainer.get(training.page)
    assert missing in text_of(page)
    assert "La formation commence le 12 janvier 2027" in text_of(page)
    token = soup_of(page.text).select_one("[name=csrf_token]")
    assert token is not None
    send = {"csrf_token": str(token["value"])}
    refused = trainer.post(f"{training.page}demarrer", data=send)
    assert refused.status_code == 422
    assert missing in text_of(refused)
    page, code = ask_code(app, training.id, visitor, place)
    press_sign(visitor, page, code)
    page = trainer.get(training.page)
    assert missing not in text_of(page)
    assert "Prête à démarrer" in text_of(page)
    assert trainer.post(f"{training.page}demarrer", data=send).status_code == 422
    frozen.move_to(datetime.fromisoformat("2027-01-12T07:00:00+00:00"))
    trainer = sign_in(app, TRAINER)
    page = trainer.get(training.page)
    page = follow(trainer, trainer.submit(page, form="form[action$=demarrer]"))
    assert "La formation est démarrée." in text_of(page)
    with app.app_context():
        assert db.session.get_one(TrainingSession, training.id).state == "running"


def test_the_early_signature_is_offered_where_the_opco_wants_it(
    app: Flask, client_of: ClientOf
) -> None:
    from portal.funding.rules import opcos

    code = next(x.code for x in opcos().values() if x.wants_signed_convention)
    training = a_training(app, "sent", funding={"funder": code})
    story.made(app, training)
    client = client_of(training.id)
    page = client.submit(training.space, form="form[action$=signature]")
    assert page.status_code == 303
    visitor, place = open_sign_link(app, training.id)
    page, digits = ask_code(app, training.id, visitor, place)
    assert press_sign(visitor, page, digits).status_code == 303
    assert signed(app, training) == [("Hélène Vasseur", None)]


def test_a_change_of_the_session_voids_an_early_signature(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, "sent")
    with app.app_context():
        from portal import workflow
        from portal.access.rules import Actor, Role
        from portal.training.rules import Event

        row = db.session.get_one(TrainingSession, training.id)
        workflow.perform(
            Event.SEND_SIGN_LINK, row, Actor(Role.CLIENT, row.links[0].id, "Hélène Vasseur")
        )
        second_half.sign(training.id)
    assert signed(app, training) == [("Hélène Vasseur", None)]
    page = fill(
        trainer, training.step("programme"),
        {"price_basis": "flat", "unit_price": "2 600", "reason": "Prix revu"}, "Enregistrer",
    )  # fmt: skip
    assert page.status_code == 303, text_of(page)
    assert signed(app, training) == []
    with app.app_context():
        assert db.session.get_one(TrainingSession, training.id).signed_at is None
