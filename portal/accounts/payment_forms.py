"""What the organisation sets of money: how it is paid, and what a client owes that cancels."""

from typing import Any

from wtforms import StringField
from wtforms.fields import Field
from wtforms.validators import StopValidation

from portal.companies import rules as identifiers
from portal.fields import CountField, Required, checked
from portal.web import PortalForm

FORFEITS = "Convention, article\u00a010"


class BankForm(PortalForm):
    """How the organisation is paid."""

    iban = StringField(
        "IBAN",
        description="Devis et factures.",
        validators=[Required("Indiquez l’IBAN"), checked(identifiers.check_iban)],
        render_kw={"autocomplete": "off", "spellcheck": "false"},
    )
    quote_validity_days = CountField(
        "Validité du devis, en jours",
        description="Devis\u00a0: «\u00a0valable jusqu’au\u00a0».",
        maximum=365,
        validators=[Required("Indiquez un nombre de jours")],
        render_kw={"class": "w-xs"},
    )
    payment_days = CountField(
        "Délai de paiement, en jours",
        description="Devis et convention\u00a0: 60 jours au plus après la date de facture "
        "(article L441-10 du Code de commerce).",
        maximum=60,
        validators=[Required("Indiquez un nombre de jours")],
        render_kw={"class": "w-xs"},
    )


def _before_notice(form: Any, field: Field) -> None:
    """Raises StopValidation unless a late cancellation comes later than a free one."""
    free = form.notice_days.data
    if free is not None and field.data is not None and field.data >= free:
        raise StopValidation("Indiquez moins de jours que pour l’annulation sans frais")


def _not_lighter(form: Any, field: Field) -> None:
    """Raises StopValidation when cancelling later would cost less."""
    first = form.forfeit_percent.data
    if first is not None and field.data is not None and field.data < first:
        raise StopValidation("Indiquez au moins le pourcentage du dédit")


class ForfeitForm(PortalForm):
    """What a company that cancels owes: it is no price of a training (article 1231-5 du Code civil
    lets a judge lower a penalty that is manifestly too high)."""

    notice_days = CountField(
        "Annulation sans frais, en jours ouvrés",
        description=f"{FORFEITS}\u00a0: rien n’est dû jusqu’à ce nombre de jours avant le premier "
        "jour. Vos conditions générales disent la même chose.",
        maximum=60,
        validators=[Required("Indiquez un nombre de jours")],
        render_kw={"class": "w-xs"},
    )
    forfeit_percent = CountField(
        "Dédit au-delà, en % du prix HT",
        description=f"{FORFEITS}. Le dédit est facturé à part, l’OPCO ne le prend pas en charge.",
        maximum=100,
        validators=[Required("Indiquez un pourcentage")],
        render_kw={"class": "w-xs"},
    )
    late_notice_days = CountField(
        "Annulation tardive, en jours ouvrés",
        description=f"{FORFEITS}\u00a0: à moins de ce nombre de jours, le dédit tardif est dû.",
        maximum=59,
        validators=[Required("Indiquez un nombre de jours"), _before_notice],
        render_kw={"class": "w-xs"},
    )
    late_forfeit_percent = CountField(
        "Dédit tardif, en % du prix HT",
        description=f"{FORFEITS}\u00a0: aussi sur la part restante, en cas d’abandon.",
        maximum=100,
        validators=[Required("Indiquez un pourcentage"), _not_lighter],
        render_kw={"class": "w-xs"},
    )
