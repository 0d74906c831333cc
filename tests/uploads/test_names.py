"""Names 78 to 92: what people read and what a download is called is ours."""

import re
import unicodedata

import pytest
from flask import Flask
from werkzeug.http import parse_options_header

from portal import web
from portal.uploads.rules import display_name

RTL = "\u202e"
NAMES = {
    "78 climbing": ("../../etc/passwd.pdf", "passwd.pdf"),
    "79 climbing backwards": ("..\\..\\x.pdf", "x.pdf"),
    "80 drive": ("C:\\x.pdf", "x.pdf"),
    "81 line break": ("a\r\nSet-Cookie: x.pdf", "a Set-Cookie: x.pdf"),
    "82 right to left": (f"accord{RTL}fdp.exe", "accordfdp.pdf"),
    "83 nul": ("accord\0.pdf", "accord.pdf"),
    "84 long": ("a" * 300 + ".pdf", "a" * 120 + ".pdf"),
    "84b very long": ("é" * 5000 + ".pdf", "é" * 120 + ".pdf"),
    "85 emoji, zero width": ("acc\u200bord 📄.pdf", "accord 📄.pdf"),
    "86 device": ("CON.pdf", "document CON.pdf"),
    "86b device with a dot": ("nul.x.pdf", "document nul.x.pdf"),
    "86c hidden": (".htaccess", "htaccess.pdf"),
    "86d dots": ("..", "document.pdf"),
    "86e nothing": ("", "document.pdf"),
    "87 markup": ('"><img src=x onerror=1>.pdf', '"><img src=x onerror=1>.pdf'),
    "88 formula": ("=HYPERLINK(1).pdf", "=HYPERLINK(1).pdf"),
    "89 two extensions": ("accord.pdf.exe", "accord.pdf.pdf"),
    "89b dot": ("accord.pdf.", "accord.pdf"),
    "89c blank": ("accord.pdf ", "accord.pdf"),
    "90 escaped": ("%2e%2e%2f", "%2e%2e%2f.pdf"),
    "91 not UTF-8": (b"acc\xe9ord.pdf".decode("utf-8", "surrogateescape"), "accord.pdf"),
    "91b replaced": (b"acc\xe9ord.pdf".decode("utf-8", "replace"), "acc\ufffdord.pdf"),
    "17 French": (
        "Accord n°12 – Société Éclair & Fils.PDF",
        "Accord n°12 – Société Éclair & Fils.pdf",
    ),
    "18 NFD": (unicodedata.normalize("NFD", "Été.pdf"), "Été.pdf"),
}


@pytest.mark.parametrize(("given", "expected"), NAMES.values(), ids=list(NAMES))
def test_name_and_header(given: str, expected: str) -> None:
    name = display_name(given, "pdf")
    assert name == expected
    assert len(name) <= 124
    assert name == unicodedata.normalize("NFC", name)
    with Flask(__name__).test_request_context("/"):
        response = web.send_stored(b"%PDF-1.7", name)
        response.direct_passthrough = False
        wire = response.headers.to_wsgi_list()
    header = dict(wire)["Content-Disposition"]
    assert re.fullmatch(r"[\x20-\x7e]+", header)
    kind, options = parse_options_header(header)
    assert (kind, options["filename"]) == ("attachment", expected)
    assert dict(wire)["Content-Type"] == "application/pdf"
    assert dict(wire)["Content-Security-Policy"] == "sandbox; default-src 'none'"
