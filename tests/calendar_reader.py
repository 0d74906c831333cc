"""A strict reader of calendar files (RFC 5545), written for these tests."""

import re
from dataclasses import dataclass, field


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
