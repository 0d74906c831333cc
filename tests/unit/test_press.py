"""The press: warm, bounded, and alone to know xhtml2pdf."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.documents import child, press

ROOT = Path(press.__file__).parents[2]
PAGE = "<html><body><p>Bonjour</p></body></html>"


@pytest.fixture
def machine() -> Iterator[press.Press]:
    made = press.Press()
    yield made
    made.close()


def pid_of(machine: press.Press) -> int:
    assert machine._child is not None
    return machine._child.pid


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pid: int, seconds: float = 5) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not is_running(pid):
            return True
        time.sleep(0.05)
    return False


def test_one_warm_child_prints_one_document_after_another(machine: press.Press) -> None:
    first = machine.print_pdf(PAGE)
    pid = pid_of(machine)
    second = machine.print_pdf(PAGE)
    assert first.content.startswith(b"%PDF-")
    assert first.content == second.content
    assert second.pages == 1
    assert second.cpu_ms > 0
    assert pid_of(machine) == pid


def test_page_total_is_right_whatever_was_expected(machine: press.Press) -> None:
    pages = '<p>page \ue000</p><div style="page-break-before: always"><p>fin</p></div>'
    right = machine.print_pdf(f"<html><body>{pages}</body></html>", 2)
    wrong = machine.print_pdf(f"<html><body>{pages}</body></html>", 9)
    assert (right.pages, wrong.pages) == (2, 2)
    assert right.content == wrong.content


def test_the_child_is_renewed_after_its_jobs() -> None:
    machine = press.Press(jobs=2)
    machine.print_pdf(PAGE)
    first = pid_of(machine)
    machine.print_pdf(PAGE)
    assert gone(first)
    machine.print_pdf(PAGE)
    assert pid_of(machine) != first
    machine.close()


def test_a_document_that_hangs_is_killed_and_the_next_one_prints() -> None:
    machine = press.Press(seconds=0.01)
    with pytest.raises(press.PressError, match="more than 0.01 s"):
        machine.print_pdf(PAGE)
    machine.seconds = 30
    assert machine.print_pdf(PAGE).pages == 1
    machine.close()


def test_a_child_that_died_is_replaced(machine: press.Press) -> None:
    machine.print_pdf(PAGE)
    os.kill(pid_of(machine), 9)
    assert gone(pid_of(machine))
    assert machine.print_pdf(PAGE).pages == 1


def test_a_document_too_large_is_refused(machine: press.Press) -> None:
    with pytest.raises(press.PressError):
        machine.print_pdf("<table>" + "<tr><td>x</td></tr>" * 400_000)
    assert machine.print_pdf(PAGE).pages == 1


def test_processor_and_memory_are_bounded(machine: press.Press) -> None:
    machine.print_pdf(PAGE)
    limits = Path(f"/proc/{pid_of(machine)}/limits").read_text()
    assert f"Max address space         {child.MEMORY}" in limits
    assert "Max core file size        0" in limits
    allowed = next(line for line in limits.splitlines() if line.startswith("Max cpu time"))
    assert child.CPU_SECONDS < int(allowed.split()[3]) <= child.CPU_SECONDS + 10


def test_only_a_colour_is_taken_for_a_colour(machine: press.Press) -> None:
    page = "<html><body><h2>Titre</h2></body></html>"
    usual = machine.print_pdf(page).content
    assert machine.print_pdf(page, accent="#0B5F62").content == usual
    assert machine.print_pdf(page, accent="#aa2200").content != usual
    assert machine.print_pdf(page, accent="red; } p { display: none").content == usual


def test_the_child_dies_with_its_parent() -> None:
    script = (
        "import os, sys\n"
        "from portal.documents import press\n"
        f"press.print_pdf({PAGE!r})\n"
        "print(press._press._child.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == -9
    assert gone(int(run.stdout))


def test_the_parent_never_imports_the_libraries() -> None:
    script = (
        "import sys\n"
        "from portal.documents import kinds, press, service\n"
        f"assert press.print_pdf({PAGE!r}).pages == 1\n"
        "print([name for name in ('xhtml2pdf', 'reportlab', 'PIL', 'pypdf') "
        "if name in sys.modules])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


def test_the_child_knows_nothing_of_our_environment(
    machine: press.Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTAL_SECRET_KEY_FILE", "/nowhere")
    machine.print_pdf(PAGE)
    assert b"PORTAL" not in Path(f"/proc/{pid_of(machine)}/environ").read_bytes()


@pytest.mark.parametrize(
    ("event", "args"),
    [
        ("open", ("/etc/passwd", "r", 0)),
        ("open", (str(ROOT / "requirements.txt"), "rb", 0)),
        ("open", (str(ROOT / "portal" / "config.py"), "w", os.O_WRONLY)),
        ("open", ("/tmp/new", None, os.O_CREAT | os.O_RDWR)),  # noqa: S108 - never opened
        ("socket.connect", (None, ("127.0.0.1", 80))),
        ("socket.getaddrinfo", ("a.example", 80, 0, 0, 0)),
        ("subprocess.Popen", ("id", ["id"], None, None)),
        ("os.system", (b"id",)),
    ],
)
def test_tripwire_refuses_and_remembers(event: str, args: tuple[object, ...]) -> None:
    tripwire = child.Tripwire(ROOT / "portal" / "documents" / "assets")
    with pytest.raises(PermissionError):
        tripwire(event, args)
    assert len(tripwire.caught) == 1


def test_tripwire_lets_fonts_and_code_through() -> None:
    assets = ROOT / "portal" / "documents" / "assets"
    tripwire = child.Tripwire(assets)
    tripwire("open", (str(assets / "fonts" / "SourceSans3-Regular.ttf"), "rb", 0))
    tripwire("open", (os.__file__, "rb", 0))
    tripwire("compile", (None, "x"))
    assert tripwire.caught == []


@pytest.mark.skipif(len(press._PRESSES) < 2, reason="one core has one press")
def test_a_second_paper_does_not_wait_for_the_first() -> None:
    busy = press._free.get()
    try:
        assert press.print_pdf(PAGE).pages == 1
        assert press._free.qsize() == len(press._PRESSES) - 1
    finally:
        press._free.put(busy)
