"""The fictional cast of the papers, as rows that no database ever saw."""

from datetime import date, time, timedelta
from typing import Any

import portal.access.models
import portal.emails.models
import portal.signature.models  # noqa: F401 - mappers name one another
from portal.accounts.models import Organisation, User
from portal.companies.models import Company
from portal.funding.models import Agreement
from portal.training.models import HalfDay, Programme, Trainee, TrainingSession

ISSUED = date(2026, 11, 23)
RULES = (
    "Article 1 – Objet. Le présent règlement précise les mesures de santé et de sécurité, les "
    "règles de discipline et la représentation des stagiaires.\n"
    "Article 2 – Santé et sécurité. Chaque stagiaire respecte les consignes du lieu.\n"
    "Article 3 – Discipline. Les sanctions vont de l’avertissement à l’exclusion définitive."
)


def organisation(**changes: Any) -> Organisation:
    fields: dict[str, Any] = {
        "id": 1,
        "name": "Rivage Formation",
        "legal_form": "SAS",
        "capital_cents": 1_000_000,
        "rcs": "RCS Lorient 123 456 782",
        "address": "12 quai des Indes",
        "postcode": "56100",
        "city": "Lorient",
        "siret": "12345678200010",
        "nda": "53560000056",
        "nda_region": "Bretagne",
        "vat_regime": "exempt",
        "vat_number": "FR11123456782",
        "iban": "FR7630006000011234567890189",
        "signatory_name": "Inès Rocher",
        "signatory_function": "présidente",
        "contact_name": "Nadia Belkacem",
        "contact_function": "responsable administrative",
        "email": "contact@rivage-formation.example",
        "phone": "0199001234",
        "website": "www.rivage-formation.example",
        "logo_sha256": None,
        "accent": "#0B5F62",
        "qualiopi_number": "2024-OF-00512",
        "qualiopi_certifier": "Certif Littoral",
        "qualiopi_valid_until": date(2027, 9, 14),
        "disability_name": "Inès Rocher",
        "disability_email": "handicap@rivage-formation.example",
        "disability_phone": "0199001235",
        "internal_rules": "https://www.rivage-formation.example/reglement-interieur",
        "terms": "https://www.rivage-formation.example/conditions",
        "mediator": None,
        "hosting": "Hébergement du Ponant",
        "quote_validity_days": 30,
        "payment_days": 30,
        "notice_days": 10,
        "forfeit_percent": 30,
        "late_notice_days": 3,
        "late_forfeit_percent": 50,
    }
    return Organisation(**{**fields, **changes})


def trainer(**changes: Any) -> User:
    fields: dict[str, Any] = {
        "email": "claire.montagnier@rivage-formation.example",
        "first_name": "Claire",
        "last_name": "Montagnier",
        "role": "trainer",
        "password_hash": "!",
        "titles": "consultante en organisation, titulaire d’un master en sciences de gestion",
        "qualifications": "Quinze ans d’encadrement dans le bâtiment et l’industrie du bois.",
    }
    return User(**{**fields, **changes})


def company(**changes: Any) -> Company:
    fields: dict[str, Any] = {
        "siret": "90055312400018",
        "legal_name": "Menuiserie Vasseur",
        "naf": "43.32A",
        "address": "14 rue des Forges",
        "postcode": "21200",
        "city": "Beaune",
        "staff_count": 18,
        "recovers_vat": True,
        "signatory_first_name": "Hélène",
        "signatory_last_name": "Vasseur",
        "signatory_function": "gérante",
        "signatory_email": "helene@menuiserie-vasseur.example",
        "contact_name": "Marc Delorme",
        "contact_email": "marc@menuiserie-vasseur.example",
        "billing_address": None,
    }
    return Company(**{**fields, **changes})


def programme(**changes: Any) -> Programme:
    fields: dict[str, Any] = {
        "code": "EPE-14",
        "slug": "encadrer-une-petite-equipe",
        "title": "Encadrer une petite équipe",
        "version": 4,
        "dated": date(2026, 10, 5),
        "minutes": 840,
        "objectives": [
            "Situer son rôle, ses responsabilités et les limites de sa délégation",
            "Organiser la semaine de l’équipe selon les priorités et les compétences",
            "Donner une consigne complète et vérifier qu’elle est comprise",
            "Conduire un entretien de recadrage en s’appuyant sur des faits",
            "Désamorcer un désaccord et formaliser l’accord trouvé",
        ],
        "content": [
            {
                "title": "De collègue à responsable",
                "minutes": 210,
                "points": [
                    "Missions, pouvoir, délégation : ce que l’entreprise attend",
                    "Obligations de santé et de sécurité de la personne qui encadre",
                    "Autodiagnostic de ses pratiques et choix de deux priorités",
                ],
            },
            {
                "title": "Organiser et déléguer",
                "minutes": 210,
                "points": [
                    "Prioriser, répartir la charge, anticiper les absences",
                    "Donner une consigne : objectif, moyens, délai, point de contrôle",
                    "Atelier : bâtir le planning de la semaine suivante",
                ],
            },
            {
                "title": "Communiquer et motiver",
                "minutes": 210,
                "points": [
                    "Écoute active, questionnement, reformulation",
                    "Reconnaître le travail bien fait ; faire un retour utile",
                    "Animer un point d’équipe de quinze minutes",
                ],
            },
            {
                "title": "Recadrer, réguler, progresser",
                "minutes": 210,
                "points": [
                    "Préparer et conduire un entretien de recadrage",
                    "Tensions et conflits : repérer, écouter, arbitrer, orienter",
                    "Mise en situation évaluée, puis plan d’action à trois mois",
                ],
            },
        ],
        "audience": "Chefs d’équipe et responsables d’atelier encadrant\nde deux à dix collègues.",
        "prerequisites": "Encadrer, ou être sur le point d’encadrer, au moins une personne.",
        "access_delay": "Inscription jusqu’à 15 jours avant le premier jour, réponse sous 48 h.",
        "methods": "Études de cas apportés par les stagiaires, jeux de rôle, apports courts.",
        "means": "Salle avec paperboard et vidéoprojecteur ; fiches pratiques et livret remis.",
        "follow_up": "Feuille d’émargement signée par demi-journée par chaque stagiaire et par la "
        "personne qui forme.",
        "assessment": "Questionnaire de positionnement avant la formation, quiz à la fin de chaque "
        "demi-journée, mise en situation évaluée selon une grille.",
        "sanction": "Certificat de réalisation et attestation de fin de formation.",
        "accessibility": "Formation ouverte aux personnes en situation de handicap : les "
        "adaptations sont étudiées avant l’inscription.",
        "results": "En 2025 : 91 % des objectifs acquis, satisfaction de 9,1 sur 10.",
        "certification": None,
        "remote_help": "Une assistance technique et pédagogique répond par téléphone et par "
        "courriel de 8 h 30 à 18 h, chaque jour de formation.",
        "price_cents": 120_000,
        "price_basis": "day",
    }
    return Programme(**{**fields, **changes})


def half_days(count: int = 4, first: date = date(2027, 1, 12)) -> list[HalfDay]:
    """Mornings 9:00–12:30 and afternoons 13:30–17:00: 3 h 30 each, on successive days."""
    rows = []
    for index in range(count):
        morning = index % 2 == 0
        rows.append(
            HalfDay(
                day=first + timedelta(days=index // 2),
                period="morning" if morning else "afternoon",
                starts=time(9) if morning else time(13, 30),
                ends=time(12, 30) if morning else time(17),
            )
        )
    return rows


FIRST = ("Amina", "Bruno", "Chloé", "David", "Élodie", "Farid", "Gaëlle", "Hugo", "Inès", "Jérôme")
LAST = ("Aubry", "Bénard", "Carlier", "Duprè", "Esposito", "Faure", "Gonçalves", "Hébert", "Ibarra")


def trainees(count: int) -> list[Trainee]:
    return [
        Trainee(
            position=index + 1,
            first_name=FIRST[index % len(FIRST)],
            last_name=LAST[index % len(LAST)],
            email=None,
            job=("chef d’équipe", "menuisière poseuse", None)[index % 3],
        )
        for index in range(count)
    ]


def training(named: int = 1, headcount: int | None = None, **changes: Any) -> TrainingSession:
    """A session of `named` trainees (or `headcount`, when more are still to be named)."""
    fields: dict[str, Any] = {
        "ref": "S-2026-0142",
        "programme": programme(),
        "company": company(),
        "trainer": trainer(),
        "half_days": half_days(),
        "trainees": trainees(named),
        "headcount": named if headcount is None else headcount,
        "price_basis": "flat",
        "unit_price_cents": 189_000,
        "price_cents": 189_000,
        "vat_regime": None,
        "place_mode": "client",
        "place": None,
        "remote_percent": 0,
        "funder_choice": "opco",
        "opco_code": "CONSTRUCTYS",
        "subrogation": True,
    }
    return TrainingSession(**{**fields, **changes})


def funded(named: int = 1, **changes: Any) -> TrainingSession:
    """The same session once its OPCO has granted two thirds of it, excluding VAT."""
    agreement = Agreement(state="validated", number="CO-2026-7")
    return training(
        named, granted_cents=126_000, granted_vat_cents=0, agreements=[agreement], **changes
    )
