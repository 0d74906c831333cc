"""Every kind of paper, for every VAT regime, with one trainee and with two hundred."""

import re

import pytest

from portal.documents import kinds, service
from tests.documents import cast, mentions, papers

REGIMES = ("exempt", "standard", "franchise")
EVERY = [(kind, regime, count) for kind in kinds.KINDS for regime in REGIMES for count in (1, 200)]


@pytest.mark.parametrize(("kind", "regime", "count"), EVERY)
def test_the_paper_is_whole(kind: str, regime: str, count: int) -> None:
    paper = papers.usual(kind, regime, count)
    assert paper.content.startswith(b"%PDF-")
    absent = [m for m in mentions.expected(kind, regime) if papers.flat(m) not in paper.text]
    assert not absent
    present = [m for m in mentions.FORBIDDEN[kind] if papers.flat(m) in paper.text]
    assert not present
    assert not re.search(r"\bNone\b|Undefined|\{\{|\}\}|<[a-z]", paper.text)
    for number, page in enumerate(paper.pages, 1):
        assert f"page {number} / {len(paper.pages)}" in papers.flat(page)


@pytest.mark.parametrize(("kind", "regime", "count"), EVERY)
def test_fonts_are_embedded_and_nothing_else_is_called(kind: str, regime: str, count: int) -> None:
    content = papers.usual(kind, regime, count).content
    assert b"SourceSans3" in content
    for foreign in (b"Helvetica", b"Times", b"/JavaScript", b"/URI", b"/Launch"):
        assert foreign not in content


def test_lengths_stay_those_of_a_letter() -> None:
    for regime in REGIMES:
        assert len(papers.usual("devis", regime, 1).pages) <= 2
        assert len(papers.usual("convention", regime, 1).pages) <= 4
        assert len(papers.usual("programme", regime, 1).pages) <= 2
        assert len(papers.usual("engagement", regime, 1).pages) == 1


def test_two_hundred_trainees_are_all_named_once() -> None:
    text = papers.usual("convention", "exempt", 200).text
    for rank in (1, 100, 101, 200):
        assert re.search(rf"(^| ){rank}\. \w", text)
    first_names = "|".join(cast.FIRST)
    assert len(re.findall(rf"(?:^| )[0-9]{{1,3}}\. (?:{first_names}) ", text)) == 200


def test_few_trainees_are_named_in_the_article_and_unnamed_ones_announced() -> None:
    one = papers.usual("convention", "exempt", 1).text
    assert "1 stagiaire : Amina Aubry (chef d'équipe)" in one
    text = papers.changed("convention", named=0, headcount=8).text
    assert "liste nominative est communiquée par l'entreprise avant le début" in text
    assert "Annexe 1 – Liste" not in text


def test_remote_share_brings_its_own_clauses() -> None:
    text = papers.changed("convention", remote_percent=25).text
    assert "distance sur la durée totale : 25 %, soit 3 h 30 à distance" in text
    assert "D6313-3-1" in text
    assert "Assistance technique et pédagogique" in text
    assert "durée moyenne de 3 h 30" in text
    assert "D6313-3-1" not in papers.usual("convention", "exempt", 1).text


@pytest.mark.parametrize("kind", ["devis", "convention"])
def test_funding_says_who_pays_whom(kind: str) -> None:
    without = papers.changed(kind, subrogation=False).text
    assert "Subrogation de paiement : non" in without
    assert "règle l'intégralité du prix à l'organisme" in without
    unknown = papers.changed(kind, funder_choice="unknown", opco_code=None).text
    assert "en cours d'identification" in unknown
    alone = papers.changed(kind, funder_choice="none", opco_code=None, subrogation=None).text
    assert "sur ses fonds propres" in alone
    assert "Subrogation" not in alone


@pytest.mark.parametrize("kind", ["convention", "engagement"])
@pytest.mark.parametrize("regime", REGIMES)
def test_a_company_that_pays_for_everything_reads_the_whole_price(kind: str, regime: str) -> None:
    """After a refusal: no funder is owed anything, none is named among those who pay."""
    alone = {"vat_regime": regime, "granted_cents": 0, "granted_vat_cents": 0, "subrogation": False}
    training = cast.training(**alone, agreements=[])
    text = papers.made(kind, training, cast.organisation(vat_regime=regime)).text
    whole = "2 268,00 € TTC" if regime == "standard" else "1 890,00 €"
    assert f"L'entreprise règle l'intégralité du prix à l'organisme, soit {whole}" in text
    assert "Facturé à Constructys" not in text
    assert "reste débitrice" not in text


def test_internal_rules_are_linked_or_annexed() -> None:
    annexing = cast.organisation(internal_rules=cast.RULES)
    text = papers.made("convention", cast.training(), annexing).text
    assert "Annexe 1 – Règlement intérieur" in text
    assert "exclusion définitive" in text
    assert "reglement-interieur" in papers.usual("convention", "exempt", 1).text


def test_terms_are_joined_to_the_quote_or_linked() -> None:
    """Long texts are set in two columns on a page of their own."""
    clauses = "\n\n".join(f"{n}. Objet {n}\n\n{'Une clause assez longue. ' * 9}" for n in range(9))
    joining = cast.organisation(terms=clauses)
    quote = papers.made("devis", cast.training(), joining)
    assert "Conditions générales jointes au devis D-2026-0142" in quote.text
    assert "les conditions générales jointes" in quote.text
    assert "8. Objet 8" in papers.flat(quote.pages[-1])
    assert "page 3 / 3" in papers.flat(quote.pages[-1])
    convention = papers.made("convention", cast.training(), joining).text
    assert "conditions générales de l'organisme, jointes au devis D-2026-0142," in convention
    assert "rivage-formation.example/conditions" in papers.usual("devis", "exempt", 1).text


def test_headings_are_never_orphans_and_signatures_never_split() -> None:
    """A heading is never the last line of a page, whatever the length of what precedes it."""
    for size in range(0, 700, 70):
        row = cast.programme(audience="Public " + "très divers " * (size // 12))
        paper = papers.made("convention", cast.training(programme=row))
        for page in paper.pages:
            lines = [line.strip() for line in page.splitlines() if line.strip()]
            body = [line for line in lines if not _is_footer(line)]
            assert not re.match(r"(Article|Annexe)\s\d+\s– ", papers.flat(body[-1])), body[-2:]
        signed = [page for page in paper.pages if "Fait à" in page]
        assert len(signed) == 1
        assert papers.flat(signed[0]).count("Date, signature et cachet") == 2


@pytest.mark.parametrize("kind", ["devis", "convention"])
def test_the_title_of_a_module_takes_the_width_of_its_line(kind: str) -> None:
    """Fifteen modules are fifteen lines, whose durations stand at the end."""
    title = "Préparer, conduire et conclure un entretien annuel d’évaluation, module"
    content = [{"title": f"{title} {n}", "minutes": 70} for n in range(15)]
    paper = papers.changed(kind, programme=cast.programme(content=content))
    lines = [papers.flat(line) for page in paper.pages for line in page.splitlines()]
    for n in range(15):
        assert any(f"{papers.flat(title)} {n}" in line for line in lines)


@pytest.mark.parametrize("kind", ["devis", "convention"])
@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Salle de plain-pied", "Salle de plain-pied. Référent handicap"),
        ("Salle de plain-pied.\n", "Salle de plain-pied. Référent handicap"),
    ],
)
def test_a_sentence_without_a_full_stop_is_given_one(kind: str, written: str, read: str) -> None:
    row = cast.programme(accessibility=written)
    assert read in papers.changed(kind, programme=row).text


@pytest.mark.parametrize("days", [*range(1, 13), 45])
def test_no_page_of_a_quotation_holds_only_its_acceptance(days: int) -> None:
    """What is agreed to stands on the page that is signed: at least the last of its hours."""
    for size in (0, 900, 1800):
        row = cast.programme(audience="Public " + "très divers " * (size // 12))
        training = cast.training(programme=row, half_days=cast.half_days(2 * days))
        signed = [p for p in papers.made("devis", training).pages if "« Bon pour accord" in p]
        assert len(signed) == 1
        assert "Durée totale par stagiaire" in papers.flat(signed[0])


def _is_footer(line: str) -> bool:
    return bool(
        re.match(
            r"(Rivage Formation, SAS|SIRET\s123|Déclaration d’activité enregistrée|C-2026|page\s)",
            line,
        )
    )


def test_the_paper_is_the_same_bytes_each_time() -> None:
    first = papers.made("devis", cast.training())
    assert first.content == papers.made("devis", cast.training()).content


def test_names_from_elsewhere_print() -> None:
    names = [("Łukasz", "Żółć"), ("محمد", "الأمين"), ("😀", "Nguyễn"), ("Ștefan", "Çelik")]
    rows = cast.trainees(4)
    for row, (first, last) in zip(rows, names, strict=True):
        row.first_name, row.last_name = first, last
    text = papers.made("convention", cast.training(trainees=rows, headcount=4)).text
    for expected in ("Łukasz Żółć", "Nguyễn", "Ștefan Çelik"):
        assert expected in text


def test_the_screen_shows_the_same_body_without_inline_style() -> None:
    facts = kinds.facts(cast.funded(8), cast.organisation(), cast.ISSUED, 1)
    for kind in kinds.KINDS:
        body = service.body_html(kind, facts)
        assert "style=" not in body
        assert "<img" not in body
        assert body in service.paper_html(kind, facts)
        assert '<img class="logo" src="/statique/logo.png"' in service.body_html(
            kind, facts, "/statique/logo.png"
        )


def test_a_paper_that_lost_a_mention_is_not_printed() -> None:
    facts = kinds.facts(cast.training(), cast.organisation(), cast.ISSUED, 1)
    kind = kinds.KINDS["devis"]
    body = service.body_html("devis", facts)
    assert service.missing_mentions(kind, facts, body) == []
    assert service.missing_mentions(kind, facts, body.replace("Bon pour accord", "Accord")) == [
        "Bon pour accord"
    ]
