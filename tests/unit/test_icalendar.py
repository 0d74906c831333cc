"""Calendar files: what goes in comes out, whatever people typed."""

import unicodedata
from datetime import UTC, date, datetime, time

from hypothesis import given
from hypothesis import strategies as st

from portal import icalendar
from portal.icalendar import Event
from tests.calendar_reader import events, parse

CHANGED = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
EVENT = Event(
    uid="s-2026-0001-1@portail.rivage-formation.example",
    sequence=3,
    changed_at=CHANGED,
    day=date(2027, 1, 12),
    starts=time(9),
    ends=time(12, 30),
    summary="Lecture de plans et métrés",
    location="12 rue des Tanneries, 21200 Beaune",
    description="S-2026-0001",
    status="CONFIRMED",
)


def test_a_half_day_is_an_event_in_paris_time() -> None:
    (event,) = events(parse(icalendar.calendar("Mes sessions", [EVENT])))
    assert event.properties["DTSTART"] == (";TZID=Europe/Paris", "20270112T090000")
    assert event.properties["DTEND"][1] == "20270112T123000"
    assert event.value("DTSTAMP") == "20261123T090000Z"
    assert event.value("SUMMARY") == "Lecture de plans et métrés"
    assert event.value("LOCATION") == "12 rue des Tanneries, 21200 Beaune"
    assert event.value("SEQUENCE") == "3"


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_goes_in_and_comes_out(summary: str, description: str) -> None:
    made = Event(**{**vars(EVENT), "summary": summary, "description": f".{description}"})
    (event,) = events(parse(icalendar.calendar(summary, [made])))
    plain = f".{description}".replace("\r\n", "\n").replace("\r", "\n")
    hidden = ("Cc", "Cf", "Zl", "Zp")
    kept = "".join(c for c in plain if c == "\n" or unicodedata.category(c) not in hidden)
    assert event.value("DESCRIPTION") == kept
    assert "\u00a0" in kept or "\u00a0" not in plain


def test_no_text_opens_a_property_or_an_event() -> None:
    text = "x\r\nATTACH:http://127.0.0.1/\nEND:VEVENT\r\nBEGIN:VALARM\u2028ACTION:DISPLAY"
    made = Event(**{**vars(EVENT), "summary": text, "location": text, "description": text})
    (event,) = events(parse(icalendar.calendar(text, [made])))
    assert "ATTACH" not in event.properties
    assert event.parts == []
