"""The reference tables: the package's own, and the one rebuilt from France compétences' open data.

The imported table (see `siro`) says which OPCO an agreement belongs to; titles, the few agreements
it no longer mentions, activities and funds stay those of the package.
"""

import csv
from collections.abc import Iterator
from dataclasses import replace
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path

from portal import french
from portal.companies import siro
from portal.companies.reference import Activity, Convention, Fund, Reliability, Tables

HIDDEN = "ne pas afficher"  # in the source column of a row that still has to be checked


def current(path: Path) -> Tables:
    """The tables in force; `path` is that of the imported table, which may not exist."""
    try:
        state = path.stat()
    except OSError:
        return packaged()
    return _overlaid(path, state.st_ino, state.st_mtime_ns)


@lru_cache(maxsize=2)
def _overlaid(path: Path, _inode: int, _mtime: int) -> Tables:
    """The package's tables under the imported one; made again when the file is another one."""
    own = packaged()
    imported = siro.conventions(path)
    if not imported:
        return own
    merged = dict(own.conventions)
    for idcc, convention in imported.items():
        known = merged.get(idcc)
        is_listed = known is not None and known.reliability is Reliability.SURE
        if known and is_listed and convention.reliability is Reliability.RARE:
            continue  # too few establishments to speak against the official lists
        merged[idcc] = replace(convention, title=known.title if known else "")
    return replace(own, conventions=merged)


@cache
def packaged() -> Tables:
    """The tables that come with the portal."""
    return Tables(
        conventions=_conventions(),
        activities={
            row["naf"]: Activity(
                row["naf"],
                french.typography(row["libelle"]),
                row["idcc_probable"],
                row["opco_code"],
                row["fiabilite"],
                row["mois"],
            )
            for row in _rows("naf_opco")
        },
        funds={
            row["code"]: Fund(
                row["code"],
                french.typography(row["nom"]),
                row["site"],
                row["portail_url"] or row["site"],
                french.typography(row["public"]),
                french.typography(row["depot"]),
                row["mois"],
            )
            for row in _rows("fafs")
            if HIDDEN not in row["source"]
        },
        funds_by_naf={row["naf"]: tuple(row["faf_codes"].split("|")) for row in _rows("naf_faf")},
    )


def _conventions() -> dict[str, Convention]:
    """Rare ones first, then the official ones, then what is shared: the last row of a code wins."""
    found: dict[str, Convention] = {}
    for name, reliability in (("idcc_rares", Reliability.RARE), ("idcc_opco", Reliability.SURE)):
        for row in _rows(name):
            found[row["idcc"]] = Convention(
                row["idcc"],
                french.typography(row["intitule"]),
                (row["opco_code"],),
                reliability,
                row["source"],
                row["mois"],
            )
    for row in _rows("idcc_ambigus"):
        is_escape = row["opcos_possibles"] == "*"
        found[row["idcc"]] = Convention(
            row["idcc"],
            french.typography(row["intitule"]),
            () if is_escape else tuple(row["opcos_possibles"].split("|")),
            Reliability.ESCAPE if is_escape else Reliability.SHARED,
            "SIRO",
            row["mois"],
        )
    return found


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = files("portal.companies").joinpath(f"data/{name}.csv").read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines())
