"""The portal refuses to start on a guess, and says everything it lacks at once."""

import stat
from pathlib import Path

import pytest

from portal.config import Config, ConfigError, Smtp

KEY = "kTq3vW9xLz7bN1mR5sD8fG2hJ6pY4cQ0aE-uI_oX"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """The settings of a real installation."""
    for name in ("secret", "link"):
        (tmp_path / name).write_text(KEY + name)
    return {
        "PORTAL_DATA": str(tmp_path / "data"),
        "PORTAL_BASE_URL": "https://portail.rivage-formation.example/",
        "PORTAL_SECRET_KEY_FILE": str(tmp_path / "secret"),
        "PORTAL_LINK_KEY_FILE": str(tmp_path / "link"),
        "PORTAL_SMTP_URL": "smtp://envoi:m%40t@smtp.rivage-formation.example:587",
    }


def test_a_real_installation(env: dict[str, str], tmp_path: Path) -> None:
    config = Config.from_env(env)
    assert config.base_url == "https://portail.rivage-formation.example"
    assert config.host == "portail.rivage-formation.example"
    assert config.secure
    assert not config.demo
    assert config.database_url == f"sqlite:///{tmp_path / 'data' / 'portal.sqlite3'}"
    assert config.secret_key == KEY + "secret"
    assert config.smtp == Smtp("smtp.rivage-formation.example", 587, "starttls", "envoi", "m@t")


@pytest.mark.parametrize(
    "name",
    [
        "PORTAL_DATA",
        "PORTAL_BASE_URL",
        "PORTAL_SECRET_KEY_FILE",
        "PORTAL_LINK_KEY_FILE",
        "PORTAL_SMTP_URL",
    ],
)
def test_each_missing_setting_is_named(env: dict[str, str], name: str) -> None:
    del env[name]
    with pytest.raises(ConfigError) as caught:
        Config.from_env(env)
    assert f"- {name} :" in str(caught.value).replace("\u00a0", " ")
    assert str(caught.value).count("\n- ") == 1


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_postgresql_server(env: dict[str, str], scheme: str) -> None:
    env["DATABASE_URL"] = f"{scheme}://portail:m%40t@127.0.0.1/portail"
    url = "postgresql+psycopg://portail:m%40t@127.0.0.1/portail"
    assert Config.from_env(env).database_url == url


@pytest.mark.parametrize(
    "url",
    ["portail", "mysql://portail:s3cret@127.0.0.1/p", "postgresql://", "sqlite:portal.sqlite3"],
)
def test_another_database_is_refused(env: dict[str, str], url: str) -> None:
    env["DATABASE_URL"] = url
    with pytest.raises(ConfigError, match="DATABASE_URL : attendu postgresql://") as caught:
        Config.from_env(env)
    assert "s3cret" not in str(caught.value)


def test_all_missing_settings_are_named_together() -> None:
    with pytest.raises(ConfigError) as caught:
        Config.from_env({})
    assert str(caught.value).count("\n- ") == 5


@pytest.mark.parametrize(
    "key",
    [
        "",
        "court",
        "changeme",
        "dev",
        "a" * 64,
        "abab" * 16,
        "x" * 31,
    ],
)
@pytest.mark.parametrize("name", ["PORTAL_SECRET_KEY_FILE", "PORTAL_LINK_KEY_FILE"])
def test_a_weak_or_default_key_is_refused(env: dict[str, str], name: str, key: str) -> None:
    Path(env[name]).write_text(key)
    with pytest.raises(ConfigError, match=name):
        Config.from_env(env)


def test_an_unreadable_key_is_named(env: dict[str, str], tmp_path: Path) -> None:
    env["PORTAL_LINK_KEY_FILE"] = str(tmp_path / "absent")
    with pytest.raises(ConfigError, match=r"PORTAL_LINK_KEY_FILE.*absent"):
        Config.from_env(env)


@pytest.mark.parametrize(
    "base_url",
    [
        "portail.rivage-formation.example",
        "http://portail.rivage-formation.example",
        "ftp://portail.rivage-formation.example",
        "/",
    ],
)
def test_a_public_address_is_https(env: dict[str, str], base_url: str) -> None:
    env["PORTAL_BASE_URL"] = base_url
    with pytest.raises(ConfigError, match="PORTAL_BASE_URL"):
        Config.from_env(env)


@pytest.mark.parametrize(
    ("url", "security", "port"),
    [
        ("smtp://smtp.rivage-formation.example", "starttls", 587),
        ("smtps://smtp.rivage-formation.example", "tls", 465),
        ("smtp+plain://127.0.0.1:2525", "none", 2525),
        ("smtp+plain://[::1]", "none", 25),
    ],
)
def test_mail_servers(url: str, security: str, port: int) -> None:
    smtp = Smtp.parse(url)
    assert (smtp.security, smtp.port, smtp.username) == (security, port, None)


@pytest.mark.parametrize(
    "url",
    [
        "smtp+plain://smtp.rivage-formation.example",
        "smtp+plain://192.0.2.10:25",
        "http://smtp.rivage-formation.example",
        "smtp.rivage-formation.example:587",
        "smtp://",
    ],
)
def test_a_mail_server_without_encryption_or_sense_is_refused(
    env: dict[str, str], url: str
) -> None:
    env["PORTAL_SMTP_URL"] = url
    with pytest.raises(ConfigError, match="PORTAL_SMTP_URL"):
        Config.from_env(env)


@pytest.mark.parametrize("proxies", ["un", "-1", "1.0", "12"])
def test_proxies_are_a_small_number(env: dict[str, str], proxies: str) -> None:
    with pytest.raises(ConfigError, match="PORTAL_PROXIES"):
        Config.from_env(env | {"PORTAL_PROXIES": proxies})
    assert Config.from_env(env | {"PORTAL_PROXIES": "1"}).proxies == 1


def test_the_demonstration_makes_its_own_keys_and_keeps_them(tmp_path: Path) -> None:
    env = {"PORTAL_DEMO": "1", "PORTAL_DATA": str(tmp_path / "var")}
    first, second = Config.from_env(env), Config.from_env(env)
    assert first.demo
    assert first.base_url == "http://127.0.0.1:8000"
    assert not first.secure
    assert (first.secret_key, first.link_key) == (second.secret_key, second.link_key)
    assert first.secret_key != first.link_key
    for path in (tmp_path / "var").glob("*.txt"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_demonstration_is_never_public(tmp_path: Path) -> None:
    env = {
        "PORTAL_DEMO": "1",
        "PORTAL_DATA": str(tmp_path),
        "PORTAL_BASE_URL": "https://portail.rivage-formation.example",
    }
    with pytest.raises(ConfigError, match="PORTAL_DEMO"):
        Config.from_env(env)


def test_a_seal_of_one_s_own_choice(env: dict[str, str], tmp_path: Path) -> None:
    assert Config.from_env(env).seal_p12 is None
    (tmp_path / "seal.p12").write_bytes(b"-")
    (tmp_path / "password").write_text("-")
    given = env | {"PORTAL_SEAL_P12": str(tmp_path / "seal.p12")}
    with pytest.raises(ConfigError, match="se donnent ensemble"):
        Config.from_env(given)
    given["PORTAL_SEAL_PASSWORD_FILE"] = str(tmp_path / "password")
    config = Config.from_env(given)
    assert (config.seal_p12, config.seal_password_file) == (
        tmp_path / "seal.p12",
        tmp_path / "password",
    )
    given["PORTAL_SEAL_PASSWORD_FILE"] = str(tmp_path / "absent")
    with pytest.raises(ConfigError, match="absent est illisible"):
        Config.from_env(given)


@pytest.mark.parametrize(
    ("name", "url", "good"),
    [
        ("PORTAL_TSA_URL", "https://horodatage.example/tsr", True),
        ("PORTAL_TSA_URL", "http://horodatage.example/tsr", True),
        ("PORTAL_TSA_URL", "ftp://horodatage.example", False),
        ("PORTAL_TSA_URL", "horodatage.example", False),
        ("PORTAL_SMS_URL", "https://portail:secret@sms.example/envoi", True),
        ("PORTAL_SMS_URL", "http://127.0.0.1:8025/", True),
        ("PORTAL_SMS_URL", "http://sms.example/envoi", False),
    ],
)
def test_optional_services(env: dict[str, str], name: str, url: str, good: bool) -> None:
    config = Config.from_env(env)
    assert (config.tsa_url, config.sms_url) == ("", "")
    if good:
        config = Config.from_env(env | {name: url})
        assert url in (config.tsa_url, config.sms_url)
    else:
        with pytest.raises(ConfigError, match=name):
            Config.from_env(env | {name: url})
