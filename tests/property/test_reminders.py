"""Whatever the dossier, whatever the day: reminders keep their promises."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from portal import workdays
from portal.reminders import rules
from portal.reminders.rules import RULES, Facts, Kind, Sent, Setting
from portal.training.rules import State

FIRST = date(2026, 10, 1)
CLOSED = (State.RUNNING, State.DONE, State.INVOICED, State.SETTLED, State.CANCELLED)
days = st.integers(0, 120).map(lambda n: FIRST + timedelta(days=n))
maybe = st.none() | days
counts = st.integers(1, rules.MAX_DELAY)
settings = st.builds(Setting, is_on=st.booleans(), after=counts, gap=counts)
chosen = st.fixed_dictionaries(dict.fromkeys(Kind, settings))
facts = st.builds(
    Facts,
    state=st.sampled_from(State),
    first_day=maybe,
    shared_on=maybe,
    sent_on=maybe,
    wants_funder=st.booleans(),
    filed_on=maybe,
    has_agreement=st.booleans(),
    agreement_returned_on=maybe,
    funded_on=maybe,
    owes_undertaking=st.booleans(),
    has_declined=st.booleans(),
    has_address=st.booleans(),
    has_link=st.booleans(),
    is_paused=st.booleans(),
)


def lived(case: Facts, settings: Mapping[Kind, Setting], length: int = 200) -> list[Sent]:
    """What leaves of a dossier that stays as it is, looked at twice a day for many days."""
    sent: list[Sent] = []
    for number in range(2 * length):
        today = FIRST + timedelta(days=number // 2)
        for kind in Kind:
            if rules.is_due(kind, case, settings[kind], sent, today):
                fact = rules.since(kind, case, today)
                assert fact is not None
                sent.append(Sent(kind, fact, today))
    return sent


@given(facts, chosen)
def test_never_too_often_nor_on_a_day_nobody_works(
    case: Facts, settings: Mapping[Kind, Setting]
) -> None:
    sent = lived(case, settings)
    for kind in Kind:
        own = [one.day for one in sent if one.kind is kind]
        assert len(own) <= RULES[kind].maximum
        assert all(map(workdays.is_working, own))
        for before, after in zip(own, own[1:], strict=False):
            assert workdays.between(before, after) >= settings[kind].gap
        assert settings[kind].is_on or not own


@given(facts, chosen)
def test_never_to_a_closed_matter(case: Facts, settings: Mapping[Kind, Setting]) -> None:
    for one in lived(case, settings):
        assert case.state not in CLOSED
        assert not case.is_paused
        if one.kind is Kind.ANSWERS:
            assert case.state is State.DRAFT
        if one.kind in (Kind.FILING, Kind.AGREEMENT):
            assert case.state is State.SENT
            assert case.wants_funder
            assert not case.has_agreement
            assert case.first_day is not None
            assert one.day < case.first_day
        if one.kind is Kind.FILING:
            assert case.filed_on is None
        if one.kind is Kind.SIGNATURE:
            assert case.state is State.FUNDED
            assert case.owes_undertaking
            assert not case.has_declined
        if one.kind is Kind.START:
            assert case.first_day is not None
            assert one.day < case.first_day


@given(facts, chosen)
def test_never_before_its_delay(case: Facts, settings: Mapping[Kind, Setting]) -> None:
    for one in lived(case, settings):
        after = settings[one.kind].after
        if one.kind is Kind.START:
            assert workdays.between(one.day, one.since) <= after
        else:
            assert workdays.between(one.since, one.day) >= after


@given(facts, settings, st.sampled_from(Kind), days)
def test_the_day_that_is_announced_is_the_day_it_leaves(
    case: Facts, setting: Setting, kind: Kind, today: date
) -> None:
    announced = rules.next_day(kind, case, setting, [], today)
    if announced is None:
        return
    assert announced >= today
    assert workdays.is_working(announced)
    day = today
    while day < announced:
        assert not rules.is_due(kind, case, setting, [], day)
        day += workdays.DAY
    still_open = rules.since(kind, case, announced) is not None
    assert rules.is_due(kind, case, setting, [], announced) is still_open


@given(facts, st.sampled_from(Kind), days)
def test_by_hand_neither_for_nothing_nor_twice_a_day(case: Facts, kind: Kind, today: date) -> None:
    fact = rules.since(kind, case, today)
    if fact is None or RULES[kind].to is rules.To.STAFF:
        assert rules.hand_refusal(kind, case, [], today)
        return
    assert rules.hand_refusal(kind, case, [], today) is None
    assert rules.hand_refusal(kind, case, [Sent(kind, fact, today)], today)
    yesterday = Sent(kind, fact, today - workdays.DAY)
    assert rules.hand_refusal(kind, case, [yesterday], today) is None


hours = st.integers(0, 2 * 365 * 24).map(
    lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=n)
)


@given(hours)
def test_a_reminder_leaves_in_the_hours_people_work(at: datetime) -> None:
    there = at.astimezone(rules.clock.PARIS)
    decent = 9 <= there.hour < 18 and workdays.is_working(there.date())
    assert rules.is_time(at) is decent
