"""A Chromium for the whole run, and a portal really served for each module."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect, sync_playwright

from portal.app import create_app
from portal.config import Config
from portal.extensions import db
from portal.training.models import TrainingSession
from tests import story
from tests.browser.portal_served import Portal, environment, flask, free_port, serving
from tests.conftest import close
from tests.installation import ROOT

expect.set_options(timeout=20_000)  # two browsers and two portals on two cores

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--lang=fr-FR"]


def executable() -> str:
    for name in ("chromium", "chromium-browser"):
        if found := shutil.which(name):
            return found
    pytest.fail("no Chromium: run tests/install-browser.sh, or leave these tests out on purpose")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Native date, time and file controls are in French only with LANGUAGE and --lang."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable(), args=FLAGS, env=os.environ | {"LANGUAGE": "fr"}
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a demonstration that was never served; copied for each module."""
    data = tmp_path_factory.mktemp("demonstration") / "var"
    env = environment(data, free_port(), free_port())
    for command in (["db", "upgrade"], ["demonstration"]):
        done = subprocess.run(
            flask(*command), cwd=ROOT, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    _print_at_once(create_app(Config.from_env(env)))
    return data


def _print_at_once(app: Flask) -> None:
    """Its papers are ready: no module waits for the press to have made them."""
    with app.app_context():
        identities = list(db.session.scalars(db.select(TrainingSession.id)))
    for identity in identities:
        story.made(app, story.told(app, identity))
    close(app)


@pytest.fixture(scope="module")
def portal(
    demonstration: Path, tmp_path_factory: pytest.TempPathFactory, chromium: Browser
) -> Iterator[Portal]:
    with serving(demonstration, tmp_path_factory.mktemp("served"), chromium) as served:
        yield served


@pytest.fixture(autouse=True)
def closed_browsers(chromium: Browser) -> Iterator[None]:
    """No test leaves a window to the next one."""
    before = list(chromium.contexts)
    yield
    for context in chromium.contexts:
        if context not in before:
            context.close()
