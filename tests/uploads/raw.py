"""PDF files written octet by octet: what no library would agree to write."""

import random
import zlib
from collections.abc import Mapping

CHANCE_SEED = 20261123
CONTENT = b"BT /F1 24 Tf 72 720 Td (Accord de prise en charge) Tj ET"
FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


def chance(number: int) -> random.Random:
    """The seeded chance of one entry of the corpus."""
    return random.Random(CHANCE_SEED + number)


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), entries, content)


def folded(content: bytes, entries: bytes = b"") -> bytes:
    """A deflated stream."""
    return stream(zlib.compress(content, 9), b"/Filter /FlateDecode " + entries)


def folded_blanks(octets: int, entries: bytes = b"", blank: bytes = b" ") -> bytes:
    """A deflated stream of blanks, made without holding them in memory."""
    return stream(deflated_blanks(octets, blank), b"/Filter /FlateDecode " + entries)


def deflated_blanks(octets: int, blank: bytes = b" ", head: bytes = b"") -> bytes:
    """What `head` and that many blanks deflate to, made without inflating them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    chunk = blank * 1_000_000
    again = packer.compress(chunk) + packer.flush(zlib.Z_FULL_FLUSH)  # stands on its own
    total = zlib.adler32(head)
    for _ in range(octets // len(chunk)):
        total = zlib.adler32(chunk, total)
    body = first + again * (octets // len(chunk)) + packer.flush()
    return b"\x78\xda" + body + total.to_bytes(4, "big")


def objects_of(pages: int = 1, page: bytes = b"", root: bytes = b"") -> dict[int, bytes]:
    """Catalogue 1, page tree 2, font 3, content 4, pages from 10 on."""
    kids = b" ".join(b"%d 0 R" % (10 + n) for n in range(pages))
    found = {
        1: b"<< /Type /Catalog /Pages 2 0 R %s >>" % root,
        2: b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, pages),
        3: FONT,
        4: stream(CONTENT),
    }
    box = b"" if b"/MediaBox" in page else b"/MediaBox [0 0 595 842]"
    for n in range(pages):
        found[10 + n] = (
            b"<< /Type /Page /Parent 2 0 R %s /Contents 4 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> %s >>" % (box, page)
        )
    return found


def pdf(
    objects: Mapping[int, bytes],
    trailer: bytes = b"",
    version: bytes = b"1.7",
    *,
    has_xref: bool = True,
    start: int | None = None,
) -> bytes:
    """The file of those objects. `start` replaces the place of the table of references."""
    out = bytearray(b"%%PDF-%s\n%%\xe2\xe3\xcf\xd3\n" % version)
    places = {}
    for number, body in sorted(objects.items()):
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    size = max(objects) + 1
    if has_xref:
        out += b"xref\n0 %d\n0000000000 65535 f \n" % size
        for number in range(1, size):
            place = places.get(number)
            out += b"%010d 00000 n \n" % place if place else b"0000000000 00000 f \n"
        out += b"trailer\n<< /Size %d /Root 1 0 R %s >>\n" % (size, trailer)
    out += b"startxref\n%d\n%%%%EOF\n" % (table if start is None else start)
    return bytes(out)


def agreement(**changes: bytes) -> bytes:
    """A sound page of text; `page` and `root` add entries to its dictionaries."""
    return pdf(objects_of(page=changes.get("page", b""), root=changes.get("root", b"")))


def with_objects(extra: Mapping[int, bytes], page: bytes = b"", root: bytes = b"") -> bytes:
    """A sound page of text, and those objects (numbered from 20 on)."""
    return pdf({**objects_of(page=page, root=root), **extra})
