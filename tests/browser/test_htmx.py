"""What htmx and the portal's own script add, tried in a browser as people try it."""

import re
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage

import pytest
from flask import Flask
from playwright.sync_api import Page, Request, expect

from portal import french
from tests.browser.portal_served import PHONE, Portal, papers_in, until
from tests.conftest import OFFICE, TRAINER, close
from tests.story import Told, a_training, first_days

pytestmark = pytest.mark.browser

CHANGED = "Salle au deuxième étage"


@pytest.fixture(scope="module")
def app(portal: Portal) -> Iterator[Flask]:
    """The same data, to bring sessions to a point."""
    made = portal.app()
    yield made
    close(made)


@pytest.fixture
def draft(app: Flask) -> Told:
    return a_training(app, "draft", way="self")


@pytest.fixture
def page(portal: Portal) -> Page:
    return portal.page(who=TRAINER)


def primary(page: Page) -> None:
    """Presses the main button of a screen and waits for the next one."""
    with page.expect_event("load"):
        page.locator("main .btn--primary").last.click()


def saved_by(page: Page) -> object:
    """The autosave that follows what was just typed."""
    return page.expect_response(lambda r: r.url.endswith("/brouillon"))


def posts_of(page: Page) -> list[Request]:
    """Every POST that leaves the page from now on."""
    sent: list[Request] = []
    page.on("request", lambda r: sent.append(r) if r.method == "POST" else None)
    return sent


# --- Typing


def test_what_is_typed_is_saved_and_summed_up(page: Page, app: Flask) -> None:
    session = a_training(app, "draft", way="self", schedule=None)
    page.goto(session.step("dates"))
    recap = page.locator("#recap")
    expect(recap).to_contain_text("à fixer")
    first, second = first_days(2)
    page.locator("#days-0-date").fill(first.isoformat())
    expect(page.locator("#sauvegarde")).to_contain_text("Brouillon enregistré à")
    expect(recap).to_contain_text(french.date_mid(first).split(" 20")[0])
    expect(recap).to_contain_text("1 jour · 7 heures")
    assert page.locator("#days-0-date").input_value() == first.isoformat()

    page.get_by_role("button", name="Ajouter un jour").click()
    expect(page.locator("#days-1-date")).to_be_focused()
    expect(page.locator("#days-1-date")).to_have_value(second.isoformat())
    expect(page.locator("#duree")).to_have_text("2 jours · 14 heures")
    expect(recap).to_contain_text("2 jours · 14 heures")
    page.get_by_role("button", name="Retirer le jour 2").click()
    expect(page.locator("#days-1-date")).to_have_count(0)
    expect(page.locator("#days-0-date")).to_be_focused()

    other = page.context.browser.new_context(storage_state=page.context.storage_state())  # type: ignore[union-attr]
    there = other.new_page()
    there.goto(page.url)
    assert there.locator("#days-0-date").input_value() == first.isoformat()


def test_the_focus_goes_to_what_is_to_correct(page: Page, draft: Told) -> None:
    page.goto(draft.step("client"))
    page.locator("#signatory_email").fill("helene@")
    primary(page)
    expect(page.locator("#erreurs")).to_be_focused()
    assert page.title().startswith("Erreur\u00a0: ")
    page.locator("#erreurs a").first.click()
    expect(page.locator("#signatory_email")).to_be_focused()
    assert page.locator("#signatory_email").input_value() == "helene@"
    described = page.locator("#signatory_email").get_attribute("aria-describedby") or ""
    assert "signatory_email-err" in described


def test_without_javascript_the_page_opens_where_one_was(portal: Portal, app: Flask) -> None:
    session = a_training(app, "draft", way="self", schedule=None)
    page = portal.page(js=False, who=TRAINER)
    page.goto(session.step("dates"))
    page.get_by_role("button", name="Ajouter un jour").click()
    expect(page.locator("#days-1-date")).to_be_focused()
    page.locator("#days-1-date").fill("2020-01-01")
    page.get_by_role("button", name="Continuer").last.click()
    expect(page.locator("#erreurs")).to_be_focused()


def test_a_colour_is_picked_without_knowing_its_code(portal: Portal) -> None:
    page = portal.page(who=OFFICE)
    page.goto("/organisme/reglages/apparence")
    page.get_by_label("Choisir la couleur").fill("#7a1f5c")
    expect(page.locator("#accent")).to_have_value("#7A1F5C")
    expect(page.locator("#apercu svg rect").first).to_have_attribute("fill", "#7A1F5C")
    plain = portal.page(js=False, who=OFFICE)
    plain.goto("/organisme/reglages/apparence")
    expect(plain.get_by_label("Choisir la couleur")).to_be_hidden()


def test_the_siret_fills_the_rest(page: Page, app: Flask) -> None:
    session = a_training(app, "draft", way="self", company=None, funding=None)
    page.goto(session.step("client"))
    page.locator("#siret").fill("900 553 124 00018")
    page.locator("#siret").press("Tab")
    expect(page.locator("#legal_name")).to_have_value("Menuiserie Vasseur")
    expect(page.locator("#city")).to_have_value("Beaune")
    expect(page.locator("#funder")).to_have_value("CONSTRUCTYS")
    expect(page.locator("#annonces")).to_contain_text("Constructys, à confirmer")
    assert page.evaluate("document.activeElement !== document.body")


# --- Pressing twice, going back


def test_a_double_click_makes_one_session(page: Page, portal: Portal) -> None:
    page.goto("/formateur/sessions/nouvelle")
    page.locator("label.choice").filter(has_text="Moi").click()
    before = page.context.request.get(f"{portal.url}/formateur/").text()
    posts = posts_of(page)
    with page.expect_event("load"):
        page.locator("main .btn--primary").dblclick()
    assert page.locator("h1").inner_text() == "Client"
    after = page.context.request.get(f"{portal.url}/formateur/").text()
    assert len(posts) == 1
    assert _current(after) == _current(before) + 1


def _current(html: str) -> int:
    found = re.search(r'En cours <span class="count">([0-9]+)', html)
    assert found
    return int(found[1])


@pytest.mark.parametrize("js", [True, False], ids=["js", "sans-js"])
def test_a_double_click_sends_one_set_of_papers(portal: Portal, app: Flask, js: bool) -> None:
    """Without the script that holds the second press back, the server does."""
    address = f"double-{js}@menuiserie-vasseur.example"
    session = a_training(app, "draft", way="self", company={"signatory_email": address})
    page = portal.page(js=js, who=TRAINER)
    page.goto(f"{session.page}verifier")
    page.locator("main .btn--primary").dblclick()
    page.wait_for_url(f"**{session.page}")
    expect(page.locator("#documents .docs > li")).to_have_count(3)
    message: EmailMessage = portal.message(address, "Vos documents")
    assert len(papers_in(message)) == 3
    assert len(portal.messages(address)) == 1


def test_back_returns_to_the_step_with_its_data(page: Page, draft: Told) -> None:
    page.goto(draft.step("programme"))
    page.locator("label.choice").filter(has_text="Prise de parole en public").click()
    primary(page)
    assert page.locator("h1").inner_text() == "Dates et lieu"
    page.go_back()
    expect(page.locator("h1")).to_have_text("Programme et prix")
    chosen = page.locator("label.choice:has(:checked)").filter(has_text="Prise de parole")
    expect(chosen).to_have_count(1)
    button = page.locator("main .btn--primary")
    expect(button).to_be_enabled()
    primary(page)
    assert page.locator("h1").inner_text() == "Dates et lieu"


def test_back_after_adding_a_day_shows_that_day(page: Page, draft: Told) -> None:
    page.goto(draft.step("dates"))
    page.get_by_role("button", name="Ajouter un jour").click()
    expect(page.locator("#days-2-date")).to_be_focused()
    primary(page)
    page.go_back()
    expect(page.locator("#days-2-date")).to_be_visible()
    expect(page.get_by_role("button", name="Ajouter un jour")).to_be_enabled()


# --- Waiting


def test_the_page_stops_asking_once_the_papers_are_there(page: Page, draft: Told) -> None:
    page.goto(f"{draft.page}verifier")
    asked: list[int] = []
    page.on("response", lambda r: asked.append(r.status) if "documents/etat" in r.url else None)
    primary(page)
    expect(page.locator("#documents")).to_contain_text("En préparation")
    expect(page.locator("#documents .docs a.btn")).to_have_count(3, timeout=60_000)
    until(lambda: 286 in asked or page.wait_for_timeout(200), "the page never stops asking")
    count = len(asked)
    page.wait_for_timeout(4_500)
    assert len(asked) == count
    assert asked[-1] == 286
    expect(page.locator("main")).not_to_contain_text("en préparation")


# --- Searching


def test_the_list_follows_what_is_typed(page: Page, app: Flask) -> None:
    a_training(app, "sent")
    page.goto("/formateur/")
    page.evaluate("window.stayed = true")
    page.locator("#q").press_sequentially("menuiserie", delay=15)
    page.wait_for_url("**/formateur/?*q=menuiserie*")
    rows = page.locator("#sessions tbody tr")
    expect(rows.filter(has_not_text="Menuiserie Vasseur")).to_have_count(0)
    assert rows.count() >= 1
    assert page.evaluate("window.stayed")
    expect(page.locator("#q")).to_be_focused()
    page.reload()
    assert page.locator("#q").input_value() == "menuiserie"
    expect(rows.filter(has_not_text="Menuiserie Vasseur")).to_have_count(0)
    page.locator("#q").fill("introuvable")
    expect(page.locator("#sessions")).to_contain_text("Aucune session ne correspond")
    page.go_back()
    expect(page.locator("#q")).to_have_value("menuiserie")


# --- Failing


def test_offline_it_says_so_and_keeps_everything(page: Page, draft: Told) -> None:
    page.goto(draft.step("dates"))
    page.context.set_offline(True)
    page.locator("#access_notes").fill(CHANGED)
    expect(page.locator("#toast")).to_contain_text("Connexion interrompue. Rien n’est perdu")
    page.get_by_role("button", name="Ajouter un jour").click()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    assert page.locator("#access_notes").input_value() == CHANGED
    page.context.set_offline(False)
    with saved_by(page):  # type: ignore[attr-defined]
        page.locator("#access_notes").press("End")
        page.locator("#access_notes").type(".")
    page.reload()
    assert page.locator("#access_notes").input_value() == f"{CHANGED}."


def test_two_people_on_one_page_see_both_answers(page: Page, portal: Portal, draft: Told) -> None:
    page.goto(draft.step("dates"))
    other = portal.page(who=OFFICE)
    other.goto(draft.step("dates").replace("/formateur/sessions/", "/organisme/dossiers/"))
    other.locator("#access_notes").fill("Rez-de-chaussée")
    primary(other)
    with saved_by(page):  # type: ignore[attr-defined]
        page.locator("#access_notes").fill(CHANGED)
    expect(page.locator("#sauvegarde")).to_contain_text("Nadia Belkacem a aussi modifié cette page")
    assert page.locator("#access_notes").input_value() == CHANGED
    primary(page)
    both = page.locator("#deux-versions")
    expect(both).to_be_focused()
    for words in ("Nadia Belkacem a enregistré cette page", CHANGED, "Rez-de-chaussée"):
        expect(both).to_contain_text(words)
    assert page.locator("#access_notes").input_value() == CHANGED
    page.get_by_role("button", name="Garder mes réponses et continuer").click()
    expect(page.locator("h1")).to_have_text("Stagiaires")
    other.goto(draft.step("dates").replace("/formateur/sessions/", "/organisme/dossiers/"))
    assert other.locator("#access_notes").input_value() == CHANGED


def test_a_space_that_closed_gives_back_what_was_typed(portal: Portal, app: Flask) -> None:
    session = a_training(app, "shared")
    page = portal.page(PHONE)
    page.goto(session.link)
    primary(page)
    page.locator("#signatory_first_name").fill("Hélène")
    page.locator("#signatory_function").fill("Gérante")
    page.context.clear_cookies(name="espace")
    page.locator("main .btn--primary").click()
    expect(page.locator("h1")).to_have_text("Votre espace s’est refermé")
    page.goto(session.link)
    primary(page)
    expect(page.locator("h1")).to_have_text("Votre entreprise")
    assert page.locator("#signatory_first_name").input_value() == "Hélène"
    assert page.locator("#signatory_function").input_value() == "Gérante"
    expect(page.locator("main")).to_contain_text("Rien n’est perdu")


def test_an_autosave_refused_leads_to_the_login_page_and_back(page: Page, draft: Told) -> None:
    page.goto(draft.step("dates"))
    page.context.clear_cookies()
    page.locator("#access_notes").fill(CHANGED)
    page.wait_for_url(re.compile("/connexion[?]"))
    page.locator("#email").fill(TRAINER)
    page.locator("#password").fill("demonstration")
    page.locator("#password").press("Enter")
    expect(page.locator("h1")).to_have_text("Dates et lieu")
    assert page.locator("#access_notes").input_value() == CHANGED


# --- Copying, printing, keyboard


def test_the_copy_button(page: Page, app: Flask) -> None:
    session = a_training(app, "shared")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(session.page)
    page.get_by_role("button", name="Copier").click()
    expect(page.locator("#toast")).to_contain_text("Copié")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#lien-client").input_value() == session.link


def test_the_copy_button_without_the_clipboard(portal: Portal, app: Flask) -> None:
    """Refused by the browser, the text is selected; without JavaScript there is no button."""
    session = a_training(app, "shared")
    page = portal.page(who=TRAINER)
    page.add_init_script("navigator.clipboard.writeText = () => Promise.reject(new Error());")
    page.goto(session.page)
    page.get_by_role("button", name="Copier").click()
    expect(page.locator("#toast")).to_contain_text("Le texte est sélectionné")
    assert page.evaluate("getSelection().toString()") == session.link
    plain = portal.page(js=False, who=TRAINER)
    plain.goto(session.page)
    expect(plain.get_by_role("button", name="Copier")).to_have_count(0)
    assert plain.locator("#lien-client").input_value() == session.link


def test_the_check_page_prints_without_its_surroundings(page: Page, draft: Told) -> None:
    page.goto(f"{draft.page}verifier")
    page.emulate_media(media="print")
    for gone in (".nav", ".foot", ".top__end", "main .btn", ".back", ".steps", ".steps-mini"):
        for found in page.locator(gone).all():
            expect(found).to_be_hidden()
    for kept in ("h1", ".answers dt", ".answers dd >> nth=0", ".brand"):
        expect(page.locator(kept).first).to_be_visible()
    assert page.locator(".answers a:visible").count() == 0


def test_a_session_with_the_keyboard_alone(page: Page) -> None:
    first = first_days(1)[0]
    keys = page.keyboard
    page.goto("/formateur/")
    _tab_to(page, "Créer une session")
    keys.press("Enter")
    page.wait_for_url("**/nouvelle")
    _tab_to(page, "Mon client, par un lien")
    keys.press("Space")
    _tab_to(page, "Adresse e-mail du client")
    keys.type("clavier@menuiserie-vasseur.example")
    keys.press("Enter")
    page.wait_for_url("**/etapes/programme")
    _tab_to(page, "Encadrer une petite équipe")
    while not page.evaluate(
        "document.activeElement.closest('label').innerText.includes('Lecture')"
    ):
        keys.press("ArrowDown")
    keys.press("Enter")
    page.wait_for_url("**/etapes/dates")
    _tab_to(page, "Date")
    keys.type(first.strftime("%d%m%Y"))
    assert page.locator("#days-0-date").input_value() == first.isoformat()
    _tab_to(page, "Ajouter un jour")
    keys.press("Enter")
    expect(page.locator("#days-1-date")).to_be_focused()
    following = first + timedelta(days=1)
    expect(page.locator("#days-1-date")).to_have_value(following.isoformat())
    keys.press("Enter")
    page.wait_for_url("**/verifier")
    _tab_to(page, "Créer le lien")
    keys.press("Enter")
    page.wait_for_url(re.compile(r"/sessions/S-\d+-\d+/$"))
    expect(page.locator("main")).to_contain_text("Votre client complète sa demande")


def _tab_to(page: Page, words: str) -> None:
    """Presses Tab until the focus is on what bears these words."""
    for _ in range(80):
        page.keyboard.press("Tab")
        name = page.evaluate(
            "() => { const e = document.activeElement;"
            " return ((e.labels && e.labels[0]) || e).innerText || ''; }"
        )
        if name.strip().startswith(words):
            return
    raise AssertionError(f"Tab never reaches « {words} »")


def test_a_menu_on_a_phone(portal: Portal) -> None:
    page = portal.page(PHONE, who=TRAINER)
    page.goto("/formateur/")
    page.locator(".burger summary").click()
    page.get_by_role("link", name="Courriels").click()
    expect(page.locator("h1")).to_have_text("Courriels")


def test_a_section_opened_as_a_page_leads_back_to_the_programme(portal: Portal) -> None:
    page = portal.page(who=OFFICE)
    page.goto("/organisme/programmes/EPE-14/rubriques/objectifs")
    page.get_by_label("Prérequis").fill("Encadrer au moins une personne.")
    primary(page)
    expect(page.locator("main")).to_contain_text("Rubrique enregistrée")
    expect(page.locator("#rubriques")).to_contain_text("Encadrer au moins une personne.")
