"""The images of the corpus."""

import io
import struct
import zlib
from functools import cache

import pillow_heif
from PIL import Image, ImageDraw, PngImagePlugin

from portal.uploads.photos import LONG_SIDE
from tests.uploads import raw

SIZE = (1200, 900)
COLOURS = ("red", "green", "blue")


def drawing(colour: str = "red", size: tuple[int, int] = SIZE, mode: str = "RGB") -> Image.Image:
    """White paper whose top left quarter is of that colour: its way up can be told."""
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).rectangle((0, 0, size[0] // 2, size[1] // 2), fill=colour)
    return image.convert(mode)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)  # type: ignore[arg-type]
    return out.getvalue()


def photo(colour: str = "red", orientation: int = 1) -> bytes:
    """A JPEG of a telephone: its way up, its maker and where it was taken."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "Fabricant Exemple"
    exif.get_ifd(0x8825)[2] = (47.0, 1.0, 30.0)
    image = drawing(colour)
    return encoded(image, "JPEG", quality=88, exif=exif, comment=b"lieu: Beaune")


def heic(tile: int = 0) -> bytes:
    out = io.BytesIO()
    options = {"tile_size": tile} if tile else {}
    pillow_heif.from_pillow(drawing("green")).save(out, quality=60, **options)
    return out.getvalue()


def screenshot() -> bytes:
    image = drawing("blue").convert("RGBA")
    image.putalpha(200)
    return encoded(image, "PNG")


def tiff(pages: int = 3, mode: str = "RGB", **options: object) -> bytes:
    first, *others = [drawing(COLOURS[n % 3], mode=mode) for n in range(pages)]
    return encoded(first, "TIFF", save_all=True, append_images=others, **options)


def fax() -> bytes:
    """Two black and white pages, twice as dense across as down."""
    first, second = (drawing("black", (1728, 1100)).convert("1") for _ in range(2))
    more = {"compression": "group4", "dpi": (204, 98)}
    return encoded(first, "TIFF", save_all=True, append_images=[second], **more)


# --- Hostile


def _chunk(name: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )


def flat_png(width: int, height: int, is_whole: bool = True) -> bytes:
    """A black image of that size, in one bit a dot."""
    packer = zlib.compressobj(9)
    row = b"\0" * (width // 8 + 2)
    data = b"".join(packer.compress(row) for _ in range(height if is_whole else 10))
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + _chunk(b"IDAT", data + packer.flush())
        + _chunk(b"IEND", b"")
    )


def text_bomb_png() -> bytes:
    """A comment of 400 MB, deflated."""
    packed = raw.deflated_blanks(400_000_000)
    whole = encoded(drawing(size=(64, 64)), "PNG", pnginfo=PngImagePlugin.PngInfo())
    head, rest = whole[:33], whole[33:]
    return head + _chunk(b"zTXt", b"Comment\0\0" + packed) + rest


def long_gif(frames: int = 10_000) -> bytes:
    """Frames that cost nothing to write."""
    frame = b"!\xf9\x04\0\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\2L\1\0"
    return b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff" + frame * frames + b";"


def jpeg_with_php() -> bytes:
    return photo() + b"<?php system($_GET['c']); ?>"


# --- HEIC with too many tiles


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + name + content


def _full(name: bytes, content: bytes, version: int = 0, flags: int = 0) -> bytes:
    return _box(name, bytes([version]) + flags.to_bytes(3, "big") + content)


@cache
def _one_tile() -> tuple[bytes, bytes]:
    """The decoder's settings (box hvcC) and the data of one tile of 64 × 64."""
    out = io.BytesIO()
    pillow_heif.from_pillow(drawing(size=(64, 64))).save(out, quality=40)
    whole = out.getvalue()
    place = whole.index(b"hvcC") - 4
    (size,) = struct.unpack(">I", whole[place : place + 4])
    data = whole.index(b"mdat") + 4
    return whole[place : place + size], whole[data:]


def tiled_heic(side: int = 100, claimed: int | None = None) -> bytes:
    """A grid of `side` × `side` tiles that are the same; `claimed`: its width and height."""
    settings, data = _one_tile()
    count, size = side * side, claimed or side * 64
    grid = bytes([0, 1, side - 1, side - 1]) + struct.pack(">II", size, size)
    kinds = [_full(b"infe", struct.pack(">HH", 1, 0) + b"grid\0", 2)]
    kinds += [_full(b"infe", struct.pack(">HH", n, 0) + b"hvc1\0", 2) for n in range(2, count + 2)]
    tiles = b"".join(struct.pack(">H", n) for n in range(2, count + 2))
    refs = _full(b"iref", _box(b"dimg", struct.pack(">HH", 1, count) + tiles))
    shapes = _box(
        b"ipco",
        settings
        + _full(b"ispe", struct.pack(">II", 64, 64))
        + _full(b"ispe", struct.pack(">II", size, size)),
    )
    owners = struct.pack(">HBB", 1, 1, 3)
    owners += b"".join(struct.pack(">HBBB", n, 2, 0x81, 2) for n in range(2, count + 2))
    shapes = _box(b"iprp", shapes + _full(b"ipma", struct.pack(">I", count + 1) + owners))

    def meta(start: int) -> bytes:
        where = struct.pack(">HHHII", 1, 0, 1, start, len(grid))
        where += b"".join(
            struct.pack(">HHHII", n, 0, 1, start + len(grid), len(data))
            for n in range(2, count + 2)
        )
        places = _full(b"iloc", b"\x44\x00" + struct.pack(">H", count + 1) + where)
        first = _full(b"hdlr", b"\0\0\0\0pict" + b"\0" * 13)
        listed = _full(b"iinf", struct.pack(">H", count + 1) + b"".join(kinds))
        return _full(b"meta", first + _full(b"pitm", b"\0\1") + listed + refs + shapes + places)

    begin = _box(b"ftyp", b"heic\0\0\0\0mif1heic")
    start = len(begin) + len(meta(0)) + 8
    return begin + meta(start) + _box(b"mdat", grid + data)


def other_container(brand: bytes) -> bytes:
    return _box(b"ftyp", brand + b"\0\0\0\0mif1" + brand) + b"\0" * 200


BIGGER_THAN_A4 = (LONG_SIDE + 500, LONG_SIDE)
