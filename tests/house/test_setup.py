"""What a fresh clone is installed from: locked, hashed, without addresses, without surprises."""

import re
import subprocess
import tomllib

import pytest

from portal.companies.rules import check_siret
from tests.installation import ROOT

SCRIPTS = ("tests/install-browser.sh", "tests/on-postgresql.sh")
LOCKS = ("requirements.txt", "requirements-dev.txt")
PIN = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>\S+)", re.MULTILINE)
# Below these, a published flaw reaches the portal.
FLOORS = {
    "flask": (3, 1, 3),
    "werkzeug": (3, 1, 6),
    "xhtml2pdf": (0, 2, 19),
    "reportlab": (4, 4, 9),
    "svglib": (2, 3, 1),
}


def pins(lock: str) -> dict[str, str]:
    return {m["name"]: m["version"] for m in PIN.finditer((ROOT / lock).read_text())}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_a_hash_for_everything_and_an_address_for_nothing(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert not re.search(r"https?://|index-url|find-links", text)
    blocks = re.split(r"\n(?=[a-z0-9-]+==)", text)
    assert len(blocks) == len(PIN.findall(text)) > 10
    for block in blocks:
        assert "--hash=sha256:" in block, block.splitlines()[0]


@pytest.mark.parametrize("lock", LOCKS)
def test_what_is_asked_for_is_locked(lock: str) -> None:
    asked = (ROOT / lock.replace(".txt", ".in")).read_text()
    names = re.findall(r"^([a-z][a-z0-9-]*)(?:\[.*?\])?(?:[>=~ ].*)?$", asked, re.MULTILINE)
    assert names
    assert set(names) <= set(pins(lock))


def test_both_locks_agree() -> None:
    run, dev = pins(LOCKS[0]), pins(LOCKS[1])
    assert {name: dev.get(name) for name in run} == run


@pytest.mark.parametrize("name", FLOORS)
def test_no_version_with_a_known_flaw(name: str) -> None:
    version = tuple(int(part) for part in re.findall(r"[0-9]+", pins(LOCKS[0])[name]))
    assert version >= FLOORS[name]


def test_the_python_that_is_asked_for_is_the_one_that_is_checked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["requires-python"] == ">=3.11"
    assert project["tool"]["ruff"]["target-version"] == "py311"
    assert "(3, 11)" in (ROOT / "Makefile").read_text()


def recipe(target: str, *variables: str) -> str:
    """What `make` would run, without running it, as if everything had to be installed."""
    command = ["make", "--dry-run", "--always-make", "PYTHON=python3", *variables, target]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def test_run_installs_migrates_loads_and_serves_in_that_order() -> None:
    lines = recipe("run")
    steps = [
        "--require-hashes -r requirements.txt",
        "db upgrade",
        "demonstration",
        "serve",
    ]
    found = [lines.index(step) for step in steps]
    assert found == sorted(found)
    assert "uv " not in lines


def test_only_make_run_asks_for_the_demonstration() -> None:
    setting = re.compile(r"PORTAL_DEMO\W{1,4}1")
    for name in ("Procfile", ".ci/run", *SCRIPTS):
        assert not setting.search((ROOT / name).read_text()), name
    assert len(setting.findall((ROOT / "Makefile").read_text())) == 1


@pytest.mark.parametrize("script", [".ci/run", *SCRIPTS])
def test_scripts_are_whole_and_can_be_started(script: str) -> None:
    path = ROOT / script
    assert path.stat().st_mode & 0o111
    assert "set -euo pipefail" in path.read_text()
    subprocess.run(["bash", "-n", str(path)], check=True)


def test_the_company_to_try_with_has_a_valid_number() -> None:
    numbers = re.findall(r"[0-9]{3} [0-9]{3} [0-9]{3} [0-9]{5}", (ROOT / "README.md").read_text())
    assert numbers
    for number in numbers:
        assert check_siret(number)


def test_every_link_of_the_readme_leads_somewhere() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text()):
            if not target.startswith("docs/pictures/"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"
