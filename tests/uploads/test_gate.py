"""What the gate makes of photos and papers, and what holds when its child misbehaves."""

import io
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from portal.sandbox import Limits
from portal.uploads import gate, pdfs
from portal.uploads import pictures as drawing
from portal.uploads.gate import Inspected
from portal.uploads.rules import MAX_OCTETS, Flag, Refusal, Rejected
from tests.uploads import papers, pictures, raw
from tests.uploads.conftest import Given

Inspect = Callable[..., Inspected]


def pages(pdf: Path, folder: Path) -> list[Image.Image]:
    """The pages as the worker draws them."""
    count = len(pikepdf.open(pdf).pages)
    (folder / "pages").mkdir(exist_ok=True)
    return [Image.open(io.BytesIO(page)) for page in drawing.draw(pdf, count, folder / "pages")]


def colour_at(image: Image.Image, x: float, y: float) -> str:
    """The main colour at that place (0 to 1) of a page."""
    dot = image.convert("RGB").getpixel((int(x * image.width), int(y * image.height)))
    assert isinstance(dot, tuple)
    if min(dot) > 200:
        return "white"
    return ("red", "green", "blue")[dot.index(max(dot))]


def test_photos_are_straight_and_carry_nothing(inspected: Inspect, tmp_path: Path) -> None:
    photo = pictures.photo(orientation=6)  # to be turned a quarter clockwise
    assert b"Fabricant" in photo
    found = inspected(("IMG_0001.jpg", photo))
    made = found.pdf.read_bytes()
    assert not [trace for trace in (b"Fabricant", b"Exif", b"Beaune") if trace in made]
    [page] = pages(found.pdf, tmp_path)
    assert page.height > page.width
    assert colour_at(page, 0.75, 0.1) == "red"
    assert colour_at(page, 0.25, 0.1) == "white"
    assert found.name == "IMG_0001.pdf"
    assert found.originals[0]["name"] == "IMG_0001.jpg"


def test_files_are_put_together_in_order(inspected: Inspect, tmp_path: Path) -> None:
    files = [
        ("fin.jpg", pictures.photo("blue")),
        ("accord.pdf", papers.text()),
        ("début.heic", pictures.heic()),
        ("rouge.webp", pictures.encoded(pictures.drawing("red"), "WEBP")),
    ]
    found = inspected(*files)
    drawn = pages(found.pdf, tmp_path)
    assert found.pages == len(drawn) == 4
    seen = [colour_at(page, 0.25, 0.25) for page in drawn]
    assert seen == ["blue", "white", "green", "red"]
    assert found.name == "fin et 3 autres fichiers.pdf"
    assert [x["type"] for x in found.originals] == [
        "image/jpeg",
        "application/pdf",
        "image/heic",
        "image/webp",
    ]
    words = drawing.words(found.pdf, tmp_path)
    assert words is not None
    assert "Vasseur" in words


def test_the_same_files_give_the_same_pdf(inspected: Inspect) -> None:
    files = [("a.jpg", pictures.photo()), ("b.pdf", papers.text())]
    assert inspected(*files).pdf.read_bytes() == inspected(*files).pdf.read_bytes()


@pytest.mark.parametrize(
    "paper",
    [
        papers.opens(b"/S /JavaScript /JS (app.alert\\(1\\))"),
        papers.link(b"/S /Launch /F (cmd.exe)"),
        papers.rich(b"RichMedia"),
        papers.embedded_program(),
        papers.xfa(),
        papers.javascript_in_object_stream(),
        raw.agreement(page=b"/AA << /O << /S /JavaScript /JS (1) >> >>"),
        raw.agreement(page=b"/Extra [[<< /Y << /S /Launch >> >>]]"),
    ],
)
def test_pages_put_together_cannot_act(inspected: Inspect, paper: bytes) -> None:
    found = inspected(("a.pdf", paper), ("b.jpg", pictures.photo()))
    assert Flag.ACTIVE.value in found.flags  # said of what was received
    with pikepdf.open(found.pdf) as made:
        assert pdfs.noticed(made) == set()
        assert set(made.Root.keys()) == {"/Type", "/Pages"}
    text = found.pdf.read_bytes()
    assert not [key for key in (b"/JS", b"/Launch", b"/AA", b"/EF", b"/Link") if key in text]


def test_what_a_form_shows_is_kept(inspected: Inspect, tmp_path: Path) -> None:
    found = inspected(("a.pdf", papers.filled_form()), ("b.pdf", papers.text()))
    words = drawing.words(found.pdf, tmp_path)
    assert words is not None
    assert ">Vasseur<" in words


def test_faxes_have_the_shape_of_paper(inspected: Inspect, tmp_path: Path) -> None:
    page = pages(inspected(("fax.tif", pictures.fax())).pdf, tmp_path)[0]
    assert page.height / page.width == pytest.approx(1100 * 204 / 98 / 1728, rel=0.01)
    assert page.convert("L").getpixel((5, 5)) == 0


def test_big_photos_are_brought_to_a_page(inspected: Inspect) -> None:
    image = pictures.drawing(size=pictures.BIGGER_THAN_A4)
    found = inspected(("a.jpg", pictures.encoded(image, "JPEG")))
    with pikepdf.open(found.pdf) as made:
        [drawn] = made.pages[0].get_images().values()
        assert max(int(drawn.stream_dict.Width), int(drawn.stream_dict.Height)) <= 3508
        assert [round(float(x)) for x in made.pages[0].mediabox][2:] == [842, 737]


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "I;16", "1"])
def test_every_mode_of_image(inspected: Inspect, tmp_path: Path, mode: str) -> None:
    image = pictures.drawing("black", mode="L" if mode == "I;16" else mode)
    if mode == "I;16":
        image = image.convert("I").point(lambda value: value * 256).convert("I;16")
    kind, name = ("TIFF", "a.tif") if mode == "CMYK" else ("PNG", "a.png")
    [page] = pages(inspected((name, pictures.encoded(image, kind))).pdf, tmp_path)
    grey = page.convert("L")
    assert grey.getpixel((100, 100)) < 40  # type: ignore[operator]
    assert grey.getpixel((1400, 1000)) > 215  # type: ignore[operator]


# --- How much


def test_caps(given: Given) -> None:
    for files, refusal in (
        ([], Refusal.NONE),
        ([("a.pdf", b"%PDF-")] * 11, Refusal.TOO_MANY),
        ([("a.pdf", b"%PDF-" + b" " * MAX_OCTETS)], Refusal.TOO_LARGE),
        ([("a.pdf", b"%PDF-" + b" " * (11 * 2**20))] * 6, Refusal.TOO_MANY),
    ):
        with pytest.raises(Rejected) as refused:
            gate.inspect(given(*files))
        assert refused.value.refusal is refusal


def test_200_pages_together(given: Given) -> None:
    many = raw.pdf(raw.objects_of(150))
    with pytest.raises(Rejected) as refused:
        gate.inspect(given(("a.pdf", many), ("b.pdf", many)))
    assert (refused.value.refusal, refused.value.name) == (Refusal.TOO_MANY_PAGES, "b.pdf")


def test_the_file_at_fault_is_named(given: Given) -> None:
    files = given(("a.pdf", papers.text()), ("b.pdf", papers.user_password()))
    with pytest.raises(Rejected) as refused:
        gate.inspect(files)
    assert (refused.value.refusal, refused.value.name) == (Refusal.PASSWORD, "b.pdf")


def test_no_room(given: Given, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(gate, "FLOOR", 2**60)
    with pytest.raises(Rejected) as refused:
        gate.check_room(tmp_path, 1)
    assert refused.value.refusal is Refusal.NO_ROOM


# --- A child that misbehaves


def test_a_late_child_is_killed(
    given: Given, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    late = Limits(memory=2**30, cpu=15, file_octets=2**20, seconds=0.02)
    monkeypatch.setattr(gate, "LIMITS", late)
    with pytest.raises(Rejected) as refused:
        gate.inspect(given(("a.pdf", papers.text())))
    assert refused.value.refusal is Refusal.TOO_COMPLEX
    assert not list(tmp_path.glob("gate-*"))


def test_several_at_once(given: Given) -> None:
    """As many as the threads of a process: all get their verdict, two children at a time."""
    files = [given((f"{n}.pdf", papers.text())) for n in range(6)]
    verdicts: list[int] = []

    def inspect(number: int) -> None:
        with gate.inspect(files[number]) as found:
            verdicts.append(found.pages)

    threads = [threading.Thread(target=inspect, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert verdicts == [1] * 6


def test_the_gate_itself_opens_nothing() -> None:
    """No decoder is loaded in the process that answers people."""
    code = (
        "import sys; import portal.uploads.service, portal.blueprints.receiving;"
        "print(sorted({'PIL', 'pikepdf', 'pillow_heif'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
