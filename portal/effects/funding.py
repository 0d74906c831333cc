"""From the funder's answer to the go-ahead: agreement, refusal, reste à charge, start."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.access.rules import Role
from portal.documents import service as documents
from portal.effects import signing
from portal.effects.act import Act, Refused
from portal.emails import notices, outbox
from portal.extensions import db
from portal.funding import service as funding
from portal.funding.models import Agreement
from portal.funding.rules import NOTHING, AgreementState, Base, Grant, Split, VatRegime, grant
from portal.training import reusing
from portal.training.models import TrainingSession
from portal.training.rules import State
from portal.uploads import service as uploads
from portal.uploads.rules import Purpose

UNDO = timedelta(seconds=60)  # a decision's messages wait that long, so that it can be taken back


def receive_agreement(act: Act) -> None:
    """Keeps the file: another one replaces the one that waited, the same one changes nothing."""
    training = act.training
    pending = funding.open_agreement(training)
    if pending is not None and pending.upload.sha256 == act.data["stored"].sha256:
        raise Refused((uploads.already_sentence(pending.upload),))
    if pending is not None:
        pending.state = AgreementState.REPLACED.value
        db.session.flush()  # one open agreement at a time
    upload = uploads.record(act.data["stored"], training, Purpose.AGREEMENT, act.actor, act.at)
    db.session.flush()
    agreement = Agreement(training=training, upload=upload, received_at=act.at, version=1)
    db.session.add(agreement)
    db.session.flush()
    training.refused_at = training.refusal_reason = None
    act.uploads.append(upload)
    act.send(
        notices.agreement_receipt(training, upload, act.organisation, act.at),
        notices.agreement_to_check(training, upload, act.organisation, act.at),
    )
    act.body = {"agreement": agreement.id, "sha256": upload.sha256}
    act.result = agreement


def return_agreement(act: Act) -> None:
    """Sends the agreement back: the file is kept, and says why."""
    agreement = _decided(act, AgreementState.RETURNED)
    agreement.reason = act.data["reason"]
    arguments = (act.training, act.organisation, act.data["reason"], act.at + UNDO)
    act.send(
        notices.agreement_returned_to_client(*arguments),
        notices.agreement_returned_to_trainer(*arguments),
    )
    act.details = {"reason": agreement.reason}


def validate_agreement(act: Act) -> None:
    """Writes down what the funder covers; a remainder asks for the client's undertaking."""
    training, data = act.training, act.data
    agreement = _decided(act, AgreementState.VALIDATED)
    agreement.printed_cents, agreement.base = data["printed_cents"], data["base"].value
    agreement.funder_pays_vat = data["funder_pays_vat"]
    agreement.subrogation, agreement.number = data["subrogation"], data.get("number") or None
    training.subrogation = agreement.subrogation
    later = act.at + UNDO
    _fund(act, asked_grant(training, data), later)
    act.send(
        notices.funded_to_trainer(training, split_of(training), act.organisation, later),
    )
    if not split_of(training).remainder_cents:
        act.send(notices.funded_to_client(training, split_of(training), act.organisation, later))
    act.body = {"agreement": agreement.id, "granted_cents": training.granted_cents}


def correct_agreement(act: Act) -> None:
    """Takes a validation back: the figures are cleared and the undertaking falls, for everybody."""
    training, reason = act.training, act.data["reason"]
    agreement = funding.validated_agreement(training)
    if agreement is None:
        raise Refused(("Ce dossier n’a pas d’accord à corriger",))
    had_undertaking = training.committed_cents is not None
    _unfund(training, State.AGREEMENT_RECEIVED)
    reopen_agreement(training)
    outbox.cancel_queued(training.id)
    signing.close_links(act)
    signing.void_undertaking(act, reason)
    documents.supersede(training, act.at, kinds=("engagement",))
    if not act.data.get("undone"):
        act.send(
            notices.agreement_corrected_to_client(
                training, had_undertaking, act.organisation, reason, act.at
            ),
            notices.agreement_corrected_to_trainer(
                training, had_undertaking, act.organisation, reason, act.at
            ),
        )
    act.body = {"agreement": agreement.id}
    act.details = {"reason": reason}


def undo_decision(act: Act) -> None:
    """Takes back a decision of less than a minute: its messages had not left, and never will."""
    training = act.training
    agreement = funding.latest(training)
    decided_at = agreement.decided_at if agreement is not None else None
    if agreement is None or decided_at is None or act.at - decided_at >= UNDO:
        raise Refused(("La minute est passée\u00a0: la décision est prise, corrigez-la",))
    if agreement.state == AgreementState.REFUSED and training.refused_at is None:
        raise Refused(("Le client a déjà choisi la suite\u00a0: la décision ne s’annule plus",))
    if any(signature.signed_at >= decided_at for signature in training.signatures):
        raise Refused(("Le client a signé entre-temps\u00a0: corrigez l’accord",))
    _unfund(training, State.AGREEMENT_RECEIVED)
    outbox.cancel_queued(training.id)
    signing.close_links(act)
    for document in documents.issued_since(training, decided_at):
        documents.withdraw(document, act.at)
    agreement.state = AgreementState.RECEIVED.value
    agreement.version += 1
    agreement.decided_at = agreement.decided_by_id = agreement.reason = None
    training.refused_at = training.refusal_reason = None
    act.body = {"agreement": agreement.id}


def record_refusal(act: Act) -> None:
    """The funder said no: the client will choose to pay, postpone or cancel."""
    training, reason = act.training, act.data["reason"]
    if funding.open_agreement(training) is not None:
        agreement = _decided(act, AgreementState.REFUSED)
        agreement.reason = reason
    training.refused_at, training.refusal_reason = act.at, reason
    later = act.at + UNDO
    act.send(
        notices.refused_to_client(training, act.organisation, reason, later),
        notices.refused_to_trainer(training, act.organisation, reason, later),
    )
    act.details = {"reason": reason}


def self_fund(act: Act) -> None:
    """The company pays for everything: the whole price is its remainder."""
    training = act.training
    training.self_funded_at = act.at
    training.refused_at = None  # the reason stays: it says why the company pays
    training.subrogation = False
    _fund(act, NOTHING, act.at)
    act.send(notices.self_funded_to_trainer(training, act.organisation, act.at))


def postpone(act: Act) -> None:
    """Back to a draft without dates; the papers are superseded."""
    training = act.training
    training.state = State.DRAFT.value  # at once: the table refuses a sent session without dates
    training.vat_regime = None  # a draft shows the regime it would be issued with
    training.filed_on = training.filed_by = training.filing_number = None
    documents.supersede(training, act.at)
    signing.void_all(act, "Session reportée")
    signing.close_links(act)
    outbox.cancel_queued(training.id)
    reusing.clear_dates(training, act.at)
    training.refused_at = training.refusal_reason = None
    act.send(notices.postponed_to_trainer(training, act.organisation, act.at))


def start(act: Act) -> None:
    """The first day has come and nothing is owed: attendance may open."""
    act.training.started_at = act.at


# --- Figures


def asked_grant(training: TrainingSession, data: dict[str, object]) -> Grant:
    """The grant a decision asks for, from the figure printed on the agreement and its base."""
    return grant(
        int(str(data["printed_cents"])),
        Base(str(data["base"])),
        bool(data["funder_pays_vat"]),
        regime_of(training),
    )


def regime_of(training: TrainingSession) -> VatRegime:
    """The VAT regime frozen with the session when its papers were issued."""
    return VatRegime(training.vat_regime or VatRegime.EXEMPT)


def split_of(training: TrainingSession) -> Split:
    """Who is invoiced what, of a session whose grant is known. Raises ValueError before."""
    return funding.split_of(training)


def _fund(act: Act, granted: Grant, at: datetime) -> None:
    """`at`: when the signing link may leave, if there is something to undertake."""
    training = act.training
    training.granted_cents, training.granted_vat_cents = granted.net_cents, granted.vat_cents
    training.funded_at = act.at
    if split_of(training).remainder_cents:
        signing.ask_undertaking(act, at=at)


def _unfund(training: TrainingSession, state: State) -> None:
    """Clears the figures, with the state at once: the table refuses one without the other."""
    training.state = state.value
    training.granted_cents = training.granted_vat_cents = training.funded_at = None


@dataclass(frozen=True)
class Figures:
    """What a decision wrote on the session."""

    state: State
    granted_cents: int | None
    granted_vat_cents: int | None
    funded_at: datetime | None
    is_self_funded: bool


def set_aside(training: TrainingSession) -> Figures:
    """Takes the figures off a funded session while its price may move; see `put_back`."""
    figures = Figures(
        State(training.state),
        training.granted_cents,
        training.granted_vat_cents,
        training.funded_at,
        training.state == State.FUNDED and training.self_funded_at is not None,
    )
    if figures.state is State.FUNDED:
        _unfund(training, State.AGREEMENT_RECEIVED)
    return figures


def put_back(training: TrainingSession, figures: Figures) -> None:
    """The figures as they were: nothing they rest on has moved."""
    training.granted_cents = figures.granted_cents
    training.granted_vat_cents = figures.granted_vat_cents
    training.funded_at = figures.funded_at
    training.state = figures.state.value


def has_agreement(training: TrainingSession) -> bool:
    """Whether a funder's answer is waiting or in force."""
    return any(row.state in ("received", "validated") for row in training.agreements)


def reopen_agreement(training: TrainingSession) -> None:
    """The validated paper is to be decided on again; its first decision is kept as corrected."""
    agreement = funding.validated_agreement(training)
    if agreement is None:
        return
    agreement.state = AgreementState.CORRECTED.value
    db.session.flush()
    again = Agreement(
        training=training,
        upload=agreement.upload,
        received_at=agreement.received_at,
        suggestions=agreement.suggestions,
        version=1,
    )
    db.session.add(again)


def drop_agreement(training: TrainingSession, reason: str) -> None:
    """The agreement was given to another company: the session waits for a new request."""
    for agreement in training.agreements:
        if agreement.state in (AgreementState.RECEIVED, AgreementState.VALIDATED):
            agreement.state, agreement.reason = AgreementState.RETURNED.value, reason
    training.filed_on = training.filed_by = training.filing_number = None
    training.state = State.SENT.value


def _decided(act: Act, state: AgreementState) -> Agreement:
    """The open agreement with its decision; Refused when another person decided meanwhile."""
    agreement = funding.open_agreement(act.training)
    asked = act.data.get("agreement_version")
    if agreement is None or (asked is not None and agreement.version != asked):
        raise Refused(("Cet accord vient d’être traité par une autre personne",))
    agreement.state = state.value
    agreement.version += 1
    agreement.decided_at = act.at
    agreement.decided_by_id = None if act.actor.role == Role.CLIENT else act.actor.id  # a link's id
    return agreement
