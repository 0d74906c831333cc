"""A table as a file a spreadsheet opens: CSV as French spreadsheets read it, or XLSX. Pure.

Both are made row by row: a hundred thousand rows need no more memory than ten.
"""

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from xml.sax.saxutils import escape

from portal import clock

Value = str | int | date | datetime | None
Row = Sequence[Value]
CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CHUNK = 64 * 1024  # bytes given out at once
MAX_CELL = 32_767  # characters a spreadsheet keeps of one cell
_FIRST_DAY = date(1899, 12, 30)  # day 0 of spreadsheets
_TRIGGERS = tuple("=+-@")


class Kind(StrEnum):
    """What a column holds: `MONEY` is cents, `MOMENT` an instant shown in Paris time."""

    TEXT = "text"
    COUNT = "count"
    MONEY = "money"
    DAY = "day"
    MOMENT = "moment"


@dataclass(frozen=True)
class Column:
    """One column: its heading, what it holds, its width in characters."""

    title: str
    kind: Kind = Kind.TEXT
    width: int = 24


# --- CSV


def csv_file(columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[bytes]:
    """Semicolons, UTF-8 with its mark, decimal commas, CRLF; no text is read as a formula."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";", lineterminator="\r\n")
    buffer.write("\ufeff")
    writer.writerow([column.title for column in columns])
    for row in rows:
        writer.writerow([_csv_cell(c.kind, v) for c, v in zip(columns, row, strict=True)])
        if buffer.tell() > CHUNK:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _csv_cell(kind: Kind, value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{clock.paris(value):%d/%m/%Y %H:%M}"
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, int):
        return _amount(value, ",") if kind is Kind.MONEY else str(value)
    return defused(value)


def defused(text: str) -> str:
    """`text`, with an apostrophe before what a spreadsheet would take for a formula.

    Blanks, invisible characters and full-width signs before or as the first one change nothing:
    some programs skip or fold them.
    """
    seen = unicodedata.normalize("NFKC", text)
    seen = "".join(c for c in seen if unicodedata.category(c) not in ("Cf", "Cc")).lstrip()
    is_risky = seen.startswith(_TRIGGERS) or text.startswith(("\t", "\r", "\n"))
    return f"'{text}" if is_risky else text


def _amount(cents: int, point: str) -> str:
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole}{point}{rest:02d}"


# --- XLSX


class _Sink(io.RawIOBase):
    """Takes what the archive writes, and gives it out once. Never sought: it only goes forward."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[bytes] = []
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self.parts.append(bytes(data))
        self.size += len(data)
        return len(data)

    def take(self) -> bytes:
        given = b"".join(self.parts)
        self.parts.clear()
        self.size = 0
        return given


def xlsx_file(sheet: str, columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[bytes]:
    """A workbook of one sheet: numbers are numbers, dates are dates, texts are never formulas."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _fixed_parts(sheet).items():
            archive.writestr(_entry(name), text)
        with archive.open(_entry("xl/worksheets/sheet1.xml"), "w", force_zip64=True) as part:
            part.write(_sheet_head(columns).encode())
            for row in rows:
                part.write(_xlsx_row(columns, row).encode())
                if sink.size > CHUNK:
                    yield sink.take()
            part.write(_SHEET_FOOT.encode())
    yield sink.take()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
# index of each kind in the cellXfs below; 0 is plain, 5 the heading
_STYLE = {Kind.TEXT: 0, Kind.COUNT: 1, Kind.MONEY: 2, Kind.DAY: 3, Kind.MOMENT: 4}
_HEADING = 5


def _fixed_parts(sheet: str) -> dict[str, str]:
    """Everything but the rows, by name in the archive (ECMA-376, the least a workbook needs)."""
    overrides = {
        "/xl/workbook.xml": f"{_TYPES}.sheet.main+xml",
        "/xl/worksheets/sheet1.xml": f"{_TYPES}.worksheet+xml",
        "/xl/styles.xml": f"{_TYPES}.styles+xml",
    }
    listed = "".join(
        f'<Override PartName="{name}" ContentType="{kind}"/>' for name, kind in overrides.items()
    )
    return {
        "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
        'relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
        f"{listed}</Types>",
        "_rels/.rels": _relations({"officeDocument": "xl/workbook.xml"}),
        "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        f'<sheet name="{_text(sheet, 31)}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relations(
            {"worksheet": "worksheets/sheet1.xml", "styles": "styles.xml"}
        ),
        "xl/styles.xml": _styles(),
    }


def _relations(targets: dict[str, str]) -> str:
    listed = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets.items(), start=1)
    )
    return f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{listed}</Relationships>'


def _styles() -> str:
    formats = {164: "#,##0.00", 165: "dd/mm/yyyy", 166: "dd/mm/yyyy hh:mm"}
    numbers = "".join(
        f'<numFmt numFmtId="{n}" formatCode="{code}"/>' for n, code in formats.items()
    )
    cells = "".join(
        f'<xf numFmtId="{number}" fontId="{font}" fillId="0" borderId="0" xfId="0"'
        f' applyNumberFormat="1" applyFont="1" applyAlignment="1">{_alignment(number)}</xf>'
        for number, font in ((0, 0), (1, 0), (164, 0), (165, 0), (166, 0), (0, 1))
    )
    font = '<font>{}<sz val="11"/><name val="Calibri"/></font>'
    return (
        f'{_XML}<styleSheet xmlns="{_MAIN}"><numFmts count="{len(formats)}">{numbers}</numFmts>'
        f'<fonts count="2">{font.format("")}{font.format("<b/>")}</fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
        f'<cellXfs count="6">{cells}</cellXfs></styleSheet>'
    )


def _alignment(number: int) -> str:
    """Days stand under their title, on the left; figures stay on the right."""
    return '<alignment horizontal="left"/>' if number in (165, 166) else ""


# Printed, the columns stand side by side on one landscape A4 page (paper size 9).
_SHEET_FOOT = (
    '</sheetData><pageMargins left="0.4" right="0.4" top="0.5" bottom="0.5" header="0.2"'
    ' footer="0.2"/><pageSetup paperSize="9" orientation="landscape" fitToWidth="1"'
    ' fitToHeight="0"/></worksheet>'
)


def _sheet_head(columns: Sequence[Column]) -> str:
    widths = "".join(
        f'<col min="{n}" max="{n}" width="{column.width}" customWidth="1"/>'
        for n, column in enumerate(columns, start=1)
    )
    titles = "".join(_text_cell(column.title, _HEADING) for column in columns)
    return (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
        '<sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
        f"</sheetView></sheetViews><cols>{widths}</cols><sheetData><row>{titles}</row>"
    )


def _xlsx_row(columns: Sequence[Column], row: Row) -> str:
    cells = (_xlsx_cell(column.kind, value) for column, value in zip(columns, row, strict=True))
    return f"<row>{''.join(cells)}</row>"


def _xlsx_cell(kind: Kind, value: Value) -> str:
    style = _STYLE[kind]
    if value is None:
        return "<c/>"
    if isinstance(value, str):
        return _text_cell(value, style)
    return f'<c s="{style}"><v>{_number(kind, value)}</v></c>'


def _number(kind: Kind, value: int | date | datetime) -> str:
    if isinstance(value, datetime):
        local = clock.paris(value).replace(tzinfo=None)
        seconds = (local - datetime.combine(_FIRST_DAY, datetime.min.time())).total_seconds()
        return f"{seconds / 86_400:.6f}"
    if isinstance(value, date):
        return str((value - _FIRST_DAY).days)
    return _amount(value, ".") if kind is Kind.MONEY else str(value)


def _text_cell(text: str, style: int) -> str:
    kept = _text(text, MAX_CELL)
    return f'<c s="{style}" t="inlineStr"><is><t xml:space="preserve">{kept}</t></is></c>'


_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _text(text: str, length: int) -> str:
    """Escaped, without what XML 1.0 cannot hold, cut to what a spreadsheet keeps."""
    return escape(_NOT_XML.sub("", text)[:length], {'"': "&quot;"})
