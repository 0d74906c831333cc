"""The catalogue of programmes: taken from descriptions, one row per code, versions go up."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from sqlalchemy import select

from portal import money
from portal.declared import DescriptionError, Fields, fit, paragraphs
from portal.extensions import db
from portal.training.models import Programme
from portal.training.schedule_rules import PriceBasis

_MODULE_KEYS = {"title", "minutes", "points"}


def create_programme(data: Mapping[str, Any]) -> Programme:
    """Adds a programme to the catalogue, or replaces it by a later version of the same code.

    `data` has the columns of `Programme`, with two friendlier spellings: `hours` (14 or 17.5) for
    minutes, and `price` (« 1 600,00 », excluding VAT) for price_cents. Runs inside the caller's
    transaction. Documents already issued keep the version they were made from. Raises
    DescriptionError.
    """
    what = f"Programme {data.get('code') or 'sans code'}"
    fields = fit(
        Programme,
        _converted(data, what),
        what,
        apart=("archived_at",),
        spelled={"minutes": "hours", "price_cents": "price"},
    )
    _check(fields, what)
    programme = db.session.scalar(select(Programme).filter_by(code=fields["code"]))
    if programme is None:
        programme = Programme(**fields)
        db.session.add(programme)
    elif fields.get("version", 1) <= programme.version:
        raise DescriptionError(
            what, [f"le catalogue contient déjà la version {programme.version} ou une plus récente"]
        )
    for name, value in fields.items():
        setattr(programme, name, value)
    programme.archived_at = None
    db.session.flush()
    return programme


def _converted(data: Mapping[str, Any], what: str) -> Fields:
    """`hours` and `price` as the columns hold them."""
    fields = dict(data)
    hours = fields.pop("hours", None)
    if hours is not None:
        minutes = Fraction(str(hours)) * 60 if isinstance(hours, int | float) else Fraction(1, 2)
        if minutes.denominator != 1:
            raise DescriptionError(what, ["hours attend un nombre d’heures, comme 14 ou 17.5"])
        fields["minutes"] = int(minutes)
    if "price" in fields:
        try:
            fields["price_cents"] = money.parse(str(fields.pop("price")))
        except money.AmountError as error:
            raise DescriptionError(what, [f"price\u00a0: {error}"]) from error
    return fields


def _check(fields: Fields, what: str) -> None:
    problems = []
    if fields["minutes"] <= 0:
        problems.append("la durée doit être supérieure à zéro")
    if fields.get("price_basis", PriceBasis.FLAT) not in set(PriceBasis):
        problems.append("price_basis est l’un de " + ", ".join(PriceBasis))
    if not all(isinstance(text, str) and text.strip() for text in fields["objectives"]):
        problems.append("objectives est une liste de textes")
    problems += _content_problems(fields["content"], fields["minutes"])
    if problems:
        raise DescriptionError(what, problems)
    fields["objectives"] = [paragraphs(text) for text in fields["objectives"]]


def _content_problems(modules: list[Any], minutes: int) -> list[str]:
    """A module has a title, perhaps its minutes, and the points it treats."""
    durations: list[int] = []
    for number, module in enumerate(modules, start=1):
        if not isinstance(module, dict) or not module.get("title"):
            return [f"content\u00a0: le module {number} n’a pas de title"]
        unknown = module.keys() - _MODULE_KEYS
        if unknown:
            return [f"content\u00a0: la clé {min(unknown)} du module {number} est inconnue"]
        if isinstance(module.get("minutes"), int):
            durations.append(module["minutes"])
    if len(durations) == len(modules) and sum(durations) != minutes:
        return [f"content\u00a0: les modules font {sum(durations)} minutes, le programme {minutes}"]
    return []
