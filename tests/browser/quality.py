"""What every screen must be, seen by a browser: axe, width, targets, focus, console."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, Response

RULES = {
    "resultTypes": ["violations"],
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
}
MOST_STOPS = 400  # Tab stops of the longest screen, many times over
# Chromium writes one such line for each answer of 4xx, the page's own included.
OWN_STATUS = re.compile(r"the server responded with a status of (403|404|409|410|422) ")

LAYOUT = """() => {
  const seen = e => e.checkVisibility({visibilityProperty: true}) && !e.closest('.vh, .skip');
  const inText = e => e.matches('a') && getComputedStyle(e).display === 'inline'
    && [...e.parentElement.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  const small = [];
  for (const e of document.querySelectorAll('a[href], button, input, select, textarea, summary')) {
    if (e.type === 'hidden' || !seen(e) || inText(e)) continue;
    const box = (e.matches('input[type=radio], input[type=checkbox]')
      ? e.closest('label') || e : e).getBoundingClientRect();
    if (Math.min(box.width, box.height) < 24)
      small.push(`${e.outerHTML.slice(0, 90)} ${box.width | 0}x${box.height | 0}`);
  }
  const cut = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text; (text = texts.nextNode());) {
    for (const found of text.data.matchAll(/(?<!\\/)\\b[A-Z]-\\d{4}-\\d{4}/g)) {
      const range = document.createRange();
      range.setStart(text, found.index);
      range.setEnd(text, found.index + found[0].length);
      if (seen(text.parentElement) && range.getClientRects().length > 1) cut.push(text.data.trim());
    }
  }
  const root = document.documentElement, wide = [];
  if (root.scrollWidth > root.clientWidth)
    for (const e of document.body.querySelectorAll('*'))
      if (e.getBoundingClientRect().right > root.clientWidth + 1 && seen(e))
        wide.push(e.outerHTML.slice(0, 90));
  return {
    h1: document.querySelectorAll('h1').length, lang: root.lang, small, cut,
    overflow: root.scrollWidth - root.clientWidth, wide: wide.slice(0, 5),
  };
}"""

FOCUSED = """() => {
  const e = document.activeElement;
  if (!e || e === document.body || e === document.documentElement) return null;
  const ringed = [e, e.closest('label.choice')].filter(Boolean).some(x => {
    const style = getComputedStyle(x);
    return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  });
  const box = e.getBoundingClientRect();
  const onScreen = box.width > 0 && box.height > 0 && box.bottom > 0 && box.right > 0
    && box.top < innerHeight && box.left < innerWidth && !e.closest('.vh');
  return {ringed, onScreen, html: e.outerHTML.slice(0, 110)};
}"""

AXE = Axe().axe_script


@contextmanager
def quiet(page: Page) -> Iterator[None]:
    """Nothing goes wrong in the console, and nothing is missing or comes from elsewhere."""
    problems: list[str] = []
    origin = re.compile(r"https?://127\.0\.0\.1[:/]")

    def said(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not OWN_STATUS.search(message.text):
            problems.append(f"console: {message.text}")

    def answered(response: Response) -> None:
        if not origin.match(response.url):
            problems.append(f"elsewhere: {response.url}")
        if response.status >= 400 and response.request.resource_type not in ("document", "xhr"):
            problems.append(f"{response.status}: {response.url}")

    listeners: list[tuple[Any, Callable[..., None]]] = [
        ("console", said),
        ("pageerror", lambda error: problems.append(f"error: {error}")),
        ("response", answered),
    ]
    for event, listener in listeners:
        page.on(event, listener)
    yield
    for event, listener in listeners:
        page.remove_listener(event, listener)
    assert not problems, "\n".join(problems)


def look(page: Page, width: int) -> list[str]:
    """Everything wrong with the screen at that width."""
    page.set_viewport_size({"width": width, "height": 800})
    found = page.evaluate(LAYOUT)
    problems = [f"{width}: target {text}" for text in found["small"]]
    problems += [f"{width}: reference cut in two: {text}" for text in found["cut"]]
    if found["h1"] != 1:
        problems.append(f"{width}: {found['h1']} h1")
    if found["lang"] != "fr":
        problems.append(f"{width}: lang {found['lang']}")
    if found["overflow"] > 0:
        problems.append(f"{width}: {found['overflow']} px too wide {found['wide']}")
    return problems + _violations(page, width) + _stops(page, width)


def _violations(page: Page, width: int) -> list[str]:
    page.evaluate(f"() => {{ if (!window.axe) {{ {AXE} }} }}")
    found = page.evaluate("rules => axe.run(document, rules)", RULES)
    return [
        f"{width}: {rule['id']}: {node['target']} {node['failureSummary'][:200]}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def _stops(page: Page, width: int) -> list[str]:
    """Goes through the page with Tab: each stop must be on the screen and ringed."""
    page.evaluate("() => { scrollTo(0, 0); document.activeElement?.blur(); }")
    problems = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED)
        if stop is None:
            return problems
        if not (stop["ringed"] and stop["onScreen"]):
            problems.append(f"{width}: focus {stop}")
    return [*problems, f"{width}: Tab never leaves the page"]
