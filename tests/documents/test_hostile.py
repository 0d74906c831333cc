"""Markup typed into a form is text on a paper, and reaches no file and no socket."""

import re
import socket
import threading
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.documents import kinds, press
from portal.rendering import paper_environment, pdftext
from tests.documents import cast, papers

SVG = b64encode(
    b'<svg xmlns:xlink="http://www.w3.org/1999/xlink"><image xlink:href="/etc/passwd"/></svg>'
).decode()
SECRET = "mot-de-passe-qui-ne-doit-pas-sortir"
MARKUP = [
    '<img src="file:///etc/passwd">',
    "<img src=http://127.0.0.1:{port}/>",
    '<img src="//127.0.0.1:{port}/x">',
    '<img src="{secret}">',
    '<img src="../../config.py">',
    "<link rel=stylesheet href=http://127.0.0.1:{port}/a.css>",
    '<style>@import url("http://127.0.0.1:{port}/b.css");</style>',
    "<style>@font-face {{ font-family: x; src: url({secret}) }} p {{ font-family: x }}</style>",
    '<style>@page {{ background-image: url("{secret}") }}</style>',
    '<div style="background:url(http://127.0.0.1:{port}/c)">x</div>',
    '<div style="background-image:url({secret})">x</div>',
    "<pdf:nextpage/>",
    '<pdf:barcode value="1" type="qr">',
    "<pdf:toc/>",
    '<pdf:include src="{secret}">',
    '<pdf:font name="x" src="{secret}">',
    '<canvas type="graph">{{}}</canvas>',
    '<object data="{secret}"></object>',
    '<iframe src="{secret}"></iframe>',
    f'<img src="data:image/svg+xml;base64,{SVG}">',
    "<font color=\"[[[getattr(pow,Word('__globals__'))]['os'].system('id')]]]\">x</font>",
    "</td></tr></table><h1>Bon pour 1 €</h1>",
    "--><!-- ",
    "{{{{ 7*7 }}}} {{% include 'x' %}}",
    "%s{{0.__class__}}",
    "<p style='content:\"" + "\\" * 40 + "'>x</p>",
]


@pytest.fixture
def listener() -> Iterator[tuple[int, list[str]]]:
    """A local port that notes who knocks."""
    server = socket.create_server(("127.0.0.1", 0))
    calls: list[str] = []

    def listen() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            calls.append("call")
            connection.close()

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    yield server.getsockname()[1], calls
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(5)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.txt"
    path.write_text(SECRET)
    return path


def test_typed_markup_is_printed_as_text(listener: tuple[int, list[str]], secret: Path) -> None:
    """Every payload in a list of texts, and in each kind of single field in turn."""
    port, calls = listener
    payloads = [template.format(port=port, secret=secret) for template in MARKUP]
    people = cast.trainees(len(payloads))
    for person, payload in zip(people, payloads, strict=True):
        person.last_name = payload
    for kind in kinds.ISSUED_TOGETHER:
        training = cast.training(
            trainees=people,
            headcount=len(people),
            place_mode="other",
            place=payloads[1],
            trainer=cast.trainer(titles=payloads[2], last_name=payloads[3]),
            programme=cast.programme(
                title=payloads[0],
                objectives=payloads,
                content=[{"title": text, "minutes": 30, "points": [text]} for text in payloads],
                methods=payloads[4],
            ),
            company=cast.company(legal_name=payloads[5], address=payloads[6]),
        )
        printed = papers.made(kind, training).text
        text = _bare(printed)
        assert [payload for payload in payloads if _bare(payload) not in text] == []
        assert SECRET not in printed
        assert "root:x:0" not in printed
    company = cast.company(legal_name=payloads[5], address=" ".join(payloads))
    undertaking = _bare(papers.made("engagement", cast.funded(company=company)).text)
    assert [payload for payload in payloads if _bare(payload) not in undertaking] == []
    assert calls == []


def test_raw_markup_reaches_nothing_either(listener: tuple[int, list[str]], secret: Path) -> None:
    """Were the escaping lost, the policy, the callback and the tripwire would still hold."""
    port, calls = listener
    for template in MARKUP:
        payload = template.format(port=port, secret=secret)
        text = _printed_or_refused(f"<html><body><p>avant</p>{payload}<p>après</p></body></html>")
        assert SECRET not in text
        assert "root:x:0" not in text
    assert calls == []


def _printed_or_refused(html: str) -> str:
    try:
        return papers.read(press.print_pdf(html).content).text
    except press.PressError as error:
        return str(error)


@pytest.mark.parametrize(
    "bomb",
    ["A" * 20_000, "<" * 50_000, "é" * 20_000, "mot " * 5_000, "\u202e\u0000\u200b\ufeff" * 2_000],
    ids=["letters", "brackets", "accents", "words", "invisible"],
)
def test_a_huge_field_still_makes_a_paper(bomb: str) -> None:
    training = cast.training(programme=cast.programme(title=bomb, objectives=[bomb]))
    assert 1 <= len(papers.made("programme", training).pages) <= 60


def test_a_run_without_blank_wraps_inside_the_page() -> None:
    training = cast.funded(programme=cast.programme(title="A" * 2_000, methods="B" * 3_000))
    for kind in kinds.KINDS:
        paper = papers.made(kind, training)
        assert paper.text.count("A") >= 2_000
        runs = re.findall(r"[AB]+", "\n".join(paper.pages))
        assert max(map(len, runs)) <= 120


def test_depth_and_size_are_refused_in_time() -> None:
    for bomb in ("<div>" * 500, "<table><tr><td>" * 70, "x" * (3 * 1024 * 1024)):
        with pytest.raises(press.PressError):
            press.print_pdf(f"<html><body>{bomb}</body></html>")


def test_every_expression_of_a_paper_is_cleaned() -> None:
    template = paper_environment().from_string("{{ name }}|{{ name|upper }}|{{ 'a' ~ name }}")
    assert template.render(name="\u202ea\u0007\ue000<b>") == "a&lt;b&gt;|A&lt;B&gt;|aa&lt;b&gt;"


def test_pdftext() -> None:
    assert pdftext("e\u0301") == "é"
    assert pdftext("a\u200bb\u202ec\u0000d\ue000e") == "abcde"
    assert pdftext("x" * 130).split("\u200b") == ["x" * 40, "x" * 40, "x" * 40, "x" * 10]
    assert pdftext(pdftext("x" * 130)) == pdftext("x" * 130)
    assert pdftext("x" * 120) == "x" * 120
    assert len(pdftext("mot " * 9_000)) <= 4_001
    assert pdftext("« Oui » : 8 h 30 ?") == "«\u00a0Oui\u00a0»\u00a0: 8\u00a0h\u00a030\u00a0?"


def _bare(text: str) -> str:
    """Without blanks: where a line was broken tells nothing about what was printed."""
    return re.sub(r"\s", "", papers.flat(text))
