"""Whatever is typed: a French sentence at the top and at the field, and nothing lost."""

import pytest
from flask import Flask

from portal import french
from portal.accounts.models import Organisation
from portal.extensions import db, writing
from tests import screens, story
from tests.pages import Visitor, soup_of, text_of
from tests.screens import assert_refused, controls, fill, follow, plain, section
from tests.story import VASSEUR, a_training

pytestmark = pytest.mark.usefixtures("frozen")
app = story.app_of_the_module()
trainer = story.trainer_of_the_module()

LONG = "Menuiserie " * 46  # 506 characters, 505 once its ends are cut
SIREN = (
    "Vous avez donné un SIREN (9 chiffres) : ajoutez les 5 chiffres de l’établissement pour faire "
    "le SIRET"
)
TOO_LONG = "Ce texte est trop long : {} caractères au plus, il y en a {}"


COMPANY = [
    ("siret", "900 553 124 0001", "Le SIRET compte 14 chiffres, il en manque 1"),
    ("siret", "900 553 124 000188", "Le SIRET compte 14 chiffres, il y en a 1 de trop"),
    (
        "siret",
        "900 553 124 00019",
        "Ce SIRET comporte une erreur de frappe : vérifiez les chiffres",
    ),
    ("siret", "00000000000000", "Ce SIRET comporte une erreur de frappe : vérifiez les chiffres"),
    ("siret", "neuf cents", "Le SIRET s’écrit avec des chiffres de 0 à 9 seulement"),
    (
        "siret",
        "900 553 124",
        SIREN,
    ),
    ("siret", "", "Indiquez le SIRET de l’entreprise"),
    ("legal_name", LONG, TOO_LONG.format(160, 505)),
    ("legal_name", " \u00a0 ", "Indiquez la raison sociale"),
    ("legal_name", "\x07\u200b\u202e", "Indiquez la raison sociale"),
    ("signatory_last_name", "é" * 500, TOO_LONG.format(80, 500)),
    ("signatory_email", "helene.vasseur", "Il manque le signe @ dans l’adresse e-mail"),
    ("signatory_email", "helene@", "Il manque le nom de domaine après @"),
    ("signatory_email", "helene@vasseur", "Il manque la fin de l’adresse, comme .fr ou .com"),
    ("signatory_email", "a@b@c.example", "Une adresse e-mail ne contient qu’un seul signe @"),
    ("contact_email", "@vasseur.example", "Il manque le nom avant @"),
    ("postcode", "2120", "Le code postal compte 5 chiffres, il en manque 1"),
    ("naf", "43", "Le code NAF compte 4 chiffres et une lettre, par exemple 85.59A"),
    ("staff_count", "dix-huit", "Écrivez un nombre entier, en chiffres"),
    ("staff_count", "00", "Indiquez un nombre entre 1 et 1 000 000"),
    ("phone", "01 99 00 12", "Un numéro français compte 10 chiffres, il en manque 2"),
    ("funder", "", "Choisissez l’OPCO, ou « Je ne sais pas »"),
]
PRICE = {"price_basis": "flat"}
SHOWN_AGAIN = {"0": "0,00", "0,00 €": "0,00", "950": "950,00"}  # amounts, if not the right ones
PROGRAMME = [
    ("unit_price", "0", PRICE, "Le prix ne peut pas être de 0 €"),
    ("unit_price", "0,00 €", PRICE, "Le prix ne peut pas être de 0 €"),
    ("unit_price", "mille", PRICE, "Écrivez le montant en chiffres, par exemple 1 600,00"),
    ("unit_price", "16OO", PRICE, "Écrivez le montant en chiffres, par exemple 1 600,00"),
    ("unit_price", "1.600", PRICE, "Ce montant se lit de deux façons : écrivez-le comme 1 600,00"),
    ("unit_price", "-50", PRICE, "Le montant ne peut pas être négatif"),
    ("unit_price", "1" * 12, PRICE, "Ce montant dépasse 9 999 999,99 € : vérifiez-le"),
    ("unit_price", "950", {}, "Choisissez aussi le mode de calcul de ce prix"),
    (
        "price_basis",
        "day",
        {},
        "Indiquez aussi le prix, ou choisissez « Comme au catalogue »",
    ),
    ("remote_percent", "101", {}, "Indiquez un nombre entre 0 et 100"),
]
DAYS = [
    ("days-0-date", "", "Jour 1 : indiquez la date"),
    ("days-0-date", "le 12", "Écrivez la date comme 12/01/2027"),
    ("days-0-date", "2027-02-31", "Cette date n’existe pas dans le calendrier"),
    ("days-0-date", "2026-11-20", "Jour 1 : choisissez une date à venir"),
    ("days-0-date", "2026-11-23", "Jour 1 : choisissez une date à venir"),
    ("days-0-date", "9999-01-12", "Vérifiez l’année de cette date"),
    ("days-0-date", "2062-01-12", "Jour 1 : vérifiez l’année"),
    (
        "days-1-date",
        "2027-01-12",
        "Indiquez une date postérieure au mardi 12 janvier 2027 pour le jour 2",
    ),
    (
        "days-1-date",
        "2027-01-11",
        "Indiquez une date postérieure au mardi 12 janvier 2027 pour le jour 2",
    ),
    ("days-0-morning_ends", "08:30", "Jour 1, le matin : la fin doit venir après le début"),
    ("days-0-morning_ends", "09:00", "Jour 1, le matin : la fin doit venir après le début"),
    ("days-0-morning_ends", "", "Jour 1, le matin : il manque l’heure de fin"),
    ("days-1-afternoon_starts", "", "Jour 2, l’après-midi : il manque l’heure de début"),
    (
        "days-0-afternoon_starts",
        "12:00",
        "Jour 1 : l’après-midi commence avant la fin du matin",
    ),
    ("days-0-morning_starts", "25:00", "Cette heure n’existe pas : de 0 h 00 à 23 h 59"),
    ("place", "x" * 500, TOO_LONG.format(240, 500)),
    ("access_notes", "x" * 700, TOO_LONG.format(600, 700)),
]
PEOPLE = [
    ("people-0-first_name", "", "Stagiaire 1 : il manque le prénom"),
    ("people-1-last_name", "", "Stagiaire 2 : il manque le nom"),
    ("people-1-email", "lucie@", "Il manque le nom de domaine après @"),
    ("headcount", "zéro", "Écrivez un nombre entier, en chiffres"),
    ("headcount", "-1", "Écrivez un nombre entier, en chiffres"),
    ("headcount", "00", "Indiquez un nombre entre 1 et 200"),
    ("headcount", "201", "Indiquez un nombre entre 1 et 200"),
    ("headcount", "1", "Vous annoncez 1 stagiaire et en nommez 5 : corrigez l’un ou l’autre"),
    ("people-0-first_name", "É" * 81, "Stagiaire 1 : le prénom compte plus de 80 caractères"),
    ("people-0-job", "x" * 500, TOO_LONG.format(200, 500)),
]


def check(
    app: Flask, trainer: Visitor, slug: str, name: str, typed: str, others: story.Answers, said: str
) -> None:
    """Refused with that sentence; then, whoever comes back finds everything as it was typed."""
    training = a_training(app, way="self")
    before = section(trainer.get(training.page + "verifier"), "Formation")
    page = fill(trainer, training.step(slug), {**others, name: typed})
    assert_refused(page, name, said)
    kept = plain(SHOWN_AGAIN.get(typed, french.clean(typed)))
    assert plain(controls(page)[name]) == kept
    again = trainer.get(training.step(slug))
    assert plain(controls(again)[name]) == kept
    assert {**controls(page), "edit_id": "", "csrf_token": ""} == {
        **controls(again),
        "edit_id": "",
        "csrf_token": "",
    }
    assert section(trainer.get(training.page + "verifier"), "Formation") == before


@pytest.mark.parametrize(("name", "typed", "said"), COMPANY)
def test_client(app: Flask, trainer: Visitor, name: str, typed: str, said: str) -> None:
    check(app, trainer, "client", name, typed, {}, said)


@pytest.mark.parametrize(("name", "typed", "others", "said"), PROGRAMME)
def test_programme_and_price(
    app: Flask, trainer: Visitor, name: str, typed: str, others: story.Answers, said: str
) -> None:
    check(app, trainer, "programme", name, typed, others, said)


@pytest.mark.parametrize(("name", "typed", "said"), DAYS)
def test_dates_and_place(app: Flask, trainer: Visitor, name: str, typed: str, said: str) -> None:
    check(app, trainer, "dates", name, typed, {}, said)


@pytest.mark.parametrize(("name", "typed", "said"), PEOPLE)
def test_trainees(app: Flask, trainer: Visitor, name: str, typed: str, said: str) -> None:
    check(app, trainer, "stagiaires", name, typed, {}, said)


def test_nothing_is_chosen(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, way="self", programme=None, schedule=None)
    page = fill(trainer, training.step("programme"), {})
    assert_refused(page, "programme_id", "Choisissez un programme du catalogue")
    empty = dict.fromkeys([f"days-0-{half}" for half in story.HALVES], "")
    page = fill(trainer, training.step("dates"), {**empty, "days-0-date": "2027-01-12"})
    assert_refused(page, "days-0-morning_starts", "Jour 1 : indiquez au moins une demi-journée")
    page = fill(trainer, page, {"place_mode": "other", "place": ""})
    assert_refused(page, "place", "Indiquez l’adresse exacte du lieu")


def test_a_choice_nobody_offered(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, way="self")
    for slug, name in (
        ("client", "funder"),
        ("programme", "programme_id"),
        ("dates", "place_mode"),
    ):
        page = fill(trainer, training.step(slug), {name: "9999"})
        assert_refused(page, name, "Choisissez une des propositions")


def test_several_faults_are_listed_in_the_order_of_the_page(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, way="self", company=None, funding=None)
    page = fill(trainer, training.step("client"), {"siret": "12", "signatory_email": "helene"})
    text = text_of(page)
    assert "10 points à corriger" in text
    links = [a["href"] for a in soup_of(page.text).select("#erreurs a")]
    assert links == [
        "#siret", "#legal_name", "#address", "#postcode", "#city", "#signatory_first_name",
        "#signatory_last_name", "#signatory_function", "#signatory_email", "#funder",
    ]  # fmt: skip


def test_signs_nobody_sees_are_dropped(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, way="self", company=None)
    typed = VASSEUR | {
        "legal_name": "  Menui\x00serie\t\u202eVasseur\x07 \u200b",
        "city": "Beaune\r\n",
    }
    fill(trainer, training.step("client"), typed)
    text = section(trainer.get(training.page + "verifier"), "Client")
    assert "Raison socialeMenuiserie VasseurModifier" in text
    assert "21200 BeauneModifier" in text


def test_settings_the_organisation_still_lacks_are_named(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, way="self")
    with app.app_context(), writing():
        organisation = db.session.get_one(Organisation, 1)
        kept = organisation.iban, organisation.terms
        organisation.iban, organisation.terms = "", ""
    lacks = "Il manque encore : l’IBAN de l’organisme, les conditions générales"
    try:
        page = trainer.get(training.page + "verifier")
        assert lacks in text_of(page)
        refused = trainer.submit(page, button="Envoyer les documents au client")
        assert refused.status_code == 422
        assert lacks in text_of(refused)
    finally:
        with app.app_context(), writing():
            organisation = db.session.get_one(Organisation, 1)
            organisation.iban, organisation.terms = kept
    page = follow(trainer, trainer.submit(refused, button="Envoyer les documents au client"))
    assert "Documents" in text_of(page)


MARKUP = '<script>alert(1)</script> & <b>"gras"</b>'


def test_markup_stays_text_everywhere(app: Flask, trainer: Visitor) -> None:
    """On every page, in the three papers and in the message: the signs that were typed."""
    texts = ("legal_name", "address", "city", "signatory_first_name", "signatory_last_name")
    texts += ("signatory_function", "contact_name", "billing_address")
    people = {f"people-0-{name}": MARKUP for name in ("first_name", "last_name", "job")}
    training = a_training(
        app,
        "sent",
        way="self",
        company=dict.fromkeys(texts, MARKUP),
        schedule=story.schedule(
            story.first_days(), place_mode="other", place=MARKUP, access_notes=MARKUP
        ),
        trainees={"headcount": "2", "needs_adaptation": "non", **people},
    )
    client = screens.start(app, training.link)
    steps = [training.step(slug) for slug in ("client", "dates", "stagiaires")]
    shown = [trainer.get(url) for url in (training.page, "/formateur/?q=alert", *steps)]
    shown += [client.get(training.link), client.get(training.space)]
    shown += [client.get(training.space + f"apercu/{kind}") for kind in ("devis", "convention")]
    for page in shown:
        assert not soup_of(page.text).find("script", string="alert(1)"), page.request.path
        assert "alert(1)" in page.text, page.request.path
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;" in page.text

    papers = story.print_papers(app, training)
    assert papers["devis"].text.count(MARKUP) >= 5
    assert papers["convention"].text.count(MARKUP) >= 5
    assert MARKUP in papers["programme"].text
    story.work(app)
    with app.app_context():
        message = story.message_of(story.last_email(training, "documents_to_client"))
    assert MARKUP in plain(message.body)
    assert "<script>" not in message.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp;" in message.html


def test_markup_in_a_conflict_and_in_a_reason(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, way="self")
    mine, theirs = (trainer.get(training.step("client")) for _ in range(2))
    fill(trainer, theirs, {"legal_name": MARKUP})
    page = fill(trainer, mine, {"legal_name": "Vasseur"})
    assert page.status_code == 409
    assert screens.compared(page)["Raison sociale"] == ("Vasseur", MARKUP)
    page = trainer.submit(training.page + "annuler", {"reason": MARKUP})
    assert MARKUP in text_of(follow(trainer, page))
