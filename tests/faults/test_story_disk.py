"""A disk that is full, a database somebody else holds: said in French, nothing half written."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests import databases
from tests.emails.mailroom import Server
from tests.races.running import NOTHING, WHOLE, Portal, ready_sessions, running, signed_in

HELD_SECONDS = 3.0


@pytest.fixture(scope="module")
def ready(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ready_sessions(template, tmp_path_factory.mktemp("ready") / "data", 2)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four mebibytes, in memory."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("mounting a file system asks for root")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"this machine mounts nothing: {done.stderr}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def fill(disk: Path) -> Path:
    """Leaves not one free octet."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4_096)
        except OSError:
            pass
    return ballast


@databases.on_sqlite
def test_a_full_disk_refuses_in_french_and_breaks_nothing(ready: Path, small_disk: Path) -> None:
    with running(ready, small_disk / "data", Server(port=9)) as portal:
        trainer = signed_in(portal)
        first, second = portal.rows("SELECT ref FROM training_session ORDER BY ref")
        page = f"/formateur/sessions/{first}/"
        ballast = fill(small_disk)

        for _ in range(3):
            refused = trainer.post(f"{page}verifier")
            assert refused.status == 507
            assert "n’a plus de place" in refused.text
            assert '<html lang="fr"' in refused.text
            assert "Traceback" not in refused.text
        assert portal.set_of(first) == NOTHING
        assert portal.rows("PRAGMA integrity_check") == ["ok"]

        # reading goes on, for whoever came more than a minute ago too
        assert trainer.get(page).status == 200

        ballast.unlink()
        assert trainer.post(f"{page}verifier").status == 303
        assert portal.set_of(first) == WHOLE
        ballast = fill(small_disk)
        assert trainer.post(f"/formateur/sessions/{second}/verifier").status == 507
        ballast.unlink()
        assert portal.set_of(second) == NOTHING
        assert portal.findings() == []


@databases.on_sqlite
def test_reading_goes_on_when_nothing_can_be_written(ready: Path, small_disk: Path) -> None:
    """« Last seen » cannot be noted: the page is shown all the same."""
    with running(ready, small_disk / "data", Server(port=9)) as portal:
        trainer = signed_in(portal)
        portal.write("UPDATE login_session SET seen_at = datetime(seen_at, '-90 seconds') || '.0'")
        fill(small_disk)
        assert trainer.get("/formateur/").status == 200
        assert trainer.get("/formateur/").status == 200


@pytest.mark.skipif(not databases.ON_POSTGRESQL, reason="needs a PostgreSQL server")
def test_a_server_whose_disk_is_full_is_told_in_the_same_words(ready: Path, tmp_path: Path) -> None:
    with running(ready, tmp_path / "data", Server(port=9)) as portal:
        trainer = signed_in(portal)
        (ref, _) = portal.rows("SELECT ref FROM training_session ORDER BY ref")
        page = f"/formateur/sessions/{ref}/"
        portal.write(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$"
        )
        portal.write(
            "CREATE TRIGGER full_disk BEFORE INSERT ON document "
            "FOR EACH ROW EXECUTE FUNCTION full_disk()"
        )
        refused = trainer.post(f"{page}verifier")
        assert refused.status == 507
        assert "n’a plus de place" in refused.text
        assert portal.set_of(ref) == NOTHING
        assert trainer.get(page).status == 200
        portal.write("DROP FUNCTION full_disk CASCADE")
        assert trainer.post(f"{page}verifier").status == 303
        assert portal.set_of(ref) == WHOLE


def test_a_database_held_by_another_program_is_waited_for(ready: Path, tmp_path: Path) -> None:
    with running(ready, tmp_path / "data", Server(port=9)) as portal:
        trainer = signed_in(portal)
        (ref, _) = portal.rows("SELECT ref FROM training_session ORDER BY ref")
        page = f"/formateur/sessions/{ref}/"
        held = threading.Event()
        holder = threading.Thread(target=hold, args=(portal, held))
        holder.start()
        assert held.wait(10)
        assert trainer.get(page).seconds < HELD_SECONDS / 2  # readers do not wait
        answer = trainer.post(f"{page}verifier")
        holder.join()
        assert answer.status == 303
        assert answer.seconds > HELD_SECONDS / 2  # or nothing was held
        assert portal.set_of(ref) == WHOLE
        assert portal.findings() == []


def hold(portal: Portal, held: threading.Event) -> None:
    with closing(portal.connect()) as connection:
        for statement in databases.HOLDING:
            connection.execute(statement)
        held.set()
        time.sleep(HELD_SECONDS)
        connection.execute("ROLLBACK")
