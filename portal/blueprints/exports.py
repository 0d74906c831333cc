"""A list as a file for a spreadsheet, streamed row by row."""

from collections.abc import Iterable, Iterator, Sequence

from flask import Response, abort

from portal import clock, tabular
from portal.tabular import Column, Row

TYPES = {"csv": tabular.CSV_TYPE, "xlsx": tabular.XLSX_TYPE}


def answer(name: str, suffix: str, columns: Sequence[Column], rows: Iterable[Row]) -> Response:
    """« sessions-2026-11-23.csv » or .xlsx, as a download; any other suffix is a 404.

    The first bytes are made before the answer begins: what fails at once is still a clean error.
    """
    if suffix not in TYPES:
        abort(404)
    body = _begun(_bytes(name, suffix, columns, rows))
    response = Response(body, content_type=TYPES[suffix])
    filename = f"{name}-{clock.today().isoformat()}.{suffix}"
    response.headers.set("Content-Disposition", "attachment", filename=filename)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def _begun(body: Iterator[bytes]) -> Iterator[bytes]:
    """The same, its first bytes already made; closing it closes what it reads from."""

    first = next(body)

    def all_of_it() -> Iterator[bytes]:
        yield first
        yield from body

    return all_of_it()


def _bytes(
    name: str, suffix: str, columns: Sequence[Column], rows: Iterable[Row]
) -> Iterator[bytes]:
    if suffix == "csv":
        return tabular.csv_file(columns, rows)
    return tabular.xlsx_file(name.capitalize(), columns, rows)
