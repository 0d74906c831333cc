"""What follows a save of the company or of its funding: the look-up, and who confirms the OPCO."""

from portal.companies import service as companies
from portal.effects.act import Act
from portal.training.models import TopicAnswers


def follow(act: Act) -> None:
    """Keeps the directory's answer, has it asked later otherwise, notes a confirmation."""
    if act.data.get("finding") is not None:  # a button of the page asked the directory
        companies.keep(act.training.id, act.data["finding"], act.at)
    saves = zip(act.result, act.data["topics"], strict=True)
    for answers, (topic, _raw, versioning) in saves:
        if not versioning.get("final", True):
            continue  # being typed: nobody said anything yet
        if topic == "company":
            _expect(act, answers)
        elif topic == "funding" and answers.is_valid:
            _confirm(act)


def _expect(act: Act, answers: TopicAnswers) -> None:
    """A company typed without pressing « Chercher » is looked up by the worker."""
    siret = companies.typed_siret(answers.raw)
    row = companies.expect(act.training.id, siret, act.at) if siret else None
    if row is not None:
        act.lookups.append(row.id)


def _confirm(act: Act) -> None:
    """Whoever sends the page with that OPCO in it confirms it."""
    training = act.training
    known = companies.finding_of(training.id)
    siret = training.company.siret if training.company else (known.siret if known else None)
    if siret is None:
        return
    code, by = training.opco_code, act.actor.name
    if companies.confirm(training.id, siret, code, by, act.at):
        act.details["opco_confirmed"] = {"code": code, "siret": siret}
