"""What is read in fictional agreements: never a wrong granted amount, and honest figures.

The rules were written with the first set. They were then frozen, and the second set drawn in other
words and geometry to measure them; they were not changed afterwards. Whoever changes the rules
moves the second set into the first, draws another one, and brings the page of decisions up to date.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from portal.funding.reading import FIELDS, Page, Reading, read
from portal.funding.reading_rules import rules
from tests.agreements.drawing import Agreement
from tests.agreements.first_set import FIRST_SET
from tests.agreements.measuring import NAMES, measure, table, value_of
from tests.agreements.second_set import SECOND_SET

# SHA-256 of the rules the second set was drawn after.
FROZEN = "eb02c8694c6122bce1d48f766d8153274ea9e3dc7309cc1a8c93e82855c4760d"
DECISIONS = Path(__file__).parents[2] / "docs" / "decisions"
SETS = (FIRST_SET, SECOND_SET)
EVERY = [agreement for agreements in SETS for agreement in agreements]


def test_rules_are_those_the_second_set_measures() -> None:
    written = json.dumps(dict(rules()), sort_keys=True, ensure_ascii=False)
    assert hashlib.sha256(written.encode()).hexdigest() == FROZEN


@pytest.mark.parametrize("agreement", EVERY, ids=lambda agreement: agreement.name)
def test_no_other_amount_is_ever_proposed_as_granted(agreement: Agreement, tmp_path: Path) -> None:
    found = value_of(read(agreement.pages(tmp_path)), "amount")
    assert found in (None, agreement.says.get("amount"))


@pytest.mark.parametrize("agreement", FIRST_SET, ids=lambda agreement: agreement.name)
def test_nothing_wrong_is_proposed_on_the_first_set(agreement: Agreement, tmp_path: Path) -> None:
    reading = read(agreement.pages(tmp_path))
    proposed = {name: value_of(reading, name) for name in NAMES}
    wrong = {
        name: value
        for name, value in proposed.items()
        if value is not None and value != agreement.says.get(name)
    }
    assert wrong == {}
    assert reading.is_scan == agreement.is_scan


def test_amounts_of_the_first_set_are_all_found(tmp_path: Path) -> None:
    score = measure(FIRST_SET, tmp_path)["amount"]
    assert (score.precision, score.recall) == (1, 1)


@pytest.mark.parametrize(("name", "agreements"), list(zip(("first", "second"), SETS, strict=True)))
def test_published_figures_are_those_measured(
    name: str, agreements: Sequence[Agreement], tmp_path: Path
) -> None:
    measured = table(measure(agreements, tmp_path))
    print(f"\n{name} set, {len(agreements)} agreements\n{measured}")  # noqa: T201 - the report
    (page,) = DECISIONS.glob("*-reading-agreements.md")
    assert measured in page.read_text(encoding="utf-8")


def test_a_scan_is_said_to_be_one(tmp_path: Path) -> None:
    (scan,) = (agreement for agreement in FIRST_SET if agreement.is_scan)
    reading = read(scan.pages(tmp_path))
    assert reading == Reading(is_scan=True, blank_pages=(1,), sizes=reading.sizes)


def test_a_page_without_text_beside_others_is_named(tmp_path: Path) -> None:
    pages = [*FIRST_SET[0].pages(tmp_path), Page(2, (), 595, 842)]
    reading = read(pages)
    assert (reading.is_scan, reading.blank_pages) == (False, (2,))
    assert reading.amount is not None


@pytest.mark.parametrize("agreement", EVERY, ids=lambda agreement: agreement.name)
def test_a_suggestion_shows_where_it_was_read(agreement: Agreement, tmp_path: Path) -> None:
    pages = agreement.pages(tmp_path)
    reading = read(pages)
    for name in FIELDS:
        one = getattr(reading, name)
        if one is None:
            continue
        page = pages[one.page - 1]
        x0, y0, x1, y1 = one.box
        assert 0 <= x0 < x1 <= page.width
        assert 0 <= y0 < y1 <= page.height
        inside = [
            word
            for word in page.words
            if x0 <= word.x0 and word.x1 <= x1 and y0 <= word.y0 and word.y1 <= y1
        ]
        assert set(one.words.split()) <= {word.text for word in inside}
        assert one.rule


@pytest.mark.parametrize("agreement", EVERY, ids=lambda agreement: agreement.name)
def test_a_reading_survives_json(agreement: Agreement, tmp_path: Path) -> None:
    reading = read(agreement.pages(tmp_path))
    assert Reading.from_json(json.loads(json.dumps(reading.to_json()))) == reading
