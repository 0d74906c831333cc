"""The worked examples (a) to (e), with the same figures wherever a person reads them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask

from portal import money as money_of
from portal.accounts import service as accounts
from portal.documents import service as documents
from portal.extensions import db, writing
from portal.training.models import TrainingSession
from tests import story
from tests.conftest import OFFICE, TRAINER, sign_in
from tests.pages import Visitor, soup_of, text_of
from tests.screens import follow, plain, section
from tests.second_half import ask_code, open_sign_link, press_sign
from tests.story import Told, a_training, messages

pytestmark = pytest.mark.usefixtures("frozen")
app = story.app_of_the_module()

ClientOf = Callable[[int], Visitor]


@dataclass(frozen=True)
class Example:
    """A price excluding VAT and what the office types; then who is invoiced what."""

    name: str
    regime: str
    price: str
    typed: dict[str, Any]
    granted: str
    remainder: str
    funder: str
    client: str
    recovers: str = "oui"
    bears: str = ""  # the remainder that a client who does not recover VAT reads

    @property
    def owes(self) -> bool:
        return self.remainder != "0,00 €"


TOTAL = {"decision": "totale", "subrogation": "oui"}
PARTIAL = {"decision": "partielle", "subrogation": "oui", "amount": "3 780", "base": "HT"}
EXAMPLES = [
    Example("a", "exempt", "2800", TOTAL, "2 800,00 €", "0,00 €", "2 800,00 €", "0,00 €"),
    Example(
        "b-A", "standard", "5040", PARTIAL, "3 780,00 €", "1 260,00 €", "3 780,00 €", "2 268,00 €"
    ),
    Example(
        "b-B", "standard", "5040", PARTIAL | {"amount": "4 536", "base": "TTC"}, "3 780,00 €",
        "1 260,00 €", "4 536,00 €", "1 512,00 €",
    ),
    Example(
        "b-B as HT and VAT", "standard", "5040", PARTIAL | {"funder_pays_vat": "y"}, "3 780,00 €",
        "1 260,00 €", "4 536,00 €", "1 512,00 €",
    ),
    Example(
        "d", "standard", "1200", TOTAL | {"subrogation": "non"}, "1 200,00 €", "0,00 €", "0,00 €",
        "1 440,00 €",
    ),
    Example("e-exempt", "exempt", "1890", TOTAL, "1 890,00 €", "0,00 €", "1 890,00 €", "0,00 €"),
    Example(
        "e-20", "standard", "1890", TOTAL, "1 890,00 €", "0,00 €", "1 890,00 €", "378,00 €"
    ),
    Example(
        "e-20 association", "standard", "1890", TOTAL, "1 890,00 €", "0,00 €", "1 890,00 €",
        "378,00 €", recovers="non", bears="378,00 €",
    ),
    Example(
        "e-franchise", "franchise", "1890", TOTAL, "1 890,00 €", "0,00 €", "1 890,00 €", "0,00 €"
    ),
]  # fmt: skip


def received(app: Flask, example: Example, at: str = "received") -> Told:
    """The session of an example, of an organisation under its VAT regime."""
    under(app, example.regime)
    return a_training(
        app,
        at,
        company={"recovers_vat": example.recovers},
        programme={"price_basis": "flat", "unit_price": example.price},
    )


def under(app: Flask, regime: str) -> None:
    """The organisation's VAT regime, from now on."""
    with app.app_context(), writing():
        organisation = accounts.organisation()
        organisation.vat_regime = regime
        organisation.vat_number = "FR11123456782" if regime == "standard" else None


def lines(page: Any, root: str = "") -> dict[str, str]:
    """The lines of a money summary: words and figure."""
    found = soup_of(page.text).select(f"{root} .money div")
    return {
        plain(div.dt.get_text()): plain(div.dd.get_text())
        for div in found
        if div.dt is not None and div.dd is not None
    }


def figure(read: dict[str, str], words: str) -> str:
    """The figure of the line that begins with these words."""
    found = [value for name, value in read.items() if name.startswith(words)]
    assert len(found) == 1, (words, read)
    return found[0].removeprefix("− ")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_everybody_reads_the_same_figures(
    app: Flask, client_of: ClientOf, example: Example
) -> None:
    training = received(app, example)
    office = sign_in(app, OFFICE)
    with app.app_context():
        agreement = db.session.get_one(TrainingSession, training.id).agreements[-1].id
    path = f"/organisme/accords/{agreement}"
    typed = {**example.typed, "read_over": "y"}

    # the validation page, before anything is decided
    sums = lines(office.submit(path, typed, form="#accord", button="Recalculer"), "#calcul")
    _same(sums, example)

    # the session's page and the client's space
    done = office.submit(path, typed, form="#accord", button="Enregistrer la décision")
    assert done.status_code == 303
    story.made(app, training)
    _same(lines(sign_in(app, TRAINER).get(training.page), "[aria-labelledby=argent]"), example)
    client = client_of(training.id)
    space = client.get(training.space)
    money = lines(space, "[aria-labelledby=fin]")
    assert figure(money, "Pris en charge") == example.granted
    assert figure(money, "Facturé à l’OPCO") == example.funder
    assert figure(money, "Facturé à l’entreprise") == example.client
    assert figure(money, "Reste à votre charge") == (example.bears or example.remainder)

    # what was mailed, and printed
    told = {mail["letter"]: mail for mail in messages(app, training)}
    assert f"{example.granted} sont pris en charge" in told["funded_to_trainer"]["text"]
    if not example.owes:
        assert "Formation confirmée" in text_of(space)
        assert ("sign_request" in told) is False
        text = told["funded_to_client"]["text"]
        assert (f"{example.client} vous seront facturés" in text) is (example.client != "0,00 €")
        return
    assert f"Reste à charge : {example.remainder}" in told["funded_to_trainer"]["text"]
    assert f"engagement à régler {example.client}" in told["sign_request"]["text"]
    paper = _article(app, training, "convention")
    assert example.granted in paper
    assert example.remainder in paper
    assert example.client in paper
    assert f"engagez-vous à régler {example.client}" in text_of(space)

    # and signed
    visitor, place = open_sign_link(app, training.id)
    page, code = ask_code(app, training.id, visitor, place)
    assert f"{example.remainder} HT, soit {example.client} à régler par l’entreprise" in text_of(
        page
    )
    assert f"Signer et m’engager à régler {example.client}" in text_of(page)
    receipt = follow(visitor, press_sign(visitor, page, code))
    assert f"Engagement à régler : {example.client}" in text_of(receipt)
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        assert plain(money_of.euros(row.committed_cents or 0)) == example.client
    assert f"{example.client} vous seront facturés" in text_of(client.get(training.space))


def _same(read: dict[str, str], example: Example) -> None:
    assert figure(read, "Pris en charge") == example.granted
    assert figure(read, "Reste à charge") == example.remainder
    assert figure(read, "Facturé à l’OPCO") == example.funder
    assert figure(read, "Facturé au client") == example.client


def _article(app: Flask, training: Told, kind: str) -> str:
    """The text of the current paper of that kind."""
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        paper = next(d for d in documents.current(row) if d.kind == kind)
        return plain(soup_of(documents.body_html(paper.kind, paper.facts)).get_text(" "))


def test_c_refused_and_paid_in_full(app: Flask, client_of: ClientOf) -> None:
    example = Example("c", "exempt", "1500", {}, "0,00 €", "1 500,00 €", "0,00 €", "1 500,00 €")
    training = received(app, example, "refused")
    client = client_of(training.id)
    page = client.submit(training.space, form="form:has([value=payer])")
    assert page.status_code == 303
    story.made(app, training)
    space = client.get(training.space)
    assert "engagez-vous à régler 1 500,00 €" in text_of(space)
    assert "1 500,00 €" in section(space, "Financement")
    assert "1 500,00 €" in _article(app, training, "convention")
    visitor, place = open_sign_link(app, training.id)
    assert "à régler la totalité du prix, soit 1 500,00 €" in text_of(visitor.get(place))


def test_an_early_signature_leaves_the_undertaking_alone_to_sign(app: Flask) -> None:
    under(app, "exempt")
    training = a_training(app, "funded", early=True)
    story.made(app, training)
    assert "800,00 €" in _article(app, training, "engagement")
    visitor, place = open_sign_link(app, training.id)
    page, code = ask_code(app, training.id, visitor, place)
    assert "Signer votre engagement" in text_of(page)
    assert "l’engagement de règlement E-" in text_of(page)
    receipt = follow(visitor, press_sign(visitor, page, code))
    assert "Engagement à régler : 800,00 €" in text_of(receipt)
