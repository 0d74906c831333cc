"""What the content security policy, htmx and Jinja ask of every template."""

import html
import re
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import nodes

from portal import app as portal_app
from tests.pages import wording_problems

FOLDER = Path(portal_app.__file__).parent / "templates"
CODE = FOLDER.parent
ALL = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.is_file())
# Rendered outside the browser: paper has inline styles, messages too.
OFF_SCREEN = ("documents/", "emails/")
ON_SCREEN = [name for name in ALL if not name.startswith(OFF_SCREEN)]
PAGES = [name for name in ON_SCREEN if not name.startswith(("layouts/", "ui/"))]
HX_BEARERS = {"form", "a", "button"}
TAG = re.compile(r"<([a-z][a-z0-9]*)\b((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>", re.IGNORECASE)


def source(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")


def tags(name: str) -> list[tuple[str, str]]:
    """(tag, attributes) as written, with the template's own logic taken out."""
    text = re.sub(r"{#.*?#}", "", source(name), flags=re.DOTALL)
    text = re.sub(r"{{.*?}}", "x", text, flags=re.DOTALL)
    text = re.sub(r"{%.*?%}", " ", text, flags=re.DOTALL)
    return [(match[1].lower(), match[2]) for match in TAG.finditer(text)]


@pytest.mark.parametrize("name", ALL)
def test_names_end_so_that_texts_are_escaped(name: str) -> None:
    assert name.endswith(".html") or (name.startswith("emails/") and name.endswith(".txt"))


@pytest.mark.parametrize("name", ALL)
def test_nothing_skips_escaping(name: str) -> None:
    assert not re.search(r"\|\s*safe\b|autoescape\s+false", source(name))


@pytest.mark.parametrize("name", ALL)
def test_french_signs_stay_with_their_words(name: str) -> None:
    """Pages are read when a test receives them; papers and messages have only this."""
    text = re.sub(r"{#.*?#}|{%.*?%}|<style>.*?</style>", "", source(name), flags=re.DOTALL)
    text = re.sub(r"{{.*?}}", "x", text, flags=re.DOTALL)
    assert wording_problems(html.unescape(re.sub(r"<[^>]*>", "", text))) == []


@pytest.mark.parametrize("name", ON_SCREEN)
def test_nothing_inline(name: str) -> None:
    for tag, attributes in tags(name):
        assert not re.search(r"(?:^|\s)style\s*=", attributes), f"<{tag}{attributes}>"
        assert not re.search(r"(?:^|\s)on[a-z]+\s*=", attributes), f"<{tag}{attributes}>"
        assert tag != "style", name
        if tag == "script":
            assert "src=" in attributes, name
    assert "javascript:" not in source(name)
    assert "data:" not in re.sub(r"metadata:", "", source(name))


@pytest.mark.parametrize("name", ON_SCREEN)
def test_htmx_stays_within_the_policy(name: str) -> None:
    text = source(name)
    assert "hx-on" not in text
    assert not re.search(r"hx-(?:vals|headers|vars)\s*=\s*[\"']?\s*js:", text)
    for trigger in re.findall(r"hx-trigger\s*=\s*\"([^\"]*)\"", text):
        assert "[" not in trigger, f"{name}: with eval off, the filter of {trigger} is ignored"


@pytest.mark.parametrize("name", ON_SCREEN)
def test_htmx_only_where_the_page_works_without_it(name: str) -> None:
    for tag, attributes in tags(name):
        if not re.search(r"\shx-(?:get|post|put|patch|delete)\s*=", attributes):
            continue
        polls = re.search(r"hx-trigger\s*=\s*\"every ", attributes)
        assert tag in HX_BEARERS or polls, f"{name}: <{tag}{attributes}>"
        if tag == "form":
            assert re.search(r"\smethod\s*=", attributes), f"{name}: <{tag}{attributes}>"
            assert re.search(r"\saction\s*=", attributes), f"{name}: <{tag}{attributes}>"
        if tag == "a":
            assert re.search(r"\shref\s*=", attributes), f"{name}: <{tag}{attributes}>"


@pytest.mark.parametrize("name", ON_SCREEN)
def test_forms_and_buttons_say_what_they_do(name: str) -> None:
    text = source(name)
    for tag, attributes in tags(name):
        if tag == "form":
            assert "method" in attributes, f"{name}: <form{attributes}>"
            assert "action" in attributes, f"{name}: <form{attributes}>"
        if tag == "button":
            assert "type=" in attributes, f"{name}: <button{attributes}>"
    posting = len(re.findall(r"<form[^>]*method=\"post\"", text))
    assert text.count("csrf()") >= posting, f"{name}: a form without ui.csrf()"


@pytest.mark.parametrize("name", PAGES)
def test_blocks_render_alone(name: str, app: Flask) -> None:
    """A page's own imports and variables are not run when only one of its blocks is."""
    tree = app.jinja_env.parse(source(name))
    if not list(tree.find_all(nodes.Extends)):
        return
    for node in tree.body:
        assert not isinstance(
            node, nodes.Import | nodes.FromImport | nodes.Assign | nodes.AssignBlock | nodes.Macro
        ), f"{name}: {type(node).__name__} outside a block"
    for loop in tree.find_all(nodes.For):
        assert not list(loop.find_all(nodes.Block)), f"{name}: a block inside a loop"


def test_every_template_is_used() -> None:
    code = "\n".join(path.read_text("utf-8") for path in CODE.rglob("*.py"))
    templates = "\n".join(source(name) for name in ALL)
    unused = []
    for name in ALL:
        folder, _, file = name.rpartition("/")
        named = f'"{name}"' in code or f'"{name}"' in templates
        # chosen by a code: "training/topics/" ~ topic ~ ".html", f"emails/{letter}.txt"
        chosen = f'"{folder}/" ~' in templates or f"{folder}/{{" in code
        in_catalogue = f'"{file}"' in code
        if not (named or chosen or in_catalogue):
            unused.append(name)
    assert not unused


def test_every_template_compiles(app: Flask) -> None:
    for name in ON_SCREEN:
        app.jinja_env.get_template(name)


@pytest.mark.parametrize("name", ON_SCREEN)
def test_every_class_has_its_style(name: str) -> None:
    css = "".join(path.read_text("utf-8") for path in (CODE / "static").glob("*.css"))
    for _tag, attributes in tags(name):
        match = re.search(r"\sclass=\"([^\"]*)\"", attributes)
        for word in match[1].split() if match else ():
            if re.fullmatch(r"[a-z][a-z0-9_-]+[a-z0-9]", word) and "x" not in word:
                assert f".{word}" in css, f"{name}: no style for .{word}"
