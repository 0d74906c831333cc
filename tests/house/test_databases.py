"""The ground the other tests stand on: a database that is put back is what it was."""

from contextlib import closing
from pathlib import Path

from tests import databases
from tests.schemas import rows_in

LOOKED_FOR = "UPDATE organisation SET city = 'Beaune'"


def test_a_snapshot_notices_what_is_written_and_puts_it_back(
    template: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    databases.copy(template, folder)
    before = rows_in(folder)
    with closing(databases.Snapshot(folder)) as snapshot, closing(databases.connect(folder)) as own:
        assert not snapshot.is_touched()
        own.execute("SELECT * FROM organisation").fetchall()
        assert not snapshot.is_touched()
        for _ in range(2):
            own.execute(LOOKED_FOR)
            own.execute("DELETE FROM programme")
            assert snapshot.is_touched()
            assert rows_in(folder) != before
            snapshot.restore()
            assert not snapshot.is_touched()
            assert rows_in(folder) == before
        own.execute("INSERT INTO counter (name, n) VALUES ('x', 1)")
        assert snapshot.is_touched()
    databases.forget(folder)
