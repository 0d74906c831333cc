"""The portal behind nginx, as deploy/nginx.conf sets it up: the file is changed in nothing but the
ports and folders, which are those of the test.
"""

import os
import shutil
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.installation import ROOT
from tests.races.running import PATIENCE, Person, Portal, free_port, until

NAME = "portail.organisme.example"
FILE = ROOT / "deploy/nginx.conf"
# What Debian's own /etc/nginx/nginx.conf says around the file.
AROUND = """\
daemon off; pid {folder}/pid; error_log {folder}/error.log; {user}
events {{ worker_connections 768; }}
http {{
    access_log {folder}/access.log;
    gzip on;
    {temporary}
    {text}
}}
"""


def program() -> str | None:
    """nginx of this machine, or the one that tests/install-nginx.sh unpacked."""
    if os.environ.get("PORTAL_TEST_NGINX") == "off":
        return None
    places = [os.environ.get("PATH", ""), "/usr/sbin", str(ROOT / ".venv/nginx/usr/sbin")]
    return shutil.which("nginx", path=os.pathsep.join(places))


class Behind(Portal):
    """An installation whose public address is the proxy's."""

    @property
    def url(self) -> str:
        return f"https://{NAME}"

    @property
    def env(self) -> dict[str, str]:
        return super().env | {"PORTAL_PROXIES": "1"}


class Nginx:
    """One nginx, and what it writes down."""

    def __init__(self, folder: Path, portal: Portal) -> None:
        self.folder, self.portal = folder, portal
        self.tls_port, self.plain_port = free_port(), free_port()
        _certificate(folder)
        (folder / "nginx.conf").write_text(self._text())

    def logs(self) -> str:
        """All it wrote, wherever."""
        return "".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def visits(self) -> list[str]:
        return (self.folder / "portail.log").read_text().splitlines()

    def noted(self, words: str) -> str:
        """The visit whose line holds these words; nginx writes it once the answer has left."""

        def found() -> str:
            return next((line for line in self.visits() if words in line), "")

        return until(found, f"nginx noted no visit {words}")

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> tuple[HTTPResponse, bytes]:
        """One request of nobody in particular, with these headers among its own."""
        given = {"Host": NAME, **(headers or {})}
        with closing(self.connection()) as connection:
            connection.request(method, path, body or None, given)
            answer = connection.getresponse()
            return answer, answer.read()

    def connection(self) -> HTTPConnection:
        context = ssl.create_default_context(cafile=self.folder / "fullchain.pem")
        context.check_hostname = False  # the name is not one of this machine
        return HTTPSConnection("127.0.0.1", self.tls_port, timeout=PATIENCE, context=context)

    def _text(self) -> str:
        text = FILE.read_text()
        for ours, theirs in (
            ("listen 443 ssl", f"listen 127.0.0.1:{self.tls_port} ssl"),
            ("listen 80;", f"listen 127.0.0.1:{self.plain_port};"),
            (f"/etc/letsencrypt/live/{NAME}/", f"{self.folder}/"),
            ("/var/log/nginx/", f"{self.folder}/"),
            ("127.0.0.1:8000", f"127.0.0.1:{self.portal.port}"),
        ):
            assert ours in text, ours
            text = text.replace(ours, theirs)
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        return AROUND.format(
            folder=self.folder,
            user="user root;" if os.getuid() == 0 else "",  # pytest's folders are nobody else's
            temporary=" ".join(f"{kind}_temp_path {self.folder}/{kind};" for kind in kinds),
            text=text,
        )


class Guest(Person):
    """A browser that comes through the proxy."""

    def __init__(self, nginx: Nginx, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(nginx.portal)
        self.nginx, self.more = nginx, dict(headers or {})

    def headers(self) -> dict[str, str]:
        return super().headers() | self.more

    def connection(self) -> HTTPConnection:
        return self.nginx.connection()


@contextmanager
def started(folder: Path, portal: Portal) -> Iterator[Nginx]:
    """nginx in that folder, in front of that portal, until the block ends."""
    found = program()
    assert found is not None
    folder.mkdir()
    nginx = Nginx(folder, portal)
    said = folder / "said.txt"
    with said.open("wb") as output:
        process = subprocess.Popen(
            [found, "-p", folder, "-c", folder / "nginx.conf"], stdout=output, stderr=output
        )
    try:
        until(lambda: _is_there(nginx, process, said), "nginx never answers")
        yield nginx
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _is_there(nginx: Nginx, process: "subprocess.Popen[bytes]", said: Path) -> bool:
    assert process.poll() is None, said.read_text()
    try:
        nginx.ask("GET", "/sante/web")
    except OSError:
        return False
    return True


def _certificate(folder: Path) -> None:
    """One that nobody else signed, under the names the file gives."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(pem))
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "privkey.pem").write_bytes(private)
