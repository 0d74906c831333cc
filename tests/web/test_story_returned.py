"""A message the client's server gave back: said on the line, with its fix, and never « envoyé »."""

import imaplib
import logging
import ssl
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

from portal import clock, correspondence
from portal.config import Config, ConfigError
from portal.emails import bounces, mailbox
from portal.emails.models import Email, EmailState
from portal.extensions import db, writing
from portal.journal import service as journal
from portal.journal.models import JournalDetails, JournalEntry
from tests.emails import fake_imap
from tests.emails.fake_imap import Box
from tests.pages import Visitor, text_of
from tests.story import Told, a_training, made

REPORT = """\
From: MAILER-DAEMON@mx.example\r
To: portail@rivage-formation.example\r
Subject: Undelivered Mail Returned to Sender\r
Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r
\r
--b\r
Content-Type: text/plain; charset=us-ascii\r
\r
I am sorry.\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.example\r
Arrival-Date: Mon, 23 Nov 2026 10:00:00 +0000\r
\r
Final-Recipient: rfc822; {address}\r
Action: {action}\r
Status: 5.1.1\r
Diagnostic-Code: smtp; 550 5.1.1 <{address}>: no such user\r
 \x1b[31mhere\r
\r
--b\r
Content-Type: {original}\r
\r
Message-ID: {message_id}\r
Subject: Vos documents\r
\r
--b--\r
"""


TOLD = REPORT.format(
    address="a@b.example", action="failed", original="message/rfc822", message_id="<1@b.example>"
)


@pytest.fixture
def box(app: Flask) -> Iterator[Box]:
    """The mailbox of returns, which the portal knows of."""
    with fake_imap.served() as served:
        app.config["PORTAL"] = replace(app.config["PORTAL"], imap_url=served.url)
        yield served


@pytest.fixture
def sent(app: Flask) -> Told:
    """A session whose papers a server accepted."""
    told = a_training(app, "sent")
    made(app, told)
    with app.app_context(), writing():
        email = papers(told)
        email.state, email.sent_at = EmailState.SENT.value, clock.now()
    return told


def papers(told: Told) -> Email:
    query = db.select(Email).filter_by(training_id=told.id, letter="documents_to_client")
    return db.session.scalars(query).one()


def report(app: Flask, told: Told, **changes: str) -> bytes:
    with app.app_context():
        email = papers(told)
        facts = {
            "address": email.to_email,
            "message_id": email.message_id,
            "action": "failed",
            "original": "message/rfc822",
        }
    return REPORT.format(**(facts | changes)).encode()


def collected(app: Flask) -> int:
    with app.app_context():
        return correspondence.collect_returns()


@pytest.mark.parametrize("original", ["message/rfc822", "text/rfc822-headers"])
def test_the_line_and_the_dossier_say_that_it_came_back(
    app: Flask, office: Visitor, trainer: Visitor, box: Box, sent: Told, original: str
) -> None:
    box.add(report(app, sent, original=original))
    assert collected(app) == 1
    for visitor, page in (
        (office, "/organisme/courriels/"),
        (office, f"/organisme/dossiers/{sent.ref}/"),
        (trainer, f"/formateur/sessions/{sent.ref}/"),
    ):
        text = text_of(visitor.get(page))
        assert "Revenu, non remis" in text
        assert "a rendu ce message : 550 5.1.1" in text
        assert "Corriger l’adresse et renvoyer" in text
        if page.endswith(f"/{sent.ref}/"):
            assert "Message revenu, non remis Horloge (automatique)" in text
    assert "n’est pas arrivé" in text_of(trainer.get("/formateur/"))


def test_its_fix_sends_it_again_and_the_line_is_settled(
    app: Flask, office: Visitor, trainer: Visitor, box: Box, sent: Told
) -> None:
    box.add(report(app, sent))
    collected(app)
    with app.app_context():
        mail_id = papers(sent).id
    page = f"/organisme/courriels/{mail_id}"
    new = {"address": "helene@menuiserie-vasseur.example"}
    assert office.submit(page, new, form="#corriger").status_code == 303
    assert "Revenu, non remis" not in text_of(office.get("/organisme/courriels/"))
    assert "n’est pas arrivé" not in text_of(trainer.get("/formateur/"))


def test_a_report_is_read_once_and_other_letters_are_left_alone(
    app: Flask, box: Box, sent: Told
) -> None:
    box.add(b"From: a@b.example\r\nContent-Type: text/plain\r\n\r\nBonjour", report(app, sent))
    assert collected(app) == 1
    assert collected(app) == 0
    assert box.seen == {2}


def test_the_journal_keeps_who_was_not_reached_and_the_server_s_words_once(
    app: Flask, box: Box, sent: Told
) -> None:
    box.add(report(app, sent), report(app, sent))  # two servers on the way told of it
    assert collected(app) == 1
    with app.app_context():
        (entry,) = db.session.scalars(db.select(JournalEntry).filter_by(event="return_email"))
        mail = papers(sent)
        assert (entry.training_id, entry.body) == (sent.id, {"email": mail.id})
        details = db.session.get_one(JournalDetails, entry.seq).details
        assert details["to"] == mail.to_email
        assert details["words"].startswith("550 5.1.1")
        assert journal.verify() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"message_id": "<forged@elsewhere.example>"},
        {"address": "someone.else@menuiserie-vasseur.example"},
        {"action": "delayed"},
        {"original": "text/plain"},
    ],
)
def test_what_proves_nothing_marks_nothing(
    app: Flask, box: Box, sent: Told, changes: dict[str, str]
) -> None:
    box.add(report(app, sent, **changes))
    assert collected(app) == 0
    with app.app_context():
        assert papers(sent).bounced_at is None
    assert box.seen == {1}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"Content-Type: multipart/report; report-type=delivery-status\r\n\r\n--",
        TOLD.encode().replace(b"Action", b"\xff\xfe"),
        b"Content-Type: multipart/report; report-type=delivery-status;" + b" x=" + b"y" * 70_000,
        TOLD.replace("multipart/report; report-type=delivery-status", "multipart/mixed").encode(),
        TOLD.replace("Message-ID: <1@b.example>\r\n", "").encode(),
        # what the message itself says of its fate is nobody's report
        TOLD.replace("Action: failed", "Action: delayed")
        .replace("Subject: Vos", "Action: failed\r\nFinal-Recipient: rfc822; a@b.example\r\nX: ")
        .encode(),
        ("Content-Type: multipart/report; boundary=b\r\n\r\n" + "--b\r\n" * 3_000).encode(),
    ],
)
def test_a_broken_report_is_no_report(raw: bytes) -> None:
    assert bounces.failures_in(raw) == []


def test_a_server_of_few_words_is_quoted_by_its_code() -> None:
    (failure,) = bounces.failures_in(TOLD.encode())
    assert failure.words.startswith("550 5.1.1")
    bare = "\r\n".join(
        line for line in TOLD.split("\r\n") if not line.startswith(("Diagnostic", " "))
    )
    (failure,) = bounces.failures_in(bare.encode())
    assert failure.words == "5.1.1"


@pytest.mark.parametrize("state", [EmailState.QUEUED, EmailState.CANCELLED])
def test_a_message_on_its_way_again_is_not_said_to_have_come_back(
    app: Flask, box: Box, sent: Told, state: EmailState
) -> None:
    """The report is about the sending before."""
    with app.app_context(), writing():
        email = papers(sent)
        email.state, email.sent_at = state.value, None
    box.add(report(app, sent))
    assert collected(app) == 0
    with app.app_context():
        assert papers(sent).bounced_at is None


def test_a_report_too_heavy_is_not_fetched(app: Flask, box: Box, sent: Told) -> None:
    box.add(report(app, sent) + b"x" * 1_100_000)
    assert collected(app) == 0
    assert not [line for line in box.dialogue if "BODY" in line]
    assert box.seen == {1}


def test_a_report_of_unknown_weight_is_not_fetched(app: Flask, box: Box, sent: Told) -> None:
    box.says_weights = False
    box.add(report(app, sent))
    assert collected(app) == 0
    assert not [line for line in box.dialogue if "BODY" in line]
    assert box.seen == {1}


@pytest.mark.parametrize("fault", ["password", "broken", "refusing", "gone"])
def test_a_mailbox_that_cannot_be_read_is_said_in_the_log(
    app: Flask, box: Box, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    box.is_broken, box.is_refusing = fault == "broken", fault == "refusing"
    box.add(b"Content-Type: multipart/report; report-type=delivery-status\r\n\r\n--")
    if fault == "password":
        box.password = "another"
    if fault == "gone":
        app.config["PORTAL"] = replace(app.config["PORTAL"], imap_url="imap+plain://127.0.0.1:9")
    with caplog.at_level(logging.WARNING):
        assert collected(app) == 0
    assert "the mailbox of returns could not be read" in caplog.text
    assert "secret" not in caplog.text


def test_without_a_mailbox_nothing_is_asked(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    assert collected(app) == 0
    assert caplog.text == ""


def test_over_tls_the_server_proves_who_it_is_before_a_word_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, int, ssl.SSLContext]] = []

    class OverTLS:
        def __init__(
            self, host: str, port: int, *, ssl_context: ssl.SSLContext, timeout: float
        ) -> None:
            asked.append((host, port, ssl_context))
            assert timeout == mailbox.TIMEOUT
            raise OSError("certificate verify failed")

    class InClear:
        error = imaplib.IMAP4.error

        def __init__(self, *_arguments: object, **_others: object) -> None:
            raise AssertionError("the password would travel in clear")

    monkeypatch.setattr(imaplib, "IMAP4_SSL", OverTLS)
    monkeypatch.setattr(imaplib, "IMAP4", InClear)
    for url in ("imaps://a:b@mx.example", "imaps://a:b@mx.example:1993"):
        with pytest.raises(mailbox.MailboxError, match="certificate"), mailbox.opened(url):
            pass
    assert [(host, port) for host, port, _ in asked] == [("mx.example", 993), ("mx.example", 1993)]
    for _host, _port, context in asked:
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname


@pytest.mark.parametrize("url", ["imap://mx.example", "imap+plain://mx.example", "https://x"])
def test_the_mailbox_is_read_over_tls_or_on_this_machine(url: str) -> None:
    with pytest.raises(ConfigError, match="PORTAL_IMAP_URL"):
        Config.from_env({"PORTAL_DEMO": "1", "PORTAL_DATA": "/nowhere", "PORTAL_IMAP_URL": url})
