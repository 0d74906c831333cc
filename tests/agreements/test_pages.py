"""The XML of poppler, hostile or broken, and pages that are too much or nothing."""

import random
import time
from collections.abc import Iterator

import pytest

from portal.funding import reading_pages
from portal.funding.reading import Page, PagesError, Reading, Word, parse_bbox, read
from tests.agreements.typesetting import typeset

DOCTYPE = (
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" '
    '"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">'
)
WORD = '<word xMin="10" yMin="10" xMax="50" yMax="20">{}</word>'
SECONDS = 30  # of processor; about 1.5 on a quiet machine, minutes for a quadratic reading


def document(inside: str, doctype: str = DOCTYPE) -> str:
    page = f'<page width="595" height="842"><flow>{inside}</flow></page>'
    return f"{doctype}<html><head><title>x</title></head><body><doc>{page}</doc></body></html>"


def test_words_and_boxes() -> None:
    (page,) = parse_bbox(document(WORD.format("A &lt; &#233;")))
    assert page == Page(1, (Word("A < é", 10, 10, 50, 20),), 595, 842)


def test_control_characters_copied_by_poppler_are_dropped() -> None:
    (page,) = parse_bbox(document(WORD.format("1\x00 60\x080,00")))
    assert page.words[0].text == "1 600,00"


@pytest.mark.parametrize(
    "box",
    [
        'xMin="-90" yMin="10" xMax="-50" yMax="20"',
        'xMin="10" yMin="900" xMax="50" yMax="910"',
        'xMin="10" yMin="10" xMax="50" yMax="10.5"',
        'xMin="50" yMin="10" xMax="10" yMax="20"',
    ],
)
def test_words_nobody_can_see_are_left_out(box: str) -> None:
    (page,) = parse_bbox(document(f"<word {box}>1600€</word>"))
    assert page.words == ()


LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 9))
HOSTILE = {
    "billion laughs": document(WORD.format("&a8;"), f'<!DOCTYPE html [<!ENTITY a0 "ha">{LAUGHS}]>'),
    "external entity": document(
        WORD.format("&x;"), '<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    ),
    "parameter entity": document(
        "", '<!DOCTYPE html [<!ENTITY % x SYSTEM "http://hote.example/x"> %x;]>'
    ),
    "a doctype of its own": document("", '<!DOCTYPE html SYSTEM "http://hote.example/x.dtd">'),
    "poppler's doctype with a subset": document("", DOCTYPE[:-1] + " [<!ELEMENT html ANY>]>"),
    "undeclared entity": document(WORD.format("&nbsp;")),
    "instruction": document('<?xml-stylesheet href="http://hote.example/x"?>'),
    "not closed": document("<word>"),
    "not a number": document(WORD.format("a").replace('"10"', '"nan"')),
    "infinite": document(WORD.format("a").replace('"50"', '"1e999"')),
    "no box": document("<word>a</word>"),
    "word in a word": document(WORD.format(WORD.format("a"))),
    "word without a page": f"<html>{WORD.format('a')}</html>",
    "page in a page": document('<page width="1" height="1"></page>'),
    "page of no size": '<html><page width="0" height="842"></page></html>',
    "deep": document("<b>" * 40 + "</b>" * 40),
    "many attributes": document("<b " + " ".join(f'a{n}="1"' for n in range(40)) + "/>"),
    "empty": "",
    "not XML": "%PDF-1.7",
    "lone surrogate outside of the tree": "\ud800",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_xml_is_refused(name: str) -> None:
    with pytest.raises(PagesError):
        parse_bbox(HOSTILE[name])


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_pages, "MAX_WORDS", 3)
    assert len(parse_bbox(document(WORD.format("a") * 3))[0].words) == 3
    with pytest.raises(PagesError):
        parse_bbox(document(WORD.format("a") * 4))
    monkeypatch.setattr(reading_pages, "MAX_XML", 100)
    with pytest.raises(PagesError):
        parse_bbox(document(""))
    monkeypatch.setattr(reading_pages, "MAX_PAGES", 1)
    with pytest.raises(PagesError):
        parse_bbox('<html><page width="1" height="1"/><page width="1" height="1"/></html>')


def test_nothing_to_read() -> None:
    assert read([]) == Reading(is_scan=True)
    empty = [Page(1, (), 595, 842), Page(2, (), 595, 842)]
    assert read(empty) == Reading(is_scan=True, blank_pages=(1, 2), sizes=((595, 842),) * 2)
    stamp = Page(1, (Word("Numérisé", 10, 10, 60, 20), Word("2026", 62, 10, 80, 20)), 595, 842)
    assert read([stamp]).is_scan


def heavy() -> Iterator[tuple[str, Page]]:
    """Pages of some 10 000 words that a slow algorithm would not come out of."""
    words = (
        "montant accordé prise en charge demandé formation 1 600,00 € HT plafond de la Durée 14 "
        "heures SIRET 900 553 124 00018 du 12/01/2027 au 13 janvier 2027 _ ____ « » ( ) stagiaires"
    ).split()
    chance = random.Random(20261123)

    def some(how_many: int, between: str) -> str:
        return between.join(chance.choice(words) for _ in range(how_many))

    yield "one line", typeset(some(10_000, " "))
    yield "one row of cells", typeset(some(10_000, "   "))
    yield "a long paragraph", typeset("\n".join(some(12, " ") for _ in range(834)))
    yield "a long table", typeset("\n".join(some(10, "   ") for _ in range(1_000)))
    yield "amounts only", typeset("\n".join(["Montant accordé : 1 600,00 €"] * 1_700))
    below = ["Montant accordé : 1 600,00 € prise en charge"] * 700
    yield "many amounts", typeset("\n".join([*below, *(["mot " * 10] * 400)]))
    for text in ("1" * 100, "a1-" * 33, "_" * 90 + "accordé", "(" * 100, "1.111" * 20):
        column = [Word(text, 10, 10 + 12 * n, 50, 20 + 12 * n) for n in range(10_000)]
        yield f"words like {text[:8]}", Page(1, tuple(column), 600, 200_000)
    same = tuple(Word("1600€", 10, 10, 50, 20) for _ in range(10_000))
    yield "all in one place", Page(1, same, 600, 800)


@pytest.mark.parametrize("page", [pytest.param(page, id=name) for name, page in heavy()])
def test_heavy_pages_are_read_in_bounded_time(page: Page) -> None:
    started = time.process_time()
    read([page])
    assert time.process_time() - started < SECONDS
