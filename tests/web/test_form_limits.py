"""What forms ask for and how much they take: settings, people, programmes, field by field."""

import pytest
from flask import Flask
from sqlalchemy import String

from portal.accounts.forms import GROUPS
from portal.accounts.models import Organisation
from tests.conftest import PASSWORD, TRAINER
from tests.pages import Visitor, soup_of, text_of
from tests.screens import assert_refused, at_field
from tests.web.test_catalogue import HOME, LPM, section
from tests.web.test_settings import PAGES, stored
from tests.web.test_story_people import invite, link_in

MAY_BE_EMPTY = {"capital_cents", "rcs", "website", "vat_number", "mediator", "reads_over"}
COLUMNS = {column.name: column for column in Organisation.__table__.columns}
SETTINGS = [(slug, name) for slug, group in GROUPS.items() for name in group.names]


@pytest.mark.parametrize("slug", GROUPS)
def test_what_papers_or_pages_print_is_never_emptied(
    app: Flask, office: Visitor, slug: str
) -> None:
    for name in GROUPS[slug].names:
        if name in MAY_BE_EMPTY:
            continue
        before = stored(app, name)
        page = office.get(f"{PAGES}/{slug}")
        radios = soup_of(page.text).select(f"#reglages [name={name}][type=radio]")
        if radios:  # a choice cannot be emptied in a browser, only by a forged form
            data = {"csrf_token": token(page), "seen": ""}
            answer = office.post(f"{PAGES}/{slug}", data=data)
        else:
            answer = office.submit(page, {name: " "}, form="#reglages")
        assert answer.status_code == 422, name
        assert at_field(answer, name), name
        assert stored(app, name) == before


def token(page: object) -> str:
    field = soup_of(page.text).select_one("#reglages [name=csrf_token]")  # type: ignore[attr-defined]
    assert field is not None
    return str(field["value"])


def test_every_setting_is_asked_for_or_may_be_empty() -> None:
    nullable = {name for _slug, name in SETTINGS if COLUMNS[name].nullable}
    assert nullable == MAY_BE_EMPTY - {"reads_over"}
    assert all(
        isinstance(COLUMNS[name].type, String) for _s, name in SETTINGS if name.endswith("_name")
    )


@pytest.mark.parametrize(
    ("slug", "name", "typed", "sentence"),
    [
        ("identite", "name", "R" * 121, "120 caractères au plus"),
        ("identite", "postcode", "2100", "code postal"),
        ("identite", "email", "contact@", "Il manque le nom de domaine"),
        ("identite", "phone", "12", "numéro"),
        ("mentions", "vat_number", "FR00901447821", "TVA"),
        ("mentions", "disability_email", "handicap", "@"),
        ("mentions", "disability_phone", "12", "numéro"),
        ("mentions", "qualiopi_valid_until", "31/02/2028", "date"),
        ("mentions", "vat_regime", "libre", "Choisissez une des propositions"),
        ("banque", "quote_validity_days", "366", "Indiquez un nombre entre 1 et 365"),
        ("banque", "quote_validity_days", "0", "Indiquez un nombre entre 1 et 365"),
        ("dedit", "late_forfeit_percent", "101", "Indiquez un nombre entre 1 et 100"),
        ("dedit", "late_notice_days", "60", "Indiquez un nombre entre 1 et 59"),
        ("textes", "internal_rules", "x" * 40_001, "40000 caractères au plus"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(
    app: Flask, office: Visitor, slug: str, name: str, typed: str, sentence: str
) -> None:
    before, page = stored(app, name), office.get(f"{PAGES}/{slug}")
    if name == "vat_regime":
        answer = office.post(
            f"{PAGES}/{slug}", data={"csrf_token": token(page), "seen": "", name: typed}
        )
    else:
        answer = office.submit(page, {name: typed}, form="#reglages")
    assert answer.status_code == 422
    said = at_field(answer, name) or ""
    assert sentence.replace(" ", "") in said.replace("\u00a0", "").replace(" ", ""), said
    assert stored(app, name) == before


@pytest.mark.parametrize(
    ("slug", "typed"),
    [
        ("banque", {"quote_validity_days": 1, "payment_days": 1}),
        ("banque", {"quote_validity_days": 365, "payment_days": 60}),
        ("dedit", {"notice_days": 2, "late_notice_days": 1}),
        ("dedit", {"notice_days": 60, "late_notice_days": 59}),
        ("dedit", {"forfeit_percent": 1, "late_forfeit_percent": 1}),
        ("dedit", {"forfeit_percent": 100, "late_forfeit_percent": 100}),
    ],
)
def test_a_setting_at_its_limit_is_kept(
    app: Flask, office: Visitor, slug: str, typed: dict[str, int]
) -> None:
    filled = {name: str(value) for name, value in typed.items()}
    assert office.submit(f"{PAGES}/{slug}", filled, form="#reglages").status_code == 303
    assert {name: stored(app, name) for name in typed} == typed


# --- People


@pytest.mark.parametrize(
    ("changes", "name", "sentence"),
    [
        ({"role": ""}, "role", "Choisissez l’accès"),
        ({"role": "client"}, "role", ""),
        ({"first_name": ""}, "first_name", "Indiquez le prénom"),
        ({"first_name": "Z" * 81}, "first_name", "80 caractères au plus"),
        ({"last_name": " "}, "last_name", "Indiquez le nom"),
        ({"last_name": "L" * 81}, "last_name", "80 caractères au plus"),
        ({"email": ""}, "email", "Indiquez l’e-mail"),
        ({"email": "zoe@"}, "email", "Il manque le nom de domaine après @"),
    ],
)
def test_an_invitation_names_somebody(
    office: Visitor, changes: dict[str, str], name: str, sentence: str
) -> None:
    page = office.get("/organisme/personnes/inviter")
    typed = {"role": "trainer", "first_name": "Zoé", "last_name": "Lambert"}
    typed |= {"email": "zoe@rivage-formation.example"} | changes
    field = soup_of(page.text).select_one("main [name=csrf_token]")
    assert field is not None
    data = typed | {"csrf_token": str(field["value"])}
    answer = office.post("/organisme/personnes/inviter", data=data)
    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert soup_of(answer.text).select_one(f"#erreurs a[href^='#{name}']") is not None


@pytest.mark.parametrize(
    ("name", "length"),
    [
        ("first_name", 80),
        ("last_name", 80),
        ("titles", 200),
        ("qualifications", 1_500),
        ("specialities", 1_000),
    ],
)
def test_a_profile_takes_what_a_paper_can_print(trainer: Visitor, name: str, length: int) -> None:
    long = trainer.submit("/compte/", {name: "a" * (length + 1)}, form="#profil")
    assert long.status_code == 422
    assert "caractères au plus" in (at_field(long, name) or "")
    assert trainer.submit(long, {name: "a" * length}, form="#profil").status_code == 303


def test_a_profile_has_a_name_and_a_telephone_that_rings(trainer: Visitor) -> None:
    for name, typed in (("first_name", ""), ("last_name", " "), ("phone", "12")):
        answer = trainer.submit("/compte/", {name: typed}, form="#profil")
        assert answer.status_code == 422
        assert at_field(answer, name)
    assert trainer.submit("/compte/", {"phone": ""}, form="#profil").status_code == 303


def test_nothing_typed_is_said_at_each_door(
    app: Flask, office: Visitor, trainer: Visitor, anonymous: Visitor
) -> None:
    forgot = anonymous.submit("/mot-de-passe-oublie", {"email": ""})
    assert_refused(forgot, "email", "Indiquez votre e-mail")
    invite(office)
    link = link_in(app, "zoe.lambert@rivage-formation.example", "account_invitation")
    first = anonymous.submit(link, {"new_password": ""})
    assert_refused(first, "new_password", "Choisissez un mot de passe")
    nothing = {"current_password": "", "new_password": ""}
    page = trainer.submit("/compte/mot-de-passe", nothing)
    assert_refused(page, "current_password", "Indiquez votre mot de passe actuel")
    assert_refused(page, "new_password", "Choisissez un mot de passe")
    page = trainer.submit("/compte/adresse", {"current_password": "", "email": ""})
    assert_refused(page, "current_password", "Indiquez votre mot de passe actuel")
    assert_refused(page, "email", "Indiquez la nouvelle adresse")
    page = anonymous.submit("/connexion", {"email": "", "password": PASSWORD})
    assert_refused(page, "email", "Indiquez votre e-mail")
    assert TRAINER not in text_of(page)


# --- Programmes


@pytest.mark.parametrize(
    ("slug", "name", "length"),
    [
        ("presentation", "title", 160),
        ("objectifs", "audience", 4_000),
        ("objectifs", "prerequisites", 4_000),
        ("moyens", "methods", 4_000),
        ("moyens", "means", 4_000),
        ("moyens", "follow_up", 4_000),
        ("moyens", "remote_help", 4_000),
        ("evaluation", "assessment", 4_000),
        ("evaluation", "sanction", 4_000),
        ("evaluation", "certification", 240),
        ("evaluation", "certifier", 160),
        ("acces", "access_delay", 4_000),
        ("acces", "accessibility", 4_000),
        ("acces", "results", 4_000),
    ],
)
def test_a_section_takes_what_a_paper_can_print(
    office: Visitor, slug: str, name: str, length: int
) -> None:
    long = office.submit(section(slug), {name: "a" * (length + 1)})
    assert long.status_code == 422
    assert "caractères au plus" in (at_field(long, name) or "")
    assert office.submit(long, {name: "a" * length}).status_code == 303


@pytest.mark.parametrize(
    ("changes", "name", "sentence"),
    [
        ({"title": ""}, "title", "Indiquez l’intitulé"),
        ({"minutes": ""}, "minutes", "Indiquez la durée"),
        ({"price_cents": ""}, "price_cents", "Indiquez le prix, ou 0 si la formation est gratuite"),
        (
            {"price_cents": "cher"},
            "price_cents",
            "Écrivez le montant en chiffres, par exemple 1 600,00",
        ),
    ],
)
def test_a_programme_begins_with_three_answers(
    office: Visitor, changes: dict[str, str], name: str, sentence: str
) -> None:
    typed = {"title": "Poser un carrelage", "minutes": "7", "price_cents": "950"} | changes
    answer = office.submit(f"{HOME}nouveau", typed)
    assert_refused(answer, name, sentence)


def test_a_list_as_long_as_a_paper_can_print_is_kept(office: Visitor) -> None:
    lines = "\n".join(["Poser un carreau".ljust(400, ".")] * 40)
    assert office.submit(section("objectifs"), {"objectives": lines}).status_code == 303


@pytest.mark.parametrize("alone", [{"minutes": "7"}, {"points": "Sol"}])
def test_what_is_typed_of_a_module_is_never_dropped_for_want_of_its_title(
    office: Visitor, alone: dict[str, str]
) -> None:
    module = {"title": "", "minutes": "", "points": ""} | alone
    typed = {f"content-0-{name}": value for name, value in module.items()}
    answer = office.submit(section("contenu"), typed)
    assert_refused(answer, "content-0-title", "Module 1 : indiquez son titre")


def test_no_share_at_distance_is_none(office: Visitor) -> None:
    saved = office.submit(section("presentation"), {"remote_percent": ""})
    assert saved.status_code == 303
    shown = soup_of(office.get(section("presentation")).text).select_one("[name=remote_percent]")
    assert shown is not None
    assert shown["value"] == "0"


@pytest.mark.parametrize("code", ["RNCP1234567", "RS", "RSabc", "12345", "RS１２"])
def test_a_certification_code_is_one_of_the_two_registers(office: Visitor, code: str) -> None:
    answer = office.submit(section("evaluation"), {"certification_code": code})
    sentence = "Écrivez ce code comme RNCP34567 ou RS1234"
    assert_refused(answer, "certification_code", sentence)
    assert office.submit(answer, {"certification_code": " rs 1234 "}).status_code == 303
    assert "RS1234" in text_of(office.get(LPM))
