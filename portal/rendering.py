"""The one Jinja environment of documents and e-mails; it knows nothing of Flask."""

import re
from datetime import date, time
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from portal import french

TEMPLATES = Path(__file__).parent / "templates"
MAX_TEXT = 4_000  # characters of one value on a paper: more than a page
BREAK = "\u200b"
_UNBROKEN = re.compile(r"[^\s\u200b]{121,}")  # no word, and no address anyone would print
_EVERY = 40
_GLUED = re.compile(r" (?=[;:!?»%€])|(?<=«) |(?<=[0-9]) (?=h\b)|(?<=[0-9][ \u00a0]h) (?=[0-9]{2})")


def pdftext(text: str) -> str:
    """`text` as it may be printed: NFC, no control, bidi or invisible character, 4 000 at most.

    A run of more than 120 characters without a blank gets chances to break (zero-width spaces),
    so that it cannot run off the page; French punctuation never begins a line.
    """
    if len(text) > MAX_TEXT:
        text = text[:MAX_TEXT] + "…"
    text = _GLUED.sub(french.NBSP, french.clean(text))
    return _UNBROKEN.sub(_with_breaks, text)


def _with_breaks(run: re.Match[str]) -> str:
    word = run[0]
    return BREAK.join(word[at : at + _EVERY] for at in range(0, len(word), _EVERY))


def _finalize(value: Any) -> Any:
    """What every expression of a paper goes through; markup made by a macro already did."""
    return pdftext(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def environment() -> Environment:
    """Templates of the portal, escaped, where an unknown name is an error."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(french.FILTERS)
    made.filters.update(
        pdftext=pdftext,
        iso_day=date.fromisoformat,
        iso_time=time.fromisoformat,
    )
    made.globals["span"] = french.span
    return made


@cache
def paper_environment() -> Environment:
    """The same templates for papers: no text reaches one without passing through `pdftext`."""
    return environment().overlay(finalize=_finalize)
