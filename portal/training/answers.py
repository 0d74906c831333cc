"""Raw answers of a draft: the pairs of a posted form, kept per topic even when invalid. Pure."""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import FieldList, Form

Raw = dict[str, list[str]]
_ENTRY = re.compile(r"(?P<list>[a-z_]+)-(?P<index>[0-9]{1,4})-(?P<name>[a-z_]+)")


def keep(form: type[Form], pairs: Iterable[tuple[str, str]]) -> Raw:
    """The pairs that belong to that form, and nothing else a request may carry."""
    names = set(form(formdata=None, meta={"csrf": False})._fields)
    raw: Raw = {}
    for name, value in pairs:
        entry = _ENTRY.fullmatch(name)
        if (entry["list"] if entry else name) in names:
            raw.setdefault(name, []).append(value)
    return raw


def rows(raw: Raw, listed: str) -> list[dict[str, str]]:
    """The entries of one list (days, people), in order."""
    found: dict[int, dict[str, str]] = {}
    for key, values in raw.items():
        match = _ENTRY.fullmatch(key)
        if match and match["list"] == listed:
            found.setdefault(int(match["index"]), {})[match["name"]] = values[0] if values else ""
    return [found[index] for index in sorted(found)]


def with_rows(raw: Raw, listed: str, entries: list[dict[str, str]]) -> Raw:
    """The same answers with that list replaced, renumbered from 0."""
    others = {key: values for key, values in raw.items() if not key.startswith(f"{listed}-")}
    numbered = {
        f"{listed}-{index}-{name}": [value]
        for index, entry in enumerate(entries)
        for name, value in entry.items()
    }
    return others | numbered


def as_formdata(raw: Raw) -> MultiDict[str, str]:
    """Raw answers as a form reads them."""
    return MultiDict([(name, value) for name, values in raw.items() for value in values])


def next_day(entries: list[dict[str, str]], default_day: date) -> dict[str, str]:
    """A further day: the hours of the last one, on the next working day after it."""
    hours = {
        "morning_starts": "09:00",
        "morning_ends": "12:30",
        "afternoon_starts": "13:30",
        "afternoon_ends": "17:00",
    }
    if not entries:
        return hours | {"date": default_day.isoformat()}
    last = entries[-1]
    try:
        after = date.fromisoformat(last.get("date", "")) + timedelta(days=1)
    except (ValueError, OverflowError):
        return last | {"date": ""}
    while after.weekday() >= 5:
        after += timedelta(days=1)
    return last | {"date": after.isoformat()}


def number(text: str) -> int | None:
    """A short run of figures; str.isdigit() says yes to « ² », which int() refuses."""
    return int(text) if re.fullmatch("[0-9]{1,4}", text) else None


def after_removal(index: str, left: int) -> int:
    """The row that took the place of the one removed, or the last: where whoever removed it is."""
    return max(0, min(number(index) or 0, left - 1))


def differences(form: Form, yours: Raw, theirs: Raw) -> list[dict[str, Any]]:
    """Field by field, what two saves disagree on: label, yours, theirs (as typed)."""
    labels = _labels(form)
    found = []
    for key in [*yours, *(key for key in theirs if key not in yours)]:
        mine, other = _shown(yours.get(key)), _shown(theirs.get(key))
        if mine != other:
            found.append({"label": labels.get(key, key), "yours": mine, "theirs": other})
    return found


def _shown(values: list[str] | None) -> str:
    return ", ".join(value for value in values or () if value)


def _labels(form: Form) -> dict[str, str]:
    labels = {}
    for field in form:
        if isinstance(field, FieldList):
            word = "Jour" if field.short_name == "days" else "Stagiaire"
            for number, entry in enumerate(field.entries, start=1):
                for inner in entry.form:
                    labels[inner.name] = f"{word} {number}, {inner.label.text.lower()}"
        else:
            labels[field.name] = field.label.text
    return labels
