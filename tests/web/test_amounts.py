"""The worked examples, to the cent, wherever a person reads an amount."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from flask import Flask

from portal.accounts.models import Organisation
from portal.extensions import db, writing
from tests import screens, story
from tests.pages import Visitor, text_of
from tests.screens import controls, fill, follow, section
from tests.story import Answers, a_training

pytestmark = pytest.mark.usefixtures("frozen")
app = story.app_of_the_module()
trainer = story.trainer_of_the_module()

EXEMPT = "Exonération de TVA, article 261, 4, 4° a du CGI"
STANDARD = "TVA au taux de 20 %"
FRANCHISE = "TVA non applicable, art. 293 B du CGI"
HALF_A_DAY_LESS = {"days-2-afternoon_starts": "", "days-2-afternoon_ends": ""}


@dataclass(frozen=True)
class Example:
    """One worked example: what is asked, and what must be read."""

    name: str
    regime: str
    basis: str
    unit: str
    days: int
    people: int
    net: str
    mention: str
    vat: str = "0,00 €"
    total: str = ""
    quantity: str = "1"
    funder: str = "CONSTRUCTYS"
    less: Answers = field(default_factory=dict)

    @property
    def has_vat(self) -> bool:
        return self.regime == "standard"

    def told(self, app: Flask, at: str) -> story.Told:
        under(app, self.regime)
        return a_training(
            app,
            at,
            programme={"price_basis": self.basis, "unit_price": self.unit},
            schedule={**story.schedule(story.first_days(self.days)), **self.less},
            trainees={"headcount": str(self.people), "needs_adaptation": "non"},
            funding={"funder": self.funder},
        )


EXAMPLES = [
    Example(
        "a", "exempt", "hour_trainee", "50", 2, 4, "2 800,00 €", EXEMPT,
        quantity="56,00 heures-stagiaires", funder="OPCOEP",
    ),
    Example(
        "b", "standard", "hour_trainee", "40", 3, 6, "5 040,00 €", STANDARD, "1 008,00 €",
        "6 048,00 €", "126,00 heures-stagiaires", "ATLAS",
    ),
    Example("e, exonéré", "exempt", "flat", "1 890", 2, 5, "1 890,00 €", EXEMPT),
    Example(
        "e, 20 %", "standard", "flat", "1890", 2, 5, "1 890,00 €", STANDARD, "378,00 €",
        "2 268,00 €",
    ),
    Example("e, franchise", "franchise", "flat", "1 890,00 €", 2, 5, "1 890,00 €", FRANCHISE),
    Example(
        "f", "exempt", "hour_trainee", "45", 3, 5, "3 937,50 €", EXEMPT,
        quantity="87,50 heures-stagiaires", less=HALF_A_DAY_LESS,
    ),
]  # fmt: skip
every_example = pytest.mark.parametrize("case", EXAMPLES, ids=lambda case: case.name)


def under(app: Flask, regime: str) -> None:
    """The organisation invoices under that VAT regime."""
    with app.app_context(), writing():
        organisation = db.session.get_one(Organisation, 1)
        organisation.vat_regime = regime
        organisation.vat_number = "FR57901447821" if regime == "standard" else None


@pytest.fixture(autouse=True)
def _usual_regime(app: Flask) -> None:
    under(app, "exempt")


@every_example
def test_on_every_page(
    app: Flask, trainer: Visitor, client_of: Callable[[int], Visitor], case: Example
) -> None:
    training = case.told(app, "sent")
    page = text_of(trainer.get(training.page))
    client = client_of(training.id)
    space = client.get(training.space)
    money, kit = section(space, "Financement"), text_of(space)
    assert f"Formation{case.net}" in money
    assert f"Coût pédagogique HT{case.net}" in kit
    if case.has_vat:
        assert f"Prix{case.net} HT{case.total} TTC" in page
        assert f"TVA 20 %{case.vat}Total TTC{case.total}" in money
        assert f"TVA 20 %{case.vat}Total TTC{case.total}" in kit.replace("€ T", "€T")
    else:
        assert f"Prix{case.net} net de taxe" in page
        assert ("TVAexonérée" if case.regime == "exempt" else "TVAnon applicable") in money
    assert case.net in text_of(trainer.get(f"/formateur/?q={training.ref}"))


@every_example
def test_before_sending(app: Flask, anonymous: Visitor, case: Example) -> None:
    training = case.told(app, "shared")
    landing = text_of(anonymous.get(training.link))
    known = case.basis != "hour_trainee"  # else it waits for the number of people
    assert (f"{case.net} {'hors taxe' if case.has_vat else 'net de taxe'}" in landing) is known
    client = screens.start(app, training.link)
    page = follow(client, fill(client, training.client_step("entreprise"), story.VASSEUR))
    page = follow(client, fill(client, page, {"headcount": str(case.people)}))
    page = follow(client, fill(client, page, {"funder": case.funder, "subrogation": "non"}))
    check = section(page, "Formation")
    assert (
        f"Prix{case.net} {'HT' + case.total + ' TTC' if case.has_vat else 'net de taxe'}" in check
    )
    preview = text_of(client.get(training.space + "apercu/devis"))
    for amount in (case.net, case.vat, case.total or case.net, case.mention, case.quantity):
        assert amount in preview


@every_example
def test_in_papers_and_messages(app: Flask, case: Example) -> None:
    training = case.told(app, "sent")
    papers = story.print_papers(app, training)
    mention = case.mention.replace("’", "'")
    for kind in ("devis", "convention"):
        text = papers[kind].text
        assert mention in text
        assert f"Total HT {case.net}" in text
        assert f"Total TTC {case.total or case.net}" in text
        assert case.quantity in text
    assert (
        f"{case.net} HT, soit {case.total or case.net} TTC. {mention}." in papers["programme"].text
    )
    to_client = story.messages(app, training)[-2]["text"]
    price = f"{case.net} HT, soit {case.total} TTC" if case.has_vat else f"{case.net} nets de TVA"
    assert f"Prix : {price}" in to_client


BASES = [
    ("Forfait", "1 600", "1 600,00 €", "Forfait : 1 600,00 €"),
    ("Par jour", "950", "1 900,00 €", "Par jour : 950,00 €"),
    ("Par heure", "120,50", "1 687,00 €", "Par heure : 120,50 €"),
    ("Par stagiaire", "333.33 €", "1 333,32 €", "Par stagiaire : 333,33 €"),
    ("Par heure et par stagiaire", "1.250,00", "70 000,00 €", "stagiaire : 1 250,00 €"),
]


@pytest.mark.parametrize(("basis", "typed", "net", "said"), BASES)
def test_the_five_bases_of_a_price(
    app: Flask, trainer: Visitor, basis: str, typed: str, net: str, said: str
) -> None:
    training = a_training(app, way="self", trainees={"headcount": "4", "needs_adaptation": "non"})
    page = trainer.get(training.step("programme"))
    values = {"price_basis": screens.tile(page, basis), "unit_price": typed}
    follow(trainer, fill(trainer, page, values))
    text = section(trainer.get(training.page + "verifier"), "Formation")
    assert f"Prix{net} net de taxe" in text
    assert said in text
    again = controls(trainer.get(training.step("programme")))
    assert f"{screens.plain(again['unit_price'])} €" == said.split(" : ")[1]  # as an amount


def test_the_price_of_the_catalogue_when_none_is_given(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, way="self", programme=None)
    page = trainer.get(training.step("programme"))
    assert "2 400,00 € forfait" in text_of(page)
    values = {"programme_id": screens.tile(page, "Prise de parole")}
    page = follow(trainer, fill(trainer, page, values))
    text = section(trainer.get(training.page + "verifier"), "Formation")
    assert "ProgrammePrise de parole en public" in text
    assert "Prix1 500,00 € net de taxePar stagiaire : 300,00 €" in text  # for five people


def test_the_price_follows_hours_and_people(app: Flask, trainer: Visitor) -> None:
    training = a_training(
        app,
        way="self",
        programme={"price_basis": "hour_trainee", "unit_price": "50"},
        trainees={"headcount": "4", "needs_adaptation": "non"},
    )
    assert "2 800,00 €" in text_of(trainer.get(training.page))
    fill(trainer, training.step("stagiaires"), {"headcount": "6"})
    assert "4 200,00 €" in text_of(trainer.get(training.page))
    fill(trainer, training.step("dates"), {"days-1-afternoon_ends": "15:30"})
    assert "3 750,00 €" in text_of(trainer.get(training.page))  # 12,5 h × 6 × 50


def test_the_regime_is_frozen_when_papers_leave(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, "sent")
    draft = a_training(app, way="self")
    under(app, "standard")
    assert "2 400,00 € net de taxe" in text_of(trainer.get(training.page))
    assert "2 880,00 € TTC" in text_of(trainer.get(draft.page))
