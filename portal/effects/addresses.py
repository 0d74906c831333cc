"""« Corriger l’adresse et renvoyer »: what a wrong address of the client touches."""

import uuid
from urllib.parse import urlsplit

from sqlalchemy import select

from portal import french
from portal.access import service as access
from portal.access.models import ShareLink
from portal.access.rules import Role, Scope
from portal.accounts import people
from portal.companies.models import Company
from portal.effects import signing
from portal.effects.act import Act, Refused
from portal.emails import signing_notices
from portal.emails.models import Email, EmailState
from portal.extensions import db, settings
from portal.training import reusing

OFFICE_ONLY = "L’adresse de la personne qui signe ne se corrige que par l’organisme"
AN_ACCOUNT = "Cette adresse est celle d’un compte du portail\u00a0: indiquez celle du client"
NOT_ON_FILE = "Cette adresse n’est plus celle du dossier\u00a0: rien n’est à corriger"
_WAITING = (EmailState.QUEUED.value, EmailState.HELD.value)


def correct(act: Act) -> None:
    """Puts the right address in the dossier and sends the message again, to it alone.

    Links to the old address close. The signatory's address is changed by the office only: whoever
    prepares the session must not choose where the signing link goes. Raises Refused.
    """
    email, new = db.session.get_one(Email, act.data["email_id"]), act.data["address"]
    former, company = email.to_email, act.training.company
    lets_sign = _lets_sign(email)
    if act.actor.role is not Role.OFFICE and (lets_sign or _is_signatory_only(company, former)):
        raise Refused((OFFICE_ONLY,))
    if people.by_email(new) is not None:
        raise Refused((AN_ACCOUNT,))
    if former not in on_file(act.training.links, company):
        raise Refused((NOT_ON_FILE,))
    signatory_changed = company is not None and _put(act, company, former, new)
    links = _move_links(act, former, new)
    email.sent_at = email.bounced_at = None  # it did not arrive
    email.state, email.error = EmailState.CANCELLED.value, f"Adresse corrigée\u00a0: {new}"
    _redirect(act, former, new, links)
    if signatory_changed:
        signing.close_links(act)
    if lets_sign:
        signing.send_sign_link(act, act.at)
    else:
        act.send(_again(email, new, links, act))
    _tell(act, former, new)
    act.body = {"email": email.id, "signatory": signatory_changed}
    act.details = {"from": former, "to": new}


def on_file(links: list[ShareLink], company: Company | None) -> set[str]:
    """The addresses of the client that the dossier writes to."""
    found = {link.recipient_email for link in links if link.revoked_at is None}
    if company is not None:
        found |= {company.signatory_email, company.contact_email}
    return {address for address in found if address}


def _lets_sign(email: Email) -> bool:
    """Whether the message carries what lets sign: a signing link, or a code."""
    link_id = email.context.get("link_id")
    link = db.session.get(ShareLink, link_id) if link_id else None
    return "code_id" in email.context or (link is not None and link.scope == Scope.SIGN)


def _is_signatory_only(company: Company | None, address: str) -> bool:
    return company is not None and address == company.signatory_email != company.correspondent_email


def _put(act: Act, company: Company, former: str, new: str) -> bool:
    """Changes the card of the company; True when the signatory's address changed."""
    is_signatory = company.signatory_email == former and act.actor.role is Role.OFFICE
    if is_signatory:
        company.signatory_email = new
    if company.correspondent_email == former:
        company.contact_email = new  # a trainer moves the papers, never the signature
    reusing.rewrite_company(act.training, act.actor.name, act.at)
    return is_signatory


def _move_links(act: Act, former: str, new: str) -> dict[int, int]:
    """Closes the space links that went to the old address; {closed: its successor}."""
    moved = {}
    for link in list(act.training.links):
        if link.recipient_email == former and link.revoked_at is None:
            access.revoke(link, act.at)
            if link.scope == Scope.SPACE:
                fresh = access.issue_link(act.training, act.actor, new, act.at)
                moved[link.id] = fresh.id
    return moved


def _redirect(act: Act, former: str, new: str, links: dict[int, int]) -> None:
    """What has not left yet goes to the right address too; what lets sign is not redirected."""
    waiting = db.session.scalars(
        select(Email).where(
            Email.training_id == act.training.id,
            Email.to_email == former,
            Email.audience == Role.CLIENT.value,
            Email.state.in_(_WAITING),
        )
    )
    for email in waiting:
        if _lets_sign(email):
            continue
        email.to_email = new
        email.context = _relinked(email, links)


def _relinked(email: Email, links: dict[int, int]) -> dict[str, object]:
    link_id = email.context.get("link_id")
    return {**email.context, "link_id": links.get(link_id, link_id)}  # type: ignore[call-overload]


def _again(email: Email, new: str, links: dict[int, int], act: Act) -> Email:
    """The same message to the right address: another row, with an identity of its own."""
    host = urlsplit(settings().base_url).hostname
    return Email(
        training_id=email.training_id,
        letter=email.letter,
        audience=email.audience,
        to_email=french.one_line(new),
        to_name=email.to_name,
        subject=email.subject,
        context=_relinked(email, links),
        document_ids=list(email.document_ids),
        dedupe_key=f"{email.dedupe_key}:{email.id}",
        message_id=f"<{uuid.uuid4().hex}@{host}>",
        state=EmailState.QUEUED.value,
        attempts=0,
        next_at=act.at,
        created_at=act.at,
    )


def _tell(act: Act, former: str, new: str) -> None:
    """The office reads of every change; so does the old address, when something reached it."""
    arguments = (act.training, former, new, act.organisation, act.at)
    if act.actor.role is not Role.OFFICE:
        act.send(signing_notices.address_corrected_to_office(*arguments))
    reached = select(Email.id).where(
        Email.training_id == act.training.id,
        Email.to_email == former,
        Email.state == EmailState.SENT.value,
        Email.bounced_at.is_(None),
    )
    if db.session.scalar(reached.limit(1)) is not None:
        act.send(signing_notices.address_corrected_to_former(*arguments))
