"""What makes a run shorter and changes nothing that a test sees: each is work that the portal does
once in its life, and that hundreds of applications in one process would do again and again.
"""

import os
import shutil
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from argon2 import PasswordHasher
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import Engine
from sqlalchemy.engine import Dialect
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

from portal.accounts import service as accounts

MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory, where there is one
ROOM = 4 * 1024**3  # octets


def write_to_memory() -> None:
    """Temporary folders stand in memory, where a commit that waits for its disk waits for nothing.

    Nobody cuts the power here; the tests that speak of disks bring their own.
    """
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def compile_templates_once(folder: Path) -> None:
    """Each template is compiled by the first application that shows it."""
    Flask.jinja_options = {"bytecode_cache": FileSystemBytecodeCache(str(folder))}


def compile_addresses_once() -> None:
    compiled = Rule._compile_builder
    known: dict[tuple[object, ...], Callable[..., tuple[str, str]]] = {}

    def once(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        key = (rule.rule, tuple(sorted((rule.defaults or {}).items())), append_unknown)
        if key not in known:
            known[key] = compiled(rule, append_unknown)
        return known[key]

    Rule._compile_builder = once  # type: ignore[method-assign]


def compile_statements_once() -> None:
    """Engines of one kind share what they compiled, which they keep by dialect and statement."""
    made = SQLAlchemy._make_engine
    shared: dict[type[Dialect], LRUCache] = {}

    def sharing(extension: SQLAlchemy, *args: object) -> Engine:
        engine = made(extension, *args)
        kind = type(engine.dialect)
        if kind not in shared:
            kind.__eq__ = lambda one, other: type(one) is type(other)
            kind.__hash__ = lambda one: hash(type(one))
            shared[kind] = LRUCache(5_000)
        engine._compiled_cache = shared[kind]
        return engine

    SQLAlchemy._make_engine = sharing


def recognise_passwords_once() -> None:
    """A right password is hashed the first time it is given for its hash; a wrong one each time."""

    class Remembering(PasswordHasher):
        verify = lru_cache(PasswordHasher.verify)

    known = accounts._hasher
    accounts._hasher = Remembering(
        time_cost=known.time_cost, memory_cost=known.memory_cost, parallelism=known.parallelism
    )
