"""The rows of the reference tables, whoever filled them in. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from portal import french

# DSN placeholders (« divers », « non précisé », « non en vigueur », « absence »): no agreement.
ESCAPES = frozenset({"5100", "5501", "9998", "9999"})


class Reliability(StrEnum):
    """How far one row of the table of agreements may be believed."""

    SURE = "sure"
    RARE = "rare"  # fewer than 20 establishments, on no official list: a last resort
    SHARED = "shared"  # several OPCO: a person chooses
    ESCAPE = "escape"


@dataclass(frozen=True)
class Convention:
    """A collective agreement; `codes` are its OPCO, the commonest first. `month` is « 2026-08 »."""

    idcc: str
    title: str
    codes: tuple[str, ...]
    reliability: Reliability
    source: str
    month: str


@dataclass(frozen=True)
class Activity:
    """A NAF code (« 43.32A ») and the OPCO its companies usually have: approximate."""

    naf: str
    title: str
    idcc: str
    code: str
    reliability: str
    month: str


@dataclass(frozen=True)
class Fund:
    """A fund for people who work for themselves (fonds d’assurance formation)."""

    code: str
    name: str
    website: str
    url: str
    audience: str
    filing: str
    month: str

    @property
    def short_name(self) -> str:
        """« FIF PL – Fonds interprofessionnel… » → « FIF PL »; its code when it has none."""
        return self.name.partition(" – ")[0] if " – " in self.name else self.code


@dataclass(frozen=True)
class Tables:
    """The reference data of the rule, by code; `funds_by_naf` by the start of a NAF code."""

    conventions: Mapping[str, Convention]
    activities: Mapping[str, Activity]
    funds: Mapping[str, Fund]
    funds_by_naf: Mapping[str, tuple[str, ...]]


def normal_idcc(text: str) -> str | None:
    """« 16 » → « 0016 »; None when it is not one to four figures."""
    figures = text.strip()
    return figures.zfill(4) if re.fullmatch(r"[0-9]{1,4}", figures) and int(figures) else None


def month_name(month: str) -> str:
    """« 2026-08 » → « août 2026 »; an unreadable one is left as it is."""
    match = re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", month)
    return f"{french.MONTHS[int(match[2]) - 1]}{french.NBSP}{match[1]}" if match else month
