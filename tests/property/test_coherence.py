"""Papers issued from one dossier never disagree; one that is changed is always found."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.documents import kinds
from portal.documents.rules import ALL, FIELDS, GRANT, Place, differences, said_by
from tests.documents import cast

ISSUED = date(2026, 11, 23)
WHERE = {  # where the frozen facts hold each field that is compared
    "title": ("programme", "title"),
    "minutes": ("schedule", "minutes"),
    "days": ("schedule", "last_day"),
    "half_days": ("schedule", "half_days", 0, "ends"),
    "headcount": ("trainees", "headcount"),
    "company": ("client", "legal_name"),
    "siret": ("client", "siret"),
    "organisation_siret": ("organisation", "siret"),
    "nda": ("organisation", "nda"),
    "net": ("price", "net_cents"),
    "gross": ("price", "gross_cents"),
    "granted": ("funding", "granted", "net_cents"),
    "remainder": ("funding", "granted", "remainder_cents"),
    "client_due": ("funding", "granted", "client_due_cents"),
    "funder_due": ("funding", "granted", "funder_due_cents"),
}
OTHERWISE = {
    "days": "2027-03-30", "half_days": "12:45", "siret": "11122233700011",
    "organisation_siret": "90144782100017", "nda": "11750000075",
}  # fmt: skip


@st.composite
def dossiers(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    """The frozen facts of the five papers of one dossier, as they are when they are issued."""
    price = draw(st.integers(1, 10_000_000))
    regime = draw(st.sampled_from(["exempt", "standard", "franchise"]))
    first = date(2027, 1, 4) + timedelta(days=draw(st.integers(0, 300)))
    training = cast.funded(
        draw(st.integers(1, 40)),
        price_cents=price,
        unit_price_cents=price,
        vat_regime=regime,
        subrogation=draw(st.booleans()),
        half_days=cast.half_days(draw(st.integers(1, 10)), first),
        company=cast.company(legal_name=draw(st.sampled_from(["Nordlys", "Vasseur & fils"]))),
    )
    training.granted_cents = draw(st.integers(0, price))
    organisation = cast.organisation(vat_regime=regime)
    made = [kinds.facts(training, organisation, ISSUED, 1) for _ in ALL]
    return dict(zip(ALL, made, strict=True))


def places(papers: dict[str, dict[str, Any]]) -> list[Place]:
    return [Place(f"le {kind}", said_by(kind, facts)) for kind, facts in papers.items()]


@given(dossiers())
def test_papers_of_one_dossier_never_disagree(papers: dict[str, dict[str, Any]]) -> None:
    assert differences(places(papers)) == []


@given(dossiers(), st.data())
def test_whatever_is_changed_on_one_paper_is_found(
    papers: dict[str, dict[str, Any]], data: st.DataObject
) -> None:
    field = data.draw(st.sampled_from(sorted(FIELDS)))
    kind = data.draw(st.sampled_from(FIELDS[field].kinds))
    before = places(papers)
    change(papers[kind], field)
    assert places(papers) != before
    found = [x for x in differences(places(papers)) if x.field == field]
    assert len(found) == 1
    assert f"le {kind}" in (found[0].first.name, found[0].second.name)
    sentence = found[0].sentence
    assert sentence.startswith(FIELDS[field].label)
    assert found[0].first.name in sentence
    assert found[0].second.name in sentence
    assert sentence.endswith(FIELDS[field].mend)


@given(dossiers(), st.data())
def test_what_a_paper_does_not_print_is_not_compared(
    papers: dict[str, dict[str, Any]], data: st.DataObject
) -> None:
    unprinted = [(f, k) for f in sorted(FIELDS) for k in ALL if k not in FIELDS[f].kinds]
    field, kind = data.draw(st.sampled_from(unprinted))
    change(papers[kind], field)
    assert differences(places(papers)) == []


def change(facts: dict[str, Any], field: str) -> None:
    """Another value for that field, of the same type."""
    *way, last = WHERE[field]
    inside: Any = facts
    for step in way:
        inside = inside[step]
    value = inside[last]
    inside[last] = OTHERWISE.get(field, value + 1 if isinstance(value, int) else f"{value} bis")


def test_every_compared_field_is_held_by_every_paper_that_prints_it() -> None:
    facts = kinds.facts(cast.funded(3), cast.organisation(), ISSUED, 1)
    for code, field in FIELDS.items():
        assert code in WHERE
        for kind in ALL:
            assert (code in said_by(kind, facts)) is (kind in field.kinds), (code, kind)


def test_a_paper_without_the_grant_says_nothing_of_it() -> None:
    facts = kinds.facts(cast.training(3), cast.organisation(), ISSUED, 1)
    assert not set(GRANT) & said_by("convention", facts).keys()


@pytest.mark.parametrize(
    ("field", "words"),
    [
        (
            "minutes",
            "Durée\u00a0: 14\u00a0heures sur le devis, 14\u00a0h\u00a001 sur le programme.",
        ),
        (
            "siret",
            "900\u00a0553\u00a0124\u00a000018 sur le devis, 111\u00a0222\u00a0337\u00a000011",
        ),
        ("net", "1\u00a0890,00\u00a0€ sur le devis, 1\u00a0890,01\u00a0€ sur"),
        ("half_days", "12 janvier 2027, de 09:00 à 12:30 sur le devis"),
    ],
)
def test_the_two_values_are_read_as_people_write_them(field: str, words: str) -> None:
    papers = {
        kind: kinds.facts(cast.funded(1), cast.organisation(), ISSUED, 1)
        for kind in ("devis", "convention" if field == "siret" else "programme")
    }
    change(list(papers.values())[1], field)
    (found,) = [x for x in differences(places(papers)) if x.field == field]
    assert words.replace("\u00a0", " ") in found.sentence.replace("\u00a0", " ")
