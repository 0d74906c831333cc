"""The client of the directory: answered, put off, let down, kept waiting, told nonsense."""

import sqlite3
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from portal.companies import registry as client
from portal.companies.finder import Finder
from portal.companies.opco import Path as ReadAt
from portal.companies.opco import Standing
from portal.companies.registry import Busy, Outage, Registry
from tests.companies import fake_registry as fake
from tests.companies.fake_registry import Directory


class Clock:
    """Time as the client sees it: it passes only when somebody waits."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.waits: list[float] = []

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(client, "time", clock)
    return clock


# --- Answers


def test_a_company_that_is_found(directory: Directory, finder: Finder) -> None:
    found = finder.look_up(fake.VASSEUR)
    assert found.outage is None
    assert found.card is not None
    assert found.card.as_json() == {
        "siret": fake.VASSEUR,
        "legal_name": "Menuiserie Vasseur",
        "address": "14 Rue des Forges",
        "postcode": "21200",
        "city": "Beaune",
        "department": "21",
        "naf": "43.32A",
        "is_open": True,
        "is_company_open": True,
        "is_head_office": True,
        "head_siret": "",
        "is_sole_trader": False,
    }
    assert (found.proposal.code, found.proposal.path) == ("CONSTRUCTYS", ReadAt.ESTABLISHMENT)
    ((asked, headers),) = directory.asked
    assert asked == fake.VASSEUR
    assert headers["User-Agent"] == "portail-formation/test"


def test_a_closed_establishment_is_flagged(finder: Finder) -> None:
    card = finder.look_up(fake.CLOSED).card
    assert card is not None
    assert (card.is_open, card.is_company_open) == (False, True)
    assert card.head_siret == fake.VASSEUR


def test_what_is_not_in_the_public_directory(finder: Finder) -> None:
    found = finder.look_up(fake.HIDDEN)
    assert (found.card, found.outage, found.proposal.standing) == (None, None, Standing.NONE)


@pytest.mark.parametrize(
    ("siret", "standing", "path"),
    [
        (fake.TWO_IDCC, Standing.CHOICE, ReadAt.ESTABLISHMENT),
        (fake.SHARED_IDCC, Standing.CHOICE, ReadAt.ESTABLISHMENT),
        (fake.BY_HEAD_OFFICE, Standing.FOUND, ReadAt.HEAD_OFFICE),
        (fake.NO_IDCC, Standing.HINT, ReadAt.ACTIVITY),
        (fake.ALONE, Standing.FUND, ReadAt.STATUS),
    ],
)
def test_each_case_of_the_rule(
    finder: Finder, siret: str, standing: Standing, path: ReadAt
) -> None:
    found = finder.look_up(siret).proposal
    assert (found.standing, found.path) == (standing, path)


def test_hidden_texts_are_empty(directory: Directory, finder: Finder) -> None:
    directory.fault = fake.saying(
        b'{"results": [{"siren": "900553124", "nom_complet": "[NON-DIFFUSIBLE]", "siege": {'
        b'"siret": "90055312400018", "adresse": "[ND] [ND] 21200 [ND]", "code_postal": "21200",'
        b' "libelle_commune": "BEAUNE", "etat_administratif": "A"}}]}'
    )
    card = finder.look_up(fake.VASSEUR).card
    assert card is not None
    assert (card.legal_name, card.address, card.city) == ("", "", "Beaune")


def test_by_name(finder: Finder) -> None:
    assert [c.siret for c in finder.names("vasseur", is_anonymous=True)] == [fake.VASSEUR]
    assert finder.names("personne de ce nom", is_anonymous=True) == []


# --- Failures


FAULTS = {
    "500": fake.broken,
    "moved": fake.moved,
    "hangs up": fake.hanging_up,
    "endless": fake.endless,
    **{f"garbage: {name}": fake.saying(body) for name, body in fake.GARBAGE.items()},
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_whatever_breaks_is_an_outage(directory: Directory, finder: Finder, fault: Any) -> None:
    directory.fault = fault
    found = finder.look_up(fake.VASSEUR)
    assert found.outage is not None
    assert (found.card, found.proposal.standing) == (None, Standing.NONE)
    directory.fault = None
    assert finder.look_up(fake.VASSEUR).card is not None  # one failure shuts nothing


@pytest.mark.parametrize("fault", [fake.slow, fake.dripping], ids=["silent", "drop by drop"])
def test_nobody_waits_long(directory: Directory, finder: Finder, fault: Any) -> None:
    directory.fault = fault
    start = time.perf_counter()
    assert finder.look_up(fake.VASSEUR).outage is not None
    assert time.perf_counter() - start < 3


def test_values_of_the_wrong_kind_are_missing_values(directory: Directory, finder: Finder) -> None:
    directory.fault = fake.saying(
        b'{"results": [{"siren": "900553124", "nom_complet": 7, "complements": [], "siege": "x",'
        b' "matching_etablissements": [null, {"siret": "90055312400018", "liste_idcc": [1597, "z"],'
        b' "adresse": {}, "code_postal": 21200, "activite_principale": "4332A"}]}, 5]}'
    )
    card = finder.look_up(fake.VASSEUR).card
    assert card is not None
    assert (card.legal_name, card.postcode, card.naf) == ("", "", "43.32A")


def test_another_company_than_the_one_asked_for_is_nobody(
    directory: Directory, finder: Finder
) -> None:
    directory.fault = fake.saying(b'{"results": [{"siren": "111222337", "nom_complet": "X"}]}')
    assert finder.look_up(fake.VASSEUR).card is None


def test_without_a_directory_the_tables_still_answer(tmp_path: Path) -> None:
    found = Finder(Registry("", tmp_path / "x", ""), tmp_path / "none").look_up(fake.VASSEUR)
    assert found.outage is not None
    assert not (tmp_path / "x").exists()


# --- Patience


def test_retry_after_is_honoured(directory: Directory, finder: Finder, clock: Clock) -> None:
    directory.fault = fake.busy("7")
    assert 6 < (finder.look_up(fake.VASSEUR).outage or Outage("")).wait <= 7
    directory.fault = None
    clock.now += 5
    assert finder.look_up(fake.VASSEUR).outage is not None
    assert len(directory.asked) == 1  # not even asked
    clock.now += 2.1
    assert finder.look_up(fake.VASSEUR).card is not None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7), ("0", 1), ("-3", 1), ("99999999", 3_600), ("nan", 2), ("inf", 3_600), ("", 2),
     ("demain", 2)],
)  # fmt: skip
def test_what_retry_after_says(value: str, seconds: float) -> None:
    assert client._retry_after(value) == seconds


def test_retry_after_as_a_date() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 28 <= client._retry_after(later) <= 30


def test_the_breaker_opens_then_one_caller_tries(
    directory: Directory, finder: Finder, clock: Clock
) -> None:
    directory.fault = fake.broken
    for _ in range(client.FAILURES):
        assert finder.look_up(fake.VASSEUR).outage is not None
    assert len(directory.asked) == client.FAILURES
    for _ in range(5):
        assert finder.look_up(fake.VASSEUR).outage is not None
    assert len(directory.asked) == client.FAILURES
    clock.now += client.SHUT + 0.1
    assert finder.look_up(fake.VASSEUR).outage is not None  # still broken: shut for twice as long
    clock.now += client.SHUT + 0.1
    assert finder.look_up(fake.VASSEUR).outage is not None
    assert len(directory.asked) == client.FAILURES + 1
    clock.now += client.SHUT
    directory.fault = None
    assert finder.look_up(fake.VASSEUR).card is not None
    assert finder.look_up(fake.NO_IDCC).card is not None  # open again


def test_seven_calls_a_second_and_the_next_one_waits(
    directory: Directory, finder: Finder, clock: Clock
) -> None:
    numbers = [f"{n:09d}" for n in range(client.CALLS + 1)]
    for number in numbers:
        finder.registry.by_number(number)
    assert len(directory.asked) == client.CALLS + 1
    assert clock.waits == [pytest.approx(client.WINDOW, abs=0.02)]


def test_names_typed_by_visitors_have_their_own_budget(
    directory: Directory, finder: Finder, clock: Clock
) -> None:
    for n in range(client.ANONYMOUS_CALLS):
        finder.names(f"nom {n}", is_anonymous=True)
    with pytest.raises(Busy):
        finder.names("encore un", is_anonymous=True)
    assert clock.waits == []
    finder.names("de quelqu’un de connu", is_anonymous=False)
    assert finder.look_up(fake.VASSEUR).card is not None
    assert len(directory.asked) == client.ANONYMOUS_CALLS + 2


def test_an_answer_is_kept_for_the_day(directory: Directory, finder: Finder, clock: Clock) -> None:
    finder.look_up(fake.VASSEUR)
    directory.fault = fake.broken
    assert finder.look_up(fake.VASSEUR).card is not None
    clock.now += client.KEPT + 1
    assert finder.look_up(fake.VASSEUR).outage is not None
    assert len(directory.asked) == 2


def test_an_absence_is_kept_for_an_hour(directory: Directory, finder: Finder, clock: Clock) -> None:
    finder.look_up(fake.HIDDEN)
    finder.look_up(fake.HIDDEN)
    assert len(directory.asked) == 1
    clock.now += client.KEPT_EMPTY + 1
    finder.look_up(fake.HIDDEN)
    assert len(directory.asked) == 2


def test_what_is_kept_stays_small(
    finder: Finder, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "MOST_KEPT", 3)
    for n in range(6):
        clock.now += 1
        finder.registry.by_number(f"{n:09d}")
    with sqlite3.connect(finder.registry.state) as connection:
        assert connection.execute("SELECT count(*) FROM answer").fetchone() == (3,)
    connection.close()


def test_a_spoilt_state_is_thrown_away(directory: Directory, finder: Finder) -> None:
    finder.registry.state.write_bytes(b"not a database" * 200)
    assert finder.look_up(fake.VASSEUR).outage is not None
    assert finder.look_up(fake.VASSEUR).card is not None
