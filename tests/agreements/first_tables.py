"""The first set: tables, columns, forms, many pages, and a scan."""

from tests.agreements.drawing import GRID, NB, THIN, Sheet


def costs_table(sheet: Sheet) -> None:
    """Asked and granted side by side, with annex fees and a sum; figures on the right."""
    right = [*GRID, ("ALIGN", (1, 0), (-1, -1), "RIGHT")]
    sheet.text(50, 50, "AKTO – Notification de prise en charge", "SansBold", 14)
    y = sheet.table(
        50,
        75,
        [
            ["N° de dossier", "DF-2027-00815", "Date de la décision", "15/12/2026"],
            ["Entreprise adhérente", "Hôtel du Belvédère", "SIRET", "512 340 985 00013"],
            ["Date de début", "08/03/2027", "Date de fin", "10/03/2027"],
            ["Nombre de participants", "6", "Durée par stagiaire", f"21,00{NB}h"],
        ],
        [115, 130, 110, 130],
        GRID,
        "Sans",
    )
    sheet.text(50, y + 12, "Détail du financement (montants en euros, hors taxes)", "SansBold", 10)
    y = sheet.table(
        50,
        y + 22,
        [
            ["Poste", "Demandé", "Accordé"],
            ["Coûts pédagogiques", f"3{THIN}900,00", f"3{THIN}150,00"],
            ["Frais annexes", "420,00", "180,00"],
            ["Total", f"4{THIN}320,00", f"3{THIN}330,00"],
        ],
        [245, 120, 120],
        right,
        "Sans",
    )
    y = sheet.table(
        50,
        y,
        [["Subrogation de paiement", "Oui"], ["Décision", "Accord partiel"]],
        [245, 240],
        GRID,
        "Sans",
    )
    sheet.paragraph(
        50,
        y,
        490,
        "Les frais annexes sont remboursés à l’entreprise. En cas de refus, vous disposez de deux "
        "mois pour former un recours.",
        "Sans",
        9,
    )


def two_columns(sheet: Sheet) -> None:
    """The two parties face to face, then what is granted on the left and asked on the right."""
    sheet.centre(55, "DÉCISION DE FINANCEMENT")
    sheet.centre(72, "Référence à rappeler\u00a0: ATL/26/774512", "Helvetica", 10)
    left = [
        "L’entreprise",
        "Nordlys Conseil SAS",
        "8 allée des Tanneurs, 35000 Rennes",
        "SIRET\u00a0: 111 222 337 00011",
        "Effectif de l’entreprise\u00a0: 22 salariés",
    ]
    right = [
        "L’organisme de formation",
        "Atelier Cascade",
        "3 passage du Puits, 75011 Paris",
        "SIRET\u00a0: 123 456 782 00010",
        "N° d’activité\u00a0: 11750000075",
    ]
    sheet.lines(50, 110, left)
    sheet.lines(315, 110, right)
    sheet.lines(
        50,
        210,
        [
            "Ce que nous finançons",
            "Prise en charge accordée\u00a0: 1.200,00 € HT",
            "Nombre de stagiaires\u00a0: 8",
            "Durée de la formation\u00a0: 7 h 00",
        ],
    )
    sheet.lines(
        315,
        210,
        [
            "Votre projet",
            "Coût total de la formation\u00a0: 1.200,00 € HT",
            "TVA\u00a0: 240,00 €",
            "Total facture\u00a0: 1.440,00 € TTC",
        ],
    )
    sheet.lines(
        50,
        290,
        [
            "Date de formation\u00a0: 18 février 2027",
            "Accord total, valable jusqu’au 30 juin 2027.",
        ],
    )
    sheet.paragraph(
        50,
        330,
        230,
        "Modalités de règlement\u00a0: sans subrogation. Vous réglez l’organisme de "
        "formation, puis "
        "le remboursement à l’entreprise intervient sous 30 jours après réception de la facture "
        "acquittée.",
    )
    sheet.paragraph(
        315,
        330,
        230,
        "Nos conseillers vous répondent de 9 h 00 à 17 h 30 au 01 99 00 55 10. Le financement "
        "annuel disponible pour votre entreprise reste de 3.800,00 €.",
    )


def many_pages(sheet: Sheet) -> None:
    """Headers and footers on each page, conditions first, a table per trainee on the second."""

    def frame(number: int) -> None:
        sheet.text(50, 30, "AFDAS · Opérateur de compétences · Agrément 2019-04-01", size=7)
        sheet.right(545, 30, f"Page {number}/3", size=7)
        sheet.centre(
            820,
            "Association loi 1901 – SIRET 651 284 314 00015 – 66 rue du Théâtre, 75003 "
            "Paris – Tél. 01 99 00 31 31 – Capital sans objet",
            "Helvetica",
            6.5,
        )

    frame(1)
    sheet.text(50, 80, "Notification d’accord", "Helvetica-Bold", 14)
    sheet.table(
        50,
        100,
        [
            ["Dossier n°", "AFD270116-55"],
            ["Entreprise", "Compagnie du Phare"],
            ["SIRET", "430 987 651 00014"],
            ["Intitulé", "Régie lumière\u00a0: prise en main"],
            ["Organisme", "Rivage Formation"],
            ["Dates", "du 19/04/2027 au 23/04/2027"],
            ["Durée", f"35{NB}heures"],
        ],
        [140, 340],
    )
    sheet.paragraph(
        50,
        270,
        480,
        "Conditions\u00a0: l’organisme transmet les feuilles d’émargement. Toute heure non "
        "suivie vient en déduction, au coût horaire de 32,00 €. Les pénalités de retard "
        "s’élèvent à 40,00 €.",
        size=8,
    )
    sheet.next_page()
    frame(2)
    right = [*GRID, ("ALIGN", (2, 0), (-1, -1), "RIGHT")]
    sheet.table(
        50,
        80,
        [
            ["Stagiaire", "Heures", "Coût présenté", "Montant accordé HT"],
            ["ARDOIN Lise", "35", f"1{NB}400,00 €", f"1{NB}120,00 €"],
            ["BESSE Marc", "35", f"1{NB}400,00 €", f"1{NB}120,00 €"],
            ["Total", "70", f"2{NB}800,00 €", f"2{NB}240,00 €"],
        ],
        [160, 60, 120, 140],
        right,
    )
    sheet.paragraph(
        50,
        180,
        480,
        "Décision\u00a0: partielle. Remboursement à l’entreprise sur facture acquittée.",
        size=9,
    )
    sheet.next_page()
    frame(3)
    sheet.paragraph(
        50,
        80,
        480,
        "Annexe – Plafonds 2027. Prise en charge maximale par heure\u00a0: 32,00 €. "
        "Plafond annuel de prise en charge\u00a0: 7 000,00 €. Hébergement\u00a0: 90,00 € par nuit.",
        size=9,
    )


def typed_form(sheet: Sheet) -> None:
    """A form in typewriter characters, boxes ticked with a letter, amounts in EUR."""
    rows = [
        "OPCOMMERCE - FORMULAIRE DE REPONSE",
        "",
        "NUMERO DE DOSSIER ........ : C2027-66410",
        "ENTREPRISE ............... : EPICERIE DES QUATRE VENTS",
        "SIRET ENTREPRISE ......... : 80123645600019",
        "NDA DE L'ORGANISME ....... : 27210432177",
        "DATE DE DEBUT ............ : 10.05.2027",
        "DATE DE FIN .............. : 11.05.2027",
        "NOMBRE D'HEURES .......... : 14",
        "NOMBRE DE STAGIAIRES ..... : 3",
        "",
        "DECISION : [ ] ACCORD TOTAL   [X] ACCORD PARTIEL   [ ] REFUS DE PRISE EN CHARGE",
        "",
        "MONTANT DEMANDE HT ....... : 1800 EUR",
        "MONTANT ACCORDE HT ....... : 1234,5 EUR",
        "RESTE A CHARGE HT ........ : 565,5 EUR",
        "",
        "SUBROGATION : [X] OUI   [ ] NON",
    ]
    sheet.lines(50, 70, rows, "Courier", 9.5)


def scan(sheet: Sheet) -> None:
    """A page that came out of a scanner: an image, no text."""
    sheet.picture(["AKTO", "Montant accorde : 1 600,00 EUR HT", "Dossier 26-118204"])
