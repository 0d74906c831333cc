"""A backup is whole or is not there; it is put back whole, somewhere empty, or not at all."""

import hashlib
import io
import json
import os
import re
import stat
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_migrate import downgrade

from portal.app import create_app
from portal.cli import safety
from portal.demonstration import loader
from portal.extensions import db, store
from portal.safekeeping import archive, findings, rows
from portal.uploads.models import Upload
from tests import databases, story
from tests.conftest import OFFICE, close, config_in, sign_in
from tests.installation import MIGRATIONS, migrated
from tests.safekeeping.conftest import data_of, run, saved
from tests.schemas import rows_in

PROGRAMME = loader.HERE / "programmes" / "lecture-de-plans.toml"
SECRETS = ("PRIVATE KEY", "test-secret-", "test-links-")


def lasting(app: Flask) -> dict[str, Any]:
    found = rows_in(data_of(app))
    return {name: table for name, table in found.items() if name not in rows.PASSING}


def files_of(app: Flask) -> set[str]:
    return {path.name for path in (data_of(app) / "files").glob("??/*")}


# --- The drill, at rest


def test_everything_comes_back(worked: Flask, taken: Path, elsewhere: Flask) -> None:
    done = run(elsewhere, "restore", str(taken))
    assert done.exit_code == 0, done.output
    assert "Journal et fichiers sont intacts" in done.output
    assert lasting(elsewhere) == lasting(worked)
    assert files_of(elsewhere) == files_of(worked)
    story.a_training(elsewhere, "sent")  # rows go on being numbered
    assert run(elsewhere, "verify").exit_code == 0


def test_nobody_is_signed_in_by_a_backup(restored: Flask, tmp_path: Path) -> None:
    sign_in(restored, OFFICE)
    assert rows_in(data_of(restored))["login_session"][1]
    with tarfile.open(saved(restored, tmp_path)) as opened:
        manifest = json.load(opened.extractfile("manifest.json"))  # type: ignore[arg-type]
    assert not rows.PASSING & manifest["rows"].keys()
    assert manifest["rows"].keys() | rows.PASSING == set(db.metadata.tables)


def test_the_archive_is_private_and_holds_no_key(worked: Flask, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        taken = saved(worked, tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(taken.stat().st_mode) == 0o600
    assert (data_of(worked) / "seal").is_dir()
    with tarfile.open(taken) as opened:
        names = opened.getnames()
        assert {member.mode for member in opened.getmembers()} == {0o600}
    assert names[:2] == ["manifest.json", "rows.jsonl"]
    assert all(name.startswith("files/") for name in names[2:])
    content = taken.read_bytes().decode("latin-1")
    assert not [word for word in SECRETS if word in content]
    assert [path.name for path in tmp_path.glob(".portail-*")] == []


def test_a_folder_gets_a_name_with_its_date(worked: Flask, tmp_path: Path) -> None:
    assert run(worked, "backup", str(tmp_path)).exit_code == 0
    (made,) = tmp_path.glob("*.tar")
    assert re.fullmatch(r"portail-20\d{6}T\d{6}Z\.tar", made.name)


# --- What stands in the way


def test_an_existing_backup_is_never_written_over(worked: Flask, taken: Path) -> None:
    before = taken.read_bytes()
    done = run(worked, "backup", str(taken))
    assert done.exit_code == 1
    assert "existe déjà" in done.output
    assert taken.read_bytes() == before


def test_a_backup_that_fails_leaves_nothing(
    worked: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive, "_add", full)
    done = run(worked, "backup", str(tmp_path))
    assert done.exit_code == 1
    assert "n’a pas pu être écrite" in done.output
    assert list(tmp_path.glob("*portail-*")) == []


def test_a_database_without_tables_has_nothing_to_back_up(elsewhere: Flask, tmp_path: Path) -> None:
    done = run(elsewhere, "backup", str(tmp_path / "backup.tar"))
    assert done.exit_code == 1
    assert "flask db upgrade" in done.output
    assert not (tmp_path / "backup.tar").exists()


def test_an_altered_file_is_named_and_the_rest_is_kept(restored: Flask, tmp_path: Path) -> None:
    victim = min((data_of(restored) / "files").glob("??/*"))
    victim.chmod(0o640)
    victim.write_bytes(b"something else")
    done = run(restored, "backup", str(tmp_path / "kept.tar"))
    assert done.exit_code == 1
    assert f"Fichier altéré, laissé de côté\u00a0: {victim.name}" in done.output
    third = create_app(config_in(tmp_path / "third"))
    again = run(third, "restore", str(tmp_path / "kept.tar"))
    assert again.exit_code == 1  # put back, and said to lack a file
    assert victim.name in again.output
    assert files_of(third) == files_of(restored) - {victim.name}
    close(third)


def test_an_installation_with_something_in_it_is_left_alone(restored: Flask, taken: Path) -> None:
    before = rows_in(data_of(restored))
    done = run(restored, "restore", str(taken))
    assert done.exit_code == 1
    assert "n’est pas vide" in done.output
    assert rows_in(data_of(restored)) == before


def test_a_folder_with_files_of_another_installation_is_left_alone(
    taken: Path, elsewhere: Flask
) -> None:
    with elsewhere.app_context():
        store().put(b"a paper of somebody else")
    assert "n’est pas vide" in run(elsewhere, "restore", str(taken)).output
    assert len(files_of(elsewhere)) == 1


# --- Archives that are not what they were


def rewritten(
    taken: Path, other: Path, change: Callable[[str, bytes], tuple[str, bytes] | None]
) -> Path:
    """The same archive, each member passed through `change`."""
    with tarfile.open(taken) as source, tarfile.open(other, "w") as target:
        for member in source:
            stream = source.extractfile(member)
            assert stream is not None
            changed = change(member.name, stream.read())
            if changed is not None:
                info = tarfile.TarInfo(changed[0])
                info.size = len(changed[1])
                target.addfile(info, io.BytesIO(changed[1]))
    return other


def one_row_changed(name: str, content: bytes) -> tuple[str, bytes]:
    return name, content.replace(b"Montagnier", b"Montagniex") if name == "rows.jsonl" else content


def a_file_less(name: str, content: bytes) -> tuple[str, bytes] | None:
    return None if name.startswith("files/") else (name, content)


def a_way_out(name: str, content: bytes) -> tuple[str, bytes]:
    return ("../../outside" if name.startswith("files/") else name), content


def a_later_format(name: str, content: bytes) -> tuple[str, bytes]:
    if name != "manifest.json":
        return name, content
    return name, json.dumps({**json.loads(content), "format": 2}).encode()


def an_unknown_version(name: str, content: bytes) -> tuple[str, bytes]:
    if name != "manifest.json":
        return name, content
    return name, json.dumps({**json.loads(content), "revision": "9999"}).encode()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (one_row_changed, "altérée (rows.jsonl)"),
        (a_file_less, "incomplète"),
        (a_way_out, "autre chose que prévu"),
        (a_later_format, "version plus récente"),
        (an_unknown_version, "version plus récente"),
    ],
)
def test_an_archive_that_was_touched_is_refused(
    taken: Path, tmp_path: Path, elsewhere: Flask, change: Any, sentence: str
) -> None:
    done = run(elsewhere, "restore", str(rewritten(taken, tmp_path / "other.tar", change)))
    assert done.exit_code == 1
    assert sentence in done.output
    assert is_bare(elsewhere)
    assert not list(tmp_path.rglob("outside"))


def is_bare(app: Flask) -> bool:
    return not files_of(app) and not any(found for _, found in rows_in(data_of(app)).values())


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.97])
def test_an_archive_that_was_cut_is_refused(
    taken: Path, tmp_path: Path, elsewhere: Flask, share: float
) -> None:
    content = taken.read_bytes()
    (tmp_path / "cut.tar").write_bytes(content[: int(len(content) * share)])
    done = run(elsewhere, "restore", str(tmp_path / "cut.tar"))
    assert done.exit_code == 1
    assert "sauvegarde" in done.output
    assert is_bare(elsewhere)


def test_a_restoration_that_was_cut_is_begun_again(
    worked: Flask, taken: Path, elsewhere: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_arguments: object) -> None:
        raise rows.Unreadable("coupure")

    with monkeypatch.context() as patched:
        patched.setattr(rows, "_go_on_counting", cut)
        assert "coupure" in run(elsewhere, "restore", str(taken)).output
    assert not any(found for _, found in rows_in(data_of(elsewhere)).values())
    done = run(elsewhere, "restore", str(taken))
    assert done.exit_code == 0, done.output
    assert lasting(elsewhere) == lasting(worked)


# --- Other versions, other engines


def test_a_backup_of_an_older_version_is_brought_up_to_date(
    tmp_path: Path, elsewhere: Flask
) -> None:
    app = migrated(tmp_path / "older", demo=False)
    done = run(app, "create-programme", str(PROGRAMME))
    assert done.exit_code == 0, done.output
    with app.app_context():
        downgrade(MIGRATIONS, revision="0002")
    done = run(elsewhere, "restore", str(saved(app, tmp_path)))
    assert done.exit_code == 0, done.output
    found = rows_in(data_of(elsewhere))
    assert "signature" in found
    assert len(found["programme"][1]) == 1
    close(app)


@pytest.mark.skipif(not databases.ON_POSTGRESQL, reason="needs a PostgreSQL server")
def test_a_backup_moves_an_installation_to_a_file_and_back(
    worked: Flask, taken: Path, elsewhere: Flask, tmp_path: Path
) -> None:
    by_file = tmp_path / "by-file"
    url = f"sqlite:///{by_file / 'portal.sqlite3'}"
    small = create_app(config_in(by_file, database_url=url))
    done = run(small, "restore", str(taken))
    assert done.exit_code == 0, done.output
    assert run(elsewhere, "restore", str(saved(small, tmp_path))).exit_code == 0
    assert lasting(elsewhere) == lasting(worked)
    close(small)


# --- verify


def test_a_received_file_that_is_lost_is_named(restored: Flask) -> None:
    with restored.app_context():
        upload = db.session.scalars(db.select(Upload)).first()
        assert upload is not None
        path = store().path(upload.sha256)
    path.unlink()
    done = run(restored, "verify")
    assert done.exit_code == 1
    assert "Fichier manquant\u00a0: pièce reçue" in done.output


def test_files_that_no_row_names_are_counted_after_a_day(restored: Flask) -> None:
    with restored.app_context():
        old = time.time() - findings.SETTLED.total_seconds() - 60
        for named in (data_of(restored) / "files").glob("??/*"):
            os.utime(named, (old, old))
        path = store().path(store().put(b"left by an act that was refused"))
        assert findings.strays() == (0, 0)
        folder = path.parent / "a folder of somebody"
        folder.mkdir()
        for stray in (path, folder):
            os.utime(stray, (old, old))
        assert findings.strays() == (1, len(b"left by an act that was refused"))
    done = run(restored, "verify")
    assert done.exit_code == 0
    assert "Fichiers que rien ne cite\u00a0: 1" in done.output


def test_a_head_noted_elsewhere_tells_that_the_end_was_cut(worked: Flask) -> None:
    known = hashlib.sha256(b"a head of another journal").hexdigest()
    assert run(worked, "verify", "--head", known).exit_code == 1
    said = run(worked, "verify").output
    head = said.split("\u00a0: ")[-1].strip()
    assert run(worked, "verify", "--head", head).exit_code == 0


def test_the_migrations_are_found_from_anywhere() -> None:
    assert (safety.MIGRATIONS / "env.py").is_file()
