"""The mentions each paper owes, written from the law and from nothing else in the project.

One row: where it is owed, for which VAT regimes, and the words. Apostrophes and blanks are
compared normalised. Sources: Code du travail, CGI, Code de commerce (articles named beside).
"""

ALL = ("exempt", "standard", "franchise")

# R6351-6, version of 1 August 2025
DECLARED = (
    "éclaration d'activité enregistrée sous le numéro 53 56 00000 56 auprès du préfet de "
    "région de Bretagne"
)
# L6352-12: the only sentence on it that advertising may hold
ADVERTISED = (
    "Enregistrée sous le numéro 53 56 00000 56. Cet enregistrement ne vaut pas agrément de l'État."
)
# terms of use of the Qualiopi mark
CERTIFIED = (
    "La certification qualité a été délivrée au titre de la catégorie d'action suivante : "
    "actions de formation"
)

MENTIONS: dict[str, list[tuple[tuple[str, ...], str]]] = {
    "devis": [
        (ALL, DECLARED),
        (("exempt",), "Exonération de TVA, article 261, 4, 4° a du CGI"),
        (("standard",), "TVA au taux de 20 %"),
        (("standard",), "FR11123456782"),
        (("franchise",), "TVA non applicable, art. 293 B du CGI"),
        # an accepted quote may stand for the convention: D6353-1, II
        (ALL, "D6353-1"),
        (ALL, "Bon pour accord"),
        (ALL, "D-2026-0142"),
        (ALL, "23 novembre 2026"),
        (ALL, "valable jusqu'au 23 décembre 2026"),
        # D6353-1, I: title, objective, content, means, duration, period, distance share, …
        (ALL, "Encadrer une petite équipe"),
        (ALL, "Donner une consigne complète et vérifier qu'elle est comprise"),
        (ALL, "Organiser et déléguer"),
        (ALL, "Salle avec paperboard et vidéoprojecteur"),
        (ALL, "14 heures par stagiaire"),
        (ALL, "12 et 13 janvier 2027"),
        (ALL, "taux d'enseignement à distance : 0 %"),
        (ALL, "Feuille d'émargement signée par demi-journée"),
        (ALL, "Certificat de réalisation"),
        (ALL, "Total HT"),
        (ALL, "Total TTC"),
        # L441-10 and D441-5 of the Code de commerce
        (ALL, "majoré de dix points"),
        (ALL, "indemnité forfaitaire pour frais de recouvrement de 40,00 €"),
        (ALL, "30 jours de la date de facture"),
        (ALL, "escompte"),
        # who pays whom
        (ALL, "Subrogation de paiement : oui"),
        (ALL, "opérateur de compétences (OPCO), Constructys"),
        (ALL, "l'entreprise reste débitrice"),
        # who is who
        (ALL, "SIRET 123 456 782 00010"),
        (ALL, "SIRET 900 553 124 00018"),
        (ALL, "SAS au capital de 10 000 €"),
        (ALL, "RCS Lorient 123 456 782"),
        (ALL, "Hélène Vasseur, gérante"),
        (ALL, "2024-OF-00512"),
        (ALL, CERTIFIED),
    ],
    "convention": [
        (ALL, "articles L6353-1 et D6353-1 du Code du travail"),
        (ALL, "L6313-1, 1°"),
        (ALL, DECLARED),
        (("exempt",), "Exonération de TVA, article 261, 4, 4° a du CGI"),
        (("standard",), "TVA au taux de 20 %"),
        (("standard",), "FR11123456782"),
        (("franchise",), "TVA non applicable, art. 293 B du CGI"),
        (ALL, "C-2026-0142"),
        (ALL, "Représenté par Inès Rocher, présidente"),
        (ALL, "Représentée par Hélène Vasseur, gérante"),
        (ALL, "SIRET 123 456 782 00010"),
        (ALL, "SIRET 900 553 124 00018"),
        (ALL, "NAF 43.32A"),
        (ALL, "Encadrer une petite équipe"),
        (ALL, "Donner une consigne complète et vérifier qu'elle est comprise"),
        (ALL, "Organiser et déléguer"),
        (ALL, "Prérequis"),
        (ALL, "Salle avec paperboard et vidéoprojecteur"),
        (ALL, "14 heures par stagiaire"),
        (ALL, "12 et 13 janvier 2027"),
        (ALL, "9 h 00 – 12 h 30"),
        (ALL, "14 rue des Forges"),
        (ALL, "Taux d'enseignement à distance sur la durée totale : 0 %"),
        (ALL, "Claire Montagnier, consultante en organisation"),
        (ALL, "Quinze ans d'encadrement"),
        (ALL, "Feuille d'émargement"),
        (ALL, "mise en situation évaluée"),
        (ALL, "Certificat de réalisation"),
        (ALL, "Total HT"),
        (ALL, "Total TTC"),
        (ALL, "Subrogation de paiement : oui"),
        (ALL, "opérateur de compétences (OPCO), Constructys"),
        (ALL, "l'entreprise reste débitrice"),
        (ALL, "30 jours de la date de facture"),
        (ALL, "majoré de dix points"),
        (ALL, "indemnité forfaitaire pour frais de recouvrement de 40,00 €"),
        (ALL, "à titre de dédit 30 % du prix HT, et 50 % à moins de 3 jours ouvrés"),
        (ALL, "ne peut pas être pris en charge par un OPCO ni être imputé"),
        (ALL, "abandonne en cours de formation"),
        (ALL, "jusqu'à 10 jours ouvrés"),
        (ALL, "rembourse les sommes indûment perçues de ce fait (article L6354-1"),
        (ALL, "Référent handicap : Inès Rocher, handicap@rivage-formation.example, 01 99 00 12 35"),
        (ALL, "règlement intérieur applicable aux stagiaires"),
        (ALL, "règlement (UE) 2016/679"),
        (ALL, "CNIL"),
        (ALL, "tout différend"),
        (ALL, "avant le début de la formation"),
        (ALL, "Fait à Lorient, le 23 novembre 2026, en deux exemplaires"),
        (ALL, "Pour l'organisme"),
        (ALL, "Pour l'entreprise"),
        (ALL, "Certification Qualiopi n° 2024-OF-00512, délivrée par Certif Littoral"),
        (ALL, CERTIFIED),
    ],
    "programme": [
        (ALL, ADVERTISED),
        # Qualiopi, indicator 1
        (ALL, "Objectifs"),
        (ALL, "Donner une consigne complète et vérifier qu'elle est comprise"),
        (ALL, "Prérequis"),
        (ALL, "Encadrer, ou être sur le point d'encadrer"),
        (ALL, "Public"),
        (ALL, "14 heures"),
        (ALL, "12 et 13 janvier 2027"),
        (ALL, "Délai d'accès"),
        (ALL, "Inscription jusqu'à 15 jours avant le premier jour"),
        (ALL, "Méthodes"),
        (ALL, "Études de cas"),
        (ALL, "Moyens"),
        (ALL, "Évaluation"),
        (ALL, "Sanction"),
        (ALL, "Accessibilité"),
        (ALL, "Formation ouverte aux personnes en situation de handicap"),
        (ALL, "Inès Rocher, handicap@rivage-formation.example, 01 99 00 12 35"),
        (ALL, "Nadia Belkacem"),
        (ALL, "contact@rivage-formation.example"),
        (ALL, "satisfaction de 9,1 sur 10"),
        (ALL, "Claire Montagnier"),
        (ALL, "1 890,00 € HT"),
        (("exempt",), "Exonération de TVA, article 261, 4, 4° a du CGI"),
        (("standard",), "TVA au taux de 20 %"),
        (("franchise",), "TVA non applicable, art. 293 B du CGI"),
        (ALL, "version 4 du 5 octobre 2026"),
        (ALL, "0 % à distance"),
        (ALL, CERTIFIED),
    ],
    # the amount that binds, what it completes, and what the Code de commerce wants of payments
    "engagement": [
        (ALL, DECLARED),
        (ALL, "E-2026-0142"),
        (ALL, "Complète la convention C-2026-0142"),
        (ALL, "23 novembre 2026"),
        (ALL, "Hélène Vasseur, gérante"),
        (ALL, "SIRET 900 553 124 00018"),
        (ALL, "SIRET 123 456 782 00010"),
        (ALL, "Encadrer une petite équipe"),
        (ALL, "accord n° CO-2026-7"),
        (ALL, "630,00 €"),
        (("exempt",), "Exonération de TVA, article 261, 4, 4° a du CGI"),
        (("standard",), "TVA au taux de 20 %"),
        (("franchise",), "TVA non applicable, art. 293 B du CGI"),
        (("exempt", "franchise"), "s'engage à régler à l'organisme la somme de 630,00 €"),
        (("standard",), "s'engage à régler à l'organisme la somme de 1 008,00 € TTC"),
        (ALL, "Subrogation de paiement : oui"),
        (ALL, "l'entreprise reste débitrice"),
        (ALL, "30 jours de la date de facture"),
        (ALL, "indemnité forfaitaire pour frais de recouvrement de 40,00 €"),
        (ALL, "Pour l'organisme"),
        (ALL, "Pour l'entreprise"),
    ],
    # who is trained and who trains, in the place of the names of a convention that stays signed
    "annexe": [
        (ALL, "A-2026-0142"),
        (ALL, "Complète la convention C-2026-0142"),
        (ALL, "23 novembre 2026"),
        (ALL, "SIRET 900 553 124 00018"),
        (ALL, "SIRET 123 456 782 00010"),
        (ALL, "Encadrer une petite équipe"),
        (ALL, "Amina Aubry"),
        (ALL, "Tout le reste de la convention, son prix et sa signature, est inchangé"),
    ],
}

# Words a paper may not hold.
FORBIDDEN: dict[str, list[str]] = {
    # L6352-12: no other allusion to the declaration in advertising
    "programme": ["éclaration d'activité", "préfet de région"],
    "devis": ["ne vaut pas agrément"],
    "convention": ["ne vaut pas agrément"],
    "engagement": ["ne vaut pas agrément"],
    "annexe": ["s'engage à régler"],
}


def expected(kind: str, regime: str) -> list[str]:
    return [words for regimes, words in MENTIONS[kind] if regime in regimes]
