"""What is asked for a session: the topics, their forms, and the steps each door shows."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from wtforms import FieldList, Form, FormField, SelectField, StringField, TextAreaField
from wtforms.validators import Optional, ValidationError

from portal import clock, french
from portal.companies import rules as identifiers
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
from portal.funding.rules import FunderChoice, opcos
from portal.training.rules import (
    MAX_TRAINEES,
    PRICE_BASIS_LABEL,
    Period,
    PlaceMode,
    Slot,
    overlap,
)
from portal.web import PortalForm

MAX_DAYS = 40
YES_NO = {"oui": "Oui", "non": "Non"}


def checked(check: Callable[[str], str]) -> Callable[[Form, Any], None]:
    """A validator that also normalises: the field's data becomes what `check` returns."""

    def validate(_form: Form, field: Any) -> None:
        if field.data:
            try:
                field.data = check(field.data)
            except ValueError as error:
                raise ValidationError(str(error)) from error

    return validate


class CompanyForm(PortalForm):
    """The client: who buys, who signs, whom to write to."""

    siret = StringField(
        "SIRET",
        description="14 chiffres, avec ou sans espaces.",
        validators=[
            Required("Indiquez le SIRET de l’entreprise"),
            checked(identifiers.check_siret),
        ],
        render_kw={"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false"},
    )
    legal_name = StringField(
        "Raison sociale",
        validators=[Required("Indiquez la raison sociale"), MaxLength(160)],
        render_kw={"autocomplete": "organization"},
    )
    address = StringField(
        "Adresse",
        validators=[Required("Indiquez l’adresse de l’entreprise"), MaxLength(200)],
        render_kw={"autocomplete": "street-address"},
    )
    postcode = StringField(
        "Code postal",
        validators=[
            Required("Indiquez le code postal"),
            checked(identifiers.check_postcode),
        ],
        render_kw={"autocomplete": "postal-code", "inputmode": "numeric"},
    )
    city = StringField(
        "Ville",
        validators=[Required("Indiquez la ville"), MaxLength(80)],
        render_kw={"autocomplete": "address-level2"},
    )
    naf = StringField(
        "Code NAF (APE)",
        description="Par exemple 43.32A. Il figure sur l’avis de situation de l’entreprise.",
        validators=[Optional(), checked(identifiers.check_naf)],
        render_kw={"autocomplete": "off"},
    )
    staff_count = CountField(
        "Effectif de l’entreprise",
        description="Nombre de personnes salariées.",
        maximum=1_000_000,
        validators=[Optional()],
    )
    recovers_vat = TileField(
        "L’entreprise récupère-t-elle la TVA\u00a0?",
        choices={"oui": "Oui", "non": "Non (association, profession exonérée…)"},
        default="oui",
    )
    signatory_first_name = StringField(
        "Prénom",
        validators=[Required("Indiquez le prénom de la personne qui signera"), MaxLength(80)],
        render_kw={"autocomplete": "given-name"},
    )
    signatory_last_name = StringField(
        "Nom",
        validators=[Required("Indiquez le nom de la personne qui signera"), MaxLength(80)],
        render_kw={"autocomplete": "family-name"},
    )
    signatory_function = StringField(
        "Fonction",
        description="Par exemple\u00a0: gérance, direction, ressources humaines.",
        validators=[Required("Indiquez la fonction de la personne qui signera"), MaxLength(80)],
        render_kw={"autocomplete": "organization-title"},
    )
    signatory_email = EmailField(
        "Adresse e-mail",
        validators=[Required("Indiquez l’adresse e-mail de la personne qui signera")],
    )
    phone = PhoneField("Téléphone", validators=[Optional()])
    contact_name = StringField(
        "Nom du contact",
        validators=[Optional(), MaxLength(120)],
        render_kw={"autocomplete": "off"},
    )
    contact_email = EmailField("E-mail du contact", validators=[Optional()])
    billing_address = TextAreaField(
        "Adresse de facturation, si elle est différente",
        validators=[Optional(), MaxLength(300)],
    )


class FundingForm(PortalForm):
    """Who pays: the OPCO and whether it pays the organisation directly."""

    funder = SelectField(
        "OPCO de l’entreprise",
        description="L’opérateur de compétences finance les formations des salariés.",
        validators=[Required("Choisissez l’OPCO, ou «\u00a0Je ne sais pas\u00a0»")],
    )
    # never Optional: it would skip the checks below when nothing is chosen (the headcount's too)
    subrogation = TileField("Qui paie l’organisme de formation\u00a0?")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.funder.choices = {
            "": "Choisir dans la liste",
            **{opco.code: opco.name for opco in opcos().values()},
            FunderChoice.UNKNOWN.value: "Je ne sais pas",
            FunderChoice.NONE.value: "Sans OPCO\u00a0: l’entreprise règle elle-même",
        }
        funder = opcos().get(self.funder.data or "")
        payer = funder.name if funder else "L’OPCO"
        self.subrogation.choices = {
            "oui": f"{payer} paie directement (subrogation, recommandé)",
            "non": "L’entreprise avance les frais, puis se fait rembourser",
        }

    def validate_subrogation(self, field: Any) -> None:
        if self.funder.data not in ("", None, FunderChoice.NONE) and not field.data:
            raise ValidationError(
                "Dites qui paiera\u00a0: l’OPCO directement, ou l’entreprise d’abord"
            )


class ProgrammeForm(PortalForm):
    """What is taught and for how much. An empty price means the catalogue's price."""

    programme_id = TileField(
        "Programme", validators=[Required("Choisissez un programme du catalogue")]
    )
    price_basis = SelectField("Mode de calcul", validators=[Optional()])
    unit_price = MoneyField(
        "Prix hors taxes",
        description="Laissez vide pour reprendre le prix du catalogue.",
        validators=[Optional()],
    )
    remote_percent = CountField(
        "Part à distance, en %",
        description="0 quand tout se passe en présence. Cette part figure sur la convention.",
        minimum=0,
        maximum=100,
        default=0,
    )

    def __init__(self, *args: Any, programmes: Sequence[Any] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.programme_id.choices = {str(p.id): p.title for p in programmes}
        self.price_basis.choices = {
            "": "Comme au catalogue",
            **{basis.value: label for basis, label in PRICE_BASIS_LABEL.items()},
        }

    def validate_unit_price(self, field: Any) -> None:
        if field.data == 0:
            raise ValidationError("Le prix ne peut pas être de 0 €")
        if field.data is not None and not self.price_basis.data:
            raise ValidationError("Choisissez aussi le mode de calcul de ce prix")

    def validate_price_basis(self, field: Any) -> None:
        if field.data and self.unit_price.data is None and not self.unit_price.errors:
            raise ValidationError(
                "Indiquez aussi le prix, ou choisissez «\u00a0Comme au catalogue\u00a0»"
            )


class DayForm(PartForm):
    """One day: a morning, an afternoon, or both."""

    date = DateField("Date")
    morning_starts = TimeField("Début du matin")
    morning_ends = TimeField("Fin du matin")
    afternoon_starts = TimeField("Début de l’après-midi")
    afternoon_ends = TimeField("Fin de l’après-midi")

    HALVES = (
        (Period.MORNING, "morning_starts", "morning_ends", "le matin"),
        (Period.AFTERNOON, "afternoon_starts", "afternoon_ends", "l’après-midi"),
    )

    def slots(self) -> list[Slot]:
        """The half-days of a day that was typed without a fault."""
        return [
            Slot(self.date.data, period, self[start].data, self[end].data)
            for period, start, end, _name in self.HALVES
            if self.date.data and self[start].data and self[end].data
        ]

    def check(self, number: int, after: dt.date | None, today: dt.date) -> None:
        """Adds to each field the sentence of what is wrong with it, naming the day."""
        self._check_date(number, after, today)
        for _period, start, end, name in self.HALVES:
            starts, ends = self[start], self[end]
            if starts.errors or ends.errors:
                continue
            if bool(starts.data) != bool(ends.data):
                empty = ends if starts.data else starts
                which = "de fin" if starts.data else "de début"
                empty.errors = [f"Jour {number}, {name}\u00a0: il manque l’heure {which}"]
            elif starts.data and ends.data <= starts.data:
                ends.errors = [f"Jour {number}, {name}\u00a0: la fin doit venir après le début"]
        slots = self.slots()
        if not any(field.errors for field in self):
            if not slots:
                self.morning_starts.errors = [
                    f"Jour {number}\u00a0: indiquez au moins une demi-journée"
                ]
            elif overlap(slots):
                self.afternoon_starts.errors = [
                    f"Jour {number}\u00a0: l’après-midi commence avant la fin du matin"
                ]

    def _check_date(self, number: int, after: dt.date | None, today: dt.date) -> None:
        day = self.date
        if day.errors:
            return
        if day.data is None:
            day.errors = [f"Jour {number}\u00a0: indiquez la date"]
        elif day.data <= today:
            day.errors = [f"Jour {number}\u00a0: choisissez une date à venir"]
        elif day.data.year > today.year + 3:
            day.errors = [f"Jour {number}\u00a0: vérifiez l’année"]
        elif after and day.data <= after:
            day.errors = [
                f"Indiquez une date postérieure au {french.date_long(after)} pour le jour {number}"
            ]


class ScheduleForm(PortalForm):
    """Where and when."""

    place_mode = TileField(
        "Où se déroule la formation\u00a0?",
        choices={
            PlaceMode.CLIENT.value: "Chez le client",
            PlaceMode.OTHER.value: "Autre lieu",
            PlaceMode.REMOTE.value: "À distance",
        },
        validators=[Required("Dites où se déroule la formation")],
        default=PlaceMode.CLIENT.value,
    )
    place = StringField(
        "Adresse exacte, ou lien de la classe virtuelle", validators=[MaxLength(240)]
    )
    days = FieldList(FormField(DayForm), min_entries=1, max_entries=MAX_DAYS)
    access_notes = TextAreaField(
        "Accès et handicap",
        description="Stationnement, étage, fauteuil roulant… Figure sur la convocation.",
        validators=[Optional(), MaxLength(600)],
    )

    def validate_place(self, field: Any) -> None:
        if not field.data and self.place_mode.data == PlaceMode.OTHER:
            raise ValidationError("Indiquez l’adresse exacte du lieu")

    def validate_days(self, field: Any) -> None:
        before = None
        for number, entry in enumerate(field.entries, start=1):
            entry.form.check(number, before, clock.today())
            if entry.form.date.data:
                before = max(before or dt.date.min, entry.form.date.data)

    def validate(self, extra_validators: Any = None) -> bool:
        valid = super().validate(extra_validators)
        return valid and not any(f.errors for entry in self.days for f in entry.form)

    def slots(self) -> list[Slot]:
        return [slot for entry in self.days for slot in entry.form.slots()]


class TraineeForm(PartForm):
    """One trainee."""

    first_name = StringField("Prénom", render_kw={"autocomplete": "off"})
    last_name = StringField("Nom", render_kw={"autocomplete": "off"})
    email = EmailField("Adresse e-mail", validators=[Optional()], render_kw={"autocomplete": "off"})
    job = StringField("Fonction", render_kw={"autocomplete": "off"})

    @property
    def is_blank(self) -> bool:
        return not any(field.data for field in self)

    def check(self, number: int) -> None:
        for name, missing in (("first_name", "le prénom"), ("last_name", "le nom")):
            field = self[name]
            if not field.data:
                field.errors = [f"Stagiaire {number}\u00a0: il manque {missing}"]
            elif len(field.data) > 80:
                field.errors = [f"Stagiaire {number}\u00a0: {missing} compte plus de 80 caractères"]


class TraineesForm(PortalForm):
    """Who is trained; the headcount may come before the names."""

    headcount = CountField(
        "Nombre de stagiaires",
        description="Vous pourrez donner les noms plus tard.",
        maximum=MAX_TRAINEES,
    )
    people = FieldList(FormField(TraineeForm), min_entries=1, max_entries=MAX_TRAINEES)
    pasted = TextAreaField(
        "Coller une liste",
        description="Une personne par ligne\u00a0: Prénom Nom, adresse e-mail.",
        validators=[Optional(), MaxLength(40_000)],
    )
    needs_adaptation = TileField(
        "Une personne a-t-elle besoin d’une adaptation (handicap)\u00a0?",
        choices=YES_NO,
        default="non",
    )

    @property
    def named(self) -> list[TraineeForm]:
        return [entry.form for entry in self.people if not entry.form.is_blank]

    def validate_pasted(self, field: Any) -> None:
        if field.data:
            raise ValidationError(
                "Cette liste n’est pas encore lue\u00a0: choisissez «\u00a0Lire la liste\u00a0»"
            )

    def validate_people(self, field: Any) -> None:
        for number, entry in enumerate(field.entries, start=1):
            if not entry.form.is_blank:
                entry.form.check(number)

    def validate_headcount(self, field: Any) -> None:
        if field.data is None and not self.named:
            raise ValidationError("Indiquez le nombre de stagiaires, ou leurs noms")
        if field.data is not None and field.data < len(self.named):
            raise ValidationError(
                f"Vous annoncez {french.count(field.data, 'stagiaire')} et en nommez "
                f"{len(self.named)}\u00a0: corrigez l’un ou l’autre"
            )

    def validate(self, extra_validators: Any = None) -> bool:
        valid = super().validate(extra_validators)
        return valid and not any(f.errors for entry in self.people for f in entry.form)


@dataclass(frozen=True)
class Step:
    """One page of a door: a named URL, its title, and the topics it shows."""

    slug: str
    title: str
    topics: tuple[str, ...]
    in_link_way: bool = True


FORMS: dict[str, type[PortalForm]] = {
    "company": CompanyForm,
    "funding": FundingForm,
    "programme": ProgrammeForm,
    "schedule": ScheduleForm,
    "trainees": TraineesForm,
}
TOPIC_LABEL = {
    "company": "l’entreprise",
    "funding": "le financement",
    "programme": "le programme et le prix",
    "schedule": "les dates et le lieu",
    "trainees": "les stagiaires",
}

TRAINER_STEPS = (
    Step("client", "Client", ("company", "funding"), in_link_way=False),
    Step("programme", "Programme et prix", ("programme",)),
    Step("dates", "Dates et lieu", ("schedule",)),
    Step("stagiaires", "Stagiaires", ("trainees",), in_link_way=False),
)
CLIENT_STEPS = (
    Step("entreprise", "Votre entreprise", ("company",)),
    Step("stagiaires", "Stagiaires", ("trainees",)),
    Step("financement", "Financement", ("funding",)),
)
