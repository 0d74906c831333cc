"""What is kept of a company's look-up, beside what people typed; the OPCO proposed and confirmed.

Writes happen inside the caller's transaction, but for `look_up`, which asks the directory and must
hold none meanwhile.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select

from portal import clock
from portal.companies import rules
from portal.companies.finder import Finder, Finding
from portal.companies.models import CompanyFinding, FindingState
from portal.companies.opco import Standing
from portal.extensions import claim, db, settings, writing

FIELDS = ("legal_name", "address", "postcode", "city", "naf")
LEASE = timedelta(minutes=2)
RETRIES = (1, 5, 15, 60, 360)  # minutes; then the last one again
MOST_ATTEMPTS = 32  # about a week


# Asked by every page of a session: built once.
_FINDING = select(CompanyFinding).where(CompanyFinding.training_id == bindparam("training_id"))


def finding_of(training_id: int) -> CompanyFinding | None:
    return db.session.scalar(_FINDING, {"training_id": training_id})


def about(training_id: int, siret: str | None) -> CompanyFinding | None:
    """The finding of that dossier, when it speaks of that SIRET."""
    row = finding_of(training_id) if siret else None
    return row if row is not None and row.siret == siret else None


def typed_siret(raw: Mapping[str, list[str]] | None) -> str | None:
    """The SIRET of raw answers in its canonical writing; None while it is not a valid one."""
    try:
        return rules.check_siret(((raw or {}).get("siret") or [""])[0][:200])
    except ValueError:
        return None


def values_of(row: CompanyFinding | None) -> dict[str, str]:
    """What the directory would fill in, by field of the form; only what it knows."""
    card = (row.card if row else None) or {}
    return {name: str(card[name]) for name in FIELDS if card.get(name)}


def keep(training_id: int, finding: Finding, at: datetime) -> CompanyFinding:
    """Notes an answer of the directory. An outage takes nothing away of what was known."""
    row = _row(training_id, finding.siret, at)
    if finding.outage is not None:
        if row.proposal is None and finding.proposal.standing is not Standing.NONE:
            row.proposal = finding.proposal.as_json()
        return row
    row.state = (FindingState.FOUND if finding.card else FindingState.UNKNOWN).value
    row.card = finding.card.as_json() if finding.card else None
    row.proposal = finding.proposal.as_json()
    row.looked_up_at, row.next_try_at = at, None
    return row


def expect(training_id: int, siret: str, at: datetime) -> CompanyFinding | None:
    """Has the directory asked of a company that a person typed by hand; None when it was asked."""
    row = _row(training_id, siret, at)
    db.session.flush()
    return row if row.state == FindingState.PENDING else None


def _row(training_id: int, siret: str, at: datetime) -> CompanyFinding:
    """The dossier's row for that company, begun again when it spoke of another one."""
    row = finding_of(training_id)
    if row is None:
        row = CompanyFinding(training_id=training_id)
        db.session.add(row)
    if row.siret != siret:
        row.siret, row.state = siret, FindingState.PENDING.value
        row.card = row.proposal = row.looked_up_at = None
        row.attempts, row.next_try_at = 0, at
    return row


def confirm(training_id: int, siret: str, code: str | None, by: str, at: datetime) -> bool:
    """A person chose that OPCO, or none of them (`code` None). True when it is news.

    Confirming again what already is keeps the first date and name.
    """
    row = finding_of(training_id)
    if row is None:
        if code is None:
            return False
        row = _row(training_id, siret, at)
    if code is not None and (row.confirmed_code, row.confirmed_siret) == (code, siret):
        return False
    was = row.confirmed_code
    row.confirmed_code = code
    row.confirmed_siret = siret if code else None
    row.confirmed_by = by if code else None
    row.confirmed_at = at if code else None
    return code != was


# --- The directory asked later, by the worker


def due_ids(now: datetime) -> list[int]:
    """The findings whose directory is to be asked now."""
    query = select(CompanyFinding.id).where(
        CompanyFinding.state == FindingState.PENDING.value, CompanyFinding.next_try_at <= now
    )
    return list(db.session.scalars(query.order_by(CompanyFinding.next_try_at).limit(100)))


def look_up(finding_id: int, finder: Finder | None = None) -> CompanyFinding | None:
    """Asks the directory; returns the row when it has just been answered. Harmless twice."""
    now = clock.now()
    row = db.session.get(CompanyFinding, finding_id)
    if row is None:
        return None
    siret, attempts = row.siret, row.attempts
    won = claim(
        CompanyFinding,
        finding_id,
        CompanyFinding.state == FindingState.PENDING.value,
        CompanyFinding.next_try_at <= now,
        next_try_at=now + LEASE,
        attempts=attempts + 1,
    )
    if not won:
        return None
    answered = (finder or Finder.of(settings())).look_up(siret)
    with writing():
        row = db.session.get_one(CompanyFinding, finding_id)
        if row.siret != siret or row.state != FindingState.PENDING:
            return None  # a person changed the company, or asked the directory meanwhile
        keep(row.training_id, answered, clock.now())
        if answered.outage is not None:
            _later(row, attempts + 1)
            return None
    return row


def _later(row: CompanyFinding, attempts: int) -> None:
    if attempts >= MOST_ATTEMPTS:
        row.state, row.next_try_at = FindingState.UNKNOWN.value, None
        return
    minutes = RETRIES[min(attempts, len(RETRIES)) - 1]
    row.next_try_at = clock.now() + timedelta(minutes=minutes)
