"""The outbox against real mail servers: those that accept, refuse, hesitate, lie still or break."""

import hashlib
import shutil
import socket
import ssl
import stat
import subprocess
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from aiosmtpd.smtp import AuthResult
from flask import Flask

from portal.config import Smtp
from portal.documents.models import Document
from portal.emails import letters, outbox, smtp
from portal.emails.models import Email
from portal.emails.rules import MAX_TRIES, NEVER, WAITS
from portal.extensions import claim, db, settings, store, writing
from tests.emails.mailroom import (
    NOW,
    Server,
    again,
    configured,
    dossier,
    finish,
    link_of,
    make_app,
    papers,
    parsed,
    posted,
    serving,
)

MINUTE = timedelta(minutes=1)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    app = make_app(tmp_path)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def server(app: Flask) -> Iterator[Server]:
    """A server the portal is configured to use."""
    with serving(Server()) as running:
        configured(app, smtp=running.smtp())
        yield running


def message(*, ready: bool = True) -> int:
    """The three papers of a dossier on their way to its client; the row's id."""
    training, organisation = dossier()
    link_of(training)
    return posted(
        letters.documents_to_client(training, papers(training, ready=ready), organisation, NOW)
    )


def small() -> int:
    """A message without attachments."""
    training, organisation = dossier()
    return posted(letters.call_trainer(training, organisation, NOW))


def delivered(email_id: int) -> Email:
    outbox.deliver(email_id)
    return again(email_id)


# --- Accepted


def test_an_accepted_message_is_sent_with_its_three_papers(
    app: Flask, server: Server, clock: time_machine.Traveller
) -> None:
    email = delivered(message())
    assert (email.state, email.sent_at, email.attempts) == ("sent", NOW, 1)
    assert email.reply == "250 OK queued as 4F2"
    assert email.error is None
    assert email.lease_until is None
    assert server.recipients == ["marc@menuiserie-vasseur.example"]
    received = parsed(server.received[0])
    assert received["Message-ID"] == email.message_id
    assert received["Date"].datetime == NOW
    documents = [db.session.get_one(Document, i) for i in email.document_ids]
    for part, document in zip(received.iter_attachments(), documents, strict=True):
        content = part.get_payload(decode=True)
        assert part.get_content_type() == "application/pdf"
        assert isinstance(content, bytes)
        assert hashlib.sha256(content).hexdigest() == document.sha256


def test_every_line_on_the_wire_is_short_and_seven_bit(
    app: Flask, server: Server, clock: time_machine.Traveller
) -> None:
    delivered(message())
    content = server.received[0]
    assert max(content) < 128
    assert max(map(len, content.splitlines())) <= 998


def test_the_sender_of_the_settings_is_written_under_the_organisation_s_name(
    app: Flask, server: Server, clock: time_machine.Traveller
) -> None:
    configured(app, sender="portail@envoi.example")
    delivered(small())
    received = parsed(server.received[0])
    assert str(received["From"]) == "Rivage Formation <portail@envoi.example>"
    assert str(received["Reply-To"]) == "contact@rivage-formation.example"


def test_a_sent_message_is_never_sent_again(
    app: Flask, server: Server, clock: time_machine.Traveller
) -> None:
    email_id = small()
    assert outbox.deliver(email_id)
    assert not outbox.deliver(email_id)
    clock.shift(timedelta(days=2))
    assert not outbox.deliver(email_id)
    assert len(server.received) == 1
    with writing(), pytest.raises(ValueError, match="is sent"):
        outbox.retry(db.session.get_one(Email, email_id), NOW)


def test_two_workers_that_take_the_same_message_send_it_once(
    app: Flask, server: Server, clock: time_machine.Traveller
) -> None:
    server.delay = 0.05
    email_id, start = message(), threading.Barrier(4)
    won: list[bool] = []

    def work() -> None:
        with app.app_context():
            start.wait()
            won.append(outbox.deliver(email_id))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False, False, False, True]
    assert len(server.received) == 1
    assert again(email_id).state == "sent"


def test_a_repeated_act_leaves_one_message(app: Flask) -> None:
    training, organisation = dossier()
    link = link_of(training)
    with writing():
        first = outbox.post(letters.invitation(training, link, organisation, NOW, "press"))
        again = outbox.post(letters.invitation(training, link, organisation, NOW, "press"))
        other = outbox.post(letters.invitation(training, link, organisation, NOW, "later"))
    assert first is again
    assert other is not first
    assert len(outbox.due_ids(NOW)) == 2


# --- « Later »


@pytest.mark.parametrize(
    ("stage", "reply", "words"),
    [
        ("after_mail", "451 4.3.0 busy", "Le serveur a répondu\u00a0: 451"),
        ("after_rcpt", "450 4.2.1 greylisted", "Le serveur refuse cette adresse\u00a0: 450"),
        ("after_data", "452 4.3.1 no space", "Le serveur a répondu\u00a0: 452"),
        ("after_data", "421 4.3.2 closing", "Le serveur a répondu\u00a0: 421"),
    ],
)
def test_a_server_that_says_later_is_asked_again_with_the_same_message_id(
    app: Flask,
    server: Server,
    clock: time_machine.Traveller,
    stage: str,
    reply: str,
    words: str,
) -> None:
    setattr(server, stage, reply)
    email_id = message()
    email = delivered(email_id)
    assert (email.state, email.attempts) == ("queued", 1)
    assert email.next_at == NOW + MINUTE
    assert email.error is not None
    assert email.error.startswith(words)
    assert not outbox.deliver(email_id)
    setattr(server, stage, "250 OK")
    clock.shift(MINUTE)
    assert outbox.due_ids(NOW + MINUTE) == [email_id]
    email = delivered(email_id)
    assert (email.state, email.attempts, email.error) == ("sent", 2, None)
    assert {parsed(c)["Message-ID"] for c in server.received} == {email.message_id}


def test_tries_are_spaced_and_given_up_after_24_hours(
    app: Flask, clock: time_machine.Traveller
) -> None:
    configured(app, smtp=Smtp("127.0.0.1", _closed_port(), "none", None, None))
    email_id = small()
    waits = []
    for number in range(1, MAX_TRIES):
        email = delivered(email_id)
        assert (email.state, email.attempts) == ("queued", number)
        assert email.error == "Le serveur de messagerie refuse la connexion"
        at = email.next_at
        waits.append(at - clock_now(clock))
        clock.move_to(at - timedelta(seconds=1))
        assert not outbox.deliver(email_id)
        clock.move_to(at)
    assert tuple(waits) == WAITS
    assert clock_now(clock) == NOW + timedelta(hours=24)
    email = delivered(email_id)
    assert email.state == "failed"
    assert email.error == (
        "Abandon après 24 heures d’essais. Le serveur de messagerie refuse la connexion"
    )
    assert outbox.next_try(email_id) is None
    assert outbox.due_ids(NOW + timedelta(days=9)) == []


def clock_now(clock: time_machine.Traveller) -> Any:
    from portal import clock as portal_clock

    return portal_clock.now()


def test_a_message_given_up_is_sent_again_by_hand_as_the_same_message(
    app: Flask, server: Server, clock: time_machine.Traveller
) -> None:
    server.after_rcpt = "550 5.1.1 no such user"
    email_id = small()
    before = delivered(email_id).message_id
    server.after_rcpt = "250 OK"
    with writing():
        outbox.retry(db.session.get_one(Email, email_id), NOW)
    email = again(email_id)
    assert (email.state, email.attempts, email.error) == ("queued", 0, None)
    email = delivered(email_id)
    assert (email.state, email.message_id) == ("sent", before)


# --- Refused for good


@pytest.mark.parametrize(
    ("stage", "reply", "words"),
    [
        (
            "after_rcpt",
            "550 5.1.1 no such user",
            "Le serveur refuse cette adresse\u00a0: 550 5.1.1 no such user",
        ),
        ("after_mail", "553 5.1.8 sender refused", "Le serveur a répondu\u00a0: 553"),
        ("after_data", "554 5.7.1 content refused", "Le serveur a répondu\u00a0: 554"),
    ],
)
def test_a_message_refused_for_good_fails_at_once_in_the_server_s_words(
    app: Flask,
    server: Server,
    clock: time_machine.Traveller,
    stage: str,
    reply: str,
    words: str,
) -> None:
    setattr(server, stage, reply)
    email = delivered(small())
    assert (email.state, email.attempts) == ("failed", 1)
    assert email.error is not None
    assert email.error.startswith(words)


def test_an_address_no_server_can_read_fails_at_once(
    app: Flask, server: Server, clock: time_machine.Traveller
) -> None:
    training, organisation = dossier()
    email = letters.call_trainer(training, organisation, NOW)
    email.to_email = "hélène@rivage-formation.example"
    assert delivered(posted(email)).state == "failed"
    assert server.received == []


# --- Silence, cuts


def test_a_silent_server_holds_a_worker_for_the_time_out_only(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        configured(app, smtp=Smtp("127.0.0.1", port, "none", None, None))
        email = delivered(small())
    assert email.state == "queued"
    assert email.error == "Le serveur de messagerie n’a pas répondu à temps"


def test_a_server_that_drips_is_cut_off(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """One byte before each time-out would hold a worker for ever."""
    monkeypatch.setattr(smtp, "WHOLE", 0.2)
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            connection, _ = listening.accept()
            with connection:
                while not done.wait(0.02):
                    try:
                        connection.send(b"2")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        port = listening.getsockname()[1]
        configured(app, smtp=Smtp("127.0.0.1", port, "none", None, None))
        email = delivered(small())
        done.set()
        thread.join()
    assert email.state == "queued"
    assert email.error == "Le serveur de messagerie n’a pas répondu à temps"


def test_the_time_out_is_the_promised_one() -> None:
    assert smtp.TIMEOUT == 20
    assert timedelta(seconds=smtp.WHOLE) < outbox.LEASE


def test_an_unknown_host_is_said(app: Flask, clock: time_machine.Traveller) -> None:
    configured(app, smtp=Smtp("smtp.invalid", 25, "none", None, None))
    email = delivered(small())
    assert email.state == "queued"
    assert email.error == "Le nom du serveur de messagerie est introuvable sur le réseau"


def test_a_line_cut_after_the_message_makes_one_more_sending(
    app: Flask, server: Server, clock: time_machine.Traveller
) -> None:
    server.drops = 1
    email_id = message()
    email = delivered(email_id)
    assert email.state == "uncertain"
    assert email.next_at == NOW + MINUTE
    assert email.error is not None
    assert "peut-être arrivé" in email.error
    clock.shift(MINUTE)
    assert outbox.due_ids(NOW + MINUTE) == [email_id]
    email = delivered(email_id)
    assert (email.state, email.error) == ("sent", None)
    first, second = (parsed(content) for content in server.received)
    assert first["Message-ID"] == second["Message-ID"] == email.message_id


def test_a_second_cut_waits_for_a_person(
    app: Flask, server: Server, clock: time_machine.Traveller
) -> None:
    server.drops = 2
    email_id = small()
    delivered(email_id)
    clock.shift(MINUTE)
    email = delivered(email_id)
    assert (email.state, email.next_at) == ("uncertain", NEVER)
    assert outbox.next_try(email_id) is None
    assert outbox.due_ids(NOW + timedelta(days=400)) == []
    with writing():
        outbox.retry(db.session.get_one(Email, email_id), NOW)
    assert delivered(email_id).state == "sent"
    assert len({parsed(c)["Message-ID"] for c in server.received}) == 1


def test_after_a_cut_a_server_that_says_later_leaves_the_message_uncertain(
    app: Flask, server: Server, clock: time_machine.Traveller
) -> None:
    server.drops = 1
    email_id = small()
    delivered(email_id)
    server.after_rcpt = "450 greylisted"
    clock.shift(MINUTE)
    email = delivered(email_id)
    assert (email.state, email.attempts) == ("uncertain", 2)
    assert email.next_at == NOW + 6 * MINUTE


def test_a_worker_killed_in_the_middle_loses_nothing(
    app: Flask, server: Server, clock: time_machine.Traveller
) -> None:
    email_id = small()
    claim(Email, email_id, lease_until=NOW + outbox.LEASE, attempts=1)
    assert not outbox.deliver(email_id)
    assert outbox.due_ids(NOW) == []
    clock.shift(outbox.LEASE + timedelta(seconds=1))
    assert outbox.due_ids(NOW + outbox.LEASE + timedelta(seconds=1)) == [email_id]
    email = delivered(email_id)
    assert (email.state, email.attempts) == ("sent", 2)


def test_a_message_that_kills_every_worker_is_given_up(
    app: Flask, server: Server, clock: time_machine.Traveller
) -> None:
    email_id = small()
    claim(Email, email_id, attempts=MAX_TRIES)
    email = delivered(email_id)
    assert (email.state, email.error) == ("failed", "Chaque essai d’envoi a été interrompu")
    assert server.received == []


# --- TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that no authority signed, and its key, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl makes the certificate of this test")
    folder = tmp_path_factory.mktemp("tls")
    key, paper, both = folder / "key.pem", folder / "paper.pem", folder / "both.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "3650", "-subj", "/CN=127.0.0.1", "-addext",
         "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", paper],
        check=True,
        capture_output=True,
    )  # fmt: skip
    both.write_bytes(paper.read_bytes() + key.read_bytes())
    return both


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize("trusted", [False, True])
def test_a_certificate_nobody_vouches_for_is_refused_before_a_word_is_said(
    app: Flask,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    security: str,
    *,
    trusted: bool,
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setattr(smtp, "_authorities", ssl.create_default_context)  # read again each time
    options: dict[str, Any] = {"tls_context": context} if security == "starttls" else {}
    outer = context if security == "tls" else None
    with serving(Server(), outer, **options) as server:
        configured(app, smtp=server.smtp(security))
        email = delivered(small())
    if trusted:
        assert email.state == "sent"
        return
    assert email.state == "queued"
    assert server.received == []
    assert email.error == (
        "Le certificat du serveur de messagerie n’est pas valable\u00a0: rien n’a été envoyé"
    )


def test_a_server_without_starttls_gets_nothing(
    app: Flask, server: Server, clock: time_machine.Traveller
) -> None:
    configured(app, smtp=server.smtp("starttls"))
    email = delivered(small())
    assert email.state == "queued"
    assert email.error is not None
    assert "chiffrement" in email.error
    assert server.received == []


def test_a_wrong_password_keeps_messages_in_the_queue(
    app: Flask, clock: time_machine.Traveller
) -> None:
    """The settings are at fault, not the message: it leaves once they are repaired."""
    options = {
        "authenticator": lambda *_: AuthResult(success=False, handled=False),
        "auth_require_tls": False,
    }
    with serving(Server(), **options) as server:
        configured(app, smtp=server.smtp(username="portail", password="faux"))
        email = delivered(small())
    assert email.state == "queued"
    assert email.error is not None
    assert email.error.startswith("Le serveur refuse l’identifiant ou le mot de passe")
    assert "faux" not in email.error


# --- Papers


def test_a_message_waits_for_its_papers_without_counting_tries(
    app: Flask, server: Server, clock: time_machine.Traveller
) -> None:
    email_id = message(ready=False)
    for _ in range(20):
        email = delivered(email_id)
        assert (email.state, email.attempts, email.error) == ("queued", 0, None)
        assert email.next_at == clock_now(clock) + timedelta(seconds=5)
        clock.shift(timedelta(seconds=5))
    ids = email.document_ids
    for document_id in ids[:2]:
        finish(db.session.get_one(Document, document_id))
        assert outbox.release(document_id, clock_now(clock)) == []
    finish(db.session.get_one(Document, ids[2]))
    assert outbox.release(ids[2], clock_now(clock)) == [email_id]
    assert delivered(email_id).state == "sent"
    assert len(list(parsed(server.received[0]).iter_attachments())) == 3


def test_the_last_paper_lets_the_message_leave_without_waiting(
    app: Flask, server: Server, clock: time_machine.Traveller
) -> None:
    email_id = message(ready=False)
    documents = delivered(email_id).document_ids
    assert outbox.due_ids(NOW) == []
    for document_id in documents:
        finish(db.session.get_one(Document, document_id))
    outbox.release(documents[0], NOW)
    assert outbox.due_ids(NOW) == [email_id]


def test_papers_made_early_hasten_no_message_of_a_decision_that_may_be_taken_back(
    app: Flask, server: Server, clock: time_machine.Traveller
) -> None:
    email_id = message(ready=False)
    claim(Email, email_id, created_at=NOW + MINUTE, next_at=NOW + MINUTE)
    for document_id in again(email_id).document_ids:
        finish(db.session.get_one(Document, document_id))
        outbox.release(document_id, NOW)
    assert outbox.due_ids(NOW) == []
    assert outbox.due_ids(NOW + MINUTE) == [email_id]


def test_a_paper_that_could_not_be_made_is_said_on_the_message(
    app: Flask, server: Server, clock: time_machine.Traveller
) -> None:
    email_id = message(ready=False)
    claim(Document, again(email_id).document_ids[1], state="failed")
    email = delivered(email_id)
    assert (email.state, email.attempts) == ("queued", 0)
    assert email.error is not None
    assert "n’a pas pu être préparé\u00a0: le message l’attend" in email.error
    assert email.next_at == NOW + MINUTE


def test_a_paper_of_another_session_never_leaves(
    app: Flask, server: Server, clock: time_machine.Traveller
) -> None:
    email_id = message()
    other, _ = dossier(ref="S-2026-0143")
    foreign = papers(other)[0].id
    for ids in ([foreign], [999], [*again(email_id).document_ids, foreign]):
        claim(Email, email_id, document_ids=ids, state="queued", next_at=NOW)
        email = delivered(email_id)
        assert email.state == "failed"
        assert email.error == "Une pièce jointe est d’un autre dossier\u00a0: rien n’est parti"
    assert server.received == []


def test_a_link_of_another_session_never_leaves(
    app: Flask, server: Server, clock: time_machine.Traveller
) -> None:
    email_id = message()
    other, _ = dossier(ref="S-2026-0143")
    foreign = link_of(other).id
    claim(Email, email_id, context={**again(email_id).context, "link_id": foreign})
    assert delivered(email_id).state == "failed"
    assert server.received == []


def test_papers_replaced_before_they_left_do_not_leave(
    app: Flask, server: Server, clock: time_machine.Traveller
) -> None:
    email_id = message()
    claim(Document, again(email_id).document_ids[0], superseded_at=NOW)
    email = delivered(email_id)
    assert email.state == "cancelled"
    assert server.received == []


def test_an_altered_file_never_leaves(
    app: Flask, server: Server, clock: time_machine.Traveller
) -> None:
    email_id = message()
    document = db.session.get_one(Document, again(email_id).document_ids[0])
    assert document.sha256 is not None
    path = store().path(document.sha256)
    path.chmod(0o600)
    path.write_bytes(b"%PDF-1.7 something else")
    email = delivered(email_id)
    assert (email.state, email.attempts) == ("queued", 1)
    assert email.error is not None
    assert email.error.startswith("Le message n’a pas pu être composé")
    assert server.received == []


def test_an_invitation_to_a_closed_link_does_not_leave(
    app: Flask, server: Server, clock: time_machine.Traveller
) -> None:
    training, organisation = dossier()
    link = link_of(training)
    email_id = posted(letters.invitation(training, link, organisation, NOW, "x"))
    with writing():
        db.session.get_one(type(link), link.id).revoked_at = NOW
    email = delivered(email_id)
    assert (email.state, email.error) == (
        "cancelled",
        "Le lien a été fermé avant le départ du message",
    )
    assert server.received == []


# --- Withdrawn by hand


def test_what_has_not_left_is_withdrawn_with_its_session(
    app: Flask, server: Server, clock: time_machine.Traveller
) -> None:
    training, organisation = dossier()
    waiting = posted(letters.call_trainer(training, organisation, NOW))
    leaving = posted(letters.call_trainer(training, organisation, NOW + MINUTE))
    doubtful = posted(letters.call_trainer(training, organisation, NOW + 2 * MINUTE))
    sent = posted(letters.call_trainer(training, organisation, NOW - MINUTE))
    outbox.deliver(sent)
    claim(Email, leaving, lease_until=NOW + outbox.LEASE)
    claim(Email, doubtful, state="uncertain")
    with writing():
        outbox.cancel_queued(training.id)
    states = [again(i).state for i in (waiting, leaving, doubtful, sent)]
    assert states == ["cancelled", "queued", "uncertain", "sent"]
    assert again(doubtful).next_at == NEVER


def test_a_message_withdrawn_while_it_left_is_said_to_have_left(
    app: Flask, server: Server, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    email_id, send = small(), smtp.send

    def withdrawn_meanwhile(*arguments: Any) -> str:
        reply = send(*arguments)
        claim(Email, email_id, state="cancelled")
        return reply

    monkeypatch.setattr(smtp, "send", withdrawn_meanwhile)
    email = delivered(email_id)
    assert (email.state, len(server.received)) == ("sent", 1)


# --- Kept on the portal


def test_without_a_server_the_message_is_written_down_whole(
    app: Flask, clock: time_machine.Traveller
) -> None:
    email = delivered(message())
    assert (email.state, email.sent_at, email.error) == ("kept", None, None)
    path = outbox.path_of_eml(email)
    assert path.parent == settings().mails
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    written = parsed(path.read_bytes())
    assert written["Message-ID"] == email.message_id
    assert len(list(written.iter_attachments())) == 3


def test_a_full_disk_writes_nothing_down_and_tries_again(
    app: Flask, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("portal.emails.keeping.os.fsync", full)
    email = delivered(small())
    assert (email.state, email.attempts) == ("queued", 1)
    assert list(settings().mails.iterdir()) == []


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
