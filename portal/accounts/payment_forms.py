"""What the organisation sets of money: how it is paid, and what a client owes that cancels."""

from collections.abc import Callable
from typing import Any

from wtforms import StringField
from wtforms.fields import Field
from wtforms.validators import StopValidation

from portal.accounts.rules import BOUNDS, check_late_forfeit, check_late_notice
from portal.companies import rules as identifiers
from portal.fields import CountField, Required, checked
from portal.web import PortalForm

FORFEITS = "Convention, article\u00a010"


def _against(name: str, check: Callable[[int, int], None]) -> Callable[[Any, Field], None]:
    """A validator that compares a number with the one typed in the field `name`."""

    def validate(form: Any, field: Field) -> None:
        other = form[name].data
        if other is not None and field.data is not None:
            try:
                check(field.data, other)
            except ValueError as error:
                raise StopValidation(str(error)) from error

    return validate


def _count(name: str, label: str, description: str, missing: str, *more: Any) -> CountField:
    """A number of days or percents, between the bounds of that setting."""
    lowest, highest = BOUNDS[name]
    return CountField(
        label,
        description=description,
        minimum=lowest,
        maximum=highest,
        validators=[Required(missing), *more],
        render_kw={"class": "w-xs"},
    )


class BankForm(PortalForm):
    """How the organisation is paid."""

    iban = StringField(
        "IBAN",
        description="Devis et factures.",
        validators=[Required("Indiquez l’IBAN"), checked(identifiers.check_iban)],
        render_kw={"autocomplete": "off", "spellcheck": "false"},
    )
    quote_validity_days = _count(
        "quote_validity_days",
        "Validité du devis, en jours",
        "Devis\u00a0: «\u00a0valable jusqu’au\u00a0».",
        "Indiquez un nombre de jours",
    )
    payment_days = _count(
        "payment_days",
        "Délai de paiement, en jours",
        "Devis et convention\u00a0: 60 jours au plus après la date de facture "
        "(article L441-10 du Code de commerce).",
        "Indiquez un nombre de jours",
    )


class ForfeitForm(PortalForm):
    """What a company that cancels owes: it is no price of a training (article 1231-5 du Code civil
    lets a judge lower a penalty that is manifestly too high)."""

    notice_days = _count(
        "notice_days",
        "Annulation sans frais, en jours ouvrés",
        f"{FORFEITS}\u00a0: rien n’est dû jusqu’à ce nombre de jours avant le premier "
        "jour. Vos conditions générales doivent dire la même chose.",
        "Indiquez un nombre de jours",
    )
    forfeit_percent = _count(
        "forfeit_percent",
        "Dédit au-delà, en % du prix HT",
        f"{FORFEITS}. Le dédit est facturé à part, l’OPCO ne le prend pas en charge.",
        "Indiquez un pourcentage",
    )
    late_notice_days = _count(
        "late_notice_days",
        "Annulation tardive, en jours ouvrés",
        f"{FORFEITS}\u00a0: à moins de ce nombre de jours, le dédit tardif est dû.",
        "Indiquez un nombre de jours",
        _against("notice_days", check_late_notice),
    )
    late_forfeit_percent = _count(
        "late_forfeit_percent",
        "Dédit tardif, en % du prix HT",
        f"{FORFEITS}\u00a0: aussi sur la part restante, en cas d’abandon.",
        "Indiquez un pourcentage",
        _against("forfeit_percent", check_late_forfeit),
    )
