"""What a programme says, what indicator 1 of Qualiopi still wants of it, what a version changed.

Indicator 1 (public information: prerequisites, objectives, duration, access and its delay, price,
contacts, methods, assessment, accessibility) and D6353-1 of the Code du travail (content, means,
follow-up, sanction) name what must stand; the contacts are those of the organisation.
"""

import csv
import difflib
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from portal import french, money
from portal.training.schedule_rules import PRICE_BASIS_LABEL, PriceBasis

CODE = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,29}")
MAX_MODULES, MAX_LINES, TITLE_LENGTH = 30, 40, 160
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Section:
    """A part of a programme that is read and corrected at once."""

    slug: str
    title: str
    fields: tuple[str, ...]


SECTIONS = (
    Section(
        "presentation",
        "Présentation et tarif",
        ("title", "minutes", "price_cents", "price_basis", "remote_percent", "nsf_code"),
    ),
    Section("objectifs", "Objectifs et public", ("objectives", "audience", "prerequisites")),
    Section("contenu", "Contenu", ("content",)),
    Section("moyens", "Méthodes et moyens", ("methods", "means", "follow_up", "remote_help")),
    Section(
        "evaluation",
        "Évaluation et sanction",
        (
            "assessment",
            "sanction",
            "certification",
            "certification_code",
            "certifier",
            "certified_on",
        ),
    ),
    Section(
        "acces", "Accès, accessibilité, résultats", ("access_delay", "accessibility", "results")
    ),
)
SECTION = {section.slug: section for section in SECTIONS}
FIELDS = tuple(name for section in SECTIONS for name in section.fields)
SECTION_OF = {name: section.slug for section in SECTIONS for name in section.fields}
LABEL = {
    "title": "Intitulé",
    "minutes": "Durée",
    "price_cents": "Prix hors taxes",
    "price_basis": "Mode de calcul",
    "remote_percent": "Part à distance",
    "nsf_code": "Spécialité de formation (NSF)",
    "objectives": "Objectifs",
    "audience": "Public",
    "prerequisites": "Prérequis",
    "content": "Contenu",
    "methods": "Méthodes",
    "means": "Moyens",
    "follow_up": "Suivi",
    "remote_help": "Assistance à distance",
    "assessment": "Évaluation",
    "sanction": "Sanction",
    "certification": "Certification",
    "certification_code": "Code de la certification",
    "certifier": "Organisme certificateur",
    "certified_on": "Date d’enregistrement",
    "access_delay": "Délai d’accès",
    "accessibility": "Accessibilité",
    "results": "Indicateurs de résultats",
}


@cache
def specialities() -> dict[str, str]:
    """Code → title of the « nomenclature des spécialités de formation », three figures.

    Decree 94-522 of 21 June 1994; the yearly report (frame F-4) counts trainees by them.
    """
    text = files("portal.programmes").joinpath("data/nsf.csv").read_text(encoding="utf-8")
    return {
        row["code"]: row["intitule"] for row in csv.DictReader(text.splitlines(), delimiter=";")
    }


# --- What is still wanted


@dataclass(frozen=True)
class Gap:
    """Something to complete: the field it is about, and a sentence that says what to do.

    A blocking gap keeps the programme off papers and public pages; the others are advice.
    """

    field: str
    sentence: str
    is_blocking: bool = True

    @property
    def section(self) -> str:
        return SECTION_OF[self.field]


WANTED = {
    "objectives": "Écrivez au moins un objectif",
    "audience": "Dites à qui la formation s’adresse",
    "prerequisites": "Indiquez les prérequis, ou «\u00a0Aucun prérequis\u00a0»",
    "content": "Décrivez le contenu, module par module",
    "methods": "Indiquez les méthodes pédagogiques",
    "means": "Indiquez les moyens mis à disposition",
    "follow_up": "Dites comment l’exécution de la formation est suivie",
    "assessment": "Dites comment les acquis sont évalués",
    "sanction": "Indiquez ce qui est remis à la fin",
    "access_delay": "Indiquez les modalités et le délai d’accès",
    "accessibility": "Dites comment les personnes handicapées sont accueillies",
}
_CERTIFIED = {
    "certification_code": "Indiquez le code RNCP ou RS de la certification",
    "certifier": "Nommez l’organisme certificateur",
    "certified_on": "Indiquez la date d’enregistrement de la certification",
}


def gaps(values: Values) -> list[Gap]:
    """What indicator 1 still wants of that programme, by section; advice comes last."""
    found = [Gap(name, sentence) for name, sentence in WANTED.items() if not values[name]]
    if values["certification"]:
        found += [Gap(name, sentence) for name, sentence in _CERTIFIED.items() if not values[name]]
    if values["remote_percent"] and not values["remote_help"]:
        found.append(
            Gap("remote_help", "Décrivez l’assistance donnée à distance (article D6313-3-1)")
        )
    found += _sum_gap(values)
    found += [
        Gap("objectives", remark, is_blocking=False)
        for objective in values["objectives"]
        if (remark := verb_remark(objective))
    ]
    if not values["nsf_code"]:
        sentence = "Choisissez une spécialité\u00a0: le bilan pédagogique et financier la demande"
        found.append(Gap("nsf_code", sentence, is_blocking=False))
    return sorted(found, key=lambda gap: (not gap.is_blocking, FIELDS.index(gap.field)))


def is_complete(values: Values) -> bool:
    """Whether papers can be made of it."""
    return not any(gap.is_blocking for gap in gaps(values))


def _sum_gap(values: Values) -> list[Gap]:
    durations = [module.get("minutes") for module in values["content"]]
    if not durations or not all(durations) or sum(durations) == values["minutes"]:
        return []
    total, announced = french.duration(sum(durations)), french.duration(values["minutes"])
    sentence = f"Les modules font {total}, la formation {announced}\u00a0: accordez-les"
    return [Gap("content", sentence)]


_VAGUE = {
    "comprendre", "connaitre", "savoir", "apprehender", "decouvrir", "maitriser", "sensibiliser",
    "approfondir", "reflechir", "aborder", "assimiler", "percevoir", "voir", "etre", "avoir",
}  # fmt: skip


def verb_remark(objective: str) -> str | None:
    """Why that objective can hardly be assessed: no action verb first, or a vague one."""
    words = re.findall(r"[^\W\d_]+", french.fold(objective))
    if words[:3] == ["etre", "capable", "de"] or words[:3] == ["etre", "capable", "d"]:
        words = words[3:]
    if words[:1] in (["se"], ["s"]):
        words = words[1:]
    quoted = f"«\u00a0{french.shorten(objective, 60)}\u00a0»"
    if words and words[0] not in _VAGUE and re.fullmatch(r".+(?:er|ir|re)", words[0]):
        return None
    if words and words[0] in _VAGUE:
        return (
            f"{quoted}\u00a0: préférez ce que la personne saura faire et que l’on peut observer "
            "(identifier, rédiger, calculer…)"
        )
    return f"{quoted}\u00a0: commencez par un verbe d’action (identifier, rédiger, calculer…)"


# --- What a version changed


@dataclass(frozen=True)
class Change:
    """A field that differs; texts are as shown to a person."""

    label: str
    before: str
    after: str

    @property
    def lines(self) -> list[tuple[bool, str]]:
        """(whether it came or went, its text) of each line that did not stay."""
        compared = difflib.ndiff(self.before.splitlines(), self.after.splitlines())
        return [(line[0] == "+", line[2:]) for line in compared if line[0] in "+-"]


def changes(before: Values, after: Values, names: Sequence[str] = FIELDS) -> list[Change]:
    """Field by field, what differs between two versions."""
    return [
        Change(LABEL[name], shown(name, before[name]), shown(name, after[name]))
        for name in names
        if _plain(before[name]) != _plain(after[name])
    ]


def shown(name: str, value: Any) -> str:
    """A value as a person reads it; empty when there is none."""
    if value is None or value == "" or value == []:
        return ""
    writers = {
        "minutes": french.duration,
        "price_cents": money.euros,
        "price_basis": lambda basis: PRICE_BASIS_LABEL[PriceBasis(basis)],
        "remote_percent": lambda percent: f"{percent}{french.NBSP}%",
        "nsf_code": lambda code: f"{code}, {specialities().get(code, 'spécialité inconnue')}",
        "objectives": "\n".join,
        "content": lambda modules: "\n".join(map(_module_line, modules)),
        "certified_on": french.date_mid,
    }
    return str(writers[name](value)) if name in writers else str(value)


def _module_line(module: Mapping[str, Any]) -> str:
    minutes = module.get("minutes")
    head = module["title"] + (f" ({french.duration(minutes)})" if minutes else "")
    return "\n".join([head, *(f"– {point}" for point in module.get("points", ()))])


def _plain(value: Any) -> Any:
    """What is compared: nothing and an empty text are one, and so are all blanks."""
    if isinstance(value, str):
        return re.sub("[ \u00a0\u202f]+", " ", value).strip()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items() if item is not None}
    return "" if value is None else value


def digest(values: Values, names: Sequence[str]) -> str:
    """Tells whether somebody changed these fields since a page was opened."""
    plain = [_plain(values[name]) for name in names]
    text = json.dumps(plain, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


# --- Names


def slug_of(title: str) -> str:
    """« Lecture de plans et métrés » → « lecture-de-plans-et-metres », whole words, 80 at most."""
    slug = "-".join(re.findall(r"[a-z0-9]+", french.fold(title)))
    return (slug if len(slug) <= 80 else slug[:81].rpartition("-")[0] or slug[:80]) or "programme"


_SMALL = {"de", "du", "des", "d", "la", "le", "les", "l", "et", "en", "a", "au", "aux", "un", "une"}


def code_of(title: str, minutes: int) -> str:
    """« Lecture de plans et métrés », 14 hours → « LPM-14 »."""
    words = re.findall(r"[a-z0-9]+", french.fold(title))
    initials = "".join(word[0] for word in words if word not in _SMALL)[:6].upper() or "PR"
    return f"{initials}-{max(1, round(minutes / 60))}"


def certification_text(
    title: str | None, code: str | None, certifier: str | None, registered_on: date | None
) -> str | None:
    """« Titre (RNCP34567), délivrée par X, enregistrée le 1er mars 2025 »: papers and pages."""
    if not title:
        return None
    parts = [title + (f" ({code})" if code else "")]
    if certifier:
        parts.append(f"délivrée par {certifier}")
    if registered_on:
        parts.append(f"enregistrée le {french.date_mid(registered_on)}")
    return ", ".join(parts)
