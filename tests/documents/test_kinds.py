"""References, file names, frozen facts."""

import json

import pytest

from portal.documents import kinds
from portal.documents.parties import of_region
from tests.documents import cast


def test_catalogue_is_in_the_order_of_the_letter() -> None:
    assert kinds.ISSUED_TOGETHER == ("devis", "convention", "programme")
    assert list(kinds.KINDS) == [*kinds.ISSUED_TOGETHER, "engagement", "annexe"]


@pytest.mark.parametrize(
    ("kind", "version", "reference", "filename"),
    [
        ("devis", 1, "D-2026-0142", "Devis-D-2026-0142.pdf"),
        ("convention", 2, "C-2026-0142 v2", "Convention-C-2026-0142-v2.pdf"),
        ("programme", 11, "P-2026-0142 v11", "Programme-P-2026-0142-v11.pdf"),
        ("engagement", 1, "E-2026-0142", "Engagement-E-2026-0142.pdf"),
        ("annexe", 1, "A-2026-0142", "Annexe-A-2026-0142.pdf"),
    ],
)
def test_reference_and_filename(kind: str, version: int, reference: str, filename: str) -> None:
    assert kinds.reference(kind, "2026-0142", version) == reference
    assert kinds.filename(kind, "2026-0142", version) == filename


def test_facts_are_plain_json_and_hold_no_secret_of_the_trainees() -> None:
    row = cast.training(3)
    row.trainees[0].email = "amina@menuiserie-vasseur.example"
    row.needs_adaptation = True
    row.access_notes = "code du portail 4821"
    facts = kinds.facts(row, cast.organisation(), cast.ISSUED, 1)
    text = json.dumps(facts)
    assert json.loads(text) == facts
    for private in ("amina@", "4821", "needs_adaptation", "FR7630006000", "helene@"):
        assert private not in text


def test_facts_do_not_follow_the_rows() -> None:
    row = cast.training()
    facts = kinds.facts(row, cast.organisation(), cast.ISSUED, 1)
    row.programme.objectives.append("un de plus")
    row.programme.content[0]["points"].append("un de plus")
    assert "un de plus" not in json.dumps(facts)


@pytest.mark.parametrize(
    ("region", "words"),
    [
        ("Bretagne", "de Bretagne"),
        ("Île-de-France", "d’Île-de-France"),
        ("Occitanie", "d’Occitanie"),
        ("Hauts-de-France", "des Hauts-de-France"),
        ("Pays de la Loire", "des Pays de la Loire"),
        ("Grand Est", "du Grand Est"),
        ("Centre-Val de Loire", "du Centre-Val de Loire"),
        ("La Réunion", "de La Réunion"),
    ],
)
def test_region_takes_its_article(region: str, words: str) -> None:
    assert of_region(region) == words
