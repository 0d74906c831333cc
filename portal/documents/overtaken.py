"""What the organisation says of itself otherwise than the papers in force."""

from portal import french
from portal.accounts.models import Organisation
from portal.documents import service as documents
from portal.documents.differences import Difference
from portal.funding.rules import VAT_LABEL, VatRegime
from portal.training.models import TrainingSession


def since_issued(training: TrainingSession, organisation: Organisation) -> list[Difference]:
    """What a client and its funder identify the organisation by, then and now; empty when the
    papers in force say it as the settings do, or when there is none."""
    standing = next(iter(documents.current(training)), None)
    if standing is None:
        return []
    named, price = standing.facts["organisation"], standing.facts["price"]
    pairs = (
        ("Raison sociale", named["name"], organisation.name),
        ("SIRET", french.siret(named["siret"]), french.siret(organisation.siret)),
        ("Déclaration d’activité", french.nda(named["nda"]), french.nda(organisation.nda)),
        ("TVA", _regime(price["vat_regime"]), _regime(organisation.vat_regime)),
    )
    return [Difference(label, then, now) for label, then, now in pairs if then != now]


def _regime(code: str) -> str:
    return VAT_LABEL[VatRegime(code)]
