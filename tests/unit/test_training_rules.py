"""The life of a session as a table, and the arithmetic of its schedule and price."""

from dataclasses import replace
from datetime import date, time
from fractions import Fraction

import pytest

from portal.access.rules import Role
from portal.funding.rules import VAT_MENTION, VatRegime, filing_deadline, opcos, vat_cents
from portal.training import life_rules, schedule_rules
from portal.training.rules import Event, Facts, State
from portal.training.schedule_rules import Period, PriceBasis, Slot

TODAY = date(2026, 11, 23)
DRAFT = Facts(State.DRAFT, TODAY, date(2027, 1, 12))
SENT = Facts(State.SENT, TODAY, date(2027, 1, 12), reason="Changement de dates")
T, C, O = Role.TRAINER, Role.CLIENT, Role.OFFICE  # noqa: E741 - the letters of the table
OPEN = set(State) - {State.SETTLED, State.CANCELLED}

SIGNABLE = {State.SENT, State.AGREEMENT_RECEIVED, State.FUNDED}

# event: where it is open, to whom, where it leads
LIFE = {
    Event.SHARE_LINK: (OPEN, {T, O}, None),
    Event.RENEW_LINK: (OPEN, {T, O, C}, None),
    Event.REVOKE_LINK: (OPEN, {T, O}, None),
    Event.SAVE_TOPIC: ({State.DRAFT}, {T, C, O}, None),
    Event.ISSUE_DOCUMENTS: ({State.DRAFT}, {T, C, O}, State.SENT),
    Event.NOTE_FILING: ({State.SENT}, {T, C, O}, None),
    Event.AMEND: (SIGNABLE, {T, O}, None),
    Event.REOPEN: ({State.SENT}, {T, O}, State.DRAFT),
    Event.CANCEL: (OPEN - {State.DONE, State.INVOICED}, {T, O, C}, State.CANCELLED),
    Event.RECEIVE_AGREEMENT: (
        {State.SENT, State.REFUSED, State.AGREEMENT_RECEIVED},
        {C, T, O},
        State.AGREEMENT_RECEIVED,
    ),
    Event.RETURN_AGREEMENT: ({State.AGREEMENT_RECEIVED}, {O}, State.SENT),
    Event.VALIDATE_AGREEMENT: ({State.AGREEMENT_RECEIVED}, {O}, State.FUNDED),
    Event.CORRECT_AGREEMENT: ({State.FUNDED}, {O}, State.AGREEMENT_RECEIVED),
    Event.UNDO_DECISION: (
        {State.FUNDED, State.SENT, State.REFUSED},
        {O},
        State.AGREEMENT_RECEIVED,
    ),
    Event.RECORD_REFUSAL: ({State.SENT, State.AGREEMENT_RECEIVED}, {O, C}, State.REFUSED),
    Event.SELF_FUND: ({State.SENT, State.REFUSED}, {C}, State.FUNDED),
    Event.POSTPONE: ({State.REFUSED}, {C, O}, State.DRAFT),
    Event.SEND_SIGN_LINK: (SIGNABLE, {C, T, O}, None),
    Event.SIGN: (SIGNABLE, {C}, None),
    Event.RECEIVE_SIGNED_PAPER: (SIGNABLE, {C, T, O}, None),
    Event.REFUSE_SIGNED_PAPER: (SIGNABLE, {O}, None),
    Event.RECORD_PAPER_SIGNATURE: (SIGNABLE, {O}, None),
    Event.DECLINE_SIGNATURE: (SIGNABLE, {C}, None),
    Event.DELEGATE_SIGNATURE: (SIGNABLE, {C}, None),
    Event.START: ({State.FUNDED}, {T}, State.RUNNING),
}
READY = Facts(
    State.DRAFT,
    TODAY,
    date(2027, 1, 12),
    has_open_link=True,
    reason="Raison",
    filed_on=TODAY,
    price_cents=240_000,
    asked_grant_cents=160_000,
)
# what these events need, which would stand in the way of others
NEEDED = {
    Event.CORRECT_AGREEMENT: {"has_agreement": True},
    Event.START: {"today": date(2027, 1, 12)},
}
# « T before funded, O always, C when refused »
CANCELS = {
    T: OPEN - {State.FUNDED, State.RUNNING, State.DONE, State.INVOICED},
    O: OPEN - {State.DONE, State.INVOICED},
    C: {State.REFUSED},
}


def test_every_event_has_its_row() -> None:
    assert set(life_rules.TRANSITIONS) == set(Event) == set(LIFE)
    assert {event: row.target for event, row in life_rules.TRANSITIONS.items()} == {
        event: target for event, (_, _, target) in LIFE.items()
    }


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", Event)
def test_who_may_do_what_and_when(event: Event, state: State, role: Role) -> None:
    states, actors, _target = LIFE[event]
    facts = replace(READY, state=state, **NEEDED.get(event, {}))  # type: ignore[arg-type]
    found = life_rules.blockers(event, facts, role)
    if event is Event.CANCEL and role in actors and state in states:
        assert (not found) is (state in CANCELS[role]), found
        return
    assert (not found) is (state in states and role in actors), found
    if role not in actors:
        assert found == ("Cette action n’est pas ouverte à votre rôle",)
    elif state not in states:
        assert found == (life_rules.STATE_SENTENCE[state],)


def test_nothing_is_issued_while_something_is_missing() -> None:
    facts = replace(DRAFT, missing=("l’entreprise", "les stagiaires"))
    (sentence,) = life_rules.blockers(Event.ISSUE_DOCUMENTS, facts, C)
    assert sentence.endswith("l’entreprise, les stagiaires")


@pytest.mark.parametrize(
    ("first_day", "is_free"),
    [(date(2026, 11, 22), False), (TODAY, False), (date(2026, 11, 24), True)],
)
def test_documents_leave_before_the_first_day(first_day: date, is_free: bool) -> None:
    facts = replace(DRAFT, first_day=first_day)
    assert (life_rules.blockers(Event.ISSUE_DOCUMENTS, facts, T) == ()) is is_free


def test_all_that_stands_in_the_way_is_said_at_once() -> None:
    facts = replace(SENT, missing=("le programme et le prix",), first_day=TODAY, reason=None)
    assert len(life_rules.blockers(Event.AMEND, facts, T)) == 3


@pytest.mark.parametrize("event", [Event.AMEND, Event.REOPEN, Event.CANCEL])
@pytest.mark.parametrize("reason", [None, ""])
def test_a_reason_is_asked(event: Event, reason: str | None) -> None:
    (sentence,) = life_rules.blockers(event, replace(SENT, reason=reason), T)
    assert "raison" in sentence


def test_a_session_with_an_agreement_is_not_reopened() -> None:
    (sentence,) = life_rules.blockers(Event.REOPEN, replace(SENT, has_agreement=True), O)
    assert "accord de prise en charge" in sentence


@pytest.mark.parametrize(
    ("filed_on", "is_free"),
    [(date(2026, 11, 20), True), (TODAY, True), (date(2026, 11, 24), False), (None, True)],
)
def test_a_filing_is_not_in_the_future(filed_on: date | None, is_free: bool) -> None:
    found = life_rules.blockers(Event.NOTE_FILING, replace(SENT, filed_on=filed_on), C)
    assert (found == ()) is is_free


def test_a_link_that_does_not_exist_is_not_renewed() -> None:
    (sentence,) = life_rules.blockers(Event.RENEW_LINK, DRAFT, C)
    assert "pas de lien" in sentence


# --- Schedule


def half_days(*days: int, minutes: int = 210) -> list[Slot]:
    """A morning from 9:00 and an afternoon from 13:30 on each of these days of January 2027."""
    return [
        Slot(date(2027, 1, day), period, time(hour, 0), time(hour + minutes // 60, minutes % 60))
        for day in days
        for period, hour in ((Period.MORNING, 9), (Period.AFTERNOON, 14))
    ]


def test_duration_is_the_sum_of_the_half_days() -> None:
    assert schedule_rules.total_minutes(half_days(12, 13)) == 14 * 60
    assert schedule_rules.total_minutes(half_days(12, 13)[:3]) == 10 * 60 + 30
    assert schedule_rules.total_minutes([]) == 0


def test_days_are_counted_once_and_in_order() -> None:
    slots = half_days(20, 12, 13)
    assert [day.day for day in schedule_rules.days_of(slots)] == [12, 13, 20]


def test_half_days_that_follow_each_other_do_not_overlap() -> None:
    morning = Slot(date(2027, 1, 12), Period.MORNING, time(9, 0), time(12, 30))
    afternoon = Slot(date(2027, 1, 12), Period.AFTERNOON, time(12, 30), time(16, 0))
    assert schedule_rules.overlap([afternoon, morning]) is None
    assert schedule_rules.overlap([]) is None
    assert schedule_rules.overlap(half_days(12, 13)) is None


def test_half_days_at_the_same_time_are_found_whatever_their_order() -> None:
    morning = Slot(date(2027, 1, 12), Period.MORNING, time(9, 0), time(13, 0))
    afternoon = Slot(date(2027, 1, 12), Period.AFTERNOON, time(12, 59), time(16, 0))
    assert schedule_rules.overlap([*half_days(13), afternoon, morning]) == (morning, afternoon)


def test_the_same_hours_on_two_days_do_not_overlap() -> None:
    first = Slot(date(2027, 1, 12), Period.MORNING, time(9, 0), time(12, 30))
    assert schedule_rules.overlap([first, replace(first, day=date(2027, 1, 13))]) is None


# --- Price. The letters are those of the worked examples.


@pytest.mark.parametrize(
    ("basis", "unit_cents", "days", "minutes", "headcount", "cents"),
    [
        pytest.param(PriceBasis.HOUR_TRAINEE, 5_000, 2, 14 * 60, 4, 280_000, id="a"),
        pytest.param(PriceBasis.HOUR_TRAINEE, 4_000, 3, 21 * 60, 6, 504_000, id="b"),
        pytest.param(PriceBasis.DAY, 150_000, 1, 7 * 60, 3, 150_000, id="c"),
        pytest.param(PriceBasis.FLAT, 120_000, 1, 7 * 60, 8, 120_000, id="d"),
        pytest.param(PriceBasis.FLAT, 189_000, 2, 14 * 60, 5, 189_000, id="e"),
        pytest.param(PriceBasis.HOUR_TRAINEE, 4_500, 3, 1_050, 5, 393_750, id="f"),
        pytest.param(PriceBasis.TRAINEE, 30_000, 2, 14 * 60, 8, 240_000, id="by trainee"),
        pytest.param(PriceBasis.HOUR, 12_345, 2, 10 * 60 + 20, 5, 127_565, id="by hour"),
    ],
)
def test_prices(
    basis: PriceBasis, unit_cents: int, days: int, minutes: int, headcount: int, cents: int
) -> None:
    assert schedule_rules.price_cents(basis, unit_cents, days, minutes, headcount) == cents


def test_quantities_stay_exact() -> None:
    assert schedule_rules.quantity(PriceBasis.HOUR, 1, 620, 1) == Fraction(31, 3)
    assert schedule_rules.quantity(PriceBasis.HOUR_TRAINEE, 3, 1_050, 5) == Fraction(175, 2)


def test_every_basis_has_a_label() -> None:
    assert set(schedule_rules.PRICE_BASIS_LABEL) == set(PriceBasis)


@pytest.mark.parametrize(
    ("net", "regime", "vat"),
    [
        pytest.param(280_000, VatRegime.EXEMPT, 0, id="a"),
        pytest.param(504_000, VatRegime.STANDARD, 100_800, id="b"),
        pytest.param(120_000, VatRegime.STANDARD, 24_000, id="d"),
        pytest.param(189_000, VatRegime.EXEMPT, 0, id="e exempt"),
        pytest.param(189_000, VatRegime.STANDARD, 37_800, id="e standard"),
        pytest.param(189_000, VatRegime.FRANCHISE, 0, id="e franchise"),
        pytest.param(393_750, VatRegime.EXEMPT, 0, id="f"),
    ],
)
def test_vat_follows_the_regime_of_the_organisation(net: int, regime: VatRegime, vat: int) -> None:
    assert vat_cents(net, regime) == vat


def test_vat_mentions_name_their_article() -> None:
    assert set(VAT_MENTION) == set(VatRegime)
    assert "261, 4, 4° a" in VAT_MENTION[VatRegime.EXEMPT]
    assert "293 B" in VAT_MENTION[VatRegime.FRANCHISE]


def test_the_eleven_funders_and_their_delays() -> None:
    found = opcos()
    assert len(found) == 11
    first_day = date(2027, 1, 12)
    for funder in found.values():
        deadline = filing_deadline(funder, first_day)
        assert (deadline is None) is (funder.filing_days is None)
        assert deadline is None or (first_day - deadline).days == funder.filing_days
    assert filing_deadline(None, first_day) is None
    assert filing_deadline(next(iter(found.values())), None) is None
