"""The whole story in a browser, both ways, to the three papers; and what it takes people.

What is counted is held against docs/journeys.md, line by line, and against the targets there.
"""

import re
from dataclasses import astuple
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from portal import clock
from tests.browser.person import Effort, Person
from tests.browser.portal_served import (
    DESKTOP,
    PHONE,
    Portal,
    link_in,
    papers_in,
    until,
)
from tests.conftest import TRAINER
from tests.installation import ROOT
from tests.story import first_days

pytestmark = pytest.mark.browser

DEVICES = [
    pytest.param(DESKTOP, True, id="ordinateur"),
    pytest.param(DESKTOP, False, id="ordinateur-sans-js"),
    pytest.param(PHONE, True, id="telephone"),
    pytest.param(PHONE, False, id="telephone-sans-js"),
]
PAPERS = r"(Devis-D|Convention-C|Programme-P)-\d{4}-\d{4}\.pdf"
OPCO = "Constructys"
BAD_LINE = "Fatou Diallo, fatou@"


@pytest.mark.parametrize(("width", "js"), DEVICES)
def test_the_client_completes_by_the_link(portal: Portal, width: int, js: bool) -> None:
    device = f"{width}-{'js' if js else 'nu'}"
    address = f"helene-{device}@menuiserie-vasseur.example"
    trainer = Person(portal.page(width, js=js, who=TRAINER), js=js)
    _trainer_makes_a_link(trainer, address)
    assert_effort("Formateur, par un lien", trainer.effort)

    client = Person(portal.page(width, js=js), js=js)
    link = link_in(portal.message(address, "4 minutes pour compléter"))
    _client_answers(client, link, address)
    assert_effort("Client, une personne à former", client.effort)

    shown = _papers_arrive(client)
    assert len(shown) == 3
    assert all(re.fullmatch(PAPERS, name) for name in shown), shown
    assert papers_in(portal.message(address, "Vos documents")) == shown
    trainer.open(trainer.page.url)
    assert trainer.downloads() == shown


@pytest.mark.parametrize(("width", "js"), DEVICES)
def test_the_trainer_fills_everything_in(portal: Portal, width: int, js: bool) -> None:
    device = f"{width}-{'js' if js else 'nu'}"
    address = f"direction-{device}@menuiserie-vasseur.example"
    trainer = Person(portal.page(width, js=js, who=TRAINER), js=js)
    trainer.page.goto("/formateur/")
    trainer.go("Créer une session")
    trainer.choose("Moi")
    trainer.go("Continuer")
    _company(trainer, address)
    _funding(trainer)
    trainer.go("Continuer")
    trainer.choose("Lecture de plans et métrés")
    trainer.go("Continuer")
    _days(trainer)
    trainer.go("Continuer")
    _pasted_people(trainer)
    trainer.go("Continuer")
    assert trainer.heading == "Vérifier et envoyer"
    trainer.go("Envoyer les documents au client")
    trainer.effort.screens -= 1  # the session's page is where it led, not a screen to fill in
    assert_effort("Formateur, tout, 4 stagiaires", trainer.effort)

    shown = _papers_arrive(trainer)
    assert len(shown) == 3
    assert papers_in(portal.message(address, "Vos documents")) == shown
    copies = [papers_in(m) for m in portal.messages(TRAINER, "Copie")]
    assert shown in copies or until(
        lambda: shown in [papers_in(m) for m in portal.messages(TRAINER, "Copie")], "no copy"
    )


# --- What each person does


def _trainer_makes_a_link(trainer: Person, address: str) -> None:
    trainer.page.goto("/formateur/")
    trainer.go("Créer une session")
    trainer.choose("Mon client, par un lien")
    trainer.type("Adresse e-mail du client", address)
    trainer.go("Continuer")
    assert trainer.heading == "Programme et prix"
    trainer.choose("Lecture de plans et métrés")
    trainer.go("Continuer")
    assert trainer.heading == "Dates et lieu"
    _days(trainer)
    trainer.go("Continuer")
    assert trainer.heading == "Vérifier et créer le lien"
    trainer.sees(f"Le lien partira aussitôt à l’adresse {address}.")
    trainer.go("Créer le lien")
    trainer.effort.screens -= 1  # the session's page is where it led, not a screen to fill in
    trainer.sees("Votre client complète sa demande")


def _days(person: Person) -> None:
    """Two days: the second one is proposed; a third one comes and goes."""
    first, second = first_days(2)
    person.type("Date", first.isoformat())
    person.swap("Ajouter un jour")
    dates = person.page.locator("input[type=date]")
    expect(dates).to_have_count(2)
    assert dates.nth(1).input_value() == second.isoformat()
    assert person.field("Début du matin").nth(1).input_value() == "09:00"
    with person.detour():
        person.swap("Ajouter un jour")
        expect(dates).to_have_count(3)
        dates.nth(2).fill((second + timedelta(days=9)).isoformat())
        person.swap("Retirer le jour 3")
        expect(dates).to_have_count(2)
        dates.nth(1).fill((clock.today() - timedelta(days=1)).isoformat())
        person.go("Continuer", status=422)
        person.sees("Jour 2 : choisissez une date à venir")
        assert dates.nth(0).input_value() == first.isoformat()
        dates.nth(1).fill(second.isoformat())
    if not person.js:
        person.sees("2 jours · 14 heures")


def _client_answers(client: Person, link: str, address: str) -> None:
    client.open(link)
    client.sees("Claire Montagnier, pour Rivage Formation")
    client.go("Commencer")
    assert client.heading == "Votre entreprise"
    _company(client, address)
    client.go("Continuer")
    assert client.heading == "Stagiaires"
    client.type("Prénom", "Yann")
    client.type("Nom", "Le Goff")
    with client.detour():
        _a_list_with_a_fault(client)
        expect(client.field("Prénom")).to_have_count(2)
        client.swap("Retirer le ou la stagiaire 2")
    client.go("Continuer")
    _funding(client)
    client.go("Continuer")
    assert client.heading == "Vérifiez vos réponses"
    for words in ("Menuiserie Vasseur", "900 553 124 00018", "Yann Le Goff", OPCO):
        client.sees(words)
    client.go("Envoyer et recevoir les documents")
    assert client.heading == "C’est envoyé"


def _company(person: Person, address: str) -> None:
    """The SIRET first; then only what is still empty."""
    person.type("SIRET", "900 553 124 00018")
    _look_up(person)
    for label, text in (
        ("Raison sociale", "Menuiserie Vasseur"),
        ("Adresse", "14 rue des Forges"),
        ("Code postal", "21200"),
        ("Ville", "Beaune"),
        ("Prénom", "Hélène"),
        ("Nom", "Vasseur"),
        ("Fonction", "Gérante"),
    ):
        person.type_if_empty(label, text)
    if person.field("Adresse e-mail").input_value() != address:
        person.type("Adresse e-mail", address)


def _look_up(person: Person) -> None:
    """Leaving the field asks the directory; without JavaScript, Enter or a button does."""
    if person.js:
        with person.page.expect_response(lambda r: r.request.method == "POST"):
            person.field("SIRET").press("Tab")
    else:
        with person.page.expect_event("load"):
            person.field("SIRET").press("Enter")
    person.sees("Constructys, trouvé, à confirmer")
    expect(person.field("Raison sociale")).to_have_value("Menuiserie Vasseur")


def _funding(person: Person) -> None:
    person.pick("OPCO de l’entreprise", OPCO)
    person.choose("paie directement")


def _pasted_people(person: Person) -> None:
    person.press("Coller une liste")
    team = (
        "Amine Rahmani, amine.rahmani@menuiserie-vasseur.example\n"
        "Lucie Pernot, lucie.pernot@menuiserie-vasseur.example\n"
        "Yann Le Goff\n"
    )
    person.paste("Coller une liste", f"{team}{BAD_LINE}\n")
    person.swap("Lire la liste")
    expect(person.field("Prénom")).to_have_count(3)
    with person.detour():
        _correct(person)
    expect(person.field("Prénom")).to_have_count(4)
    expect(person.field("Nombre de stagiaires")).to_have_value("4")


def _a_list_with_a_fault(person: Person) -> None:
    person.press("Coller une liste")
    person.paste("Coller une liste", f"{BAD_LINE}\n")
    person.swap("Lire la liste")
    _correct(person)


def _correct(person: Person) -> None:
    """The faulty line stays in the box, named; the others are already in the table."""
    person.sees("1 ligne à corriger")
    person.sees("adresse e-mail incomplète (fatou@)")
    expect(person.field("Coller une liste")).to_have_value(BAD_LINE)
    person.paste("Coller une liste", f"{BAD_LINE}atelier.example")
    person.swap("Lire la liste")
    expect(person.page.locator("main")).not_to_contain_text("à corriger")


def _papers_arrive(person: Person) -> dict[str, str]:
    """Waits as a person would: the screen changes by itself, or is asked again."""
    buttons = person.page.locator("ul.docs a.btn[href*='/documents/']")

    def all_there() -> bool:
        if not person.js and buttons.count() < 3:
            person.press("Actualiser la page")
            person.page.wait_for_load_state()
        return buttons.count() == 3

    until(all_there, "the papers never arrive")
    return person.downloads()


# --- What it took


def assert_effort(journey: str, effort: Effort) -> None:
    """Equal to the figures published for that journey, which are within its target."""
    measured, target = published()[journey]
    assert astuple(effort) == astuple(measured), f"{journey}: {effort}, published {measured}"
    over = [(a, b) for a, b in zip(astuple(effort), astuple(target), strict=True) if a > b]
    assert not over, f"{journey}: {effort}, target {target}"


def published() -> dict[str, tuple[Effort, Effort]]:
    """By journey, what docs/journeys.md says it takes and its target."""
    text = (ROOT / "docs" / "journeys.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+?) \| ([0-9 /]+) \| ([0-9 /]+) \|", text, re.MULTILINE)
    return {name: (_effort(measured), _effort(target)) for name, measured, target in rows}


def _effort(cell: str) -> Effort:
    return Effort(*(int(number) for number in cell.split("/")))
