"""A row described in a TOML file by a person: what is missing is named, what is unknown refused."""

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sqlalchemy import JSON

from portal import french

Fields = dict[str, Any]
_KEY = re.compile(r"\s*([A-Za-z0-9_]+)\s*=")
_EXPECTED = {
    str: "un texte entre guillemets",
    int: "un nombre entier",
    bool: "true ou false",
    date: "une date comme 2026-09-14",
    list: "une liste entre crochets",
}


class DescriptionError(ValueError):
    """The description cannot be used; the message lists everything to correct, in French."""

    def __init__(self, what: str, problems: list[str]) -> None:
        super().__init__(f"{what}{french.NBSP}:\n- " + "\n- ".join(problems))


class Description(dict[str, Any]):
    """What a file says; `lines` tells where each of its keys stands, from 1."""

    def __init__(self, values: Mapping[str, Any], text: str) -> None:
        super().__init__(values)
        keys = enumerate((_KEY.match(line) for line in text.splitlines()), 1)
        self.lines: dict[str, int] = {}
        for number, found in keys:
            if found:
                self.lines.setdefault(found[1].removesuffix("_file"), number)


def line_of(data: Mapping[str, Any], name: str) -> str:
    """« (ligne 12) », after a blank: where a file gives that key; nothing when it does not."""
    line = data.lines.get(name) if isinstance(data, Description) else None
    return f" (ligne{french.NBSP}{line})" if line else ""


def read(path: Path) -> Description:
    """The TOML file at `path`; a key `terms_file` becomes `terms`, read from the file it names.

    Raises DescriptionError when a file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
        data = Description(tomllib.loads(text), text)
    except OSError as error:
        raise DescriptionError(str(path), [f"fichier illisible ({error.strerror})"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DescriptionError(str(path), [f"ce n’est pas du TOML ({error})"]) from error
    for key in [key for key in data if key.endswith("_file")]:
        beside = path.parent / str(data.pop(key))
        try:
            is_text = beside.suffix in (".txt", ".md")
            content = beside.read_text(encoding="utf-8") if is_text else beside.read_bytes()
        except (OSError, UnicodeDecodeError) as error:
            problem = f"{key}{french.NBSP}: {beside.name} est illisible"
            raise DescriptionError(str(path), [problem]) from error
        data[key.removesuffix("_file")] = content
    return data


def fit(
    model: type[Any],
    data: Mapping[str, Any],
    what: str,
    apart: tuple[str, ...] = (),
    spelled: Mapping[str, str] = MappingProxyType({}),
) -> Fields:
    """`data` checked against the columns of `model`; `apart` names those nobody describes.

    `spelled` gives the key of the file that a column comes from, when it has another name. Texts
    lose the line breaks of the file inside a paragraph. Raises DescriptionError naming every
    missing key, every unknown one, and every value of another type.
    """
    columns = {c.name: c for c in model.__table__.columns if c.name not in ("id", *apart)}
    missing = [
        name
        for name, column in columns.items()
        if not column.nullable and column.default is None and data.get(name) in (None, "", [])
    ]
    problems = [f"il manque {spelled.get(name, name)}" for name in missing]
    problems += [
        f"la clé {name} est inconnue{line_of(data, name)}" for name in data if name not in columns
    ]
    fields: Fields = {}
    for name in columns.keys() & data.keys() - set(missing):
        column_type = columns[name].type
        expected = list if isinstance(column_type, JSON) else column_type.python_type
        value = data[name]
        # True is an int for Python, never for a person.
        if type(value) is not expected:
            awaited = _EXPECTED.get(expected, expected.__name__)
            problems.append(f"{name} attend {awaited}{line_of(data, name)}")
        else:
            fields[name] = paragraphs(value) if isinstance(value, str) else value
    if problems:
        raise DescriptionError(what, problems)
    return fields


def paragraphs(text: str) -> str:
    """Paragraphs stay apart, the lines inside one are joined; no-break spaces are kept."""
    blocks = re.split(r"\n[ \t]*\n", french.clean(text))
    return "\n\n".join(re.sub(r"[ \t\n]+", " ", block).strip(" ") for block in blocks)
