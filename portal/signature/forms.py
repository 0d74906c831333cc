"""What the signatory is asked: name, consents and code; a reason; another person."""

from typing import Any

from wtforms import BooleanField, HiddenField, RadioField, StringField, TextAreaField
from wtforms.validators import Optional, ValidationError

from portal.fields import EmailField, MaxLength, Required
from portal.signature.models import Channel
from portal.signature.rules import MAX_DRAWN
from portal.web import PortalForm


class SignForm(PortalForm):
    """Name, function and consents; the code comes last. Boxes are never ticked beforehand."""

    accepts = BooleanField("", validators=[Required("Cochez la case pour accepter le document")])
    undertakes = BooleanField("")
    name = StringField(
        "Prénom et nom",
        validators=[Required("Indiquez votre prénom et votre nom"), MaxLength(120)],
        render_kw={"autocomplete": "name"},
    )
    function = StringField(
        "Fonction",
        validators=[Required("Indiquez votre fonction"), MaxLength(80)],
        render_kw={"autocomplete": "organization-title"},
    )
    channel = RadioField("Recevoir le code", default=Channel.EMAIL.value)
    drawn = HiddenField(validators=[Optional(), MaxLength(MAX_DRAWN)])
    shown_id = HiddenField()
    shown_sha256 = HiddenField()
    code = StringField(
        "Code de confirmation",
        validators=[Optional(), MaxLength(40)],
        render_kw={"inputmode": "numeric", "autocomplete": "one-time-code"},
    )

    def __init__(
        self,
        *args: Any,
        owes: bool,
        asks_code: bool,
        ways: list[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.owes, self.asks_code = owes, asks_code
        self.channel.choices = ways

    def validate_undertakes(self, field: Any) -> None:
        if self.owes and not field.data:
            raise ValidationError("Cochez la case pour vous engager à régler")

    def validate_code(self, field: Any) -> None:
        if self.asks_code and not field.data:
            raise ValidationError("Saisissez le code reçu")


class DeclineForm(PortalForm):
    """« Je refuse de signer »."""

    reason = TextAreaField(
        "Raison", validators=[Required("Indiquez la raison, en quelques mots"), MaxLength(500)]
    )


class DelegateForm(PortalForm):
    """« Je ne suis pas la bonne personne »."""

    first = StringField("Prénom", validators=[Required("Indiquez son prénom"), MaxLength(80)])
    last = StringField("Nom", validators=[Required("Indiquez son nom"), MaxLength(80)])
    function = StringField("Fonction", validators=[Required("Indiquez sa fonction"), MaxLength(80)])
    email = EmailField("Adresse e-mail", validators=[Required("Indiquez son adresse e-mail")])
