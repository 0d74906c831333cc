"""The store keeps bytes under their own digest: once, whole, and nowhere else."""

import hashlib
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from portal.files import FileStore


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files")


def test_what_was_put_is_read_back(store: FileStore) -> None:
    sha256 = store.put(b"devis")
    assert sha256 == hashlib.sha256(b"devis").hexdigest()
    assert store.has(sha256)
    assert store.read(sha256) == b"devis"
    assert store.path(sha256).parent.name == sha256[:2]


def test_a_file_is_written_once(store: FileStore) -> None:
    sha256 = store.put(b"convention")
    before = store.path(sha256).stat()
    assert store.put(b"convention") == sha256
    after = store.path(sha256).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert stat.S_IMODE(after.st_mode) == 0o440
    assert stat.S_IMODE(store.path(sha256).parent.stat().st_mode) == 0o700


def test_an_altered_file_is_never_handed_out(store: FileStore) -> None:
    path = store.path(store.put(b"2 400,00"))
    path.chmod(0o640)
    path.write_bytes(b"9 400,00")
    with pytest.raises(OSError, match="altered"):
        store.read(path.name)


def test_a_file_that_is_not_there(store: FileStore) -> None:
    absent = hashlib.sha256(b"absent").hexdigest()
    assert not store.has(absent)
    with pytest.raises(FileNotFoundError):
        store.read(absent)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "..",
        "../../etc/passwd",
        "/etc/passwd",
        "a" * 63,
        "a" * 65,
        "A" * 64,
        "g" * 64,
        "a" * 64 + "\n",
        "a" * 60 + "/../",
        "a" * 32 + "\x00" + "a" * 31,
        "١" * 64,
    ],
)
def test_only_a_digest_names_a_file(store: FileStore, name: str) -> None:
    for use in (store.path, store.read, store.has):
        with pytest.raises(ValueError, match="not a sha256"):
            use(name)


def test_a_failed_write_leaves_nothing(store: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        store.put(b"programme")
    assert [path for path in store.root.rglob("*") if path.is_file()] == []


def test_a_kill_in_the_middle_leaves_no_half_file(tmp_path: Path) -> None:
    """The process dies after the bytes are written, before the name is given."""
    script = (
        "import os, pathlib, sys\n"
        "from portal.files import FileStore\n"
        "os.fsync = lambda handle: os.kill(os.getpid(), 9)\n"
        "FileStore(pathlib.Path(sys.argv[1])).put(b'x' * 100_000)\n"
    )
    died = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert died.returncode == -9
    store = FileStore(tmp_path)
    sha256 = hashlib.sha256(b"x" * 100_000).hexdigest()
    assert not store.has(sha256)
    assert store.put(b"x" * 100_000) == sha256
    assert store.read(sha256) == b"x" * 100_000


def test_many_writers_of_the_same_bytes(store: FileStore) -> None:
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(store.put(b"y" * 50_000))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert [p.name for p in store.root.rglob("*") if p.is_file()] == [found[0]]
