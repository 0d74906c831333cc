"""The import of the « Table SIRET-OPCO »: whole or not at all, constant memory, read at once."""

import io
import tracemalloc
from pathlib import Path

import pytest
from flask import Flask

from portal.companies import siro, tables
from portal.companies.finder import Finder
from portal.companies.opco import Path as ReadAt
from portal.companies.reference import Reliability
from portal.companies.registry import Registry
from portal.companies.siro import Unusable, bring_in

HEADER = siro.HEADER + "\n"
VASSEUR = "90055312400018"


def line(
    siret: int | str, idcc: str = "1597", owner: str = "CONSTRUCTYS", manager: str = ""
) -> str:
    return f"{siret}|{idcc}|{owner}|{manager}\n"


def many(count: int, start: int = 10**13, **parts: str) -> str:
    return "".join(line(start + n, **parts) for n in range(count))


def brought(path: Path, text: str, *, with_sirets: bool = True) -> siro.Report:
    return bring_in(io.BytesIO(text.encode()), path, "2026-09", with_sirets=with_sirets)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "siro.sqlite3"


def test_agreements_and_their_opco(path: Path) -> None:
    text = HEADER + many(95) + many(5, 2 * 10**13, owner="AKTO")
    text += many(60, 3 * 10**13, idcc="3203", owner="UNIFORMATION COHESION SOCIALE")
    text += many(40, 4 * 10**13, idcc="3203", owner="OCAPIAT") + many(3, 5 * 10**13, idcc="4321")
    text += many(30, 6 * 10**13, idcc="9999")
    report = brought(path, text)
    assert (report.lines, report.bad, report.agreements, report.shared) == (233, 0, 3, 1)
    found = siro.conventions(path)
    assert found["1597"].codes == ("CONSTRUCTYS",)
    assert found["1597"].reliability is Reliability.SURE
    assert (found["1597"].source, found["1597"].month) == ("SIRO-202609", "2026-09")
    assert found["3203"].codes == ("UNIFORMATION", "OCAPIAT")
    assert found["3203"].reliability is Reliability.SHARED
    assert found["4321"].reliability is Reliability.RARE
    assert "9999" not in found


def test_the_imported_table_comes_over_the_package_s(path: Path) -> None:
    assert tables.current(path) is tables.packaged()
    brought(path, HEADER + many(50, idcc="1486", owner="AKTO") + many(2, idcc="1979"))
    merged = tables.current(path).conventions
    assert (merged["1486"].codes, merged["1486"].month) == (("AKTO",), "2026-09")
    assert merged["1486"].title.startswith("Bureaux d’études")
    assert merged["1979"].codes == ("AKTO",)  # two establishments do not outvote the official list
    assert merged["1597"].codes == ("CONSTRUCTYS",)
    assert merged["9999"].reliability is Reliability.ESCAPE
    brought(path, HEADER + many(50, idcc="1486", owner="ATLAS"))
    assert tables.current(path).conventions["1486"].codes == ("ATLAS",)


def test_a_siret_is_answered_without_any_network(path: Path, tmp_path: Path) -> None:
    text = HEADER + line(VASSEUR) + line(VASSEUR, "1596") + line("98000000000017", "9999", "AFDAS")
    brought(path, text + line("97400000000017", "1486", "ATLAS", "AKTO"))
    finder = Finder(Registry("", tmp_path / "none", ""), path)
    found = finder.look_up(VASSEUR)
    assert found.outage is not None
    assert (found.proposal.code, found.proposal.path) == ("CONSTRUCTYS", ReadAt.TABLE)
    assert (set(found.proposal.idccs), found.proposal.month) == ({"1597", "1596"}, "2026-09")
    overseas = finder.look_up("97400000000017").proposal
    assert (overseas.code, overseas.manager) == ("ATLAS", "AKTO")
    assert finder.look_up("98000000000017").proposal.code == "AFDAS"
    assert siro.attachments(path, "12345678200010") == ([], "2026-09")


def test_without_the_option_no_siret_is_kept(path: Path) -> None:
    brought(path, HEADER + line(VASSEUR), with_sirets=False)
    assert siro.attachments(path, VASSEUR)[0] == []
    assert siro.conventions(path)


BAD = [
    "", "x", "1|2|3|4|5|6", line("9005531240001").strip(), line("9005531240001X").strip(),
    line(VASSEUR, owner="FONGECIF").strip(), line(VASSEUR, idcc="15976").strip(),
    line(VASSEUR, idcc="").strip(), line(VASSEUR, idcc="15½").strip(), "|" * 3, "\x00" * 40,
    line(VASSEUR, manager="NOBODY").strip(), "é" * 200,
]  # fmt: skip


def test_bad_lines_are_counted_and_shown(path: Path) -> None:
    report = brought(path, HEADER + many(2_000) + "\n".join(BAD) + "\n")
    assert (report.good, report.bad) == (2_000, len(BAD))
    assert report.faults[0] == (2_002, "")
    assert len(report.faults) == siro.SHOWN_FAULTS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SIRET;IDCC;OPCO\n" + many(10),
        HEADER,
        HEADER + "rien\n" * 50 + many(50),
        HEADER + "x" * 9_000,
        HEADER + many(60),  # the table in force has 200 lines: this one was cut
    ],
    ids=["empty", "another header", "no line", "half unreadable", "no line break", "cut"],
)
def test_what_is_not_the_whole_table_leaves_the_old_one(path: Path, text: str) -> None:
    brought(path, HEADER + many(200))
    before = path.read_bytes()
    with pytest.raises(Unusable):
        brought(path, text)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_an_interrupted_import_leaves_the_old_one(path: Path) -> None:
    brought(path, HEADER + many(20))
    before = path.read_bytes()

    class Cut(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError("the disk was removed")

    with pytest.raises(OSError, match="removed"):
        bring_in(Cut((HEADER + many(9)).encode()), path, "2026-09")
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_other_line_ends_quotes_and_a_byte_order_mark(path: Path) -> None:
    text = "\ufeff" + HEADER.replace("\n", "\r\n") + f'{VASSEUR}|"1597"|"CONSTRUCTYS"|""\r\n'
    report = brought(path, text + f"{VASSEUR[:-1]}9|43|L'OPCOMMERCE")
    assert (report.good, report.bad) == (2, 0)
    assert set(siro.conventions(path)) == {"1597", "0043"}


def test_the_eleven_names_are_those_of_the_open_data(path: Path) -> None:
    names = [
        "AFDAS", "AKTO", "ATLAS", "CONSTRUCTYS", "L'OPCOMMERCE", "OCAPIAT", "OPCO2I", "OPCO EP",
        "OPCO MOBILITES", "OPCO SANTE", "UNIFORMATION COHESION SOCIALE", "opco 2i",
    ]  # fmt: skip
    text = "".join(line(10**13 + n, owner=name) for n, name in enumerate(names))
    assert brought(path, HEADER + text).bad == 0


def test_memory_does_not_grow_with_the_file(path: Path) -> None:
    class Long(io.RawIOBase):
        left = 5

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            if not self.left:
                return 0
            self.left -= 1
            piece = (many(len(buffer) // 40, 10**13 + self.left * 10**6)).encode()
            buffer[: len(piece)] = piece
            return len(piece)

    source = io.BufferedReader(Long(), 1 << 20)
    source = io.BufferedReader(_After(HEADER.encode(), source), 1 << 16)
    tracemalloc.start()
    try:
        report = bring_in(source, path, "2026-09", with_sirets=True)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert report.good > 15_000
    assert peak < 24 * 2**20


class _After(io.RawIOBase):
    """Some bytes, then another stream."""

    def __init__(self, first: bytes, then: io.BufferedReader) -> None:
        self.first, self.then = first, then

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = self.first[: len(buffer)] or self.then.read(len(buffer))
        self.first = self.first[len(piece) :]
        buffer[: len(piece)] = piece
        return len(piece)


# --- The command


def command(app: Flask, *arguments: str) -> tuple[int, str]:
    done = app.test_cli_runner().invoke(args=["import-siro", *arguments])
    return done.exit_code, done.output


def test_the_command(app: Flask, tmp_path: Path) -> None:
    source = tmp_path / "table.csv"
    source.write_text(HEADER + many(300) + "rien\n", encoding="utf-8")
    code, said = command(app, str(source), "--month", "2026-09", "--with-sirets")
    assert code == 0, said
    assert "300 lignes lues, 1 illisibles" in said.replace("\u00a0", " ")
    assert "Ligne 302 illisible" in said
    assert siro.conventions(app.config["PORTAL"].siro)["1597"].codes == ("CONSTRUCTYS",)
    source.write_text("autre chose\n", encoding="utf-8")
    code, said = command(app, str(source), "--month", "2026-10")
    assert code == 1
    assert "La table en service n’a pas changé" in said
    assert siro.conventions(app.config["PORTAL"].siro)["1597"].month == "2026-09"
    assert command(app, str(source), "--month", "août")[0] == 1
