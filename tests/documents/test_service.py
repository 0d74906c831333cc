"""Issuing, superseding and making papers, on a database."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from flask import Flask
from sqlalchemy import select

from portal import clock
from portal.documents import press, service
from portal.documents.facts import IncompleteTraining
from portal.documents.kinds import ISSUED_TOGETHER
from portal.documents.models import Document
from portal.extensions import db, store, writing
from portal.training.models import TrainingSession
from tests.documents import cast, papers

AT = datetime(2026, 11, 23, 15, 5, tzinfo=UTC)
_keys = count()


@pytest.fixture
def training(app: Flask) -> TrainingSession:
    key = str(next(_keys))
    row = cast.training(
        2,
        public_id=key,
        creation_key=key,
        way="link",
        created_at=AT,
        updated_at=AT,
    )
    row.trainer.created_at = AT
    with writing():
        db.session.add_all([row, cast.organisation()])
    return row


def issued(training: TrainingSession, at: datetime = AT) -> list[int]:
    with writing():
        return [document.id for document in service.issue(training, cast.organisation(), at)]


def rows(training: TrainingSession) -> list[Document]:
    db.session.rollback()
    return list(
        db.session.scalars(
            select(Document).order_by(Document.id).execution_options(populate_existing=True)
        )
    )


def test_issue_adds_three_pending_papers_of_the_day_in_paris(training: TrainingSession) -> None:
    late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)  # already the 24th in Paris
    issued(training, late)
    found = rows(training)
    assert [row.kind for row in found] == list(ISSUED_TOGETHER)
    assert {row.version for row in found} == {1}
    assert {row.state for row in found} == {"pending"}
    assert {row.facts["issued_on"] for row in found} == {"2026-11-24"}
    assert service.pending_ids() == [row.id for row in found]
    assert [row.kind for row in training.documents] == list(ISSUED_TOGETHER)


def test_a_new_issue_supersedes_the_former(training: TrainingSession) -> None:
    first = issued(training)
    second = issued(training, AT + timedelta(days=1))
    found = {row.id: row for row in rows(training)}
    assert all(found[key].superseded_at is not None for key in first)
    assert {found[key].version for key in second} == {2}
    assert [row.id for row in service.current(training)] == second


def test_supersede_leaves_nothing_current(training: TrainingSession) -> None:
    issued(training)
    with writing():
        service.supersede(training, AT)
    assert service.current(training) == []


def test_an_incomplete_dossier_issues_nothing(training: TrainingSession) -> None:
    with writing():
        training.headcount = None
    with pytest.raises(IncompleteTraining, match="l’effectif"):
        issued(training)
    assert rows(training) == []


def test_prepare_makes_the_file_once(training: TrainingSession) -> None:
    ids = issued(training)
    assert [service.prepare(key) for key in ids] == [True, True, True]
    assert service.pending_ids() == []
    found = rows(training)
    for row in found:
        assert row.state == "ready"
        assert row.attempts == 1
        assert row.lease_until is None
        content = service.pdf_bytes(row)
        assert len(content) == row.octets
        assert len(papers.read(content).pages) == row.pages
    before = [row.ready_at for row in found]
    assert [service.prepare(key) for key in ids] == [True, True, True]
    assert [row.ready_at for row in rows(training)] == before
    assert service.prepare(987_654) is False


def test_prepare_leaves_what_another_worker_holds(training: TrainingSession) -> None:
    key = issued(training)[0]
    with writing():
        db.session.get(Document, key).lease_until = clock.now() + timedelta(seconds=60)
    assert key not in service.pending_ids()
    assert service.prepare(key) is False
    with writing():
        db.session.get(Document, key).lease_until = clock.now() - timedelta(seconds=1)
    assert key in service.pending_ids()
    assert service.prepare(key) is True


def test_failures_are_counted_then_said(
    training: TrainingSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = issued(training)[0]

    def fail(*_args: object, **_named: object) -> press.Printed:
        raise press.PressError("more than 30 s")

    monkeypatch.setattr(press, "print_pdf", fail)
    for attempt in range(1, service.MAX_ATTEMPTS + 1):
        assert service.prepare(key) is False
        row = rows(training)[0]
        assert row.attempts == attempt
        assert row.state == ("failed" if attempt == service.MAX_ATTEMPTS else "pending")
        assert row.error is not None
        assert row.error.startswith("Le document n’a pas pu être fabriqué")
    assert key not in service.pending_ids()
    monkeypatch.undo()
    with writing():
        service.retry(db.session.get(Document, key))
    assert service.prepare(key) is True
    assert rows(training)[0].error is None


def test_a_file_made_twice_is_the_same_file(training: TrainingSession) -> None:
    key = issued(training)[0]
    service.prepare(key)
    first = rows(training)[0].sha256
    with writing():
        row = db.session.get(Document, key)
        row.state, row.sha256, row.octets = "pending", None, None
    service.prepare(key)
    assert rows(training)[0].sha256 == first


def test_the_logo_of_the_organisation_is_printed(training: TrainingSession) -> None:
    plain = issued(training)[0]
    service.prepare(plain)
    logo = (press._ROOT / "portal/demonstration/logo.png").read_bytes()
    with writing():
        holder = cast.organisation(logo_sha256=store().put(logo))
        key = service.issue(training, holder, AT)[0].id
    service.prepare(key)
    sizes = {row.id: row.octets or 0 for row in rows(training)}
    assert sizes[key] > sizes[plain] + 3_000


def test_a_logo_that_vanished_does_not_stop_the_papers(training: TrainingSession) -> None:
    with writing():
        holder = cast.organisation(logo_sha256="0" * 64)
        key = service.issue(training, holder, AT)[0].id
    assert service.prepare(key) is True
