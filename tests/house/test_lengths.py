"""A file that can be read in one sitting: what grows past it is cut along its subject."""

from pathlib import Path

import pytest

PORTAL = Path(__file__).resolve().parents[2] / "portal"
LIMIT = 300
# The style sheet is whole because a page asks for one; lists and htmx are not ours to cut.
READ = (".py", ".html", ".txt")


def files() -> list[Path]:
    own = [path for path in PORTAL.rglob("*") if path.suffix in READ]
    return sorted([*own, PORTAL / "static" / "app.js"])


def test_files_are_found() -> None:
    assert len(files()) > 200


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PORTAL)))
def test_no_file_passes_the_limit(path: Path) -> None:
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= LIMIT, f"{path.relative_to(PORTAL)}: {lines} lines, cut it along its subject"
