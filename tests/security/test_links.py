"""Shared links: what opens, what does not, and what a dead one offers."""

from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
import time_machine
from flask import Flask

from portal import clock, workflow
from portal.access import service as access
from portal.access.models import Attempt, Grant, ShareLink
from portal.access.rules import READ_ONLY_WEEKS, Actor, Role
from portal.emails.models import Email
from portal.extensions import db, writing
from portal.training.models import TrainingSession
from portal.training.rules import Event, State, Way
from tests import databases
from tests.conftest import NOW, TRAINER, user
from tests.pages import BASE_URL, Visitor, soup_of, text_of
from tests.schemas import rows_in

CLIENT = "h.vasseur@menuiserie-vasseur.example"


@dataclass
class Shared:
    """A draft that waits for its client: its ids and the path of its link."""

    app: Flask
    training_id: int
    public_id: str
    link_id: int

    @property
    def path(self) -> str:
        with self.app.app_context():
            return access.url_of(self.link()).removeprefix(BASE_URL)

    def link(self) -> ShareLink:
        return db.session.get_one(ShareLink, self.link_id)

    def change(self, **changes: object) -> None:
        with self.app.app_context(), writing():
            for name, value in changes.items():
                setattr(self.link(), name, value)


def share(app: Flask, key: str, email: str | None) -> Shared:
    with app.app_context():
        person = user(TRAINER)
        actor = Actor(Role.TRAINER, person.id, person.name)
        training = workflow.create(person, actor, Way.LINK, key, client_email=email)
        link = access.open_link(training, clock.now())
        assert link is not None
        return Shared(app, training.id, training.public_id, link.id)


@pytest.fixture
def shared(app: Flask, frozen: time_machine.Traveller) -> Shared:
    return share(app, "one", CLIENT)


def rows(app: Flask, model: type) -> int:
    with app.app_context():
        return db.session.scalar(db.select(db.func.count()).select_from(model)) or 0


def mails(app: Flask) -> list[tuple[str, str]]:
    with app.app_context():
        found = db.session.scalars(db.select(Email).order_by(Email.id))
        return [(mail.letter, mail.to_email) for mail in found]


# --- A link that lives


def test_landing_says_who_invites_for_what_and_what_is_needed(
    shared: Shared, anonymous: Visitor
) -> None:
    text = text_of(anonymous.get(shared.path))
    for words in (
        "Claire Montagnier",
        "Rivage Formation",
        "4 étapes, environ 4 minutes",
        "SIRET",
        "Vous ne signez rien",
        "Commencer",
    ):
        assert words in text


def test_looking_at_a_link_changes_nothing(shared: Shared, app: Flask, anonymous: Visitor) -> None:
    """Mail programs and their scanners open links by themselves, several times."""
    with closing(databases.Snapshot(app.config["PORTAL"].data)) as before:
        for _ in range(3):
            for method in ("GET", "HEAD", "OPTIONS"):
                anonymous.open(shared.path, method=method)
        assert not before.is_touched()
    assert rows(app, Grant) == 0
    cookies = [c for c in anonymous._cookies.values() if "espace" in c.key]
    assert cookies == []


def test_starting_gives_an_address_without_the_link(shared: Shared, anonymous: Visitor) -> None:
    answer = anonymous.submit(shared.path)
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/espace/{shared.public_id}/etapes/entreprise"
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if "espace" in c)
    for flag in ("__Host-espace=", "Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert flag in cookie
    page = anonymous.get(f"/espace/{shared.public_id}/")
    assert page.status_code == 200
    assert shared.path.removeprefix("/l/") not in page.text


def test_the_database_holds_neither_the_link_nor_the_cookie(
    shared: Shared, app: Flask, anonymous: Visitor
) -> None:
    answer = anonymous.submit(shared.path)
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if "espace" in c)
    secrets = [shared.path.split("-", 2)[2], cookie.partition("=")[2].partition(";")[0]]
    data = app.config["PORTAL"].data
    contents = [
        str(rows_in(data)).encode(),
        *(x.read_bytes() for x in data.glob("portal.sqlite3*")),
    ]
    for secret in secrets:
        assert len(secret) >= 43
        for content in contents:
            assert secret.encode() not in content


def test_a_space_opens_its_own_dossier_only(shared: Shared, app: Flask, anonymous: Visitor) -> None:
    other = share(app, "two", None)
    anonymous.submit(shared.path)
    closed = anonymous.get(f"/espace/{other.public_id}/")
    unknown = anonymous.get("/espace/nexistepas/")
    assert closed.status_code == unknown.status_code == 403
    assert text_of(closed) == text_of(unknown)


def test_several_spaces_in_one_browser(shared: Shared, app: Flask, anonymous: Visitor) -> None:
    other = share(app, "two", None)
    anonymous.submit(shared.path)
    anonymous.submit(other.path)
    for opened in (shared, other):
        assert anonymous.get(f"/espace/{opened.public_id}/").status_code == 200


def test_a_cookie_planted_beforehand_opens_nothing(
    shared: Shared, app: Flask, anonymous: Visitor
) -> None:
    other = share(app, "two", None)
    attacker, domain = Visitor(app, app.response_class), BASE_URL.removeprefix("https://")
    attacker.submit(other.path)
    planted = attacker.get_cookie("__Host-espace", domain=domain)
    assert planted is not None
    anonymous.set_cookie("__Host-espace", planted.value, domain=domain, secure=True)
    anonymous.submit(shared.path)
    assert anonymous.get(f"/espace/{shared.public_id}/").status_code == 200
    assert attacker.get(f"/espace/{shared.public_id}/").status_code == 403


@pytest.mark.parametrize("sign", [".", ")", ",", ">", "%20"])
def test_signs_added_by_mail_programs_are_dropped(
    shared: Shared, anonymous: Visitor, sign: str
) -> None:
    assert anonymous.get(shared.path + sign).status_code == 200


@pytest.mark.parametrize(
    ("idle", "total", "status"),
    [
        (timedelta(minutes=29, seconds=59), timedelta(0), 200),
        (timedelta(minutes=30), timedelta(0), 403),
        (timedelta(0), timedelta(hours=12), 403),
    ],
)
def test_a_space_closes_by_itself(
    shared: Shared,
    app: Flask,
    anonymous: Visitor,
    frozen: time_machine.Traveller,
    idle: timedelta,
    total: timedelta,
    status: int,
) -> None:
    anonymous.submit(shared.path)
    with app.app_context(), writing():
        db.session.scalars(db.select(Grant)).one().created_at = NOW - total
    frozen.shift(idle)
    answer = anonymous.get(f"/espace/{shared.public_id}/")
    assert answer.status_code == status
    assert ("s’est refermé" in text_of(answer)) is (status == 403)


def test_leaving_closes_the_space(shared: Shared, anonymous: Visitor) -> None:
    anonymous.submit(shared.path)
    page = anonymous.get(f"/espace/{shared.public_id}/")
    anonymous.submit(page, form="form[action$='/quitter']")
    assert anonymous.get(f"/espace/{shared.public_id}/").status_code == 403


def test_a_trainer_signed_in_in_the_same_browser_keeps_both(
    shared: Shared, trainer: Visitor
) -> None:
    trainer.submit(shared.path)
    assert trainer.get(f"/espace/{shared.public_id}/").status_code == 200
    assert trainer.get("/formateur/").status_code == 200


# --- Texts that are not links


@pytest.mark.parametrize(
    "forge",
    [
        lambda t: t[:-1] + ("A" if t[-1] != "A" else "B"),
        lambda t: t[:-1],
        lambda t: t + "A",
        lambda t: t.upper(),
        lambda t: t.replace("esp-", "sig-"),
        lambda t: t.replace("esp-1-", "esp-2-"),
        lambda t: t.replace("esp-1-", "esp-01-"),
        lambda t: "esp-1-",
        lambda t: "nimporte-quoi",
        lambda t: "esp-999999999999-" + "A" * 43,
        lambda t: "%F0%9F%94%91",
    ],
)
def test_forged_texts_open_nothing(shared: Shared, anonymous: Visitor, forge: object) -> None:
    token = shared.path.removeprefix("/l/")
    path = "/l/" + forge(token)  # type: ignore[operator]
    answer = anonymous.get(path)
    assert answer.status_code == 404
    assert "n’est pas valable" in text_of(answer)
    assert "Claire" not in answer.text
    for action in ("", "/nouveau-lien", "/prevenir"):
        assert anonymous.post(path + action, data={"csrf_token": csrf(anonymous)}).status_code in (
            303,
            404,
        )
    assert anonymous.get(f"/espace/{shared.public_id}/").status_code == 403


def csrf(visitor: Visitor) -> str:
    field = soup_of(visitor.get("/connexion").text).select_one("[name=csrf_token]")
    assert field is not None
    return str(field["value"])


def test_guessing_is_stopped_but_genuine_links_still_open(
    shared: Shared, app: Flask, anonymous: Visitor, frozen: time_machine.Traveller
) -> None:
    statuses = [anonymous.get(f"/l/esp-1-{'A' * 42}{n % 10}").status_code for n in range(31)]
    assert statuses == [404] * 30 + [429]
    assert anonymous.get(shared.path).status_code == 200
    frozen.shift(3_601)
    assert anonymous.get("/l/nimporte").status_code == 404
    with app.app_context():
        assert "127.0.0.1" not in {x.key for x in db.session.scalars(db.select(Attempt))}


# --- Dead links

LONG_AGO = NOW - timedelta(weeks=READ_ONLY_WEEKS)


@pytest.mark.parametrize(
    ("changes", "sentence", "offer"),
    [
        ({"expires_at": LONG_AGO}, "n’ouvre plus rien", "Recevoir un nouveau lien"),
        ({"rotation": 1}, "remplacé", "Recevoir un nouveau lien"),
        ({"revoked_at": NOW}, "fermé", "Prévenir Claire Montagnier"),
        ({"expires_at": LONG_AGO, "recipient_email": None}, "n’ouvre plus", "Prévenir Claire"),
    ],
)
def test_each_dead_link_has_its_sentence_and_its_way_out(
    shared: Shared, anonymous: Visitor, changes: dict[str, object], sentence: str, offer: str
) -> None:
    path = shared.path
    anonymous.submit(path)
    shared.change(**changes)
    answer = anonymous.get(path)
    assert answer.status_code == 410
    assert sentence in text_of(answer)
    assert offer in text_of(answer)
    assert anonymous.post(path, data={"csrf_token": csrf(anonymous)}).status_code == 303
    assert anonymous.get(f"/espace/{shared.public_id}/").status_code == 403


def test_a_link_lives_until_its_last_second(shared: Shared, anonymous: Visitor) -> None:
    shared.change(expires_at=NOW + timedelta(seconds=1))
    assert anonymous.get(shared.path).status_code == 200
    shared.change(expires_at=NOW)
    assert anonymous.get(shared.path).status_code == 410


@pytest.mark.parametrize("changes", [{"expires_at": NOW}, {"rotation": 1}])
def test_a_new_link_goes_to_the_address_on_file_only(
    shared: Shared, app: Flask, anonymous: Visitor, changes: dict[str, object]
) -> None:
    old = shared.path
    shared.change(**changes)
    sent = anonymous.submit(old, form="form[action$='/nouveau-lien']")
    assert sent.status_code == 303
    confirmation = anonymous.get(sent.headers["Location"])
    assert "Un nouveau lien est parti" in text_of(confirmation)
    assert CLIENT not in confirmation.text
    assert mails(app) == [("new_link", CLIENT)]
    assert anonymous.get(old).status_code == 410
    assert anonymous.get(shared.path).status_code == 200
    assert shared.path != old


def test_three_new_links_a_day(shared: Shared, app: Flask, anonymous: Visitor) -> None:
    old = shared.path
    shared.change(rotation=1)
    page = anonymous.get(old)
    statuses = [
        anonymous.submit(page, form="form[action$='/nouveau-lien']").status_code for _ in range(4)
    ]
    assert statuses == [303, 303, 303, 429]
    assert len(mails(app)) == 3


def test_the_trainer_is_told_when_no_address_is_known(
    shared: Shared, app: Flask, anonymous: Visitor
) -> None:
    path = shared.path
    shared.change(expires_at=NOW, recipient_email=None)
    forced = anonymous.post(f"{path}/nouveau-lien", data={"csrf_token": csrf(anonymous)})
    assert forced.status_code == 303
    assert mails(app) == []
    told = anonymous.submit(path, form="form[action$='/prevenir']")
    assert "Message transmis" in text_of(anonymous.get(told.headers["Location"]))
    assert mails(app) == [("call_trainer", TRAINER)]


def test_a_revoked_link_cannot_renew_itself(shared: Shared, app: Flask, anonymous: Visitor) -> None:
    path = shared.path
    shared.change(revoked_at=NOW)
    anonymous.post(f"{path}/nouveau-lien", data={"csrf_token": csrf(anonymous)})
    assert mails(app) == []
    assert anonymous.get(path).status_code == 410


def test_a_live_link_offers_nothing_to_renew(shared: Shared, anonymous: Visitor) -> None:
    for action in ("nouveau-lien", "prevenir"):
        answer = anonymous.post(f"{shared.path}/{action}", data={"csrf_token": csrf(anonymous)})
        assert answer.status_code == 404


def test_a_cancelled_session_says_so(shared: Shared, app: Flask, anonymous: Visitor) -> None:
    with app.app_context():
        person = user(TRAINER)
        training = db.session.get_one(TrainingSession, shared.training_id)
        workflow.perform(
            Event.CANCEL,
            training,
            Actor(Role.TRAINER, person.id, person.name),
            reason="Plus de participants",
        )
    answer = anonymous.get(shared.path)
    assert answer.status_code == 410
    assert "annulée" in text_of(answer)
    assert not soup_of(answer.text).select("main form")


def test_a_completed_request_opens_the_space(
    shared: Shared, app: Flask, anonymous: Visitor
) -> None:
    with app.app_context(), writing():
        training = db.session.get_one(TrainingSession, shared.training_id)
        training.state, training.sent_at, training.vat_regime = State.SENT.value, NOW, "exempt"
        training.price_cents, training.headcount = 240_000, 4
        training.first_day = training.last_day = date(2027, 1, 12)
    text = text_of(anonymous.get(shared.path))
    assert "Votre demande est déjà complète" in text
    assert "Ouvrir mon espace" in text


def test_a_link_says_nothing_to_search_engines(shared: Shared, anonymous: Visitor) -> None:
    for path in (shared.path, f"/espace/{shared.public_id}/"):
        assert anonymous.get(path).headers["X-Robots-Tag"] == "noindex"
