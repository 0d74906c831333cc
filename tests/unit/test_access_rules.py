"""A link is worth its MAC: nothing that was guessed, cut or changed opens a dossier."""

from datetime import UTC, date, datetime, timedelta

import pytest

from portal.access import rules
from portal.access.rules import Scope

KEY = "kTq3vW9xLz7bN1mR5sD8fG2hJ6pY4cQ0aE-uI_oX"
OTHER_KEY = KEY[::-1]
AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def genuine(rotation: int = 0, link_id: int = 12) -> str:
    return rules.token(KEY, Scope.SPACE, link_id, rotation)


def rotation_of(text: str, current: int = 0, link_id: int = 12) -> int | None:
    return rules.rotation_of(KEY, text, Scope.SPACE, link_id, current)


def test_a_genuine_link_names_its_row_and_proves_itself() -> None:
    text = genuine()
    assert text.startswith("esp-12-")
    assert len(text) == len("esp-12-") + 43
    assert rules.link_id_of(text) == (Scope.SPACE, 12)
    assert rotation_of(text) == 0


@pytest.mark.parametrize("tail", ["", ".", ",", ")", ">", ").", " ", "\n"])
def test_what_mail_programs_add_at_the_end_is_dropped(tail: str) -> None:
    text = genuine() + tail
    assert rules.link_id_of(text) == (Scope.SPACE, 12)
    assert rotation_of(text) == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "esp-12-",
        "esp--" + "a" * 43,
        "abc-12-" + "a" * 43,
        "ESP-12-" + "a" * 43,
        "esp-12-" + "a" * 42,
        "esp-12-" + "a" * 44,
        "esp-" + "9" * 13 + "-" + "a" * 43,
        "esp-١٢-" + "a" * 43,
        "esp-12-" + "a" * 42 + "=",
        "../../etc/passwd",
        "esp-12-" + "a" * 20 + "\n" + "a" * 22,
    ],
)
def test_what_cannot_be_a_link_names_no_row(text: str) -> None:
    assert rules.link_id_of(text) is None


def test_each_changed_character_makes_a_forgery() -> None:
    text = genuine()
    start = len("esp-12-")
    for position in range(start, len(text)):
        other = "A" if text[position] != "A" else "B"
        assert rotation_of(text[:position] + other + text[position + 1 :]) is None


def test_the_case_of_a_link_matters() -> None:
    assert rotation_of(genuine().swapcase()) is None
    assert rotation_of("esp-12-" + genuine().removeprefix("esp-12-").lower()) is None


def test_a_link_opens_its_own_row_with_its_own_key_only() -> None:
    assert rotation_of(genuine(link_id=13), link_id=12) is None
    assert rotation_of(genuine(link_id=1), link_id=12) is None
    assert rules.rotation_of(OTHER_KEY, genuine(), Scope.SPACE, 12, 0) is None


def test_a_replaced_link_is_recognised_as_such() -> None:
    old, new = genuine(0), genuine(2)
    assert old != new
    assert rotation_of(old, current=2) == 0
    assert rotation_of(genuine(1), current=2) == 1
    assert rotation_of(new, current=2) == 2


def test_a_link_of_the_future_is_a_forgery() -> None:
    assert rotation_of(genuine(3), current=2) is None


def test_a_link_lasts_sixty_days_or_a_month_after_the_training() -> None:
    sixty = AT + timedelta(days=60)
    assert rules.space_expiry(AT, None) == sixty
    assert rules.space_expiry(AT, date(2026, 12, 1)) == sixty
    late = rules.space_expiry(AT, date(2027, 3, 10))
    assert late == datetime(2027, 4, 9, 21, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("idle", "age", "is_open"),
    [
        (timedelta(0), timedelta(0), True),
        (timedelta(minutes=29, seconds=59), timedelta(hours=1), True),
        (timedelta(minutes=30), timedelta(hours=1), False),
        (timedelta(minutes=1), timedelta(hours=11, minutes=59), True),
        (timedelta(minutes=1), timedelta(hours=12), False),
    ],
)
def test_a_space_closes_when_idle_or_at_the_end_of_the_day(
    idle: timedelta, age: timedelta, is_open: bool
) -> None:
    assert rules.is_open(AT, AT - idle, AT - age) is is_open
