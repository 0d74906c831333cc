"""What people do at their screens and what they read there, with nothing but the pages received."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bs4 import Tag
from flask import Flask
from werkzeug.test import TestResponse

from tests import pages
from tests.pages import BASE_URL, Visitor, apply_fragment, own_soup, soup_of, text_of

Answers = Mapping[str, str]


# --- What they do


def fill(
    visitor: Visitor, page: str | TestResponse, answers: Answers, button: str = "Continuer"
) -> TestResponse:
    """Opens a step, types `answers` over what it shows, presses the button of these words.

    Rows of days or people that the page lacks are added first, by its own button.
    """
    shown = visitor.get(page) if isinstance(page, str) else page
    for first, add in (("days", "Ajouter un jour"), ("people", "Ajouter une personne")):
        wanted = {int(name.split("-")[1]) for name in answers if name.startswith(f"{first}-")}
        while wanted and f'name="{first}-{max(wanted)}-' not in shown.text:
            shown = visitor.submit(shown, form="#etape", button=add)
            assert shown.status_code == 200, shown.text
    return visitor.submit(shown, dict(answers), form="#etape", button=button)


def press(visitor: Visitor, page: TestResponse, button: str, **typed: str) -> TestResponse:
    """Another button of a step than « Continuer »."""
    return visitor.submit(page, dict(typed), form="#etape", button=button)


def follow(visitor: Visitor, answer: TestResponse) -> TestResponse:
    """The page an answer sends to."""
    assert answer.status_code == 303, text_of(answer)
    return visitor.get(answer.headers["Location"])


def start(app: Flask, link: str) -> Visitor:
    """The browser of a client who opened the link and pressed « Commencer »."""
    visitor = Visitor(app, app.response_class)
    answer = visitor.submit(link)
    assert answer.status_code == 303, text_of(answer)
    return visitor


def tile(page: TestResponse, words: str) -> str:
    """The value of the tile, or of the option, that says these words."""
    for tag in soup_of(page.text).select("label.choice, option"):
        if words in text_in(tag):
            control = tag if tag.name == "option" else tag.select_one("input")
            assert control is not None
            return str(control["value"])
    raise AssertionError(f"no choice « {words} »")


def htmx_post(visitor: Visitor, page: TestResponse, answers: Answers, **pressed: str) -> Any:
    """What htmx posts for the form of a step: every control as it stands; `url` names another
    address than the form's own (the draft's, for an autosave)."""
    url = pressed.pop("url", page.request.path)
    values = {**controls(page), **answers, **pressed}
    headers = {"HX-Current-URL": BASE_URL + page.request.path}
    return visitor.hx(url, data=values, headers=headers)


def autosave(visitor: Visitor, page: TestResponse, answers: Answers) -> TestResponse:
    """What leaves by itself a moment after the last key was pressed."""
    answer: TestResponse = htmx_post(visitor, page, answers, url=f"{page.request.path}/brouillon")
    return answer


def controls(page: TestResponse, root: str = "etape") -> dict[str, str]:
    """The name and value of each control of a step, as the browser holds them."""
    soup = soup_of(page.text)
    form = soup.find(id=root)
    assert isinstance(form, Tag)
    return {name: values[0] for name, values in pages._controls(soup, form).values.items()}


# --- What they see


def people_typed(page: TestResponse) -> list[str]:
    """« Prénom Nom » of each row of people, as typed."""
    shown = controls(page)
    count = sum(name.endswith("-first_name") for name in shown)
    return [
        f"{shown[f'people-{n}-first_name']} {shown[f'people-{n}-last_name']}".strip()
        for n in range(count)
    ]


def days_typed(page: TestResponse) -> list[str]:
    return [value for name, value in controls(page).items() if name.endswith("-date")]


def plain(text: str) -> str:
    """One line, plain blanks."""
    return " ".join(text.replace("\u00a0", " ").split())


def text_in(tag: Any) -> str:
    assert isinstance(tag, Tag)
    return " ".join(tag.get_text().replace("\u00a0", " ").split())


def at_field(page: TestResponse, name: str) -> str:
    """The sentence of the fault beside a field, without « Erreur : »; empty when there is none."""
    found = soup_of(page.text).find(id=f"{name}-err")
    return text_in(found).removeprefix("Erreur : ") if found else ""


def focused(page: TestResponse) -> str:
    """The id of what has the focus when the page opens, with or without JavaScript."""
    first = soup_of(page.text).select_one("[autofocus]")
    return str(first["id"]) if first else ""


def assert_refused(page: TestResponse, name: str, sentence: str) -> None:
    """The page says `sentence` at the top, as a link to the field, and beside the field."""
    soup = soup_of(page.text)
    assert page.status_code == 422, text_of(page)
    assert soup.title
    assert text_in(soup.title).startswith("Erreur : ")
    summary = {str(a["href"]): text_in(a) for a in soup.select("#erreurs a")}
    assert summary.get(f"#{name}") == sentence, summary or text_of(page)
    assert at_field(page, name) == sentence
    field = soup.find(id=name)
    assert isinstance(field, Tag)
    assert f"{name}-err" in str(field.get("aria-describedby"))


def compared(page: TestResponse) -> dict[str, tuple[str, str]]:
    """The table of a conflict: field → (yours, theirs)."""
    found = {}
    for row in soup_of(page.text).select("#deux-versions tbody tr"):
        yours, theirs = (text_in(cell).rpartition(" : ")[2] for cell in row.find_all("td"))
        found[text_in(row.find("th"))] = (yours, theirs)
    return found


def section(page: TestResponse, heading: str) -> str:
    """The text of the part of a page that this heading names."""
    for tag in soup_of(page.text).find_all(["h2", "h3"]):
        if text_in(tag) == heading:
            return text_in(tag.find_parent("section"))
    raise AssertionError(f"no part « {heading} » in {text_of(page)}")


@dataclass(frozen=True)
class Screen:
    """What a browser shows: a page received, perhaps changed by htmx since."""

    text: str
    request: Any


def swapped(page: Any, fragment: TestResponse, target: str | None = None) -> Any:
    """The screen after htmx put that answer in its place."""
    return Screen(apply_fragment(page.text, fragment.text, target), page.request)


_FLEETING = ("csrf_token", "edit_id", "key")  # made anew each time a page is shown


def same_as_reloaded(
    visitor: Visitor, page: TestResponse, fragment: TestResponse, target: str | None
) -> None:
    """The page htmx shows after this answer is the page a reload shows."""
    after = own_soup(apply_fragment(page.text, fragment.text, target))
    reloaded = own_soup(visitor.get(page.request.full_path.rstrip("?")).text)
    for soup in (after, reloaded):
        for tag in soup.find_all(attrs={"name": _FLEETING}):
            del tag["value"]
        for tag in soup.find_all(attrs={"autofocus": True}):
            del tag["autofocus"]
    parts = [str(t["id"]) for t in soup_of(fragment.text).find_all(id=True, recursive=False)]
    assert parts
    for identity in parts:
        seen, expected = after.find(id=identity), reloaded.find(id=identity)
        assert seen is not None, identity
        assert str(seen).split() == str(expected).split(), identity
