"""What an organisation says of itself in its description, checked and put as columns."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from portal import money
from portal.accounts.models import Organisation
from portal.companies import rules as identifiers
from portal.declared import DescriptionError, Fields, fit
from portal.funding.rules import VatRegime

_CHECKS: dict[str, Callable[[str], str]] = {
    "siret": identifiers.check_siret,
    "nda": identifiers.check_nda,
    "iban": identifiers.check_iban,
    "postcode": identifiers.check_postcode,
    "phone": identifiers.check_phone,
    "disability_phone": identifiers.check_phone,
    "vat_number": identifiers.check_vat_number,
}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def organisation_fields(data: Mapping[str, Any]) -> Fields:
    """The columns of `Organisation`, from its description; `capital` is written « 20 000,00 ».

    The logo's file is stored by the caller, which gives its `logo_sha256`. Raises DescriptionError.
    """
    what = "Organisme"
    given = dict(data)
    problems = []
    if "capital" in given:
        try:
            given["capital_cents"] = money.parse(str(given.pop("capital")))
        except money.AmountError as error:
            problems.append(f"capital\u00a0: {error}")
    fields = fit(Organisation, given, what)
    for name, check in _CHECKS.items():
        if fields.get(name):
            try:
                fields[name] = check(fields[name])
            except ValueError as error:
                problems.append(f"{name}\u00a0: {error}")
    problems += _coherence(fields)
    if problems:
        raise DescriptionError(what, problems)
    return fields


def _coherence(fields: Fields) -> list[str]:
    problems = []
    regime = fields.get("vat_regime", VatRegime.EXEMPT.value)
    if regime not in set(VatRegime):
        problems.append("vat_regime est l’un de " + ", ".join(VatRegime))
    elif regime == VatRegime.STANDARD and not fields.get("vat_number"):
        problems.append("vat_number\u00a0: indispensable quand la TVA est facturée")
    for name in ("email", "disability_email"):
        if not _EMAIL.fullmatch(fields[name]):
            problems.append(f"{name}\u00a0: ce n’est pas une adresse e-mail")
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", fields.get("accent", "#000000")):
        problems.append("accent\u00a0: une couleur comme #0B5F62")
    return problems
