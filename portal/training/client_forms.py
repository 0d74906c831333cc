"""Who buys and who pays: the two forms about the client, asked through both doors."""

from typing import Any

from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import Optional, ValidationError

from portal.companies import rules as identifiers
from portal.fields import (
    CountField,
    EmailField,
    MaxLength,
    PhoneField,
    Required,
    TileField,
    checked,
)
from portal.funding.rules import FunderChoice, opcos
from portal.web import PortalForm


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
