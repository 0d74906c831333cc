"""The part of paper.css that one paper needs.

The printer reads the style sheet again for each paper and looks at each rule for each element: the
rules of what a paper does not hold would cost a thirtieth of it.
"""

import re
from functools import lru_cache
from pathlib import Path

ACCENT = "#0b5f62"  # in paper.css
FALLBACK = ", secours"  # in paper.css, after the text family

_FILE = Path(__file__).parent / "assets" / "paper.css"
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_BLOCK = re.compile(r"\s*([^{}]+?)\s*(\{(?:[^{}]|\{[^{}]*\})*\})")
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")


def stylesheet(html: str, accent: str, *, has_other_scripts: bool) -> str:
    """The rules of what `html` names, in that colour (anything but #rrggbb is ignored).

    The second family is there only for other scripts than ours, as it is looked up for every text.
    """
    names = frozenset(" ".join(re.findall(r'class="([^"]*)"', html)).split())
    return _chosen(names, accent if _COLOUR.fullmatch(accent) else ACCENT, has_other_scripts)


@lru_cache(maxsize=64)
def _chosen(names: frozenset[str], accent: str, has_other_scripts: bool) -> str:
    css = _COMMENT.sub("", _FILE.read_text(encoding="utf-8")).replace(ACCENT, accent)
    kept = (f"{whom} {rules}" for whom, rules in _BLOCK.findall(css) if _is_for(whom, names))
    text = "\n".join(kept)
    return text if has_other_scripts else text.replace(FALLBACK, "")


def _is_for(whom: str, names: frozenset[str]) -> bool:
    """A named page is that of the class of the same name."""
    page, _, name = whom.partition(" ")
    if page == "@page":
        return not name or name in names
    return any(set(re.findall(r"\.([\w-]+)", one)) <= names for one in whom.split(","))
