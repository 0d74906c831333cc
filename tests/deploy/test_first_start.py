"""« First start » of docs/deployment.md, run as it is written, up to somebody who signs in.

Only what asks for root is stood in for: folders of the machine become folders of the test, its
accounts are ours, libraries are those of this environment. systemd's part is read from the unit
files that the page copies.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from portal.demonstration import loader
from portal.serving.following import SUPERVISED
from tests.deploy.proxied import NAME, Behind
from tests.emails.mailroom import Server
from tests.installation import ROOT
from tests.races.running import PATIENCE, Person, until

pytestmark = pytest.mark.skipif(
    not (ROOT / ".git").exists() or not shutil.which("git"), reason="nothing to clone here"
)
PLACES = ("/opt/portail", "/etc/portail", "/etc/systemd/system", "/var/lib/portail",
          "/var/backups/portail")  # fmt: skip
EMAIL, PASSWORD = "nadia@organisme.example", "girafe-tunnel-mandoline"
BIN = Path(sys.executable).parent
# What stands in for each program that only root may run, or that fetches from the network.
STANDS_IN = {
    "useradd": 'echo "useradd $*" >> "$SAID"',
    "chown": 'echo "chown $*" >> "$SAID"',
    "systemctl": 'echo "systemctl $*" >> "$SAID"',
    "setpriv": 'while [ "${1#-}" != "$1" ]; do case $1 in --init-groups) shift;; *) shift 2;; esac;'
    ' done; exec "$@"',
    "install": 'for word do shift; case $word in -o|-g) skip=1;; *) [ -n "$skip" ] || set -- "$@" '
    '"$word"; skip=;; esac; done; exec /usr/bin/install "$@"',
    "python3": 'if [ "$1 $2" = "-m venv" ]; then mkdir -p "$3/bin" && ln -s "$OURS"/* "$3/bin/" '
    '&& ln -sf "$STANDS/pip" "$3/bin/pip"; else exec "$OURS/python" "$@"; fi',
    "pip": 'for last do :; done; [ -f "$last" ] && echo "pip $*" >> "$SAID"',
}


def blocks() -> list[str]:
    """The commands of the section, block after block."""
    page = (ROOT / "docs/deployment.md").read_text()
    section = page.split("\n## First start\n")[1].split("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", section, re.S)


@dataclass
class Machine:
    """A machine whose root is a folder."""

    root: Path

    def place(self, path: str) -> Path:
        return self.root / path.removeprefix("/")

    def adapted(self, text: str) -> str:
        """The same commands, in the folders of this machine."""
        for place in PLACES:
            text = re.sub(rf"(?<![\w/]){place}\b", str(self.place(place)), text)
        return text.replace("<the repository>", str(ROOT))

    @property
    def env(self) -> dict[str, str]:
        """Nothing of the portal is set, but by the file of the page."""
        kept = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("PORTAL_", "DATABASE_", "PYTHON", "GIT_"))
        }
        stands = self.root / "stands-in"
        return kept | {
            "PATH": f"{stands}{os.pathsep}{os.environ['PATH']}",
            "STANDS": str(stands),
            "OURS": str(BIN),
            "SAID": str(self.root / "said.txt"),
            # whoever runs the tests may clone what another account checked out
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        }

    def said(self) -> list[str]:
        """What the programs that are stood in for were asked."""
        return (self.root / "said.txt").read_text().splitlines()

    def run(self, commands: str, given: str = "") -> str:
        """What the commands print; without a terminal, so that answers are read from `given`."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.adapted(commands)],
            cwd=self.root, env=self.env, input=given, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return done.stdout

    def settings(self) -> dict[str, str]:
        """The file of settings, as systemd reads it."""
        lines = (self.place("/etc/portail") / "env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line and line[0] != "#")

    @contextmanager
    def service(self, name: str) -> Iterator[None]:
        """What the unit of that name starts, first what it starts before; until the block ends."""
        unit = self.adapted((self.place("/etc/systemd/system") / f"{name}.service").read_text())
        env = self.env | self.settings() | {SUPERVISED: str(os.getpid())}
        (cwd,) = re.findall(r"^WorkingDirectory=(.+)$", unit, re.M)
        for before in re.findall(r"^ExecStartPre=(.+)$", unit, re.M):
            subprocess.run(before.split(), cwd=cwd, env=env, check=True, capture_output=True)
        (command,) = re.findall(r"^ExecStart=(.+)$", unit, re.M)
        with (self.root / f"{name}.txt").open("wb") as output:
            process = subprocess.Popen(
                command.split(), cwd=cwd, env=env, stdout=output, stderr=output, process_group=0
            )
        try:
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    found = Machine(tmp_path)
    stands = tmp_path / "stands-in"
    stands.mkdir()
    for name, text in STANDS_IN.items():
        (stands / name).write_text(f"#!/bin/sh\nset -e\n{text}\n")
        (stands / name).chmod(0o755)
    for place in ("/opt", "/etc/systemd/system", "/var/lib", "/var/backups"):
        found.place(place).mkdir(parents=True, exist_ok=True)
    return found


class Proxied(Person):
    """A browser that came through the proxy, which ends TLS."""

    def headers(self) -> dict[str, str]:
        return super().headers() | {
            "X-Forwarded-For": "203.0.113.9",
            "X-Forwarded-Proto": "https",
        }


def edited(machine: Machine, port: int) -> None:
    """« then edit it »: what is this machine's own."""
    file = machine.place("/etc/portail") / "env"
    text = machine.adapted(file.read_text())
    assert f"PORTAL_BASE_URL=https://{NAME}" in text
    file.write_text(f"{text}PORT={port}\nPORTAL_REGISTRY_URL=aucun\n")


def describe(machine: Machine) -> None:
    """The description starts from the demonstration's files, as the page says."""
    etc = machine.place("/etc/portail")
    for name in ("organisation.toml", "logo.png", "conditions-generales.txt",
                 "reglement-interieur.txt"):  # fmt: skip
        shutil.copy(loader.HERE / name, etc)
    shutil.copy(loader.HERE / "programmes" / "lecture-de-plans.toml", etc / "programme.toml")


def test_the_first_start_leads_to_somebody_who_signs_in(machine: Machine) -> None:
    install, account, create = blocks()
    portal = Behind(machine.place("/var/lib/portail"), Server())

    machine.run(install)
    edited(machine, portal.port)
    assert "useradd --system --home-dir" in machine.said()[0]
    assert machine.said()[-1] == (
        "systemctl enable --now portail-web portail-worker portail-backup.timer"
    )
    assert "pip install --require-hashes -r requirements.txt" in machine.said()
    for key in ("secret-key", "link-key"):
        file = machine.place("/etc/portail") / key
        assert (file.stat().st_mode & 0o777, len(file.read_text())) == (0o640, 65)
    assert portal.data.stat().st_mode & 0o777 == 0o700

    describe(machine)
    with machine.service("portail-web"), machine.service("portail-worker"):
        answers = "\n".join((EMAIL, "Nadia", "Belkacem", PASSWORD, PASSWORD, ""))
        said = machine.run(f"{account}\n{create}", answers)
        assert "Rivage Formation\u00a0: l’organisme est enregistré." in said
        assert "«\u00a0Lecture de plans et métrés\u00a0», version 3\u00a0: au catalogue." in said
        assert f"Nadia Belkacem peut se connecter sur https://{NAME}/connexion" in said

        nadia = Proxied(portal)
        until(lambda: nadia.get("/sante").status == 200, "the portal is never well")
        nadia.get("/connexion")
        answer = nadia.post("/connexion", {"email": EMAIL, "password": PASSWORD})
        assert (answer.status, answer.location) == (303, "/organisme/")
        assert "Dossiers" in nadia.get("/organisme/").text
