"""Addresses are French and plain; each door is kept; a GET only reads."""

import re

import pytest
from flask import Flask
from werkzeug.routing import IntegerConverter, Rule

from tests.conftest import OFFICE, TRAINER, sign_in
from tests.pages import Visitor

SEGMENT = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)?")
READING = {"GET", "HEAD", "OPTIONS"}
OPEN_TO_ALL = {"public", "auth", "entry", "static", "verification"}
BY_LINK = {"client": "/espace", "signing": "/signature"}  # the doors that a link opens


def rules(app: Flask) -> list[Rule]:
    return list(app.url_map.iter_rules())


def room(rule: Rule) -> str:
    return rule.endpoint.partition(".")[0]


def address(rule: Rule) -> str:
    values = {
        name: 1 if isinstance(converter, IntegerConverter) else "x"
        for name, converter in rule._converters.items()
    }
    built = rule.build(values)
    assert built is not None
    return built[1]


def test_addresses_are_plain_french(app: Flask) -> None:
    assert len(rules(app)) > 30
    for rule in rules(app):
        fixed = re.sub(r"<[^>]+>", "", rule.rule)
        for segment in filter(None, fixed.split("/")):
            assert SEGMENT.fullmatch(segment), f"{rule.rule} ({rule.endpoint})"


def test_the_doors_are_where_they_should_be(app: Flask) -> None:
    starts = {"trainer": "/formateur/", "office": "/organisme/", "account": "/compte/"}
    starts |= {door: f"{path}/" for door, path in BY_LINK.items()}
    for rule in rules(app):
        if room(rule) in starts:
            assert rule.rule.startswith(starts[room(rule)]), rule.endpoint
        else:
            assert room(rule) in OPEN_TO_ALL, f"{rule.endpoint} has no door"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nobody_enters_without_a_key(app: Flask, anonymous: Visitor, method: str) -> None:
    tried = 0
    for rule in rules(app):
        if room(rule) in OPEN_TO_ALL or method not in (rule.methods or ()):
            continue
        tried += 1
        answer = anonymous.open(address(rule), method=method)
        if room(rule) in BY_LINK:
            assert answer.status_code in (403, 303), rule.endpoint
            place = BY_LINK[room(rule)]
            assert place in answer.headers.get("Location", place) or method == "POST"
        else:
            assert answer.status_code == 303, rule.endpoint
            if method == "GET":
                assert answer.headers["Location"].startswith("/connexion?suite="), rule.endpoint
    assert tried > 5


@pytest.mark.parametrize(("email", "closed"), [(TRAINER, "office"), (OFFICE, "trainer")])
def test_a_role_does_not_open_the_other_door(app: Flask, email: str, closed: str) -> None:
    visitor = sign_in(app, email)
    for rule in rules(app):
        if room(rule) == closed and "GET" in (rule.methods or ()):
            assert visitor.get(address(rule)).status_code == 403, rule.endpoint


def test_what_changes_something_is_never_a_get(app: Flask) -> None:
    """A route takes both only for a form and its answer, at one address."""
    for rule in rules(app):
        methods = (rule.methods or set()) - READING
        assert methods <= {"POST"}, f"{rule.endpoint}: {methods}"
