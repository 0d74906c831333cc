"""The portal behind a proxy as a file of deploy/ sets it up: changed in nothing but the ports,
folders and certificate, which are those of the test.
"""

import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any, ClassVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.installation import ROOT
from tests.races.running import PATIENCE, Person, Portal, free_port, until

NAME = "portail.organisme.example"
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


def program(name: str) -> str | None:
    """That proxy of this machine, or the one that tests/install-proxies.sh unpacked."""
    if os.environ.get("PORTAL_TEST_PROXIES") == "off":
        return None
    unpacked = [ROOT / ".venv/proxies/usr" / folder for folder in ("sbin", "bin")]
    places = [os.environ.get("PATH", ""), "/usr/sbin", *map(str, unpacked)]
    return shutil.which(name, path=os.pathsep.join(places))


class Behind(Portal):
    """An installation whose public address is the proxy's."""

    @property
    def url(self) -> str:
        return f"https://{NAME}"

    @property
    def env(self) -> dict[str, str]:
        return super().env | {"PORTAL_PROXIES": "1"}


class Proxy:
    """One proxy, and what it writes down."""

    name: ClassVar[str]
    file: ClassVar[str]  # of deploy/
    hidden: ClassVar[str]  # how it writes the address of a link down

    def __init__(self, folder: Path, portal: Portal) -> None:
        self.folder, self.portal = folder, portal
        self.tls_port, self.plain_port = free_port(), free_port()
        _certificate(folder)
        (folder / self.file).write_text(self.text())

    def text(self) -> str:
        """Its file, for the ports and folders of the test."""
        raise NotImplementedError

    def command(self, program: str) -> list[str]:
        raise NotImplementedError

    def with_ours(self, *changes: tuple[str, str]) -> str:
        text = (ROOT / "deploy" / self.file).read_text()
        for theirs, ours in (
            ("127.0.0.1:8000", f"127.0.0.1:{self.portal.port}"),
            (f"/var/log/{self.name}/", f"{self.folder}/"),
            *changes,
        ):
            assert theirs in text, theirs
            text = text.replace(theirs, ours)
        return text

    def logs(self) -> str:
        """All it wrote, wherever."""
        return "".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def visits(self) -> list[str]:
        return (self.folder / "portail.log").read_text().splitlines()

    def noted(self, *words: str) -> str:
        """The visit whose line holds these words; it is written once the answer has left."""

        def found() -> str:
            return next((x for x in self.visits() if all(word in x for word in words)), "")

        return until(found, f"{self.name} noted no visit {words}")

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
        """To the proxy under its public name, which no directory knows."""
        context = ssl.create_default_context(cafile=self.folder / "fullchain.pem")
        connection = HTTPSConnection(NAME, self.tls_port, timeout=PATIENCE, context=context)
        connection._create_connection = self._here  # type: ignore[attr-defined]
        return connection

    def _here(self, address: tuple[str, int], *options: Any) -> socket.socket:
        return socket.create_connection(("127.0.0.1", address[1]), *options)


class Nginx(Proxy):
    name, file, hidden = "nginx", "nginx.conf", ' /l/***" '

    def text(self) -> str:
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        return AROUND.format(
            folder=self.folder,
            user="user root;" if os.getuid() == 0 else "",  # pytest's folders are nobody else's
            temporary=" ".join(f"{kind}_temp_path {self.folder}/{kind};" for kind in kinds),
            text=self.with_ours(
                ("listen 443 ssl", f"listen 127.0.0.1:{self.tls_port} ssl"),
                ("listen 80;", f"listen 127.0.0.1:{self.plain_port};"),
                (f"/etc/letsencrypt/live/{NAME}/", f"{self.folder}/"),
            ),
        )

    def command(self, program: str) -> list[str]:
        return [program, "-p", str(self.folder), "-c", str(self.folder / self.file)]


class Caddy(Proxy):
    name, file, hidden = "caddy", "Caddyfile", '"uri":"***"'

    def text(self) -> str:
        general = f"admin off\n\thttp_port {self.plain_port}\n\thttps_port {self.tls_port}\n"
        general += f"\tdefault_bind 127.0.0.1\n\tstorage file_system {self.folder}/storage"
        certificate = f"{self.folder}/fullchain.pem {self.folder}/privkey.pem"
        return self.with_ours(
            ("{\n\t# What Caddy says", f"{{\n\t{general}\n\t# What Caddy says"),
            (f"\n{NAME} {{\n", f"\n{NAME} {{\n\ttls {certificate}\n"),
        )

    def command(self, program: str) -> list[str]:
        config = str(self.folder / self.file)
        return [program, "run", "--config", config, "--adapter", "caddyfile"]


class Guest(Person):
    """A browser that comes through the proxy."""

    def __init__(self, proxy: Proxy, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(proxy.portal)
        self.proxy, self.more = proxy, dict(headers or {})

    def headers(self) -> dict[str, str]:
        return super().headers() | self.more

    def connection(self) -> HTTPConnection:
        return self.proxy.connection()


@contextmanager
def started(folder: Path, portal: Portal, kind: type[Proxy] = Nginx) -> Iterator[Any]:
    """That proxy in that folder, in front of that portal, until the block ends."""
    found = program(kind.name)
    assert found is not None
    folder.mkdir()
    proxy = kind(folder, portal)
    said = folder / "said.log"
    with said.open("wb") as output:
        process = subprocess.Popen(proxy.command(found), stdout=output, stderr=output)
    try:
        until(lambda: _is_there(proxy, process, said), f"{kind.name} never answers")
        yield proxy
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _is_there(proxy: Proxy, process: "subprocess.Popen[bytes]", said: Path) -> bool:
    assert process.poll() is None, said.read_text()
    try:
        proxy.ask("GET", "/sante/web")
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
