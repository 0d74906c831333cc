"""The walls: nothing inherited, and an end to memory, time and files."""

import os
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

from portal import sandbox
from portal.sandbox import Finished, Limits, Tripwire

EASY = Limits(memory=2**30, cpu=5, file_octets=2**20, seconds=10)
SHELL = shutil.which("sh") or "/bin/sh"


def run(script: str, folder: Path, limits: Limits = EASY) -> tuple[Finished, str]:
    end = sandbox.run_program(SHELL, ["-c", script], folder / "errors", limits)
    return end, (folder / "errors").read_text()


def python(code: str, folder: Path, limits: Limits = EASY) -> tuple[Finished, str]:
    arguments = ["-S", "-c", code]
    end = sandbox.run_program(sys.executable, arguments, folder / "errors", limits)
    return end, (folder / "errors").read_text()


def test_nothing_is_inherited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_SECRET", "chut")
    read, write = os.pipe()
    os.set_inheritable(write, True)
    try:
        end, said = run("env; ls /proc/self/fd | tr '\\n' ' '", tmp_path)
    finally:
        os.close(read)
        os.close(write)
    assert end.code == 0
    assert "chut" not in said
    assert "HOME" not in said
    assert said.splitlines()[-1].split() == ["0", "1", "2", "3"]  # 3 is the folder being listed


def test_memory_has_an_end(tmp_path: Path) -> None:
    end, said = python("x = bytearray(2**31)", tmp_path)
    assert end.code == 1
    assert "MemoryError" in said


def test_processor_has_an_end(tmp_path: Path) -> None:
    limits = Limits(memory=2**30, cpu=1, file_octets=2**20, seconds=20)
    end, _ = run("while :; do :; done", tmp_path, limits)
    assert end.code < 0
    assert not end.is_late
    assert end.cpu < 3


def test_waiting_has_an_end(tmp_path: Path) -> None:
    limits = Limits(memory=2**30, cpu=5, file_octets=2**20, seconds=0.5)
    started = time.monotonic()
    end, _ = run("sleep 30 & sleep 30", tmp_path, limits)  # its own children end too
    assert end.is_late
    assert end.code == -9
    assert time.monotonic() - started < 5


def test_files_have_an_end(tmp_path: Path) -> None:
    end, _ = run(f"head -c 3000000 /dev/zero > {tmp_path}/big", tmp_path)
    assert end.code in (-signal.SIGXFSZ, 128 + signal.SIGXFSZ)
    assert (tmp_path / "big").stat().st_size == 2**20


def test_what_a_child_says_has_an_end_too(tmp_path: Path) -> None:
    _, said = run("yes", tmp_path)
    assert len(said) == 2**20


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    end = sandbox.run_program("/nowhere/pdftoppm", [], tmp_path / "errors", EASY)
    assert end.code == 1
    assert "FileNotFoundError" in (tmp_path / "errors").read_text()


def test_tripwire_lets_write_in_one_folder(tmp_path: Path) -> None:
    tripwire = Tripwire(tmp_path / "read", writable=tmp_path / "write")
    tripwire("open", (str(tmp_path / "write" / "x"), "wb", os.O_WRONLY))
    tripwire("open", (str(tmp_path / "read" / "x"), "rb", os.O_RDONLY))
    for path, mode, flags in (
        (tmp_path / "read" / "x", "wb", os.O_WRONLY),
        (tmp_path / "write" / ".." / "x", "wb", os.O_WRONLY),
        (Path("/etc/passwd"), "rb", os.O_RDONLY),
    ):
        with pytest.raises(PermissionError):
            tripwire("open", (str(path), mode, flags))
    with pytest.raises(PermissionError):
        tripwire("subprocess.Popen", ())
