"""What a first visit weighs, and that nothing vendored was altered."""

import base64
import gzip
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from portal import app as portal_app
from tests.pages import Visitor, soup_of

STATIC = Path(portal_app.__file__).parent / "static"
HTMX_SHA384 = "2OatzQy1H+Zd/IIrjr1TcuDGqLXeHhbooAyJY1KdQMKnr4LZ22k31GBLdYKHmVjg"


def gzipped(name: str) -> int:
    return len(gzip.compress((STATIC / name).read_bytes(), 9))


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("app.css", 10_000),
        ("app.js", 4_000),
        ("htmx.min.js", 17_500),
        ("icons/sprite.svg", 4_000),
    ],
)
def test_budgets(name: str, limit: int) -> None:
    assert gzipped(name) <= limit


def test_the_font_fits() -> None:
    assert (STATIC / "fonts/source-sans-3-fr.woff2").stat().st_size <= 24_000


def test_a_first_visit_fits_in_64_kb_and_7_requests(anonymous: Visitor) -> None:
    page = anonymous.get("/")
    soup = soup_of(page.text)
    wanted = {str(t["href"]) for t in soup.select("link[rel=stylesheet], link[rel=preload]")}
    wanted |= {str(t["src"]) for t in soup.select("script[src]")}
    wanted |= {"/statique/icons/sprite.svg", str(soup.select_one("link[rel=icon]")["href"])}  # type: ignore[index]
    names = {path.removeprefix("/statique/").partition("?")[0] for path in wanted}
    weight = len(gzip.compress(page.data))
    for name in names:
        raw = (STATIC / name).stat().st_size
        weight += raw if name.endswith(".woff2") else gzipped(name)
    assert len(names) + 1 <= 7
    assert weight <= 64_000
    assert len(gzip.compress(page.data)) <= 8_000


def test_htmx_is_the_one_that_was_chosen() -> None:
    content = (STATIC / "htmx.min.js").read_bytes()
    assert base64.b64encode(hashlib.sha384(content).digest()).decode() == HTMX_SHA384
    assert b'version:"2.0.11"' in content


def test_htmx_is_told_to_stay_quiet(anonymous: Visitor) -> None:
    meta = soup_of(anonymous.get("/").text).select_one("meta[name=htmx-config]")
    assert meta is not None
    settings = json.loads(str(meta["content"]))
    assert settings["allowEval"] is settings["allowScriptTags"] is False
    assert settings["selfRequestsOnly"] is True
    assert settings["historyCacheSize"] == 0
    assert settings["includeIndicatorStyles"] is False


def test_nothing_is_loaded_from_elsewhere() -> None:
    for path in STATIC.rglob("*"):
        if path.suffix in (".css", ".svg") or path.name == "app.js":
            text = re.sub(r"http://www\.w3\.org/[a-z0-9/]+", "", path.read_text("utf-8"))
            assert not re.search(r"(?:https?:)?//[a-z0-9-]+\.[a-z]", text), path
    css = (STATIC / "app.css").read_text("utf-8")
    for url in re.findall(r"url\(\"?([^\")]+)", css):
        assert (STATIC / url).is_file(), url


def test_every_icon_named_is_in_the_sprite() -> None:
    sprite = (STATIC / "icons/sprite.svg").read_text("utf-8")
    known = set(re.findall(r'id="([^"]+)"', sprite))
    templates = STATIC.parent / "templates"
    named = set()
    for path in templates.rglob("*.html"):
        named |= set(re.findall(r"icon\(\"([a-z0-9-]+)\"", path.read_text("utf-8")))
    assert len(named) > 10
    assert named <= known


def test_the_web_process_starts_without_what_it_never_uses(tmp_path: Path) -> None:
    """What makes papers, what seals them, the driver of a database it does not have, migrations and
    the commands with their demonstration."""
    code = (
        "import sys\n"
        "from portal.app import create_app\n"
        "from portal.config import Config\n"
        "create_app(Config.from_env({'PORTAL_DEMO': '1', 'PORTAL_DATA': sys.argv[1]}))\n"
        "heavy = {'xhtml2pdf', 'reportlab', 'svglib', 'PIL', 'lxml', 'pypdf', 'pikepdf'}\n"
        "heavy |= {'pyhanko', 'pyhanko_certvalidator', 'asn1crypto', 'cryptography', 'aiohttp'}\n"
        "heavy |= {'psycopg', 'alembic', 'flask_migrate', 'mako', 'httpx'}\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "ours = {'portal.demonstration', 'portal.safekeeping', 'portal.cli.processes'}\n"
        "print(sorted(heavy & loaded | ours & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=STATIC.parents[1],
    )
    assert done.stdout.strip() == "[]"
