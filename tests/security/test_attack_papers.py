"""The same texts on the papers themselves: printed as they were typed, and nothing else happens."""

import io
import re
from collections.abc import Iterator

import pytest
from pypdf import PdfReader

from portal.documents import service as documents
from portal.documents.models import Document
from portal.extensions import db
from tests.security import typed
from tests.security.payloads import ALL
from tests.security.test_attack_texts import COMPANY, PERSON, SCHEDULE, fill, people, turns
from tests.security.world import World

ACTIVE = {"/JavaScript", "/JS", "/Launch", "/EmbeddedFile", "/EmbeddedFiles", "/OpenAction", "/AA",
          "/SubmitForm", "/GoToR", "/GoToE", "/RichMedia", "/XFA", "/AcroForm"}  # fmt: skip


def squashed(text: str) -> str:
    """Letters and figures alone: lines are cut anywhere on paper, signs may be glued."""
    return re.sub(r"[\W_]", "", text).lower()


def printed(world: World, rounds: int) -> Iterator[tuple[typed.Answers, list[PdfReader]]]:
    """The three papers of a dossier filled in with hostile texts, sent by its client."""
    dossier = world.mine.draft
    space = f"/espace/{dossier.public_id}/"
    for company, schedule in list(zip(turns(COMPANY), turns(SCHEDULE), strict=False))[:rounds]:
        world.restore()
        browsers = {role: world.visitor(role) for role in ("client", "owner")}
        fill(world, browsers, company, schedule)
        sent = people(ALL) | {"version-trainees": "1", "edit_id": "first-trainees"}
        assert browsers["client"].send(f"{space}etapes/stagiaires", sent).status_code == 303
        assert browsers["client"].send(f"{space}verifier").status_code == 303
        with world.app.app_context():
            made = documents.pending_ids()
            assert [documents.prepare(document_id) for document_id in made] == [True] * 3
            rows = [db.session.get_one(Document, document_id) for document_id in made]
            contents = [documents.pdf_bytes(row) for row in rows]
        yield company | schedule, [PdfReader(io.BytesIO(content)) for content in contents]


@pytest.fixture(scope="module")
def issued(built: World) -> list[tuple[typed.Answers, list[PdfReader]]]:
    return list(printed(built, rounds=1))


def test_what_was_typed_is_printed_as_it_was_typed(
    issued: list[tuple[typed.Answers, list[PdfReader]]],
) -> None:
    for answers, (devis, convention, _programme) in issued:
        paper = squashed(" ".join(page.extract_text() for page in convention.pages))
        for payload in ALL:
            if payload.isascii() and payload.isprintable():
                for limit in set(PERSON.values()):
                    assert squashed(payload[:limit]) in paper, payload
        for name in ("legal_name", "address", "city"):
            assert squashed(answers[name].encode("ascii", "ignore").decode())[:60] in paper, name
        assert squashed(answers["legal_name"])[:60] in squashed(devis.pages[0].extract_text())


def test_nothing_that_was_typed_was_carried_out(
    issued: list[tuple[typed.Answers, list[PdfReader]]],
) -> None:
    for _answers, papers in issued:
        for paper in papers:
            text = " ".join(page.extract_text() for page in paper.pages)
            assert "root:" not in text  # of /etc/passwd
            assert len(paper.pages) < 20  # « <pdf:nextpage/> » turns no page
            assert not ACTIVE & keys(paper)
            for page in paper.pages:
                assert len(page.images) <= 1  # the organisation's logo
                for annotation in page.get("/Annots") or ():
                    action = annotation.get_object().get("/A") or {}
                    assert "evil" not in str(action), action


def keys(paper: PdfReader) -> set[str]:
    """Every key of every dictionary of a PDF, however deep."""
    found: set[str] = set()
    waiting = [paper.get_object(number) for number in range(1, int(paper.trailer["/Size"]))]
    while waiting:
        held = waiting.pop()
        if isinstance(held, dict):
            found |= set(map(str, held))
            waiting += dict.values(held)  # as they stand: references are visited by number
        elif isinstance(held, list):
            waiting += list.__iter__(held)
    assert {"/Type", "/Pages", "/Font"} <= found  # the walk went through
    return found


def test_no_paper_failed(built: World, issued: list[tuple[typed.Answers, list[PdfReader]]]) -> None:
    assert len(issued) == 1
    with built.app.app_context():
        states = set(db.session.scalars(db.select(Document.state)))
    assert states == {"ready"}
