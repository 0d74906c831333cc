"""Facts other than the amount: what says them, and what only looks like it."""

from datetime import date

import pytest

from tests.agreements.measuring import value_of
from tests.agreements.test_amounts import reading_of

FACTS = [
    ("subrogation", "Subrogation : oui ☐ non ☒", False),
    ("subrogation", "Subrogation : ☒ oui ☐ non", True),
    ("subrogation", "Subrogation : ☐ oui ☒ non", False),
    ("subrogation", "Subrogation : oui / non", None),
    ("subrogation", "Subrogation    Oui", True),
    ("subrogation", "Subrogation    Non", False),
    (
        "subrogation",
        "En cas de subrogation, le paiement est effectué à l'organisme de formation.",
        None,
    ),
    (
        "subrogation",
        "Vous réglez la formation puis nous vous remboursons sur facture acquittée.",
        False,
    ),
    ("subrogation", "Subrogation de paiement demandée par l'entreprise", None),
    (
        "subrogation",
        "Les frais annexes sont remboursés à l'entreprise. Le prix est réglé à l'organisme.",
        True,
    ),
    ("subrogation", "Règlement à l'organisme de formation par subrogation", True),
    ("decision", "☒ Accord total ☐ Accord partiel ☐ Refus de prise en charge", "total"),
    ("decision", "☐ Accord total ☐ Accord partiel ☒ Refus de prise en charge", "refused"),
    ("decision", "Accord total    Accord partiel    Refus de prise en charge", None),
    ("decision", "En cas de prise en charge partielle, vous réglez la différence.", None),
    ("decision", "Votre demande a été refusée.", "refused"),
    ("decision", "Décision : REFUSÉ", "refused"),
    ("decision", "Statut : accordé partiellement", "partial"),
    ("decision", "Nous refusons de prendre en charge votre formation.", "refused"),
    (
        "decision",
        "Nous sommes au regret de ne pouvoir donner une suite favorable à votre demande.",
        "refused",
    ),
    ("decision", "Votre demande est rejetée.", "refused"),
    ("decision", "Toute prise en charge partielle sera notifiée.", None),
    ("headcount", "Nombre de stagiaires : 4", 4),
    ("headcount", "pour 4 salariés", 4),
    ("headcount", "entreprise de moins de 50 salariés", None),
    ("headcount", "Effectif : 12 salariés de l'entreprise", None),
    ("headcount", "L'entreprise compte 22 salariés. Formation de 3 salariés.", None),
    ("minutes", "Durée : 2 jours, soit 14 heures", 840),
    ("minutes", "Durée : 14 h (2 jours de 7 h)", 840),
    ("minutes", "Horaires : de 9 h 00 à 17 h 30", None),
    ("minutes", "Durée : 7h30", 450),
    ("minutes", "Durée totale : 56 heures stagiaires", None),
    ("minutes", "Nombre d'heures    14,00", 840),
    ("minutes", "Délai de réponse : 48 heures", None),
    ("file_number", "Dossier n° 12345678", "12345678"),
    ("file_number", "N° de dossier : 26-118204", "26-118204"),
    ("file_number", "N° adhérent : 445566", None),
    ("file_number", "Dossier suivi par Mme Lenoir, tél. 01 99 00 31 31", None),
    ("file_number", "Dossier n° 26 118 204", None),
    ("client_siret", "Entreprise\nMenuiserie Vasseur\nSIRET : 900 553 124 00018", "90055312400018"),
    ("client_siret", "SIRET de l'entreprise : 90055312400018", "90055312400018"),
    ("client_siret", "Organisme de formation\nRivage\nSIRET : 900 553 124 00018", None),
    ("client_siret", "SIRET de l'entreprise : 90055312400019", None),
    ("organisation_nda", "NDA : 27 21 04321 77", "27210432177"),
    ("organisation_nda", "N° de déclaration d'activité    27210432177", "27210432177"),
    ("organisation_nda", "NDA : 27 21 04321 7", None),
]
DAYS = [
    ("Dates : du 12/01/27 au 13/01/27", date(2027, 1, 12), date(2027, 1, 13)),
    ("Période : 12/01/2027 - 13/01/2027", date(2027, 1, 12), date(2027, 1, 13)),
    ("La formation aura lieu les 12 et 13 janvier 2027", date(2027, 1, 12), date(2027, 1, 13)),
    ("Formation du 15 décembre au 12 janvier 2027", date(2026, 12, 15), date(2027, 1, 12)),
    ("Du    12/01/2027    au    13/01/2027", date(2027, 1, 12), date(2027, 1, 13)),
    ("Date de début : 12/01/2027 Date de fin : 13/01/2027", date(2027, 1, 12), date(2027, 1, 13)),
    ("Accord valable du 01/01/2027 au 31/12/2027", None, None),
    ("Formation du lundi 29 février 2027 au 3 mars 2027", None, None),
    ("Début : 12/01/2027\nFin : 11/01/2027", None, None),
    ("Formation du 12/01/2027 au 13/01/2027 et du 20/01/2027 au 21/01/2027", None, None),
]


@pytest.mark.parametrize(("name", "text", "value"), FACTS)
def test_a_fact(name: str, text: str, value: object) -> None:
    assert value_of(reading_of(text), name) == value


@pytest.mark.parametrize(("text", "start", "end"), DAYS)
def test_first_and_last_day(text: str, start: date | None, end: date | None) -> None:
    reading = reading_of(text)
    assert (value_of(reading, "start"), value_of(reading, "end")) == (start, end)
