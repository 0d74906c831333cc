"""What an organisation says of itself in its description, checked and put as columns."""

import re
from collections.abc import Callable, Mapping
from copy import copy
from functools import partial
from typing import Any

from portal import money
from portal.accounts import rules
from portal.accounts.models import Organisation
from portal.companies import rules as identifiers
from portal.declared import DescriptionError, Fields, fit, line_of
from portal.funding.rules import VatRegime

WHAT = "Organisme"
_CHECKS: dict[str, Callable[[str], str]] = {
    "siret": identifiers.check_siret,
    "nda": identifiers.check_nda,
    "iban": identifiers.check_iban,
    "postcode": identifiers.check_postcode,
    "phone": identifiers.check_phone,
    "disability_phone": identifiers.check_phone,
    "vat_number": identifiers.check_vat_number,
    "accent": rules.check_accent,
}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def organisation_fields(data: Mapping[str, Any]) -> Fields:
    """The columns of `Organisation`, from its description; `capital` is written « 20 000,00 ».

    The logo's file is stored by the caller, which gives its `logo_sha256`. Raises DescriptionError:
    what the settings would refuse is refused here, by the same rules.
    """
    given: Any = copy(data)
    problems = {}
    if "capital" in given:
        try:
            given["capital_cents"] = money.parse(str(given.pop("capital")))
        except money.AmountError as error:
            problems["capital"] = str(error)
    fields = fit(Organisation, given, WHAT)
    for name, check in _CHECKS.items():
        if fields.get(name):
            try:
                fields[name] = check(fields[name])
            except ValueError as error:
                problems[name] = str(error)
    problems |= _coherence(fields) | _out_of_bounds(fields)
    if problems:
        sentences = [
            f"{name}\u00a0: {said}{line_of(data, name)}" for name, said in problems.items()
        ]
        raise DescriptionError(WHAT, sentences)
    return fields


def _coherence(fields: Fields) -> dict[str, str]:
    problems = {}
    regime = fields.get("vat_regime", VatRegime.EXEMPT.value)
    if regime not in set(VatRegime):
        problems["vat_regime"] = "écrivez l’un de " + ", ".join(VatRegime)
    elif regime == VatRegime.STANDARD and not fields.get("vat_number"):
        problems["vat_number"] = "indispensable quand la TVA est facturée"
    for name in ("email", "disability_email"):
        if not _EMAIL.fullmatch(fields[name]):
            problems[name] = "ce n’est pas une adresse e-mail"
    for name, limit in rules.LENGTHS.items():
        if len(fields[name]) > limit:
            problems[name] = f"{limit} caractères au plus, il y en a {len(fields[name])}"
    return problems


def _out_of_bounds(fields: Fields) -> dict[str, str]:
    """The delays and percents that the settings would refuse; those not given are the usual."""
    columns = Organisation.__table__.columns
    count = {name: fields.get(name, columns[name].default.arg) for name in rules.BOUNDS}
    checks: list[tuple[str, Callable[[], None]]] = [
        (name, partial(rules.check_bounds, name, value)) for name, value in count.items()
    ]
    late, free = count["late_notice_days"], count["notice_days"]
    checks.append(("late_notice_days", partial(rules.check_late_notice, late, free)))
    late, first = count["late_forfeit_percent"], count["forfeit_percent"]
    checks.append(("late_forfeit_percent", partial(rules.check_late_forfeit, late, first)))
    problems: dict[str, str] = {}
    for name, check in checks:
        try:
            check()
        except ValueError as error:
            usual = "" if name in fields else f", {count[name]} étant la valeur usuelle"
            problems.setdefault(name, f"{error}{usual}")
    return problems
