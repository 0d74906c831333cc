"""What opens a dossier or a calendar, or names a person, never reaches a log."""

import logging
import re

_TOKEN = re.compile(r"(/(?:l|acces|agenda)/)[A-Za-z0-9_%.~-]+")
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_QUERY = re.compile(r"\?\S*")
# Letters, digits and - . / @ _ ~ written as escapes: « %2F%6C%2F » leads where « /l/ » leads.
_ESCAPED = re.compile(r"%(2[DEF]|3[0-9]|4[0-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])", re.IGNORECASE)


def mask(text: str) -> str:
    """« GET /l/esp-12-… » → « GET /l/*** »; an e-mail address → « *** »."""
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return _ADDRESS.sub("***", _TOKEN.sub(r"\1***", plain))


def mask_request(line: str) -> str:
    """A request line without its question: what people search for names them."""
    return _QUERY.sub("", mask(line))


class Masked(logging.Formatter):
    """A line and its traceback, masked as a whole."""

    def format(self, record: logging.LogRecord) -> str:
        return mask(super().format(record))


def speak_masked() -> None:
    """What the portal's own modules log goes to the error output, from warnings on."""
    handler = logging.StreamHandler()
    handler.setFormatter(Masked("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)


class MaskTokens(logging.Filter):
    """Masks the links in what a logger is about to write."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = mask(record.getMessage()), ()
        return True
