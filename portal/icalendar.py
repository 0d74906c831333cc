"""Half-days as a calendar file (RFC 5545): Paris time, folded lines, escaped texts. Pure."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

MIME = "text/calendar; charset=utf-8"
FOLD = 75  # octets of one line, its end not counted
_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
PRODUCT = "-//Portail des sessions de formation//FR"
# The rule of the European Union since 1996: last Sundays of March and October, 01:00 UTC.
_PARIS = (
    "BEGIN:VTIMEZONE",
    "TZID:Europe/Paris",
    "BEGIN:STANDARD",
    "DTSTART:19961027T030000",
    "TZOFFSETFROM:+0200",
    "TZOFFSETTO:+0100",
    "TZNAME:CET",
    "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
    "END:STANDARD",
    "BEGIN:DAYLIGHT",
    "DTSTART:19970330T020000",
    "TZOFFSETFROM:+0100",
    "TZOFFSETTO:+0200",
    "TZNAME:CEST",
    "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
    "END:DAYLIGHT",
    "END:VTIMEZONE",
)


@dataclass(frozen=True)
class Event:
    """One entry of one day, from and to a wall time of Paris; `changed_at` is an instant.

    `uid` stays the same for ever, `sequence` grows with each change, so that a calendar that
    already holds the event corrects it. `status` is CONFIRMED, TENTATIVE or CANCELLED.
    """

    uid: str
    sequence: int
    changed_at: datetime
    day: date
    starts: time
    ends: time
    summary: str
    location: str
    description: str
    status: str


def calendar(name: str, events: Iterable[Event]) -> bytes:
    """The whole file."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODUCT}", "CALSCALE:GREGORIAN"]
    lines += ["METHOD:PUBLISH", f"X-WR-CALNAME:{_escaped(name)}", *_PARIS]
    for event in events:
        lines += _lines(event)
    lines.append("END:VCALENDAR")
    return b"".join(_folded(line) for line in lines)


def _lines(event: Event) -> list[str]:
    stamp = f"{event.changed_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    texts = {
        "SUMMARY": event.summary,
        "LOCATION": event.location,
        "DESCRIPTION": event.description,
    }
    return [
        "BEGIN:VEVENT",
        f"UID:{event.uid}",
        f"DTSTAMP:{stamp}",
        f"LAST-MODIFIED:{stamp}",
        f"SEQUENCE:{event.sequence}",
        f"DTSTART;TZID=Europe/Paris:{event.day:%Y%m%d}T{event.starts:%H%M%S}",
        f"DTEND;TZID=Europe/Paris:{event.day:%Y%m%d}T{event.ends:%H%M%S}",
        *(f"{name}:{_escaped(text)}" for name, text in texts.items() if text),
        f"STATUS:{event.status}",
        f"TRANSP:{'TRANSPARENT' if event.status == 'CANCELLED' else 'OPAQUE'}",
        "END:VEVENT",
    ]


def _escaped(text: str) -> str:
    """A TEXT value: backslash, semicolon, comma and line breaks; no other control character."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(c for c in plain if c == "\n" or unicodedata.category(c) not in _INVISIBLE)
    for sign in ("\\", ";", ","):
        kept = kept.replace(sign, f"\\{sign}")
    return kept.replace("\n", "\\n")


def _folded(line: str) -> bytes:
    """A content line cut every 75 octets, never inside a character; CRLF and a blank between."""
    parts: list[bytes] = []
    part = b""
    for letter in line:
        octets = letter.encode()
        if len(part) + len(octets) > FOLD:
            parts.append(part)
            part = b" "
        part += octets
    return b"\r\n".join([*parts, part]) + b"\r\n"
