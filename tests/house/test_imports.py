"""The dependency rule of docs/architecture.md, read module by module."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STONES = {
    "config", "extensions", "clock", "workdays", "money", "french", "files", "rendering", "sandbox",
    "tabular", "icalendar",
}  # fmt: skip
RULES = {"rules", "amend_rules", "life_rules", "schedule_rules"}
PURE_STONES = {"clock", "workdays", "money", "french"}
SLICES = {
    "accounts", "access", "companies", "funding", "training", "documents", "emails", "journal",
    "uploads", "signature", "reminders", "messages", "programmes",
}  # fmt: skip
FLASK = {
    "flask", "flask_login", "flask_mail", "flask_migrate", "flask_sqlalchemy", "flask_wtf",
    "htmx_flask",
}  # fmt: skip
KNOWS_FLASK = {"app", "cli", "web", "extensions", "blueprints"}
HEAVY = {"xhtml2pdf", "reportlab", "pikepdf", "PIL", "pillow_heif", "pyhanko", "facturx"}
SEALING = {"signature.certificate", "signature.seal", "signature.strip"}
IN_THE_GATE = {"uploads.child", "uploads.pdfs", "uploads.photos"}  # in its child process
# What the corridor of one act needs of another room, each with its reason.
BETWEEN_ROOMS = {
    ("emails", "accounts.links"),  # so does a message to a person with an account
    ("emails", "access.service"),  # a message gets the text of its link when it leaves
    ("emails", "documents.service"),  # and the bytes of the papers it carries
    ("emails", "documents.kinds"),  # with their file names
    ("emails", "training.labels"),  # and says a state in the words of the screen
    ("emails", "signature.codes"),  # and computes the digits of a code, which stand nowhere
    ("emails", "signature.copies"),  # and carries what was signed, with its proof
    ("signature", "documents"),  # the strip in the margin has the fonts of the papers
    ("signature", "documents.kinds"),  # the evidence names the paper as it is printed
    ("signature", "documents.press"),  # its proof is a paper too
    ("signature", "journal.service"),  # and is tied to the chain, whose head it prints
}
OUT_OF_REACH = {
    "feeds": {"app", "blueprints", "cli", "web"},
    "catalogue": {"app", "blueprints", "cli", "web"},
    "workflow": {"app", "blueprints", "cli", "correspondence", "web"},
    "correspondence": {"app", "blueprints", "cli", "web"},
    "tasks": {"app", "blueprints", "cli", "correspondence", "web", "workflow"},
    "administration": {"app", "blueprints", "cli", "web"},
    "membership": {"app", "blueprints", "cli", "web"},
    "blueprints": {"app", "cli", "tasks"},
}
# The extension classes that a room builds on.
BUILT_ON = {("accounts.models", "flask_login"), ("emails", "flask_mail")}


def modules() -> dict[str, Path]:
    """« training.rules » → its file; packages under the name of their folder."""
    found = {}
    for path in sorted((ROOT / "portal").rglob("*.py")):
        parts = path.relative_to(ROOT / "portal").with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if name:
            found[name] = path
    return found


MODULES = modules()


def _is_for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def _statements(tree: ast.AST, types: bool) -> Iterator[ast.AST]:
    """Every statement that runs, wherever it stands; with `types`, what type checkers read too."""
    for node in ast.iter_child_nodes(tree):
        if types or not _is_for_types_only(node):
            yield node
            yield from _statements(node, types)


@cache
def imports(name: str, types: bool = False) -> frozenset[str]:
    """What a module imports: « portal.x.y » for ours, the top package for the others."""
    found = set()
    for node in _statements(ast.parse(MODULES[name].read_text("utf-8")), types):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            base = node.module or ""
            for alias in node.names:
                full = f"{base}.{alias.name}"
                found.add(full if full.removeprefix("portal.") in MODULES else base)
    return frozenset(x if x.startswith("portal") else x.partition(".")[0] for x in found)


def ours(name: str, types: bool = False) -> set[str]:
    """The modules of the portal that this one imports."""
    found = imports(name, types)
    return {x.removeprefix("portal.") for x in found if x.startswith("portal.")}


def room(name: str) -> str:
    return name.partition(".")[0]


def last(name: str) -> str:
    return name.rpartition(".")[2]


def is_rules(name: str) -> bool:
    return room(name) in SLICES and last(name) in RULES


def is_models(name: str) -> bool:
    return room(name) in SLICES and last(name) == "models"


def is_pure(name: str) -> bool:
    return is_rules(name) or is_models(name)


def may_room_import(name: str, other: str) -> bool:
    """The rule for what stands in a slice: its own room, and what other rooms know or are."""
    if is_rules(name):
        return other in PURE_STONES or is_rules(other)
    if room(name) == room(other) or other in STONES or is_pure(other):
        return True
    if last(name).endswith("forms"):
        return other in ("web", "fields")
    return other == "declared" or (room(name), other) in BETWEEN_ROOMS


def may_import(name: str, other: str) -> bool:
    """Whether the rule lets `name` import `other`."""
    if room(name) in SLICES:
        return may_room_import(name, other)
    if name in STONES or name == "fields":
        return other in STONES
    if name == "web":
        return other in STONES | {"fields", "access.service", "access.tries"} or is_rules(other)
    # the others put rooms together, but never reach back towards what calls them
    return room(other) not in OUT_OF_REACH.get(room(name), set())


def test_every_module_is_read() -> None:
    assert len(MODULES) > 40
    assert ours("workflow") >= {"tasks", "access.service", "training.service"}
    assert imports("access.rules") >= {"hmac", "portal.clock"}


@pytest.mark.parametrize("name", sorted(MODULES))
def test_dependency_rule(name: str) -> None:
    forbidden = sorted(other for other in ours(name) if not may_import(name, other))
    assert not forbidden, f"portal/{name} may not import {forbidden}"


@pytest.mark.parametrize("name", sorted(MODULES))
def test_flask_stays_at_the_doors(name: str) -> None:
    if room(name) not in KNOWS_FLASK:
        known = {lib for where, lib in BUILT_ON if where in (name, room(name))}
        assert not (imports(name) & FLASK) - known


def test_only_app_imports_blueprints() -> None:
    for name in MODULES:
        if name != "app" and room(name) != "blueprints":
            assert not {x for x in ours(name) if room(x) == "blueprints"}, name


def test_heavy_libraries_stay_with_the_worker() -> None:
    using = {name for name in MODULES if imports(name) & HEAVY}
    assert using
    assert using <= {"documents.press", "documents.pdf", "documents.child"} | IN_THE_GATE | SEALING


def test_what_seals_is_loaded_when_the_worker_seals() -> None:
    """Only inside a function: no process that answers people ever loads it, nor the key."""
    for name, path in MODULES.items():
        if name in SEALING or name == "signature.finishing":
            continue
        at_once = [
            alias
            for node in ast.parse(path.read_text("utf-8")).body
            if isinstance(node, ast.ImportFrom)
            for alias in (f"{node.module}.{x.name}".removeprefix("portal.") for x in node.names)
        ]
        assert not SEALING.union({"signature.finishing"}).intersection(at_once), name


def test_no_circles() -> None:
    """Not even in types: only rows may name each other, as relationships stand on both sides."""
    done: set[str] = set()

    def walk(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " → ".join((*path[path.index(name) :], name))
        if name not in done:
            for other in sorted(ours(name, types=last(name) != "models") & set(MODULES)):
                # a package's own parts are imported by it on purpose
                if not (other in MODULES and name.startswith(f"{other}.")):
                    walk(other, (*path, name))
            done.add(name)

    for name in MODULES:
        walk(name, ())


def test_no_drawer_for_everything() -> None:
    assert not {x for x in MODULES if last(x) in ("utils", "util", "helpers", "common", "misc")}
