"""Making papers in tests, and reading them back."""

import io
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Any

from pypdf import PdfReader

from portal.accounts.models import Organisation
from portal.documents import kinds, press, service
from portal.training.models import TrainingSession
from tests.documents import cast


@dataclass(frozen=True)
class Paper:
    """One printed paper: its bytes, its pages as text, and all of it on one line."""

    content: bytes
    pages: tuple[str, ...]

    @property
    def text(self) -> str:
        return flat(" ".join(self.pages))


def flat(text: str) -> str:
    """One line, plain blanks and apostrophes: what is compared."""
    normal = unicodedata.normalize("NFC", text).replace("’", "'").replace("\u200b", "")
    return " ".join(normal.replace("\u00a0", " ").split())


def read(content: bytes) -> Paper:
    reader = PdfReader(io.BytesIO(content))
    return Paper(content, tuple(page.extract_text() for page in reader.pages))


def made(
    kind: str, training: TrainingSession, organisation: Organisation | None = None, version: int = 1
) -> Paper:
    facts = kinds.facts(training, organisation or cast.organisation(), cast.ISSUED, version)
    return read(press.print_pdf(service.paper_html(kind, facts), 2).content)


@cache
def usual(kind: str, regime: str, count: int) -> Paper:
    """The paper of the usual session for that regime and number of trainees, made once."""
    rows = cast.funded if kind == "engagement" else cast.training
    return made(kind, rows(count, vat_regime=regime), cast.organisation(vat_regime=regime))


def changed(kind: str, **changes: Any) -> Paper:
    return made(kind, cast.training(**changes))
