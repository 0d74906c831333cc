"""The seal: valid for pdfsig and pyHanko, broken by one octet, stamped when an authority stands."""

import hashlib
import io
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import keys, pem, tsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from pypdf import PdfReader

from portal.documents import press
from portal.signature import boxes
from portal.signature import certificate as certificates
from portal.signature import seal as seals
from portal.signature.certificate import Certificate, SealError
from portal.signature.seal import StampFailed
from portal.signature.strip import Filled, Strip
from tests.documents import cast, papers
from tests.documents.papers import flat

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
CODE = "2RGX-JNWR-HNT5-FVRN-SBVA-4QFJ-3YCZ"
STRIP = Strip(
    ["C-2026-0142 – signé électroniquement par Łukasz Vasseur, مدير, à Beaune", f"code {CODE}"],
    f"https://portail.rivage-formation.example/verifier?code={CODE.replace('-', '')}",
    [[[10, 100], [200, 20], [590, 199]], [[0, 0]]],
)
ABOUT = {"reason": "Signature de C-2026-0142", "location": "Dijon", "name": "Rivage Formation"}


@cache
def paper() -> bytes:
    body = "<p>Convention</p>" * 40 + '<p style="page-break-before: always">Fin</p>'
    return press.print_pdf(f"<html><body>{body}</body></html>", 2).content


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    folder = tmp_path_factory.mktemp("seal")
    return certificates.own(folder, "Rivage Formation", "90144782100017", datetime.now(UTC))


@pytest.fixture(scope="module")
def sealed(own: Certificate) -> bytes:
    return seals.seal(paper(), own, **ABOUT, strip=STRIP).content


def pdfsig(content: bytes, folder: Path) -> str:
    """What poppler says of the signatures of that file."""
    file = folder / "sealed.pdf"
    file.write_bytes(content)
    done = subprocess.run(["pdfsig", str(file)], capture_output=True, text=True, check=False)
    return done.stdout


# --- A good seal


def test_the_bytes_shown_are_the_beginning(sealed: bytes) -> None:
    assert sealed.startswith(paper())
    assert len(sealed) - len(paper()) < 40_000


def test_pyhanko_finds_it_whole(sealed: bytes, own: Certificate) -> None:
    found = seals.check(sealed)
    assert found.is_good
    assert found.fingerprint == own.fingerprint
    assert found.sealed_at is not None
    assert abs(found.sealed_at - datetime.now(UTC)) < timedelta(minutes=5)
    assert found.stamped_at is None


def test_pdfsig_finds_it_valid(sealed: bytes, tmp_path: Path) -> None:
    said = pdfsig(sealed, tmp_path)
    for line in (
        "Signer Certificate Common Name: Cachet de Rivage Formation",
        "Signing Hash Algorithm: SHA-256",
        "Signature Type: ETSI.CAdES.detached",
        "Total document signed",
        "Signature Validation: Signature is Valid.",
    ):
        assert line in said, said
    # nobody vouches for it but itself: readers differ on how to say so
    assert "Certificate issuer isn't Trusted." in said or "issuer is unknown" in said


def test_no_change_is_allowed_after_it(sealed: bytes) -> None:
    """The certification itself says so: DocMDP, permission 1."""
    catalogue: Any = PdfReader(io.BytesIO(sealed)).trailer["/Root"]
    reference = catalogue["/Perms"]["/DocMDP"]["/Reference"][0]
    assert reference["/TransformMethod"] == "/DocMDP"
    assert reference["/TransformParams"]["/P"] == 1


@pytest.mark.parametrize("kind", ["convention", "engagement"])
def test_the_boxes_are_filled_where_the_paper_has_them(kind: str, own: Certificate) -> None:
    """However long the name above them is: what is written stays under the hint of its box."""
    long = "directrice des ressources humaines et de la transformation des organisations"
    rows = cast.funded if kind == "engagement" else cast.training
    printed = papers.made(kind, rows(company=cast.company(signatory_function=long))).content
    found = boxes.find(printed)
    assert found is not None
    places = (found.organisation, found.signatory)
    filled = [Filled(*place, [f"Case {n}", "Łukasz"]) for n, place in enumerate(places)]
    content = seals.seal(printed, own, **ABOUT, strip=STRIP, filled=(found.page, filled)).content
    assert content.startswith(printed)
    assert seals.check(content).is_good
    page = PdfReader(io.BytesIO(content)).pages[found.page]
    read = [" ".join(line.split()) for line in page.extract_text().splitlines() if line.strip()]
    assert read.count(boxes.HINT) == 2, "a person still knows what the box was for"
    assert {"Case 0", "Case 1"} <= set(read)
    assert found.organisation.x < found.signatory.x
    assert found.organisation.y == found.signatory.y, "the room to sign is the same on both sides"


def test_a_paper_without_those_two_boxes_is_only_sealed() -> None:
    quote = papers.made("devis", cast.training()).content
    assert boxes.find(quote) is None, "a quotation is not signed here"
    assert boxes.find(paper()) is None
    thrice = press.print_pdf(f"<p>{boxes.HINT}</p><p>{boxes.HINT}</p><p>{boxes.HINT}</p>", 1)
    assert boxes.find(thrice.content) is None, "nobody knows which is whose"


def test_the_strip_can_be_read(sealed: bytes, tmp_path: Path) -> None:
    (tmp_path / "sealed.pdf").write_bytes(sealed)
    text = subprocess.run(
        ["pdftotext", "-f", "1", "-l", "1", str(tmp_path / "sealed.pdf"), "-"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert CODE in text
    assert "signé électroniquement par Łukasz Vasseur" in flat(text)
    fonts = subprocess.run(
        ["pdffonts", str(tmp_path / "sealed.pdf")], capture_output=True, text=True, check=True
    ).stdout.splitlines()[2:]
    assert fonts
    assert all(" yes yes " in line for line in fonts), fonts


def test_without_a_strip_the_pages_look_the_same(own: Certificate) -> None:
    made = seals.seal(paper(), own, **ABOUT)
    assert seals.check(made.content).is_good
    assert made.sha256 == hashlib.sha256(made.content).hexdigest()
    assert len(made.content) - len(paper()) < 12_000


def test_a_line_too_long_stops_at_the_edge(own: Certificate) -> None:
    strip = Strip(["x" * 5_000, "\u0645" * 5_000, ""], STRIP.url)
    assert seals.check(seals.seal(paper(), own, **ABOUT, strip=strip).content).is_good


# --- A broken one


def _is_good(content: bytes, own: Certificate) -> bool:
    """As `flask verify` looks at it: whole, and by the certificate the proof names."""
    try:
        found = seals.check(content)
    except SealError:
        return False
    return found.is_good and found.fingerprint == own.fingerprint


@pytest.mark.parametrize("part", ["shown", "added", "certificate", "end"])
def test_one_flipped_octet_is_reported(
    sealed: bytes, own: Certificate, tmp_path: Path, part: str
) -> None:
    spots = {
        "shown": 2_000,
        "added": len(paper()) + 400,
        "certificate": sealed.rindex(b"/Contents <") + 200,
        "end": len(sealed) - 60,
    }
    altered = bytearray(sealed)
    altered[spots[part]] ^= 1
    assert not _is_good(bytes(altered), own)
    # pdfsig looks at neither the name in the certificate nor what follows the last « endobj »
    if part in ("shown", "added"):
        assert "Signature is Valid" not in pdfsig(bytes(altered), tmp_path)


def test_every_octet_counts(sealed: bytes, own: Certificate) -> None:
    """One in a few hundred, from the first to the last."""
    for spot in range(0, len(sealed), 401):
        altered = bytearray(sealed)
        altered[spot] ^= 0x40
        assert not _is_good(bytes(altered), own), spot


def test_what_is_added_after_the_seal_is_reported(sealed: bytes) -> None:
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(io.BytesIO(sealed))
    writer.root["/Lang"] = writer.root.get("/Type")
    writer.update_root()
    out = io.BytesIO()
    writer.write(out)
    found = seals.check(out.getvalue())
    assert not found.is_whole
    assert not found.is_good


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"not a PDF at all", paper])
def test_what_carries_no_seal_is_said(content: Any) -> None:
    given = content() if callable(content) else content
    with pytest.raises(SealError):
        seals.check(given)


def test_a_seal_by_another_key_is_another_seal(sealed: bytes, tmp_path: Path) -> None:
    other = certificates.own(tmp_path, "Rivage Formation", "90144782100017", datetime.now(UTC))
    assert seals.check(sealed).fingerprint != other.fingerprint


# --- Certificates


def test_the_certificate_is_made_once(tmp_path: Path) -> None:
    """Even by twenty workers that start together."""
    folder = tmp_path / "seal"
    found: set[str] = set()
    gate = threading.Barrier(20)

    def start() -> None:
        gate.wait()
        found.add(certificates.own(folder, "Rivage", "90144782100017", NOW).fingerprint)

    threads = [threading.Thread(target=start) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 1
    assert [path.name for path in folder.iterdir()] == ["seal.pem"]
    assert (folder / "seal.pem").stat().st_mode & 0o777 == 0o600


def test_the_certificate_names_the_organisation(own: Certificate) -> None:
    assert own.subject == "Cachet de Rivage Formation, NTRFR-901447821, Rivage Formation, FR"
    assert own.signer.signing_cert is not None
    assert own.signer.signing_cert.public_key.curve == ("named", "secp256r1")
    assert own.ends_at - datetime.now(UTC) > timedelta(days=7_000)


def test_an_expired_certificate_seals_nothing(own: Certificate) -> None:
    assert certificates.check(own, NOW) is own
    with pytest.raises(SealError, match="a expiré le"):
        certificates.check(own, own.ends_at)


@pytest.fixture(params=["ec", "rsa"])
def p12(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path]:
    """A PKCS#12 file as a certification authority delivers it, and its password."""
    key: Any = ec.generate_private_key(ec.SECP384R1())
    if request.param == "rsa":
        key = rsa.generate_private_key(65_537, 2_048)
    certificate = _certificate(key, "Cachet acheté")
    locked = serialization.BestAvailableEncryption(b"mot de passe")
    content = pkcs12.serialize_key_and_certificates(b"seal", key, certificate, None, locked)
    file, password = tmp_path / "seal.p12", tmp_path / "password"
    file.write_bytes(content)
    password.write_text("mot de passe\n")
    return file, password


def _certificate(key: Any, name: str, usage: Any = None) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begins = datetime.now(UTC) - timedelta(days=1)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=30))
        .add_extension(
            x509.KeyUsage(True, True, False, False, False, False, False, False, False), True
        )
    )
    if usage is not None:
        built = built.add_extension(x509.ExtendedKeyUsage([usage]), True)
    return built.sign(key, hashes.SHA256())


def test_a_certificate_of_one_s_own_choice(p12: tuple[Path, Path], tmp_path: Path) -> None:
    found = certificates.given(*p12)
    assert (found.subject, found.is_own) == ("Cachet acheté", False)
    made = seals.seal(paper(), found, **ABOUT, strip=STRIP)
    assert "Signature is Valid" in pdfsig(made.content, tmp_path)


def test_a_wrong_password_is_said(p12: tuple[Path, Path]) -> None:
    p12[1].write_text("autre")
    with pytest.raises(SealError, match="vérifiez son mot de passe"):
        certificates.given(*p12)
    p12[0].unlink()
    with pytest.raises(SealError, match="illisible"):
        certificates.given(*p12)


# --- The time-stamping authority


@contextmanager
def authority(answer: Any) -> Iterator[str]:
    """A local authority; `answer(request) -> (status, body)`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, content = answer(body)
            self.send_response(status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/tsa"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@cache
def stamper() -> DummyTimeStamper:
    key = rsa.generate_private_key(65_537, 2_048)
    made = _certificate(key, "Horodatage d’essai", ExtendedKeyUsageOID.TIME_STAMPING)
    encoded = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return DummyTimeStamper(
        asn1.Certificate.load(made.public_bytes(serialization.Encoding.DER)),
        keys.PrivateKeyInfo.load(encoded),
        certs_to_embed=None,
        fixed_dt=NOW,
    )


def stamp(body: bytes) -> tuple[int, bytes]:
    answer = stamper().request_tsa_response(tsp.TimeStampReq.load(body))
    return 200, answer.dump()


def test_a_time_stamp_is_asked_for_and_kept(own: Certificate) -> None:
    asked: list[bytes] = []

    def answer(body: bytes) -> tuple[int, bytes]:
        asked.append(body)
        return stamp(body)

    with authority(answer) as url:
        made = seals.seal(paper(), own, **ABOUT, tsa_url=url)
    assert made.stamped_at == NOW
    found = seals.check(made.content)
    assert found.is_good
    assert found.stamped_at == NOW
    assert all(len(body) < 120 for body in asked)  # a digest, nothing of the paper
    assert made.content.startswith(paper())


def _refuses(_: bytes) -> tuple[int, bytes]:
    return 503, b""


def _babbles(_: bytes) -> tuple[int, bytes]:
    return 200, b"<html>maintenance</html>"


def _stamps_another(body: bytes) -> tuple[int, bytes]:
    """A time-stamp of another digest, with the nonce that was asked for."""
    request = tsp.TimeStampReq.load(body)
    request["message_imprint"]["hashed_message"] = b"\0" * 32
    return stamp(request.dump(force=True))


@pytest.mark.parametrize("answer", [_refuses, _babbles])
def test_an_authority_that_fails_is_said(own: Certificate, answer: Any) -> None:
    with authority(answer) as url, pytest.raises(StampFailed):
        seals.seal(paper(), own, **ABOUT, tsa_url=url)
    with pytest.raises(StampFailed):
        seals.seal(paper(), own, **ABOUT, tsa_url="http://127.0.0.1:9/")


def test_a_stamp_of_something_else_is_not_taken(own: Certificate) -> None:
    with authority(_stamps_another) as url, pytest.raises(SealError):
        seals.seal(paper(), own, **ABOUT, tsa_url=url)


def test_our_key_file_is_standard(own: Certificate, tmp_path: Path) -> None:
    """Any tool reads it: it can be moved to another portal."""
    made = certificates.own(tmp_path, "R", "90144782100017", NOW)
    kinds = [kind for kind, _, _ in pem.unarmor((tmp_path / "seal.pem").read_bytes(), True)]
    assert kinds == ["PRIVATE KEY", "CERTIFICATE"]
    again = certificates.own(tmp_path, "Other", "90144782100017", NOW)
    assert again.fingerprint == made.fingerprint
