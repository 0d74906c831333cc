"""The gateway for text messages: one HTTP call to a local fake, and every way it can fail."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from portal import clock
from portal.extensions import writing
from portal.signature import codes, sms
from portal.signature.models import Channel
from tests.emails.mailroom import configured
from tests.signature.scene import Scene


@contextmanager
def gateway(status: int = 202) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A local gateway: its address, and what it received."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append({**json.loads(body), "auth": self.headers.get("Authorization")})
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://portail:secret@127.0.0.1:{server.server_port}/envoi", received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("phone", "number"),
    [
        ("06 12 34 56 78", "+33612345678"),
        ("07.12.34.56.78", "+33712345678"),
        ("+33 6 12 34 56 78", "+33612345678"),
        ("0033612345678", "+33612345678"),
        ("06\u00a012\u00a034\u00a056\u00a078", "+33612345678"),
        ("01 99 00 12 34", None),
        ("+44 7700 900123", None),
        ("06 12 34 56", None),
        ("", None),
        (None, None),
    ],
)
def test_a_mobile_number_is_told_apart(phone: str | None, number: str | None) -> None:
    assert sms.mobile(phone) == number


def test_one_message_one_call() -> None:
    with gateway() as (url, received):
        sms.send(url, "+33612345678", "Votre code pour signer : 123456")
    credentials = base64.b64encode(b"portail:secret").decode()
    assert received == [
        {
            "to": "+33612345678",
            "text": "Votre code pour signer : 123456",
            "auth": f"Basic {credentials}",
        }
    ]


@pytest.mark.parametrize("status", [301, 307, 400, 401, 500, 503])
def test_anything_but_a_yes_is_a_no(status: int) -> None:
    with gateway(status) as (url, received), pytest.raises(sms.NotSent, match=f"HTTP {status}"):
        sms.send(url, "+33612345678", "123456")
    assert len(received) == 1  # and it is not sent elsewhere


def test_nobody_answers() -> None:
    with pytest.raises(sms.NotSent) as caught:
        sms.send("http://portail:secret@127.0.0.1:9/", "+33612345678", "123456")
    assert "secret" not in str(caught.value)
    assert "123456" not in str(caught.value)


def test_a_code_by_sms_signs(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    with writing():
        assert scene.training.company is not None
        scene.training.company.phone = "06 12 34 56 78"
    with gateway() as (url, received):
        configured(scene.app, sms_url=url)
        digits = scene.issue(Channel.SMS)
    assert received[0]["text"] == f"Votre code pour signer : {digits}"
    codes.count_try(scene.link, scene.document, digits, clock.now())
    scene.sign(digits)
    evidence = scene.signature().evidence
    assert evidence["one_time_code"]["channel"] == "sms"
    assert any("titulaire de la ligne" in sentence for sentence in evidence["not_checked"])


def test_a_failed_sms_says_so_without_its_secrets(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    with writing():
        assert scene.training.company is not None
        scene.training.company.phone = "06 12 34 56 78"
    with gateway(503) as (url, received):
        configured(scene.app, sms_url=url)
        with pytest.raises(codes.CodeRefused, match="demandez le code par e-mail"):
            scene.issue(Channel.SMS)
    text = received[0]["text"]
    assert text.rpartition(" ")[2] not in caplog.text
    assert "secret" not in caplog.text
    assert scene.code().voided_at is not None
