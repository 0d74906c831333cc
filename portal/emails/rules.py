"""What a message may say and when it is tried again. Pure: no row, no socket."""

import re
from datetime import UTC, datetime, timedelta

from portal import french
from portal.accounts.rules import MIN_CONTRAST, WHITE, contrast, is_colour

# A server that answers « later », or not at all, is asked again: ten tries over 24 hours.
WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=6),
    timedelta(hours=6),
    timedelta(hours=1, minutes=39),
)
MAX_TRIES = len(WAITS) + 1
NEVER = datetime(9999, 1, 1, tzinfo=UTC)  # next try of a message only a person may send again
DEFAULT_ACCENT = "#0b5f62"

_DOMAIN_DOT = re.compile(r"(?<=\w)[.。．｡](?=[^\W\d_]{2})")
_ADDRESS_SIGN = re.compile(r"(?<=\S)[@＠](?=\S)")


def wait_after(attempts: int) -> timedelta | None:
    """How long to wait after that many tries; None when the message is given up."""
    return WAITS[attempts - 1] if 1 <= attempts <= len(WAITS) else None


def unlinked(text: str) -> str:
    """`text` as no mail program turns it into a link: « evil. example », « a @ b », « http: // ».

    Invisible characters would not do: browsers drop them when they resolve a name.
    """
    text = text.replace("://", ": //")
    return _ADDRESS_SIGN.sub(" @ ", _DOMAIN_DOT.sub(". ", text))


def said(text: str | None, limit: int = 160) -> str:
    """What a person typed, as a message may repeat it: one line, bounded, without links."""
    line = french.one_line(text or "")
    return unlinked(line if len(line) <= limit else line[: limit - 1].rstrip() + "…")


def accent_of(colour: str) -> str:
    """The organisation's colour when white text reads on it; else the portal's own."""
    reads = is_colour(colour) and contrast(colour, WHITE) >= MIN_CONTRAST
    return colour if reads else DEFAULT_ACCENT
