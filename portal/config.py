"""What the portal must be told before it starts; it refuses loudly rather than guess."""

import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

LOOPBACK = ("127.0.0.1", "localhost", "::1")
MIN_KEY_LENGTH = 32
REGISTRY_URL = "https://recherche-entreprises.api.gouv.fr"
NO_REGISTRY = "aucun"
T = TypeVar("T")


class ConfigError(RuntimeError):
    """The portal cannot start; the message says which settings to give, one per line."""


@dataclass(frozen=True)
class Smtp:
    """Where messages leave. `security` is "starttls", "tls" or "none" (loopback only)."""

    host: str
    port: int
    security: str
    username: str | None
    password: str | None

    @classmethod
    def parse(cls, url: str) -> "Smtp":
        """Reads smtp://user:password@host:587 (STARTTLS), smtps://host:465 or smtp+plain://.

        Raises ConfigError on another scheme, or on plain text to another machine.
        """
        parts = urlsplit(url)
        known = {"smtp": ("starttls", 587), "smtps": ("tls", 465), "smtp+plain": ("none", 25)}
        if parts.scheme not in known or not parts.hostname:
            raise ConfigError(
                "PORTAL_SMTP_URL : attendu smtp://utilisateur:motdepasse@serveur:587 ou smtps://…"
            )
        security, port = known[parts.scheme]
        if security == "none" and parts.hostname not in LOOPBACK:
            raise ConfigError(
                "PORTAL_SMTP_URL : smtp+plain:// (sans chiffrement) n’est admis que sur 127.0.0.1"
            )
        return cls(
            host=parts.hostname,
            port=parts.port or port,
            security=security,
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )


@dataclass(frozen=True)
class Config:
    """Everything that differs from one installation to another."""

    base_url: str
    data: Path
    database_url: str
    secret_key: str
    link_key: str
    demo: bool = False
    smtp: Smtp | None = None
    sender: str | None = None
    proxies: int = 0
    testing: bool = False
    registry_url: str = ""  # the public directory of companies; empty: never asked
    seal_p12: Path | None = None  # the organisation's own certificate; None: one is made
    seal_password_file: Path | None = None
    tsa_url: str = ""  # RFC 3161 time-stamping authority; empty: seals carry the server's time
    imap_url: str = ""  # the mailbox where returned messages arrive; empty: never read
    sms_url: str = ""  # gateway for one-time codes; empty: e-mail and phone only

    @property
    def host(self) -> str:
        """Host and port the portal answers to; any other name gets 400."""
        return urlsplit(self.base_url).netloc

    @property
    def secure(self) -> bool:
        """Cookies travel over TLS only; false on the loopback demonstration alone."""
        return self.base_url.startswith("https://")

    @property
    def files(self) -> Path:
        return self.data / "files"

    @property
    def mails(self) -> Path:
        return self.data / "mails"

    @property
    def queue(self) -> Path:
        return self.data / "queue.sqlite3"

    @property
    def registry_state(self) -> Path:
        """Budget, breaker and recent answers of the directory, shared by every process."""
        return self.data / "registry.sqlite3"

    @property
    def siro(self) -> Path:
        """The imported « Table SIRET-OPCO », when there is one."""
        return self.data / "siro.sqlite3"

    @property
    def seal(self) -> Path:
        """The certificate made for this installation, and its key: read by the worker alone."""
        return self.data / "seal"

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> "Config":
        """Reads PORTAL_* variables; raises ConfigError naming every one that is missing."""
        demo = env.get("PORTAL_DEMO") == "1"
        problems: list[str] = []

        def read(reader: Callable[..., T], *arguments: Any) -> T | None:
            try:
                return reader(*arguments)
            except ConfigError as error:
                problems.append(str(error))
                return None

        data = read(_data, env, demo) or Path()
        base_url = read(_base_url, env, demo) or ""
        database_url = read(_database_url, env, data)
        kept = data if demo else None
        secret_key = read(_key, "PORTAL_SECRET_KEY_FILE", "signe les cookies", env, kept)
        link_key = read(_key, "PORTAL_LINK_KEY_FILE", "signe les liens des clients", env, kept)
        smtp = read(_smtp, env, demo)
        proxies = read(_proxies, env)
        registry_url = read(_registry_url, env, demo)
        seal = read(_seal, env) or (None, None)
        tsa_url = read(_service_url, "PORTAL_TSA_URL", "http", env)
        sms_url = read(_service_url, "PORTAL_SMS_URL", "https", env)
        imap_url = read(_imap_url, env)
        if problems:
            raise ConfigError(
                "Le portail ne peut pas démarrer. Réglages à donner :\n- " + "\n- ".join(problems)
            )
        return cls(
            base_url=base_url,
            data=data,
            database_url=database_url or "",
            secret_key=secret_key or "",
            link_key=link_key or "",
            demo=demo,
            smtp=smtp,
            sender=env.get("PORTAL_SENDER") or None,
            proxies=proxies or 0,
            registry_url=registry_url or "",
            seal_p12=seal[0],
            seal_password_file=seal[1],
            tsa_url=tsa_url or "",
            sms_url=sms_url or "",
            imap_url=imap_url or "",
        )


def _data(env: Mapping[str, str], demo: bool) -> Path:
    given = env.get("PORTAL_DATA") or ("var" if demo else "")
    if not given:
        raise ConfigError("PORTAL_DATA : le dossier des données, par exemple /var/lib/portail")
    return Path(given).resolve()


def _database_url(env: Mapping[str, str], data: Path) -> str:
    """The SQLite file of the data folder, or the PostgreSQL server that is given."""
    given = env.get("DATABASE_URL") or f"sqlite:///{data / 'portal.sqlite3'}"
    kind, _, rest = given.partition("://")
    if kind in ("postgres", "postgresql", "postgresql+psycopg") and rest:
        return f"postgresql+psycopg://{rest}"
    if kind == "sqlite" and rest.startswith("/"):
        return given
    raise ConfigError(
        "DATABASE_URL : attendu postgresql://utilisateur:motdepasse@serveur/base, "
        "ou rien pour le fichier SQLite du dossier des données"
    )


def _base_url(env: Mapping[str, str], demo: bool) -> str:
    """The public address without its last slash, the demonstration's own when none is given."""
    given = env.get("PORTAL_BASE_URL") or ("http://127.0.0.1:8000" if demo else "")
    parts = urlsplit(given)
    if not parts.netloc:
        raise ConfigError(
            "PORTAL_BASE_URL : l’adresse publique, par exemple https://portail.organisme.example"
        )
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise ConfigError("PORTAL_BASE_URL : une adresse publique commence par https://")
    if demo and parts.hostname not in LOOPBACK:
        raise ConfigError("PORTAL_DEMO : la démonstration ne se sert que sur http://127.0.0.1")
    return given.rstrip("/")


def _smtp(env: Mapping[str, str], demo: bool) -> Smtp | None:
    given = env.get("PORTAL_SMTP_URL")
    if given:
        return Smtp.parse(given)
    if demo:
        return None
    raise ConfigError(
        "PORTAL_SMTP_URL : le serveur d’envoi, par exemple "
        "smtp://utilisateur:motdepasse@smtp.organisme.example:587"
    )


def _imap_url(env: Mapping[str, str]) -> str:
    given = env.get("PORTAL_IMAP_URL") or ""
    parts = urlsplit(given)
    is_local = parts.scheme == "imap+plain" and parts.hostname in LOOPBACK
    if given and parts.scheme != "imaps" and not is_local:
        raise ConfigError("PORTAL_IMAP_URL : attendu imaps://utilisateur:motdepasse@serveur")
    return given


def _proxies(env: Mapping[str, str]) -> int:
    given = env.get("PORTAL_PROXIES") or "0"
    if not re.fullmatch(r"[0-9]", given):
        raise ConfigError("PORTAL_PROXIES : le nombre de serveurs mandataires, de 0 à 9")
    return int(given)


def _registry_url(env: Mapping[str, str], demo: bool) -> str:
    """Where companies are looked up; the demonstration never asks the real directory."""
    given = env.get("PORTAL_REGISTRY_URL") or (NO_REGISTRY if demo else REGISTRY_URL)
    if given == NO_REGISTRY:
        return ""
    parts = urlsplit(given)
    if not parts.hostname or (parts.scheme != "https" and parts.hostname not in LOOPBACK):
        raise ConfigError(
            f"PORTAL_REGISTRY_URL : une adresse https://, ou « {NO_REGISTRY} » pour s’en passer"
        )
    return given.rstrip("/")


def _seal(env: Mapping[str, str]) -> tuple[Path | None, Path | None]:
    """The PKCS#12 file and the file of its password; both or none. The worker opens them."""
    given = [env.get("PORTAL_SEAL_P12"), env.get("PORTAL_SEAL_PASSWORD_FILE")]
    if not any(given):
        return None, None
    paths = [Path(name).resolve() for name in given if name]
    if len(paths) < len(given):
        raise ConfigError(
            "PORTAL_SEAL_P12 et PORTAL_SEAL_PASSWORD_FILE : le certificat du cachet et le fichier "
            "de son mot de passe se donnent ensemble"
        )
    for path in paths:
        if not path.is_file() or not os.access(path, os.R_OK):
            raise ConfigError(
                f"PORTAL_SEAL_P12 ou PORTAL_SEAL_PASSWORD_FILE : {path} est illisible"
            )
    return paths[0], paths[1]


def _service_url(name: str, least: str, env: Mapping[str, str]) -> str:
    """The address of an optional service; plain http only where `least` allows, or locally.

    A time-stamp is signed and asks for a digest alone: it may travel in the clear.
    """
    given = env.get(name) or ""
    if not given:
        return ""
    parts = urlsplit(given)
    local = parts.hostname in LOOPBACK
    if not parts.hostname or parts.scheme not in ("https", "http" if local else least):
        raise ConfigError(f"{name} : une adresse {least}://, ou rien pour s’en passer")
    return given


def _key(name: str, purpose: str, env: Mapping[str, str], demo_data: Path | None) -> str:
    """The key kept in its own file, 0600; the demonstration makes its own at first start."""
    given = env.get(name)
    if not given and demo_data:
        path = demo_data / f"{name.removesuffix('_FILE').lower()}.txt"
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(48))
        given = str(path)
    if not given:
        raise ConfigError(
            f"{name} : un fichier d’au moins {MIN_KEY_LENGTH} caractères aléatoires, qui {purpose} "
            "(python3 -c 'import secrets; print(secrets.token_urlsafe(48))')"
        )
    try:
        key = Path(given).read_text().strip()
    except OSError as error:
        raise ConfigError(f"{name} : {given} est illisible ({error.strerror})") from error
    if len(key) < MIN_KEY_LENGTH or len(set(key)) < 10:
        raise ConfigError(f"{name} : {given} contient une clé trop courte ou par défaut")
    return key
