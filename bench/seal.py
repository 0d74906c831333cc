"""CPU of a seal and of its parts, warm, and what it adds to the file.

Run from the root of the project: `python -m bench.seal`. The click to « sealed file downloadable »
is the seal and the proof together, plus the worker's look at its queue (0.2 s at most).
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from portal.documents import kinds, press, service
from portal.signature import certificate as certificates
from portal.signature import seal as seals
from portal.signature import strip as strips
from portal.signature.rules import verification_code
from portal.signature.strip import Strip
from tests.documents import cast

ROUNDS = 20
AIM_MS, AIM_OCTETS = 31, 15_000


def median_ms(work: Callable[[], object]) -> float:
    """CPU of this process, in milliseconds, the first run left out."""
    work()
    spent = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        spent.append((time.process_time() - started) * 1000)
    return statistics.median(spent)


def main() -> None:
    facts = kinds.facts(cast.training(4), cast.organisation(), cast.ISSUED, 1)
    pdf = press.print_pdf(service.paper_html("convention", facts), 3).content
    code = verification_code()
    url = f"https://portail.rivage-formation.example/verifier?code={code.replace('-', '')}"
    who = "Hélène Vasseur, gérante, Menuiserie Vasseur"
    strip = Strip([f"C-2026-0142 – signé électroniquement par {who}", f"code {code}"], url)
    about = {"reason": "Signature", "location": "Lorient", "name": "Rivage Formation"}
    with tempfile.TemporaryDirectory() as folder:
        own = certificates.own(
            Path(folder), "Rivage Formation", "12345678200010", datetime.now(UTC)
        )
    sealed = seals.seal(pdf, own, **about, strip=strip).content
    bare = seals.seal(pdf, own, **about).content
    whole = median_ms(lambda: seals.seal(pdf, own, **about, strip=strip))
    print(f"seal with its strip   {whole:6.1f} ms   (aim {AIM_MS})")
    print(f"  seal alone          {median_ms(lambda: seals.seal(pdf, own, **about)):6.1f} ms")
    print(f"  strip alone         {median_ms(lambda: strips.draw(strip)):6.1f} ms")
    print(f"  examination alone   {median_ms(lambda: seals.check(sealed)):6.1f} ms")
    print(f"added with the strip  {len(sealed) - len(pdf):6} octets (aim {AIM_OCTETS})")
    print(f"added without         {len(bare) - len(pdf):6} octets")


if __name__ == "__main__":
    main()
