"""What was answered once is not asked again: past clients, duplicates, postponed sessions."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select

from portal import french
from portal.accounts.models import User
from portal.companies.models import Company
from portal.extensions import db
from portal.training import answers as raw_answers
from portal.training.answers import Raw
from portal.training.models import Programme, TrainingSession
from portal.training.service import answers_of, programmes, refresh, save_topic


def past_clients(trainer: User, but: TrainingSession) -> Sequence[Company]:
    """The clients of this trainer's other sessions, the latest row of each SIRET."""
    latest = (
        select(db.func.max(Company.id))
        .join(TrainingSession)
        .where(TrainingSession.trainer_id == trainer.id, TrainingSession.id != but.id)
        .group_by(Company.siret)
    )
    found = db.session.scalars(
        select(Company).where(Company.id.in_(latest)).order_by(Company.id.desc()).limit(200)
    )
    return sorted(found, key=lambda company: french.fold(company.legal_name))


def copy_answers(
    source: TrainingSession, target: TrainingSession, topics: Iterable[str], by: str, at: datetime
) -> None:
    """Copies the answers of some topics to another draft, as if they had been typed there."""
    for topic in topics:
        given = answers_of(source, topic)
        if given is not None:
            here = answers_of(target, topic)
            save_topic(
                target,
                topic,
                _in_force(dict(given.raw)),
                version=here.version if here else 0,
                edit_id=secrets.token_hex(8),
                by=by,
                at=at,
                final=True,
            )


def _in_force(raw: Raw) -> Raw:
    """Answers copied elsewhere choose the version in force of their programme."""
    chosen = raw.get("programme_id", [""])[0]
    row = db.session.get(Programme, int(chosen)) if chosen.isdecimal() else None
    if row is None or row.replaced_at is None:
        return raw
    follower = next((p for p in programmes() if p.code == row.code), row)
    return raw | {"programme_id": [str(follower.id)]}


_COPIED = ("company", "funding", "programme", "schedule")


def copy_session(source: TrainingSession, target: TrainingSession, by: str, at: datetime) -> None:
    """A duplicate asks for its own dates and trainees; everything else is proposed again."""
    copy_answers(source, target, _COPIED, by, at)
    clear_dates(target, at)


def raw_company(company: Company) -> Raw:
    """A past client as if it had just been typed."""
    names = [c.name for c in Company.__table__.columns if c.name not in ("id", "training_id")]
    raw = {name: [str(getattr(company, name) or "")] for name in names}
    raw["recovers_vat"] = ["oui" if company.recovers_vat else "non"]
    return raw


def clear_dates(training: TrainingSession, at: datetime) -> None:
    """A postponed session keeps its place and hours, and asks for its days again."""
    schedule = answers_of(training, "schedule")
    if schedule is not None:
        days = raw_answers.rows(schedule.raw, "days")
        blank = [day | {"date": ""} for day in days]
        schedule.raw = raw_answers.with_rows(schedule.raw, "days", blank)
        schedule.version += 1
        schedule.is_valid = False
    training.half_days = []
    db.session.flush()
    refresh(training, at)


def rewrite_company(training: TrainingSession, by: str, at: datetime) -> None:
    """The answers follow when the company's card was changed elsewhere (another signatory)."""
    given = answers_of(training, "company")
    if given is not None and training.company is not None:
        given.raw = given.raw | raw_company(training.company)
        given.version += 1
        given.saved_at, given.saved_by = at, by
    refresh(training, at)
