"""The rule: every agreement of the tables, the order of the proofs, and what is never proposed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.companies import opco, tables
from portal.companies.opco import Evidence, Path, Proposal, Standing, propose
from portal.companies.reference import ESCAPES, Reliability, month_name, normal_idcc
from portal.funding.rules import opcos

TABLES = tables.packaged()
OF = {r: [c for c in TABLES.conventions.values() if c.reliability is r] for r in Reliability}


def test_the_tables_are_whole() -> None:
    assert {r: len(found) for r, found in OF.items()} == {
        Reliability.SURE: 703,
        Reliability.RARE: 226,
        Reliability.SHARED: 29,
        Reliability.ESCAPE: 4,
    }
    assert {c.idcc for c in OF[Reliability.ESCAPE]} == ESCAPES
    assert len(opcos()) == 11
    assert len(TABLES.activities) == 125
    assert len(TABLES.funds) == 7  # one more is kept aside until it is checked
    assert {code for codes in TABLES.funds_by_naf.values() for code in codes} <= set(TABLES.funds)


@pytest.mark.parametrize("convention", OF[Reliability.SURE], ids=lambda c: c.idcc)
def test_each_of_the_703_agreements_leads_to_its_opco(convention: opco.Any) -> None:
    assert convention.codes[0] in opcos()
    assert convention.title
    assert convention.source
    assert month_name(convention.month) != convention.month
    for typed in (convention.idcc, str(int(convention.idcc))):
        found = propose(Evidence(establishment=(typed,), naf="10.71C"), TABLES)
        assert found.standing is Standing.FOUND
        assert found.code == convention.codes[0]
        assert (found.path, found.idccs) == (Path.ESTABLISHMENT, (convention.idcc,))
        assert (found.source, found.month) == (f"{opco.DIRECTORY} et {opco.SIRO}", convention.month)


@pytest.mark.parametrize("convention", OF[Reliability.RARE], ids=lambda c: c.idcc)
def test_rare_ones_are_proposed_with_a_warning(convention: opco.Any) -> None:
    found = propose(Evidence(establishment=(convention.idcc,)), TABLES)
    assert (found.code, found.is_rare) == (convention.codes[0], True)


@pytest.mark.parametrize("convention", OF[Reliability.SHARED], ids=lambda c: c.idcc)
def test_shared_ones_are_left_to_a_person(convention: opco.Any) -> None:
    found = propose(Evidence(establishment=(convention.idcc,)), TABLES)
    assert found.standing is Standing.CHOICE
    assert found.code is None
    assert found.codes == convention.codes
    assert len(set(found.codes)) > 1


@pytest.mark.parametrize("code", sorted(ESCAPES))
def test_placeholders_never_decide(code: str) -> None:
    alone = propose(Evidence(establishment=(code,), head_office=("1486",)), TABLES)
    assert (alone.code, alone.path) == ("ATLAS", Path.HEAD_OFFICE)
    beside = propose(Evidence(establishment=(code, "1597")), TABLES)
    assert (beside.code, beside.idccs) == ("CONSTRUCTYS", ("1597",))
    assert propose(Evidence(company=(code,)), TABLES) == opco.NOTHING
    assert opco.of_convention(code, TABLES) == opco.NOTHING


def test_the_establishment_comes_first_then_the_head_office_then_the_company() -> None:
    whole = Evidence(establishment=("1597",), head_office=("1486",), company=("1979",))
    assert propose(whole, TABLES).path is Path.ESTABLISHMENT
    assert propose(Evidence(head_office=("1486",), company=("1979",)), TABLES).code == "ATLAS"
    assert propose(Evidence(company=("1979",)), TABLES).path is Path.COMPANY
    unknown = Evidence(establishment=("4242",), head_office=("1486",))
    assert propose(unknown, TABLES).path is Path.HEAD_OFFICE


def test_several_agreements() -> None:
    same = propose(Evidence(establishment=("1979", "1501")), TABLES)
    assert (same.code, same.idccs) == ("AKTO", ("1979", "1501"))
    other = propose(Evidence(establishment=("7024", "1979")), TABLES)
    assert (other.standing, other.codes) == (Standing.CHOICE, ("OCAPIAT", "AKTO"))


def test_the_official_table_by_siret_wins() -> None:
    evidence = Evidence(owners=("AKTO", "AKTO"), owners_month="2026-08", establishment=("1486",))
    found = propose(evidence, TABLES)
    assert (found.code, found.path, found.month) == ("AKTO", Path.TABLE, "2026-08")
    assert propose(Evidence(owners=("AKTO", "ATLAS")), TABLES).standing is Standing.CHOICE
    overseas = propose(Evidence(owners=("ATLAS",), manager="AKTO"), TABLES)
    assert (overseas.code, overseas.manager) == ("ATLAS", "AKTO")


def test_without_agreement_the_activity_is_a_suggestion_only() -> None:
    found = propose(Evidence(naf="62.02A"), TABLES)
    assert (found.standing, found.codes, found.code) == (Standing.HINT, ("ATLAS",), None)
    assert found.source == opco.USAGE
    assert propose(Evidence(naf="00.00Z"), TABLES) == opco.NOTHING


@pytest.mark.parametrize(
    ("naf", "funds"),
    [
        ("47.71Z", ("AGEFICE",)),
        ("69.10Z", ("FIFPL",)),
        ("43.32A", ("FAFCEA",)),
        ("01.50Z", ("VIVEA",)),
        ("81.30Z", ("VIVEA",)),
        ("03.11Z", ("OCAPIAT-PECHE",)),
        ("86.21Z", ("FAFPM",)),
        ("86.90E", ("FIFPL",)),
        ("90.03B", ("AFDAS-AA",)),
        ("62.01Z", ("AGEFICE", "FIFPL")),
    ],
)
def test_a_sole_trader_without_staff_has_a_fund(naf: str, funds: tuple[str, ...]) -> None:
    for evidence in (
        Evidence(naf=naf, is_sole_trader=True, staff_band="NN"),
        Evidence(naf=naf, legal_category="1000", staff_band="00", establishment=("1597",)),
        Evidence(naf=naf, is_sole_trader=True),
    ):
        found = propose(evidence, TABLES)
        assert (found.standing, found.funds, found.codes) == (Standing.FUND, funds, ())


def test_a_sole_trader_who_employs_has_an_opco() -> None:
    for evidence in (
        Evidence(naf="43.32A", is_sole_trader=True, staff_band="01", company=("1596",)),
        Evidence(naf="43.32A", is_sole_trader=True, company=("1596",)),
    ):
        assert propose(evidence, TABLES).code == "CONSTRUCTYS"
    unknown = propose(Evidence(naf="99.99X", is_sole_trader=True), TABLES)
    assert set(unknown.funds) == set(TABLES.funds)


codes = st.one_of(st.sampled_from(sorted(TABLES.conventions)), st.text(max_size=6))
some = st.lists(codes, max_size=4).map(tuple)
owners = st.lists(st.sampled_from(sorted(opcos())), max_size=3).map(tuple)
evidences = st.builds(
    Evidence,
    owners=owners,
    owners_month=st.sampled_from(["", "2026-08", "?"]),
    manager=st.sampled_from(["", "AKTO"]),
    establishment=some,
    head_office=some,
    company=some,
    naf=st.one_of(st.sampled_from(sorted(TABLES.activities)), st.text(max_size=8)),
    legal_category=st.sampled_from(["", "1000", "5710"]),
    is_sole_trader=st.booleans(),
    staff_band=st.one_of(st.none(), st.sampled_from(["NN", "00", "01", "53"]), st.text(max_size=3)),
)


@given(evidences)
def test_it_never_raises_and_never_proposes_what_is_ambiguous(evidence: Evidence) -> None:
    found = propose(evidence, TABLES)
    assert not set(found.idccs) & ESCAPES or found.path is Path.TABLE
    assert set(found.codes) <= set(opcos())
    if found.code:
        assert found.codes == (found.code,)
        if found.path is not Path.TABLE:
            read = [TABLES.conventions[idcc] for idcc in found.idccs]
            assert all(c.codes == (found.code,) for c in read)
            assert not any(c.reliability is Reliability.SHARED for c in read)
    if found.standing is not Standing.NONE:
        assert found.source
    assert Proposal.from_json(json.loads(json.dumps(found.as_json()))) == found


@given(st.text(max_size=8))
def test_numbers_of_agreements_have_one_writing(text: str) -> None:
    normal = normal_idcc(text)
    assert normal is None or (len(normal) == 4 and normal.isascii() and normal.isdigit())
