"""A change after the documents were sent: what the table says of the fields that moved."""

from typing import Any

from portal.accounts import service as accounts
from portal.documents import service as documents
from portal.documents.differences import between
from portal.documents.facts import Facts
from portal.effects import funding, preparing, signing
from portal.effects.act import Act, Refused
from portal.emails import holding, letters, notices, outbox, signing_notices
from portal.extensions import db
from portal.training import amend_rules, life_rules
from portal.training import service as trainings
from portal.training.amend_rules import Accord, Outcome
from portal.training.models import TrainingSession
from portal.training.rules import Event, State

TRIO = ("devis", "convention", "programme")
# What the client does with its funder, once it has answered.
AFTER = {
    Accord.STANDS: "",
    Accord.TOLD: "Prévenez votre OPCO de ce changement.",
    Accord.REDONE: (
        "Votre OPCO a répondu sur l’ancienne version\u00a0: transmettez-lui celle-ci, et "
        "envoyez-nous son nouvel accord."
    ),
    Accord.VOID: "L’accord de votre OPCO ne vaut plus\u00a0: déposez-lui une nouvelle demande.",
}


def amend(act: Act) -> None:
    """Writes the change, then does what the table says: papers, agreement, signature, links."""
    training, before = act.training, trainings.snapshot(act.training)
    was_asked = signing.has_open_link(act)
    had_agreement = funding.has_agreement(training)
    papers = {row.kind: row.facts for row in documents.current(training)}
    figures = funding.set_aside(training)  # while the price moves: the row must stay possible
    preparing.save_topic(act)
    if any(not answers.is_valid for answers in act.result):
        raise Refused(("Cette page contient des réponses à corriger",))
    changed = trainings.changed(before, trainings.snapshot(training))
    outcome = amend_rules.outcome(changed)
    if outcome.renews_all:
        _check(act)
        _renew(act, outcome, figures, was_asked or training.signed_at is not None)
    else:
        funding.put_back(training, figures)
        _adjust(act, outcome)
    if outcome.changes_signatory:
        _hand_over(act, str(before.get("signatory_email") or ""), was_asked)
    _tell(act, outcome, papers, had_agreement)
    act.body = {
        "changed": [name for name in changed if name not in amend_rules.UNTOLD],
        "rows": [row.code for row in outcome.rows],
        "documents": [[row.kind, row.version] for row in act.documents],
    }
    act.details = {"reason": act.data["reason"]}
    act.result = changed, act.documents


def _check(act: Act) -> None:
    """The guards of an issue, looked at once the change is made: it may put them right."""
    lacking = accounts.missing_settings(act.organisation)
    facts = trainings.facts(act.training, missing=lacking, reason=act.data["reason"])
    sentences = life_rules.blockers(Event.AMEND, facts, act.actor.role)
    if sentences:
        raise Refused(sentences)


def _renew(act: Act, outcome: Outcome, figures: funding.Figures, was_asked: bool) -> None:
    """The three papers again; what was signed falls, the agreement is confirmed or asked again."""
    training, reason = act.training, act.data["reason"]
    signing.void_all(act, reason)
    signing.close_links(act)
    preparing.client_link(act)
    documents.supersede(training, act.at, kinds=("engagement", "annexe"))
    if figures.is_self_funded:
        funding.put_back(training, figures)
    elif funding.has_agreement(training):
        outbox.cancel_queued(training.id)
        if outcome.accord is Accord.VOID:
            funding.drop_agreement(training, reason)
        elif figures.state is State.FUNDED:
            funding.reopen_agreement(training)
    act.documents = documents.issue(training, act.organisation, act.at)
    db.session.flush()
    if training.state == State.FUNDED or (training.state == State.SENT and was_asked):
        signing.send_sign_link(act, act.at)


def _adjust(act: Act, outcome: Outcome) -> None:
    """The papers that name a person, and no others; a signature that was given stands."""
    is_signed = act.training.signed_at is not None
    waiting = signing.signable(act.training)
    kinds: set[str] = set()
    if outcome.changes_names:
        kinds.add("annexe" if is_signed else "convention")
    if outcome.changes_signatory and not is_signed:
        kinds |= {"devis", "convention"}
    if outcome.changes_signatory and waiting is not None:
        kinds.add(waiting.kind)
    if kinds:
        if not act.data["reason"]:  # the client reads why its papers change
            raise Refused((life_rules.ASK_REASON,))
        asked = tuple(kind for kind in (*TRIO, "engagement", "annexe") if kind in kinds)
        act.documents = documents.issue(act.training, act.organisation, act.at, kinds=asked)
        db.session.flush()


def _hand_over(act: Act, former: str, was_asked: bool) -> None:
    """Another person signs: the link of the former one closes, and both sides are told."""
    training, company = act.training, act.training.company
    if company is None or not former or company.signatory_email == former:
        return
    was_to_sign = signing.has_open_link(act) and signing.signable(training) is not None
    signing.close_links(act)
    if was_to_sign:
        signing.send_sign_link(act, act.at)
    arguments = (training, former, act.organisation, act.at)
    act.send(
        signing_notices.delegated_to_former(*arguments, had_link=was_asked),
        signing_notices.delegated_to_office(*arguments),
    )


def _tell(act: Act, outcome: Outcome, papers: dict[str, Facts], had_agreement: bool) -> None:
    """The client gets the new versions and what differs; the trainer a copy; the office a word."""
    if not act.documents:
        return
    training, reason = act.training, act.data["reason"]
    in_force = documents.current(training)
    if holding.is_first(training.id):  # for the client, who has read none, nothing has changed
        trio = [row for row in in_force if row.kind in TRIO]
        first: tuple[Any, ...] = (training, trio, act.organisation, act.at)
        act.send_papers(letters.documents_to_client(*first), letters.documents_to_trainer(*first))
        return
    # those of a former change that still waits to be read over leave with these
    waiting = {number for mail in holding.of_training(training.id) for number in mail.document_ids}
    leaving = [row for row in in_force if row in act.documents or row.id in waiting]
    changes = _changes(papers, training)
    after = AFTER[outcome.accord] if had_agreement else ""
    arguments: tuple[Any, ...] = (training, leaving, act.organisation, reason, act.at)
    act.send_papers(
        letters.documents_amended(*arguments, changes=changes, after=after),
        letters.amended_to_trainer(*arguments, changes=changes),
    )
    if had_agreement:
        act.send(notices.amended_to_office(training, changes, act.organisation, reason, act.at))


def _changes(papers: dict[str, Facts], training: TrainingSession) -> list[str]:
    """The differences as lines: « Prix : 2 400,00 €, devient 2 600,00 € »."""
    now = {row.kind: row.facts for row in documents.current(training)}
    newest = now.get("annexe") or now.get("convention")
    former = papers.get("annexe") or papers.get("convention")
    if newest is None or former is None:
        return []
    return [
        f"{line.label}\u00a0: {line.before}, devient {line.after}"
        for line in between(former, newest)
    ]
