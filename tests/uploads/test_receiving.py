"""Requests 32 to 38, and the name of 92: what is cut, false or too big leaves nothing behind."""

import gc
import io
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage
from werkzeug.serving import make_server

from portal.blueprints import receiving
from portal.config import Config
from portal.extensions import csrf, db
from portal.uploads import gate, service
from portal.uploads.rules import MAX_OCTETS, SENTENCE, Refusal, Rejected
from tests.pages import BASE_URL
from tests.uploads import papers, pictures

HOST = BASE_URL.removeprefix("https://")
MARK = b"----marque"


def depot() -> tuple[str, int]:
    try:
        with receiving.receive(request.files.getlist("file")) as inspected:
            return f"{inspected.name} {inspected.pages} {request.form.get('note', '')}", 200
    except Rejected as refused:
        return receiving.sentence_of(refused), 422


@pytest.fixture
def door(app: Flask) -> Flask:
    """The application with one more page, which takes files and asks for no token."""
    csrf.exempt(depot)
    app._got_first_request = False
    app.add_url_rule("/depot", view_func=receiving.takes_files(depot), methods=["POST"])
    app.add_url_rule("/narrow", "narrow", lambda: request.form.get("note", ""), methods=["POST"])
    csrf.exempt(app.view_functions["narrow"])
    return app


@pytest.fixture
def client(door: Flask) -> FlaskClient:
    return door.test_client()


# Werkzeug leaves the parts of a form it could not read to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True, scope="module")
def collected() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture(autouse=True)
def nothing_left(config: Config) -> Iterator[None]:
    yield
    folder = config.data / "incoming"
    assert not folder.exists() or not list(folder.iterdir())


def part(name: str, content: bytes, field: str = "file", more: bytes = b"") -> bytes:
    head = b'Content-Disposition: form-data; name="%s"; filename="%s"' % (
        field.encode(),
        name.encode(),
    )
    return b"--" + MARK + b"\r\n" + head + more + b"\r\n\r\n" + content + b"\r\n"


def body(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--" + MARK + b"--\r\n"


def send(
    client: FlaskClient,
    content: bytes,
    path: str = "/depot",
    length: int | str = "",
    **more: object,
) -> tuple[int, str]:
    """Status and text of that body; `length` is what Content-Length says, "none" for no header."""
    told = "" if length == "none" else str(length or len(content))
    response = client.post(
        path,
        base_url=BASE_URL,
        input_stream=io.BytesIO(content),
        headers={"Origin": BASE_URL},
        content_type=f"multipart/form-data; boundary={MARK.decode()}",
        environ_overrides={"CONTENT_LENGTH": told, **more},
    )
    return response.status_code, response.text


def test_received(client: FlaskClient) -> None:
    note = b"--" + MARK + b'\r\nContent-Disposition: form-data; name="note"\r\n\r\nBonjour\r\n'
    sent = body(part("accord.pdf", papers.text()), note)
    assert send(client, sent) == (200, "accord.pdf 1 Bonjour")


def test_32_interrupted(client: FlaskClient) -> None:
    whole = body(part("accord.pdf", papers.text()))
    for share in (1, 50, 99):
        status, _ = send(client, whole[: len(whole) * share // 100], length=len(whole))
        assert status == 400


@pytest.mark.parametrize("length", [100, 10**6])
def test_33_the_length_lies(client: FlaskClient, length: int) -> None:
    whole = body(part("accord.pdf", papers.text()))
    status, _ = send(client, whole, length=length)
    assert status in (400, 422)


def test_34_one_gibibyte_announced(client: FlaskClient) -> None:
    assert send(client, b"0123456789", length=2**30)[0] == 413


def test_35_no_length(client: FlaskClient) -> None:
    whole = body(part("accord.pdf", papers.text()))
    status, text = send(client, whole, length="none")
    assert (status, text) == (422, SENTENCE[Refusal.NONE])  # not read at all
    ended = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    assert send(client, whole, length="none", **ended)[0] == 200


def test_35_no_length_and_no_end(client: FlaskClient) -> None:
    big = body(part("accord.pdf", b" " * (62 * 2**20)))
    ended = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    assert send(client, big, length="none", **ended)[0] == 413


def test_36_a_thousand_parts(client: FlaskClient) -> None:
    assert send(client, body(*[part("a.pdf", b"%PDF-", "x")] * 1001))[0] == 413


def test_37_two_files(client: FlaskClient) -> None:
    sent = body(part("a.pdf", papers.text()), part("b.jpg", pictures.photo()))
    assert send(client, sent) == (200, "a et 1 autre fichier.pdf 2 ")


def test_38_a_header_of_1_mb(client: FlaskClient) -> None:
    more = b"\r\nX-Long: " + b"a" * 2**20
    assert send(client, body(part("a.pdf", papers.text(), more=more)))[0] in (400, 413)


def test_92_two_names(client: FlaskClient) -> None:
    more = b"; filename*=UTF-8''%C3%A9t%C3%A9.exe"
    status, text = send(client, body(part("accord.pdf", papers.text(), more=more)))
    assert status in (200, 422)
    assert "accord.pdf" in text or SENTENCE[Refusal.KIND] in text


def test_other_pages_stay_narrow(client: FlaskClient) -> None:
    big = body(part("a.pdf", b" " * 300_000))
    assert send(client, big, path="/narrow")[0] == 413


def test_refusals_name_the_file(client: FlaskClient) -> None:
    assert send(client, body()) == (422, SENTENCE[Refusal.NONE])
    assert send(client, body(part("", b""))) == (422, SENTENCE[Refusal.NONE])
    status, text = send(client, body(part("vide.pdf", b"")))
    assert (status, text) == (422, f"«\u00a0vide.pdf\u00a0»\u00a0: {SENTENCE[Refusal.EMPTY]}")
    status, text = send(client, body(part("x.pdf", b"%PDF-" + b" " * MAX_OCTETS)))
    assert status == 422
    assert SENTENCE[Refusal.TOO_LARGE] in text
    many = body(*[part("a.pdf", papers.text())] * 11)
    assert send(client, many) == (422, SENTENCE[Refusal.TOO_MANY])


def test_a_hostile_name_in_a_refusal(client: FlaskClient) -> None:
    _, text = send(client, body(part("../a\\\\b\u202e<b>.pdf", b"")))
    assert text.startswith("«\u00a0b<b>.pdf\u00a0»")


def test_a_full_disk_is_said_before_reading(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "FLOOR", 2**60)
    status, text = send(client, body(part("a.pdf", papers.text())))
    assert status == 507
    assert SENTENCE[Refusal.NO_ROOM] in text


def test_a_disk_that_fills_up_meanwhile(door: Flask) -> None:
    class Full(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError(28, "No space left on device")
            return super().read(size)

    file = FileStorage(Full(papers.text() * 100), "a.pdf")
    with door.app_context(), pytest.raises(Rejected) as refused, receiving.receive([file]):
        pytest.fail("it was taken")
    assert refused.value.refusal is Refusal.NO_ROOM


def test_what_a_killed_process_left_is_cleared(
    client: FlaskClient, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = config.data / "incoming" / "received-old"
    old.mkdir(parents=True)
    (old / "0").write_bytes(b"x")
    send(client, body())
    assert send(client, body(part("a.pdf", papers.text())))[0] == 200
    assert old.exists()
    monkeypatch.setattr(receiving, "LEFT_OVER", -1.0)
    with client.application.app_context():
        receiving._clear_left_over()
        assert not list(service.incoming().iterdir())


def test_a_connection_cut_leaves_nothing(door: Flask, config: Config) -> None:
    """R10, over a real socket: cut at 0, 1, 50 and 99 %."""
    server = make_server("127.0.0.1", 0, door, threaded=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    whole = body(part("accord.pdf", papers.text() + b" " * 2_000_000))
    head = (
        f"POST /depot HTTP/1.1\r\nHost: {HOST}\r\nOrigin: {BASE_URL}\r\n"
        f"Content-Type: multipart/form-data; boundary={MARK.decode()}\r\n"
        f"Content-Length: {len(whole)}\r\n\r\n"
    )
    try:
        for share in (0, 1, 50, 99):
            with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
                line.sendall(head.encode() + whole[: len(whole) * share // 100])
                line.shutdown(socket.SHUT_WR)
                while line.recv(4096):
                    pass
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
    with door.app_context():
        assert not list(service.incoming().iterdir())
        db.session.remove()
        db.engine.dispose()


def test_nothing_is_kept_in_memory(door: Flask, tmp_path: Path) -> None:
    """A part of several MiB is on the disk, and the gate reads it from there."""
    with door.app_context():
        file = FileStorage(io.BytesIO(papers.text() + b"\0" * 2**20), "a.pdf")
        with receiving.receive([file]) as inspected:
            assert inspected.paths[0].stat().st_size == inspected.originals[0]["octets"]
            assert inspected.pdf == inspected.paths[0]
        assert not inspected.paths[0].exists()
