"""What the fields accept, what they give, and the sentence that says what to correct."""

from datetime import date, time
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import Optional

from portal.fields import (
    CountField,
    DateField,
    EmailField,
    MaxLength,
    MoneyField,
    PartForm,
    PhoneField,
    Required,
    TileField,
    TimeField,
)
from portal.programmes.field_forms import DurationField

NBSP = "\u00a0"


class Everything(PartForm):
    line = StringField("Ligne", [Optional()])
    text = TextAreaField("Texte", [Optional()])
    short = StringField("Court", [MaxLength(5)])
    amount = MoneyField("Montant", [Optional()])
    phone = PhoneField("Téléphone", [Optional()])
    email = EmailField("E-mail", [Optional()])
    day = DateField("Jour", [Optional()])
    hour = TimeField("Heure", [Optional()])
    length = DurationField("Durée", [Optional()])
    count = CountField("Nombre", [Optional()], maximum=50)
    choice = SelectField("Choix", choices={"a": "A", "b": "B"}, default="a")
    tile = TileField("Tuile", [Required("Choisissez")], choices={"a": "A"})


def filled(**typed: str) -> Everything:
    form = Everything(MultiDict({"choice": "a", "tile": "a"} | typed))
    form.validate()
    return form


def value(name: str, typed: str) -> Any:
    form = filled(**{name: typed})
    assert not form.errors, form.errors
    return form[name].data


def fault(name: str, typed: str) -> str:
    form = filled(**{name: typed})
    assert list(form.errors) == [name]
    assert form[name].data is None or isinstance(form[name], StringField | SelectField)
    return str(form[name].errors[0])


@pytest.mark.parametrize(
    ("name", "typed", "expected"),
    [
        ("line", f"  Menuiserie{NBSP}\tVasseur\u200b\x00 ", "Menuiserie Vasseur"),
        ("line", "e\u0301te\u0301", "été"),
        ("text", " un\r\n\x07deux ", "un\ndeux"),
        ("amount", "1 600,5 €", 160_050),
        ("amount", "1600", 160_000),
        ("phone", "01 99 00 12 34", "0199001234"),
        ("phone", "+33 1.99.00.12.34", "0199001234"),
        ("phone", "0033 (0)1 99 00 12 34", "0199001234"),
        ("phone", "+41 22 123 45 67", "+41221234567"),
        ("email", " h.vasseur@Menuiserie-Vasseur.EXAMPLE ", "h.vasseur@menuiserie-vasseur.example"),
        ("day", "2027-01-12", date(2027, 1, 12)),
        ("day", "12/1/2027", date(2027, 1, 12)),
        ("day", "12.01.2027", date(2027, 1, 12)),
        ("hour", "09:30", time(9, 30)),
        ("hour", "9h30", time(9, 30)),
        ("hour", "9 h 30", time(9, 30)),
        ("hour", f"9{NBSP}h{NBSP}05", time(9, 5)),
        ("hour", "9h", time(9)),
        ("hour", "14", time(14)),
        ("hour", "09:30:00", time(9, 30)),
        ("count", "1 2", 12),
    ],
)
def test_accepted(name: str, typed: str, expected: object) -> None:
    assert value(name, typed) == expected


@pytest.mark.parametrize(
    ("name", "typed", "sentence"),
    [
        ("amount", "mille", "Écrivez le montant en chiffres, par exemple 1 600,00"),
        ("phone", "01 99 00 12", "Un numéro français compte 10 chiffres, il en manque 2"),
        ("phone", "01 99 00 12 345", f"compte 10 chiffres, il y a 1{NBSP}chiffre de trop"),
        ("phone", "appelez-moi", "Un numéro de téléphone s’écrit en chiffres"),
        ("phone", "9199001234", "commence par 0"),
        ("email", "h.vasseur", "Il manque le signe @"),
        ("email", "h.vasseur@", "Il manque le nom de domaine après @"),
        ("email", "@vasseur.example", "Il manque le nom avant @"),
        ("email", "h@vasseur", "Il manque la fin de l’adresse"),
        ("email", "h vasseur@vasseur.example", "ne contient pas d’espace"),
        ("email", "h@v@vasseur.example", "un seul signe @"),
        ("email", "h@vasseur..example", "Vérifiez cette adresse e-mail"),
        ("day", "29/02/2027", "n’existe pas dans le calendrier"),
        ("day", "12/01/27", "Écrivez la date comme 12/01/2027"),
        ("day", "0001-01-01", "Vérifiez l’année"),
        ("hour", "25h", "n’existe pas"),
        ("hour", "midi", "Écrivez l’heure comme 9 h 30"),
        ("count", "0", "entre 1 et 50"),
        ("count", "51", "entre 1 et 50"),
        ("short", "abcdefg", f"trop long{NBSP}: 5 caractères au plus, il y en a 7"),
        ("line", "a" * 201, "200 caractères au plus"),
        ("text", "a" * 5_001, "5000 caractères au plus"),
        ("choice", "z", "Choisissez une des propositions"),
        ("tile", "z", "Choisissez une des propositions"),
    ],
)
def test_refused(name: str, typed: str, sentence: str) -> None:
    assert sentence in fault(name, typed)


@pytest.mark.parametrize(
    ("name", "typed"),
    [("amount", "mille"), ("phone", "01 99"), ("email", "h.vasseur@"), ("hour", "25h")],
)
def test_what_was_typed_is_shown_again(name: str, typed: str) -> None:
    assert filled(**{name: typed})[name]._value() == typed


def test_what_was_understood_is_shown_in_its_usual_form() -> None:
    form = filled(amount="1600", phone="+33199001234", hour="9h5".replace("5", "05"))
    assert form.amount._value() == f"1{NBSP}600,00"
    assert form.phone._value() == NBSP.join(("01", "99", "00", "12", "34"))
    assert form.hour._value() == "09:05"


def test_an_optional_field_left_empty_is_nothing() -> None:
    form = filled(amount="", phone=" ", email="", day="", hour="", count="")
    assert not form.errors
    assert {form[name].data for name in ("amount", "phone", "email", "day", "hour", "count")} == {
        None
    }


def test_a_required_field_says_its_fault_rather_than_that_it_is_empty() -> None:
    class Form(PartForm):
        email = EmailField("E-mail", [Required("Indiquez un e-mail")])

    sentences = {}
    for typed in ("", "h@"):
        form = Form(MultiDict({"email": typed}))
        assert not form.validate()
        sentences[typed] = form.email.errors
    assert sentences[""] == ["Indiquez un e-mail"]
    assert sentences["h@"] == ["Il manque le nom de domaine après @"]


def test_no_choice_is_a_sentence_of_the_form() -> None:
    form = Everything(MultiDict({"choice": "a"}))
    assert not form.validate()
    assert form.tile.errors == ["Choisissez"]


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [
        ("14", 840), ("14 h", 840), ("7 heures", 420), ("3 h 30", 210), ("3H05", 185),
        ("0 h 59", 59), ("3,5", 210), ("3.25 h", 195), ("0,1", 6), ("9999", 599_940),
    ],
)  # fmt: skip
def test_a_duration(typed: str, minutes: int) -> None:
    assert value("length", typed) == minutes


@pytest.mark.parametrize(
    "typed", ["0", "0 h 00", "3 h 60", "3 h 5", "3,5 heures", "10000", "-3", "trois", "3 h 30 min"]
)
def test_what_is_no_duration(typed: str) -> None:
    assert filled(length=typed).errors == {
        "length": ["Écrivez la durée en heures, comme 14 ou 3 h 30"]
    }
