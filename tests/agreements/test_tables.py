"""Amounts in rows and columns: what heads them decides, and doubt proposes nothing."""

import pytest

from tests.agreements.measuring import value_of
from tests.agreements.test_amounts import reading_of

TABLES = [
    (
        """\
Coût demandé       2 400,00 €       Montant accordé       1 600,00 €""",
        160000,
    ),
    (
        """\
Montant accordé       1 600,00 €       Reste à charge       800,00 €""",
        160000,
    ),
    (
        """\
Poste               Accordé      Demandé

Pédagogie           1 600,00     2 400,00""",
        160000,
    ),
    (
        """\
Poste               Plafond      Demandé

Pédagogie           1 600,00     2 400,00""",
        None,
    ),
    (
        """\
                    Montant      Montant
Poste               demandé      accordé

Pédagogie           2 400,00     1 600,00""",
        160000,
    ),
    (
        """\
                    Montants accordés

                    HT           TVA          TTC

Pédagogie           1 600,00     320,00       1 920,00""",
        None,
    ),
    (
        """\
Désignation                  Montant

Montant accordé              1 600,00 €

Reste à charge               800,00 €""",
        160000,
    ),
    (
        """\
Désignation                  Montant accordé

Coût pédagogique             1 600,00 €

Hébergement                  300,00 €

Reste à charge               500,00 €""",
        160000,
    ),
    (
        """\
Montant accordé par heure    Montant accordé

30,00 €                      1 600,00 €""",
        160000,
    ),
    (
        """\
Stagiaire      Accordé

Dupont         400,00

Martin         400,00

Durand         800,00""",
        None,
    ),
    (
        """\
Prise en charge OPCO         Part entreprise

1 600,00 €                   800,00 €""",
        160000,
    ),
    (
        """\
Montant HT   TVA      Montant TTC   Prise en charge

2 400,00     480,00   2 880,00      1 600,00 HT""",
        160000,
    ),
    (
        """\
Coût de la formation : 2 400,00 € HT         Nous vous accordons :
                                             la somme de 1 600,00 € HT""",
        160000,
    ),
    (
        """\
Nous vous accordons la prise en charge        2 400,00 €
de votre formation selon le détail joint      coût total""",
        None,
    ),
    (
        """\
Total accordé
                       Demandé      Accordé

Formation              2 400,00     1 600,00

Total                  2 400,00     1 600,00""",
        160000,
    ),
    (
        """\
Année 2026        Année 2027

Montant accordé      1 000,00 €      1 600,00 €""",
        None,
    ),
    (
        """\
Montant accordé      1 600,00 €      2 400,00 €""",
        None,
    ),
    (
        """\
Prise en charge accordée : coût pédagogique 1 600,00 € et frais annexes 300,00 €""",
        160000,
    ),
    (
        """\
Montant accordé : 1 600,00 € dont 300,00 € de frais annexes""",
        160000,
    ),
    (
        """\
Montant accordé : 1 600,00 € dont frais annexes 300,00 €""",
        160000,
    ),
]


@pytest.mark.parametrize(("text", "cents"), TABLES)
def test_tables(text: str, cents: int | None) -> None:
    assert value_of(reading_of(text), "amount") == cents
