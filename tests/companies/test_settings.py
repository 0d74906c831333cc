"""Which directory is asked: the real one by default, none in a demonstration started by hand."""

from pathlib import Path

import pytest

from portal.config import REGISTRY_URL, Config, ConfigError


def env(tmp_path: Path, **changes: str) -> dict[str, str]:
    return {"PORTAL_DEMO": "1", "PORTAL_DATA": str(tmp_path)} | changes


def test_the_demonstration_asks_only_where_it_is_told(tmp_path: Path) -> None:
    assert Config.from_env(env(tmp_path)).registry_url == ""
    told = Config.from_env(env(tmp_path, PORTAL_REGISTRY_URL="http://127.0.0.1:9/"))
    assert told.registry_url == "http://127.0.0.1:9"


def test_a_real_installation_asks_the_public_directory(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("kTq3vW9xLz7bN1mR5sD8fG2hJ6pY4cQ0aE-uI_oX")
    real = env(
        tmp_path,
        PORTAL_DEMO="0",
        PORTAL_BASE_URL="https://portail.organisme.example",
        PORTAL_SECRET_KEY_FILE=str(key),
        PORTAL_LINK_KEY_FILE=str(key),
        PORTAL_SMTP_URL="smtp+plain://127.0.0.1:25",
    )
    assert Config.from_env(real).registry_url == REGISTRY_URL
    assert Config.from_env(real | {"PORTAL_REGISTRY_URL": "aucun"}).registry_url == ""


@pytest.mark.parametrize("url", ["http://annuaire.example", "ftp://127.0.0.2", "rien", "https://"])
def test_a_directory_is_asked_over_tls_only(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match="PORTAL_REGISTRY_URL"):
        Config.from_env(env(tmp_path, PORTAL_REGISTRY_URL=url))
