"""The first set: letters that say what is granted in sentences or short lists."""

from tests.agreements.drawing import GRID, NB, Sheet


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
    sheet.lines(
        60,
        120,
        ["Boulangerie Fournil d’Or", "2 quai des Moulins", "44000 Nantes"],
        "Times-Roman",
        11,
    )
    sheet.text(60, 190, "Nos réf.\u00a0: dossier n° EP-2026-104233", "Times-Roman", 11)
    y = sheet.paragraph(
        60,
        215,
        475,
        "Chère adhérente,<br/><br/>Vous avez sollicité notre concours pour la formation "
        "«\u00a0Hygiène alimentaire\u00a0: maîtriser le coût des pertes\u00a0», confiée à "
        "l’organisme Atelier Cascade, enregistré sous le numéro de déclaration d’activité "
        "11 75 00000 75. Après étude de votre dossier, nous sommes heureux de vous confirmer que "
        f"nous prenons en charge la totalité des coûts pédagogiques, soit 2{NB}800,00 euros "
        f"nets de "
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


def refusal(sheet: Sheet) -> None:
    """A refusal that quotes what had been asked for."""
    sheet.lines(70, 70, ["OPCO Mobilités", "12 rue de l’Essieu", "69007 Lyon"], "Times-Roman", 11)
    sheet.lines(
        330,
        120,
        ["Garage du Vallon EURL", "SIRET 444 555 668 00011", "5 route de l’Étang", "38200 Vienne"],
        "Times-Roman",
        11,
    )
    sheet.text(330, 190, "Lyon, le 12 octobre 2026", "Times-Roman", 11)
    sheet.text(
        70,
        225,
        "Objet\u00a0: votre demande de prise en charge – dossier n° MOB-58213-26",
        "Times-Bold",
        11,
    )
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
        "Nous avons le regret de vous informer que votre demande n’a pas pu être acceptée, "
        "le budget "
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
        [
            "Numéro de dossier\u00a0: 2026ATL0098341",
            "Adhérent\u00a0: Nordlys Conseil SAS – SIRET 11122233700011",
            "Action\u00a0: Conduite de projet – du 15 au 17 mars 2027",
            "Participants\u00a0: 6",
            "Durée\u00a0: 21 heures par stagiaire, soit 126 heures-stagiaires",
        ],
        "Helvetica",
        9.5,
    )
    y = sheet.paragraph(
        56,
        y + 10,
        480,
        f"Le coût de la formation s’élève à 5{NB}040,00 € HT, soit 40,00 € par heure et par "
        f"stagiaire. "
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
