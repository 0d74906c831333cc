"""An installation in which people have worked, its backup, and copies of it to be harmed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from portal.app import create_app
from tests import databases, second_half, story
from tests.conftest import close, config_in
from tests.installation import stamped


def run(app: Flask, *arguments: str) -> Result:
    done = app.test_cli_runner().invoke(args=list(arguments))
    assert "Traceback" not in done.output
    return done


def saved(app: Flask, tmp_path: Path, name: str = "backup.tar") -> Path:
    done = run(app, "backup", str(tmp_path / name))
    assert done.exit_code == 0, done.output
    return tmp_path / name


def data_of(app: Flask) -> Path:
    return Path(app.config["PORTAL"].data)


@pytest.fixture(scope="module")
def worked(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """An installation in which people have worked: a draft, papers, an agreement, a signature."""
    folder = tmp_path_factory.mktemp("worked") / "data"
    databases.copy(template, folder)
    app = create_app(config_in(folder))
    stamped(app)  # the models make the tables of the last migration
    story.a_training(app, "draft")
    signed = story.a_training(app, "funded")
    story.work(app)  # the press makes the papers before somebody signs one of them
    with app.app_context():
        second_half.sign(signed.id)
    story.work(app)
    yield app
    close(app)


@pytest.fixture(scope="module")
def taken(worked: Flask, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its backup; nobody changes it."""
    return saved(worked, tmp_path_factory.mktemp("taken"))


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Flask]:
    """An installation without anything in it."""
    app = create_app(config_in(tmp_path / "elsewhere"))
    yield app
    close(app)
    databases.forget(tmp_path / "elsewhere")


@pytest.fixture
def restored(elsewhere: Flask, taken: Path) -> Flask:
    """A second copy of the installation, to be harmed."""
    done = run(elsewhere, "restore", str(taken))
    assert done.exit_code == 0, done.output
    return elsewhere
