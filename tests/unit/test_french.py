"""Dates, hours, numbers and names as a French reader expects them."""

import unicodedata
from datetime import UTC, date, datetime, time

import pytest
from bs4 import BeautifulSoup

from portal import french

N = "\u00a0"


@pytest.mark.parametrize(
    ("day", "shown"),
    [
        (date(2027, 1, 12), f"12{N}janvier{N}2027"),
        (date(2027, 3, 1), f"1er{N}mars{N}2027"),
        (date(2028, 2, 29), f"29{N}février{N}2028"),
        (date(2026, 8, 31), f"31{N}août{N}2026"),
        (date(2026, 12, 1), f"1er{N}décembre{N}2026"),
    ],
)
def test_dates_in_words(day: date, shown: str) -> None:
    assert french.date_mid(day) == shown


def test_the_other_dates() -> None:
    assert french.date_long(date(2027, 1, 12)) == f"mardi 12{N}janvier{N}2027"
    assert french.date_short(date(2027, 3, 1)) == "01/03/2027"
    assert french.day_month(date(2027, 3, 1)) == f"1er{N}mars"
    assert french.weekday(date(2026, 11, 22)) == "dimanche"


def test_an_instant_is_shown_in_paris() -> None:
    evening = datetime(2026, 12, 31, 23, 5, tzinfo=UTC)
    assert french.date_mid(evening) == f"1er{N}janvier{N}2027"
    assert french.hour(evening) == f"0{N}h{N}05"
    assert french.moment(evening) == f"vendredi 1er{N}janvier{N}2027 à 0{N}h{N}05"


@pytest.mark.parametrize(
    ("instant", "shown"),
    [
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), f"2{N}h{N}30"),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), f"2{N}h{N}30"),
        (datetime(2027, 3, 28, 1, 0, tzinfo=UTC), f"3{N}h{N}00"),
    ],
)
def test_hours_on_the_days_the_clocks_change(instant: datetime, shown: str) -> None:
    assert french.hour(instant) == shown


def test_an_hour_of_the_schedule_is_not_moved() -> None:
    assert french.hour(time(9, 0)) == f"9{N}h{N}00"


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [
        (date(2026, 12, 15), date(2026, 12, 15), f"15{N}décembre{N}2026"),
        (date(2027, 1, 12), date(2027, 1, 13), f"12 et 13{N}janvier{N}2027"),
        (date(2027, 1, 12), date(2027, 1, 20), f"du 12 au 20{N}janvier{N}2027"),
        (date(2027, 3, 1), date(2027, 3, 2), f"1er et 2{N}mars{N}2027"),
        (date(2027, 1, 31), date(2027, 2, 1), f"31{N}janvier et 1er{N}février{N}2027"),
        (date(2027, 1, 28), date(2027, 2, 4), f"du 28{N}janvier au 4{N}février{N}2027"),
        (
            date(2026, 12, 31),
            date(2027, 1, 1),
            f"31{N}décembre{N}2026 et 1er{N}janvier{N}2027",
        ),
        (
            date(2026, 12, 28),
            date(2027, 1, 5),
            f"du 28{N}décembre{N}2026 au 5{N}janvier{N}2027",
        ),
    ],
)
def test_spans(first: date, last: date, shown: str) -> None:
    assert french.span(first, last) == shown


def test_since() -> None:
    today = date(2026, 11, 23)
    assert french.since(today, today) == "aujourd’hui"
    assert french.since(date(2026, 11, 22), today) == "hier"
    assert french.since(date(2026, 11, 19), today) == f"il y a 4{N}jours"
    assert french.since(date(2026, 11, 24), today) == "aujourd’hui"


@pytest.mark.parametrize(
    ("minutes", "shown"),
    [
        (840, f"14{N}heures"),
        (60, f"1{N}heure"),
        (1_050, f"17{N}h{N}30"),
        (45, f"45{N}minutes"),
        (1, f"1{N}minute"),
        (605, f"10{N}h{N}05"),
        (0, f"0{N}heure"),
    ],
)
def test_durations(minutes: int, shown: str) -> None:
    assert french.duration(minutes) == shown


def test_hours_as_funders_ask_for_them() -> None:
    assert french.decimal_hours(1_050) == "17,50"
    assert french.decimal_hours(840) == "14,00"
    assert french.decimal_hours(20) == "0,33"


@pytest.mark.parametrize(
    ("n", "shown"),
    [
        (0, f"0{N}stagiaire"),
        (1, f"1{N}stagiaire"),
        (2, f"2{N}stagiaires"),
        (1_200, f"1{N}200{N}stagiaires"),
    ],
)
def test_the_plural_begins_at_two(n: int, shown: str) -> None:
    assert french.count(n, "stagiaire") == shown


def test_irregular_plurals_and_lists() -> None:
    assert french.count(3, "travail", "travaux") == f"3{N}travaux"
    assert french.enumeration(["a"]) == "a"
    assert french.enumeration(["a", "b"]) == "a et b"
    assert french.enumeration(["a", "b", "c"]) == "a, b et c"
    assert french.enumeration([]) == ""


def test_sizes_and_rates() -> None:
    assert french.size(12) == f"1{N}Ko"
    assert french.size(84_400) == f"84{N}Ko"
    assert french.size(1_400_000) == f"1,4{N}Mo"
    assert french.percent(2_000) == f"20{N}%"
    assert french.percent(550) == f"5,5{N}%"
    assert french.percent(1_205) == f"12,05{N}%"


def test_identifiers_in_groups() -> None:
    assert french.siret("90055312400018") == f"900{N}553{N}124{N}00018"
    assert french.nda("11750000075") == f"11{N}75{N}00000{N}75"
    assert french.iban("FR7630006000011234567890189").startswith(f"FR76{N}3000{N}6000")
    assert french.phone("0199001234") == f"01{N}99{N}00{N}12{N}34"
    assert french.phone("+32 2 555 12 34") == "+32 2 555 12 34"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Élodie  ", "Élodie"),
        ("E\u0301lodie", "Élodie"),
        ("a\x00b\x08c", "abc"),
        ("a\u202eb", "ab"),
        ("zéro\u200blargeur", "zérolargeur"),
        ("deux\r\nlignes\rici", "deux\nlignes\nici"),
        ("O’Brien", "O’Brien"),
        ("Żaneta", "Żaneta"),
    ],
)
def test_clean_drops_what_cannot_be_seen(typed: str, kept: str) -> None:
    assert french.clean(typed) == kept


def test_what_cannot_be_seen_is_dropped_alone_and_among_letters() -> None:
    for point in (*range(0x3000), 0xFEFF, 0xD800, 0xE000, 0x1F600, 0xE0001):
        letter = chr(point)
        kept = letter if letter == "\n" or unicodedata.category(letter)[0] != "C" else ""
        assert french.visible(letter) == kept
        assert french.visible(f"a{letter}b") == f"a{kept}b"


def test_one_line_folds_blanks_and_breaks() -> None:
    assert french.one_line(" a \n b\u00a0\u00a0c\t d ") == "a b c d"
    assert french.one_line(" \r\n ") == ""


def test_searches_ignore_case_accents_and_ligatures() -> None:
    assert french.fold("Œuvre  D’Été") == "oeuvre d'ete"
    assert french.fold("MENUISERIE VASSEUR") == french.fold("Menuiserie Vasseur")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Dossier S-2026-0001", 'Dossier <span class="nowrap">S-2026-0001</span>'),
        (
            "C-2026-0142 v2, D-2026-12345",
            '<span class="nowrap">C-2026-0142 v2</span>, <span class="nowrap">D-2026-12345</span>',
        ),
        ("<b>A-2026-0001</b>", '&lt;b&gt;<span class="nowrap">A-2026-0001</span>&lt;/b&gt;'),
        ("Le 2026-11-24, RS-2026-0001", "Le 2026-11-24, RS-2026-0001"),
    ],
)
def test_a_reference_stays_in_one_piece(text: str, shown: str) -> None:
    assert french.unbroken(text) == shown
    soup = BeautifulSoup(french.unbroken(text), "html.parser")
    assert soup.get_text() == text, "it is copied and found as it is typed"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Constructys", "de Constructys"),
        ("L’Opcommerce", "de L’Opcommerce"),
        ("Ateliers Bresson", "d’Ateliers Bresson"),
        ("Élan", "d’Élan"),
        ("Œuvre des Forges", "d’Œuvre des Forges"),
        ("Hélène Vasseur", "d’Hélène Vasseur"),
        ("Hôtel du Port", "d’Hôtel du Port"),
        ("Hans Weber", "de Hans Weber"),
        ("Halles de Dijon", "de Halles de Dijon"),
        ("Homard Bleu", "de Homard Bleu"),
        ("Yves Le Goff", "d’Yves Le Goff"),
        ("Yann Le Goff", "de Yann Le Goff"),
        ("3 Rivières", "de 3 Rivières"),
        ("", "de "),
    ],
)
def test_a_name_after_de(name: str, said: str) -> None:
    assert french.of(name) == said
