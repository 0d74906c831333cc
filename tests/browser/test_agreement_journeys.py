"""From the OPCO's answer to the green light, in a browser: the client, the office, the trainer.

The papers were sent before (tests/browser/test_journeys.py walks there); what people do is
counted and held against docs/journeys.md.
"""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from portal import clock
from portal.extensions import db, writing
from portal.training.models import TrainingSession
from tests.agreements.drawing import Agreement
from tests.agreements.first_letters import boxed_letter
from tests.browser.person import Person
from tests.browser.portal_served import DESKTOP, PHONE, Portal, code_in, link_in, until
from tests.browser.test_journeys import DEVICES, assert_effort
from tests.conftest import OFFICE, TRAINER, close
from tests.story import VASSEUR, Told, a_training

pytestmark = pytest.mark.browser

ENDS = [
    pytest.param(DESKTOP, True, id="ordinateur"),
    pytest.param(PHONE, False, id="telephone-sans-js"),
]
READ_OVER = "SIRET, intitulé, dates, durée et effectif relus sur le document"


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    """What Constructys answers: 1 600,00 € HT of 2 400,00 €."""
    return Agreement("accord-constructys", boxed_letter).written(tmp_path)


@pytest.mark.parametrize(("width", "js"), DEVICES)
def test_a_partial_agreement_is_signed_and_the_session_starts(
    portal: Portal, letter: Path, width: int, js: bool
) -> None:
    device = f"{width}-{'js' if js else 'nu'}"
    address = f"partiel-{device}@menuiserie-vasseur.example"
    training = _filed(portal, address)

    client = Person(portal.page(width, js=js), js=js)
    _hand_in(client, training, letter)
    assert_effort("Client, l’accord transmis", client.effort)
    assert "accord-constructys.pdf" in _text(portal, address, "Accord bien reçu")

    office = Person(portal.page(width, js=js, who=OFFICE), js=js)
    _decide(office, portal, training, "Prise en charge partielle")
    office.sees("Hélène Vasseur recevra le lien de signature dans une minute")
    office.effort.screens -= 1  # the next agreement, or the queue, is where it led
    assert_effort("Organisme, un accord validé", office.effort)
    portal.a_minute_later()

    signatory = Person(portal.page(width, js=js), js=js)
    _sign(signatory, portal, address)
    assert_effort("Signataire, signature et engagement", signatory.effort)

    trainer = Person(portal.page(width, js=js, who=TRAINER), js=js)
    trainer.open(training.page)
    trainer.sees("Prête à démarrer")
    _the_day_comes(portal, training)
    trainer.open(training.page)
    trainer.go("Démarrer la formation")
    trainer.sees("En cours")


@pytest.mark.parametrize(("width", "js"), ENDS)
def test_a_total_agreement_leaves_nothing_to_sign(
    portal: Portal, letter: Path, width: int, js: bool
) -> None:
    address = f"total-{width}@menuiserie-vasseur.example"
    training = _filed(portal, address)
    client = Person(portal.page(width, js=js), js=js)
    _hand_in(client, training, letter)
    office = Person(portal.page(width, js=js, who=OFFICE), js=js)
    _decide(office, portal, training, "Prise en charge totale")
    portal.a_minute_later()
    assert "2 400,00 €" in _text(portal, address, "Formation confirmée")
    client.open(training.space)
    client.sees("Formation confirmée")
    trainer = Person(portal.page(width, js=js, who=TRAINER), js=js)
    trainer.open(training.page)
    trainer.sees("Prête à démarrer")


@pytest.mark.parametrize(("width", "js"), ENDS)
def test_after_a_refusal_the_client_chooses_to_pay(
    portal: Portal, letter: Path, width: int, js: bool
) -> None:
    address = f"refus-{width}@menuiserie-vasseur.example"
    training = _filed(portal, address)
    client = Person(portal.page(width, js=js), js=js)
    _hand_in(client, training, letter)
    office = Person(portal.page(width, js=js, who=OFFICE), js=js)
    _open_agreement(office, portal, training)
    office.choose("Refusée")
    office.type("Raison du refus ou du renvoi", "Budget annuel épuisé")
    office.go("Enregistrer la décision")
    portal.a_minute_later()
    assert "Budget annuel épuisé" in _text(portal, address, "refus")
    client.open(training.space)
    client.sees("Financement refusé : que souhaitez-vous ?")
    client.go("Je règle moi-même")
    signatory = Person(portal.page(width, js=js), js=js)
    _sign(signatory, portal, address, due="2 400,00 €")


# --- What each person does


def _filed(portal: Portal, address: str) -> Told:
    """The request was filed; the signatory reads that mailbox."""
    app = portal.app()
    signing = VASSEUR | {"signatory_email": address, "contact_email": address}
    try:
        return a_training(app, "filed", client_email=address, company=signing)
    finally:
        close(app)


def _hand_in(client: Person, training: Told, letter: Path) -> None:
    """From the mail: the link, the button of the space, the file."""
    client.open(training.link)
    client.go("Ouvrir mon espace")
    client.sees("Envoyez-nous l’accord de Constructys")
    client.hand_in("Votre accord de prise en charge", letter)
    if not client.js:
        client.press("Envoyer l’accord")
        client.effort.clicks -= 1  # counted by hand_in: a phone without JavaScript presses twice
        client.page.wait_for_load_state()
    client.sees("Bien reçu : accord-constructys.pdf (1 page")


def _open_agreement(office: Person, portal: Portal, training: Told) -> None:
    """The agreement in the queue, once its pages are drawn and read."""
    office.page.goto("/organisme/accords/")
    row = office.page.locator("tr").filter(has_text=training.ref)
    row.get_by_role("link").first.click()
    office.effort.screens += 1
    office.effort.clicks += 1
    pages = office.page.locator(".page-image img")

    def drawn() -> bool:
        if pages.count() == 0:
            office.page.reload()
        return pages.count() == 1

    until(drawn, "the pages of the agreement are never shown")


def _decide(office: Person, portal: Portal, training: Told, decision: str) -> None:
    _open_agreement(office, portal, training)
    expect(office.field("Montant accordé")).to_have_value(re.compile(r"^1\s600,00$"))
    office.sees("à vérifier")
    office.choose(decision)
    if office.js:
        remainder = "800,00 €" if "partielle" in decision else "0,00 €"
        expect(office.page.locator("#calcul")).to_contain_text(remainder)
    office.choose("Subrogation")
    office.choose(READ_OVER)
    office.go("Enregistrer la décision")


def _sign(signatory: Person, portal: Portal, address: str, due: str = "800,00 €") -> None:
    """The link of the mail, the page, the code, the end."""
    signatory.open(link_in(portal.message(address, "À signer")))
    signatory.go("Lire et signer")
    signatory.sees(due)
    for sentence in ("J’ai lu", "Je m’engage"):
        signatory.choose(sentence)
    signatory.go("Recevoir mon code")
    signatory.effort.screens -= 1  # the same screen, which now asks for the code
    signatory.type("Code de confirmation", code_in(portal.message(address, "code")))
    signatory.go(f"Signer et m’engager à régler {due}")
    assert signatory.heading == "Document signé"
    signatory.effort.screens -= 1  # the receipt is where it led


def _text(portal: Portal, address: str, words: str) -> str:
    """What a message says, on one line with plain blanks."""
    body = portal.message(address, words).get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().replace("\u00a0", " ").split())


def _the_day_comes(portal: Portal, training: Told) -> None:
    """The first day is today: dates are moved where they stand, nobody waits for weeks."""
    app = portal.app()
    with app.app_context(), writing():
        row = db.session.get_one(TrainingSession, training.id)
        for number, half in enumerate(row.half_days):
            half.day = clock.today() + timedelta(days=number // 2)
        row.first_day, row.last_day = row.half_days[0].day, row.half_days[-1].day
    close(app)


def test_a_long_sending_shows_its_progress_and_can_be_stopped(
    portal: Portal, letter: Path, tmp_path: Path
) -> None:
    training = _filed(portal, "lent@menuiserie-vasseur.example")
    client = Person(portal.page())
    client.open(training.link)
    client.go("Ouvrir mon espace")
    heavy = tmp_path / "photo.pdf"
    heavy.write_bytes(letter.read_bytes() + b"\n" * 4_000_000)
    slow = client.page.context.new_cdp_session(client.page)
    conditions = {"offline": False, "latency": 0, "downloadThroughput": -1}
    slow.send("Network.emulateNetworkConditions", conditions | {"uploadThroughput": 400_000})
    client.hand_in("Votre accord de prise en charge", heavy)
    expect(client.page.locator("progress")).to_be_visible()
    client.press("Annuler l’envoi")
    expect(client.page.locator("progress")).to_be_hidden()
    expect(client.field("Votre accord de prise en charge")).to_be_focused()
    slow.send("Network.emulateNetworkConditions", conditions | {"uploadThroughput": -1})
    client.page.reload()
    client.sees("Envoyez-nous l’accord")
    client.hand_in("Votre accord de prise en charge", letter)
    client.sees("Bien reçu : accord-constructys.pdf")
