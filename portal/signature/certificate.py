"""The organisation's seal: its own certificate, made once, or the one it was given.

Imported by the worker alone: no process that answers people ever holds the key.
"""

import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from asn1crypto import keys, pem
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID, ObjectIdentifier
from pyhanko.sign.signers import SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

YEARS = 20
FILE = "seal.pem"
_ORGANISATION_ID = ObjectIdentifier("2.5.4.97")  # ETSI EN 319 412-1, 5.1.4


class SealError(RuntimeError):
    """The seal cannot be used; the message, in French, is for whoever installs the portal."""


@dataclass(frozen=True)
class Certificate:
    """A signer and what the proof says of it; `fingerprint` is the SHA-256 of the certificate."""

    signer: SimpleSigner
    subject: str
    fingerprint: str
    ends_at: datetime
    is_own: bool


def own(folder: Path, name: str, siret: str, at: datetime) -> Certificate:
    """The certificate of this installation (EC P-256), made at the first call.

    Key and certificate stand in one file, 0600, written whole: two workers that start together
    keep the same one.
    """
    path = folder / FILE
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_once(path, _make(name, siret, at))
    blocks = list(pem.unarmor(path.read_bytes(), multiple=True))
    found = {kind: content for kind, _headers, content in blocks}
    certificate = asn1.Certificate.load(found["CERTIFICATE"])
    signer = SimpleSigner(
        signing_cert=certificate,
        signing_key=keys.PrivateKeyInfo.load(found["PRIVATE KEY"]),
        cert_registry=SimpleCertificateStore(),  # type: ignore[no-untyped-call]
    )
    return _described(signer, is_own=True)


def given(p12: Path, password_file: Path) -> Certificate:
    """The certificate of a PKCS#12 file; raises SealError when it does not open."""
    try:
        content, password = p12.read_bytes(), password_file.read_text().strip()
    except OSError as error:
        raise SealError(f"Le certificat du cachet est illisible : {error.strerror}") from error
    try:
        signer = SimpleSigner.load_pkcs12_data(content, [], passphrase=password.encode())
    except ValueError:
        signer = None
    if signer is None:
        raise SealError("Le certificat du cachet ne s’ouvre pas : vérifiez son mot de passe")
    return _described(signer, is_own=False)


def check(certificate: Certificate, at: datetime) -> Certificate:
    """The same; raises SealError once its term is over."""
    if certificate.ends_at <= at:
        raise SealError(f"Le certificat du cachet a expiré le {certificate.ends_at:%d/%m/%Y}")
    return certificate


def _described(signer: SimpleSigner, *, is_own: bool) -> Certificate:
    certificate = signer.signing_cert
    if certificate is None:
        raise SealError("Le fichier du cachet ne contient pas de certificat")
    return Certificate(
        signer=signer,
        subject=", ".join(str(value) for value in reversed(certificate.subject.native.values())),
        fingerprint=sha256(certificate.dump()).hexdigest(),
        ends_at=certificate.not_valid_after,
        is_own=is_own,
    )


def _make(name: str, siret: str, at: datetime) -> bytes:
    """A new key and its certificate, which vouches for itself: readers call it « untrusted »."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, name[:64]),
            x509.NameAttribute(_ORGANISATION_ID, f"NTRFR-{siret[:9]}"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Cachet de {name}"[:64]),
        ]
    )
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    begins = at.astimezone(UTC).replace(microsecond=0) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=round(YEARS * 365.25)))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ) + certificate.public_bytes(serialization.Encoding.PEM)


def _write_once(path: Path, content: bytes) -> None:
    """Puts the file in place unless another process has just done so."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    except FileExistsError:
        return
    finally:
        Path(temporary).unlink()
