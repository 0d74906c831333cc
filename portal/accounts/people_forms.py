"""What people with an account fill in: invitation, password, address, profile."""

from wtforms import PasswordField, StringField, TextAreaField
from wtforms.validators import Optional

from portal.access.rules import Role
from portal.fields import EmailField, MaxLength, PhoneField, Required, TileField
from portal.funding.rules import VAT_LABEL
from portal.web import PortalForm

NAME = MaxLength(80)


class ForgotForm(PortalForm):
    email = EmailField(
        "E-mail", [Required("Indiquez votre e-mail")], render_kw={"autocomplete": "username"}
    )


class NewPasswordForm(PortalForm):
    """A password nobody guesses; typed once, pasted or kept by the browser."""

    new_password = PasswordField(
        "Nouveau mot de passe",
        description="12 caractères au moins\u00a0: plusieurs mots sans lien entre eux conviennent.",
        validators=[Required("Choisissez un mot de passe")],
        render_kw={"autocomplete": "new-password"},
    )


class PasswordForm(NewPasswordForm):
    """The one in use is asked for again."""

    current_password = PasswordField(
        "Mot de passe actuel",
        validators=[Required("Indiquez votre mot de passe actuel")],
        render_kw={"autocomplete": "current-password"},
    )


class AddressForm(PortalForm):
    email = EmailField(
        "Nouvelle adresse e-mail",
        description="Nous y envoyons un lien à ouvrir\u00a0; d’ici là rien ne change.",
        validators=[Required("Indiquez la nouvelle adresse")],
        render_kw={"autocomplete": "email"},
    )
    current_password = PasswordField(
        "Mot de passe actuel",
        validators=[Required("Indiquez votre mot de passe actuel")],
        render_kw={"autocomplete": "current-password"},
    )


class InviteForm(PortalForm):
    """Who joins the organisation's portal."""

    role = TileField(
        "Accès",
        choices={Role.TRAINER.value: "Formation", Role.OFFICE.value: "Organisme"},
        validators=[Required("Choisissez l’accès")],
    )
    first_name = StringField(
        "Prénom", [Required("Indiquez le prénom"), NAME], render_kw={"autocomplete": "off"}
    )
    last_name = StringField(
        "Nom", [Required("Indiquez le nom"), NAME], render_kw={"autocomplete": "off"}
    )
    email = EmailField(
        "E-mail",
        description="L’invitation y arrive. Elle sert une fois, pendant sept jours.",
        validators=[Required("Indiquez l’e-mail")],
        render_kw={"autocomplete": "off"},
    )


class InvitedForm(PortalForm):
    """Where an invitation that was not answered leaves again."""

    email = EmailField(
        "E-mail",
        description="Corrigez l’adresse au besoin\u00a0: l’invitation d’avant n’ouvrira plus rien.",
        validators=[Required("Indiquez l’e-mail")],
        render_kw={"autocomplete": "off"},
    )


class ProfileForm(PortalForm):
    """How papers, messages and colleagues name a person."""

    first_name = StringField(
        "Prénom", [Required("Indiquez le prénom"), NAME], render_kw={"autocomplete": "given-name"}
    )
    last_name = StringField(
        "Nom", [Required("Indiquez le nom"), NAME], render_kw={"autocomplete": "family-name"}
    )
    phone = PhoneField(
        "Téléphone",
        description="Dans les courriels aux clients.",
        validators=[Optional()],
        render_kw={"autocomplete": "tel"},
    )


class TrainerForm(ProfileForm):
    """What the programme says of whoever teaches, and what the organisation needs to know."""

    titles = StringField(
        "Titres",
        description="Programme et convention, après le nom (L6353-1 du Code du travail).",
        validators=[Optional(), MaxLength(200)],
    )
    qualifications = TextAreaField(
        "Qualifications et expérience",
        description="Programme\u00a0: ce qui qualifie pour ces formations.",
        validators=[Optional(), MaxLength(1_500)],
        render_kw={"rows": 4},
    )
    specialities = TextAreaField(
        "Spécialités",
        description="Pour l’organisme\u00a0: les sujets enseignés, un par ligne.",
        validators=[Optional(), MaxLength(1_000)],
        render_kw={"rows": 3},
    )
    vat_regime = TileField(
        "Régime de TVA",
        description="Celui des factures à l’organisme\u00a0; les clients ne le lisent pas.",
        choices={"": "Non précisé"} | {regime.value: label for regime, label in VAT_LABEL.items()},
        filters=[lambda chosen: chosen or ""],
        validators=[Optional()],
    )
