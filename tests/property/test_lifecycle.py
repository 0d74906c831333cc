"""Whatever people do in whatever order: never an impossible session, never a silent change."""

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import time_machine
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from portal import clock, workflow
from portal.access import service as access
from portal.access.rules import Actor, Role
from portal.documents import service as documents
from portal.extensions import db
from portal.journal import service as journal
from portal.journal.models import JournalEntry
from portal.training import life_rules, schedule_rules
from portal.training import service as trainings
from portal.training.models import Programme, TrainingSession
from portal.training.rules import Event, Way
from portal.training.service import StaleTopic
from tests import story
from tests.conftest import NOW, TRAINER, user
from tests.property.answers import ANSWERS, Given
from tests.story import VASSEUR

TABLES = (
    "company", "half_day", "trainee", "topic_answers", "document", "email", "share_link",
    "journal_entry",
)  # fmt: skip
ROLES = st.sampled_from(list(Role))
DOERS = st.sampled_from([Role.TRAINER, Role.TRAINER, Role.CLIENT, Role.OFFICE])
REASONS = st.sampled_from(["Le chantier est reporté", "Une personne de plus", "Neige", "", None])


class Life(RuleBasedStateMachine):
    """One session, from its creation on; every act goes through the corridor."""

    numbers = itertools.count()

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self.now = time_machine.travel(NOW, tick=False)
        self.clock = self.now.start()
        self.context = app.app_context()
        self.context.push()
        self.identity = 0

    def teardown(self) -> None:
        try:
            db.session.rollback()
            assert journal.verify() == []
        finally:
            db.session.remove()
            self.context.pop()
            self.now.stop()

    @initialize(
        way=st.sampled_from(list(Way)),
        email=st.sampled_from([story.CLIENT, None]),
        is_sent=st.booleans(),
    )
    def create(self, way: Way, email: str | None, is_sent: bool) -> None:
        person = user(TRAINER)
        key = f"life-{next(self.numbers)}"
        made = workflow.create(person, self.actor(Role.TRAINER), way, key, client_email=email)
        self.identity = made.id
        if is_sent:
            self.everything(after=48)
            self.issue(Role.TRAINER)

    # --- What is done

    @rule(role=DOERS, given=ANSWERS, final=st.booleans(), stale=st.booleans())
    def save(self, role: Role, given: Given, final: bool, stale: bool) -> None:
        topics = self.topics(given, final=final, stale=stale)
        self.perform(Event.SAVE_TOPIC, role, topics=topics, journaled=final)

    @rule(after=st.integers(1, 60))
    def everything(self, after: int) -> None:
        """A whole dossier at once, so that many runs go past the draft."""
        days = [clock.today() + timedelta(days=after + n) for n in range(2)]
        whole: Given = {
            "company": VASSEUR,
            "funding": {"funder": "CONSTRUCTYS", "subrogation": "oui"},
            "programme": {"remote_percent": "0"},
            "schedule": story.schedule(days),
            "trainees": {"headcount": "4"},
        }
        self.perform(Event.SAVE_TOPIC, Role.TRAINER, topics=self.topics(whole))

    @rule(role=ROLES, email=st.sampled_from([None, "autre@menuiserie-vasseur.example"]))
    def share(self, role: Role, email: str | None) -> None:
        self.perform(Event.SHARE_LINK, role, email=email)

    @rule(role=ROLES, event=st.sampled_from([Event.RENEW_LINK, Event.REVOKE_LINK]))
    def link(self, role: Role, event: Event) -> None:
        self.perform(event, role)

    @rule(role=DOERS)
    def issue(self, role: Role) -> None:
        self.perform(Event.ISSUE_DOCUMENTS, role)

    @rule(role=DOERS, days=st.integers(-3, 2))
    def file(self, role: Role, days: int) -> None:
        filed_on = clock.today() + timedelta(days=days)
        self.perform(Event.NOTE_FILING, role, filed_on=filed_on, number="CO-7")

    @rule(role=DOERS, reason=REASONS, given=ANSWERS)
    def amend(self, role: Role, reason: str | None, given: Given) -> None:
        self.perform(Event.AMEND, role, topics=self.topics(given), reason=reason)

    @rule(role=ROLES, reason=REASONS)
    def reopen(self, role: Role, reason: str | None) -> None:
        self.perform(Event.REOPEN, role, reason=reason)

    @rule(role=ROLES, reason=REASONS, sure=st.integers(0, 3))
    def cancel(self, role: Role, reason: str | None, sure: int) -> None:
        if not sure:  # seldom: nothing much happens afterwards
            self.perform(Event.CANCEL, role, reason=reason)

    @rule(days=st.integers(1, 30))
    def wait(self, days: int) -> None:
        self.clock.shift(timedelta(days=days))

    # --- How it is done

    def actor(self, role: Role) -> Actor:
        return Actor(role, 1, f"Someone as {role.value}")

    def row(self) -> TrainingSession:
        db.session.rollback()
        return db.session.get_one(TrainingSession, self.identity)

    def topics(self, given: Given, final: bool = True, stale: bool = False) -> list[Any]:
        """The saves of these topics, as the page that shows them would ask for them."""
        return [self.topic(name, dict(given[name]), final, stale) for name in given]

    def topic(self, name: str, answers: dict[str, str], final: bool, stale: bool) -> Any:
        if name == "programme":
            query = db.select(Programme.id).filter_by(code="LPM-14")
            answers["programme_id"] = str(db.session.scalars(query).one())
        stored = trainings.answers_of(self.row(), name)
        version = 0 if stored is None or stale else stored.version
        raw = {field: [value] for field, value in answers.items()}
        edit_id = f"edit-{next(self.numbers)}"
        return name, raw, {"version": version, "edit_id": edit_id, "final": final}

    def perform(self, event: Event, role: Role, **data: Any) -> None:
        """The act; when it is refused, French sentences say why and nothing at all changed."""
        before = self.everything_stored()
        state = self.row().state
        try:
            workflow.perform(event, self.row(), self.actor(role), **data)
        except workflow.Refused as refused:
            unchanged, sentences = True, refused.sentences
        except StaleTopic as stale:
            unchanged, sentences = True, (stale.topic,)
        else:
            unchanged, sentences = False, ()
        if unchanged:
            assert self.everything_stored() == before
            assert sentences
            assert all(sentence.strip() for sentence in sentences)
            return
        transition = life_rules.TRANSITIONS[event]
        assert role in transition.actors
        assert state in transition.sources
        assert self.row().state == (transition.target or state)

    def everything_stored(self) -> list[Any]:
        db.session.rollback()
        found: list[Any] = []
        for table in ("training_session", *TABLES):
            column = "id" if table == "training_session" else "training_id"
            query = f"SELECT * FROM {table} WHERE {column} = {self.identity} ORDER BY 1"  # noqa: S608
            found.append([tuple(row) for row in db.session.execute(db.text(query))])
        return found

    # --- What always holds

    @invariant()
    def a_session_is_possible(self) -> None:
        if not self.identity:
            return
        row = self.row()
        sent = row.state == "sent"
        assert (row.state == "cancelled") == (row.cancelled_at is not None)
        assert not sent or (row.sent_at and row.first_day and row.price_cents and row.headcount)
        assert row.filed_on is None or row.state != "draft"
        assert not sent or trainings.missing_topics(row) == []
        slots = trainings.slots_of(row)
        days = schedule_rules.days_of(slots)
        assert (row.first_day, row.last_day) == ((days[0], days[-1]) if days else (None, None))
        assert (row.minutes or 0) == schedule_rules.total_minutes(slots)
        assert len(row.trainees) <= (row.headcount or 0)
        if row.price_cents is not None:
            basis = schedule_rules.PriceBasis(row.price_basis)
            quantity = (len(days), row.minutes or 0, row.headcount or 0)
            assert row.price_cents == schedule_rules.price_cents(
                basis, row.unit_price_cents, *quantity
            )

    @invariant()
    def papers_are_whole_and_in_force_once(self) -> None:
        if not self.identity:
            return
        row = self.row()
        current = documents.current(row)
        assert [paper.kind for paper in current] in ([], ["devis", "convention", "programme"])
        assert len({paper.version for paper in current}) <= 1
        assert row.state == "cancelled" or bool(current) == (row.state == "sent")
        kinds = {(paper.kind, paper.version) for paper in row.documents}
        assert len(kinds) == len(row.documents)
        if current:
            assert current[0].version == max(paper.version for paper in row.documents)
        for paper in current if row.state == "sent" else ():
            assert paper.facts["price"]["net_cents"] == row.price_cents
            assert paper.facts["schedule"]["minutes"] == row.minutes
            assert paper.facts["trainees"]["headcount"] == row.headcount

    @invariant()
    def links_close_with_the_session(self) -> None:
        if self.identity and self.row().state == "cancelled":
            assert access.open_link(self.row(), clock.now()) is None

    @invariant()
    def every_act_left_a_trace(self) -> None:
        if not self.identity:
            return
        query = db.select(JournalEntry.event).filter_by(training_id=self.identity)
        events = list(db.session.scalars(query.order_by(JournalEntry.seq)))
        assert events[0] == "create"
        issues = events.count("issue_documents")
        assert (issues > 0) == (self.row().sent_at is not None)
        assert events.count("reopen") <= issues


def test_a_session_lives_only_lives_that_exist(app: Flask) -> None:
    machine: Callable[[], Life] = lambda: Life(app)  # noqa: E731 - what hypothesis asks for
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=15,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
