"""CPU of the three papers of a session, warm, beside a hand-written reportlab floor.

Run from the root of the project: `python -m bench.documents`. Times are those of the press's
child. The floor draws the same words in the same fonts with reportlab alone: paragraphs and
nothing else, no HTML, no style sheet, no table; trust the ratio, not the milliseconds.
"""

import io
import statistics
import time

from portal.documents import kinds, press, service
from tests.documents import cast, papers

ROUNDS = 15
AIM_MS = 170


def floor_ms(pages: tuple[str, ...]) -> float:
    """CPU, in milliseconds, of printing those lines with reportlab's paragraphs alone."""
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate

    from portal.documents import pdf

    pdf.prepare()
    style = ParagraphStyle("floor", fontName="SourceSans3-Regular", fontSize=9.2, leading=12.4)
    started = time.process_time()
    story = []
    for page in pages:
        for line in page.splitlines():
            story.append(Paragraph(line.replace("&", "&amp;").replace("<", "&lt;"), style))
        story.append(PageBreak())
    SimpleDocTemplate(io.BytesIO()).build(story)
    return (time.process_time() - started) * 1000


def main() -> None:
    facts = kinds.facts(cast.training(4), cast.organisation(), cast.ISSUED, 1)
    html = {kind: service.paper_html(kind, facts) for kind in kinds.ISSUED_TOGETHER}
    first = {kind: press.print_pdf(page) for kind, page in html.items()}  # warms the child
    ours: dict[str, list[float]] = {kind: [] for kind in html}
    floors: dict[str, list[float]] = {kind: [] for kind in html}
    for _ in range(ROUNDS):  # interleaved: both meet the same minutes of the machine
        for kind, page in html.items():
            ours[kind].append(press.print_pdf(page, first[kind].pages).cpu_ms)
            floors[kind].append(floor_ms(papers.read(first[kind].content).pages))
    total = floor = 0.0
    for kind in html:
        mine, least = statistics.median(ours[kind]), statistics.median(floors[kind])
        total, floor = total + mine, floor + least
        print(
            f"{kind:<12}{first[kind].pages} p. {mine:6.1f} ms   "
            f"floor {least:5.1f} ms   ratio {mine / least:4.1f}"
        )
    twice = statistics.median(press.print_pdf(html["convention"], 9).cpu_ms for _ in range(5))
    print(f"three papers     {total:6.1f} ms   floor {floor:5.1f} ms   ratio {total / floor:4.1f}")
    print(f"aim              {AIM_MS:6.1f} ms   {'kept' if total <= AIM_MS else 'missed'}")
    print(f"convention with a wrong page total (two passes): {twice:.1f} ms")
    started = time.process_time()
    for _ in range(ROUNDS):
        service.body_html("convention", facts)
    screen = (time.process_time() - started) * 1000 / ROUNDS
    print(f"body of the convention for the screen: {screen:.1f} ms")


if __name__ == "__main__":
    main()
