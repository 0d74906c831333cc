"""What may be typed for each topic of a session, right or wrong."""

from collections.abc import Mapping
from datetime import timedelta

from hypothesis import strategies as st

from portal import clock
from tests import story
from tests.story import VASSEUR

Given = Mapping[str, Mapping[str, str]]
COMPANIES = st.sampled_from(
    [
        VASSEUR,
        VASSEUR | {"phone": "01 99 00 12 34"},
        VASSEUR | {"legal_name": "Vasseur Bois"},
        VASSEUR | {"siret": "900 553"},
        {},
    ]
)
FUNDINGS = st.sampled_from(
    [
        {"funder": "CONSTRUCTYS", "subrogation": "oui"},
        {"funder": "unknown", "subrogation": "non"},
        {"funder": "none"},
        {"funder": "CONSTRUCTYS"},
        {"funder": "nobody"},
    ]
)
PROGRAMMES = st.sampled_from(
    [
        {"remote_percent": "0"},
        {"remote_percent": "50", "price_basis": "day", "unit_price": "950"},
        {"remote_percent": "0", "price_basis": "hour_trainee", "unit_price": "33,33"},
        {"remote_percent": "0", "price_basis": "trainee", "unit_price": "0"},
        {"remote_percent": "0", "price_basis": "hour", "unit_price": "cher"},
    ]
)
PEOPLE = st.sampled_from(
    [
        {"headcount": "4"},
        {"headcount": "", **story.stories.people(story.TEAM)},
        {**story.stories.people(story.TEAM), "headcount": "2"},
        {"headcount": "deux"},
        {},
    ]
)
HOURS = st.sampled_from(
    [story.FULL_DAY, ("09:00", "12:30", "", ""), ("", "", "13:30", "17:00"), ("9", "8", "", "")]
)


@st.composite
def schedules(draw: st.DrawFn) -> dict[str, str]:
    """One to three days, from yesterday to two months away, sometimes out of order."""
    after = draw(st.lists(st.integers(-1, 60), min_size=1, max_size=3))
    days = [clock.today() + timedelta(days=n) for n in after]
    return dict(story.schedule(days, draw(HOURS)))


ANSWERS = st.one_of(
    st.fixed_dictionaries({"company": COMPANIES, "funding": FUNDINGS}),
    st.fixed_dictionaries({"funding": FUNDINGS}),
    st.fixed_dictionaries({"programme": PROGRAMMES}),
    st.fixed_dictionaries({"schedule": schedules()}),
    st.fixed_dictionaries({"trainees": PEOPLE}),
)
