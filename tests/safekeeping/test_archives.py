"""An archive made by somebody else: whatever it says of itself, it is read before it is used."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from portal.accounts import service as accounts
from portal.extensions import db, store, writing
from portal.safekeeping import archive, findings, rows
from portal.uploads.models import Upload
from tests.safekeeping.conftest import run, saved
from tests.safekeeping.test_backup import files_of, is_bare, lasting

Members = list[tuple[tarfile.TarInfo, bytes]]
Lines = list[Any]
NOT_ONE = "Ce fichier n’est pas une sauvegarde du portail"
OTHER = "autre chose que prévu"
ILLEGIBLE = "L’inventaire de la sauvegarde est illisible"


def members_of(taken: Path) -> Members:
    with tarfile.open(taken) as source:
        return [(m, source.extractfile(m).read()) for m in source]  # type: ignore[union-attr]


def packed(other: Path, members: Members) -> Path:
    with tarfile.open(other, "w") as target:
        for info, content in members:
            info.size = len(content)
            target.addfile(info, io.BytesIO(content))
    return other


def refusal(app: Flask, path: Path) -> str:
    """What « restore » answers; nothing of the archive was kept."""
    done = run(app, "restore", str(path))
    assert done.exit_code == 1, done.output
    assert is_bare(app)
    return done.output


# --- Its members


def another_first(members: Members) -> Members:
    return [members[1], members[0], *members[2:]]


def nothing_at_all(_members: Members) -> Members:
    return []


def a_heavy_inventory(members: Members) -> Members:
    info, content = members[0]
    return [(info, content + b" " * archive.MANIFEST_LIMIT), *members[1:]]


def an_inventory_that_is_a_folder(members: Members) -> Members:
    folder = tarfile.TarInfo("manifest.json")
    folder.type = tarfile.DIRTYPE
    return [(folder, b""), *members[1:]]


def an_inventory_in_prose(members: Members) -> Members:
    return [(members[0][0], b"Tout y est."), *members[1:]]


def an_inventory_of_another_kind(members: Members) -> Members:
    said = json.loads(members[0][1]) | {"owner": "somebody"}
    return [(members[0][0], json.dumps(said).encode()), *members[1:]]


def rows_that_lead_elsewhere(members: Members) -> Members:
    link = tarfile.TarInfo("rows.jsonl")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return [members[0], (link, b""), *members[2:]]


def a_file_that_is_a_folder(members: Members) -> Members:
    folder = tarfile.TarInfo(members[2][0].name)
    folder.type = tarfile.DIRTYPE
    return [*members[:2], (folder, b""), *members[3:]]


def one_file_twice(members: Members) -> Members:
    return [*members, members[-1]]


def one_file_more(members: Members) -> Members:
    return [*members, (tarfile.TarInfo("files/" + "0" * 64), b"")]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (another_first, NOT_ONE),
        (nothing_at_all, NOT_ONE),
        (a_heavy_inventory, NOT_ONE),
        (an_inventory_that_is_a_folder, OTHER),
        (an_inventory_in_prose, ILLEGIBLE),
        (an_inventory_of_another_kind, ILLEGIBLE),
        (rows_that_lead_elsewhere, OTHER),
        (a_file_that_is_a_folder, OTHER),
        (one_file_twice, OTHER),
        (one_file_more, OTHER),
    ],
)
def test_an_archive_of_another_make_is_refused(
    taken: Path,
    tmp_path: Path,
    elsewhere: Flask,
    change: Callable[[Members], Members],
    sentence: str,
) -> None:
    assert sentence in refusal(elsewhere, packed(tmp_path / "a.tar", change(members_of(taken))))


# --- Its rows, in an archive that is otherwise in order


def with_rows(taken: Path, other: Path, change: Callable[[Lines], Lines]) -> Path:
    members = members_of(taken)
    lines = change([json.loads(line) for line in members[1][1].splitlines()])
    content = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    said = json.loads(members[0][1]) | {"rows_sha256": hashlib.sha256(content).hexdigest()}
    inventory = (members[0][0], json.dumps(said).encode())
    return packed(other, [inventory, (members[1][0], content), *members[2:]])


def no_heading(lines: Lines) -> Lines:
    return [[1, 2, 3], *lines]


def an_unknown_table(lines: Lines) -> Lines:
    return [{"table": "secrets", "columns": ["id"]}, *lines]


def a_column_less(lines: Lines) -> Lines:
    return [{**lines[0], "columns": lines[0]["columns"][1:]}, *lines[1:]]


def a_value_less(lines: Lines) -> Lines:
    return [line[1:] if isinstance(line, list) and n < 3 else line for n, line in enumerate(lines)]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (no_heading, "La sauvegarde ne commence pas par le nom d’une table"),
        (an_unknown_table, "La sauvegarde décrit d’autres tables que celles de sa version"),
        (a_column_less, "La sauvegarde décrit d’autres tables que celles de sa version"),
        (a_value_less, "shorter"),
    ],
)
def test_rows_of_another_make_are_refused(
    taken: Path,
    tmp_path: Path,
    elsewhere: Flask,
    change: Callable[[Lines], Lines],
    sentence: str,
) -> None:
    done = run(elsewhere, "restore", str(with_rows(taken, tmp_path / "a.tar", change)))
    assert done.exit_code == 1
    assert sentence in done.output
    again = run(elsewhere, "restore", str(taken))  # nothing of it stands in the way
    assert again.exit_code == 0, again.output


def test_many_rows_are_put_back_a_batch_at_a_time(
    worked: Flask, taken: Path, elsewhere: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "BATCH", 2)
    assert run(elsewhere, "restore", str(taken)).exit_code == 0
    assert lasting(elsewhere) == lasting(worked)
    assert files_of(elsewhere) == files_of(worked)


def test_what_a_cut_restoration_left_half_written_is_not_something(
    worked: Flask, taken: Path, elsewhere: Flask
) -> None:
    with elsewhere.app_context():
        folder = store().path("ab" * 32).parent
        folder.mkdir(parents=True)
        (folder / ".new-half").write_bytes(b"half")
    done = run(elsewhere, "restore", str(taken))
    assert done.exit_code == 0, done.output


def test_a_lost_file_is_left_out_of_a_backup_and_named_by_verify(
    restored: Flask, tmp_path: Path
) -> None:
    """Rows that name it stay: its absence is told again where the backup is put back."""
    with restored.app_context():
        logo = str(accounts.organisation().logo_sha256)
        store().path(logo).unlink()
        assert findings.findings() == [f"Fichier manquant\u00a0: logo ({logo})"]
    with tarfile.open(saved(restored, tmp_path)) as opened:
        assert f"files/{logo}" not in opened.getnames()
        assert len(opened.getnames()) > 2


# --- verify


def test_what_was_handed_in_is_verified_as_it_came_and_page_by_page(restored: Flask) -> None:
    with restored.app_context():
        upload = db.session.scalars(db.select(Upload).order_by(Upload.id)).first()
        assert upload is not None
        content = store().put(b"a photograph")
        with writing():
            upload.originals = [
                {"sha256": "0" * 64, "octets": 3, "name": "photo.jpg"},
                {"sha256": content, "octets": 3, "name": "photo.jpg"},
            ]
            upload.page_images = ["1" * 64]
        told = [line.replace("\u00a0", " ") for line in findings.findings()]
    name = f"pièce reçue n° {upload.id}"
    assert told == [
        f"Fichier manquant : {name}, telle quelle ({'0' * 64})",
        f"Taille inattendue : {name}, telle quelle (12 au lieu de 3)",
        f"Fichier manquant : {name}, image d’une page ({'1' * 64})",
    ]


def test_a_file_whose_pages_are_still_being_drawn_lacks_no_image(restored: Flask) -> None:
    with restored.app_context():
        with writing():
            db.session.scalars(db.select(Upload)).one().page_images = None
        assert findings.findings() == []


def test_an_organisation_without_a_logo_lacks_no_file(restored: Flask) -> None:
    with restored.app_context():
        with writing():
            accounts.organisation().logo_sha256 = None
        assert findings.findings() == []
