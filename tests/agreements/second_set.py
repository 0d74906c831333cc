"""Five agreements drawn after the reading rules were frozen, to measure what they are worth.

The rules were not changed after these were read; see docs/decisions. Whoever changes them draws
others, and measures again. Names, numbers and sums are invented.
"""

from datetime import date

from portal.funding.rules import Base
from tests.agreements.drawing import GRID, NB, THIN, Agreement, Sheet, span


def committee_letter(sheet: Sheet) -> None:
    """A committee's decision told at length, in a narrow column beside a margin of references."""
    sheet.lines(
        40,
        90,
        [
            "OCAPIAT",
            "Direction régionale",
            "",
            "Affaire suivie par",
            "Mme Irène Vasco",
            "01 99 00 71 40",
            "",
            "Numéro de dossier",
            "OCA-BFC-0027731",
            "",
            "Adhérent",
            "Fruitière du Haut-Jura",
            "SIRET 777 123 407 00010",
        ],
        "Times-Roman",
        9,
    )
    y = sheet.paragraph(
        190,
        90,
        350,
        "Besançon, ce 8 janvier 2027<br/><br/>Cher adhérent,<br/><br/>Réunie le 6 janvier, la "
        "commission paritaire a examiné le projet de formation «\u00a0Affiner sans "
        "perte\u00a0» que "
        f"vous lui avez soumis, d’un coût de 2{NB}310,00 €. Elle a émis un avis favorable "
        f"et décidé "
        f"d’allouer à votre entreprise une aide de 1{NB}850,00 € hors taxes. La différence, soit "
        f"460,00 €, demeure à votre charge.",
        "Times-Roman",
        10.5,
        True,
    )
    sheet.paragraph(
        190,
        y,
        350,
        "L’action doit se tenir entre le 9 mars et le 11 mars 2027 pour vos cinq collaborateurs. "
        "L’organisme vous adressera sa facture, que vous acquitterez\u00a0; notre aide vous sera "
        "versée dans le mois qui suit la réception des justificatifs.",
        "Times-Roman",
        10.5,
        True,
    )


def tiles(sheet: Sheet) -> None:
    """Big figures with their captions beneath, as on a screen, then small print."""
    sheet.text(40, 60, "Opco Santé", "SansBold", 22)
    sheet.text(40, 84, "Votre demande DPC-2027-33018 est validée", "Sans", 13)
    tiles_drawn = [
        (f"5{THIN}600,00 €", "Coût présenté"),
        (f"4{THIN}200,00 €", "Montant financé HT"),
        (f"1{THIN}400,00 €", "À votre charge"),
        ("28 h", "Durée"),
        ("7", "Participants"),
        ("Oui", "Subrogation"),
    ]
    for index, (value, caption) in enumerate(tiles_drawn):
        x, y = 40 + 175 * (index % 3), 140 + 80 * (index // 3)
        sheet.text(x, y, value, "SansBold", 20)
        sheet.text(x, y + 16, caption, "Sans", 9)
    sheet.lines(
        40,
        310,
        [
            "Formation\u00a0: gestes et postures, du 4 au 7 mai 2027",
            "Établissement\u00a0: Clinique des Tilleuls – SIRET 650 431 281 00015",
            "Organisme de formation\u00a0: Rivage Formation, déclaration d’activité 27 21 04321 77",
        ],
        "Sans",
        10,
    )
    sheet.paragraph(
        40,
        370,
        500,
        "Le règlement est adressé à l’organisme de formation à réception "
        "de la facture. Financement plafonné à 30,00 € par heure et par participant.",
        "Sans",
        8,
    )


def detailed_statement(sheet: Sheet) -> None:
    """A statement with quantities, unit prices, three columns of sums and codes."""
    sheet.centre(50, "UNIFORMATION – BORDEREAU D’ENGAGEMENT N° 2027-BE-4471", "Helvetica-Bold", 11)
    sheet.lines(
        40,
        75,
        [
            "Bénéficiaire\u00a0: Association Le Grand Large (n° d’adhérent 556 200)",
            "SIRET du bénéficiaire\u00a0: 333 870 129 00017",
            "Prestataire\u00a0: Atelier Cascade – NDA 11.75.00000.75 – SIRET 123 456 782 00010",
            "Réf. dossier\u00a0: UF27/118/A",
            "Module\u00a0: Accueillir un public en difficulté – 01/06/2027 au 03/06/2027",
        ],
        "Helvetica",
        8.5,
    )
    right = [
        *GRID,
        ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
        ("FONT", (0, 0), (-1, 0), "Helvetica-Bold", 7.5),
    ]
    y = sheet.table(
        40,
        145,
        [
            ["Nature", "Qté", "P.U. TTC", "Présenté TTC", "Engagé TTC", "À charge"],
            ["Coût pédagogique", "21 h", "120,00", f"2{NB}520,00", f"2{NB}310,00", "210,00"],
            ["Restauration", "24", "16,00", "384,00", "288,00", "96,00"],
            ["Transport", "1", "140,00", "140,00", "140,00", "0,00"],
            ["TOTAL", "", "", f"3{NB}044,00", f"2{NB}738,00", "306,00"],
        ],
        [120, 50, 65, 90, 90, 75],
        right,
        size=8,
    )
    sheet.lines(
        40,
        y + 10,
        [
            "Effectif\u00a0: 8 personnes",
            (
                "Mode de règlement\u00a0: paiement direct au prestataire pour le "
                "coût pédagogique, remboursement à l’adhérent pour le reste."
            ),
            "Prise en charge partielle (barème conventionnel).",
        ],
        "Helvetica",
        8.5,
    )


def undertaking(sheet: Sheet) -> None:
    """A one-page certificate, centred, everything granted, the client reimbursed."""
    sheet.centre(120, "ATTESTATION DE PRISE EN CHARGE", "Times-Bold", 18)
    sheet.centre(145, "Accord n° 2I-7781-27", "Times-Italic", 12)
    lines = [
        "OPCO 2i atteste accorder à la société Mécanique du Val (SIRET 918 273 640 00014)",
        "la prise en charge intégrale du stage «\u00a0Programmation de robots\u00a0»",
        "assuré par Rivage Formation, n° de déclaration 27210432177,",
        "du 14/06/2027 au 18/06/2027, soit 35 heures, au bénéfice de 2 salariés.",
        "",
        "Montant de l’engagement\u00a0: 3.360,00 EUR HT",
        "(trois mille trois cent soixante euros)",
        "",
        "L’entreprise fait l’avance des frais et se fera rembourser sur justificatifs.",
        "Subrogation\u00a0: néant.",
    ]
    y = 200.0
    for line in lines:
        sheet.centre(y, line, "Times-Roman", 11.5)
        y += 18
    sheet.centre(
        760, "OPCO 2i – 9 cours de l’Acier, 42000 Saint-Étienne – SIREN 845 120 930", "Helvetica", 7
    )


def second_refusal(sheet: Sheet) -> None:
    """A refusal in an electronic tone, with a former grant and a table of what was asked."""
    sheet.text(50, 60, "AKTO", "SansBold", 20)
    sheet.text(50, 90, "Notification de décision – dossier AK-27-900412", "SansBold", 12)
    y = sheet.paragraph(
        50,
        105,
        490,
        "Bonjour,<br/><br/>Après analyse, nous ne sommes pas en mesure de "
        "financer l’action décrite ci-dessous. Motif\u00a0: demande déposée après le début "
        "de la formation.",
        "Sans",
        10,
    )
    y = sheet.table(
        50,
        y,
        [
            ["Formation", "Vente additionnelle"],
            ["Client", "Librairie Montplaisant"],
            ["SIRET", "845 120 930 00019"],
            ["Dates", "18/01/2027 – 19/01/2027"],
            ["Montant", f"1{NB}750,00 € HT"],
            ["Apprenants", "5"],
        ],
        [120, 300],
        GRID,
        "Sans",
    )
    sheet.paragraph(
        50,
        y,
        490,
        "Pour mémoire, un accord de 900,00 € HT vous avait été délivré le 3 mars 2026 "
        "(dossier AK-26-100233). Vous pouvez nous écrire à l’adresse conseil@akto.example "
        "pour toute réclamation.",
        "Sans",
        9,
    )


SECOND_SET = (
    Agreement(
        "committee-letter",
        committee_letter,
        {
            "decision": "partial",
            "amount": 185_000,
            "base": Base.NET,
            "file_number": "OCA-BFC-0027731",
            **span(date(2027, 3, 9), date(2027, 3, 11)),
            "headcount": 5,
            "subrogation": False,
            "client_siret": "77712340700010",
            "payee": "company",
        },
    ),
    Agreement(
        "tiles",
        tiles,
        {
            "decision": "partial",
            "amount": 420_000,
            "base": Base.NET,
            "file_number": "DPC-2027-33018",
            **span(date(2027, 5, 4), date(2027, 5, 7)),
            "minutes": 1680,
            "headcount": 7,
            "subrogation": True,
            "client_siret": "65043128100015",
            "organisation_nda": "27210432177",
            "payee": "organisation",
        },
    ),
    Agreement(
        "detailed-statement",
        detailed_statement,
        {
            "decision": "partial",
            "amount": 231_000,
            "base": Base.GROSS,
            "file_number": "UF27/118/A",
            **span(date(2027, 6, 1), date(2027, 6, 3)),
            "minutes": 1260,
            "headcount": 8,
            "subrogation": True,
            "client_siret": "33387012900017",
            "organisation_nda": "11750000075",
            "payee": "organisation",
        },
    ),
    Agreement(
        "undertaking",
        undertaking,
        {
            "decision": "total",
            "amount": 336_000,
            "base": Base.NET,
            "file_number": "2I-7781-27",
            **span(date(2027, 6, 14), date(2027, 6, 18)),
            "minutes": 2100,
            "headcount": 2,
            "subrogation": False,
            "client_siret": "91827364000014",
            "organisation_nda": "27210432177",
            "payee": "company",
        },
    ),
    Agreement(
        "second-refusal",
        second_refusal,
        {
            "decision": "refused",
            "file_number": "AK-27-900412",
            **span(date(2027, 1, 18), date(2027, 1, 19)),
            "headcount": 5,
            "client_siret": "84512093000019",
        },
    ),
)
