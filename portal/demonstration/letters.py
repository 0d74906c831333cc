"""The funders' answers that the fictional clients hand in: one page of Helvetica, written by hand.

A whole PDF library would cost every start of the demonstration more than the sessions it shows.
"""

from collections.abc import Sequence

from portal.extensions import store
from portal.uploads.keeping import Stored

_TOP, _LEFT, _STEP = 770, 70, 22  # points, from the bottom left of an A4 sheet


def agreement(name: str, lines: Sequence[str]) -> Stored:
    """A letter that says these lines, kept in the store as if the gate had let it pass."""
    content = letter(lines)
    sha256 = store().put(content)
    kind = {"sha256": sha256, "name": name, "octets": len(content), "type": "application/pdf"}
    return Stored(name, sha256, len(content), 1, [kind], [])


def letter(lines: Sequence[str]) -> bytes:
    """The PDF: the first line is its heading."""
    drawn = [_line(text, number) for number, text in enumerate(lines)]
    page = b"BT\n" + b"\n".join(drawn) + b"\nET"
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    return _file(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(page), page),
        font,
    )


def _line(text: str, number: int) -> bytes:
    size = 11 if number else 15
    shown = text.encode("cp1252")
    for sign in (b"\\", b"(", b")"):
        shown = shown.replace(sign, b"\\" + sign)
    return b"/F1 %d Tf 1 0 0 1 %d %d Tm (%s) Tj" % (size, _LEFT, _TOP - _STEP * number, shown)


def _file(*objects: bytes) -> bytes:
    """The objects numbered from 1, the first being the catalogue, and the table to find them."""
    content, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    head = b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return content + head + trailer % (size, len(content))
