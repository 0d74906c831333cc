"""What spares the press work changes nothing in what it prints."""

from collections import Counter
from typing import Any

import pytest
from xhtml2pdf.reportlab_paragraph import Paragraph

from portal.documents import kinds, pdf, service, style
from tests.documents import cast

CLAUSES = "Article 1. Objet\n\n" + "Les présentes conditions règlent la vente. " * 90
CELLS = "<table><tr><td>Durée</td><td>14 heures par stagiaire</td></tr></table>"


def html_of(name: str) -> str:
    """A usual paper of that kind; « terms »: a quote with its terms of sale annexed, in columns."""
    kind, terms = ("devis", {"terms": CLAUSES}) if name == "terms" else (name, {})
    training = (cast.funded if kind == "engagement" else cast.training)(4)
    facts = kinds.facts(training, cast.organisation(**terms), cast.ISSUED, 1)
    return service.paper_html(kind, facts)


@pytest.mark.parametrize("name", [*kinds.KINDS, "terms"])
def test_the_rules_left_out_are_those_that_a_paper_does_not_need(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pdf.prepare()
    html = html_of(name)
    chosen, made = pdf.stylesheet(html, pdf.ACCENT), pdf.render(html, 2)
    monkeypatch.setattr(style, "_chosen", style._chosen.__wrapped__)
    monkeypatch.setattr(style, "_is_for", lambda *_: True)
    assert len(pdf.stylesheet(html, pdf.ACCENT)) > len(chosen)
    assert pdf.render(html, 2) == made


def test_a_rule_stays_for_any_of_those_it_names() -> None:
    assert style._is_for("td", frozenset())
    assert style._is_for(".grid td", frozenset({"grid"}))
    assert style._is_for(".grid.due td, .sum td", frozenset({"sum"}))
    assert not style._is_for(".grid.due td", frozenset({"grid"}))
    assert style._is_for("@page", frozenset())
    assert not style._is_for("@page columns", frozenset({"grid"}))


def test_a_colour_that_is_none_is_not_taken() -> None:
    css = style.stylesheet("<p></p>", "red; } p { color: blue", has_other_scripts=False)
    assert style.ACCENT in css
    assert "blue" not in css


def test_a_text_of_a_table_is_broken_into_lines_once(monkeypatch: pytest.MonkeyPatch) -> None:
    broken: Counter[str] = Counter()
    breaking = Paragraph.breakLines

    def counted(paragraph: Any, widths: Any) -> Any:
        broken[paragraph.text or paragraph.frags[0].text] += 1
        return breaking(paragraph, widths)

    pdf.prepare()
    monkeypatch.setattr(Paragraph, "breakLines", counted)
    pdf.render(f"<html><body>{CELLS}</body></html>", 1)
    assert broken == {"Durée": 1, "14 heures par stagiaire": 1}
