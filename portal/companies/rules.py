"""The identifiers of a company as people type them: checked, and written in one way.

Every `check_…` returns the canonical text, or raises ValueError with a French sentence that says
what is wrong with what was typed. Sources: INSEE (SIREN, SIRET), ISO 13616 (IBAN), article
R6351-6 of the Code du travail (activity declaration).
"""

import re

from stdnum import iban, luhn
from stdnum.exceptions import ValidationError
from stdnum.fr import siret, tva

from portal import french
from portal.funding.rules import STAFF_THRESHOLD

NBSP = french.NBSP
LA_POSTE = "356000000"
FULL_WIDTH = {0xFF10 + digit: str(digit) for digit in range(10)}
_SEPARATORS = re.compile(r"[\s.\u00a0\u202f\u2009\-\u2010\u2011/]+")


def compact(text: str) -> str:
    """`text` without the blanks, dots and dashes people group figures with.

    Full-width figures, which some keyboards give, become ordinary ones. Other alphabets' figures
    are left alone: nobody could compare them by eye with the company's papers.
    """
    return _SEPARATORS.sub("", french.clean(text).translate(FULL_WIDTH))


def _figures(text: str, name: str, length: int) -> str:
    """Exactly `length` figures; the sentence says how many are missing or in excess."""
    figures = compact(text)
    if not re.fullmatch(r"[0-9]+", figures):
        raise ValueError(f"{name} s’écrit avec des chiffres de 0 à 9 seulement")
    gap = length - len(figures)
    if gap > 0:
        raise ValueError(f"{name} compte {length} chiffres, il en manque {gap}")
    if gap < 0:
        raise ValueError(f"{name} compte {length} chiffres, il y en a {-gap} de trop")
    return figures


def check_siret(text: str) -> str:
    """14 figures with a valid key: « 732 829 320 00074 » → « 73282932000074 ».

    La Poste's establishments have a key of their own: the sum of their figures is a multiple of 5.
    """
    figures = compact(text)
    if re.fullmatch(r"[0-9]{9}", figures):
        raise ValueError(
            "Vous avez donné un SIREN (9 chiffres)"
            f"{NBSP}: ajoutez les 5 chiffres de l’établissement pour faire le SIRET"
        )
    figures = _figures(text, "Le SIRET", 14)
    la_poste = figures.startswith(LA_POSTE) and luhn.is_valid(figures)
    if not int(figures[:9]) or not (siret.is_valid(figures) or la_poste):
        raise ValueError(f"Ce SIRET comporte une erreur de frappe{NBSP}: vérifiez les chiffres")
    return figures


def check_naf(text: str) -> str:
    """Code NAF (APE): « 8559a » → « 85.59A »."""
    code = compact(text).upper()
    if not re.fullmatch(r"[0-9]{4}[A-Z]", code):
        raise ValueError("Le code NAF compte 4 chiffres et une lettre, par exemple 85.59A")
    return f"{code[:2]}.{code[2:]}"


def check_postcode(text: str) -> str:
    """French postcode, overseas and Monaco included: « 21 200 » → « 21200 »."""
    code = compact(text).upper().removeprefix("F")
    if re.match(r"2[AB]", code):
        raise ValueError(
            f"En Corse, le code postal commence par 20{NBSP}: 20000 pour Ajaccio, 20200 pour Bastia"
        )
    code = _figures(code, "Le code postal", 5)
    if code[:2] in ("00", "96", "99"):
        raise ValueError(f"Aucun code postal français ne commence par {code[:2]}")
    return code


def check_phone(text: str) -> str:
    """« +33 (0)6 99 00 12 34 » → « 0699001234 »; a foreign number stays as it was typed.

    A foreign number starts with + or 00 and its country's code.
    """
    typed = french.one_line(text).translate(FULL_WIDTH)
    bare = re.sub(r"[().]", "", compact(re.sub(r"\(0\)", "", typed)))
    bare = re.sub(r"^00", "+", bare)
    if not re.fullmatch(r"\+?[0-9]+", bare):
        raise ValueError("Écrivez le numéro de téléphone en chiffres, par exemple 01 99 00 12 34")
    if bare.startswith("+") and not bare.startswith("+33"):
        if not 7 <= len(bare) <= 16:
            raise ValueError(
                f"Ce numéro étranger est incomplet{NBSP}: écrivez-le avec son indicatif"
            )
        return typed
    national = "0" + bare[3:].removeprefix("0") if bare.startswith("+33") else bare
    national = _figures(national, "Le numéro de téléphone", 10)
    if not re.fullmatch(r"0[1-9][0-9]{8}", national):
        raise ValueError(
            "Un numéro français commence par 01 à 09"
            f"{NBSP}; pour un numéro étranger, commencez par + et l’indicatif du pays"
        )
    return national


def check_vat_number(text: str) -> str:
    """French VAT number: « fr 44 732 829 320 » → « FR44732829320 »."""
    number = compact(text).upper()
    if not number.startswith("FR"):
        raise ValueError("Le numéro de TVA intracommunautaire commence par FR")
    try:
        return "FR" + str(tva.validate(number.removeprefix("FR")))
    except ValidationError as error:
        raise ValueError(
            f"Ce numéro de TVA comporte une erreur{NBSP}: FR, deux caractères, puis le SIREN"
        ) from error


def check_iban(text: str) -> str:
    """IBAN of any country, in capitals without blanks."""
    number = compact(text).upper()
    try:
        return str(iban.validate(number, check_country=False))
    except ValidationError as error:
        raise ValueError(
            f"Cet IBAN comporte une erreur de frappe{NBSP}: recopiez-le depuis votre RIB"
        ) from error


def check_nda(text: str) -> str:
    """Number of the activity declaration (NDA): 11 figures, kept as text with its zeros."""
    return _figures(text, "Le numéro de déclaration d’activité", 11)


def staff_note(count: int | None) -> str | None:
    """What a company of 50 employees or more must know before it asks its OPCO (L6332-1-3)."""
    if count is None or count < STAFF_THRESHOLD:
        return None
    return (
        "Les fonds du plan de développement des compétences sont réservés aux entreprises de moins "
        f"de {STAFF_THRESHOLD}{NBSP}salariés (article L6332-1-3 du Code du travail)"
        f"{NBSP}: demandez à votre OPCO s’il accepte votre demande à un autre titre, "
        "par exemple un versement volontaire"
    )
