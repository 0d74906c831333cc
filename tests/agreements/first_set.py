"""The ten agreements the reading rules were written with. Names, numbers and sums are invented."""

from datetime import date

from reportlab.lib.pagesizes import A4

from portal.funding.rules import Base
from tests.agreements.drawing import GRID, NB, THIN, Agreement, Sheet, span

WIDTH = A4[0]


def boxed_letter(sheet: Sheet) -> None:
    """A short letter around a table of labels and values; the asked amount comes first."""
    sheet.text(60, 60, "CONSTRUCTYS", "Helvetica-Bold", 13)
    sheet.text(60, 76, "Opérateur de compétences de la construction", size=9)
    sheet.lines(340, 110, ["Menuiserie Vasseur", "14 rue des Forges", "21200 Beaune"])
    sheet.text(340, 170, "Le 20 novembre 2026")
    sheet.text(60, 205, "Accord de prise en charge n° 26-118204", "Helvetica-Bold", 11)
    y = sheet.paragraph(
        60,
        225,
        470,
        "Madame, Monsieur,<br/><br/>Nous avons le plaisir de vous informer que votre demande "
        "relative au plan de développement des compétences a reçu un accord de financement dans "
        "les conditions suivantes\u00a0:",
    )
    y = sheet.table(
        60,
        y,
        [
            ["Action", "Lecture de plans et métrés"],
            ["Organisme", "Rivage Formation, NDA 27 21 04321 77"],
            ["Période", f"du 12/01/2027 au 13/01/2027, 14{NB}heures"],
            ["Stagiaires", "4"],
            ["Coût pédagogique demandé", f"2{NB}400,00{NB}€"],
            ["Montant accordé", f"1{NB}600,00{NB}€ HT"],
            ["Règlement", "Subrogation\u00a0: paiement à l’organisme"],
        ],
        [170, 300],
        GRID,
    )
    sheet.paragraph(
        60,
        y,
        470,
        "Le règlement interviendra sur présentation de la facture et du certificat de réalisation, "
        "dans les deux mois suivant la fin de l’action.",
    )


def warm_letter(sheet: Sheet) -> None:
    """Everything is said in sentences, justified, in an old-fashioned tone."""
    sheet.right(540, 70, "À Nantes, le 3 décembre 2026", "Times-Roman", 11)
    sheet.lines(60, 70, ["OPCO EP", "Service aux entreprises"], "Times-Bold", 11)
    sheet.lines(60, 120, ["Boulangerie Fournil d’Or", "2 quai des Moulins", "44000 Nantes"], "Times-Roman", 11)
    sheet.text(60, 190, "Nos réf.\u00a0: dossier n° EP-2026-104233", "Times-Roman", 11)
    y = sheet.paragraph(
        60,
        215,
        475,
        "Chère adhérente,<br/><br/>Vous avez sollicité notre concours pour la formation "
        "«\u00a0Hygiène alimentaire\u00a0: maîtriser le coût des pertes\u00a0», confiée à "
        "l’organisme Atelier Cascade, enregistré sous le numéro de déclaration d’activité "
        "11 75 00000 75. Après étude de votre dossier, nous sommes heureux de vous confirmer que "
        f"nous prenons en charge la totalité des coûts pédagogiques, soit 2{NB}800,00 euros nets de "
        "taxes, pour quatre (4) salariés et une durée de 14 heures.",
        "Times-Roman",
        11,
        True,
    )
    sheet.paragraph(
        60,
        y,
        475,
        "Cette formation se déroulera du mardi 2 février au mercredi 3 février 2027. Vous n’aurez "
        "aucune somme à avancer\u00a0: nous réglerons directement l’organisme de formation, sur "
        "présentation de sa facture et des certificats de réalisation. Tout changement de date "
        "devra nous être signalé avant le début de l’action, sous peine de refus de paiement.",
        "Times-Roman",
        11,
        True,
    )


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
    left = ["L’entreprise", "Nordlys Conseil SAS", "8 allée des Tanneurs, 35000 Rennes",
            "SIRET\u00a0: 111 222 337 00011", "Effectif de l’entreprise\u00a0: 22 salariés"]
    right = ["L’organisme de formation", "Atelier Cascade", "3 passage du Puits, 75011 Paris",
             "SIRET\u00a0: 123 456 782 00010", "N° d’activité\u00a0: 11750000075"]
    sheet.lines(50, 110, left)
    sheet.lines(315, 110, right)
    sheet.lines(50, 210, ["Ce que nous finançons", "Prise en charge accordée\u00a0: 1.200,00 € HT",
                          "Nombre de stagiaires\u00a0: 8", "Durée de la formation\u00a0: 7 h 00"])
    sheet.lines(315, 210, ["Votre projet", "Coût total de la formation\u00a0: 1.200,00 € HT",
                           "TVA\u00a0: 240,00 €", "Total facture\u00a0: 1.440,00 € TTC"])
    sheet.lines(50, 290, ["Date de formation\u00a0: 18 février 2027",
                          "Accord total, valable jusqu’au 30 juin 2027."])
    sheet.paragraph(
        50,
        330,
        230,
        "Modalités de règlement\u00a0: sans subrogation. Vous réglez l’organisme de formation, puis "
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


def refusal(sheet: Sheet) -> None:
    """A refusal that quotes what had been asked for."""
    sheet.lines(70, 70, ["OPCO Mobilités", "12 rue de l’Essieu", "69007 Lyon"], "Times-Roman", 11)
    sheet.lines(330, 120, ["Garage du Vallon EURL", "SIRET 444 555 668 00011", "5 route de l’Étang", "38200 Vienne"], "Times-Roman", 11)
    sheet.text(330, 190, "Lyon, le 12 octobre 2026", "Times-Roman", 11)
    sheet.text(70, 225, "Objet\u00a0: votre demande de prise en charge – dossier n° MOB-58213-26", "Times-Bold", 11)
    y = sheet.paragraph(
        70,
        250,
        450,
        "Monsieur,<br/><br/>Vous nous avez adressé une demande de prise en charge d’un montant de "
        f"1{NB}500,00 € pour la formation «\u00a0Relation client\u00a0», prévue le 2 novembre 2026 "
        "pour 3 salariés.",
        "Times-Roman",
        11,
    )
    sheet.paragraph(
        70,
        y,
        450,
        "Nous avons le regret de vous informer que votre demande n’a pas pu être acceptée, le budget "
        "annuel de votre entreprise étant épuisé (plafond\u00a0: 4 000,00 € par an). Vous pouvez "
        "contester cette décision dans un délai de deux mois.",
        "Times-Roman",
        11,
    )


def hourly_ceiling(sheet: Sheet) -> None:
    """A partial agreement explained: rate asked, ceiling, product, remainder."""
    sheet.text(56, 60, "Atlas – Accord de prise en charge partielle", "Helvetica-Bold", 13)
    y = sheet.lines(
        56,
        90,
        ["Numéro de dossier\u00a0: 2026ATL0098341", "Adhérent\u00a0: Nordlys Conseil SAS – SIRET 11122233700011",
         "Action\u00a0: Conduite de projet – du 15 au 17 mars 2027",
         "Participants\u00a0: 6", "Durée\u00a0: 21 heures par stagiaire, soit 126 heures-stagiaires"],
        "Helvetica",
        9.5,
    )
    y = sheet.paragraph(
        56,
        y + 10,
        480,
        f"Le coût de la formation s’élève à 5{NB}040,00 € HT, soit 40,00 € par heure et par stagiaire. "
        "Le barème de votre branche prévoit un plafond horaire de 30,00 € HT. En conséquence, "
        f"le montant pris en charge par Atlas est de 3{NB}780,00 € HT. Le reste à charge de "
        f"l’entreprise est de 1{NB}260,00 € HT.",
        size=9.5,
    )
    sheet.paragraph(
        56,
        y,
        480,
        "Le paiement sera effectué directement à l’organisme de formation, dans le cadre de la "
        "subrogation de paiement, à l’issue de l’action. Une avance de 30 % (1 134,00 €) peut être "
        "demandée.",
        size=9.5,
    )


def gross_amount(sheet: Sheet) -> None:
    """Labels on one line, values in large type on the next; VAT included."""
    sheet.text(60, 70, "Uniformation", "Helvetica-Bold", 18)
    sheet.text(60, 92, "l’Opco de la Cohésion sociale", size=9)
    pairs = [
        (60, "Votre numéro de dossier", "UNI-773-2027"),
        (320, "Stagiaires", "5"),
    ]
    for x, label, value in pairs:
        sheet.text(x, 140, label, size=8)
        sheet.text(x, 156, value, "Helvetica-Bold", 13)
    sheet.text(60, 190, "Montant accordé", size=8)
    sheet.text(60, 206, "4 536,00 € T.T.C.", "Helvetica-Bold", 13)
    sheet.text(320, 190, "Reste à votre charge", size=8)
    sheet.text(320, 206, "1 512,00 € T.T.C.", "Helvetica-Bold", 13)
    sheet.text(60, 240, "Date de début de la formation", size=8)
    sheet.text(60, 256, "5 avril 2027", "Helvetica-Bold", 13)
    sheet.text(320, 240, "Date de fin de la formation", size=8)
    sheet.text(320, 256, "7 avril 2027", "Helvetica-Bold", 13)
    sheet.paragraph(
        60,
        290,
        470,
        "Votre association, employeur de 31 salariés, ne récupère pas la TVA\u00a0: notre "
        "participation est donc calculée toutes taxes comprises. Le versement se fera à votre "
        "organisme, en subrogation. Il s’agit d’un financement partiel au titre de l’année 2027.",
    )


def many_pages(sheet: Sheet) -> None:
    """Headers and footers on each page, conditions first, a table per trainee on the second."""
    def frame(number: int) -> None:
        sheet.text(50, 30, "AFDAS · Opérateur de compétences · Agrément 2019-04-01", size=7)
        sheet.right(545, 30, f"Page {number}/3", size=7)
        sheet.centre(820, "Association loi 1901 – SIRET 651 284 314 00015 – 66 rue du Théâtre, 75003 Paris – Tél. 01 99 00 31 31 – Capital sans objet", "Helvetica", 6.5)

    frame(1)
    sheet.text(50, 80, "Notification d’accord", "Helvetica-Bold", 14)
    sheet.table(50, 100, [["Dossier n°", "AFD270116-55"], ["Entreprise", "Compagnie du Phare"],
                          ["SIRET", "430 987 651 00014"], ["Intitulé", "Régie lumière\u00a0: prise en main"],
                          ["Organisme", "Rivage Formation"], ["Dates", "du 19/04/2027 au 23/04/2027"],
                          ["Durée", f"35{NB}heures"]], [140, 340])
    sheet.paragraph(50, 270, 480, "Conditions\u00a0: l’organisme transmet les feuilles d’émargement. Toute heure non suivie vient en déduction, au coût horaire de 32,00 €. Les pénalités de retard s’élèvent à 40,00 €.", size=8)
    sheet.next_page()
    frame(2)
    right = [*GRID, ("ALIGN", (2, 0), (-1, -1), "RIGHT")]
    sheet.table(50, 80, [["Stagiaire", "Heures", "Coût présenté", "Montant accordé HT"],
                         ["ARDOIN Lise", "35", f"1{NB}400,00 €", f"1{NB}120,00 €"],
                         ["BESSE Marc", "35", f"1{NB}400,00 €", f"1{NB}120,00 €"],
                         ["Total", "70", f"2{NB}800,00 €", f"2{NB}240,00 €"]], [160, 60, 120, 140], right)
    sheet.paragraph(50, 180, 480, "Décision\u00a0: partielle. Remboursement à l’entreprise sur facture acquittée.", size=9)
    sheet.next_page()
    frame(3)
    sheet.paragraph(50, 80, 480, "Annexe – Plafonds 2027. Prise en charge maximale par heure\u00a0: 32,00 €. Plafond annuel de prise en charge\u00a0: 7 000,00 €. Hébergement\u00a0: 90,00 € par nuit.", size=9)


def typed_form(sheet: Sheet) -> None:
    """A form in typewriter characters, boxes ticked with a letter, amounts in EUR."""
    rows = [
        "OPCOMMERCE - FORMULAIRE DE REPONSE", "",
        "NUMERO DE DOSSIER ........ : C2027-66410",
        "ENTREPRISE ............... : EPICERIE DES QUATRE VENTS",
        "SIRET ENTREPRISE ......... : 80123645600019",
        "NDA DE L'ORGANISME ....... : 27210432177",
        "DATE DE DEBUT ............ : 10.05.2027",
        "DATE DE FIN .............. : 11.05.2027",
        "NOMBRE D'HEURES .......... : 14",
        "NOMBRE DE STAGIAIRES ..... : 3", "",
        "DECISION : [ ] ACCORD TOTAL   [X] ACCORD PARTIEL   [ ] REFUS DE PRISE EN CHARGE", "",
        "MONTANT DEMANDE HT ....... : 1800 EUR",
        "MONTANT ACCORDE HT ....... : 1234,5 EUR",
        "RESTE A CHARGE HT ........ : 565,5 EUR", "",
        "SUBROGATION : [X] OUI   [ ] NON",
    ]
    sheet.lines(50, 70, rows, "Courier", 9.5)


def scan(sheet: Sheet) -> None:
    """A page that came out of a scanner: an image, no text."""
    sheet.picture(["AKTO", "Montant accorde : 1 600,00 EUR HT", "Dossier 26-118204"])


FIRST_SET = (
    Agreement("boxed-letter", boxed_letter, {
        "decision": "partial", "amount": 160_000, "base": Base.NET, "file_number": "26-118204",
        **span(date(2027, 1, 12), date(2027, 1, 13)), "minutes": 840, "headcount": 4,
        "subrogation": True, "organisation_nda": "27210432177", "payee": "organisation"}),
    Agreement("warm-letter", warm_letter, {
        "decision": "total", "amount": 280_000, "base": Base.NET, "file_number": "EP-2026-104233",
        **span(date(2027, 2, 2), date(2027, 2, 3)), "minutes": 840, "headcount": 4,
        "subrogation": True, "organisation_nda": "11750000075", "payee": "organisation"}),
    Agreement("costs-table", costs_table, {
        "decision": "partial", "amount": 315_000, "base": Base.NET, "file_number": "DF-2027-00815",
        **span(date(2027, 3, 8), date(2027, 3, 10)), "minutes": 1260, "headcount": 6,
        "subrogation": True, "client_siret": "51234098500013"}),
    Agreement("two-columns", two_columns, {
        "decision": "total", "amount": 120_000, "base": Base.NET, "file_number": "ATL/26/774512",
        **span(date(2027, 2, 18), date(2027, 2, 18)), "minutes": 420, "headcount": 8,
        "subrogation": False, "client_siret": "11122233700011",
        "organisation_nda": "11750000075", "payee": "company"}),
    Agreement("refusal", refusal, {
        "decision": "refused", "file_number": "MOB-58213-26", "client_siret": "44455566800011",
        **span(date(2026, 11, 2), date(2026, 11, 2)), "headcount": 3}),
    Agreement("hourly-ceiling", hourly_ceiling, {
        "decision": "partial", "amount": 378_000, "base": Base.NET,
        "file_number": "2026ATL0098341", **span(date(2027, 3, 15), date(2027, 3, 17)),
        "minutes": 1260, "headcount": 6, "subrogation": True, "client_siret": "11122233700011",
        "payee": "organisation"}),
    Agreement("gross-amount", gross_amount, {
        "decision": "partial", "amount": 453_600, "base": Base.GROSS,
        "file_number": "UNI-773-2027", **span(date(2027, 4, 5), date(2027, 4, 7)),
        "headcount": 5, "subrogation": True, "payee": "organisation"}),
    Agreement("many-pages", many_pages, {
        "decision": "partial", "amount": 224_000, "base": Base.NET, "file_number": "AFD270116-55",
        **span(date(2027, 4, 19), date(2027, 4, 23)), "minutes": 2100,
        "subrogation": False, "client_siret": "43098765100014", "payee": "company"}),
    Agreement("typed-form", typed_form, {
        "decision": "partial", "amount": 123_450, "base": Base.NET, "file_number": "C2027-66410",
        **span(date(2027, 5, 10), date(2027, 5, 11)), "minutes": 840, "headcount": 3,
        "subrogation": True, "client_siret": "80123645600019",
        "organisation_nda": "27210432177"}),
    Agreement("scan", scan, {}, is_scan=True),
)
