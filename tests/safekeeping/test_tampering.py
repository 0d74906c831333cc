"""What somebody with every right on the machine changes behind the portal, `flask verify` tells."""

import os
import re
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask

from tests import databases
from tests.safekeeping.conftest import data_of, run

JOURNAL = ("journal_entry", "journal_details")


@dataclass
class Intruder:
    """Whoever holds the machine: the database without its guards, and the folder of files."""

    folder: Path

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with closing(databases.connect(self.folder)) as connection:
            return [tuple(row) for row in connection.execute(query).fetchall()]

    def order(self, *statements: str) -> None:
        with closing(databases.connect(self.folder)) as connection:
            for statement in (*databases.unguarded(connection, JOURNAL), *statements):
                connection.execute(statement)

    def file_of(self, query: str) -> Path:
        ((sha256,), *_others) = self.rows(query)
        (path,) = (self.folder / "files").glob(f"??/{sha256}")
        return path


def change_an_entry(intruder: Intruder) -> None:
    intruder.order("UPDATE journal_entry SET event = 'cancel' WHERE seq = 2")


def change_who_did_it(intruder: Intruder) -> None:
    somebody = '{"actor":"Somebody Else","ip":null}'
    intruder.order(f"UPDATE journal_details SET details = '{somebody}' WHERE seq = 4")  # noqa: S608


def remove_an_entry(intruder: Intruder) -> None:
    intruder.order(
        "DELETE FROM journal_details WHERE seq = 2", "DELETE FROM journal_entry WHERE seq = 2"
    )


def lose_a_paper(intruder: Intruder) -> None:
    intruder.file_of(PAPER).unlink()


def alter_a_paper(intruder: Intruder) -> None:
    path = intruder.file_of(PAPER)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o640)
    path.write_bytes(content)


def name_another_file(intruder: Intruder) -> None:
    intruder.order(f"UPDATE document SET octets = octets + 1 WHERE id = ({FIRST})")  # noqa: S608


def lose_what_was_handed_in(intruder: Intruder) -> None:
    intruder.file_of("SELECT sha256 FROM upload ORDER BY id").unlink()


def change_what_was_signed(intruder: Intruder) -> None:
    intruder.order("UPDATE signature SET name = 'Somebody Else'")


FIRST = "SELECT min(id) FROM document WHERE state = 'ready'"
PAPER = f"SELECT sha256 FROM document WHERE id = ({FIRST})"  # noqa: S608
NBSP = "\u00a0"


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (change_an_entry, "Entrée n° 2 : elle a été modifiée"),
        (change_who_did_it, "Entrée n° 4 : ses détails ont été modifiés"),
        (remove_an_entry, "Avant l’entrée n° 3 : il manque des entrées"),
        (lose_a_paper, "Fichier manquant : (devis|convention|programme) v1 de S-"),
        (alter_a_paper, "Fichier altéré : (devis|convention|programme) v1 de S-"),
        (name_another_file, "Taille inattendue : "),
        (lose_what_was_handed_in, "Fichier manquant : pièce reçue n° 1"),
        (change_what_was_signed, "la personne qui a signé n’est pas celle de son relevé"),
    ],
)
def test_what_was_harmed_is_named(
    restored: Flask, harm: Callable[[Intruder], None], told: str
) -> None:
    before = run(restored, "verify")
    assert before.exit_code == 0, before.output
    harm(Intruder(data_of(restored)))
    done = run(restored, "verify")
    assert done.exit_code == 1
    assert re.search(told, done.output.replace(NBSP, " ")), done.output
    assert "intacts" not in done.output


def test_a_file_that_no_row_names_is_counted(restored: Flask) -> None:
    stranger = data_of(restored) / "files" / "ab" / ("ab" + "0" * 62)
    stranger.parent.mkdir(exist_ok=True)
    stranger.write_bytes(b"put here by hand")
    long_ago = time.time() - 3 * 86_400
    os.utime(stranger, (long_ago, long_ago))
    done = run(restored, "verify")
    assert done.exit_code == 0  # it harms nobody
    assert "Fichiers que rien ne cite : 1" in done.output.replace(NBSP, " ")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal_entry SET event = 'cancel' WHERE seq = 2",
        "DELETE FROM journal_entry WHERE seq = 2",
        "UPDATE journal_details SET salt = 'x' WHERE seq = 2",
    ],
)
def test_the_database_refuses_what_its_guards_see(restored: Flask, statement: str) -> None:
    refused = pytest.raises(databases.ERRORS, match="le journal ne se modifie pas")
    with closing(databases.connect(data_of(restored))) as connection, refused:
        connection.execute(statement)
    assert run(restored, "verify").exit_code == 0
