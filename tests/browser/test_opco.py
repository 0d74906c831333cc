"""« Trouver mon OPCO » and the SIRET field in a real Chromium, with JavaScript and without."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, Request, Route, expect

from tests.browser.portal_served import DESKTOP, PHONE, SMALLEST, Portal, serving
from tests.companies import fake_registry as fake
from tests.conftest import TRAINER

pytestmark = pytest.mark.browser
PATH = "/trouver-mon-opco"
QUESTIONS = (
    "", "900 553 124 00018", "boulangerie", fake.TWO_IDCC, fake.ALONE, fake.NO_IDCC, fake.CLOSED,
    fake.HIDDEN, "AKTO", "12345", "zzz",
)  # fmt: skip


def check(page: Page) -> None:
    """No fault that axe sees, nothing to scroll sideways for, targets large enough."""
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa",
                                                 "best-practice"]})  # fmt: skip
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("width", [DESKTOP, PHONE, SMALLEST])
def test_every_answer_is_accessible(portal: Portal, width: int) -> None:
    page = portal.page(width)
    errors: list[str] = []
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    for typed in QUESTIONS:
        page.goto(f"{PATH}?q={typed}")
        check(page)
    assert errors == []


@pytest.mark.parametrize("js", [True, False])
def test_one_field_one_press(portal: Portal, js: bool) -> None:
    page = portal.page(PHONE, js=js)
    page.goto(PATH)
    page.get_by_label(re.compile("SIRET, nom")).fill("900 553 124 00018")
    page.get_by_role("button", name="Chercher").click()
    expect(page.get_by_role("heading", name="Votre OPCO est Constructys")).to_be_visible()
    assert "q=900" in page.url  # the answer can be shared
    page.goto(page.url)
    expect(page.get_by_text("IDCC 1597")).to_be_visible()


def test_it_answers_while_one_types(portal: Portal) -> None:
    page = portal.page()
    page.goto(PATH)
    field = page.get_by_label(re.compile("SIRET, nom"))
    field.press_sequentially("boulang", delay=20)
    expect(page.get_by_role("heading", name="Conventions collectives")).to_be_visible()
    expect(page.locator("#annonces")).to_contain_text("Résultats")
    expect(field).to_be_focused()
    expect(page).to_have_url(re.compile("q=boulang"))
    field.press_sequentially("zzz")
    expect(page.get_by_role("heading", name="Aucun résultat")).to_be_visible()


@pytest.mark.parametrize("js", [True, False])
def test_several_opco_are_chosen_from(portal: Portal, js: bool) -> None:
    page = portal.page(js=js)
    page.goto(f"{PATH}?q={fake.TWO_IDCC}")
    page.get_by_text("AKTO", exact=True).first.click()
    page.get_by_role("button", name="Voir cet OPCO").click()
    expect(page.get_by_role("heading", name="AKTO", exact=True)).to_be_visible()


def new_session(portal: Portal, *, js: bool) -> Page:
    page = portal.page(who=TRAINER, js=js)
    page.goto("/formateur/sessions/nouvelle")
    page.get_by_text("Moi", exact=True).click()
    page.get_by_role("button", name="Continuer").click()
    page.wait_for_url("**/etapes/client")
    return page


def test_the_siret_fills_the_form_and_the_focus_stays(portal: Portal) -> None:
    page = new_session(portal, js=True)
    check(page)
    page.get_by_label("SIRET", exact=True).fill("900 553 124 00018")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Raison sociale")).to_have_value("Menuiserie Vasseur")
    expect(page.get_by_label("OPCO de l’entreprise")).to_have_value("CONSTRUCTYS")
    expect(page.locator("#annonces")).to_contain_text("Trouvé")
    expect(page.locator("#chercher")).to_be_focused()  # where Tab had led
    check(page)


def test_what_is_typed_meanwhile_is_kept(portal: Portal) -> None:
    page = new_session(portal, js=True)
    page.get_by_label("SIRET", exact=True).fill(fake.SIGNED)
    page.get_by_label("Prénom").fill("Hél")
    page.get_by_label("Prénom").press_sequentially("ène", delay=60)
    expect(page.get_by_label("Raison sociale")).to_have_value("Rempart Securite")
    expect(page.get_by_label("Prénom")).to_have_value("Hélène")
    expect(page.get_by_label("Prénom")).to_be_focused()


@pytest.fixture(scope="module")
def slow_portal(
    demonstration: Path, tmp_path_factory: pytest.TempPathFactory, chromium: Browser
) -> Iterator[Portal]:
    """A portal whose directory of companies takes its time."""
    folder = tmp_path_factory.mktemp("slow")
    with fake.serving() as directory:
        directory.fault = fake.late
        with serving(demonstration, folder, chromium, PORTAL_REGISTRY_URL=directory.url) as portal:
            yield portal


def test_what_is_typed_in_the_company_meanwhile_is_kept(slow_portal: Portal) -> None:
    """The look-up takes a second: whoever goes on typing loses no letter."""
    page = new_session(slow_portal, js=True)
    held: list[Route] = []
    page.route("**/client", lambda route: held.append(route), times=1)
    page.get_by_label("SIRET", exact=True).fill(fake.VASSEUR)
    name = page.get_by_label("Raison sociale")
    with page.expect_request("**/client"):
        name.press_sequentially("Menuiserie Vasseur et filles", delay=20)
    page.get_by_label("Ville").press_sequentially("Beaune-la-")
    held[0].continue_()
    page.keyboard.type("Rolande", delay=200)
    expect(page.locator("#trouve")).to_be_visible()
    expect(page.get_by_label("Ville")).to_have_value("Beaune-la-Rolande")
    expect(page.get_by_label("Ville")).to_be_focused()
    expect(name).to_have_value("Menuiserie Vasseur et filles")
    expect(page.get_by_label("Code postal")).to_have_value("21200")  # left alone: filled in
    expect(page.get_by_text("Brouillon enregistré")).to_be_visible()
    page.wait_for_timeout(2_500)
    page.reload()
    expect(page.get_by_label("Ville")).to_have_value("Beaune-la-Rolande")
    expect(name).to_have_value("Menuiserie Vasseur et filles")


def looked_up(page: Page) -> list[str]:
    """The SIRETs asked of the portal from now on, in order."""
    asked: list[str] = []

    def note(request: Request) -> None:
        sent = parse_qs(request.post_data or "")
        if request.url.endswith("/client") and "chercher-entreprise" in sent.get("action", []):
            asked.extend(sent["siret"])

    page.on("request", note)
    return asked


def corrected_meanwhile(page: Page) -> tuple[Locator, Route]:
    """The field, where another SIRET was typed since, and the look-up of the first, held back."""
    held: list[Route] = []
    page.route("**/client", lambda route: held.append(route), times=1)
    siret = page.get_by_label("SIRET", exact=True)
    siret.fill(fake.SIGNED)
    with page.expect_request("**/client"):
        page.keyboard.press("Tab")
    siret.fill(fake.VASSEUR)
    return siret, held[0]


def test_a_siret_corrected_before_the_answer_is_looked_up_too(portal: Portal) -> None:
    page = new_session(portal, js=True)
    asked = looked_up(page)
    siret, held = corrected_meanwhile(page)
    page.keyboard.press("Tab")
    held.continue_()
    expect(page.locator("#trouve")).to_contain_text("Menuiserie Vasseur")
    expect(page.get_by_label("Raison sociale")).to_have_value("Menuiserie Vasseur")
    expect(siret).to_have_value(fake.VASSEUR)
    assert asked == [fake.SIGNED, fake.VASSEUR]


def test_a_siret_corrected_as_the_answer_arrives_is_looked_up_too(portal: Portal) -> None:
    """For the 20 ms in which htmx takes an answer in, nothing listens to the new field yet."""
    page = new_session(portal, js=True)
    asked = looked_up(page)
    page.evaluate(
        """siret => addEventListener("htmx:afterSwap", () => {
            const field = document.getElementById("siret");
            field.value = siret;
            field.dispatchEvent(new Event("change", {bubbles: true}));
        }, {once: true})""",
        fake.VASSEUR,
    )
    siret = page.get_by_label("SIRET", exact=True)
    siret.fill(fake.SIGNED)
    page.keyboard.press("Tab")
    expect(page.get_by_label("Raison sociale")).to_have_value("Menuiserie Vasseur")
    expect(siret).to_have_value(fake.VASSEUR)
    assert asked == [fake.SIGNED, fake.VASSEUR]


def test_a_siret_being_typed_anew_waits_for_the_field_to_be_left(portal: Portal) -> None:
    page = new_session(portal, js=True)
    asked = looked_up(page)
    siret, held = corrected_meanwhile(page)
    held.continue_()
    expect(page.get_by_label("Raison sociale")).to_have_value("Rempart Securite")
    expect(siret).to_have_value(fake.VASSEUR)
    assert asked == [fake.SIGNED]
    page.keyboard.press("Tab")
    expect(page.get_by_label("Raison sociale")).to_have_value("Menuiserie Vasseur")
    assert asked == [fake.SIGNED, fake.VASSEUR]


def test_a_siret_put_in_by_the_browser_is_looked_up_when_left(portal: Portal) -> None:
    """What fills forms in for people does not always say that it changed a field."""
    page = new_session(portal, js=True)
    siret = page.get_by_label("SIRET", exact=True)
    siret.focus()
    siret.evaluate("(field, siret) => { field.value = siret; }", fake.VASSEUR)
    page.keyboard.press("Tab")
    expect(page.get_by_label("Raison sociale")).to_have_value("Menuiserie Vasseur")


@pytest.mark.parametrize("js", [True, False])
def test_by_name(portal: Portal, js: bool) -> None:
    page = new_session(portal, js=js)
    page.get_by_text("Chercher par le nom").click()
    page.get_by_label("Nom de l’entreprise").fill("vasseur")
    page.get_by_role("button", name="Chercher ce nom").click()
    page.get_by_role("button", name="Choisir Menuiserie Vasseur").click()
    expect(page.get_by_label("SIRET", exact=True)).to_have_value(fake.VASSEUR)
    expect(page.get_by_label("Ville")).to_have_value("Beaune")
    expect(page.get_by_text("OPCO Constructys, trouvé, à confirmer")).to_be_visible()
