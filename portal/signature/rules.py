"""What is signed, word for word, and the codes around it. Pure: no row, no clock, no request."""

import hashlib
import hmac
import json
import re
import secrets
import unicodedata
from datetime import UTC, datetime, timedelta

from portal import money
from portal.funding.rules import Split

CODE_LENGTH = 6
CODE_LIFE = timedelta(minutes=10)
MAX_TRIES = 5
CODES_PER_HOUR = 3
CODES_PER_DAY = 10

LEGAL = (
    "Signature électronique simple (règlement eIDAS, article 25.1 ; "
    "Code civil, articles 1366 et 1367)"
)

# --- The words of the boxes

CONSENT_VERSION = 1
# A published version never changes: a new wording is a new version, so that the digest kept with
# a signature always finds the texts it was made from.
CONSENTS: dict[int, dict[str, str]] = {
    1: {
        "accept_convention": "J’ai lu et j’accepte, pour {company}, la convention {reference}.",
        "accept_engagement": (
            "J’ai lu et j’accepte, pour {company}, l’engagement de règlement {reference}."
        ),
        "net": "Je m’engage, pour {company}, à régler le reste à charge de {net}.",
        "net_and_vat": (
            "Je m’engage, pour {company}, à régler le reste à charge de {net} HT, soit {due} à "
            "régler par l’entreprise ({net} HT et {vat} de TVA sur {base})."
        ),
        "gross": (
            "Je m’engage, pour {company}, à régler le reste à charge de {due} TTC, soit {net} HT "
            "et {vat} de TVA sur {base}."
        ),
        "whole_net": "Je m’engage, pour {company}, à régler la totalité du prix, soit {due}.",
        "whole_net_and_vat": (
            "Je m’engage, pour {company}, à régler la totalité du prix de {price} HT, soit {due} à "
            "régler par l’entreprise, TVA comprise."
        ),
        "whole_gross": (
            "Je m’engage, pour {company}, à régler la totalité du prix, soit {due} TTC "
            "({price} HT)."
        ),
        "advance_net": (
            "Je m’engage, pour {company}, à régler à {organisation} la totalité du prix, soit "
            "{due} ; {funder} rembourse {granted} à l’entreprise, dont le reste à charge est de "
            "{net}."
        ),
        "advance_net_and_vat": (
            "Je m’engage, pour {company}, à régler à {organisation} la totalité du prix de "
            "{price} HT, soit {due} à régler par l’entreprise, TVA comprise ; {funder} rembourse "
            "{granted} à l’entreprise, dont le reste à charge est de {net} HT."
        ),
        "advance_gross": (
            "Je m’engage, pour {company}, à régler à {organisation} la totalité du prix, soit "
            "{due} TTC ; {funder} rembourse {granted} à l’entreprise, dont le reste à charge est "
            "de {gross} TTC ({net} HT)."
        ),
    }
}


def consent_digest(version: int = CONSENT_VERSION) -> str:
    """SHA-256 of the texts of that version: kept with the sentences that were shown."""
    return hashlib.sha256(canonical(CONSENTS[version]).encode()).hexdigest()


def consent_sentences(
    reference: str,
    company: str,
    split: Split | None,
    *,
    subrogation: bool,
    organisation: str,
    funder: str,
    recovers_vat: bool,
) -> list[str]:
    """The sentence of each box to tick: acceptance, then the undertaking when there is one.

    The undertaking names the remainder excluding VAT and what the client will be invoiced. A
    client that does not recover VAT reads the amount including VAT first. Without subrogation it
    is invoiced the whole price, which the funder reimburses in part.
    """
    texts = CONSENTS[CONSENT_VERSION]
    kind = "accept_convention" if reference.startswith("C-") else "accept_engagement"
    sentences = [texts[kind].format(company=company, reference=reference)]
    if split is not None and split.remainder_cents:
        sentences.append(
            texts[_undertaking(split, subrogation, recovers_vat)].format(
                company=company,
                organisation=organisation,
                funder=funder or "l’OPCO",
                price=money.euros(split.net_cents),
                granted=money.euros(split.granted.gross_cents),
                net=money.euros(split.remainder_cents),
                gross=money.euros(split.remainder_gross_cents),
                due=money.euros(split.client_due_cents),
                vat=money.euros(split.client_due_cents - split.remainder_cents),
                base="la totalité du prix" if not split.granted.vat_cents else "le reste à charge",
            )
        )
    return [_french(sentence) for sentence in sentences]


def _undertaking(split: Split, subrogation: bool, recovers_vat: bool) -> str:
    """Which text applies: who pays (« whole », « advance » or the remainder), then the VAT."""
    payer = "" if subrogation else "advance_"
    if not split.granted.net_cents:
        payer = "whole_"
    if not split.vat_cents:
        return payer + "net"
    return payer + ("net_and_vat" if recovers_vat else "gross")


def _french(sentence: str) -> str:
    return re.sub(r" (?=[;:!?])", money.NBSP, sentence)


# --- The one-time code


class CodeFormat(ValueError):
    """What was typed cannot be a code; the message is a French sentence that says what to do."""


def normalise_code(text: str) -> str:
    """The six digits typed, whatever blanks or dashes stand between them.

    Raises CodeFormat. Digits of other keyboards (« １２３ ») are refused kindly, not translated:
    nobody types them on purpose.
    """
    bare = "".join(
        c for c in text if unicodedata.category(c) not in ("Zs", "Cc", "Cf", "Pd") and c not in "._"
    )
    if re.fullmatch(r"[0-9]{6}", bare):
        return bare
    if bare.isdecimal() and not bare.isascii():
        raise CodeFormat(
            "Saisissez le code avec les chiffres ordinaires du clavier, par exemple 123\u00a0456"
        )
    if not bare:
        raise CodeFormat("Saisissez le code à six chiffres")
    raise CodeFormat("Le code compte six chiffres, par exemple 123\u00a0456")


def code_text(key: str, code_id: int, link_id: int, document_sha256: str, at: datetime) -> str:
    """The six digits of the code of that row, issued at `at` for that link and those bytes.

    Computed, never stored: whoever holds the database without the key file learns no code.
    """
    issued = at.astimezone(UTC).isoformat(timespec="microseconds")
    message = f"one-time-code|{code_id}|{link_id}|{document_sha256}|{issued}"
    return f"{int.from_bytes(_mac(key, message)) % 10**CODE_LENGTH:0{CODE_LENGTH}d}"


def code_digest(key: str, link_id: int, document_sha256: str, code: str) -> str:
    """What is stored of a code: it opens one link, for one paper's bytes, and nothing else."""
    return _mac(key, f"one-time-digest|{link_id}|{document_sha256}|{code}").hex()


def _mac(key: str, message: str) -> bytes:
    return hmac.new(key.encode(), message.encode(), hashlib.sha256).digest()


# --- The code printed on what was signed

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: no I, L, O, U to be misread
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1"})
_SYMBOLS, _CHECK, _GROUP = 26, 2, 4


def verification_code(random: bytes | None = None) -> str:
    """« 4F2K-9QWX-… »: 128 random bits and two check letters, in seven groups of four."""
    value = int.from_bytes(random or secrets.token_bytes(16))
    symbols = "".join(_ALPHABET[value >> 5 * n & 31] for n in reversed(range(_SYMBOLS)))
    symbols += _check_letters(symbols)
    return "-".join(symbols[n : n + _GROUP] for n in range(0, len(symbols), _GROUP))


def read_verification_code(text: str) -> str | None:
    """The code as it is stored, however it was typed; None when a letter is wrong or missing."""
    letters = (c for c in text.upper() if c.isascii() and c.isalnum())
    symbols = "".join(letters).translate(_MISREAD)
    if len(symbols) != _SYMBOLS + _CHECK or set(symbols) - set(_ALPHABET):
        return None
    if _check_letters(symbols[:_SYMBOLS]) != symbols[_SYMBOLS:]:
        return None
    return "-".join(symbols[n : n + _GROUP] for n in range(0, len(symbols), _GROUP))


def _check_letters(symbols: str) -> str:
    first, second = hashlib.sha256(symbols.encode()).digest()[:_CHECK]
    return _ALPHABET[first & 31] + _ALPHABET[second & 31]


# --- The drawn signature

_STROKES = re.compile(r"[0-9]{1,3},[0-9]{1,3}(?:[ ;][0-9]{1,3},[0-9]{1,3})*")
MAX_DRAWN = 30_000  # characters
DRAWN_WIDTH, DRAWN_HEIGHT = 600, 200


def strokes(text: str | None) -> list[list[tuple[int, int]]]:
    """The lines of a drawn signature, « 12,30 13,31;40,20 41,22 » in a box of 600 × 200.

    Points and nothing else: no image of anybody's is ever decoded. Empty when none was drawn, or
    when what came is not a drawing: it is an ornament, and proves nothing by itself.
    """
    if not text or len(text) > MAX_DRAWN or not _STROKES.fullmatch(text):
        return []
    lines = [
        [(int(x), int(y)) for x, y in (point.split(",") for point in line.split(" "))]
        for line in text.split(";")
    ]
    inside = all(x <= DRAWN_WIDTH and y <= DRAWN_HEIGHT for line in lines for x, y in line)
    return lines if inside else []


# --- The evidence


def canonical(value: object) -> str:
    """The one JSON text of `value`: sorted keys, no blanks, accents as they are."""
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    )


def digest_of(evidence: object) -> str:
    """SHA-256 of the canonical text of an evidence: the journal keeps it."""
    return hashlib.sha256(canonical(evidence).encode()).hexdigest()
