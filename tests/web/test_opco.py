"""« Trouver mon OPCO » and the look-up of the forms, as pages: without JavaScript, and as htmx."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from portal import tasks
from portal.access import tries
from portal.blueprints import opco as page
from portal.companies import service as companies
from portal.extensions import db
from portal.funding.rules import opcos
from portal.training.models import TrainingSession
from tests import story
from tests.companies import fake_registry as fake
from tests.companies.fake_registry import Directory, serving
from tests.pages import Visitor, apply_fragment, soup_of, text_of

PATH = "/trouver-mon-opco"
ClientOf = Callable[[int], Visitor]
IDENTITY = ("siret", "legal_name", "address", "postcode", "city", "naf")


@pytest.fixture
def directory() -> Iterator[Directory]:
    with serving() as server:
        yield server


@pytest.fixture(autouse=True)
def app(app: Flask, directory: Directory) -> Flask:
    app.config["PORTAL"] = replace(app.config["PORTAL"], registry_url=directory.url)
    return app


def ask(visitor: Visitor, typed: str, status: int = 200) -> str:
    answer = visitor.get(PATH, query_string={"q": typed})
    assert answer.status_code == status
    return text_of(answer)


# --- The page


@pytest.mark.parametrize(
    ("typed", "sentences"),
    [
        ("", ["Trouver mon OPCO", "Les onze OPCO", "Indépendant, sans salarié ?"]),
        (
            "900 553 124 00018",
            ["Menuiserie Vasseur · Beaune (21)", "Votre OPCO est Constructys",
             "D’après la convention déclarée pour ce SIRET", "IDCC 1597", "15 jours au moins avant",
             "(délai à confirmer)", "Ouvrir le portail de Constructys", "août 2026",
             "Ce n’est pas le bon OPCO ?"],
        ),
        ("900553124", ["Votre OPCO est Constructys"]),
        (fake.CLOSED, ["cet établissement est fermé", "900 553 124 00018", "pour le siège"]),
        (fake.HIDDEN, ["n’est pas dans l’annuaire public"]),
        (fake.TWO_IDCC, ["applique plusieurs conventions", "OCAPIAT", "IDCC 7024", "IDCC 1979"]),
        (fake.SHARED_IDCC, ["Plusieurs OPCO sont possibles", "Uniformation", "OCAPIAT"]),
        (fake.NO_IDCC, ["Une piste : OPCO Atlas", "Suggestion d’après l’activité"]),
        (fake.ALONE, ["fonds d’assurance formation", "AGEFICE", "FIF PL", "62.01Z"]),
        ("1597", ["Votre OPCO est Constructys", "D’après cette convention collective"]),
        ("3203", ["Plusieurs OPCO sont possibles"]),
        ("9999", ["Aucun OPCO trouvé", "9999"]),
        ("62.02A", ["Une piste : OPCO Atlas"]),
        ("boulangerie", ["OPCO EP", "IDCC 0843", "Boulangerie du Fournil", "10.71C"]),
        ("AKTO", ["30 jours au moins", "déjà signée", "Ouvrir le portail d’AKTO"]),
        ("Uniformation", ["délai à vérifier chez Uniformation"]),
        ("indépendant", ["AGEFICE", "VIVEA", "FAFCEA"]),
        ("90055312400019", ["erreur de frappe"]),
        ("zzz", ["Aucun résultat"]),
    ],
)  # fmt: skip
def test_what_is_typed_is_answered(anonymous: Visitor, typed: str, sentences: list[str]) -> None:
    said = ask(anonymous, typed)
    for sentence in sentences:
        assert sentence in said


@pytest.mark.parametrize("code", sorted(opcos()))
def test_each_opco_can_be_asked_for(anonymous: Visitor, code: str) -> None:
    answer = anonymous.get(PATH, query_string={"q": opcos()[code].name})
    assert opcos()[code].portal_url in answer.text
    assert "France compétences" in text_of(answer)


def test_a_choice_has_no_answer_made_beforehand(anonymous: Visitor) -> None:
    soup = soup_of(anonymous.get(PATH, query_string={"q": fake.TWO_IDCC}).text)
    boxes = soup.select("input[type=radio]")
    assert [box["value"] for box in boxes] == ["OCAPIAT", "AKTO"]
    assert not any(box.has_attr("checked") for box in boxes)


@pytest.mark.parametrize(
    "typed",
    ["<script>alert(1)</script>", "' OR 1=1 --", "\x00\x08", "x" * 10_000, "٣٤", "\u202eabc",
     "{{7*7}}", "%0d%0a", "日本", "a" * 300 + " 900 553 124 00018"],
    ids=ascii,
)  # fmt: skip
def test_messy_questions(anonymous: Visitor, typed: str) -> None:
    answer = anonymous.get(PATH, query_string={"q": typed})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text


def test_results_are_not_indexed_but_the_page_is(anonymous: Visitor) -> None:
    assert "noindex" not in anonymous.get(PATH).text
    assert "noindex" in anonymous.get(PATH, query_string={"q": "1597"}).text


def test_a_directory_that_is_down_leaves_the_tables(
    anonymous: Visitor, directory: Directory
) -> None:
    directory.fault = fake.broken
    said = ask(anonymous, fake.VASSEUR)
    assert "L’annuaire des entreprises ne répond pas" in said
    assert "Les onze OPCO" in said
    assert "IDCC 0843" in ask(anonymous, "boulangerie")
    assert "Votre OPCO est Constructys" in ask(anonymous, "1597")


def test_too_many_questions_are_put_off_kindly(
    anonymous: Visitor, trainer: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "QUESTIONS", 2)
    for name in ("vasseur", "garage"):
        ask(anonymous, name)
    refused = anonymous.get(PATH, query_string={"q": fake.VASSEUR})
    assert refused.status_code == 429
    assert 500 < int(refused.headers["Retry-After"]) <= 600
    assert "Patientez 10 minutes, puis réessayez" in text_of(refused)
    assert "Votre OPCO est Constructys" in ask(anonymous, "1597")  # the tables stay open
    live = anonymous.hx(f"{PATH}?q=menuiserie", target="resultat")
    assert live.status_code == 200  # htmx would not show a 429
    assert "Patientez" in live.text
    assert "IDCC" in live.text
    assert "Votre OPCO est Constructys" in ask(trainer, fake.VASSEUR)  # staff is not counted


def test_counting_that_fails_closes_nothing(
    anonymous: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_given: object) -> bool:
        raise OperationalError("INSERT", {}, Exception("disk"))

    monkeypatch.setattr(tries, "allow", lost)
    assert "Votre OPCO est Constructys" in ask(anonymous, fake.VASSEUR)


def test_the_fragment_is_the_page_s_own_part(anonymous: Visitor) -> None:
    before = anonymous.get(PATH)
    fragment = anonymous.hx(f"{PATH}?q=1597", target="resultat")
    assert "<h1" not in fragment.text
    whole = soup_of(anonymous.get(PATH, query_string={"q": "1597"}).text)
    swapped = soup_of(apply_fragment(before.text, fragment.text, "resultat"))
    assert str(swapped.find(id="resultat")) == str(whole.find(id="resultat"))
    assert "OPCO trouvé : Constructys" in str(swapped.find(id="annonces")).replace("\u00a0", " ")


# --- From a result to a session


def test_a_trainer_starts_a_session_from_a_result(app: Flask, trainer: Visitor) -> None:
    found = trainer.get(PATH, query_string={"q": fake.VASSEUR})
    (link,) = soup_of(found.text).select("a[href*='nouvelle?siret']")
    answer = trainer.submit(trainer.get(str(link["href"])), {"way": "self"})
    assert answer.status_code == 303
    step = trainer.get(answer.headers["Location"])
    assert values(step.text, *IDENTITY[1:3]) == ["Menuiserie Vasseur", "14 Rue des Forges"]
    assert values(step.text, "funder") == ["CONSTRUCTYS"]


def test_visitors_are_not_offered_to(anonymous: Visitor, office: Visitor) -> None:
    for visitor in (anonymous, office):
        assert "Créer une demande" not in ask(visitor, fake.VASSEUR)


def test_the_client_finds_its_company_filled_in(
    app: Flask, trainer: Visitor, client_of: ClientOf
) -> None:
    form = trainer.get(f"/formateur/sessions/nouvelle?siret={fake.VASSEUR}")
    told = story.told_at(app, trainer.submit(form, {"way": "link"}).headers["Location"])
    client = client_of(told.id)
    assert values(client.get(told.client_step("entreprise")).text, "city") == ["Beaune"]
    funding = client.get(told.client_step("financement"))
    assert values(funding.text, "funder") == ["CONSTRUCTYS"]
    assert "OPCO Constructys, trouvé, à confirmer" in text_of(funding)


# --- In the forms


def values(html: str, *names: str) -> list[str]:
    soup = soup_of(html)
    found = []
    for name in names:
        field = soup.find(id=name)
        assert field is not None, name
        chosen = field.select_one("option[selected]") if field.name == "select" else field
        found.append(str(chosen["value"]) if chosen and chosen.has_attr("value") else "")
    return found


@pytest.fixture
def told(app: Flask) -> story.Told:
    return story.a_training(app, "draft", way="self", company=None, funding=None)


def press(visitor: Visitor, told: story.Told, button: str, **typed: str) -> str:
    answer = visitor.submit(told.step("client"), typed, form="#etape", button=button)
    assert answer.status_code == 200
    return answer.text


def test_a_siret_fills_the_company(told: story.Told, trainer: Visitor) -> None:
    shown = press(trainer, told, "Chercher", siret="900 553 124 00018")
    assert values(shown, *IDENTITY) == [
        "900 553 124 00018", "Menuiserie Vasseur", "14 Rue des Forges", "21200", "Beaune", "43.32A",
    ]  # fmt: skip
    assert values(shown, "funder") == ["CONSTRUCTYS"]
    said = text_of(trainer.get(told.step("client")))
    assert "OPCO Constructys, trouvé, à confirmer" in said
    assert "IDCC 1597" in said
    assert "août 2026" in said
    assert "Proposé, à confirmer" in said  # the live summary


def test_capitals_and_accents_are_no_difference(told: story.Told, trainer: Visitor) -> None:
    press(trainer, told, "Chercher", siret=fake.VASSEUR, address="14 rue des forges")
    assert "diffèrent de l’annuaire" not in text_of(trainer.get(told.step("client")))


def test_what_was_typed_is_kept_and_can_be_given_up(told: story.Told, trainer: Visitor) -> None:
    shown = press(trainer, told, "Chercher", siret=fake.VASSEUR, legal_name="Vasseur & fille")
    assert values(shown, "legal_name", "city") == ["Vasseur & fille", "Beaune"]
    assert "diffèrent de l’annuaire (raison sociale)" in text_of(trainer.get(told.step("client")))
    shown = press(trainer, told, "Reprendre celles de l’annuaire")
    assert values(shown, "legal_name") == ["Menuiserie Vasseur"]


def test_another_siret_takes_the_first_one_s_values_away(
    told: story.Told, trainer: Visitor
) -> None:
    press(trainer, told, "Chercher", siret=fake.VASSEUR)
    shown = press(trainer, told, "Chercher", siret=fake.SIGNED)
    assert values(shown, "legal_name", "city", "funder") == ["Rempart Securite", "Tours", "AKTO"]
    shown = press(trainer, told, "Chercher", siret=fake.HIDDEN)
    assert values(shown, "legal_name", "city", "funder") == ["", "", ""]


@pytest.mark.parametrize(
    ("siret", "sentences", "funder"),
    [
        (
            fake.CLOSED,
            ["Établissement fermé d’après l’annuaire", "Prendre le siège"],
            "CONSTRUCTYS",
        ),
        (fake.HIDDEN, ["Ce SIRET n’est pas dans l’annuaire public"], ""),
        (fake.TWO_IDCC, ["OPCO à choisir", "IDCC 7024", "IDCC 1979"], ""),
        (fake.SHARED_IDCC, ["OPCO à choisir"], ""),
        (fake.NO_IDCC, ["OPCO à préciser", "simple piste"], ""),
        (fake.ALONE, ["fonds d’assurance formation", "AGEFICE ou FIF PL"], ""),
    ],
)
def test_each_case_is_said_and_nothing_doubtful_is_selected(
    told: story.Told, trainer: Visitor, siret: str, sentences: list[str], funder: str
) -> None:
    shown = press(trainer, told, "Chercher", siret=siret)
    said = " ".join(soup_of(shown).get_text(" ").replace("\u00a0", " ").split())
    for sentence in sentences:
        assert sentence in said
    assert values(shown, "funder") == [funder]


def test_the_head_office_of_a_closed_establishment(told: story.Told, trainer: Visitor) -> None:
    press(trainer, told, "Chercher", siret=fake.CLOSED)
    shown = press(trainer, told, "Prendre le siège")
    assert values(shown, "siret", "city") == [fake.VASSEUR, "Beaune"]


def test_by_name_when_the_siret_is_not_known(told: story.Told, trainer: Visitor) -> None:
    shown = press(trainer, told, "Chercher ce nom", company_query="vasseur")
    assert "Menuiserie Vasseur" in shown
    chosen = trainer.post(
        told.step("client"),
        data=form_values(shown) | {"action": f"choisir-entreprise-{fake.VASSEUR}"},
    )
    assert values(chosen.text, "siret", "legal_name") == [fake.VASSEUR, "Menuiserie Vasseur"]
    assert "Aucune entreprise de ce nom" in press(
        trainer, told, "Chercher ce nom", company_query="personne du tout"
    ).replace("\u00a0", " ")
    assert "au moins 3" in press(trainer, told, "Chercher ce nom", company_query="v")


def form_values(html: str) -> dict[str, str]:
    soup = soup_of(html)
    inputs = soup.select("#etape input[name], input[form=etape]")
    found = {
        str(i["name"]): str(i.get("value", ""))
        for i in inputs
        if i.get("type") not in ("radio", "checkbox") or i.has_attr("checked")
    }
    selected = soup.select_one("#funder option[selected]")
    return found | {"funder": str(selected["value"]) if selected else ""}


def test_a_wrong_siret_says_what_to_do(told: story.Told, trainer: Visitor) -> None:
    shown = press(trainer, told, "Chercher", siret="900 553")
    assert "Indiquez d’abord un SIRET de 14 chiffres" in shown.replace("\u00a0", " ")
    assert values(shown, "siret") == ["900 553"]


def test_enter_in_the_siret_field_looks_it_up_first(told: story.Told, trainer: Visitor) -> None:
    answer = trainer.submit(told.step("client"), {"siret": fake.VASSEUR}, form="#etape")
    assert answer.status_code == 200
    assert values(answer.text, "legal_name") == ["Menuiserie Vasseur"]


PERSON = {
    "legal_name": "Menuiserie Vasseur",
    "signatory_first_name": "Hélène",
    "signatory_last_name": "Vasseur",
    "signatory_function": "Gérante",
    "signatory_email": "helene.vasseur@menuiserie-vasseur.example",
    "funder": "CONSTRUCTYS",
    "subrogation": "oui",
}


@pytest.mark.parametrize(
    "fault", [fake.broken, fake.busy(), fake.slow, fake.saying(b"<html>")],
    ids=["500", "429", "slow", "garbage"],
)  # fmt: skip
def test_an_outage_blocks_no_form_and_is_made_up_for(
    app: Flask, told: story.Told, trainer: Visitor, directory: Directory, fault: fake.Any
) -> None:
    directory.fault = fault
    shown = press(trainer, told, "Chercher", siret=fake.VASSEUR).replace("\u00a0", " ")
    assert "L’annuaire ne répond pas." in shown
    assert "Saisissez la raison sociale, nous compléterons plus tard." in shown
    answer = trainer.submit(told.step("client"), {"siret": fake.VASSEUR, **PERSON}, form="#etape")
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith("/etapes/programme")
    assert "n’a pas encore répondu" in text_of(trainer.get(told.step("client")))
    directory.fault = None
    app.config["PORTAL"].registry_state.unlink()
    tasks.run_pending(app)
    with app.app_context():
        company = db.session.get_one(TrainingSession, told.id).company
        assert company is not None
        assert (company.legal_name, company.city) == ("Menuiserie Vasseur", "Beaune")
        found = companies.finding_of(told.id)
        assert found is not None
        assert (found.proposed.code, found.confirmed_code) == ("CONSTRUCTYS", "CONSTRUCTYS")
    assert "Confirmé par Claire Montagnier" in text_of(trainer.get(told.page))


def test_a_person_confirms_and_is_named(told: story.Told, trainer: Visitor) -> None:
    press(trainer, told, "Chercher", siret=fake.VASSEUR)
    answer = trainer.submit(told.step("client"), PERSON, form="#etape")
    assert answer.status_code == 303
    said = text_of(trainer.get(told.step("client")))
    assert re.search(r"Confirmé par Claire Montagnier le \d", said)
    assert "à confirmer" not in said.replace("(délai à lui faire confirmer)", "")


def test_the_fragment_of_a_look_up(told: story.Told, trainer: Visitor) -> None:
    opened = trainer.get(told.step("client"))
    data = form_values(opened.text) | {"siret": fake.VASSEUR, "action": "chercher-entreprise"}
    fragment = trainer.hx(told.step("client"), target="entreprise", data=data)
    swapped = soup_of(apply_fragment(opened.text, fragment.text, "entreprise"))
    assert values(str(swapped), "legal_name", "funder") == ["Menuiserie Vasseur", "CONSTRUCTYS"]
    said = str(swapped.find(id="annonces")).replace("\u00a0", " ")
    assert "Trouvé : Menuiserie Vasseur, Beaune, OPCO Constructys, à confirmer" in said
    assert len(swapped.select("#financement")) == 1
    assert soup_of(fragment.text).find(id="signatory_first_name") is None  # being typed elsewhere


def test_look_ups_of_one_dossier_are_bounded(
    told: story.Told, trainer: Visitor, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.blueprints.lookup.LOOKUPS", 1)
    press(trainer, told, "Chercher", siret=fake.VASSEUR)
    assert "L’annuaire ne répond pas" in press(trainer, told, "Chercher", siret=fake.SIGNED)
    assert len(directory.asked) == 1


def test_an_early_signature_is_offered_where_the_opco_wants_one(
    app: Flask, client_of: ClientOf, trainer: Visitor
) -> None:
    told = story.a_training(app, "sent", funding={"funder": "AKTO"})
    client = client_of(told.id)
    space = text_of(client.get(told.space))
    assert "AKTO veut la convention déjà signée" in space
    assert "Déposez-la avant le" in space
    assert "la convention déjà signée" in text_of(client.get(told.space + "merci"))
    assert "La convention s’y joint déjà signée" in text_of(trainer.get(told.page))
    other = story.a_training(app, "sent")
    assert "déjà signée" not in text_of(client_of(other.id).get(other.space))
