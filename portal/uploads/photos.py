"""Photos and scans made into pages: straight, of a reasonable size, without what they carry.

For the child process alone. Position, device and date of a photo (EXIF) stay in the original,
which nobody is shown; the pages made here are pixels and nothing else.
"""

import io
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pillow_heif
from pikepdf import Array, Dictionary, Name, Pdf

# Naming the readers here spares the child Pillow's forty others.
from PIL import (
    Image,
    ImageOps,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from portal.uploads.kinds import Kind
from portal.uploads.rules import MAX_PAGES, Refusal, Rejected

MAX_PIXELS = 40_000_000
LONG_SIDE = 3508  # an A4 page at 300 dots per inch
QUALITY = 85
A4_LONG = 842.0  # points
SHRINKABLE = ("L", "LA", "RGB", "RGBA", "CMYK", "YCbCr")  # the others are converted first
DENSITY_TAGS = (282, 283)
LOGO_BOX = (1200, 300)  # dots; papers print it 12 mm high: 600 dots per inch and more
LOGO_LEAST = 24  # dots: less would be a stain
READERS = (JpegImagePlugin, MpoImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin)


@dataclass(frozen=True)
class Picture:
    """One page: `content` is JPEG (8 bits) or packed black and white (1 bit), deflated."""

    content: bytes
    width: int
    height: int
    space: str
    bits: int = 8
    stretch: float = 1.0  # height of a dot over its width: faxes are twice as dense across


def prepare() -> None:
    """Limits of the libraries, once per process."""
    pillow_heif.register_heif_opener(
        thumbnails=False, depth_images=False, aux_images=False, decode_threads=1
    )
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)


def read(path: Path, kind: Kind) -> Iterator[Picture]:
    """The pages of an image, one after another; raises Rejected, or what Pillow raises."""
    with Image.open(path, formats=kind.formats) as image:
        if kind.code != "tiff":
            yield _page(image)
            return
        for number in range(MAX_PAGES + 1):
            try:
                image.seek(number)
            except EOFError:
                return
            if number == MAX_PAGES:
                raise Rejected(Refusal.TOO_MANY_PAGES, "")
            yield _page(image)


def logo(path: Path, kind: Kind) -> bytes:
    """A PNG made anew from an image: straight, on white, of a bounded size, pixels alone.

    Raises Rejected, or what Pillow raises.
    """
    with Image.open(path, formats=kind.formats) as image:
        if image.width * image.height > MAX_PIXELS:
            raise Rejected(Refusal.TOO_COMPLEX, "")
        if min(image.size) < LOGO_LEAST:
            raise Rejected(Refusal.LOGO, "")
        plain = _plain(ImageOps.exif_transpose(image)).convert("RGB")
    plain.thumbnail(LOGO_BOX, Image.Resampling.LANCZOS)
    plain.info = {}
    out = io.BytesIO()
    plain.save(out, "PNG", optimize=True)
    return out.getvalue()


def _page(image: Image.Image) -> Picture:
    if image.width * image.height > MAX_PIXELS:
        raise Rejected(Refusal.TOO_COMPLEX, "")
    stretch = _stretch(image)
    image.draft("RGB", (LONG_SIDE, LONG_SIDE))  # a big JPEG is decoded at half its size or less
    if image.mode in SHRINKABLE:
        _shrink(image)  # before anything makes a copy of it
    straight = ImageOps.exif_transpose(image)
    if straight.mode == "1":
        return _black_and_white(straight, stretch)
    plain = _plain(straight)
    _shrink(plain)
    plain.info = {}  # Pillow would copy a JPEG's comment from there
    out = io.BytesIO()
    plain.save(out, "JPEG", quality=QUALITY)
    space = "/DeviceGray" if plain.mode == "L" else "/DeviceRGB"
    return Picture(out.getvalue(), plain.width, plain.height, space, stretch=stretch)


def _shrink(image: Image.Image) -> None:
    image.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)


def _plain(image: Image.Image) -> Image.Image:
    """Grey or red, green, blue; what is transparent is on white paper."""
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda value: value / 256).convert("L")
    if image.mode == "F":
        return image.convert("L")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        paper = Image.new("RGB", layer.size, "white")
        paper.paste(layer, mask=layer.getchannel("A"))
        return paper
    return image.convert("L" if image.mode == "L" else "RGB")


def _black_and_white(image: Image.Image, stretch: float) -> Picture:
    packed = zlib.compress(image.tobytes(), 6)
    return Picture(packed, image.width, image.height, "/DeviceGray", bits=1, stretch=stretch)


def _stretch(image: Image.Image) -> float:
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return 1.0
    across, down = (image.tag_v2.get(tag) for tag in DENSITY_TAGS)
    if not across or not down:
        return 1.0
    ratio = float(across) / float(down)
    return ratio if 1 / 3 < ratio < 3 else 1.0


def add_page(target: Pdf, picture: Picture) -> None:
    """Adds a page that the picture fills, its long side as long as A4's."""
    width, height = float(picture.width), picture.height * picture.stretch
    scale = A4_LONG / max(width, height)
    width, height = max(3.0, width * scale), max(3.0, height * scale)
    drawn = target.make_stream(
        picture.content,
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=picture.width,
        Height=picture.height,
        ColorSpace=Name(picture.space),
        BitsPerComponent=picture.bits,
    )
    drawn.Filter = Name.FlateDecode if picture.bits == 1 else Name.DCTDecode
    page = target.add_blank_page(page_size=(cast(int, round(width, 2)), round(height, 2)))
    page.obj.Resources = Dictionary(XObject=Dictionary(Im=drawn))
    page.obj.Contents = target.make_stream(b"q %.2f 0 0 %.2f 0 0 cm /Im Do Q" % (width, height))
    page.obj.MediaBox = Array([0, 0, round(width, 2), round(height, 2)])
