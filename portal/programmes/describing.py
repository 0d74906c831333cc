"""Programmes described in a file: each one enters the catalogue, or its next version does."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from portal import clock, money
from portal.declared import DescriptionError, Fields, fit, paragraphs
from portal.extensions import db
from portal.programmes import rules, service
from portal.training.models import Programme
from portal.training.schedule_rules import PriceBasis

# What nobody describes: it follows from the rest, or from an act.
_OURS = ("slug", "search_text", "archived_at", "replaced_at", "public_at")
_MODULE_KEYS = {"title", "minutes", "points"}


def create_programme(data: Mapping[str, Any]) -> Programme:
    """Adds a programme to the catalogue, or the later version of the same code.

    `data` has the columns of `Programme`, with two friendlier spellings: `hours` (14 or 17.5) for
    minutes, and `price` (« 1 600,00 », excluding VAT) for price_cents. Runs inside the caller's
    transaction. Sessions keep the version they chose. Raises DescriptionError.
    """
    what = f"Programme {data.get('code') or 'sans code'}"
    fields = fit(
        Programme,
        _converted(data, what),
        what,
        apart=_OURS,
        spelled={"minutes": "hours", "price_cents": "price"},
    )
    _check(fields, what)
    code, version = fields.pop("code"), fields.pop("version", 1)
    standing = service.current(code)
    if standing is None:
        programme = Programme(
            **fields, code=code, version=version, slug=service.free_slug(fields["title"])
        )
        db.session.add(programme)
    elif version <= standing.version:
        raise DescriptionError(
            what, [f"le catalogue contient déjà la version {standing.version} ou une plus récente"]
        )
    else:
        programme = service.succeed(standing, fields, version, clock.now())
    programme.archived_at = None
    return service.refreshed(programme)


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
    if not rules.CODE.fullmatch(fields["code"]):
        problems.append("code s’écrit en capitales et en chiffres, comme LPM-14")
    if fields.get("nsf_code") and fields["nsf_code"] not in rules.specialities():
        problems.append("nsf_code est un code de trois chiffres de la nomenclature NSF")
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
