"""Money is an integer number of euro cents; nothing here or elsewhere holds it in a float."""

import re
from fractions import Fraction

NBSP = "\u00a0"
MAX_CENTS = 999_999_999  # 9 999 999,99 €: above that, a typing error

_SPACES = re.compile(r"[\s\u00a0\u202f\u2009’']")
_AMOUNT = re.compile(r"([0-9]{1,30})(?:[.,]([0-9]{1,2}))?")
_GROUPED = re.compile(r"([0-9]{1,3}(?:\.[0-9]{3})+),([0-9]{1,2})")


class AmountError(ValueError):
    """The text is not an amount; the message is a French sentence that says what to write."""


def parse(text: str) -> int:
    """Cents written in `text` the French way: « 1 600 », « 1600,5 », « 1.600,50 € ».

    Raises AmountError when it is not an amount, negative, too large, finer than a cent,
    or when a dot or a comma could be read in two ways (« 1.600 », « 1,234.50 »).
    """
    bare = _SPACES.sub("", text.strip())
    bare = re.sub(r"(?:€|EUR|euros?)$", "", bare, flags=re.IGNORECASE)
    if not bare:
        raise AmountError("Indiquez un montant, par exemple 1 600,00")
    if bare.startswith(("-", "−")):
        raise AmountError("Le montant ne peut pas être négatif")
    grouped = _GROUPED.fullmatch(bare)
    if grouped:
        bare = grouped[1].replace(".", "") + "," + grouped[2]
    if re.fullmatch(r"[0-9]{1,3}(?:[.,][0-9]{3})+(?:[.,][0-9]+)?", bare):
        raise AmountError("Ce montant se lit de deux façons\u00a0: écrivez-le comme 1 600,00")
    plain = _AMOUNT.fullmatch(bare)
    if not plain:
        raise AmountError("Écrivez le montant en chiffres, par exemple 1 600,00")
    cents = int(plain[1]) * 100 + int((plain[2] or "0").ljust(2, "0"))
    if cents > MAX_CENTS:
        raise AmountError("Ce montant dépasse 9 999 999,99 €\u00a0: vérifiez-le")
    return cents


def figures(cents: int) -> str:
    """« 1 234,50 »: two decimals, no-break spaces, a true minus sign."""
    whole, rest = divmod(abs(cents), 100)
    grouped = f"{whole:,}".replace(",", NBSP)
    return f"{'−' if cents < 0 else ''}{grouped},{rest:02d}"


def euros(cents: int) -> str:
    """« 1 234,50 € »."""
    return f"{figures(cents)}{NBSP}€"


def half_up(amount: Fraction) -> int:
    """The nearest cent, halves away from zero (commercial rounding)."""
    doubled = abs(amount) * 2 + 1
    rounded = int(doubled // 2)
    return -rounded if amount < 0 else rounded


def vat(net_cents: int, rate_basis_points: int) -> int:
    """VAT in cents on a whole total, rounded once (2 000 basis points = 20 %)."""
    return half_up(Fraction(net_cents * rate_basis_points, 10_000))


def times(unit_cents: int, quantity: Fraction | int) -> int:
    """Unit price × quantity (days, hours, trainees…), rounded once, in cents."""
    return half_up(Fraction(unit_cents) * quantity)
