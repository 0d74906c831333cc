"""CPU of the three papers of a session, warm, beside WeasyPrint and a hand-written reportlab floor.

Run from the root of the project: `python -m bench.documents`. Times are those of the press's
child. WeasyPrint is given the same HTML and the same style sheet, and its fonts were looked up
before; what is our printer's own in them (frames, page numbers) it passes over. The floor draws
the same words in the same fonts with reportlab alone: paragraphs and nothing else, no HTML, no
style sheet, no table. Trust the ratios, not the milliseconds.
"""

import io
import logging
import statistics
import time
from collections.abc import Callable

from weasyprint import CSS, HTML

from bench import ground
from portal.documents import kinds, pdf, press, service
from tests.documents import cast, papers

ROUNDS = 15
AIM_MS, AIM_RATIO = 170.0, 0.40
WRONG_TOTAL = 9  # pages: makes the press print twice


def cpu_ms(work: Callable[[], object]) -> float:
    """CPU of this process, in milliseconds."""
    started = time.process_time()
    work()
    return (time.process_time() - started) * 1000


def floor(pages: tuple[str, ...]) -> None:
    """Prints those lines with reportlab's paragraphs alone."""
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate

    style = ParagraphStyle("floor", fontName="SourceSans3-Regular", fontSize=9.2, leading=12.4)
    story = []
    for page in pages:
        for line in page.splitlines():
            story.append(Paragraph(line.replace("&", "&amp;").replace("<", "&lt;"), style))
        story.append(PageBreak())
    SimpleDocTemplate(io.BytesIO()).build(story)


def weasyprint(page: str) -> None:
    HTML(string=page).write_pdf(stylesheets=[CSS(string=pdf.stylesheet(page, pdf.ACCENT))])


def main() -> None:
    print(ground.machine())
    logging.getLogger("weasyprint").setLevel(logging.CRITICAL)  # what it passes over is known
    pdf.prepare()
    facts = kinds.facts(cast.training(4), cast.organisation(), cast.ISSUED, 1)
    html = {kind: service.paper_html(kind, facts) for kind in kinds.ISSUED_TOGETHER}
    first = {kind: press.print_pdf(page) for kind, page in html.items()}  # warms the child
    texts = {kind: papers.read(made.content).pages for kind, made in first.items()}
    weasyprint(html["convention"])
    spent: dict[tuple[str, str], list[float]] = {}
    for _ in range(ROUNDS):  # interleaved: all meet the same minutes of the machine
        for kind, page in html.items():
            for name, value in (
                ("ours", press.print_pdf(page, first[kind].pages).cpu_ms),
                ("weasyprint", cpu_ms(lambda page=page: weasyprint(page))),
                ("floor", cpu_ms(lambda kind=kind: floor(texts[kind]))),
            ):
                spent.setdefault((kind, name), []).append(value)
    print(f"{'CPU, ms':<14}{'pages':>5}{'ours':>8}{'WeasyPrint':>12}{'ratio':>7}"
          f"{'floor':>8}{'ratio':>7}")  # fmt: skip
    total = [0.0, 0.0, 0.0]
    for kind, made in first.items():
        values = [statistics.median(spent[kind, name]) for name in ("ours", "weasyprint", "floor")]
        total = [sum(pair) for pair in zip(total, values, strict=True)]
        show(kind, str(made.pages), *values)
    show("three papers", "", *total)
    print(f"aims: {AIM_RATIO} × WeasyPrint ({ground.verdict(total[0] / total[1], AIM_RATIO)}), "
          f"{AIM_MS:.0f} ms ({ground.verdict(total[0], AIM_MS)})")  # fmt: skip
    twice = [press.print_pdf(html["convention"], WRONG_TOTAL).cpu_ms for _ in range(5)]
    print(f"convention with a wrong page total (two passes): {statistics.median(twice):.1f} ms")
    screen = cpu_ms(lambda: [service.body_html("convention", facts) for _ in range(ROUNDS)])
    print(f"body of the convention for the screen: {screen / ROUNDS:.1f} ms")


def show(name: str, pages: str, ours: float, peer: float, least: float) -> None:
    print(f"{name:<14}{pages:>5}{ours:8.1f}{peer:12.1f}{ours / peer:7.2f}"
          f"{least:8.1f}{ours / least:7.1f}")  # fmt: skip


if __name__ == "__main__":
    main()
