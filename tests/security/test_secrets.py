"""After a whole journey: no secret in a log, in the database, in a file, in a message or a page
but where its addressee reads it."""

import logging
import re
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
import time_machine
from flask_mail import Message

from portal.access import rules
from portal.access.models import ShareLink
from portal.access.rules import Scope
from portal.access.service import url_of
from portal.app import create_app
from portal.emails.keeping import keep
from portal.emails.models import Email
from portal.emails.outbox import path_of_eml
from portal.extensions import db, store
from portal.serving.masking import MaskTokens, mask
from tests import databases
from tests.conftest import NOW, PASSWORD, close, config_in
from tests.pages import BASE_URL
from tests.schemas import rows_in
from tests.security.journey import journey
from tests.security.world import Bare, World

ROOT = Path(__file__).parents[2]


@dataclass
class Told:
    """What a journey left behind, and the secrets that went through it."""

    world: World
    log: str
    links: dict[str, int] = field(default_factory=dict)  # text, id of its link: every turn of it
    cookies: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)

    @property
    def all(self) -> set[str]:
        return {*self.links, *self.cookies, *self.keys}

    @property
    def data(self) -> Path:
        path: Path = self.world.app.config["PORTAL"].data
        return path


@pytest.fixture(scope="module")
def told(built: World, tmp_path_factory: pytest.TempPathFactory) -> Told:
    file = tmp_path_factory.mktemp("log") / "portal.log"
    handler = logging.FileHandler(file)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    browsers: set[Bare] = set(built.visitors.values())
    with time_machine.travel(NOW + timedelta(minutes=1), tick=False) as clock:
        for browser, _path, _form in journey(built):
            browsers.add(browser)
            clock.shift(timedelta(seconds=7))
    root.removeHandler(handler)
    root.setLevel(level)
    handler.close()
    result = Told(built, file.read_text())
    config = built.app.config["PORTAL"]
    result.keys = {config.secret_key, config.link_key, PASSWORD}
    signer = built.app.session_interface.get_signing_serializer(built.app)  # type: ignore[attr-defined]
    for browser in browsers:
        for cookie in browser._cookies.values():
            result.cookies.add(cookie.value)
            if cookie.key == "__Host-portail":
                inside = signer.loads(cookie.value)
                result.cookies |= {inside[k] for k in ("_user_id", "csrf_token") if k in inside}
    with built.app.app_context():
        for link in db.session.scalars(db.select(ShareLink)):
            for turn in range(link.rotation + 1):
                result.links[rules.token(config.link_key, Scope.SPACE, link.id, turn)] = link.id
        assert url_of(link).removeprefix(f"{BASE_URL}/l/") in result.links
    return result


def found_in(text: str | bytes, secrets: set[str]) -> list[str]:
    """The secrets that stand there, as they are or written for an address."""
    raw = text if isinstance(text, bytes) else text.encode()
    joined = raw.replace(b"=\r\n", b"").replace(b"=\n", b"")  # lines of messages are cut
    return [s for s in secrets if len(s) >= 16 and s.encode() in joined]


def test_the_journey_used_many_secrets(told: Told) -> None:
    assert len(told.links) >= 14
    assert len(told.cookies) >= 12
    assert all(len(text) >= 16 for text in told.all)


def test_no_log_holds_one(told: Told) -> None:
    assert not found_in(told.log, told.all)
    for link in told.links:
        for line in (f"GET /l/{link} HTTP/1.1", f"/connexion?suite=%2Fl%2F{link}", f"/l/{link}/x"):
            assert link not in mask(line)
            record = logging.makeLogRecord({"msg": "on %s", "args": (line,)})
            MaskTokens().filter(record)
            assert link not in record.getMessage()


def test_no_failure_writes_one_down(told: Told, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever breaks while a link is opened or somebody signs in."""
    app, link = told.world.app, next(iter(told.links))
    app.testing, app.config["TESTING"] = False, False
    find = app.view_functions["public.link"]

    def broken(token: str) -> None:
        raise RuntimeError("panne")

    app.view_functions["public.link"] = broken  # type: ignore[assignment]
    try:
        answer = told.world.visitor("nobody").get(f"/l/{link}", headers={"Referer": f"/l/{link}"})
    finally:
        app.view_functions["public.link"] = find
        app.testing, app.config["TESTING"] = True, True
    assert answer.status_code == 500
    assert "panne" in caplog.text
    assert not found_in(caplog.text + answer.text, told.all)


def test_no_table_holds_one(told: Told) -> None:
    dump = repr(rows_in(told.world.data))
    assert "share_link" in dump
    assert not found_in(dump, told.all)
    assert dump.count("$argon2id$") >= 3


def test_no_file_holds_one_but_the_messages_of_their_addressee(told: Told) -> None:
    searched = 0
    for path in told.data.rglob("*"):
        if path.is_file():
            searched += 1
            if path.parent.name != "mails":
                assert not found_in(path.read_bytes(), told.all), path
    assert searched > 20


def test_a_link_is_in_the_messages_to_its_client_and_in_no_other(told: Told) -> None:
    carried = 0
    with told.world.app.app_context():
        owners = {
            text: db.session.get_one(ShareLink, link_id).training_id
            for text, link_id in told.links.items()
        }
        for mail in db.session.scalars(db.select(Email).filter_by(state="kept")):
            content = path_of_eml(mail).read_bytes()
            message = message_from_bytes(content, policy=policy.default)
            texts = b"".join(p.get_payload(decode=True) or b"" for p in message.walk())
            inside = found_in(texts, set(told.links))
            assert not found_in(content + texts, told.cookies | told.keys)
            assert [owners[text] for text in inside] == [mail.training_id] * len(inside)
            if inside:
                carried += 1
                assert mail.audience == "client"
                assert message["To"].addresses[0].addr_spec == mail.to_email
                assert mail.to_email.endswith(("@quetzal.example", "@wapiti.example"))
            if mail.audience == "trainer":
                assert not inside
                assert not re.search(rb"/l/|/espace/", texts)
    assert carried >= 8


@databases.on_sqlite
def test_files_of_the_installation_are_read_by_the_portal_alone(tmp_path: Path) -> None:
    """In a folder everybody may look into, with the usual umask."""
    folder = tmp_path / "ouvert"
    folder.mkdir(mode=0o755)
    app = create_app(config_in(folder))
    with app.app_context():
        db.create_all()
        store().put(b"%PDF-1.7")
        keep(Message("Objet", recipients=["a@b.example"], body="x", sender="c@d.example"),
             folder / "mails" / "1.eml")  # fmt: skip
        found = {path.name: path for path in folder.rglob("*")}
        assert {"portal.sqlite3", "portal.sqlite3-wal", "files", "mails", "1.eml"} <= found.keys()
        for path in found.values():
            assert path.stat().st_mode & 0o037 == 0, path
    close(app)


def test_nothing_secret_is_part_of_the_program() -> None:
    """Keys are made at each installation; the demonstration's password is the only known one."""
    shapes = re.compile(
        rb"-----BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}"
        rb"|xox[baprs]-[A-Za-z0-9-]{10,}|\besp-[0-9]+-[A-Za-z0-9_-]{43}\b"
        rb"|(?i:secret_key|link_key|api_key|token)\s*=\s*[\"'][A-Za-z0-9+/_=-]{16,}[\"']"
    )
    for path in (ROOT / "portal").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert not shapes.search(path.read_bytes()), path
