"""The PDF files of the corpus: sound, broken, bombs, active."""

import io
import zlib
from collections.abc import Callable

import pikepdf
from pikepdf import Dictionary, Name, Pdf
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from tests.uploads import raw
from tests.uploads.raw import agreement, objects_of, pdf, stream, with_objects

MIB = 1024 * 1024


def text() -> bytes:
    """An agreement of a fictional fund."""
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1)
    lines = (
        "OPCO Exemple — Accord de prise en charge n° 2026-0042",
        "Entreprise : Menuiserie Vasseur, SIRET 900 553 124 00018",
        "Montant accordé : 1 500,00 € HT",
    )
    for number, line in enumerate(lines):
        canvas.drawString(72, 770 - 20 * number, line)
    canvas.save()
    return out.getvalue()


def saved(change: Callable[[Pdf], None] | None = None, **options: object) -> bytes:
    """The text, changed and saved by pikepdf with those options."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(text())) as document:
        if change:
            change(document)
        document.save(out, static_id=True, **options)  # type: ignore[arg-type]
    return out.getvalue()


def scan() -> bytes:
    """Five A4 pages at 300 dots per inch, 10 MB of JPEG."""
    noise = Image.effect_noise((1240, 1754), 90).resize((2480, 3508))
    picture = io.BytesIO()
    noise.save(picture, "JPEG", quality=40)
    content = picture.getvalue()
    objects = objects_of(pages=5)
    for n in range(5):
        image = b"/Type /XObject /Subtype /Image /Width 2480 /Height 3508 "
        objects[20 + n] = stream(
            content, image + b"/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode"
        )
        objects[30 + n] = stream(b"q 595 0 0 842 0 0 cm /Im Do Q")
        objects[10 + n] = (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R "
            b"/Resources << /XObject << /Im %d 0 R >> >> >>" % (30 + n, 20 + n)
        )
    return pdf(objects)


def signed() -> bytes:
    signature = (
        b"<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.detached "
        b"/ByteRange [0 100 300 200] /Contents <%s> >>" % (b"00" * 100)
    )
    field = (
        b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Signature1) /V 20 0 R /F 132 "
        b"/Rect [0 0 0 0] /P 10 0 R >>"
    )
    form = b"/AcroForm << /Fields [21 0 R] /SigFlags 3 >>"
    return with_objects({20: signature, 21: field}, page=b"/Annots [21 0 R]", root=form)


def owner_only(revision: int = 6) -> bytes:
    lock = pikepdf.Encryption(
        owner="proprietaire",
        user="",
        R=revision,  # type: ignore[arg-type]
        aes=revision >= 4,
        metadata=revision >= 4,
        allow=pikepdf.Permissions(print_highres=False, print_lowres=False),
    )
    return saved(encryption=lock)


def user_password() -> bytes:
    return saved(encryption=pikepdf.Encryption(owner="proprietaire", user="secret"))


def _attach(name: str, content: bytes, mime: str) -> Callable[[Pdf], None]:
    def change(document: Pdf) -> None:
        document.attachments[name] = pikepdf.AttachedFileSpec(
            document, content, filename=name, mime_type=mime
        )

    return change


def archive_with_xml() -> bytes:
    return saved(_attach("factur-x.xml", b"<?xml version='1.0'?><a/>", "text/xml"))


def embedded_program() -> bytes:
    return saved(_attach("accord.exe", b"MZ\x90\0" + b"\0" * 400, "application/octet-stream"))


def filled_form() -> bytes:
    look = stream(
        b"BT /F1 12 Tf 2 5 Td (Vasseur) Tj ET",
        b"/Type /XObject /Subtype /Form /BBox [0 0 200 20] /Resources << /Font << /F1 3 0 R >> >>",
    )
    field = (
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (nom) /V (Vasseur) /F 4 "
        b"/Rect [72 600 272 620] /P 10 0 R /DA (/F1 12 Tf) /AP << /N 21 0 R >> >>"
    )
    form = b"/AcroForm << /Fields [20 0 R] /DR << /Font << /F1 3 0 R >> >> >>"
    return with_objects({20: field, 21: look}, page=b"/Annots [20 0 R]", root=form)


# --- Broken


def trailing_garbage() -> bytes:
    return text() + raw.chance(15).randbytes(5 * MIB)


def prev_loop() -> bytes:
    whole = agreement()
    place = int(whole.rpartition(b"startxref\n")[2].split(b"\n")[0])
    return pdf(objects_of(), trailer=b"/Prev %010d" % place)


def page_tree_loop() -> bytes:
    objects = objects_of()
    objects[2] = b"<< /Type /Pages /Kids [5 0 R] /Count 1 >>"
    objects[5] = b"<< /Type /Pages /Parent 2 0 R /Kids [2 0 R] /Count 1 >>"
    return pdf(objects)


def claims_pages(count: int) -> bytes:
    objects = objects_of()
    objects[2] = b"<< /Type /Pages /Kids [10 0 R] /Count %d >>" % count
    return pdf(objects)


def nested(depth: int = 200_000) -> bytes:
    return with_objects({20: b"[" * depth + b"]" * depth}, page=b"/Nested 20 0 R")


def many_objects(count: int = 210_000) -> bytes:
    extra = {20 + n: b"<</A %d>>" % n for n in range(count)}
    return with_objects(extra)


# --- Bombs


def drawn_by(content: bytes) -> bytes:
    """A page whose content is that stream object."""
    return pdf({**objects_of(), 4: content})


def twice_folded() -> bytes:
    inner = raw.deflated_blanks(1_000_000_000)
    return drawn_by(stream(zlib.compress(inner, 9), b"/Filter [/FlateDecode /FlateDecode]"))


def object_stream_bomb() -> bytes:
    """The catalogue stands in an object stream of 1 GB."""
    head = b"1 0 << /Type /Catalog /Pages 2 0 R >>"
    out = raw.deflated_blanks(1_000_000_000, head=head)
    objects = objects_of()
    del objects[1]
    objects[20] = stream(out, b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode")
    return with_reference_stream(objects, {1: (20, 0)})


def hidden_javascript() -> bytes:
    """The action stands in an object stream too long for us, not for a reader of PDF."""
    objects = objects_of(root=b"/OpenAction 6 0 R")
    out = raw.deflated_blanks(100_000_000, head=b"6 0 << /S /JavaScript /JS (1) >>")
    objects[20] = stream(out, b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode")
    return with_reference_stream(objects, {6: (20, 0)})


def with_reference_stream(objects: dict[int, bytes], inside: dict[int, tuple[int, int]]) -> bytes:
    """A file with a cross-reference stream; `inside`: number → (object stream, rank)."""
    out = bytearray(b"%PDF-1.7\n")
    places = {}
    for number, body in sorted(objects.items()):
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    own = max([*objects, *inside]) + 1
    places[own] = len(out)
    rows = bytearray()
    for number in range(own + 1):
        if number in inside:
            holder, rank = inside[number]
            rows += bytes([2]) + holder.to_bytes(4, "big") + rank.to_bytes(2, "big")
        elif number in places:
            rows += bytes([1]) + places[number].to_bytes(4, "big") + b"\0\0"
        else:
            rows += bytes([0]) + b"\0\0\0\0" + b"\xff\xff"
    entries = b"/Type /XRef /Size %d /W [1 4 2] /Root 1 0 R" % (own + 1)
    out += b"%d 0 obj\n%s\nendobj\n" % (own, raw.folded(bytes(rows), entries))
    return bytes(out) + b"startxref\n%d\n%%%%EOF\n" % places[own]


def huge_image(side: int = 50_000) -> bytes:
    content = raw.folded_blanks(
        side * side // 8,
        b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray "
        b"/BitsPerComponent 1" % (side, side),
        b"\0",
    )
    objects = objects_of(page=b"")
    objects[4] = stream(b"q 595 0 0 842 0 0 cm /Im Do Q")
    objects[20] = content
    objects[10] = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /XObject << /Im 20 0 R >> >> >>"
    )
    return pdf(objects)


def entity_bomb() -> bytes:
    """Metadata that a careless reader of XML would swell to gigabytes."""
    levels = [b'<!ENTITY a0 "ha">']
    levels += [b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 11)]
    xml = b"<?xml version='1.0'?><!DOCTYPE x [%s]><x:xmpmeta xmlns:x='adobe:ns:meta/'>&a10;"
    content = xml % b"".join(levels) + b"</x:xmpmeta>"
    return with_objects({20: stream(content, b"/Type /Metadata /Subtype /XML")}, root=META)


META = b"/Metadata 20 0 R"


def unicode_bomb() -> bytes:
    """A table of characters that claims millions of ranges."""
    ranges = b"100 beginbfrange\n" + b"<0000> <ffff> <0041>\n" * 100 + b"endbfrange\n"
    objects = objects_of()
    objects[3] = FONT_WITH_TABLE
    objects[20] = raw.folded(b"/CIDInit /ProcSet findresource begin\n" + ranges * 2000)
    return pdf(objects)


FONT_WITH_TABLE = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 20 0 R >>"


def lzw_bomb() -> bytes:
    return drawn_by(stream(bytes([129, 32]) * (2 * MIB), b"/Filter /RunLengthDecode"))


def chained_bomb() -> bytes:
    """Run lengths, deflated: 128 × 1000 times its size."""
    packed = zlib.compress(bytes([129, 32]) * (4 * MIB), 9)
    return drawn_by(stream(packed, b"/Filter [/FlateDecode /RunLengthDecode]"))


# --- Active


def opens(action: bytes) -> bytes:
    return agreement(root=b"/OpenAction << %s >>" % action)


def link(action: bytes) -> bytes:
    note = b"<< /Type /Annot /Subtype /Link /Rect [0 0 595 842] /A << %s >> >>" % action
    return with_objects({20: note}, page=b"/Annots [20 0 R]")


def rich(subtype: bytes) -> bytes:
    note = b"<< /Type /Annot /Subtype /%s /Rect [0 0 595 842] >>" % subtype
    return with_objects({20: note}, page=b"/Annots [20 0 R]")


def javascript_in_object_stream() -> bytes:
    def change(document: Pdf) -> None:
        document.Root.OpenAction = document.make_indirect(
            Dictionary(S=Name.JavaScript, JS="app.alert(1)")
        )

    return saved(change, object_stream_mode=pikepdf.ObjectStreamMode.generate)


def xfa(needs_rendering: bool = False) -> bytes:
    form = b"/AcroForm << /Fields [] /XFA 20 0 R >>"
    if needs_rendering:
        form += b" /NeedsRendering true"
    return with_objects({20: stream(b"<xdp:xdp xmlns:xdp='http://ns.adobe.com/xdp/'/>")}, root=form)
