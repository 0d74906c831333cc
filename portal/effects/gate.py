"""The gate of coherence: nothing is issued nor signed while two papers of a dossier disagree."""

from portal.documents import coherence
from portal.effects.act import Act, Refused
from portal.extensions import db


def check(act: Act) -> None:
    """Raises Refused, which takes the whole act back, naming the two places and where to mend."""
    if not (act.documents or act.signatures):
        return
    db.session.flush()
    db.session.expire(act.training, ["documents", "agreements", "signatures"])
    found = coherence.of_training(act.training)
    if found:
        raise Refused(tuple(difference.sentence for difference in found))
