"""Whatever is decided, signed, corrected or undone in whatever order, the money stays right."""

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
from portal.access.rules import Actor, Role, Scope
from portal.accounts import service as accounts
from portal.documents import service as documents
from portal.effects import paper, signing
from portal.extensions import db, writing
from portal.funding import service as fundings
from portal.funding.rules import Base
from portal.journal import service as journal
from portal.signature import codes
from portal.signature.models import Channel, OneTimeCode
from portal.training.models import TrainingSession
from portal.training.rules import Event
from portal.uploads.rules import Rejected
from tests import second_half, story
from tests.conftest import NOW

OUTGOING = ("funded", "running")
REGIMES = ("exempt", "standard", "franchise")
PRICE = 240_000
ROLES = st.sampled_from([Role.CLIENT, Role.OFFICE, Role.TRAINER])
FIGURES = st.one_of(
    st.sampled_from([1, PRICE - 1, PRICE, PRICE + 1, 0, -5, 288_000]), st.integers(1, PRICE)
)


class Money(RuleBasedStateMachine):
    """One session from its papers on; every act goes through the corridor."""

    numbers = itertools.count()

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self.app = app
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

    @initialize(regime=st.sampled_from(REGIMES), early=st.booleans())
    def papers_are_sent(self, regime: str, early: bool) -> None:
        with writing():  # frozen with the session when its papers are issued
            accounts.organisation().vat_regime = regime
        made = story.a_training(self.app, "filed")
        self.identity = made.id
        if early:
            self.perform(Event.SEND_SIGN_LINK, Role.CLIENT)
            self.sign(right=True)

    # --- What is done

    @rule(role=ROLES)
    def receive(self, role: Role) -> None:
        words = ("Accord", str(next(self.numbers)))
        self.perform(Event.RECEIVE_AGREEMENT, role, stored=second_half.stored_paper(words))

    @rule(
        role=st.sampled_from([Role.OFFICE, Role.OFFICE, Role.TRAINER]),
        figure=FIGURES,
        base=st.sampled_from(list(Base)),
        pays_vat=st.booleans(),
        subrogation=st.booleans(),
    )
    def validate(
        self, role: Role, figure: int, base: Base, pays_vat: bool, subrogation: bool
    ) -> None:
        self.perform(
            Event.VALIDATE_AGREEMENT, role, printed_cents=figure, base=base,
            funder_pays_vat=pays_vat or base is Base.GROSS, subrogation=subrogation, number="1",
        )  # fmt: skip

    @rule(
        event=st.sampled_from([Event.RETURN_AGREEMENT, Event.CORRECT_AGREEMENT]),
        role=ROLES,
        reason=st.sampled_from(["Montant mal lu", "Montant mal lu", ""]),
    )
    def take_back(self, event: Event, role: Role, reason: str) -> None:
        self.perform(event, role, reason=reason)

    @rule()
    def undo(self) -> None:
        self.perform(Event.UNDO_DECISION, Role.OFFICE)

    @rule(role=ROLES)
    def refuse(self, role: Role) -> None:
        self.perform(Event.RECORD_REFUSAL, role, reason="Budget épuisé")

    @rule()
    def pay_alone(self) -> None:
        self.perform(Event.SELF_FUND, Role.CLIENT)

    @rule(right=st.sampled_from([True, True, True, False]))
    def sign_online(self, right: bool) -> None:
        self.sign(right)

    @rule(role=ROLES)
    def sign_on_paper(self, role: Role) -> None:
        second_half.make_papers(self.identity)
        words = ("Scan", str(next(self.numbers)))
        stored = second_half.stored_paper(words)
        self.perform(Event.RECEIVE_SIGNED_PAPER, Role.CLIENT, stored=stored)
        scan = paper.waiting_scan(self.row())
        self.perform(Event.RECORD_PAPER_SIGNATURE, role, upload_id=scan.id if scan else 0)

    @rule(role=ROLES)
    def ask_link(self, role: Role) -> None:
        self.perform(Event.SEND_SIGN_LINK, role)

    @rule()
    def decline(self) -> None:
        self.perform(Event.DECLINE_SIGNATURE, Role.CLIENT, reason="Trop cher")

    @rule(name=st.sampled_from(["Paul", "Anne"]))
    def delegate(self, name: str) -> None:
        self.perform(
            Event.DELEGATE_SIGNATURE, Role.CLIENT, first=name, last="Vasseur", function="Associé",
            email=f"{name.lower()}@menuiserie-vasseur.example",
        )  # fmt: skip

    @rule(role=ROLES)
    def start(self, role: Role) -> None:
        self.perform(Event.START, role)

    @rule(seconds=st.sampled_from([5, 61, 3_600 * 24, 3_600 * 24 * 50]))
    def wait(self, seconds: int) -> None:
        self.clock.shift(timedelta(seconds=seconds))

    @rule(figure=st.integers(1, PRICE), base=st.sampled_from(list(Base)), subrogation=st.booleans())
    def agree(self, figure: int, base: Base, subrogation: bool) -> None:
        """An agreement received and validated at once, so that many runs go past it."""
        self.receive(Role.CLIENT)
        self.validate(Role.OFFICE, figure, base, False, subrogation)

    @rule()
    def the_day_comes(self) -> None:
        """Everybody does what is awaited, and the training starts."""
        self.sign(right=True)
        first_day = self.row().first_day
        if first_day is not None and first_day > clock.today():
            self.clock.shift(first_day - clock.today())
        self.perform(Event.START, Role.TRAINER)

    # --- How it is done

    def row(self) -> TrainingSession:
        db.session.rollback()
        return db.session.get_one(TrainingSession, self.identity)

    def actor(self, role: Role) -> Actor:
        linked = self.row().links[0].id
        return Actor(role, linked if role is Role.CLIENT else 1, f"Someone as {role.value}")

    def perform(self, event: Event, role: Role, **data: Any) -> None:
        """The act; refused, it says why in French and leaves the row as it was."""
        before = self.money()
        try:
            workflow.perform(event, self.row(), self.actor(role), **data)
        except workflow.Refused as refused:
            sentences = refused.sentences
        except Rejected as full:  # ten files a day
            sentences = (str(full),)
        else:
            return
        assert sentences
        assert all(sentence.strip() for sentence in sentences)
        assert self.money() == before

    def money(self) -> tuple[Any, ...]:
        row = self.row()
        return (
            row.state, row.version, row.granted_cents, row.granted_vat_cents, row.committed_cents,
            row.signed_at, [(a.id, a.state, a.version) for a in row.agreements],
            [(s.id, s.voided_at) for s in row.signatures],
            [(d.id, d.superseded_at) for d in row.documents],
        )  # fmt: skip

    def sign(self, right: bool) -> None:
        second_half.make_papers(self.identity)
        row = self.row()
        link, document = access.open_link(row, clock.now(), Scope.SIGN), signing.signable(row)
        if link is None or document is None:
            return
        actor = Actor(Role.CLIENT, link.id, "Hélène Vasseur")
        try:
            workflow.send_code(row, link, document, Channel.EMAIL, actor)
        except codes.CodeRefused:
            return
        digits = second_half.latest_code(row)
        typed = digits if right else f"{(int(digits) + 1) % 1_000_000:06d}"
        before = self.money()
        try:
            codes.count_try(link, document, typed, clock.now())
            workflow.perform(
                Event.SIGN, row, actor, link=link, shown=(document.id, document.sha256),
                code=typed, name="Hélène Vasseur", function="Gérante", drawn=None,
                sentences=second_half.sentences_of(row), request_facts=second_half.REQUEST,
            )  # fmt: skip
        except (codes.CodeRefused, workflow.Refused):
            assert self.money() == before
        else:
            assert right

    # --- What always holds

    @invariant()
    def the_parts_make_the_whole(self) -> None:
        row = self.row() if self.identity else None
        if row is None or row.granted_cents is None:
            return
        split = fundings.split_of(row)
        assert split.net_cents == split.granted.net_cents + split.remainder_cents == PRICE
        assert split.total_cents == split.funder_due_cents + split.client_due_cents
        assert min(split.remainder_cents, split.funder_due_cents, split.client_due_cents) >= 0
        assert row.state in OUTGOING or row.state == "cancelled"

    @invariant()
    def the_undertaking_is_what_will_be_invoiced(self) -> None:
        row = self.row() if self.identity else None
        if row is None or row.committed_cents is None:
            return
        assert row.committed_cents == fundings.split_of(row).client_due_cents
        live = [s for s in row.signatures if s.voided_at is None]
        assert live[-1].committed_cents == row.committed_cents
        printed = live[-1].document.facts["funding"]["granted"]
        assert printed["client_due_cents"] == row.committed_cents
        assert live[-1].document.superseded_at is None

    @invariant()
    def nothing_runs_without_its_undertaking(self) -> None:
        row = self.row() if self.identity else None
        if row is not None and row.state == "running":
            due = fundings.split_of(row)
            assert not due.remainder_cents or row.committed_cents == due.client_due_cents
            assert row.first_day is not None
            assert row.first_day <= clock.today()

    @invariant()
    def nobody_is_stuck(self) -> None:
        """What is owed can always be signed: a paper waits, and its link can be asked for."""
        row = self.row() if self.identity else None
        if row is None or row.state != "funded" or not workflow.facts_of(row).owes_undertaking:
            return
        document = signing.signable(row)
        assert document is not None
        assert document.facts["funding"]["granted"]["client_due_cents"] == (
            fundings.split_of(row).client_due_cents
        )
        assert workflow.blockers(Event.SEND_SIGN_LINK, row, Role.CLIENT) == ()
        assert workflow.blockers(Event.SIGN, row, Role.CLIENT) == ()

    @invariant()
    def one_of_each(self) -> None:
        row = self.row() if self.identity else None
        if row is None:
            return
        kinds = [paper.kind for paper in documents.current(row)]
        assert len(kinds) == len(set(kinds))
        open_ones = [a for a in row.agreements if a.state in ("received", "validated")]
        assert len(open_ones) <= 1
        assert (row.state == "agreement_received") == any(a.state == "received" for a in open_ones)
        signing_links = [x for x in row.links if x.scope == Scope.SIGN and not x.revoked_at]
        assert len(signing_links) <= 1

    @invariant()
    def a_space_link_never_signed(self) -> None:
        if self.identity:
            spaces = [x.id for x in self.row().links if x.scope == Scope.SPACE]
            query = db.select(OneTimeCode).where(OneTimeCode.link_id.in_(spaces))
            assert db.session.scalars(query).all() == []


def test_the_money_of_a_session_is_always_right(app: Flask) -> None:
    machine: Callable[[], Money] = lambda: Money(app)  # noqa: E731 - what hypothesis asks for
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=15,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
