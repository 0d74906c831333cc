"""What the worker adds to answers when the directory of companies answers late."""

from datetime import datetime

from portal.companies import rules as identifiers
from portal.extensions import db
from portal.training import service as trainings
from portal.training.answers import Raw
from portal.training.models import TrainingSession
from portal.training.rules import State


def complete_company(training_id: int, siret: str, values: dict[str, str], at: datetime) -> bool:
    """Fills the blanks of the company's answers with what the directory says of that SIRET.

    What a person typed stays. The page it was typed in does not become stale: a later save from
    there wins. True when something was filled in.
    """
    training = db.session.get_one(TrainingSession, training_id)
    stored = trainings.answers_of(training, "company")
    if stored is None or training.state != State.DRAFT or not _is_of(stored.raw, siret):
        return False
    blanks = {n: [v] for n, v in values.items() if not "".join(stored.raw.get(n) or []).strip()}
    if not blanks:
        return False
    trainings.save_topic(
        training,
        "company",
        stored.raw | blanks,
        version=stored.version,
        edit_id=stored.edit_id.removesuffix(trainings.SUBMITTED),
        by=stored.saved_by,
        at=at,
        final=stored.edit_id.endswith(trainings.SUBMITTED),
    )
    return True


def _is_of(raw: Raw, siret: str) -> bool:
    return identifiers.compact("".join(raw.get("siret") or [])) == siret
