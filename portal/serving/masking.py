"""What opens a dossier or a calendar, or names a person, never reaches a log."""

import logging
import re

_TOKEN = re.compile(r"((?:/|%2[Ff])(?:l|acces|agenda)(?:/|%2[Ff]))[A-Za-z0-9_%.~-]+")


_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_QUERY = re.compile(r"\?\S*")


def mask(text: str) -> str:
    """« GET /l/esp-12-… » → « GET /l/*** »; an e-mail address → « *** »."""
    return _ADDRESS.sub("***", _TOKEN.sub(r"\1***", text))


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
