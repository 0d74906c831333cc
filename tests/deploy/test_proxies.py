"""The portal behind the proxies of deploy/: who is believed, what passes, what is kept."""

from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests import conftest, story
from tests.deploy import proxied
from tests.deploy.proxied import NAME, Behind, Caddy, Guest, Nginx, Proxy
from tests.emails.mailroom import Server
from tests.races.running import FORM, PATIENCE, ready_sessions, running, together

NEW = "/formateur/sessions/nouvelle"
FORGED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "evil.example"}
MEBIBYTE = 1024 * 1024


@pytest.fixture(scope="module", params=[Nginx, Caddy], ids=lambda kind: kind.name)
def proxy(
    template: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Proxy]:
    kind = request.param
    if proxied.program(kind.name) is None:
        pytest.skip(f"no {kind.name} here: tests/install-proxies.sh says how")
    folder = tmp_path_factory.mktemp("proxied")
    source = ready_sessions(template, folder / "ready", 1)
    with (
        running(source, folder / "data", Server(), kind=Behind) as portal,
        proxied.started(folder / kind.name, portal, kind) as found,
    ):
        yield found


@pytest.fixture
def nginx(proxy: Proxy) -> Nginx:
    """What only nginx is asked to do."""
    if not isinstance(proxy, Nginx):
        pytest.skip(f"{proxy.name} does it by itself, or not at all")
    return proxy


@pytest.fixture(scope="module")
def trainer(proxy: Proxy) -> Guest:
    """Signed in through the proxy, saying that it comes from elsewhere."""
    guest = Guest(proxy, FORGED)
    guest.get("/connexion")
    answer = guest.post("/connexion", {"email": conftest.TRAINER, "password": conftest.PASSWORD})
    assert (answer.status, answer.location) == (303, "/formateur/")
    assert guest.get(NEW).status == 200
    return guest


def form_of(octets: int) -> bytes:
    return b"note=" + b"x" * octets


# --- Who is believed


def test_the_journal_keeps_the_address_that_the_proxy_saw(proxy: Proxy, trainer: Guest) -> None:
    assert trainer.post(NEW, {"way": "self", "key": "through"}).status == 303
    found = proxy.portal.rows(
        "SELECT journal_details.details FROM journal_details JOIN journal_entry USING (seq) "
        "WHERE journal_entry.event = 'create' ORDER BY seq DESC LIMIT 1"
    )
    assert "127.0.0.1" in str(found)
    assert "203.0.113.9" not in str(found)


def test_cookies_and_headers_are_those_of_a_site_over_tls(proxy: Proxy, trainer: Guest) -> None:
    assert trainer.cookies
    assert all(name.startswith("__Host-") for name in trainer.cookies)
    answer, _page = proxy.ask("GET", "/connexion")
    told = {name.lower(): value for name, value in answer.getheaders()}
    assert answer.status == 200
    assert told["strict-transport-security"].startswith("max-age=31536000")
    assert "default-src" in told["content-security-policy"]
    assert told["cache-control"] == "no-store"
    assert told["content-type"] == "text/html; charset=utf-8"
    assert told["server"] in ("nginx", "Caddy")  # its version is nobody's business


def test_another_name_reaches_no_page(nginx: Nginx) -> None:
    answer, _page = nginx.ask("GET", "/connexion", {"Host": "evil.example"})
    assert answer.status == 400


def test_without_tls_one_is_led_to_the_site(proxy: Proxy) -> None:
    assert led_to(proxy, NAME) == f"https://{NAME}/connexion?suite=/formateur/"


def test_and_nowhere_else(nginx: Nginx) -> None:
    assert led_to(nginx, "evil.example") == f"https://{NAME}/connexion?suite=/formateur/"


def led_to(proxy: Proxy, host: str) -> str | None:
    with closing(HTTPConnection("127.0.0.1", proxy.plain_port, timeout=PATIENCE)) as connection:
        connection.request("GET", "/connexion?suite=/formateur/", headers={"Host": host})
        answer = connection.getresponse()
    assert answer.status in (301, 308)
    return answer.headers["Location"]


# --- What passes


def test_files_pass_where_they_are_awaited_and_no_heavy_form_does(
    proxy: Proxy, trainer: Guest
) -> None:
    (ref, *_others) = proxy.portal.rows("SELECT ref FROM training_session ORDER BY id")
    files = {**trainer.headers(), "Content-Type": "multipart/form-data; boundary=b"}
    files["HX-Request"] = "true"  # answered at once, without another page
    parts = (
        f'--b\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{trainer.token}\r\n'
        '--b\r\nContent-Disposition: form-data; name="fichiers"; filename="a.pdf"\r\n\r\n'
    )
    body = parts.encode() + b"x" * 13 * MEBIBYTE + b"\r\n--b--\r\n"
    answer, page = proxy.ask("POST", f"/formateur/sessions/{ref}/accord", files, body)
    assert answer.status == 422
    # all of it was read by the portal, which says its own rule
    assert "Ce fichier dépasse 12" in page.decode()

    form = {**trainer.headers(), "Content-Type": FORM}
    answer, page = proxy.ask("POST", NEW, form, form_of(300 * 1024))
    assert answer.status == 413
    assert "<html" in page.decode()


def test_what_nobody_admits_is_turned_away_before_it_is_sent(nginx: Nginx) -> None:
    heavy = {"Content-Type": FORM, "Content-Length": str(62 * MEBIBYTE)}
    answer, said = nginx.ask("POST", "/connexion", heavy)
    assert answer.status == 413
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "dépasse 60 Mo" in said.decode()


def test_styles_are_compressed_and_pages_never(proxy: Proxy) -> None:
    """A page carries a token beside what its visitor typed: compressed, its length tells of it."""
    wanted = {"Accept-Encoding": "gzip"}
    page, _ = proxy.ask("GET", "/connexion", wanted)
    style, _ = proxy.ask("GET", "/statique/app.css", wanted)
    assert (page.status, page.headers["Content-Encoding"]) == (200, None)
    assert (style.status, style.headers["Content-Encoding"]) == (200, "gzip")


# --- What is kept


def test_nothing_written_down_opens_or_names(proxy: Proxy, trainer: Guest) -> None:
    with proxy.portal.app() as app:
        link = story.a_training(app, "shared").link.removeprefix(proxy.portal.url)
    token = link.rpartition("/")[2]
    client = Guest(proxy)
    assert client.get(link).status == 200
    assert client.post(link).status == 303
    for path in (
        f"/{link}",  # a slash too many; a letter of it written otherwise
        link.replace("/l/", "/%6c/"),
        f"{link}/renouveler?encore={token}",
        "/acces/mdp-1-" + token,
        f"/agenda/{token}.ics",
        f"/formateur/?q={story.CLIENT}",
        "/connexion\\x22?" + token,
    ):
        proxy.ask("GET", path, {"Referer": f"https://{NAME}{link}", "User-Agent": token})
    assert proxy.noted("POST", proxy.hidden, "303")
    assert proxy.noted("GET", "/formateur/")
    kept = proxy.logs() + proxy.portal.said() + (proxy.portal.data / "access.log").read_text()
    for secret in (
        token, story.CLIENT, conftest.PASSWORD, trainer.token,
        *trainer.cookies.values(), *client.cookies.values(),
    ):  # fmt: skip
        assert secret not in kept


def test_whoever_hurries_is_asked_to_wait_and_nobody_is_named(nginx: Nginx, tmp_path: Path) -> None:
    secret = "/l/esp-1-" + "B" * 43
    with proxied.started(
        tmp_path / "nginx", nginx.portal
    ) as another:  # the others have not hurried
        answers = together(*[lambda: another.ask("GET", f"{secret}?q={story.CLIENT}")] * 80)
    told = [said.decode() for answer, said in answers if answer.status == 429]
    by_nginx = [said for said in told if said.startswith("Trop de demandes à la fois")]
    assert 0 < len(by_nginx) < 80
    assert '"GET /l/***" 429 ' in "".join(another.visits())
    assert "B" * 43 not in another.logs()
    assert story.CLIENT not in another.logs()


def test_a_portal_that_is_stopped_is_said_and_nobody_is_named(
    proxy: Proxy, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(proxy.portal.start_web)
    proxy.portal.stop()
    answer, said = proxy.ask("GET", "/l/esp-1-" + "C" * 43)
    assert answer.status == 503
    assert "Le portail ne répond pas" in said.decode()
    assert proxy.noted("GET", proxy.hidden, "503")
    assert "C" * 43 not in proxy.logs()
