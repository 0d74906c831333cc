"""One dossier to sign in each test, at a standing clock."""

import pytest
import time_machine
from flask import Flask

from portal import clock
from tests.signature.scene import Scene, prepared


@pytest.fixture
def scene(app: Flask, context: None, frozen: time_machine.Traveller) -> Scene:
    return prepared(app, clock.now())
