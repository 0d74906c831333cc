"""A link's text opens a dossier or a calendar: it never reaches a log."""

import logging
import re

_TOKEN = re.compile(r"((?:/|%2[Ff])(?:l|acces|agenda)(?:/|%2[Ff]))[A-Za-z0-9_%.~-]+")


def mask(text: str) -> str:
    """« GET /l/esp-12-… » → « GET /l/*** »."""
    return _TOKEN.sub(r"\1***", text)


class MaskTokens(logging.Filter):
    """Masks the links in what a logger is about to write."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = mask(record.getMessage()), ()
        return True
