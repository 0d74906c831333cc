"""The life of a session as data: who may do what, from which state, and on what condition."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from portal import french
from portal.access.rules import Role
from portal.training.rules import OPEN_STATES, Event, Facts, State


@dataclass(frozen=True)
class Transition:
    """One row of the life table: from where, to where (None: stays), by whom, on what condition."""

    sources: frozenset[State]
    target: State | None
    actors: frozenset[Role]
    guards: tuple[Callable[[Facts], str | None], ...] = ()


ASK_REASON = "Indiquez la raison, en quelques mots"


def _reason_given(facts: Facts) -> str | None:
    return None if facts.reason or not facts.needs_reason else ASK_REASON


def _nothing_missing(facts: Facts) -> str | None:
    if facts.missing:
        return "Il manque encore\u00a0: " + ", ".join(facts.missing)
    return None


def _in_the_future(facts: Facts) -> str | None:
    if facts.first_day is not None and facts.first_day <= facts.today:
        return (
            "La formation commence aujourd’hui ou a déjà commencé\u00a0: choisissez une date à "
            "venir, car la convention se signe avant le début"
        )
    return None


def _no_agreement(facts: Facts) -> str | None:
    if facts.has_agreement:
        return (
            "Un accord de prise en charge est déjà reçu\u00a0: modifiez la session au lieu de la "
            "rouvrir"
        )
    return None


def _filed_in_the_past(facts: Facts) -> str | None:
    if facts.filed_on is not None and facts.filed_on > facts.today:
        return "La date de dépôt ne peut pas être dans l’avenir"
    return None


def _grant_within_price(facts: Facts) -> str | None:
    granted, price = facts.asked_grant_cents, facts.price_cents
    if granted is None or granted <= 0:
        return "Le montant accordé doit dépasser 0 €\u00a0: sinon, enregistrez un refus"
    if price is not None and granted > price:
        return "Le montant accordé dépasse le prix hors taxes de la formation\u00a0: vérifiez-le"
    return None


def _something_to_sign(facts: Facts) -> str | None:
    return None if facts.awaits_signature else "Tout est déjà signé"


def _undertaking_given(facts: Facts) -> str | None:
    if facts.owes_undertaking:
        return "Le client n’a pas encore signé la convention et son engagement à régler"
    return None


def _day_has_come(facts: Facts) -> str | None:
    if facts.first_day is not None and facts.today < facts.first_day:
        return f"La formation commence le {french.date_mid(facts.first_day)}"
    return None


def _has_an_agreement(facts: Facts) -> str | None:
    return None if facts.has_agreement else "Ce dossier n’a pas d’accord à corriger"


def _client_only_when_refused(facts: Facts) -> str | None:
    if facts.role is Role.CLIENT and facts.state is not State.REFUSED:
        return "Demandez à votre organisme de formation d’annuler la session"
    return None


def _trainer_before_funded(facts: Facts) -> str | None:
    if facts.role is Role.TRAINER and facts.state in (State.FUNDED, State.RUNNING):
        return "Demandez à votre organisme de formation d’annuler la session"
    return None


def _has_link(facts: Facts) -> str | None:
    return None if facts.has_open_link else "Ce dossier n’a pas de lien ouvert"


_T, _C, _O = Role.TRAINER, Role.CLIENT, Role.OFFICE
_SIGNABLE = frozenset({State.SENT, State.AGREEMENT_RECEIVED, State.FUNDED})
_BEFORE_END = frozenset({State.DRAFT, State.SENT, State.AGREEMENT_RECEIVED, State.FUNDED})
TRANSITIONS: dict[Event, Transition] = {
    Event.SHARE_LINK: Transition(OPEN_STATES, None, frozenset({_T, _O})),
    Event.RENEW_LINK: Transition(OPEN_STATES, None, frozenset({_T, _O, _C}), (_has_link,)),
    Event.REVOKE_LINK: Transition(OPEN_STATES, None, frozenset({_T, _O}), (_has_link,)),
    Event.SAVE_TOPIC: Transition(frozenset({State.DRAFT}), None, frozenset({_T, _C, _O})),
    Event.ISSUE_DOCUMENTS: Transition(
        frozenset({State.DRAFT}),
        State.SENT,
        frozenset({_T, _C, _O}),
        (_nothing_missing, _in_the_future),
    ),
    Event.NOTE_FILING: Transition(
        frozenset({State.SENT}), None, frozenset({_C, _T, _O}), (_filed_in_the_past,)
    ),
    Event.AMEND: Transition(
        _SIGNABLE,
        None,
        frozenset({_T, _O}),
        (_reason_given, _nothing_missing, _in_the_future),
    ),
    Event.REOPEN: Transition(
        frozenset({State.SENT}), State.DRAFT, frozenset({_T, _O}), (_reason_given, _no_agreement)
    ),
    Event.CANCEL: Transition(
        _BEFORE_END | {State.REFUSED, State.RUNNING},
        State.CANCELLED,
        frozenset({_T, _O, _C}),
        (_reason_given, _client_only_when_refused, _trainer_before_funded),
    ),
    Event.RECEIVE_AGREEMENT: Transition(
        frozenset({State.SENT, State.REFUSED, State.AGREEMENT_RECEIVED}),
        State.AGREEMENT_RECEIVED,
        frozenset({_C, _T, _O}),
    ),
    Event.RETURN_AGREEMENT: Transition(
        frozenset({State.AGREEMENT_RECEIVED}), State.SENT, frozenset({_O}), (_reason_given,)
    ),
    Event.VALIDATE_AGREEMENT: Transition(
        frozenset({State.AGREEMENT_RECEIVED}),
        State.FUNDED,
        frozenset({_O}),
        (_grant_within_price,),
    ),
    Event.CORRECT_AGREEMENT: Transition(
        frozenset({State.FUNDED}),
        State.AGREEMENT_RECEIVED,
        frozenset({_O}),
        (_reason_given, _has_an_agreement),
    ),
    Event.UNDO_DECISION: Transition(
        frozenset({State.FUNDED, State.SENT, State.REFUSED}),
        State.AGREEMENT_RECEIVED,
        frozenset({_O}),
    ),
    Event.RECORD_REFUSAL: Transition(
        frozenset({State.SENT, State.AGREEMENT_RECEIVED}),
        State.REFUSED,
        frozenset({_O, _C}),
        (_reason_given,),
    ),
    Event.SELF_FUND: Transition(
        frozenset({State.SENT, State.REFUSED}), State.FUNDED, frozenset({_C})
    ),
    Event.POSTPONE: Transition(frozenset({State.REFUSED}), State.DRAFT, frozenset({_C, _O})),
    Event.SEND_SIGN_LINK: Transition(
        _SIGNABLE, None, frozenset({_C, _T, _O}), (_something_to_sign,)
    ),
    Event.SIGN: Transition(_SIGNABLE, None, frozenset({_C}), (_something_to_sign,)),
    Event.RECEIVE_SIGNED_PAPER: Transition(
        _SIGNABLE, None, frozenset({_C, _T, _O}), (_something_to_sign,)
    ),
    Event.REFUSE_SIGNED_PAPER: Transition(
        _SIGNABLE, None, frozenset({_O}), (_something_to_sign, _reason_given)
    ),
    Event.RECORD_PAPER_SIGNATURE: Transition(
        _SIGNABLE, None, frozenset({_O}), (_something_to_sign,)
    ),
    Event.DECLINE_SIGNATURE: Transition(
        _SIGNABLE, None, frozenset({_C}), (_something_to_sign, _reason_given)
    ),
    Event.DELEGATE_SIGNATURE: Transition(_SIGNABLE, None, frozenset({_C}), (_something_to_sign,)),
    Event.START: Transition(
        frozenset({State.FUNDED}),
        State.RUNNING,
        frozenset({_T}),
        (_undertaking_given, _day_has_come),
    ),
}
STATE_SENTENCE = {
    State.DRAFT: "La session est encore un brouillon",
    State.SENT: "Les documents sont déjà envoyés",
    State.AGREEMENT_RECEIVED: "L’accord de prise en charge est en cours de vérification",
    State.FUNDED: "Le financement est déjà validé",
    State.REFUSED: "Le financement a été refusé",
    State.RUNNING: "La formation est en cours",
    State.DONE: "La formation est terminée",
    State.INVOICED: "La formation est facturée",
    State.SETTLED: "La session est soldée",
    State.CANCELLED: "La session est annulée",
}


def blockers(event: Event, facts: Facts, role: Role) -> tuple[str, ...]:
    """Why `event` cannot happen now, as French sentences; empty when it can.

    The same list guards the act and explains the screen.
    """
    transition = TRANSITIONS[event]
    if role not in transition.actors:
        return ("Cette action n’est pas ouverte à votre rôle",)
    if facts.state not in transition.sources:
        return (STATE_SENTENCE[facts.state],)
    facts = replace(facts, role=role)
    return tuple(sentence for guard in transition.guards if (sentence := guard(facts)))
