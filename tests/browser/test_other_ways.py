"""What does not go the usual way, in a browser: a signature on paper, a code read out by phone, a
session that changes once it is signed.
"""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from portal import french
from tests import second_half
from tests.browser.person import Person
from tests.browser.portal_served import DESKTOP, PHONE, Portal, until
from tests.conftest import OFFICE, TRAINER, close
from tests.story import VASSEUR, Told, a_training

pytestmark = pytest.mark.browser

ENDS = [
    pytest.param(DESKTOP, True, id="ordinateur"),
    pytest.param(PHONE, False, id="telephone-sans-js"),
]
CHANGED = "La salle n’est libre que ce jour-là"


@pytest.mark.parametrize(("width", "js"), ENDS)
def test_a_signature_on_paper_is_looked_at_by_the_office(
    portal: Portal, tmp_path: Path, width: int, js: bool
) -> None:
    training, link = _to_sign(portal, f"papier-{width}@menuiserie-vasseur.example")
    scan = tmp_path / "convention-signee.pdf"
    scan.write_bytes(second_half.paper("Convention", "Lu et approuvé, Hélène Vasseur"))

    signatory = Person(portal.page(width, js=js), js=js)
    signatory.open(link)
    signatory.go("Lire et signer")
    signatory.go("Signer sur papier")
    signatory.sees("le date et le signe à la dernière page")
    signatory.page.get_by_label("Le document signé").set_input_files(scan)
    with signatory.page.expect_event("load"):
        signatory.press("Envoyer le document signé")
    signatory.sees("Bien reçu : convention-signee.pdf (1 page")

    office = Person(portal.page(width, js=js, who=OFFICE), js=js)
    office.open(f"/organisme/dossiers/{training.ref}/")
    office.go("Vérifier la signature")
    _pages_are_drawn(office)
    office.go("Enregistrer la signature", status=422)
    office.sees("Cochez la case après avoir vu la signature")
    office.choose("J’ai vu, sur C-")
    office.go("Enregistrer la signature")
    office.sees("Signé sur papier le")

    client = Person(portal.page(width, js=js), js=js)
    client.open(training.link)
    client.go("Ouvrir mon espace")
    client.sees("Formation confirmée")
    client.sees("Signé sur papier le")


@pytest.mark.parametrize(("width", "js"), ENDS)
def test_the_code_is_read_out_by_phone(portal: Portal, width: int, js: bool) -> None:
    training, link = _to_sign(portal, f"appel-{width}@menuiserie-vasseur.example")
    signatory = Person(portal.page(width, js=js), js=js)
    signatory.open(link)
    signatory.go("Lire et signer")
    for sentence in ("J’ai lu", "Je m’engage", "Par téléphone"):
        signatory.choose(sentence)
    signatory.go("Recevoir mon code")

    office = Person(portal.page(who=OFFICE))
    office.open(f"/organisme/dossiers/{training.ref}/")
    office.go("Lire un code au téléphone")
    office.sees("assurez-vous de parler à cette personne")
    office.go("Afficher le code")
    code = office.page.locator(".figure").inner_text()
    assert re.fullmatch(r"\d{3}\s\d{3}", code)

    signatory.type("Code de confirmation", code)
    signatory.go("Signer et m’engager à régler 800,00 €")
    assert signatory.heading == "Document signé"
    office.page.reload()
    expect(office.page.locator(".figure")).to_have_count(0)


@pytest.mark.parametrize(("width", "js"), ENDS)
def test_a_change_after_the_signature_says_what_falls(portal: Portal, width: int, js: bool) -> None:
    app = portal.app()
    address = f"change-{width}@menuiserie-vasseur.example"
    training = a_training(app, "signed", client_email=address)
    close(app)
    trainer = Person(portal.page(width, js=js, who=TRAINER), js=js)
    trainer.open(training.step("dates"))
    trainer.sees("Ce que fait un changement")
    trainer.field("Raison du changement").fill(CHANGED)
    stays, moved = (
        date.fromisoformat(field.input_value()) for field in trainer.field("Date").all()
    )
    later = moved + timedelta(days=7)
    trainer.field("Date").nth(1).fill(later.isoformat())
    trainer.go("Enregistrer la modification")
    trainer.sees("La session a changé depuis cet accord")
    trainer.press("Versions remplacées")
    trainer.sees("Signature reprise le")

    client = Person(portal.page(width, js=js), js=js)
    client.open(training.link)
    client.go("Ouvrir mon espace")
    client.sees("La formation a changé depuis cet accord")
    client.press("Ce qui a changé depuis la version précédente")
    changes = client.page.locator("details.past").first
    expect(changes).to_contain_text(
        f"{french.date_mid(moved)}, 9 h 00 – 12 h 30 et 13 h 30 – 17 h 00 devient"
    )
    expect(changes).to_contain_text(f"{french.date_mid(later)}, 9 h 00 – 12 h 30")
    expect(changes).not_to_contain_text(french.date_mid(stays))


# --- What each person does


def _to_sign(portal: Portal, address: str) -> tuple[Told, str]:
    """A partial agreement was validated: the session, and the link that signs."""
    app = portal.app()
    signing = VASSEUR | {"signatory_email": address, "contact_email": address}
    try:
        training = a_training(app, "funded", client_email=address, company=signing)
        with app.app_context():
            second_half.make_papers(training.id)
        return training, second_half.sign_path(app, training.id)
    finally:
        close(app)


def _pages_are_drawn(office: Person) -> None:
    pages = office.page.locator("img.page-image")

    def drawn() -> bool:
        if pages.count() == 0:
            office.page.reload()
        return pages.count() == 1

    until(drawn, "the pages of the scan are never shown")
