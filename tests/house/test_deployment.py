"""What docs/deployment.md gives to copy: units, proxies, settings, and commands that exist.

`tests/deploy` starts what it describes.
"""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from portal.blueprints import receiving
from portal.cli import COMMANDS
from portal.config import Config
from portal.uploads.rules import MAX_TOTAL_OCTETS
from tests.installation import KEY, ROOT

DEPLOY = ROOT / "deploy"
PAGE = (ROOT / "docs/deployment.md").read_text()
UNITS = sorted((DEPLOY / "systemd").iterdir())
SERVICES = [path for path in UNITS if path.suffix == ".service"]
HARDENED = {
    "NoNewPrivileges": "yes",
    "PrivateTmp": "yes",
    "ProtectHome": "yes",
    "ProtectSystem": "strict",
    "CapabilityBoundingSet": "",
    "UMask": "0077",
    "User": "portail",
}


def read_unit(path: Path) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(path.read_text())
    return parser


def commands_of(path: Path) -> list[str]:
    return re.findall(r"^ExecStart(?:Pre)?=/opt/portail/\.venv/bin/(.+)$", path.read_text(), re.M)


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_a_service_can_do_little_beside_its_work(path: Path) -> None:
    service = read_unit(path)["Service"]
    assert {name: service.get(name) for name in HARDENED} == HARDENED


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_what_a_service_starts_exists(path: Path) -> None:
    commands = commands_of(path)
    assert commands
    for command in commands:
        program, *words = command.split()
        if program == "flask":
            assert words[:2] == ["--app", "wsgi"]
            assert words[2] in COMMANDS
        else:
            assert command in (ROOT / "Procfile").read_text()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd on this machine")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    """Without the programs and accounts of a real installation, which are not here."""
    for path in UNITS:
        text = re.sub(r"/opt/portail/\.venv/bin/\w+", "/bin/true", path.read_text())
        text = re.sub(r"^(User|Group|EnvironmentFile|Documentation|WorkingDirectory)=.*\n", "",
                      text, flags=re.M)  # fmt: skip
        (tmp_path / path.name).write_text(text)
    files = [str(path) for path in tmp_path.iterdir()]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *files], capture_output=True, text=True
    )
    # other units of the machine are read as well: only what is said of ours counts
    said = [line for line in done.stderr.splitlines() if "portail-" in line]
    assert said == []


def test_the_settings_to_copy_are_read_by_the_portal(tmp_path: Path) -> None:
    lines = (DEPLOY / "env").read_text().splitlines()
    env = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    for name in ("PORTAL_SECRET_KEY_FILE", "PORTAL_LINK_KEY_FILE"):
        assert env[name].startswith("/etc/portail/")
        env[name] = str(tmp_path / name)
        Path(env[name]).write_text(KEY)
    config = Config.from_env(env)
    assert (config.proxies, config.secure) == (1, True)
    (url,) = re.findall(r"^# DATABASE_URL=(.+)$", (DEPLOY / "env").read_text(), re.M)
    assert Config.from_env({**env, "DATABASE_URL": url}).database_url.startswith("postgresql+")


# --- Proxies


@pytest.mark.parametrize("name", ["nginx.conf", "Caddyfile"])
def test_a_proxy_admits_what_the_portal_admits(name: str) -> None:
    text = (DEPLOY / name).read_text()
    (mebibytes,) = re.findall(r"(?:client_max_body_size|max_size) ([0-9]+)(?:m;|MiB)", text)
    assert int(mebibytes) * 1024 * 1024 == MAX_TOTAL_OCTETS + receiving.BESIDE
    assert "127.0.0.1:8000" in text
    assert text.count("{") == text.count("}")


def caddy_logs(uri: str) -> str:
    text = (DEPLOY / "Caddyfile").read_text()
    of_errors, of_visits = re.findall(r'request>uri regexp "(.+)" "(.+)"', text)
    assert of_errors == of_visits
    expression, value = of_visits
    return re.sub(expression, value, uri)


def test_caddy_writes_down_no_link_and_no_question() -> None:
    for uri in (
        "/l/esp-12-secret",
        "//l/esp-12-secret",
        "/%6c/esp-12-secret",
        "/l%2fesp-12-secret",
        "/l/esp-12-secret/renouveler?a=secret",
        "/acces/mdp-1-secret",
        "/agenda/secret.ics",
    ):
        assert "secret" not in caddy_logs(uri)
    assert "Vasseur" not in caddy_logs("/organisme/?q=Vasseur")
    assert caddy_logs("/organisme/").startswith("/organisme/")


def test_nginx_uses_the_masked_address_alone() -> None:
    text = (DEPLOY / "nginx.conf").read_text()
    (line,) = re.findall(r"log_format portail '(.+)';", text)
    assert "$portail_path" in line
    assert not {"$request ", "$request_uri", "$uri", "$http_referer", "$args"} & set(
        re.split(r"(?=\$)", line)
    )
    assert "headers delete" in (DEPLOY / "Caddyfile").read_text()


# --- The page


def test_every_command_of_the_page_exists() -> None:
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.S))
    subprocess.run(
        ["bash", "-n"], input=blocks.replace("<the repository>", "."), text=True, check=True
    )
    used = re.findall(r"^(?:portail|flask --app wsgi) ([a-z-]+)", blocks, re.M)
    assert {"backup", "restore", "verify", "create-user"} <= set(used)
    assert set(used) <= set(COMMANDS)
    for command in re.findall(r"^gunicorn .+$", blocks, re.M):
        assert command in (ROOT / "Procfile").read_text()


def test_every_file_of_the_page_exists() -> None:
    for name in re.findall(r"\bdeploy/[\w./-]+", PAGE):
        assert (ROOT / name).exists(), name
    for name in re.findall(r"portail-\w+\.(?:service|timer)", PAGE):
        assert (DEPLOY / "systemd" / name).exists()
