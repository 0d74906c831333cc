"""The worked examples, to the cent, on the papers themselves."""

from datetime import date

import pytest

from portal.documents import kinds
from portal.documents.facts import IncompleteTraining
from portal.funding.rules import VatRegime
from tests.documents import cast, papers

MONEY_KINDS = ("devis", "convention")


def worked(case: str) -> dict[str, object]:
    by_the_hour = {"price_basis": "hour_trainee"}
    return {
        "a": {
            **by_the_hour,
            "named": 4,
            "half_days": cast.half_days(4),
            "unit_price_cents": 5_000,
            "price_cents": 280_000,
            "vat_regime": "exempt",
            "opco_code": "OPCOEP",
        },
        "b": {
            **by_the_hour,
            "named": 6,
            "half_days": cast.half_days(6),
            "unit_price_cents": 4_000,
            "price_cents": 504_000,
            "vat_regime": "standard",
            "opco_code": "ATLAS",
        },
        "f": {
            **by_the_hour,
            "named": 5,
            "half_days": cast.half_days(5),
            "unit_price_cents": 4_500,
            "price_cents": 393_750,
            "vat_regime": "exempt",
        },
    }[case]


@pytest.mark.parametrize("kind", MONEY_KINDS)
def test_example_a_whole_agreement_exempt(kind: str) -> None:
    text = papers.changed(kind, **worked("a")).text
    assert "56,00 heures-stagiaires 50,00 € 2 800,00 €" in text
    assert "Total HT 2 800,00 € TVA 0,00 € Total TTC 2 800,00 €" in text
    assert "14 heures par stagiaire, sur 2 jours" in text


@pytest.mark.parametrize("kind", MONEY_KINDS)
def test_example_b_standard_rate(kind: str) -> None:
    text = papers.changed(kind, **worked("b")).text
    assert "126,00 heures-stagiaires 40,00 € 5 040,00 €" in text
    assert "Total HT 5 040,00 € TVA 20 % 1 008,00 € Total TTC 6 048,00 €" in text
    assert "opérateur de compétences (OPCO), OPCO Atlas, au titre du plan" in text


@pytest.mark.parametrize("kind", MONEY_KINDS)
@pytest.mark.parametrize(
    ("regime", "totals"),
    [
        ("exempt", "Total HT 1 890,00 € TVA 0,00 € Total TTC 1 890,00 €"),
        ("standard", "Total HT 1 890,00 € TVA 20 % 378,00 € Total TTC 2 268,00 €"),
        ("franchise", "Total HT 1 890,00 € TVA 0,00 € Total TTC 1 890,00 €"),
    ],
)
def test_example_e_three_regimes(kind: str, regime: str, totals: str) -> None:
    assert totals in papers.usual(kind, regime, 1).text


@pytest.mark.parametrize("kind", MONEY_KINDS)
def test_example_f_two_days_and_a_half(kind: str) -> None:
    text = papers.changed(kind, **worked("f")).text
    assert "87,50 heures-stagiaires 45,00 € 3 937,50 €" in text
    assert "17 h 30 par stagiaire, sur 3 jours" in text
    assert "Durée totale par stagiaire 17 h 30" in text


def test_the_session_regime_wins_over_the_organisation_one() -> None:
    training = cast.training(vat_regime="standard")
    facts = kinds.facts(training, cast.organisation(vat_regime="exempt"), cast.ISSUED, 1)
    assert facts["price"]["vat_regime"] == VatRegime.STANDARD
    assert facts["price"]["gross_cents"] == 226_800


@pytest.mark.parametrize(
    ("basis", "quantity"),
    [
        ("flat", "1"),
        ("day", "2 jours"),
        ("hour", "14 heures"),
        ("trainee", "3 stagiaires"),
        ("hour_trainee", "42,00 heures-stagiaires"),
    ],
)
def test_quantity_is_what_the_basis_multiplies(basis: str, quantity: str) -> None:
    factor = {"flat": 1, "day": 2, "hour": 14, "trainee": 3, "hour_trainee": 42}[basis]
    row = cast.training(3, price_basis=basis, unit_price_cents=100, price_cents=100 * factor)
    facts = kinds.facts(row, cast.organisation(), cast.ISSUED, 1)
    assert papers.flat(facts["price"]["quantity"]) == quantity


def test_an_incoherent_price_is_not_printed() -> None:
    row = cast.training(price_basis="day", unit_price_cents=100_000, price_cents=189_000)
    with pytest.raises(IncompleteTraining, match="Le prix ne correspond plus"):
        kinds.facts(row, cast.organisation(), cast.ISSUED, 1)


def test_what_is_missing_is_named() -> None:
    row = cast.training(0, headcount=0, company=None)
    with pytest.raises(IncompleteTraining, match="l’entreprise et l’effectif"):
        kinds.facts(row, cast.organisation(), cast.ISSUED, 1)


def test_validity_is_counted_from_the_day_of_issue() -> None:
    row = cast.organisation(quote_validity_days=45)
    facts = kinds.facts(cast.training(), row, date(2026, 12, 20), 1)
    assert facts["valid_until"] == "2027-02-03"
