"""Every screen at three widths: for everyone, whatever they see, hold or press."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser import quality
from tests.browser.portal_served import DESKTOP, PHONE, SMALLEST, Portal
from tests.browser.world import World
from tests.conftest import OFFICE, TRAINER

pytestmark = pytest.mark.browser

Way = Callable[[World, Page], None]
WIDTHS = (DESKTOP, PHONE, SMALLEST)


@pytest.fixture(scope="module")
def world(portal: Portal) -> Iterator[World]:
    made = World.of(portal)
    yield made
    made.close()


def to(path: str, status: int = 200) -> Way:
    """Opens a path; « {sent} », « {sent.link} », « {sent.space} » name a session's addresses."""

    def opened(world: World, page: Page) -> None:
        answer = page.goto(path.format(**world.told))
        assert answer is not None
        assert answer.status == status, (answer.status, page.url)

    return opened


def within(name: str, path: str) -> Way:
    """A page of the client's space, the link opened before."""

    def opened(world: World, page: Page) -> None:
        world.enter(page, name)
        to(path)(world, page)

    return opened


def refused(way: Way, button: str = "main form .btn--primary", **typed: str) -> Way:
    """The same page after its button was pressed with these values; it says what to correct."""

    def opened(world: World, page: Page) -> None:
        way(world, page)
        for field, text in typed.items():
            page.locator(f"#{field}").fill(text)
        with page.expect_response(
            lambda r: r.request.method == "POST" and r.request.is_navigation_request()
        ) as answer:
            page.locator(button).last.click()
        assert answer.value.status == 422
        page.wait_for_load_state()
        expect(page.locator("#erreurs")).to_be_focused()
        assert page.title().startswith("Erreur")

    return opened


def pressed(way: Way, button: str, words: str) -> Way:
    """The same page changed in place by one of its buttons."""

    def opened(world: World, page: Page) -> None:
        way(world, page)
        page.get_by_role("button", name=button).first.click()
        expect(page.locator("main")).to_contain_text(words)
        expect(page.locator(".htmx-request, [aria-busy=true]")).to_have_count(0)

    return opened


def with_a_bad_line(world: World, page: Page) -> None:
    page.goto(world.step("draft", "stagiaires"))
    page.get_by_text("Coller une liste").first.click()
    page.locator("#pasted").fill("Lucie Pernot, lucie@\nAmine Rahmani\nYann")
    page.get_by_role("button", name="Lire la liste").click()
    expect(page.locator("main")).to_contain_text("2 lignes à corriger")


def with_everything_open(way: Way) -> Way:
    def opened(world: World, page: Page) -> None:
        way(world, page)
        page.evaluate("document.querySelectorAll('main details').forEach(d => { d.open = true; })")

    return opened


def in_conflict(world: World, page: Page) -> None:
    """Somebody of the office saved that page meanwhile."""
    path = world.step("whole", "dates")
    page.goto(path)
    other = world.portal.page(who=OFFICE)
    other.goto(path.replace("/formateur/sessions/", "/organisme/dossiers/"))
    other.locator("#access_notes").fill(f"Rez-de-chaussée {page.evaluate('Math.random()')}")
    with other.expect_event("load"):
        other.locator("main .btn--primary").click()
    page.locator("#access_notes").fill("Deuxième étage")
    with page.expect_response(
        lambda r: r.request.method == "POST" and r.request.is_navigation_request()
    ) as answer:
        page.locator("main .btn--primary").click()
    assert answer.value.status == 409
    page.wait_for_load_state()


def first_mail(way: Way, words: str) -> Way:
    def opened(world: World, page: Page) -> None:
        way(world, page)
        with page.expect_event("load"):
            page.get_by_role("link", name=words).first.click()

    return opened


def published(way: Way) -> Way:
    """The public page of a programme is on."""

    def opened(world: World, page: Page) -> None:
        office = world.portal.page(who=OFFICE)
        office.goto("/organisme/programmes/LPM-14")
        if office.locator("form[action$=publier] .btn--primary").count():
            with office.expect_event("load"):
                office.get_by_role("button", name="Publier").click()
        way(world, page)

    return opened


def in_its_place(world: World, page: Page) -> None:
    """A section of a programme opened in the page, with one module more."""
    page.goto("/organisme/programmes/PPP-14")
    page.get_by_role("link", name="Modifier contenu").click()
    page.get_by_role("button", name="Ajouter un module").click()
    expect(page.locator("#content-4-title")).to_be_focused()


def signing(*, code: bool = False) -> Way:
    """The page that signs, opened by its own link; `code`: once the code was asked for."""

    def opened(world: World, page: Page) -> None:
        page.goto(world.sign_link("to_sign"))
        with page.expect_event("load"):
            page.get_by_role("button", name="Lire et signer").click()
        if code:
            for box in page.locator("main input[type=checkbox]").all():
                box.check()
            with page.expect_event("load"):
                page.get_by_role("button", name="Recevoir mon code").click()
            expect(page.get_by_label("Code de confirmation")).to_be_visible()

    return opened


def signing_leads_to(words: str) -> Way:
    def opened(world: World, page: Page) -> None:
        signing()(world, page)
        with page.expect_event("load"):
            page.get_by_role("link", name=words).click()

    return opened


def agreement(decision: str = "") -> Way:
    """The agreement beside its decision; with that decision chosen."""

    def opened(world: World, page: Page) -> None:
        page.goto("/organisme/accords/")
        with page.expect_event("load"):
            page.locator("main tbody a").last.click()
        if decision:
            page.locator("label.choice").filter(has_text=decision).click()
            expect(page.locator(".htmx-request, [aria-busy=true]")).to_have_count(0)

    return opened


EVERYONE: dict[str, Way] = {
    "accueil": to("/"),
    "connexion": to("/connexion"),
    "connexion-refusee": refused(to("/connexion"), email="x@y.example", password="non"),
    "aide": to("/aide/session-opco"),
    "mentions-legales": to("/mentions-legales"),
    "donnees-personnelles": to("/donnees-personnelles"),
    "accessibilite": to("/accessibilite"),
    "404": to("/rien-ici", 404),
    "lien-inconnu": to("/l/esp-1-rien", 404),
    "lien-expire": to("{expired.link}", 410),
    "lien-remplace": to("{replaced.link}", 410),
    "lien-ferme": to("{revoked.link}", 410),
    "lien-annule": to("{cancelled.link}", 410),
    "espace-ferme": to("{sent.space}", 403),
    "lien": to("{shared.link}"),
    "verifier-un-document": to("/verifier"),
    "signer": signing(),
    "signer-refuse": refused(signing(), 'main button[value="code"]', name=""),
    "signer-avec-le-code": signing(code=True),
    "signer-sur-papier": signing_leads_to("Signer sur papier"),
    "transmettre": signing_leads_to("Je ne suis pas la bonne personne"),
    "refuser-de-signer": signing_leads_to("Je refuse de signer"),
    "lien-complet": to("{sent.link}"),
    "formations": published(to("/programmes/")),
    "formation": published(to("/programmes/lecture-de-plans-et-metres")),
}
CLIENT: dict[str, Way] = {
    "entreprise": within("shared", "{shared.space}etapes/entreprise"),
    "entreprise-refusee": refused(within("shared", "{shared.space}etapes/entreprise")),
    "stagiaires": within("shared", "{shared.space}etapes/stagiaires"),
    "financement": within("shared", "{shared.space}etapes/financement"),
    "verifier-incomplet": within("shared", "{shared.space}verifier"),
    "verifier": within("answered", "{answered.space}verifier"),
    "apercu-devis": within("answered", "{answered.space}apercu/devis"),
    "espace-a-completer": within("shared", "{shared.space}"),
    "espace": within("sent", "{sent.space}"),
    "espace-sans-opco": within("alone", "{alone.space}"),
    "espace-deposee": within("filed", "{filed.space}"),
    "espace-accord-transmis": with_everything_open(within("received", "{received.space}")),
    "espace-a-signer": within("to_sign", "{to_sign.space}"),
    "espace-signee": within("signed", "{signed.space}"),
    "espace-refusee": with_everything_open(within("refused", "{refused.space}")),
    "espace-en-cours": within("running", "{running.space}"),
    "refus": within("filed", "{filed.space}refus"),
    "merci": within("sent", "{sent.space}merci"),
    "depot": within("sent", "{sent.space}depot"),
}
STAFF: dict[str, Way] = {
    "sessions": to("/formateur/"),
    "sessions-vide": to("/formateur/?etat=a-venir"),
    "sessions-sans-resultat": to("/formateur/?q=introuvable"),
    "nouvelle": to("/formateur/sessions/nouvelle"),
    "nouvelle-refusee": refused(to("/formateur/sessions/nouvelle")),
    "client": with_everything_open(to("{draft.page}etapes/client")),
    "client-refuse": refused(to("{draft.page}etapes/client"), siret="123", legal_name=""),
    "programme": to("{draft.page}etapes/programme"),
    "programme-refuse": refused(to("{draft.page}etapes/programme"), unit_price="abc"),
    "dates": pressed(to("{draft.page}etapes/dates"), "Ajouter un jour", "Jour 3"),
    "dates-refusees": refused(to("{begun.page}etapes/dates"), **{"days-0-date": "2020-01-01"}),
    "dates-en-conflit": in_conflict,
    "personnes": with_a_bad_line,
    "personnes-refusees": refused(to("{draft.page}etapes/stagiaires"), headcount="0"),
    "verifier-incomplet": to("{draft.page}verifier"),
    "verifier": to("{whole.page}verifier"),
    "verifier-le-lien": to("{begun.page}verifier"),
    "session-brouillon": to("{draft.page}"),
    "session-partagee": with_everything_open(to("{shared.page}")),
    "session-lien-refuse": refused(
        with_everything_open(to("{shared.page}")), "form[action$=envoyer] .btn", email="x"
    ),
    "session-envoyee": with_everything_open(to("{sent.page}")),
    "session-deposee": to("{filed.page}"),
    "session-accord-recu": with_everything_open(to("{received.page}")),
    "session-a-signer": with_everything_open(to("{to_sign.page}")),
    "session-signee": to("{signed.page}"),
    "session-refusee": to("{refused.page}"),
    "session-en-cours": to("{running.page}"),
    "session-annulee": to("{cancelled.page}"),
    "apercu": to("{whole.page}apercu/convention"),
    "apercu-vide": to("{draft.page}apercu/programme"),
    "modifier": to("{sent.page}etapes/dates"),
    "modifier-les-personnes": to("{sent.page}etapes/stagiaires"),
    "rouvrir": to("{sent.page}rouvrir"),
    "rouvrir-refuse": refused(to("{sent.page}rouvrir")),
    "annuler": to("{sent.page}annuler"),
    "depot": to("{sent.page}depot"),
    "depot-refuse": refused(to("{sent.page}depot"), filed_on="2030-01-01"),
    "courriels": to("/formateur/courriels/"),
    "courriel": first_mail(to("{sent.page}"), "Vos documents"),
    "programmes": to("/formateur/programmes/"),
    "programme-lu": to("/formateur/programmes/EPE-14"),
    "agenda": to("/formateur/agenda/"),
    "agenda-ouvert": pressed(to("/formateur/agenda/"), "adresse", "Votre adresse secrète"),
    "403": to("/organisme/", 403),
}
BACK_OFFICE: dict[str, Way] = {
    "dossiers": to("/organisme/"),
    "accords": to("/organisme/accords/"),
    "accord": agreement(),
    "accord-refuse": agreement("Refusée"),
    "accord-total": agreement("Prise en charge totale"),
    "dossier-a-signer": with_everything_open(to("/organisme/dossiers/{to_sign.ref}/")),
    "corriger-l-accord": to("/organisme/dossiers/{to_sign.ref}/corriger-l-accord"),
    "dossier": to("/organisme/dossiers/{sent.ref}/"),
    "etape": to("/organisme/dossiers/{draft.ref}/etapes/client"),
    "courriels": to("/organisme/courriels/"),
    "programmes": to("/organisme/programmes/"),
    "programmes-archives": to("/organisme/programmes/?etat=archives"),
    "programme": with_everything_open(to("/organisme/programmes/LPM-14")),
    "programme-nouveau": to("/organisme/programmes/nouveau"),
    "programme-nouveau-refuse": refused(to("/organisme/programmes/nouveau"), title=""),
    "programme-objectifs": to("/organisme/programmes/LPM-14/rubriques/objectifs"),
    "programme-en-place": in_its_place,
    "reglages": to("/organisme/reglages/"),
    "reglage-identite": refused(to("/organisme/reglages/identite"), siret="1"),
    "reglage-apparence": refused(
        to("/organisme/reglages/apparence"), "#reglages .btn--primary", accent="#FFD400"
    ),
    "relances": to("/organisme/relances/"),
    "journal": to("/organisme/journal/"),
    "personnes": to("/organisme/personnes/"),
    "inviter-refuse": refused(to("/organisme/personnes/inviter")),
    "compte": to("/compte/"),
    "courriels-non-remis": to("/organisme/courriels/?etat=non-remis"),
    "code-au-telephone": pressed(
        to("/organisme/signatures/{to_sign.ref}/code"), "Afficher le code", "Lisez ce code"
    ),
    "403": to("/formateur/", 403),
}
SCREENS = [
    pytest.param(who, way, id=f"{door}-{name}")
    for door, who, screens in (
        ("public", "", EVERYONE),
        ("client", "", CLIENT),
        ("formateur", TRAINER, STAFF),
        ("organisme", OFFICE, BACK_OFFICE),
    )
    for name, way in screens.items()
]


@pytest.mark.parametrize(("who", "way"), SCREENS)
def test_a_screen(world: World, who: str, way: Way) -> None:
    page = world.portal.page(who=who)
    with quality.quiet(page):
        way(world, page)
        problems = [problem for width in WIDTHS for problem in quality.look(page, width)]
    assert not problems, "\n".join(problems)


def test_native_controls_speak_french(world: World) -> None:
    page = world.portal.page(who=TRAINER)
    page.goto(world.step("draft", "dates"))
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")
    parts = {
        node["name"]["value"].split(" ")[0]
        for node in tree["nodes"]
        if node.get("role", {}).get("value") == "spinbutton"
    }
    assert parts == {"Jour", "Mois", "Année", "Heures", "Minutes"}
