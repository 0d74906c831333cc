"""« Réglages »: the back office says once who the organisation is, and papers follow."""

import pytest
from flask import Flask

from portal.accounts import rules, settings
from portal.accounts import service as accounts
from portal.accounts.forms import GROUPS
from portal.accounts.models import Organisation
from portal.extensions import db, writing
from portal.journal.models import JournalDetails, JournalEntry
from tests.conftest import OFFICE, sign_in
from tests.pages import Visitor, soup_of, text_of
from tests.screens import assert_refused, compared

PAGES = "/organisme/reglages"


def stored(app: Flask, name: str) -> object:
    with app.app_context():
        return getattr(accounts.organisation(), name)


def test_a_new_phone_is_saved_and_read_where_the_page_says(app: Flask, office: Visitor) -> None:
    page = office.get(f"{PAGES}/identite")
    assert "En-tête des documents, espace client, courriels." in text_of(page)
    answer = office.submit(page, {"phone": "01 99 00 55 66"}, form="#reglages")
    assert answer.status_code == 303
    assert "Réglages enregistrés." in text_of(office.get(answer.headers["Location"]))
    assert stored(app, "phone") == "0199005566"
    assert "01 99 00 55 66" in text_of(office.get("/mentions-legales"))


@pytest.mark.parametrize("slug", GROUPS)
def test_a_page_saved_as_it_stands_changes_nothing(app: Flask, office: Visitor, slug: str) -> None:
    names = GROUPS[slug].names
    with app.app_context():
        before = settings.values_of(accounts.organisation(), names)
    answer = office.submit(f"{PAGES}/{slug}", form="#reglages")
    assert answer.status_code == 303, text_of(answer)
    assert "Rien n’avait changé." in text_of(office.get(answer.headers["Location"]))
    with app.app_context():
        assert settings.values_of(accounts.organisation(), names) == before


def test_every_setting_has_its_page_once(app: Flask) -> None:
    listed = [name for group in GROUPS.values() for name in group.names]
    columns = {column.name for column in Organisation.__table__.columns}
    assert len(listed) == len(set(listed))
    assert columns - set(listed) == {"id", "logo_sha256"}


@pytest.mark.parametrize(
    ("slug", "name", "typed", "sentence"),
    [
        ("identite", "siret", "901 447 821 00018", "Ce SIRET comporte une erreur de frappe"),
        ("identite", "name", "", "Indiquez la raison sociale"),
        ("identite", "capital_cents", "beaucoup", ""),
        ("mentions", "nda", "27 21", "il en manque 7"),
        ("banque", "iban", "FR76 3000 6000 0112 3456 7890 188", "Cet IBAN comporte une erreur"),
        ("banque", "payment_days", "90", "Indiquez un nombre entre 1 et 60"),
        ("dedit", "notice_days", "61", "Indiquez un nombre entre 1 et 60"),
        ("dedit", "notice_days", "3", "Indiquez moins de jours que pour l’annulation sans frais"),
        ("dedit", "late_notice_days", "10", "Indiquez moins de jours que pour l’annulation"),
        ("dedit", "forfeit_percent", "101", "Indiquez un nombre entre 1 et 100"),
        ("dedit", "forfeit_percent", "60", "Indiquez au moins le pourcentage du dédit"),
        ("dedit", "late_forfeit_percent", "29", "Indiquez au moins le pourcentage du dédit"),
        ("dedit", "late_forfeit_percent", "", "Indiquez un pourcentage"),
        ("apparence", "accent", "#FFD400", "Cette couleur est trop claire pour être lue"),
        ("apparence", "accent", "red;}body{display:none", "Écrivez la couleur comme #0B5F62"),
        ("textes", "terms", "x" * 40_001, "Ce texte est trop long"),
    ],
)
def test_what_is_wrong_is_refused_and_kept_in_the_form(
    app: Flask, office: Visitor, slug: str, name: str, typed: str, sentence: str
) -> None:
    before = stored(app, name)
    answer = office.submit(f"{PAGES}/{slug}", {name: typed}, form="#reglages")
    assert answer.status_code == 422
    assert sentence.replace(" ", "") in text_of(answer).replace(" ", "")
    assert stored(app, name) == before


def test_charging_vat_asks_for_the_number(app: Flask, office: Visitor) -> None:
    answer = office.submit(f"{PAGES}/mentions", {"vat_regime": "standard"}, form="#reglages")
    sentence = "Indiquez ce numéro : il figure sur ce qui porte de la TVA"
    assert_refused(answer, "vat_number", sentence)
    assert stored(app, "vat_regime") == "exempt"


def test_two_people_on_one_page_see_both_values_and_lose_none(app: Flask, office: Visitor) -> None:
    nadia, other = office.get(f"{PAGES}/identite"), sign_in(app, OFFICE)
    other.submit(f"{PAGES}/identite", {"city": "Beaune"}, form="#reglages")
    refused = office.submit(nadia, {"city": "Nuits-Saint-Georges"}, form="#reglages")
    assert refused.status_code == 409
    assert compared(refused) == {"Ville": ("Nuits-Saint-Georges", "Beaune")}
    assert stored(app, "city") == "Beaune"
    office.submit(refused, form="#reglages")  # « Garder mes réponses et enregistrer »
    assert stored(app, "city") == "Nuits-Saint-Georges"


def test_another_page_of_settings_does_not_make_this_one_stale(app: Flask, office: Visitor) -> None:
    page = office.get(f"{PAGES}/identite")
    office.submit(f"{PAGES}/signataire", {"signatory_function": "Gérante"}, form="#reglages")
    assert office.submit(page, {"city": "Beaune"}, form="#reglages").status_code == 303


def test_the_journal_keeps_who_changed_what(app: Flask, office: Visitor) -> None:
    office.submit(f"{PAGES}/textes", {"terms": "Article 1. Tout est dit."}, form="#reglages")
    office.submit(f"{PAGES}/signataire", {"signatory_name": "Paul Rey"}, form="#reglages")
    with app.app_context():
        entries = db.session.scalars(db.select(JournalEntry).order_by(JournalEntry.seq)).all()
        details = [db.session.get_one(JournalDetails, entry.seq).details for entry in entries]
    assert [entry.event for entry in entries] == ["save_settings"] * 2
    assert [entry.body for entry in entries] == [
        {"group": "textes", "fields": ["terms"]},
        {"group": "signataire", "fields": ["signatory_name"]},
    ]
    assert details[1]["changes"] == {"signatory_name": ["Solène Armand", "Paul Rey"]}
    assert details[1]["actor"] == "Nadia Belkacem"
    assert len(details[0]["changes"]["terms"][0]) == 64  # a long text is known by its digest


def test_the_letterhead_is_previewed_without_being_kept(app: Flask, office: Visitor) -> None:
    page = office.get(f"{PAGES}/identite")
    shown = office.submit(
        page, {"name": "<b>Rivage</b> Nord"}, form="#reglages", button="Voir l’aperçu"
    )
    assert shown.status_code == 200
    assert "<b>Rivage</b> Nord" in text_of(shown).split("Aperçu")[-1]
    assert stored(app, "name") == "Rivage Formation"
    values = {"action": "apercu", "name": "Rivage Sud", "csrf_token": token(page)}
    fragment = office.hx(f"{PAGES}/identite", "apercu", data=values)
    assert fragment.text.lstrip().startswith("<aside")
    assert "Rivage Sud" in text_of(fragment)


def token(page: object) -> str:
    field = soup_of(page.text).select_one("#reglages [name=csrf_token]")  # type: ignore[attr-defined]
    assert field is not None
    return str(field["value"])


def test_a_colour_shows_how_well_it_reads_before_it_is_chosen(office: Visitor) -> None:
    page = office.get(f"{PAGES}/apparence")
    assert "Lisible Contraste 6,2" in text_of(page)
    shown = office.submit(page, {"accent": "#ffd400"}, form="#reglages", button="Voir l’aperçu")
    assert "Trop clair Contraste 1,3" in text_of(shown)
    assert 'fill="#FFD400"' in shown.text


def test_a_readable_colour_becomes_the_portal_s(app: Flask, office: Visitor) -> None:
    office.submit(f"{PAGES}/apparence", {"accent": "#7a1f3d"}, form="#reglages")
    assert stored(app, "accent") == "#7A1F3D"
    assert "--accent:#7A1F3D" in office.get("/marque.css").text


def test_contrast_is_the_one_of_wcag() -> None:
    assert rules.contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert rules.contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
    assert rules.least_contrast("#0B5F62") < rules.contrast("#0B5F62", rules.PAPER)


def test_an_empty_field_says_what_cannot_leave(app: Flask, office: Visitor) -> None:
    with app.app_context(), writing():
        accounts.organisation().iban = ""
    assert "Banque et délaisIBAN, validité, paiement 1 champ à remplir" in text_of(
        office.get(f"{PAGES}/")
    )
    page = text_of(office.get(f"{PAGES}/banque"))
    assert "Vide : devis, convention et programme ne peuvent pas partir. Devis et factures." in page


@pytest.mark.parametrize("slug", ["dedit", "textes"])
def test_terms_that_state_another_forfeit_are_quoted(
    app: Flask, office: Visitor, slug: str
) -> None:
    """The convention prints the setting, the terms joined to the quotation their own words."""
    words = "Vos conditions générales ne disent pas le même dédit."
    assert words not in text_of(office.get(f"{PAGES}/{slug}")), "those of the demonstration agree"
    office.submit(f"{PAGES}/dedit", {"forfeit_percent": "20"}, form="#reglages")
    shown = text_of(office.get(f"{PAGES}/{slug}"))
    assert words in shown
    assert "l’organisme facture à titre de dédit 30 % du prix" in shown
    assert "Réglages : 20 % puis 50 %." in shown
    assert words not in text_of(office.get(f"{PAGES}/identite"))


@pytest.mark.parametrize(
    ("terms", "quoted"),
    [
        ("Le dédit est de 30 %, puis de 50 % du prix.", False),
        ("Le dédit est de 30,0\u00a0% du prix.", False),
        ("Un dédit de 40 % est dû. Rien d’autre.", True),
        ("Le DÉDIT est de 33,5 pour cent.", True),
        ("La TVA est de 20 %. Le dédit se facture à part.", False),
        ("Dédit : trente jours de préavis, cinq jours ouvrés.", False),
        ("https://rivage-formation.example/conditions", False),
        ("", False),
    ],
)
def test_only_a_percentage_of_a_forfeit_is_compared(terms: str, quoted: bool) -> None:
    found = rules.other_forfeit(terms, (30, 50))
    assert bool(found) is quoted
    assert found in terms


def test_an_unknown_page_is_not_found(office: Visitor) -> None:
    assert office.get(f"{PAGES}/tarifs").status_code == 404
