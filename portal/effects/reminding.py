"""Reminding whoever is waited for: the right message, with a link that lives."""

from portal import clock
from portal.access import service as access
from portal.access.models import ShareLink
from portal.access.rules import Role, Scope
from portal.effects import signing
from portal.effects.act import Act, Refused
from portal.effects.preparing import address_on_file
from portal.emails import letters, withdrawing
from portal.emails import reminders as messages
from portal.emails.models import Email
from portal.reminders import rules
from portal.reminders import service as reminders
from portal.reminders.rules import Facts, Kind

NO_LINK = "Le lien du client est fermé\u00a0: partagez-en un nouveau d’abord"


def remind(act: Act, kind: Kind, facts: Facts) -> bool:
    """One reminder, by hand or by the clock; False when the clock has none to send today.

    Raises Refused when a person asks for one that has no object.
    """
    training, today = act.training, clock.paris(act.at).date()
    sent = reminders.sent_of(training.id)
    by_hand = act.actor.role is not Role.CLOCK
    refusal = rules.hand_refusal(kind, facts, sent, today)
    if by_hand and refusal:
        raise Refused((refusal,))
    setting = reminders.settings_of()[kind]
    since = rules.since(kind, facts, today)
    if since is None or not (by_hand or rules.is_due(kind, facts, setting, sent, today)):
        return False
    by = act.actor.name if by_hand else None
    if reminders.add(training.id, kind, since, act.at, by) is None:
        return False
    act.send(*_messages(act, kind, facts, f"{kind}:{today}"))
    act.body = {"kind": kind.value, "since": since.isoformat()}
    return True


def _messages(act: Act, kind: Kind, facts: Facts, key: str) -> list[Email]:
    arguments = (act.organisation, act.at, key)
    if kind is Kind.START:
        missing = rules.missing(facts)
        told = [messages.start_reminder(act.training, missing, *arguments)]
        if missing:
            told.append(messages.start_reminder_office(act.training, missing, *arguments))
        return told
    if kind is Kind.SIGNATURE:
        return [_signature(act, key)]
    link = space_link(act)
    if link is None or not address_on_file(act.training, link):
        raise Refused((NO_LINK,))
    letter = messages.agreement_reminder if kind is Kind.AGREEMENT else letters.client_reminder
    return [letter(act.training, link, *arguments)]


def _signature(act: Act, key: str) -> Email:
    """The message that asks for a signature, again; a signing link that expired is replaced."""
    link = access.open_link(act.training, act.at, Scope.SIGN)
    company = act.training.company
    if link is None:
        signing.close_links(act)
        to = company.signatory_email if company else None
        link = access.issue_link(act.training, act.actor, to, act.at, scope=Scope.SIGN)
    letter = signing.request_letter(act, link, act.at)
    letter.subject = f"Rappel – {letter.subject}"
    letter.dedupe_key += f":{key}"
    return letter


def space_link(act: Act) -> ShareLink | None:
    """The client's link, given a new term when it expired; None when it was closed on purpose."""
    link = access.open_link(act.training, act.at)
    if link is not None:
        return link
    kept = [x for x in act.training.links if x.scope == Scope.SPACE and x.revoked_at is None]
    if not kept:
        return None
    access.rotate(kept[-1], act.at)
    return kept[-1]


# --- What became useless before it left

STEPS = {"answers": Kind.ANSWERS, "filing": Kind.FILING}


def withdraw(act: Act, facts: Facts) -> None:
    """Takes back the reminders that have not left and whose matter has just been closed."""
    today = clock.paris(act.at).date()
    for email in withdrawing.queued(act.training.id):
        kind = _kind_of(email)
        if kind is not None and rules.since(kind, facts, today) is None:
            withdrawing.withdraw(email)


def _kind_of(email: Email) -> Kind | None:
    if email.letter == "client_reminder":
        return STEPS.get(str(email.context.get("step")))
    if email.letter == "agreement_reminder":
        return Kind.AGREEMENT
    return Kind.START if email.letter.startswith("start_reminder") else None
