"""The sections of a programme as forms, and the few questions that open a new one."""

from typing import Any

from wtforms import FieldList, FormField, SelectField, StringField, TextAreaField
from wtforms.validators import Optional, ValidationError

from portal.fields import (
    CountField,
    DateField,
    MaxLength,
    MoneyField,
    PartForm,
    Required,
)
from portal.programmes.field_forms import DurationField, LinesField
from portal.programmes.rules import (
    CODE,
    MAX_LINES,
    MAX_MODULES,
    SECTION,
    TITLE_LENGTH,
    Values,
    specialities,
)
from portal.training.schedule_rules import PRICE_BASIS_LABEL
from portal.web import PortalForm

PROSE = 4_000  # what a paper prints of one text


def _prose(label: str, hint: str = "", rows: int = 3) -> TextAreaField:
    return TextAreaField(
        label, description=hint, validators=[MaxLength(PROSE)], render_kw={"rows": rows}
    )


class SectionForm(PortalForm):
    """Base of a section: prefilled from a programme, and read back as its values."""

    slug = ""

    @classmethod
    def of(cls, values: Values) -> "SectionForm":
        """The form of a page: what was posted or held back, else what stands."""
        return cls(data=dict(values))

    def values(self) -> dict[str, Any]:
        """By field of the programme, what a valid form says."""
        return {name: self[name].data for name in SECTION[self.slug].fields}


class PresentationForm(SectionForm):
    """What it is called, how long it lasts, what it costs."""

    slug = "presentation"
    title = StringField(
        "Intitulé",
        description="Le même sur le devis, la convention et l’accord de l’OPCO.",
        validators=[Required("Indiquez l’intitulé"), MaxLength(TITLE_LENGTH)],
    )
    minutes = DurationField(
        "Durée",
        description="En heures, comme 14 ou 17 h 30.",
        validators=[Required("Indiquez la durée")],
    )
    price_cents = MoneyField(
        "Prix hors taxes",
        description="Celui du catalogue\u00a0; chaque session peut avoir le sien.",
    )
    price_basis = SelectField(
        "Mode de calcul",
        choices={basis.value: label for basis, label in PRICE_BASIS_LABEL.items()},
    )
    remote_percent = CountField(
        "Part à distance, en %",
        description="0 quand tout se passe en présence.",
        minimum=0,
        maximum=100,
        validators=[Optional()],
    )
    nsf_code = SelectField("Spécialité de formation (NSF)", validators=[Optional()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.nsf_code.choices = {
            "": "Choisir dans la liste",
            **{code: f"{code} {title}" for code, title in specialities().items()},
        }

    def validate_price_cents(self, field: Any) -> None:
        if field.data is None and not field.errors:
            raise ValidationError("Indiquez le prix, ou 0 si la formation est gratuite")

    def values(self) -> dict[str, Any]:
        given = super().values()
        return given | {
            "remote_percent": given["remote_percent"] or 0,
            "nsf_code": given["nsf_code"] or None,
        }


class ObjectivesForm(SectionForm):
    """What people will be able to do, and who they are."""

    slug = "objectifs"
    objectives = LinesField(
        "Objectifs",
        description="Un par ligne. Commencez par un verbe d’action que l’on peut évaluer\u00a0: "
        "identifier, rédiger, calculer…",
        most=MAX_LINES,
        render_kw={"rows": 6},
    )
    audience = _prose("Public")
    prerequisites = _prose("Prérequis", "Écrivez «\u00a0Aucun prérequis\u00a0» s’il n’y en a pas.")


class ModuleForm(PartForm):
    """One module of the content."""

    title = StringField("Titre")
    minutes = DurationField("Durée")
    points = LinesField("Points traités, un par ligne", most=MAX_LINES, render_kw={"rows": 3})

    @property
    def is_blank(self) -> bool:
        typed = "".join(self.minutes.raw_data or ()).strip()
        return not (self.title.data or typed or self.points.data)

    def check(self, number: int) -> None:
        if not self.title.data:
            self.title.errors = [f"Module {number}\u00a0: indiquez son titre"]


class ContentForm(SectionForm):
    """What is taught, module by module."""

    slug = "contenu"
    content = FieldList(FormField(ModuleForm), min_entries=1, max_entries=MAX_MODULES)

    def validate_content(self, field: Any) -> None:
        for number, entry in enumerate(field.entries, start=1):
            if not entry.form.is_blank:
                entry.form.check(number)

    def validate(self, extra_validators: Any = None) -> bool:
        valid = super().validate(extra_validators)
        return valid and not any(f.errors for entry in self.content for f in entry.form)

    def values(self) -> dict[str, Any]:
        modules = [
            {
                "title": entry.form.title.data,
                **({"minutes": entry.form.minutes.data} if entry.form.minutes.data else {}),
                "points": entry.form.points.data or [],
            }
            for entry in self.content
            if not entry.form.is_blank
        ]
        return {"content": modules}


class MeansForm(SectionForm):
    """How it is taught, with what."""

    slug = "moyens"
    methods = _prose("Méthodes", "Apports, exercices, mises en situation, taille des groupes…")
    means = _prose("Moyens", "Salle, matériel, supports remis, plateforme…")
    follow_up = _prose("Suivi", "Par exemple\u00a0: feuille d’émargement par demi-journée.")
    remote_help = TextAreaField(
        "Assistance à distance",
        description="Aide technique et pédagogique, activités, évaluations (article D6313-3-1). "
        "À remplir si une part se passe à distance.",
        validators=[Optional(), MaxLength(PROSE)],
        render_kw={"rows": 3},
    )


class AssessmentForm(SectionForm):
    """How what was learnt is checked, and what is handed out."""

    slug = "evaluation"
    assessment = _prose("Évaluation", "Avant, pendant et à la fin de la formation.")
    sanction = _prose("Sanction", "Ce qui est remis\u00a0: certificat de réalisation, attestation…")
    certification = StringField(
        "Certification",
        description="Son libellé exact, si la formation y prépare.",
        validators=[Optional(), MaxLength(240)],
    )
    certification_code = StringField(
        "Code de la certification",
        description="Comme RNCP34567 ou RS1234.",
        validators=[Optional()],
        render_kw={"autocomplete": "off"},
    )
    certifier = StringField("Organisme certificateur", validators=[Optional(), MaxLength(160)])
    certified_on = DateField("Date d’enregistrement", validators=[Optional()])

    def validate_certification_code(self, field: Any) -> None:
        bare = "".join((field.data or "").upper().split())
        number = bare.removeprefix("RNCP").removeprefix("RS")
        is_known = bare.startswith(("RNCP", "RS")) and number.isascii() and number.isdecimal()
        if bare and not (is_known and len(number) <= 6):
            raise ValidationError("Écrivez ce code comme RNCP34567 ou RS1234")
        field.data = bare

    def values(self) -> dict[str, Any]:
        given = super().values()
        names = ("certification", "certification_code", "certifier", "certified_on")
        return given | {name: given[name] or None for name in names}


class AccessForm(SectionForm):
    """How one enters, whoever one is, and what came out of it so far."""

    slug = "acces"
    access_delay = _prose("Délai d’accès", "Comment s’inscrire, et en combien de temps.")
    accessibility = _prose("Accessibilité", "Accueil et adaptations en cas de handicap.")
    results = TextAreaField(
        "Indicateurs de résultats",
        description="Des chiffres constatés, avec leur année. Laissez vide tant que vous n’en avez "
        "pas\u00a0: rien n’est affiché.",
        validators=[Optional(), MaxLength(PROSE)],
        render_kw={"rows": 3},
    )


SECTION_FORMS: dict[str, type[SectionForm]] = {
    form.slug: form
    for form in (
        PresentationForm,
        ObjectivesForm,
        ContentForm,
        MeansForm,
        AssessmentForm,
        AccessForm,
    )
}


class NewProgrammeForm(PresentationForm):
    """What opens a programme; the rest is filled in section by section."""

    code = StringField(
        "Référence",
        description="Capitales et chiffres, comme LPM-14. Laissez vide pour qu’elle soit formée "
        "sur l’intitulé et la durée.",
        validators=[Optional()],
        render_kw={"autocomplete": "off"},
    )

    def validate_code(self, field: Any) -> None:
        field.data = (field.data or "").upper()
        if field.data and not CODE.fullmatch(field.data):
            raise ValidationError("Écrivez la référence en capitales et en chiffres, comme LPM-14")
