"""What the back office may set of its organisation, a few fields at a time.

The description of a field says where people read it.
"""

from dataclasses import dataclass
from typing import Any

from wtforms import BooleanField, StringField, TextAreaField
from wtforms.fields import Field
from wtforms.validators import Optional, StopValidation

from portal import french
from portal.accounts.payment_forms import BankForm, ForfeitForm
from portal.accounts.rules import LENGTHS, check_accent
from portal.companies import rules as identifiers
from portal.fields import (
    DateField,
    EmailField,
    MaxLength,
    MoneyField,
    PhoneField,
    Required,
    TileField,
    checked,
)
from portal.funding.rules import VAT_LABEL, VAT_MENTION, VatRegime
from portal.web import PortalForm

EVERYWHERE = "Devis, convention, programme"


class IdentityForm(PortalForm):
    """Who the organisation is, and how to reach it."""

    name = StringField(
        "Raison sociale",
        description="En tête des documents, des courriels et de chaque page.",
        validators=[Required("Indiquez la raison sociale"), MaxLength(LENGTHS["name"])],
    )
    legal_form = StringField(
        "Forme juridique",
        description=f"{EVERYWHERE}\u00a0: pied de page. Mentions légales.",
        validators=[Required("Indiquez la forme juridique, comme SAS ou association")],
        render_kw={"class": "w-m"},
    )
    capital_cents = MoneyField(
        "Capital social",
        description="À côté de la forme juridique, pour une société.",
        validators=[Optional()],
        render_kw={"inputmode": "decimal", "autocomplete": "off"},
    )
    rcs = StringField(
        "Immatriculation",
        description="Pied de page des documents, comme «\u00a0RCS Dijon 901 447 821\u00a0».",
        validators=[Optional()],
    )
    siret = StringField(
        "SIRET",
        description=f"{EVERYWHERE}\u00a0: l’OPCO le compare avec votre déclaration d’activité.",
        validators=[Required("Indiquez le SIRET"), checked(identifiers.check_siret)],
        render_kw={"inputmode": "numeric", "autocomplete": "off"},
    )
    address = StringField(
        "Adresse",
        description="En-tête et pied de page des documents.",
        validators=[Required("Indiquez l’adresse")],
        render_kw={"autocomplete": "street-address"},
    )
    postcode = StringField(
        "Code postal",
        validators=[Required("Indiquez le code postal"), checked(identifiers.check_postcode)],
        render_kw={"autocomplete": "postal-code", "inputmode": "numeric", "class": "w-s"},
    )
    city = StringField(
        "Ville",
        validators=[Required("Indiquez la ville")],
        render_kw={"autocomplete": "address-level2"},
    )
    email = EmailField(
        "E-mail",
        description="En-tête des documents. Les réponses à vos courriels y arrivent.",
        validators=[Required("Indiquez l’e-mail")],
        render_kw={"autocomplete": "email"},
    )
    phone = PhoneField(
        "Téléphone",
        description="En-tête des documents, espace client, courriels.",
        validators=[Required("Indiquez le téléphone")],
        render_kw={"autocomplete": "tel"},
    )
    website = StringField(
        "Site internet", description="En-tête des documents.", validators=[Optional()]
    )
    contact_name = StringField(
        "Personne à contacter",
        description="Signe les courriels et répond aux clients.",
        validators=[Required("Indiquez la personne à contacter")],
    )
    contact_function = StringField(
        "Sa fonction", validators=[Required("Indiquez sa fonction")], description="Sous son nom."
    )


def _with_vat(form: Any, field: Field) -> None:
    """A number is needed as soon as VAT is charged (article 242 nonies A of annexe II to the CGI).

    Raises StopValidation.
    """
    if form.vat_regime.data == VatRegime.STANDARD and not field.data:
        raise StopValidation("Indiquez ce numéro\u00a0: il figure sur ce qui porte de la TVA")


class MentionsForm(PortalForm):
    """What the law and the funders want to read."""

    nda = StringField(
        "Numéro de déclaration d’activité",
        description=f"{EVERYWHERE}, pied de chaque page (article L6352-12 du Code du travail).",
        validators=[Required("Indiquez le numéro"), checked(identifiers.check_nda)],
        render_kw={"inputmode": "numeric", "autocomplete": "off"},
    )
    nda_region = StringField(
        "Région de la déclaration",
        description="À côté du numéro\u00a0: «\u00a0Bourgogne-Franche-Comté\u00a0».",
        validators=[Required("Indiquez la région")],
    )
    vat_regime = TileField(
        "Régime de TVA",
        description="Imprimé sous le prix du devis et de la convention. Un changement vaut pour "
        "les prochains envois\u00a0: les sessions déjà envoyées gardent leur régime.",
        choices={regime.value: label for regime, label in VAT_LABEL.items()},
        validators=[Required("Choisissez le régime de TVA")],
    )
    vat_number = StringField(
        "Numéro de TVA intracommunautaire",
        description="Pied de page, et sous le prix quand la TVA est facturée.",
        validators=[_with_vat, Optional(), checked(identifiers.check_vat_number)],
    )
    qualiopi_number = StringField(
        "Numéro du certificat Qualiopi",
        description="Programme et convention.",
        validators=[Required("Indiquez le numéro du certificat")],
    )
    qualiopi_certifier = StringField(
        "Délivré par", validators=[Required("Indiquez l’organisme certificateur")]
    )
    qualiopi_valid_until = DateField(
        "Valable jusqu’au",
        validators=[Required("Indiquez la fin de validité du certificat")],
        render_kw={"class": "w-m"},
    )
    disability_name = StringField(
        "Référence handicap",
        description="Programme, et formulaire des stagiaires (indicateur 26 de Qualiopi).",
        validators=[Required("Indiquez la personne référente")],
    )
    disability_email = EmailField("Son e-mail", validators=[Required("Indiquez son e-mail")])
    disability_phone = PhoneField("Son téléphone", validators=[Required("Indiquez son téléphone")])
    mediator = StringField(
        "Médiation de la consommation",
        description="Conditions générales, si vous formez aussi des particuliers.",
        validators=[Optional()],
    )
    hosting = TextAreaField(
        "Hébergement du portail",
        description="Page «\u00a0Mentions légales\u00a0».",
        validators=[Required("Indiquez l’hébergeur\u00a0: nom, adresse, téléphone")],
        render_kw={"rows": 2},
    )


class SignatoryForm(PortalForm):
    """Who signs for the organisation."""

    signatory_name = StringField(
        "Prénom et nom",
        description="Convention\u00a0: «\u00a0pour l’organisme de formation\u00a0». "
        "Mentions légales.",
        validators=[Required("Indiquez la personne qui signe")],
    )
    signatory_function = StringField(
        "Fonction",
        description="Sous son nom, sur la convention.",
        validators=[Required("Indiquez sa fonction")],
    )


class LooksForm(PortalForm):
    """The organisation's colour; its logo is handed in apart."""

    accent = StringField(
        "Couleur",
        description="Boutons et liens du portail, titres des documents, boutons des courriels. "
        "Elle s’écrit comme #0B5F62.",
        validators=[Required("Indiquez la couleur"), checked(check_accent)],
        render_kw={"class": "w-s", "autocomplete": "off", "spellcheck": "false"},
    )


class TextsForm(PortalForm):
    """The two texts every client receives."""

    terms = TextAreaField(
        "Conditions générales",
        description="Jointes au devis. Une ligne vide sépare deux paragraphes.",
        validators=[Required("Écrivez les conditions générales"), MaxLength(LENGTHS["terms"])],
        render_kw={"rows": 16},
    )
    internal_rules = TextAreaField(
        "Règlement intérieur",
        description="Annexe de la convention (articles L6352-3 et suivants du Code du travail).",
        validators=[
            Required("Écrivez le règlement intérieur"),
            MaxLength(LENGTHS["internal_rules"]),
        ],
        render_kw={"rows": 16},
    )


class SendingForm(PortalForm):
    """Whether somebody reads the papers before the client does."""

    reads_over = BooleanField(
        "Relire les documents avant leur envoi",
        description="Devis, convention et programme sont préparés, puis attendent dans «\u00a0À "
        "relire\u00a0» que l’organisme appuie sur «\u00a0Envoyer\u00a0».",
    )


@dataclass(frozen=True)
class Group:
    """One page of settings. `has_letterhead`: what is typed shows on the letterhead."""

    slug: str
    title: str
    about: str
    form: type[PortalForm]
    has_letterhead: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of `Organisation` this page sets."""
        return tuple(
            name for name, field in vars(self.form).items() if hasattr(field, "field_class")
        )


GROUPS = {
    group.slug: group
    for group in (
        Group("identite", "Identité", "Nom, adresse, contact", IdentityForm),
        Group(
            "mentions",
            "Mentions et TVA",
            "Déclaration, Qualiopi, TVA, handicap",
            MentionsForm,
            False,
        ),
        Group("signataire", "Signataire", "Qui signe la convention", SignatoryForm, False),
        Group("banque", "Banque et délais", "IBAN, validité, paiement", BankForm, False),
        Group("dedit", "Report et dédit", "Quand le client annule ou reporte", ForfeitForm, False),
        Group("apparence", "Apparence", "Couleur et logo", LooksForm),
        Group("textes", "Textes", "Conditions générales, règlement intérieur", TextsForm, False),
        Group("envoi", "Envoi des documents", "Relecture avant envoi", SendingForm, False),
    )
}

# As people read these identifiers; stored without blanks.
SHOWN = {"siret": french.siret, "nda": french.nda, "iban": french.iban}
VAT_HINT = {regime.value: {"hint": mention} for regime, mention in VAT_MENTION.items()}
