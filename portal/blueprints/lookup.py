"""The look-up of a company inside the multi-step form: fills in what is blank, says what it found.

What a person typed is never replaced, unless it came from the directory for another SIRET, or the
person asks for the directory's values.
"""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask import request

from portal import clock, french, workflow
from portal.access import tries
from portal.access.rules import Actor
from portal.blueprints.opco import shown
from portal.blueprints.opened import Look, Opened
from portal.companies import service as companies
from portal.companies.finder import SHORTEST_NAME, Finder, Finding
from portal.companies.models import CompanyFinding, FindingState
from portal.companies.opco import NOTHING, Proposal, Standing
from portal.companies.registry import Outage
from portal.extensions import settings
from portal.funding.rules import FunderChoice, opcos
from portal.training import service as trainings
from portal.training.models import TrainingSession
from portal.training.rules import Event
from portal.web import PortalForm

LOOKUPS, HOUR = 120, 3_600  # by dossier
SILENT = "L’annuaire ne répond pas. Saisissez la raison sociale, nous compléterons plus tard."
LABELS = {
    "legal_name": "raison sociale",
    "address": "adresse",
    "postcode": "code postal",
    "city": "ville",
    "naf": "code NAF",
}
MAY_COME_LATER = frozenset({"address", "postcode", "city"})


# --- The buttons


def search(opened: Opened, _index: str = "") -> None:
    """« Chercher »: asks the directory for the SIRET, and fills in the blanks."""
    raw = opened.raws["company"] or {}
    siret = companies.typed_siret(raw)
    if siret is None:
        fault = "Indiquez d’abord un SIRET de 14\u00a0chiffres"
        opened.look = Look(fault=fault, said=fault)
        return
    before = companies.finding_of(opened.training.id)
    if not _may_ask(opened):
        opened.look = Look(is_silent=True, said=SILENT)
        return
    finding = Finder.of(settings()).look_up(siret)
    opened.look = Look(finding, is_silent=finding.outage is not None, said=_said(finding))
    _fill_company(opened, finding, before)
    _fill_funder(opened, finding, before)


def search_name(opened: Opened, _index: str = "") -> None:
    """Companies of that name, to choose from."""
    query = french.one_line(request.form.get("company_query", "")[:200])
    look = opened.look = Look(query=query)
    if len(query) < SHORTEST_NAME:
        look.fault = f"Écrivez au moins {SHORTEST_NAME}\u00a0lettres du nom"
        look.said = look.fault
        return
    try:
        if not _may_ask(opened):
            raise Outage("too many look-ups for one dossier")
        look.names = Finder.of(settings()).names(query, is_anonymous=False)
    except Outage:
        look.is_silent, look.said = True, SILENT
        return
    look.said = f"{french.count(len(look.names), 'entreprise trouvée', 'entreprises trouvées')}"


def choose(opened: Opened, siret: str) -> None:
    """One of the names found, or the head office of a closed establishment."""
    opened.raws["company"] = (opened.raws["company"] or {}) | {"siret": [siret[:14]]}
    search(opened)


def take_over(opened: Opened, _index: str = "") -> None:
    """The directory's values instead of those typed."""
    raw = opened.raws["company"] or {}
    row = companies.about(opened.training.id, companies.typed_siret(raw))
    opened.raws["company"] = raw | {n: [v] for n, v in companies.values_of(row).items()}
    opened.look = Look(said="Les valeurs de l’annuaire sont reprises")


EDITS: dict[str, tuple[str, Callable[[Opened, str], None]]] = {
    "chercher-entreprise": ("company", search),
    "chercher-nom": ("company", search_name),
    "choisir-entreprise": ("company", choose),
    "reprendre-annuaire": ("company", take_over),
}


def _may_ask(opened: Opened) -> bool:
    return tries.allow(f"lookup:{opened.training.id}", LOOKUPS, HOUR, clock.now())


def _said(finding: Finding) -> str:
    if finding.outage is not None:
        return SILENT
    if finding.card is None:
        return "Ce SIRET n’est pas dans l’annuaire public"
    code = finding.proposal.code
    opco = f", OPCO {opcos()[code].name}, à confirmer" if code else ""
    closed = "" if finding.card.is_open else ", établissement fermé"
    return f"Trouvé\u00a0: {finding.card.legal_name}, {finding.card.city}{opco}{closed}"


def _first(raw: Mapping[str, list[str]] | None, name: str) -> str:
    return "".join(((raw or {}).get(name) or [""])[:1]).strip()


def _fill_company(opened: Opened, finding: Finding, before: CompanyFinding | None) -> None:
    raw = dict(opened.raws["company"] or {})
    ours = companies.values_of(before)
    is_other = before is not None and before.siret != finding.siret
    given = finding.card.as_json() if finding.card else {}
    for name in companies.FIELDS:
        typed = _first(raw, name)
        if given.get(name) and typed in ("", ours.get(name)):
            raw[name] = [given[name]]
        elif is_other and typed and typed == ours.get(name):
            raw[name] = [""]  # it was the other company's
    opened.raws["company"] = raw


def _fill_funder(opened: Opened, finding: Finding, before: CompanyFinding | None) -> None:
    """Selects the OPCO found when nothing was chosen, or when another company's was proposed."""
    if "funding" not in opened.raws:
        return
    raw = opened.raws["funding"] or {}
    typed, code = _first(raw, "funder"), finding.proposal.code or ""
    is_other = before is not None and before.siret != finding.siret
    was_proposed = before is not None and is_other and typed == before.proposed.code
    if (not typed and code) or was_proposed:
        opened.raws["funding"] = raw | {"funder": [code]}


def begin(training: TrainingSession, siret: str, actor: Actor) -> None:
    """The first answers of a session started from « Trouver mon OPCO »."""
    if trainings.answers_of(training, "company") is not None:
        return  # the same page sent twice
    finding = Finder.of(settings()).look_up(siret)
    given = finding.card.as_json() if finding.card else {}
    raw = {"siret": [siret]} | {n: [given[n]] for n in companies.FIELDS if given.get(n)}
    as_typed = {"version": 0, "edit_id": secrets.token_hex(8), "final": False}
    workflow.perform(
        Event.SAVE_TOPIC,
        training,
        actor,
        topics=[("company", raw, as_typed)],
        journaled=False,
        finding=finding,
    )


# --- Around a save


def is_awaited(opened: Opened) -> bool:
    """Enter in the SIRET field of an empty page means « Chercher »."""
    raw = opened.raws.get("company")
    siret = companies.typed_siret(raw)
    if siret is None or _first(raw, "legal_name") or not settings().registry_url:
        return False
    return companies.about(opened.training.id, siret) is None


def complete(opened: Opened) -> None:
    """Before a save: the blanks of the page take what the directory said since it was opened."""
    raw = opened.raws.get("company")
    if raw is None:
        return
    row = companies.about(opened.training.id, companies.typed_siret(raw))
    blanks = {n: [v] for n, v in companies.values_of(row).items() if not _first(raw, n)}
    opened.raws["company"] = raw | blanks


def may_wait(opened: Opened, forms: Mapping[str, PortalForm]) -> bool:
    """After a save: whether all that lacks is an address the directory is still to be asked for."""
    if not settings().registry_url or any(f.errors for t, f in forms.items() if t != "company"):
        return False
    raw = opened.raws.get("company")
    faults = set(forms["company"].errors) if "company" in forms else set()
    row = companies.about(opened.training.id, companies.typed_siret(raw))
    return (
        row is not None
        and row.state == FindingState.PENDING
        and faults <= MAY_COME_LATER
        and not any(_first(raw, name) for name in faults)
    )


def propose(opened: Opened) -> None:
    """When the page opens: the OPCO found is selected where nothing was chosen yet."""
    if "funding" not in opened.raws or _first(opened.raws["funding"], "funder"):
        return
    row = companies.finding_of(opened.training.id)
    if row is not None and row.proposed.code:
        raw = opened.raws["funding"] or {}
        opened.raws["funding"] = raw | {"funder": [row.proposed.code]}


# --- What the page shows


def context(opened: Opened) -> dict[str, Any]:
    """What the templates of the company and of its funding read, under the name `look`."""
    look = opened.look or Look()
    if not {"company", "funding"}.intersection(opened.raws):
        return {"look": look}
    row = companies.finding_of(opened.training.id)
    if "company" in opened.raws:
        siret = companies.typed_siret(opened.raws["company"])
    else:
        siret = row.siret if row else None
    card, proposal, state = _known(look, row if row and row.siret == siret else None)
    typed = opened.raws.get("company")
    differing = [
        # capitals and accents apart: « 14 rue des Forges » is no other address
        n
        for n in companies.FIELDS
        if card.get(n) and french.fold(str(card[n])) != french.fold(_first(typed, n))
    ]
    return {
        "look": look,
        "siret": siret,
        "card": card,
        "state": state,
        "differing": [LABELS[n] for n in differing if _first(typed, n)] if typed else [],
        "is_proposed": proposal.standing is not Standing.NONE,
        "standing": Standing,
        "confirmed": confirmation(row, opened.training.company, opened.training.opco_code),
        **shown(proposal, Finder.of(settings()).tables),
    }


def _known(look: Look, row: CompanyFinding | None) -> tuple[dict[str, Any], Proposal, str | None]:
    """The card, the proposal and the state of the look-up of the SIRET on the page."""
    fresh = look.finding
    if fresh is not None and fresh.outage is None:
        card = fresh.card.as_json() if fresh.card else {}
        return card, fresh.proposal, "found" if card else "unknown"
    if row is not None:
        return row.card or {}, row.proposed, row.state
    return {}, fresh.proposal if fresh else NOTHING, None


def confirmation(
    row: CompanyFinding | None, company: Any, code: str | None
) -> tuple[str, datetime] | None:
    """Who confirmed the OPCO of the dossier, and when; None while it is only proposed."""
    siret = company.siret if company else row.siret if row else None
    if row is None or code is None or row.confirmed_at is None:
        return None
    if (row.confirmed_code, row.confirmed_siret) != (code, siret):
        return None
    return row.confirmed_by or "", row.confirmed_at


def funder_note(training: TrainingSession) -> tuple[str, str]:
    """The OPCO proposed while none was chosen, and what to say of the one that is shown."""
    row = companies.finding_of(training.id)
    confirmed = confirmation(row, training.company, training.opco_code)
    if confirmed:
        return "", f"Confirmé par {confirmed[0]} le {french.date_mid(confirmed[1])}"
    proposed = opcos().get((row.proposed.code if row else None) or "")
    if proposed is None or training.funder_choice not in (None, FunderChoice.OPCO):
        return "", ""
    if training.funder_choice is None:
        return proposed.name, "Proposé, à confirmer"
    return "", "À confirmer"
