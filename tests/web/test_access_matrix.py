"""Who may open what: every route, for each person, on the dossiers of one side."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests import databases
from tests.conftest import config_in
from tests.security import world as worlds
from tests.security.world import Dossier, Side, World

ROLES = ("nobody", "owner", "other", "office", "client", "client_b", "expired", "revoked")
# Whose names may stand in an answer to each of them; the others may read of nobody.
MINE, THEIRS = ("owner", "office", "client"), ("other", "office", "client_b")
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


# Route, method, the dossier asked for (both stand on the side of « owner » and « client »), then
# the answer for each of ROLES: a status, or one of WORDS. Unsafe routes get an empty form.
TABLE = """
account.address              GET  -     login 200   200   200   login login login login
account.address              POST -     login 422   422   422   login login login login
account.close_logins         POST -     login 303   303   303   login login login login
account.cv                   GET  -     login 200   404   404   login login login login
account.page                 GET  -     login 200   200   200   login login login login
account.password             GET  -     login 200   200   200   login login login login
account.password             POST -     login 422   422   422   login login login login
account.remove_cv            POST -     login 303   303   303   login login login login
account.save                 POST -     login 422   422   422   login login login login
account.send_cv              POST -     login 303   303   404   login login login login
auth.enter                   POST -     422   422   422   422   422   422   422   422
auth.login                   GET  -     200   303   303   303   200   200   200   200
auth.logout                  POST -     303   303   303   303   303   303   303   303
client.ask_sign_link         POST sent  shut  shut  shut  shut  space shut  shut  shut
client.autosave              POST draft shut  shut  shut  shut  409   shut  shut  shut
client.autosave              POST sent  shut  shut  shut  shut  409   shut  shut  shut
client.agreement_file        GET  sent  shut  shut  shut  shut  200   shut  shut  shut
client.calendar              GET  draft shut  shut  shut  shut  200   shut  shut  shut
client.calendar              GET  sent  shut  shut  shut  shut  200   shut  shut  shut
client.check                 GET  draft shut  shut  shut  shut  200   shut  shut  shut
client.choose                POST sent  shut  shut  shut  shut  space shut  shut  shut
client.declare_refusal       GET  sent  shut  shut  shut  shut  200   shut  shut  shut
client.declare_refusal       POST sent  shut  shut  shut  shut  422   shut  shut  shut
client.leave                 POST draft shut  shut  shut  shut  303   shut  shut  shut
client.write_message         POST sent  shut  shut  shut  shut  422   shut  shut  shut
client.mark_messages         POST sent  shut  shut  shut  shut  space shut  shut  shut
client.note_filing           GET  sent  shut  shut  shut  shut  200   shut  shut  shut
client.note_filing           POST sent  shut  shut  shut  shut  422   shut  shut  shut
client.on_paper              GET  sent  shut  shut  shut  shut  200   shut  shut  shut
client.paper                 GET  draft shut  shut  shut  shut  404   shut  shut  shut
client.paper                 GET  sent  shut  shut  shut  shut  200   shut  shut  shut
client.papers_state          GET  sent  shut  shut  shut  shut  200   shut  shut  shut
client.papers_zip            GET  sent  shut  shut  shut  shut  200   shut  shut  shut
client.preview               GET  draft shut  shut  shut  shut  200   shut  shut  shut
client.renew_link            POST draft shut  shut  shut  shut  space shut  shut  shut
client.save_step             POST draft shut  shut  shut  shut  409   shut  shut  shut
client.save_step             POST sent  shut  shut  shut  shut  space shut  shut  shut
client.send_agreement        POST sent  shut  shut  shut  shut  space shut  shut  shut
client.send_signed_paper     POST sent  shut  shut  shut  shut  space shut  shut  shut
client.signed_file           GET  sent  shut  shut  shut  shut  404   shut  shut  shut
client.space                 GET  draft shut  shut  shut  shut  200   shut  shut  shut
client.step                  GET  draft shut  shut  shut  shut  200   shut  shut  shut
client.step                  GET  sent  shut  shut  shut  shut  space shut  shut  shut
client.submit                POST draft shut  shut  shut  shut  space shut  shut  shut
client.submit                POST sent  shut  shut  shut  shut  space shut  shut  shut
client.thanks                GET  sent  shut  shut  shut  shut  200   shut  shut  shut
entry.ask                    POST -     422   422   422   422   422   422   422   422
entry.forgot                 GET  -     200   200   200   200   200   200   200   200
entry.show                   GET  -     404   404   404   404   404   404   404   404
entry.use                    POST -     404   404   404   404   404   404   404   404
office.agreements.decide     POST sent  login 403   403   422   login login login login
office.agreements.export     GET  -     login 403   403   200   login login login login
office.agreements.original   GET  sent  login 403   403   200   login login login login
office.agreements.page_image GET  sent  login 403   403   404   login login login login
office.agreements.presence   POST sent  login 403   403   200   login login login login
office.agreements.queue      GET  -     login 403   403   200   login login login login
office.agreements.show       GET  sent  login 403   403   303   login login login login
office.agreements.undo       POST sent  login 403   403   303   login login login login
office.dashboard             GET  -     login 403   403   200   login login login login
office.dossier.autosave      POST draft login 403   403   409   login login login login
office.dossier.calendar      GET  sent  login 403   403   200   login login login login
office.dossier.cancel        GET  sent  login 403   403   200   login login login login
office.dossier.cancel        POST sent  login 403   403   422   login login login login
office.dossier.check         GET  draft login 403   403   200   login login login login
office.dossier.correct_agreement GET  sent  login 403   403   303   login login login login
office.dossier.correct_agreement POST sent  login 403   403   303   login login login login
office.dossier.duplicate     POST draft login 403   403   303   login login login login
office.dossier.make_link     POST draft login 403   403   303   login login login login
office.dossier.note_filing   GET  sent  login 403   403   200   login login login login
office.dossier.note_filing   POST sent  login 403   403   422   login login login login
office.dossier.page          GET  sent  login 403   403   200   login login login login
office.dossier.agreement_file GET  sent  login 403   403   200   login login login login
office.dossier.paper         GET  draft login 403   403   404   login login login login
office.dossier.paper         GET  sent  login 403   403   200   login login login login
office.dossier.papers_state  GET  sent  login 403   403   200   login login login login
office.dossier.papers_zip    GET  sent  login 403   403   200   login login login login
office.dossier.preview       GET  draft login 403   403   200   login login login login
office.dossier.qr            GET  draft login 403   403   200   login login login login
office.dossier.mark_messages  POST sent  login 403   403   303   login login login login
office.dossier.write_message  POST sent  login 403   403   422   login login login login
office.dossier.remind        POST sent  login 403   403   422   login login login login
office.dossier.pause_reminders POST sent  login 403   403   303   login login login login
office.reminders.edit        GET  -     login 403   403   200   login login login login
office.reminders.edit        POST -     login 403   403   422   login login login login
office.dossier.renew_link    POST draft login 403   403   303   login login login login
office.dossier.reopen        GET  sent  login 403   403   200   login login login login
office.dossier.reopen        POST sent  login 403   403   422   login login login login
office.dossier.resume        GET  draft login 403   403   303   login login login login
office.dossier.revoke_link   POST draft login 403   403   303   login login login login
office.dossier.save_step     POST draft login 403   403   409   login login login login
office.dossier.save_step     POST sent  login 403   403   422   login login login login
office.dossier.send_agreement POST sent  login 403   403   303   login login login login
office.dossier.send_link     POST draft login 403   403   422   login login login login
office.dossier.send_sign_link POST sent  login 403   403   303   login login login login
office.dossier.send_signed_paper POST sent  login 403   403   303   login login login login
office.dossier.signed_file   GET  sent  login 403   403   404   login login login login
office.dossier.start         POST sent  login 403   403   422   login login login login
office.dossier.step          GET  draft login 403   403   200   login login login login
office.dossier.step          GET  sent  login 403   403   200   login login login login
office.dossier.submit        POST draft login 403   403   303   login login login login
office.mails.attachment      GET  -     login 403   403   200   login login login login
office.export                GET  -     login 403   403   200   login login login login
office.mails.correct_address POST -     login 403   403   422   login login login login
office.mails.export          GET  -     login 403   403   200   login login login login
office.mails.index           GET  -     login 403   403   200   login login login login
office.mails.raw             GET  -     login 403   403   200   login login login login
office.mails.retry           POST -     login 403   403   303   login login login login
office.mails.signed_file     GET  -     login 403   403   404   login login login login
office.mails.show            GET  -     login 403   403   200   login login login login
office.programme.archive     POST -     login 403   403   303   login login login login
office.programme.copy        POST -     login 403   403   303   login login login login
office.programme.create      GET  -     login 403   403   200   login login login login
office.programme.create      POST -     login 403   403   422   login login login login
office.programme.edit        GET  -     login 403   403   200   login login login login
office.programme.publish     POST -     login 403   403   303   login login login login
office.programme.restore     POST -     login 403   403   303   login login login login
office.programme.save        POST -     login 403   403   409   login login login login
office.programme.withdraw    POST -     login 403   403   303   login login login login
office.programmes.export     GET  -     login 403   403   200   login login login login
office.programmes.index      GET  -     login 403   403   200   login login login login
office.programmes.show       GET  -     login 403   403   200   login login login login
office.journal.index         GET  -     login 403   403   200   login login login login
office.people.change_role    POST -     login 403   403   303   login login login login
office.people.close_logins   POST -     login 403   403   303   login login login login
office.people.cv             GET  -     login 403   403   200   login login login login
office.people.disable        POST -     login 403   403   303   login login login login
office.people.enable         POST -     login 403   403   303   login login login login
office.people.index          GET  -     login 403   403   200   login login login login
office.people.invite         GET  -     login 403   403   200   login login login login
office.people.invite         POST -     login 403   403   422   login login login login
office.people.invite_again   POST -     login 403   403   422   login login login login
office.people.remove_cv      POST -     login 403   403   303   login login login login
office.people.save           POST -     login 403   403   422   login login login login
office.people.send_cv        POST -     login 403   403   303   login login login login
office.people.show           GET  -     login 403   403   200   login login login login
office.proofreading.queue    GET  -     login 403   403   200   login login login login
office.proofreading.send     POST sent  login 403   403   303   login login login login
office.settings.index        GET  -     login 403   403   200   login login login login
office.settings.logo         GET  -     login 403   403   200   login login login login
office.settings.remove_logo  POST -     login 403   403   303   login login login login
office.settings.save         POST -     login 403   403   422   login login login login
office.settings.send_logo    POST -     login 403   403   422   login login login login
office.settings.show         GET  -     login 403   403   200   login login login login
office.signatures.original   GET  sent  login 403   403   404   login login login login
office.signatures.page_image GET  sent  login 403   403   404   login login login login
office.signatures.paper      GET  sent  login 403   403   303   login login login login
office.signatures.paper      POST sent  login 403   403   303   login login login login
office.signatures.phone_code GET  sent  login 403   403   200   login login login login
office.signatures.phone_code POST sent  login 403   403   409   login login login login
public.accessibility         GET  -     200   200   200   200   200   200   200   200
public.agenda.feed           GET  -     404   404   404   404   404   404   404   404
public.brand_css             GET  -     200   200   200   200   200   200   200   200
public.call_trainer          POST draft 404   404   404   404   404   404   dead  dead
public.catalogue.index       GET  -     404   404   404   404   404   404   404   404
public.catalogue.sheet       GET  -     404   404   404   404   404   404   404   404
public.catalogue.show        GET  -     404   404   404   404   404   404   404   404
public.favicon               GET  -     302   302   302   302   302   302   302   302
public.health                GET  -     503   503   503   503   503   503   503   503
public.health_of_web         GET  -     200   200   200   200   200   200   200   200
public.help_session          GET  -     200   200   200   200   200   200   200   200
public.home                  GET  -     200   303   303   303   200   200   200   200
public.legal                 GET  -     200   200   200   200   200   200   200   200
public.link                  GET  draft 404   200   404   200   200   200   410   410
public.opco.find             GET  -     200   200   200   200   200   200   200   200
public.open_link             POST draft dead  space dead  space space space dead  dead
public.privacy               GET  -     200   200   200   200   200   200   200   200
public.renew_link            POST draft 404   404   404   404   404   404   dead  dead
public.robots                GET  -     200   200   200   200   200   200   200   200
signing.decline              GET  sent  shut  shut  shut  shut  shut  shut  shut  shut
signing.decline              POST sent  shut  shut  shut  shut  shut  shut  shut  shut
signing.delegate             GET  sent  shut  shut  shut  shut  shut  shut  shut  shut
signing.delegate             POST sent  shut  shut  shut  shut  shut  shut  shut  shut
signing.done                 GET  sent  shut  shut  shut  shut  shut  shut  shut  shut
signing.on_paper             GET  sent  shut  shut  shut  shut  shut  shut  shut  shut
signing.page                 GET  sent  shut  shut  shut  shut  shut  shut  shut  shut
signing.paper                GET  sent  shut  shut  shut  shut  shut  shut  shut  shut
signing.signed_file          GET  sent  shut  shut  shut  shut  shut  shut  shut  shut
signing.send_signed_paper    POST sent  shut  shut  shut  shut  shut  shut  shut  shut
signing.sign                 POST sent  shut  shut  shut  shut  shut  shut  shut  shut
static                       GET  -     200   200   200   200   200   200   200   200
trainer.agenda.close         POST -     login 303   303   403   login login login login
trainer.agenda.page          GET  -     login 200   200   403   login login login login
trainer.agenda.renew         POST -     login 200   200   403   login login login login
trainer.create               GET  -     login 200   200   403   login login login login
trainer.create               POST -     login 422   422   403   login login login login
trainer.dashboard            GET  -     login 200   200   403   login login login login
trainer.dossier.autosave     POST draft login 409   404   403   login login login login
trainer.dossier.calendar     GET  sent  login 200   404   403   login login login login
trainer.dossier.cancel       GET  sent  login 200   404   403   login login login login
trainer.dossier.cancel       POST sent  login 422   404   403   login login login login
trainer.dossier.check        GET  draft login 200   404   403   login login login login
trainer.dossier.correct_agreement GET  sent  login 303   404   403   login login login login
trainer.dossier.correct_agreement POST sent  login 303   404   403   login login login login
trainer.dossier.duplicate    POST draft login 303   404   403   login login login login
trainer.dossier.make_link    POST draft login 303   404   403   login login login login
trainer.dossier.note_filing  GET  sent  login 200   404   403   login login login login
trainer.dossier.note_filing  POST sent  login 422   404   403   login login login login
trainer.dossier.page         GET  sent  login 200   404   403   login login login login
trainer.dossier.agreement_file GET  sent  login 200   404   403   login login login login
trainer.dossier.paper        GET  draft login 404   404   403   login login login login
trainer.dossier.paper        GET  sent  login 200   404   403   login login login login
trainer.dossier.papers_state GET  sent  login 200   404   403   login login login login
trainer.dossier.papers_zip   GET  sent  login 200   404   403   login login login login
trainer.dossier.preview      GET  draft login 200   404   403   login login login login
trainer.dossier.qr           GET  draft login 200   404   403   login login login login
trainer.dossier.mark_messages POST sent  login 303   404   403   login login login login
trainer.dossier.write_message POST sent  login 422   404   403   login login login login
trainer.dossier.remind       POST sent  login 422   404   403   login login login login
trainer.dossier.pause_reminders POST sent  login 303   404   403   login login login login
trainer.dossier.renew_link   POST draft login 303   404   403   login login login login
trainer.dossier.reopen       GET  sent  login 200   404   403   login login login login
trainer.dossier.reopen       POST sent  login 422   404   403   login login login login
trainer.dossier.resume       GET  draft login 303   404   403   login login login login
trainer.dossier.revoke_link  POST draft login 303   404   403   login login login login
trainer.dossier.save_step    POST draft login 409   404   403   login login login login
trainer.dossier.save_step    POST sent  login 422   404   403   login login login login
trainer.dossier.send_agreement POST sent  login 303   404   403   login login login login
trainer.dossier.send_link    POST draft login 422   404   403   login login login login
trainer.dossier.send_sign_link POST sent  login 303   404   403   login login login login
trainer.dossier.send_signed_paper POST sent  login 303   404   403   login login login login
trainer.dossier.signed_file   GET  sent  login 404   404   403   login login login login
trainer.dossier.start        POST sent  login 422   404   403   login login login login
trainer.dossier.step         GET  draft login 200   404   403   login login login login
trainer.dossier.step         GET  sent  login 200   404   403   login login login login
trainer.dossier.submit       POST draft login 303   404   403   login login login login
trainer.mails.attachment     GET  -     login 200   404   403   login login login login
trainer.export               GET  -     login 200   200   403   login login login login
trainer.mails.correct_address POST -     login 422   404   403   login login login login
trainer.mails.export         GET  -     login 200   200   403   login login login login
trainer.mails.index          GET  -     login 200   200   403   login login login login
trainer.mails.raw            GET  -     login 200   404   403   login login login login
trainer.mails.retry          POST -     login 303   404   403   login login login login
trainer.mails.signed_file    GET  -     login 404   404   403   login login login login
trainer.mails.show           GET  -     login 200   404   403   login login login login
trainer.programmes.export    GET  -     login 200   200   403   login login login login
trainer.programmes.index     GET  -     login 200   200   403   login login login login
trainer.programmes.show      GET  -     login 200   200   403   login login login login
verification.check           POST -     422   422   422   422   422   422   422   422
verification.page            GET  -     200   200   200   200   200   200   200   200
"""
WORDS = {
    "login": "sent to the login page; nothing changed",
    "shut": "« Votre espace s’est refermé », or back to it after a form; nothing changed",
    "space": "sent to the client's space",
    "dead": "sent back to the page of the link",
    "403": "nothing changed",
    "404": "nothing changed",
}
Key = tuple[str, str]


def rows() -> list[tuple[str, str, str, dict[str, str]]]:
    """The table, line by line."""
    found = []
    for line in TABLE.strip().splitlines():
        endpoint, method, kind, *cells = line.split()
        assert len(cells) == len(ROLES), line
        found.append((endpoint, method, kind, dict(zip(ROLES, cells, strict=True))))
    return found


@pytest.fixture(scope="module")
def built(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("matrix") / "data"
    databases.copy(template, folder)
    with worlds.made(config_in(folder)) as world:
        yield world


def routes(world: World) -> dict[Key, Rule]:
    return {
        (rule.endpoint, method): rule
        for rule in world.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_every_route_has_its_row_and_every_row_its_route(built: World) -> None:
    listed = [(endpoint, method, kind) for endpoint, method, kind, _cells in rows()]
    assert len(set(listed)) == len(listed), "a row stands twice"
    without_row = routes(built).keys() - {row[:2] for row in listed}
    without_route = {row[:2] for row in listed} - routes(built).keys()
    assert not without_row, f"say in TABLE who may open {sorted(without_row)}"
    assert not without_route, f"rows of routes that are gone: {sorted(without_route)}"


@pytest.mark.parametrize(
    ("endpoint", "method", "kind", "cells"), rows(), ids=[" ".join(row[:3]) for row in rows()]
)
def test_each_person_gets_what_the_table_says(
    built: World, endpoint: str, method: str, kind: str, cells: dict[str, str]
) -> None:
    rule = routes(built)[endpoint, method]
    faults = []
    built.restore()
    for role, cell in cells.items():
        given = _ids(rule, role, built, kind)
        path = rule.build(given)
        assert path is not None
        answer = _asked(built, role, method, path[1])
        problems = _differences(built, cell, method, path[1], answer)
        problems += _leaks(built, role, answer, given)
        faults += [f"{role}: {problem}" for problem in problems]
        answer.close()
        if method in UNSAFE or problems:
            built.restore()
    assert not faults, "\n".join([f"{method} {rule.rule}", *faults])


def _asked(world: World, role: str, method: str, path: str) -> TestResponse:
    visitor = world.visitor(role)
    if method in UNSAFE:
        return visitor.send(path, method=method)
    return visitor.open(path, method=method)


def _ids(rule: Rule, role: str, world: World, kind: str) -> dict[str, Any]:
    """The ids everybody tries: the same for all, but links, which each one holds or forges."""
    side = world.mine
    known = side.parts(rule.endpoint, _of(side, kind)) | {"token": _token(world, role, kind)}
    return {name: known[name] for name in rule.arguments}


def _of(side: Side, kind: str) -> Dossier:
    return side.draft if kind == "draft" else side.sent


def _token(world: World, role: str, kind: str) -> str:
    if role in ("nobody", "other"):
        return f"esp-1-{'A' * 43}"
    side = world.theirs if role == "client_b" else world.mine
    return _of(side, kind).tokens[role if role in ("expired", "revoked") else "live"]


def _differences(
    world: World, cell: str, method: str, path: str, answer: TestResponse
) -> list[str]:
    status, place = answer.status_code, answer.headers.get("Location", "")
    if cell == "shut" and method in UNSAFE:
        kept = status == 303 and place in (path, "/")
    elif cell == "shut":
        kept = status == 403 and "s’est refermé" in answer.text
    else:
        expected = {"login": "/connexion", "space": "/espace/", "dead": "/l/"}
        kept = status == (303 if cell in expected else int(cell))
        kept = kept and place.startswith(expected.get(cell, ""))
    problems = [] if kept else [f"expected {cell}, got {status} {place}"]
    if cell in ("login", "shut", "403", "404") and not world.is_untouched():
        problems.append(f"{cell}, and yet something changed")
    return problems


def _leaks(world: World, role: str, answer: TestResponse, given: dict[str, Any]) -> list[str]:
    """What the answer says of a side this person knows nothing of, but what it asked for."""
    received = (answer.get_data().decode("utf-8", "replace") + str(answer.headers)).lower()
    hidden: set[str] = set()
    if role not in MINE:
        hidden |= world.mine.marks
    if role not in THEIRS:
        hidden |= world.theirs.marks
    hidden -= {str(value).lower() for value in given.values()}
    return [f"the answer shows {mark}" for mark in sorted(hidden) if mark in received]
