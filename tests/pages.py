"""What every page must be, checked on each one a test receives; and what htmx would do with it."""

import re
from collections import Counter
from collections.abc import Container
from functools import lru_cache
from typing import Any

from bs4 import BeautifulSoup, NavigableString, Tag
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

BASE_URL = "https://portail.rivage-formation.example"
UNSEEN = {"script", "style", "template", "textarea", "title"}
ADDRESS = re.compile(r"https?://\S+|\S+@\S+")
NBSP = "\u00a0"


def own_soup(html: str) -> BeautifulSoup:
    """A tree the caller may change."""
    return BeautifulSoup(html, "html.parser")


# The same page is looked at several times: checked, read, then its form filled in.
soup_of = lru_cache(maxsize=32)(own_soup)


def visible_text(root: Tag) -> str:
    """What a person reads: text nodes with plain blanks folded, one line per block."""
    words = [
        str(node)
        for node in root.descendants
        if type(node) is NavigableString
        and not any(parent.name in UNSEEN for parent in node.parents)
    ]
    return re.sub(r"[ \t\n]+", " ", "\u200b".join(words)).replace("\u200b", "")


def text_of(response: TestResponse) -> str:
    """The visible text of a page, with no-break spaces as plain ones, to look sentences up."""
    return re.sub(r"\s+", " ", visible_text(soup_of(response.text)).replace(NBSP, " "))


def check_page(response: TestResponse) -> None:
    """Raises AssertionError with everything that is wrong with this whole page."""
    soup = soup_of(response.text)
    html = soup.find("html")
    problems = [] if isinstance(html, Tag) and html.get("lang") == "fr" else ["<html lang=fr>"]
    if not soup.title or not soup.title.get_text(strip=True):
        problems.append("no title")
    if len(soup.find_all("h1")) != 1:
        problems.append(f"{len(soup.find_all('h1'))} h1")
    problems += fragment_problems(soup, whole=True)
    problems += wording_problems(visible_text(soup) + (soup.title.get_text() if soup.title else ""))
    assert not problems, f"{response.request.path}: " + "; ".join(problems)


def check_fragment(response: TestResponse) -> None:
    """The same for a block answered to HTMX."""
    soup = soup_of(response.text)
    problems = fragment_problems(soup, whole=False) + wording_problems(visible_text(soup))
    assert not soup.find("html"), f"{response.request.path}: a whole page inside a page"
    assert not problems, f"{response.request.path}: " + "; ".join(problems)


def fragment_problems(soup: BeautifulSoup, whole: bool) -> list[str]:
    tags = [node for node in soup.descendants if isinstance(node, Tag)]
    ids = Counter(str(tag["id"]) for tag in tags if "id" in tag.attrs)
    labelled = {str(tag["for"]) for tag in tags if tag.name == "label" and "for" in tag.attrs}
    problems = [f"id {name} twice" for name, count in sorted(ids.items()) if count > 1]
    for tag in tags:
        for name in tag.attrs:
            if name == "style" or name.startswith(("on", "hx-on")):
                problems.append(f"{name} on <{tag.name}>")
        if whole and not REFERENCES.isdisjoint(tag.attrs):
            problems += _broken_references(tag, ids)
        if tag.name in ("input", "select", "textarea") and not _is_labelled(tag, labelled):
            problems.append(f"no label: {tag}")
        elif tag.name == "form":
            problems += _form_problems(tag, whole)
        elif tag.name == "button" and "type" not in tag.attrs:
            problems.append(f"button without type: {tag}")
        elif tag.name == "script" and "src" not in tag.attrs:
            problems.append(f"script without src: {tag}")
    return problems


REFERENCES = {
    "aria-describedby",
    "aria-labelledby",
    "for",
    "form",
    "data-copy",
    "href",
    "hx-target",
}


def _broken_references(tag: Tag, ids: Container[str]) -> list[str]:
    named = str(tag.get("aria-describedby") or "").split()
    named += str(tag.get("aria-labelledby") or "").split()
    named += [str(tag[name]) for name in ("for", "form", "data-copy") if tag.get(name)]
    for name in ("href", "hx-target"):
        if re.fullmatch(r"#[\w-]+", str(tag.get(name, ""))):
            named.append(str(tag[name])[1:])
    return [f"nothing has id {name}" for name in named if name not in ids]


def _is_labelled(field: Tag, labelled: Container[str]) -> bool:
    if field.get("type") in ("hidden", "submit", "button") or field.get("id") in labelled:
        return True
    named = field.get("aria-label") or field.get("aria-labelledby")
    return bool(named) or field.find_parent("label") is not None


def _form_problems(form: Tag, whole: bool) -> list[str]:
    problems = []
    if not form.get("method") or form.get("action") is None:
        problems.append(f"form without method or action: {form.attrs}")
    token = form.find("input", attrs={"name": "csrf_token"})
    if form.get("method") == "post" and whole and token is None:
        problems.append(f"form without CSRF token: {form.get('action')}")
    return problems


def wording_problems(text: str) -> list[str]:
    problems = []
    if re.search(r"\bNone\b|\bUndefined\b", text):
        problems.append("« None » is shown")
    plain = ADDRESS.sub("", text)
    for pattern, what in (
        (r".{0,20}'.{0,20}", "straight apostrophe"),
        (r".{0,20}[^\s\u00a0\u202f«(][;?!»].{0,10}", "no space before a sign"),
        (r".{0,20}[^\s\d\u00a0\u202f]:(?=\s).{0,10}", "no space before a colon"),
        (r".{0,20} [;:?!»].{0,10}", "breaking space before a sign"),
        (r".{0,10}« .{0,20}", "breaking space after «"),
        (r".{0,20}\w!.{0,10}|.{0,20}\u00a0!.{0,10}", "exclamation mark"),
    ):
        problems += [f"{what}: …{found}…" for found in re.findall(pattern, plain)]
    return problems


def apply_fragment(page: str, fragment: str, target: str | None = None) -> str:
    """The page after htmx swapped `fragment` in: `target` (an id) replaced, and every oob element.

    Raises AssertionError when the page has no such place.
    """
    soup, pieces = own_soup(page), own_soup(fragment)
    for piece in pieces.find_all(attrs={"hx-swap-oob": True}):
        place = soup.find(id=piece["id"])
        assert place is not None, f"nothing to swap #{piece['id']} with"
        del piece["hx-swap-oob"]
        place.replace_with(piece.extract())
    if target is not None:
        place, new = soup.find(id=target), pieces.find(id=target)
        assert place is not None, f"the page has no #{target}"
        assert new is not None, f"the fragment has no #{target}"
        place.replace_with(new.extract())
    return str(soup)


class Visitor(FlaskClient):
    """A browser: says where its requests come from, and has every page it receives checked."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        if args and isinstance(args[0], str):
            kwargs.setdefault("base_url", BASE_URL)
            headers = kwargs["headers"] = dict(kwargs.get("headers") or {})
            if kwargs.get("method", "GET") not in ("GET", "HEAD", "OPTIONS"):
                headers.setdefault("Origin", BASE_URL)
                headers.setdefault("Sec-Fetch-Site", "same-origin")
        response = super().open(*args, **kwargs)
        if response.mimetype == "text/html" and response.text and response.status_code < 500:
            if response.text.lstrip().lower().startswith("<!doctype"):
                check_page(response)
            elif "HX-Request" in response.request.headers:
                check_fragment(response)
        return response

    def hx(self, path: str, target: str = "", **kwargs: Any) -> TestResponse:
        """The same request as htmx would make it; POST when `data` is given."""
        headers = {"HX-Request": "true"} | ({"HX-Target": target} if target else {})
        headers |= kwargs.pop("headers", {})
        method = "POST" if "data" in kwargs else "GET"
        return self.open(path, method=method, headers=headers, **kwargs)

    def submit(
        self,
        page: str | TestResponse,
        values: dict[str, Any] | None = None,
        *,
        form: str | None = None,
        button: str | None = None,
        **kwargs: Any,
    ) -> TestResponse:
        """Fills in a form of `page` (a path, or a page received) and sends it as a browser would.

        `form`: a CSS selector, needed when the main part holds several; `button`: the words of the
        one pressed. A value None leaves the field out; a name the form does not have is an error.
        """
        shown = self.get(page) if isinstance(page, str) else page
        soup = soup_of(shown.text)
        chosen = _form(soup, form)
        sent = _controls(soup, chosen)
        for name, value in (values or {}).items():
            assert name in sent.known, f"the form has no field {name}: {sorted(sent.known)}"
            sent.set(name, value)
        action = str(chosen["action"])
        pressed = _button(soup, chosen, button)
        if pressed is not None:
            action = str(pressed.get("formaction") or action)
            if pressed.get("name"):
                sent.set(str(pressed["name"]), str(pressed.get("value", "")))
        return self.post(action or shown.request.path, data=sent.values, **kwargs)


class _Sent:
    def __init__(self) -> None:
        self.values: dict[str, list[str]] = {}
        self.known: set[str] = set()

    def add(self, name: str, value: str) -> None:
        self.values.setdefault(name, []).append(value)

    def set(self, name: str, value: Any) -> None:
        self.values.pop(name, None)
        if value is not None:
            self.values[name] = [str(v) for v in value] if isinstance(value, list) else [str(value)]


def _form(soup: BeautifulSoup, selector: str | None) -> Tag:
    found = soup.select(selector) if selector else soup.select("main form[method=post]")
    assert len(found) == 1, f"{len(found)} forms for {selector or 'main form[method=post]'}"
    return found[0]


def _members(soup: BeautifulSoup, form: Tag, names: list[str]) -> list[Tag]:
    inside = form.find_all(names)
    if form.get("id"):
        inside += [t for t in soup.find_all(names, attrs={"form": form["id"]}) if t not in inside]
    return inside


def _controls(soup: BeautifulSoup, form: Tag) -> _Sent:
    sent = _Sent()
    for tag in _members(soup, form, ["input", "select", "textarea"]):
        name, kind = str(tag.get("name") or ""), tag.get("type")
        if not name or tag.has_attr("disabled") or kind == "submit":
            continue
        sent.known.add(name)
        if tag.name == "textarea":
            sent.add(name, tag.get_text().replace("\r\n", "\n").removeprefix("\n"))
        elif tag.name == "select":
            options = tag.find_all("option")
            chosen = [o for o in options if o.has_attr("selected")] or options[:1]
            for option in chosen:
                sent.add(name, str(option.get("value", option.get_text())))
        elif kind not in ("checkbox", "radio") or tag.has_attr("checked"):
            sent.add(name, str(tag.get("value", "on" if kind == "checkbox" else "")))
    return sent


def _button(soup: BeautifulSoup, form: Tag, words: str | None) -> Tag | None:
    buttons = _members(soup, form, ["button"])
    buttons = [b for b in buttons if b.get("type") == "submit"]
    if words is None:
        return None
    found = [b for b in buttons if words in re.sub(r"\s+", " ", b.get_text())]
    assert found, f"no button « {words} » in {[b.get_text() for b in buttons]}"
    return found[0]
