"""Precision and recall of the reading, field by field."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.funding.reading import FIELDS, Reading, read
from tests.agreements.drawing import Agreement

NAMES = (*FIELDS[:2], "base", *FIELDS[2:])


@dataclass
class Score:
    """Of one field: proposed and right, proposed and wrong, said but not proposed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float | None:
        proposed = self.right + self.wrong
        return self.right / proposed if proposed else None

    @property
    def recall(self) -> float | None:
        """Of what is said; a wrong value for something said counts as not found."""
        said = self.right + self.missed
        return self.right / said if said else None


def value_of(reading: Reading, name: str) -> Any:
    """The value proposed for a field, None when there is none."""
    found = getattr(reading, name)
    return found if name == "base" else found and found.value if found is not None else None


def measure(agreements: Sequence[Agreement], folder: Path) -> dict[str, Score]:
    """The scores of every field on `agreements`."""
    scores = {name: Score() for name in NAMES}
    for agreement in agreements:
        reading = read(agreement.pages(folder))
        for name in NAMES:
            expected, found = agreement.says.get(name), value_of(reading, name)
            scores[name].right += found is not None and found == expected
            scores[name].wrong += found is not None and found != expected
            scores[name].missed += expected is not None and found != expected
    return scores


def table(scores: dict[str, Score]) -> str:
    """One line per field, for a person to read."""
    lines = ["field             right wrong missed  precision recall"]
    for name, score in scores.items():
        precision, recall = (
            "   –" if rate is None else f"{rate:.2f}" for rate in (score.precision, score.recall)
        )
        lines.append(
            f"{name:<18}{score.right:>4} {score.wrong:>5} {score.missed:>6}"
            f"  {precision:>9} {recall:>6}"
        )
    return "\n".join(lines)
