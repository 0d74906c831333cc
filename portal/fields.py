"""Form fields that read what French people type, and say in French what is wrong with it."""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from typing import Any

from email_validator import EmailNotValidError, validate_email
from wtforms import Form, PasswordField, RadioField, StringField, TextAreaField
from wtforms.fields import Field
from wtforms.meta import DefaultMeta
from wtforms.validators import DataRequired, StopValidation, ValidationError
from wtforms.widgets import DateInput, EmailInput, TelInput, TimeInput

from portal import french, money

LINE_LENGTH = 200
TEXT_LENGTH = 5_000

_WTFORMS_FRENCH = {
    "This field is required.": "Ce champ est à remplir",
    "Not a valid choice.": "Choisissez une des propositions",
    "Not a valid choice": "Choisissez une des propositions",
    "Invalid Choice: could not coerce.": "Choisissez une des propositions",
    "Not a valid integer value.": "Écrivez un nombre entier, en chiffres",
    "Not a valid date value.": "Écrivez la date comme 12/01/2027",
    "Not a valid time value.": "Écrivez l’heure comme 9 h 30",
}


class Required(DataRequired):
    """The answer is needed; the sentence says what to do (« Indiquez la raison sociale »)."""

    def __init__(self, sentence: str = "Ce champ est à remplir") -> None:
        super().__init__(sentence)
        self.field_flags: dict[
            str, Any
        ] = {}  # the server answers in French: no native « required » bubble

    def __call__(self, form: Form, field: Field) -> None:
        if field.process_errors:  # something was typed, and its fault is already said
            raise StopValidation
        super().__call__(form, field)


class MaxLength:
    """Refuses a text longer than `limit` characters, and says by how much."""

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def __call__(self, _form: Form, field: Field) -> None:
        length = len(field.data) if isinstance(field.data, str) else 0
        if length > self.limit:
            raise ValidationError(
                f"Ce texte est trop long{french.NBSP}: {self.limit} caractères au plus, "
                f"il y en a {length}"
            )


def checked(check: Callable[[str], str]) -> Callable[[Form, Any], None]:
    """A validator that also normalises: the field's data becomes what `check` returns."""

    def validate(_form: Form, field: Any) -> None:
        if field.data:
            try:
                field.data = check(field.data)
            except ValueError as error:
                raise ValidationError(str(error)) from error

    return validate


class _Translations:
    """WTForms' own sentences in French; the library's catalogue has straight apostrophes."""

    def gettext(self, sentence: str) -> str:
        return _WTFORMS_FRENCH.get(sentence, sentence)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        return self.gettext(singular if n < 2 else plural)


def _clean_line(value: Any) -> Any:
    return french.one_line(value) if isinstance(value, str) else value


def _clean_text(value: Any) -> Any:
    return french.clean(value) if isinstance(value, str) else value


class FrenchMeta(DefaultMeta):
    """Cleans every text (never a password), caps its length, speaks French."""

    locales = ("fr",)

    def get_translations(self, form: Form) -> _Translations:
        return _Translations()

    def bind_field(self, form: Form, unbound_field: Any, options: dict[str, Any]) -> Field:
        kind, given = unbound_field.field_class, unbound_field.kwargs
        if issubclass(kind, StringField) and not issubclass(kind, PasswordField):
            is_text = issubclass(kind, TextAreaField)
            validators = list(given.get("validators") or _positional_validators(unbound_field))
            if not any(isinstance(validator, MaxLength) for validator in validators):
                # first, so that a check after it never walks an endless text
                validators.insert(0, MaxLength(TEXT_LENGTH if is_text else LINE_LENGTH))
            cleaner = _clean_text if is_text else _clean_line
            options = options | {
                "filters": [cleaner, *given.get("filters", ())],
                "validators": validators,
            }
            if len(unbound_field.args) > 1:
                unbound_field = type(unbound_field)(kind, unbound_field.args[0], **given)
        return super().bind_field(form, unbound_field, options)


def _positional_validators(unbound_field: Any) -> Sequence[Any]:
    return unbound_field.args[1] if len(unbound_field.args) > 1 and unbound_field.args[1] else ()


class PartForm(Form):
    """Base of a group repeated inside a form (a day, a trainee): cleaned, without CSRF."""

    Meta = FrenchMeta


class ParsedField(StringField):
    """A text turned into a value; what was typed is shown again until it is right."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        if not valuelist:
            return
        typed = french.one_line(str(valuelist[0]))
        self.data = None
        if typed:
            self.data = self.parse(typed)

    def _value(self) -> str:
        if self.raw_data and (self.data is None or self.process_errors):
            return french.one_line(str(self.raw_data[0]))
        return "" if self.data is None else self.show(self.data)

    def parse(self, typed: str) -> Any:
        """The value; raises ValueError whose message is a French sentence."""
        raise NotImplementedError

    def show(self, value: Any) -> str:
        """The value as its input shows it."""
        raise NotImplementedError


class MoneyField(ParsedField):
    """An amount; `data` is in cents. Shown again « 1 600,00 »."""

    def parse(self, typed: str) -> int:
        return money.parse(typed)

    def show(self, value: int) -> str:
        return money.figures(value)


class PhoneField(ParsedField):
    """A phone number; `data` is « 0199001234 », or « +41… » as typed for a foreign one."""

    widget = TelInput()

    def parse(self, typed: str) -> str:
        bare = re.sub(r"[\s.\-/()]|\(0\)", "", typed.replace("(0)", ""))
        bare = re.sub(r"^(?:\+|00)33", "0", bare)
        if not re.fullmatch(r"\+?[0-9]+", bare):
            raise ValueError("Un numéro de téléphone s’écrit en chiffres, comme 01 99 00 12 34")
        if bare.startswith(("+", "00")):
            if not 8 <= len(bare) <= 18:
                raise ValueError("Ce numéro étranger n’a pas la bonne longueur, vérifiez-le")
            return bare
        if len(bare) != 10:
            gap = french.count(abs(10 - len(bare)), "chiffre")
            fault = (
                f"il en manque {gap.split(french.NBSP)[0]}"
                if len(bare) < 10
                else f"il y a {gap} de trop"
            )
            raise ValueError(f"Un numéro français compte 10 chiffres, {fault}")
        if not re.fullmatch(r"0[1-9][0-9]{8}", bare):
            raise ValueError("Un numéro français commence par 0, comme 01 99 00 12 34")
        return bare

    def show(self, value: str) -> str:
        return french.phone(value)


class EmailField(ParsedField):
    """An e-mail address, checked without any look-up; `data` has its domain in lower case."""

    widget = EmailInput()

    def parse(self, typed: str) -> str:
        try:
            return str(validate_email(typed, check_deliverability=False).normalized)
        except EmailNotValidError as error:
            raise ValueError(email_fault(typed)) from error

    def show(self, value: str) -> str:
        return value


def email_fault(typed: str) -> str:
    """What is wrong with this address, as a French sentence that says what to do."""
    local, at, domain = typed.partition("@")
    if not at:
        return "Il manque le signe @ dans l’adresse e-mail"
    if "@" in domain:
        return "Une adresse e-mail ne contient qu’un seul signe @"
    if not local:
        return "Il manque le nom avant @"
    if not domain:
        return "Il manque le nom de domaine après @"
    if " " in typed:
        return "Une adresse e-mail ne contient pas d’espace"
    if "." not in domain.strip("."):
        return "Il manque la fin de l’adresse, comme .fr ou .com"
    return f"Vérifiez cette adresse e-mail{french.NBSP}: elle contient un signe ou un point en trop"


class DateField(ParsedField):
    """A day: « 2027-01-12 », « 12/01/2027 », « 12.1.2027 »; `data` is a date."""

    widget = DateInput()

    def parse(self, typed: str) -> date:
        match = re.fullmatch(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", typed)
        if match:
            year, month, day = (int(part) for part in match.groups())
        else:
            match = re.fullmatch(r"([0-9]{1,2})[/. -]([0-9]{1,2})[/. -]([0-9]{4})", typed)
            if not match:
                raise ValueError("Écrivez la date comme 12/01/2027")
            day, month, year = (int(part) for part in match.groups())
        if not 2000 <= year <= 2100:
            raise ValueError("Vérifiez l’année de cette date")
        try:
            return date(year, month, day)
        except ValueError:
            raise ValueError("Cette date n’existe pas dans le calendrier") from None

    def show(self, value: date) -> str:
        return value.isoformat()


class TimeField(ParsedField):
    """An hour of the day: « 09:30 », « 9h30 », « 9 h », « 9 »; `data` is a time."""

    widget = TimeInput()

    def parse(self, typed: str) -> time:
        match = re.fullmatch(r"([0-9]{1,2})(?:\s?[hH:.]\s?([0-9]{2})?(?::00)?)?", typed)
        if not match:
            raise ValueError("Écrivez l’heure comme 9 h 30")
        hours, minutes = int(match[1]), int(match[2] or 0)
        if hours > 23 or minutes > 59:
            raise ValueError(f"Cette heure n’existe pas{french.NBSP}: de 0 h 00 à 23 h 59")
        return time(hours, minutes)

    def show(self, value: time | datetime) -> str:
        return f"{value:%H:%M}"


class CountField(ParsedField):
    """A whole number between two bounds; `data` is an int. Accepts « 1 200 »."""

    def __init__(
        self, *args: Any, minimum: int = 1, maximum: int = 1_000_000, **kwargs: Any
    ) -> None:
        attributes = {"inputmode": "numeric", "autocomplete": "off"} | kwargs.pop("render_kw", {})
        super().__init__(*args, render_kw=attributes, **kwargs)
        self.minimum, self.maximum = minimum, maximum

    def parse(self, typed: str) -> int:
        bare = re.sub(r"\s", "", typed)
        if not re.fullmatch(r"[0-9]{1,9}", bare):
            raise ValueError("Écrivez un nombre entier, en chiffres")
        if not self.minimum <= int(bare) <= self.maximum:
            highest = f"{self.maximum:,}".replace(",", french.NBSP)
            raise ValueError(f"Indiquez un nombre entre {self.minimum} et {highest}")
        return int(bare)

    def show(self, value: int) -> str:
        return str(value)


class TileField(RadioField):
    """One choice among tiles; a choice may carry {"hint": "…"}. None chosen gives None."""

    def pre_validate(self, form: Form) -> None:
        if self.data is not None:
            super().pre_validate(form)
