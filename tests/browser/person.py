"""A person at a screen, who finds things by their words; what it takes them is counted."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from playwright.sync_api import Locator, Page, Response, expect


@dataclass
class Effort:
    """Screens seen, fields typed in, lists pasted, and clicks or taps (a choice is one)."""

    screens: int = 0
    typed: int = 0
    pasted: int = 0
    clicks: int = 0


class Person:
    """Drives one page as its user does, with JavaScript or without."""

    def __init__(self, page: Page, *, js: bool = True) -> None:
        self.page, self.js = page, js
        self.effort = Effort()
        self._counting = True

    @contextmanager
    def detour(self) -> Iterator[None]:
        """Mistakes and changes of mind: done for real, not part of the shortest way."""
        before, self._counting = self._counting, False
        yield
        self._counting = before

    def _count(self, what: str) -> None:
        if self._counting:
            setattr(self.effort, what, getattr(self.effort, what) + 1)

    # --- Screens

    def open(self, path: str) -> Response:
        """Follows a link from outside (a bookmark, an e-mail)."""
        answer = self.page.goto(path)
        assert answer is not None
        self._count("screens")
        return answer

    def go(self, words: str, *, status: int = 200) -> None:
        """Presses the link or button that leads to another screen."""
        target = self.pressable(words)
        with (
            self.page.expect_event("load"),
            self.page.expect_response(
                lambda r: r.request.is_navigation_request() and r.status not in (302, 303)
            ) as answer,
        ):
            target.click()
        assert answer.value.status == status, (answer.value.status, self.page.url)
        self._count("clicks")
        self._count("screens")

    def swap(self, words: str, *, status: int = 200) -> None:
        """Presses a button that changes the screen in place (or reloads it, without JavaScript)."""
        with self.page.expect_response(lambda r: r.request.method == "POST") as answer:
            self.pressable(words).click()
        assert answer.value.status == status, answer.value.status
        if self.js:
            expect(self.page.locator(".htmx-request, [aria-busy=true]")).to_have_count(0)
        else:
            self.page.wait_for_load_state()
        self._count("clicks")

    def press(self, words: str) -> None:
        """Opens or closes something already on the screen."""
        self.pressable(words).click()
        self._count("clicks")

    def pressable(self, words: str) -> Locator:
        """The one visible link, button or summary of these words, those of a form first."""
        pattern = re.compile(rf"^\s*{re.escape(words)}\s*$")
        found = self.page.locator("a, button:not([aria-hidden]), summary").filter(
            has_text=pattern, visible=True
        )
        if found.count() == 0:
            found = self.page.locator("a, button:not([aria-hidden]), summary").filter(
                has_text=words, visible=True
            )
        return found.first

    # --- Fields

    def field(self, label: str) -> Locator:
        pattern = re.compile(rf"^\s*{re.escape(label)}(\s*\(facultatif\))?\s*$")
        return self.page.get_by_label(pattern)

    def type(self, label: str, text: str, nth: int = 0) -> None:
        self.field(label).nth(nth).fill(text)
        self._count("typed")

    def type_if_empty(self, label: str, text: str) -> None:
        """What the portal found by itself is not typed again."""
        if not self.field(label).input_value():
            self.type(label, text)

    def paste(self, label: str, text: str) -> None:
        self.field(label).fill(text)
        self._count("pasted")

    def hand_in(self, label: str, *files: Path) -> None:
        """Chooses files: with JavaScript they leave at once, else a button sends them."""
        self.field(label).set_input_files(list(files))
        self._count("clicks")

    def choose(self, tile: str) -> None:
        """One click on a tile; none when it is already chosen."""
        found = self.page.locator("label.choice").filter(has_text=tile).first
        if not found.locator("input").is_checked():
            found.click()
            self._count("clicks")
        assert found.locator("input").is_checked()

    def pick(self, label: str, option: str) -> None:
        """One choice in a list; none when it is already chosen."""
        field = self.field(label)
        chosen = field.evaluate("field => field.selectedOptions[0].label")
        if chosen != option:
            field.select_option(label=option)
            self._count("clicks")

    # --- What is seen

    def sees(self, words: str) -> None:
        expect(self.page.locator("main")).to_contain_text(words)

    @property
    def heading(self) -> str:
        return " ".join(self.page.locator("h1").inner_text().split())

    def downloads(self) -> dict[str, str]:
        """The SHA-256 of every paper the screen offers, by file name, each really downloaded."""
        found = {}
        buttons = self.page.locator("ul.docs a.btn[href*='/documents/']")
        for index in range(buttons.count()):
            with self.page.expect_download() as download:
                buttons.nth(index).click()
            content = Path(download.value.path()).read_bytes()
            assert content.startswith(b"%PDF-")
            found[download.value.suggested_filename] = sha256(content).hexdigest()
        return found
