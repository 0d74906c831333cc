"""Tables as files: what spreadsheets read of them, and what they must never run."""

import csv
import hashlib
import io
import tracemalloc
import zipfile
from datetime import UTC, date, datetime
from typing import Any
from xml.etree import ElementTree

import pytest

from portal import tabular
from portal.tabular import Column, Kind

COLUMNS = (
    Column("Client"),
    Column("Personnes", Kind.COUNT),
    Column("Prix HT", Kind.MONEY),
    Column("Début", Kind.DAY),
    Column("Reçu", Kind.MOMENT),
)
NAME = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RECEIVED = datetime(2026, 11, 23, 15, 5, tzinfo=UTC)
ROW = ("Menuiserie Vasseur ; fils", 4, 123_456, date(2027, 1, 12), RECEIVED)
HOSTILE = [
    "=1+1",
    "+33 1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "  =1",
    "\u00a0=1",
    "\u3000@x",
    "＝1+1",
    "＋1",
    "－1",
    "＠x",
    "\u200b=1",
    "\u202e=1",
    "\n=1",
]


def csv_rows(rows: list[Any]) -> list[list[str]]:
    content = b"".join(tabular.csv_file(COLUMNS, rows))
    assert content.startswith(b"\xef\xbb\xbf")
    text = content.decode("utf-8-sig")
    assert text.endswith("\r\n")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))


def sheet(rows: list[Any], columns: tuple[Column, ...] = COLUMNS) -> list[list[dict[str, str]]]:
    """Each cell of the sheet as {type, style, text}."""
    content = b"".join(tabular.xlsx_file("Sessions", columns, rows))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            ElementTree.fromstring(archive.read(name))  # noqa: S314 - written just above
        tree = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))  # noqa: S314
    return [
        [
            {"type": c.get("t", "n"), "style": c.get("s", ""), "text": "".join(c.itertext())}
            for c in row
        ]
        for row in tree.iter(f"{NAME}row")
    ]


def test_a_french_spreadsheet_reads_the_csv() -> None:
    assert csv_rows([ROW, (None, None, None, None, None)]) == [
        ["Client", "Personnes", "Prix HT", "Début", "Reçu"],
        ["Menuiserie Vasseur ; fils", "4", "1234,56", "12/01/2027", "23/11/2026 16:05"],
        ["", "", "", "", ""],
    ]
    assert csv_rows([("x", 1, -5, None, None)])[1][2] == "-0,05"  # ours: a number, not a text


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_is_taken_for_a_formula(text: str) -> None:
    cell = csv_rows([(text, None, None, None, None)])[1][0]
    assert cell == f"'{text}"
    typed = sheet([(text, None, None, None, None)])[1][0]
    assert typed["type"] == "inlineStr"


@pytest.mark.parametrize("text", ["Vasseur", "a=b", "12 % - net", "", "’=1", "É-té"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert csv_rows([(text, None, None, None, None)])[1][0] == text


def test_numbers_are_numbers_and_dates_are_dates_in_the_workbook() -> None:
    heading, row, blank = sheet([ROW, (None,) * 5])
    assert [cell["text"] for cell in heading] == [column.title for column in COLUMNS]
    client, people, price, first, received = row
    assert client == {"type": "inlineStr", "style": "0", "text": "Menuiserie Vasseur ; fils"}
    assert (people["type"], people["text"]) == ("n", "4")
    assert (price["type"], price["style"], price["text"]) == ("n", "2", "1234.56")
    assert (first["type"], first["style"], first["text"]) == ("n", "3", "46399")
    assert (received["style"], round(float(received["text"]), 4)) == ("4", 46349.6701)
    assert date(1899, 12, 30).toordinal() + 46399 == date(2027, 1, 12).toordinal()
    assert [cell["text"] for cell in blank] == [""] * 5


def test_markup_and_impossible_characters_stay_text_in_the_workbook() -> None:
    text = '</t></is></c><c t="n"><v>1</v> &amp; \x00\x08\ufffe "x"'
    assert sheet([(text, None, None, None, None)])[1][0]["text"] == (
        '</t></is></c><c t="n"><v>1</v> &amp;  "x"'
    )
    long = sheet([("a" * 40_000, None, None, None, None)])[1][0]["text"]
    assert len(long) == tabular.MAX_CELL


@pytest.mark.parametrize("make", ["csv", "xlsx"])
def test_a_hundred_thousand_rows_need_little_memory(make: str) -> None:
    def rows() -> Any:
        for number in range(100_000):
            yield (f"Client {number}", number, number * 100, date(2027, 1, 12), RECEIVED)

    made = (
        tabular.csv_file(COLUMNS, rows())
        if make == "csv"
        else tabular.xlsx_file("Sessions", COLUMNS, rows())
    )
    tracemalloc.start()
    size = sum(map(len, made))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 500_000
    assert peak < 2_000_000


def test_a_printed_workbook_keeps_its_columns_on_one_page() -> None:
    content = b"".join(tabular.xlsx_file("Sessions", COLUMNS, [ROW]))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        tree = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))  # noqa: S314
    fits, page = tree.find(f".//{NAME}pageSetUpPr"), tree.find(f"{NAME}pageSetup")
    assert fits is not None
    assert page is not None
    assert fits.get("fitToPage") == "1"
    assert (page.get("orientation"), page.get("fitToWidth")) == ("landscape", "1")
    assert page.get("fitToHeight") == "0"  # as many pages down as there are rows


def test_a_workbook_given_out_in_pieces_is_whole() -> None:
    texts = [hashlib.sha256(str(n).encode()).hexdigest() * 4 for n in range(6_000)]
    pieces = list(tabular.xlsx_file("Sessions", COLUMNS[:1], [(text,) for text in texts]))
    assert len(pieces) > 2
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        assert archive.testzip() is None
        tree = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))  # noqa: S314
    rows = ["".join(row.itertext()) for row in tree.iter(f"{NAME}row")]
    assert rows == ["Client", *texts]
