"""What is taught, when and where, and to whom."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from wtforms import FieldList, FormField, SelectField, StringField, TextAreaField
from wtforms.validators import Optional, ValidationError

from portal import clock, french
from portal.fields import (
    CountField,
    DateField,
    EmailField,
    MaxLength,
    MoneyField,
    PartForm,
    Required,
    TileField,
    TimeField,
)
from portal.training.schedule_rules import (
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
