"""What makes an account's link genuine, whether people can read a colour, and between which bounds
an organisation sets its delays. Pure."""

import hmac
import re
from collections.abc import Collection
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction

from portal.access.rules import mac, trim

PAPER = "#F7F6F3"  # the ground of every page (portal/static/app.css)
WHITE = "#FFFFFF"
MIN_CONTRAST = 4.5  # WCAG 2.2, 1.4.3 (AA)
SOFT_SHARE = 0.11  # of the colour in its soft tint (`public.brand_css`)

_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")


class Purpose(StrEnum):
    """What a link mailed to a person with an account does, once."""

    INVITATION = "invitation"
    RESET = "reset"
    ADDRESS = "address"
    NOT_ME = "not_me"


LASTS = {
    Purpose.INVITATION: timedelta(days=7),
    Purpose.RESET: timedelta(minutes=30),
    Purpose.ADDRESS: timedelta(days=1),
    Purpose.NOT_ME: timedelta(days=7),
}
_PREFIX = {
    Purpose.INVITATION: "inv",
    Purpose.RESET: "mdp",
    Purpose.ADDRESS: "adr",
    Purpose.NOT_ME: "non",
}
_TOKEN = re.compile(r"[a-z]{3}-([0-9]{1,9})-[A-Za-z0-9_-]{43}")


def account_token(key: str, purpose: Purpose, link_id: int) -> str:
    """« mdp-7-… »: the text of a link, an HMAC of what it does and for whom."""
    return f"{_PREFIX[purpose]}-{link_id}-{mac(key, f'account|{purpose}|{link_id}')}"


def account_link_id(text: str) -> int | None:
    """The id such a text claims; None when it cannot be one. Proves nothing."""
    match = _TOKEN.fullmatch(trim(text))
    return int(match[1]) if match else None


def is_account_token(key: str, text: str, purpose: Purpose, link_id: int) -> bool:
    """Whether that text is the genuine one; compared in constant time."""
    genuine = account_token(key, purpose, link_id)
    return hmac.compare_digest(genuine.encode(), trim(text).encode())


def is_colour(text: str) -> bool:
    """Whether `text` is a colour such as #0B5F62."""
    return bool(_COLOUR.fullmatch(text))


def contrast(colour: str, ground: str) -> float:
    """Contrast of two colours #rrggbb, from 1 to 21 (WCAG 2.2)."""
    lighter, darker = sorted((_luminance(colour), _luminance(ground)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def least_contrast(accent: str) -> float:
    """The weakest contrast that colour has anywhere: on white, on the page, on its soft tint."""
    return min(contrast(accent, ground) for ground in (WHITE, PAPER, soft(accent)))


def soft(accent: str) -> str:
    """The tint pages put behind what is chosen: a little of the colour in white."""
    mixed = (round(SOFT_SHARE * value + (1 - SOFT_SHARE) * 255) for value in _channels(accent))
    return "#" + "".join(f"{value:02X}" for value in mixed)


def check_accent(text: str) -> str:
    """« #0b5f62 » → « #0B5F62 »; raises ValueError (a French sentence) when it cannot be read."""
    colour = text.strip().upper()
    if not is_colour(colour):
        raise ValueError("Écrivez la couleur comme #0B5F62")
    if least_contrast(colour) < MIN_CONTRAST:
        raise ValueError("Cette couleur est trop claire pour être lue\u00a0: choisissez plus foncé")
    return colour


def _channels(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def _luminance(colour: str) -> float:
    shares = (value / 255 for value in _channels(colour))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


# Lowest and highest value of a setting: days, working days or percents. A payment is due at most 60
# days after the invoice (article L441-10 of the Code de commerce).
BOUNDS = {
    "quote_validity_days": (1, 365),
    "payment_days": (1, 60),
    "notice_days": (1, 60),
    "forfeit_percent": (1, 100),
    "late_notice_days": (1, 59),
    "late_forfeit_percent": (1, 100),
}
_PERCENT = re.compile(r"([0-9]{1,3})(?:[.,]([0-9]+))?\s*(?:%|pour cent)")
LENGTHS = {"name": 120, "terms": 40_000, "internal_rules": 40_000}  # characters


def check_bounds(name: str, value: int) -> None:
    """Raises ValueError (a French sentence) when that setting cannot have that value."""
    lowest, highest = BOUNDS[name]
    if not lowest <= value <= highest:
        raise ValueError(f"Indiquez un nombre entre {lowest} et {highest}")


def check_late_notice(late_days: int, free_days: int) -> None:
    """Raises ValueError unless a late cancellation comes later than a free one."""
    if late_days >= free_days:
        raise ValueError("Indiquez moins de jours que pour l’annulation sans frais")


def check_late_forfeit(late_percent: int, percent: int) -> None:
    """Raises ValueError when cancelling later would cost less."""
    if late_percent < percent:
        raise ValueError("Indiquez au moins le pourcentage du dédit")


def other_forfeit(terms: str, percents: Collection[int]) -> str:
    """The first sentence of the terms that says « dédit » with another percentage; or nothing.

    Only percentages written in figures are compared. Numbers of days are not: terms speak of many
    other delays, often in words, and nothing tells whose each of them is.
    """
    for sentence in re.split(r"(?<=[.!?])\s+", terms):
        said = {Fraction(f"{n}.{decimals or 0}") for n, decimals in _PERCENT.findall(sentence)}
        if "dédit" in sentence.lower() and said - set(percents):
            return sentence.strip()
    return ""


_BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox", "Firefox"), ("Chrom", "Chrome"),
    ("Safari", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
    ("Mac OS", "Mac"), ("Linux", "Linux"),
)  # fmt: skip


def browser_name(user_agent: str) -> str:
    """« Firefox, Windows » for what a browser says of itself; never its own words."""
    known = [
        next((name for mark, name in names if mark in user_agent), "")
        for names in (_BROWSERS, _SYSTEMS)
    ]
    return ", ".join(name for name in known if name) or "Navigateur inconnu"
