"""« Réglages », page by page: what a preview shows, what two people see, what the journal keeps."""

import pytest
from flask import Flask

from portal.accounts import service as accounts
from portal.extensions import db, store
from portal.journal.models import JournalEntry
from tests.conftest import OFFICE, sign_in
from tests.pages import Visitor, text_of
from tests.screens import compared, follow
from tests.uploads import pictures
from tests.web.test_logo import kept, send
from tests.web.test_settings import PAGES, stored


def lose_the_logo(app: Flask) -> None:
    with app.app_context():
        store().path(str(accounts.organisation().logo_sha256)).unlink()


def preview(office: Visitor, slug: str, **typed: str) -> str:
    page = office.get(f"{PAGES}/{slug}")
    shown = office.submit(page, typed, form="#reglages", button="Voir l’aperçu")
    assert shown.status_code == 200
    return text_of(shown).split("Aperçu")[-1]


# --- What is typed


@pytest.mark.parametrize("name", ["late_notice_days", "late_forfeit_percent", "notice_days"])
def test_words_where_a_number_is_wanted_are_said_beside_it(
    app: Flask, office: Visitor, name: str
) -> None:
    before = stored(app, name)
    answer = office.submit(f"{PAGES}/dedit", {name: "beaucoup"}, form="#reglages")
    assert answer.status_code == 422
    assert "Écrivez un nombre entier, en chiffres" in text_of(answer)
    assert stored(app, name) == before


@pytest.mark.parametrize(
    ("slug", "name"),
    [
        ("identite", "rcs"),
        ("identite", "capital_cents"),
        ("identite", "website"),
        ("mentions", "mediator"),
    ],
)
def test_what_an_organisation_may_lack_is_taken_away(
    app: Flask, office: Visitor, slug: str, name: str
) -> None:
    office.submit(f"{PAGES}/{slug}", {name: ""}, form="#reglages")
    assert stored(app, name) is None
    assert office.get("/mentions-legales").status_code == 200


# --- The preview


def test_the_preview_leaves_out_what_was_emptied(office: Visitor) -> None:
    assert "www.rivage-formation.example" in preview(office, "identite")
    assert "www.rivage-formation.example" not in preview(office, "identite", website="")
    assert "au capital de" not in preview(office, "identite", capital_cents="")


def test_the_preview_shows_what_is_stored_where_what_is_typed_is_wrong(office: Visitor) -> None:
    shown = preview(office, "identite", siret="901", city="Beaune")
    assert "901 447 821 00017" in shown
    assert "Beaune" in shown
    assert "Rivage Formation" in preview(office, "identite", name="")


def test_the_preview_of_a_colour_says_whether_it_is_one(office: Visitor) -> None:
    for accent, said in (
        ("#0B5F62", "Lisible Contraste"),
        ("#FFD400", "Trop clair Contraste"),
        ("vert", "Couleur non reconnue L’aperçu montre celle qui est enregistrée."),
    ):
        assert said in preview(office, "apparence", accent=accent)


def test_a_logo_lost_on_the_disk_stops_no_page(app: Flask, office: Visitor) -> None:
    assert office.get(f"{PAGES}/logo.png").status_code == 200
    lose_the_logo(app)
    assert office.get(f"{PAGES}/logo.png").status_code == 404
    assert office.get(f"{PAGES}/apparence").status_code == 200
    assert office.get(f"{PAGES}/identite").status_code == 200


# --- Two people


def test_two_people_read_choices_and_long_texts_as_words(app: Flask, office: Visitor) -> None:
    other = sign_in(app, OFFICE)
    mine = {slug: office.get(f"{PAGES}/{slug}") for slug in ("envoi", "mentions", "textes")}
    other.submit(f"{PAGES}/envoi", {"reads_over": "y"}, form="#reglages")
    other.submit(f"{PAGES}/mentions", {"vat_regime": "franchise"}, form="#reglages")
    other.submit(f"{PAGES}/textes", {"terms": "Un. " * 200}, form="#reglages")
    refused = office.submit(mine["envoi"], form="#reglages")
    label = "Relire les documents avant leur envoi"
    assert (refused.status_code, compared(refused)) == (409, {label: ("Non", "Oui")})
    regimes = compared(office.submit(mine["mentions"], form="#reglages"))["Régime de TVA"]
    assert regimes[0] != regimes[1]
    assert "franchise" not in regimes  # the label of the choice, not its value
    texts = compared(office.submit(mine["textes"], form="#reglages"))["Conditions générales"]
    assert texts[1].startswith("Un. Un.")
    assert texts[1].endswith("…")
    assert len(texts[1]) <= 601


# --- What remains


def test_the_journal_keeps_each_logo_by_its_digest(app: Flask, office: Visitor) -> None:
    with app.app_context():
        first = accounts.organisation().logo_sha256
    send(office, "logo.png", pictures.encoded(pictures.drawing("#0B5F62", (600, 300)), "PNG"))
    assert kept(app)
    with app.app_context():
        second = accounts.organisation().logo_sha256
    removed = office.submit(f"{PAGES}/apparence", form="main form.inline-form")
    said = "Logo retiré : les prochains documents porteront votre nom."
    assert said in text_of(follow(office, removed))
    with app.app_context():
        query = db.select(JournalEntry.body).filter_by(event="change_logo")
        bodies = list(db.session.scalars(query.order_by(JournalEntry.seq)))
    assert bodies == [{"before": first, "after": second}, {"before": second, "after": None}]
