"""The people and companies of the demonstration's sessions. All fictional, as are the addresses."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path

WAITED_FOR = "bonjour@ateliers-bresson.example"

VASSEUR = {
    "siret": "900 553 124 00018",
    "legal_name": "Menuiserie Vasseur",
    "address": "14 rue des Forges",
    "postcode": "21200",
    "city": "Beaune",
    "naf": "43.32A",
    "staff_count": "18",
    "recovers_vat": "oui",
    "signatory_first_name": "Hélène",
    "signatory_last_name": "Vasseur",
    "signatory_function": "Gérante",
    "signatory_email": "helene.vasseur@menuiserie-vasseur.example",
    "phone": "03 53 01 77 20",
}
VASSEUR_TEAM = (
    ("Amine", "Rahmani", "amine.rahmani@menuiserie-vasseur.example", "Menuisier poseur"),
    ("Lucie", "Pernot", "lucie.pernot@menuiserie-vasseur.example", "Métreuse"),
    ("Yann", "Le Goff", "", "Chef d’équipe"),
    ("Fatou", "Diallo", "fatou.diallo@menuiserie-vasseur.example", "Menuisière d’atelier"),
    ("Bastien", "Moreau", "", "Apprenti poseur"),
)
NORDLYS = {
    "siret": "111 222 337 00011",
    "legal_name": "Nordlys Conseil",
    "address": "3 place du Théâtre-Neuf",
    "postcode": "69003",
    "city": "Lyon",
    "naf": "70.22Z",
    "staff_count": "22",
    "recovers_vat": "oui",
    "signatory_first_name": "Camille",
    "signatory_last_name": "Estève",
    "signatory_function": "Direction générale",
    "signatory_email": "camille.esteve@nordlys-conseil.example",
    "phone": "04 65 71 30 08",
}
BEGUN = {
    "siret": "444 555 668 0001",
    "legal_name": "Garage du Vallon",
    "city": "Autun",
    "recovers_vat": "oui",
}


ADVICE = (
    "Bonjour, pensez à choisir «\u00a0plan de développement des compétences\u00a0» et à cocher la "
    "subrogation\u00a0: vous n’aurez rien à avancer."
)
QUESTION = (
    "Merci. Notre métreuse reprend à mi-temps en janvier\u00a0: peut-elle suivre la seconde "
    "journée à distance\u00a0?"
)

TEAMS = {
    "vallon": (
        ("Karim", "Ouali", "", "Mécanicien"),
        ("Sophie", "Mercier", "sophie.mercier@garage-du-vallon.example", "Accueil"),
        ("Denis", "Robelin", "", "Chef d’atelier"),
    ),
    "fournil": (
        ("Maëlle", "Guérin", "maelle.guerin@boulangerie-du-fournil.example", "Vendeuse"),
        ("Ibrahim", "Camara", "", "Boulanger"),
        ("Julie", "Poirier", "", "Pâtissière"),
        ("Noé", "Lebreton", "", "Apprenti boulanger"),
    ),
}


@cache
def clients() -> Mapping[str, Mapping[str, str]]:
    """The other companies, by the name their sessions call them."""
    found = tomllib.loads((Path(__file__).parent / "clients.toml").read_text(encoding="utf-8"))
    return {name: dict(answers) for name, answers in found.items()}


def people(team: Iterable[Sequence[str]]) -> dict[str, str]:
    """First name, last name, e-mail and job of each, as the trainees' page posts them."""
    names = ("first_name", "last_name", "email", "job")
    answers = {"needs_adaptation": "non", "headcount": ""}
    for index, person in enumerate(team):
        for name, value in zip(names, person, strict=True):
            answers[f"people-{index}-{name}"] = value
    return answers


def schedule(days: Iterable[date]) -> dict[str, str]:
    """Days from 9 h to 17 h with an hour for lunch, at the client's."""
    hours = {
        "morning_starts": "09:00",
        "morning_ends": "12:30",
        "afternoon_starts": "13:30",
        "afternoon_ends": "17:00",
    }
    answers = {
        "place_mode": "client",
        "place": "",
        "access_notes": "Salle de plain-pied, accessible en fauteuil. Stationnement sur place.",
    }
    for index, day in enumerate(days):
        answers |= {f"days-{index}-{name}": value for name, value in hours.items()}
        answers[f"days-{index}-date"] = day.isoformat()
    return answers
