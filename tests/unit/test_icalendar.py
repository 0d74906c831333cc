"""Calendar files, read by a strict parser of RFC 5545 written for these tests."""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from hypothesis import given
from hypothesis import strategies as st

from portal import icalendar
from portal.icalendar import Event

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


@dataclass
class Part:
    """A component: its properties (name → (parameters, value)), and the components inside."""

    name: str
    properties: dict[str, tuple[str, str]] = field(default_factory=dict)
    parts: list["Part"] = field(default_factory=list)

    def value(self, name: str) -> str:
        """A TEXT value, unescaped."""
        return unescaped(self.properties[name][1])


LINE = re.compile(r"([A-Z-]+)((?:;[A-Z-]+=[^:;]+)*):(.*)", re.DOTALL)


def parse(content: bytes) -> Part:
    """The tree of a file; AssertionError on anything RFC 5545 does not allow."""
    assert content.endswith(b"\r\n")
    raw = content.split(b"\r\n")[:-1]
    for line in raw:
        assert len(line) <= 75, line
        assert b"\n" not in line
        assert b"\r" not in line
        line.decode()  # a line is never cut inside a character
    unfolded = re.sub(r"\r\n ", "", content.decode()).split("\r\n")[:-1]
    root = Part("")
    stack = [root]
    for line in unfolded:
        match = LINE.fullmatch(line)
        assert match, line
        name, parameters, value = match.groups()
        assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value), line
        if name == "BEGIN":
            stack.append(Part(value))
        elif name == "END":
            done = stack.pop()
            assert done.name == value
            stack[-1].parts.append(done)
        else:
            assert name not in stack[-1].properties, f"{name} twice"
            stack[-1].properties[name] = (parameters, value)
    assert stack == [root]
    (calendar,) = root.parts
    check(calendar)
    return calendar


def check(calendar: Part) -> None:
    assert calendar.name == "VCALENDAR"
    assert calendar.value("VERSION") == "2.0"
    assert calendar.value("PRODID")
    zones = [part for part in calendar.parts if part.name == "VTIMEZONE"]
    assert [zone.value("TZID") for zone in zones] == ["Europe/Paris"]
    assert {part.name for part in zones[0].parts} == {"STANDARD", "DAYLIGHT"}
    uids = [event.value("UID") for event in events(calendar)]
    assert len(set(uids)) == len(uids)
    for event in events(calendar):
        assert re.fullmatch(r"\d{8}T\d{6}Z", event.value("DTSTAMP"))
        assert event.properties["DTSTART"][0] == ";TZID=Europe/Paris"
        assert event.value("DTSTART") < event.value("DTEND")
        assert event.value("STATUS") in ("CONFIRMED", "TENTATIVE", "CANCELLED")
        assert event.value("SEQUENCE").isdecimal()


def events(calendar: Part) -> list[Part]:
    return [part for part in calendar.parts if part.name == "VEVENT"]


def unescaped(value: str) -> str:
    assert not re.search(r"(?<!\\)(?:\\\\)*[;,]", value), f"not escaped: {value}"
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], value)


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
    kept = "".join(c for c in plain if c == "\n" or c.isprintable())
    assert event.value("DESCRIPTION") == kept


def test_no_text_opens_a_property_or_an_event() -> None:
    text = "x\r\nATTACH:http://127.0.0.1/\nEND:VEVENT\r\nBEGIN:VALARM\u2028ACTION:DISPLAY"
    made = Event(**{**vars(EVENT), "summary": text, "location": text, "description": text})
    (event,) = events(parse(icalendar.calendar(text, [made])))
    assert "ATTACH" not in event.properties
    assert event.parts == []
