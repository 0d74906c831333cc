"""The logo of the papers: handed in as an image, made anew, replaced or taken away."""

import io
import random

import pytest
from flask import Flask
from PIL import Image
from werkzeug.test import TestResponse

from portal.accounts import service as accounts
from portal.extensions import store
from tests.pages import Visitor, soup_of, text_of
from tests.uploads import pictures

PAGE = "/organisme/reglages/apparence"


def send(office: Visitor, name: str, content: bytes) -> TestResponse:
    field = soup_of(office.get(PAGE).text).select_one("#logo [name=csrf_token]")
    assert field is not None
    data = {"csrf_token": str(field["value"]), "fichiers": (io.BytesIO(content), name)}
    return office.post("/organisme/reglages/logo", data=data)


def kept(app: Flask) -> bytes | None:
    with app.app_context():
        sha256 = accounts.organisation().logo_sha256
        return store().read(sha256) if sha256 else None


@pytest.mark.parametrize("name", ["logo.png", "Logo de Rivage.JPG"])
def test_a_logo_is_made_anew_and_shown(app: Flask, office: Visitor, name: str) -> None:
    drawing = pictures.drawing("#0B5F62", (2400, 900))
    kind = "PNG" if name.endswith("png") else "JPEG"
    content = pictures.encoded(drawing, kind)
    answer = send(office, name, content)
    assert answer.status_code == 303, text_of(answer)
    assert "Logo enregistré" in text_of(office.get(answer.headers["Location"]))
    image = Image.open(io.BytesIO(kept(app) or b""))
    assert (image.format, image.mode, image.size) == ("PNG", "RGB", (800, 300))
    shown = office.get("/organisme/reglages/logo.png")
    assert shown.mimetype == "image/png"
    assert shown.data == kept(app)


def test_what_an_image_carries_is_left_behind(app: Flask, office: Visitor) -> None:
    assert send(office, "photo.jpg", pictures.photo(orientation=6)).status_code == 303
    content = kept(app) or b""
    assert b"Exif" not in content
    assert not Image.open(io.BytesIO(content)).getexif()


def test_a_transparent_logo_stands_on_white(app: Flask, office: Visitor) -> None:
    clear = Image.new("RGBA", (200, 100), (0, 0, 0, 0))
    assert send(office, "logo.png", pictures.encoded(clear, "PNG")).status_code == 303
    assert Image.open(io.BytesIO(kept(app) or b"")).getpixel((5, 5)) == (255, 255, 255)


def test_a_logo_heavier_than_a_form_is_taken(app: Flask, office: Visitor) -> None:
    noise = Image.frombytes("RGB", (400, 400), random.Random(1).randbytes(480_000))
    content = pictures.encoded(noise, "PNG")
    assert len(content) > 256 * 1024
    before = kept(app)
    assert send(office, "logo.png", content).status_code == 303
    assert kept(app) != before


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("logo.svg", SVG),
        ("logo.png", SVG),
        ("logo.png", b""),
        ("logo.png", pictures.screenshot()[:200]),
        ("logo.png", pictures.text_bomb_png()[:100]),
        ("logo.png", pictures.flat_png(12_000, 8_000)),
        ("logo.pdf", b"%PDF-1.4 nothing"),
        ("logo.heic", pictures.heic()),
        ("logo.png", pictures.encoded(pictures.drawing(size=(4, 4)), "PNG")),
    ],
)
def test_what_is_no_logo_changes_nothing(
    app: Flask, office: Visitor, name: str, content: bytes
) -> None:
    before = kept(app)
    answer = send(office, name, content)
    assert answer.status_code == 422
    assert soup_of(answer.text).select_one("#fichiers-err") is not None
    assert kept(app) == before


def test_what_is_asked_for_is_an_image(office: Visitor) -> None:
    """A logo is no paper: nothing here offers to send a PDF."""
    for name, content, said in (
        ("", b"", "Choisissez l’image du logo : PNG ou JPEG"),
        ("logo.txt", b"Rivage", "« logo.txt » : Ce fichier ne peut pas servir de logo"),
        ("logo.png", b"", "« logo.png » : Ce fichier ne peut pas servir de logo"),
    ):
        text = text_of(send(office, name, content))
        assert said in text
        assert "PDF" not in text.partition("Remplacer le logo")[0]


def test_a_photo_from_a_phone_says_which_formats_are_taken(office: Visitor) -> None:
    answer = send(office, "logo.heic", pictures.heic())
    assert "enregistrez-le en PNG ou en JPEG" in text_of(answer)


def test_the_logo_is_taken_away(app: Flask, office: Visitor) -> None:
    answer = office.submit(PAGE, form="main form.inline-form")
    assert answer.status_code == 303
    assert kept(app) is None
    assert office.get("/organisme/reglages/logo.png").status_code == 404
    assert "Retirer le logo" not in text_of(office.get(PAGE))
