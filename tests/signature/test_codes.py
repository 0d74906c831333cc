"""One-time codes: ten minutes, five tries, three an hour, ten a day, one link, one file."""

from datetime import timedelta

import httpx
import pytest
import time_machine
from sqlalchemy import func, select

from portal import clock, workflow
from portal.access import service as access
from portal.access.rules import Actor, Role, Scope
from portal.documents import service as documents
from portal.documents.models import Document
from portal.emails import outbox
from portal.emails.models import Email
from portal.extensions import db, writing
from portal.signature import codes
from portal.signature.codes import CodeRefused
from portal.signature.models import Channel, OneTimeCode
from tests.conftest import TRAINER
from tests.signature.scene import SIGNATORY, Scene


def other_than(digits: str) -> str:
    return f"{(int(digits) + 1) % 1_000_000:06d}"


def attempt(scene: Scene, typed: str) -> str | None:
    """Tries a code; the sentence of its refusal."""
    try:
        codes.count_try(scene.link, scene.document, typed, clock.now())
    except CodeRefused as refused:
        return str(refused)
    return None


def use(scene: Scene, typed: str) -> OneTimeCode:
    with writing():
        return codes.use_code(scene.link, scene.document, typed, clock.now())


def refused(scene: Scene, channel: Channel = Channel.EMAIL) -> str:
    with pytest.raises(CodeRefused) as caught:
        scene.issue(channel)
    return str(caught.value)


def counted() -> int:
    return db.session.scalar(select(func.count()).select_from(OneTimeCode)) or 0


# --- The right code


def test_the_right_code_serves_once(scene: Scene) -> None:
    digits = scene.issue()
    assert attempt(scene, f" {digits[:3]} {digits[3:]} ") is None
    assert use(scene, digits).used_at == clock.now()
    assert attempt(scene, digits) == codes.USED
    with pytest.raises(CodeRefused, match="^Ce code a déjà servi"):
        use(scene, digits)
    assert (scene.code().tries, scene.code().channel) == (1, "email")


def test_a_code_is_not_used_without_a_counted_try(scene: Scene) -> None:
    digits = scene.issue()
    with pytest.raises(CodeRefused, match="^Code incorrect"):
        use(scene, digits)


def test_it_lives_ten_minutes(scene: Scene, frozen: time_machine.Traveller) -> None:
    digits = scene.issue()
    frozen.shift(timedelta(minutes=10))
    assert attempt(scene, digits) is None
    frozen.shift(timedelta(seconds=1))
    assert attempt(scene, digits) == "Ce code a expiré\u00a0: demandez-en un nouveau"
    with pytest.raises(CodeRefused, match="^Ce code a expiré"):
        use(scene, digits)


def test_no_code_was_asked_for(scene: Scene) -> None:
    assert attempt(scene, "123456") == codes.NONE_YET


# --- Wrong codes


def test_five_tries(scene: Scene) -> None:
    digits = scene.issue()
    wrong = other_than(digits)
    assert [attempt(scene, wrong) for _ in range(6)] == [
        "Code incorrect, il vous reste 4\u00a0essais",
        "Code incorrect, il vous reste 3\u00a0essais",
        "Code incorrect, il vous reste 2\u00a0essais",
        "Code incorrect, il vous reste 1\u00a0essai",
        "Code incorrect\u00a0: demandez-en un nouveau",
        codes.TOO_MANY,
    ]
    assert attempt(scene, digits) == codes.TOO_MANY
    assert scene.code().tries == 5


def test_the_fifth_try_may_be_the_right_one(scene: Scene) -> None:
    digits = scene.issue()
    for _ in range(4):
        attempt(scene, other_than(digits))
    assert attempt(scene, digits) is None
    assert use(scene, digits).tries == 5


def test_a_try_survives_the_rollback_of_the_act(scene: Scene) -> None:
    digits = scene.issue()
    attempt(scene, other_than(digits))
    assert attempt(scene, digits) is None
    with pytest.raises(ZeroDivisionError):
        _used_then_lost(scene, digits)
    assert (scene.code().tries, scene.code().used_at) == (2, None)
    assert attempt(scene, digits) is None  # it was not used: it still serves


def _used_then_lost(scene: Scene, digits: str) -> None:
    with writing():
        codes.use_code(scene.link, scene.document, digits, clock.now())
        raise ZeroDivisionError


def test_what_cannot_be_a_code_is_not_counted(scene: Scene) -> None:
    scene.issue()
    assert attempt(scene, "12345") == "Le code compte six chiffres, par exemple 123\u00a0456"
    assert attempt(scene, "") == "Saisissez le code à six chiffres"
    assert (attempt(scene, "１２３４５６") or "").startswith("Saisissez le code avec les chiffres")
    assert scene.code().tries == 0


def test_a_resent_code_voids_the_former(scene: Scene) -> None:
    former = scene.issue()
    latest = scene.issue()
    assert former != latest
    assert attempt(scene, former) == codes.REPLACED
    assert attempt(scene, latest) is None
    rows = db.session.scalars(select(OneTimeCode).order_by(OneTimeCode.id)).all()
    assert [row.voided_at is not None for row in rows] == [True, False]


def test_the_code_of_another_link_is_wrong(scene: Scene) -> None:
    elsewhere = scene.issue()
    with writing():
        actor = Actor(Role.OFFICE, 3, "Nadia Belkacem")
        other = access.issue_link(scene.training, actor, SIGNATORY, clock.now(), scope=Scope.SIGN)
        scene.link_id = other.id
    scene.issue()
    assert attempt(scene, elsewhere) == "Code incorrect, il vous reste 4\u00a0essais"


def test_a_new_version_voids_the_code(scene: Scene) -> None:
    digits = scene.issue()
    with writing():
        made = documents.issue(
            scene.training, workflow.accounts.organisation(), clock.now(), kinds=("convention",)
        )
        scene.document_id = made[0].id
    assert documents.prepare(scene.document_id)
    assert attempt(scene, digits) == codes.CHANGED


# --- Limits


def test_three_an_hour(scene: Scene, frozen: time_machine.Traveller) -> None:
    for _ in range(3):
        scene.issue()
        frozen.shift(timedelta(minutes=1))
    sentence = refused(scene)
    assert sentence.startswith("Trois codes ont été demandés en une heure\u00a0: le prochain")
    assert sentence.endswith("lundi 23\u00a0novembre\u00a02026 à 11\u00a0h\u00a001")
    frozen.shift(timedelta(minutes=56))
    refused(scene)
    frozen.shift(timedelta(minutes=1, seconds=1))
    scene.issue()
    assert counted() == 4


def test_ten_a_day(scene: Scene, frozen: time_machine.Traveller) -> None:
    for _ in range(10):
        scene.issue()
        frozen.shift(timedelta(minutes=31))
    assert refused(scene).startswith("Dix codes ont été demandés en un jour")
    frozen.shift(timedelta(hours=19))
    scene.issue()


def test_a_refused_code_leaves_nothing(scene: Scene) -> None:
    for _ in range(3):
        scene.issue()
    before = db.session.scalar(select(func.count()).select_from(Email))
    refused(scene)
    assert counted() == 3
    assert db.session.scalar(select(func.count()).select_from(Email)) == before


def test_guesses_are_bounded_whatever_the_order(scene: Scene) -> None:
    """All one day long, somebody who holds the link: at most fifty guesses in a million."""
    guesses = 0
    for _ in range(12):
        try:
            digits = scene.issue()
        except CodeRefused:
            break
        for _ in range(7):
            sentence = attempt(scene, other_than(digits))
            guesses += sentence not in (codes.TOO_MANY, codes.REPLACED)
    assert guesses <= 50


# --- Who may have one


def test_a_link_that_fills_never_receives_a_code(scene: Scene) -> None:
    with writing():
        actor = Actor(Role.TRAINER, 1, "Claire Montagnier")
        space = access.issue_link(scene.training, actor, SIGNATORY, clock.now())
        scene.link_id = space.id
    assert refused(scene) == codes.CLOSED_LINK


@pytest.mark.parametrize("how", ["revoked", "expired"])
def test_a_dead_link_neither_receives_nor_uses(
    scene: Scene, frozen: time_machine.Traveller, how: str
) -> None:
    digits = scene.issue()
    assert attempt(scene, digits) is None
    if how == "revoked":
        with writing():
            access.revoke(scene.link, clock.now())
    else:
        frozen.shift(timedelta(days=14))
    assert refused(scene) == codes.CLOSED_LINK
    with pytest.raises(CodeRefused, match="^Ce lien ne permet plus de signer"):
        use(scene, digits)


@pytest.mark.parametrize("address", [TRAINER, TRAINER.upper(), "", None])
def test_who_has_an_account_signs_for_nobody(scene: Scene, address: str | None) -> None:
    with writing():
        scene.link.recipient_email = address
    assert refused(scene) == codes.STAFF


def test_a_tagged_address_of_the_staff_is_theirs(scene: Scene) -> None:
    local, _, domain = TRAINER.partition("@")
    with writing():
        scene.link.recipient_email = f"{local}+client@{domain}"
    assert refused(scene) == codes.STAFF


def test_a_paper_without_its_file_waits(scene: Scene) -> None:
    with writing():
        row = db.session.get_one(Document, scene.document_id)
        row.state, row.sha256 = "pending", None
    assert refused(scene) == codes.NOT_READY


def test_the_trainer_asks_for_no_code(scene: Scene) -> None:
    trainer = Actor(Role.TRAINER, 1, "Claire Montagnier")
    for channel in Channel:
        with pytest.raises(CodeRefused, match="d’ici$"):
            workflow.send_code(scene.training, scene.link, scene.document, channel, trainer)
    with pytest.raises(CodeRefused, match="d’ici$"):  # the client cannot have it read to itself
        workflow.send_code(
            scene.training, scene.link, scene.document, Channel.PHONE, scene.signatory
        )
    with pytest.raises(CodeRefused, match="d’ici$"):
        workflow.send_code(scene.training, scene.link, scene.document, Channel.EMAIL, scene.office)
    assert counted() == 0


# --- Channels


def letter_of(scene: Scene) -> Email:
    key = f"one_time_code:{scene.training_id}:{scene.code().id}"
    return db.session.scalars(select(Email).where(Email.dedupe_key == key)).one()


def test_by_email_to_the_link_s_own_address(scene: Scene) -> None:
    digits = scene.issue()
    letter = letter_of(scene)
    assert (letter.to_email, letter.audience) == (SIGNATORY, "client")
    assert digits not in f"{letter.subject} {letter.context}"
    message = outbox.message_of(letter)
    assert f"{digits[:3]} {digits[3:]}" in str(message.body)
    assert "/l/sig-" not in f"{message.body}{message.html}"
    assert outbox.deliver(letter.id)


def test_a_dead_code_does_not_leave(scene: Scene, frozen: time_machine.Traveller) -> None:
    scene.issue()
    late, replaced = letter_of(scene).id, None
    frozen.shift(timedelta(minutes=5))
    scene.issue()
    replaced, late = late, letter_of(scene).id
    assert outbox.deliver(replaced)
    frozen.shift(timedelta(minutes=11))
    assert outbox.deliver(late)
    db.session.expire_all()
    for identity in (replaced, late):
        row = db.session.get_one(Email, identity)
        assert (row.state, row.error) == (
            "cancelled",
            "Le code n’était plus valable au départ du message",
        )


def test_read_out_by_the_office_once(scene: Scene) -> None:
    shown = workflow.send_code(
        scene.training, scene.link, scene.document, Channel.PHONE, scene.office
    )
    assert shown is not None
    assert attempt(scene, shown) is None
    assert use(scene, shown).channel == "phone"
    letters = db.session.scalars(select(Email).where(Email.letter == "one_time_code")).all()
    assert letters == []


def test_by_sms_only_where_a_gateway_and_a_mobile_stand(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refused(scene, Channel.SMS) == workflow.signing.NO_SMS
    assert counted() == 0


def test_an_sms_that_did_not_leave_voids_its_code(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.emails.mailroom import configured

    configured(scene.app, sms_url="http://127.0.0.1:9/")
    with writing():
        assert scene.training.company is not None
        scene.training.company.phone = "06 12 34 56 78"

    def down(*_: object, **__: object) -> None:
        raise httpx.ConnectError("nobody")

    monkeypatch.setattr(httpx, "post", down)
    assert refused(scene, Channel.SMS) == workflow.signing.NO_SMS
    assert scene.code().voided_at is not None
