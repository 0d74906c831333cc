"""Use cases of the session itself: drafts, answers, what is missing, price and dates."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import joinedload

from portal import clock, french, money
from portal.accounts.models import Organisation, User
from portal.companies.models import Company
from portal.extensions import db
from portal.funding.rules import VatRegime, vat_cents
from portal.programmes import rules as catalogue
from portal.training import answers as raw_answers
from portal.training import schedule_rules
from portal.training.answers import Raw
from portal.training.applying import APPLY
from portal.training.forms import FORMS, TOPIC_LABEL
from portal.training.models import (
    Counter,
    Programme,
    TopicAnswers,
    TrainingSession,
)
from portal.training.rules import Facts, State, Way
from portal.training.schedule_rules import PriceBasis, Slot

if TYPE_CHECKING:
    from portal.web import PortalForm

SUBMITTED = " submitted"  # marks the edit id of a page that was submitted


class StaleTopic(Exception):
    """Somebody else saved this topic since the page was opened."""

    def __init__(self, topic: str, stored: TopicAnswers) -> None:
        super().__init__(topic)
        self.topic = topic
        self.stored = stored


def next_number(name: str) -> int:
    """The next value of a gapless counter; must run inside the business transaction."""
    increment = (
        db.update(Counter).where(Counter.name == name).values(n=Counter.n + 1).returning(Counter.n)
    )
    number = db.session.execute(increment).scalar()
    if number is None:
        db.session.add(Counter(name=name, n=1))
        db.session.flush()
        number = 1
    return int(number)


def create(trainer: User, way: Way, creation_key: str, at: datetime) -> TrainingSession:
    """A new draft with its reference « S-2026-0042 » and its unguessable public id."""
    year = clock.paris(at).year
    training = TrainingSession(
        public_id=secrets.token_urlsafe(12),
        ref=f"S-{year}-{next_number(f'session-{year}'):04d}",
        creation_key=creation_key,
        way=way.value,
        trainer=trainer,
        state=State.DRAFT.value,
        version=1,
        remote_percent=0,
        created_at=at,
        updated_at=at,
    )
    db.session.add(training)
    refresh(training, at)
    db.session.flush()
    return training


def created_with(creation_key: str) -> TrainingSession | None:
    """The session that this opened page already created (double click, retry)."""
    return db.session.scalar(select(TrainingSession).filter_by(creation_key=creation_key))


# Asked by every page of a session: built once, which halves what it costs.
_BY_REF = (
    select(TrainingSession)
    .where(TrainingSession.ref == bindparam("ref"))
    .options(joinedload(TrainingSession.company), joinedload(TrainingSession.programme))
)


def by_ref(ref: str) -> TrainingSession | None:
    """With its client and its programme, which every page of a session shows."""
    return db.session.scalar(_BY_REF, {"ref": ref})


def by_public_id(public_id: str) -> TrainingSession | None:
    return db.session.scalar(select(TrainingSession).filter_by(public_id=public_id))


def programmes(training: TrainingSession | None = None) -> Sequence[Programme]:
    """What may be chosen: the versions in force that papers can be made of, by title.

    `training` may keep the version it has chosen, whatever became of it since.
    """
    found = db.session.scalars(
        select(Programme).where(Programme.archived_at.is_(None), Programme.replaced_at.is_(None))
    )
    # databases do not agree on where É stands
    offered = sorted(found, key=lambda programme: french.fold(programme.title))
    complete = [row for row in offered if catalogue.is_complete(row.values)]
    chosen = training.programme if training else None
    return [chosen, *complete] if chosen and chosen not in complete else complete


def newer_programme(training: TrainingSession) -> Programme | None:
    """The version in force of its programme, when the one it has chosen was replaced."""
    chosen = training.programme
    if chosen is None or chosen.replaced_at is None:
        return None
    return next((row for row in programmes() if row.code == chosen.code), None)


def answers_of(training: TrainingSession, topic: str) -> TopicAnswers | None:
    return next((answers for answers in training.answers if answers.topic == topic), None)


def form_of(topic: str, raw: Raw | None, training: TrainingSession | None = None) -> "PortalForm":
    """The topic's form for that session, filled with raw answers when there are some.

    Without a CSRF field of its own: the page that shows one or two topics carries one token.
    """
    options: dict[str, Any] = {}
    if topic == "programme":
        options["programmes"] = programmes(training)
    data = raw_answers.as_formdata(raw) if raw else None
    return FORMS[topic](formdata=data, meta={"csrf": False}, **options)


def first_answers(training: TrainingSession, topic: str) -> Raw | None:
    """What a topic shows before anything was typed: a day at usual hours, the client's place."""
    if topic == "schedule":
        start = clock.today() + timedelta(days=30)
        while start.weekday() >= 5:
            start += timedelta(days=1)
        entries = [raw_answers.next_day([], start) | {"date": ""}]
        place = ""
        if training.company:
            place = (
                f"{training.company.address}, {training.company.postcode} {training.company.city}"
            )
        return raw_answers.with_rows({"place_mode": ["client"], "place": [place]}, "days", entries)
    return None


def save_topic(
    training: TrainingSession,
    topic: str,
    raw: Raw,
    *,
    version: int,
    edit_id: str,
    by: str,
    at: datetime,
    final: bool,
) -> TopicAnswers:
    """Keeps what was typed, and the columns too when it is valid.

    Raises StaleTopic when the stored version is not the one the page was opened with and the
    last save did not come from that page. A page that was submitted gets a new `edit_id`, so
    that its own late autosave cannot bring old values back.
    """
    form = form_of(topic, raw, training)
    is_valid = form.validate()
    stored = answers_of(training, topic)
    if stored is None:
        stored = TopicAnswers(training=training, topic=topic, version=0, edit_id=edit_id)
    elif stored.version != version and not _from_same_page(stored, edit_id, final=final):
        raise StaleTopic(topic, stored)
    stored.raw, stored.is_valid = raw, is_valid
    stored.version += 1
    stored.edit_id = edit_id + SUBMITTED if final else edit_id
    stored.saved_at, stored.saved_by = at, by
    db.session.add(stored)
    if stored.is_valid:
        APPLY[topic](training, form)
        db.session.flush()
        db.session.refresh(training, ["company", "programme", "half_days", "trainees"])
    refresh(training, at)
    return stored


def _from_same_page(stored: TopicAnswers, edit_id: str, *, final: bool) -> bool:
    """Whether the last save came from this opened page, so that nobody conflicts with oneself."""
    is_late_autosave = not final and stored.edit_id.endswith(SUBMITTED)
    return stored.edit_id.removesuffix(SUBMITTED) == edit_id and not is_late_autosave


def slots_of(training: TrainingSession) -> list[Slot]:
    return [
        Slot(h.day, schedule_rules.Period(h.period), h.starts, h.ends) for h in training.half_days
    ]


def refresh(training: TrainingSession, at: datetime) -> None:
    """Recomputes what follows from the rest: dates, duration, price, words to search."""
    slots = slots_of(training)
    days = schedule_rules.days_of(slots)
    training.first_day, training.last_day = (days[0], days[-1]) if days else (None, None)
    training.minutes = schedule_rules.total_minutes(slots) or None
    training.price_cents = _price(training, len(days))
    company = training.company
    words = [training.ref, training.title]
    if company:
        words += [company.legal_name, company.city, company.siret]
    training.search_text = french.fold(" ".join(words))
    training.updated_at = at


def _price(training: TrainingSession, days: int) -> int | None:
    if training.price_basis is None or training.unit_price_cents is None:
        return None
    basis = PriceBasis(training.price_basis)
    quantity = schedule_rules.quantity(basis, days, training.minutes or 0, training.headcount or 0)
    return money.times(training.unit_price_cents, quantity) or None


def missing_topics(training: TrainingSession) -> list[str]:
    """Topics that are not validly filled in yet, in the order they are asked."""
    valid = {answers.topic for answers in training.answers if answers.is_valid}
    return [topic for topic in FORMS if topic not in valid]


def facts(
    training: TrainingSession,
    *,
    missing: Iterable[str] = (),
    has_open_link: bool = False,
    **asked: Any,
) -> Facts:
    """What the guards look at, frozen now."""
    lacks = [TOPIC_LABEL[topic] for topic in missing_topics(training)]
    return Facts(
        state=State(training.state),
        today=clock.today(),
        first_day=training.first_day,
        missing=(*lacks, *missing),
        has_open_link=has_open_link,
        **asked,
    )


def amounts(training: TrainingSession, organisation: Organisation) -> dict[str, int] | None:
    """Net, VAT and total of the session in cents; None while the price is not known."""
    if training.price_cents is None:
        return None
    regime = VatRegime(training.vat_regime or organisation.vat_regime)
    vat = vat_cents(training.price_cents, regime)
    return {"net": training.price_cents, "vat": vat, "total": training.price_cents + vat}


def snapshot(training: TrainingSession) -> dict[str, Any]:
    """What the table of amendments speaks of, by field name."""
    company = training.company
    fields = {
        name: getattr(training, name)
        for name in (
            "programme_id price_cents remote_percent place_mode place access_notes headcount "
            "needs_adaptation funder_choice opco_code subrogation trainer_id"
        ).split()
    }
    if company is not None:
        fields |= {
            column.name: getattr(company, column.name)
            for column in Company.__table__.columns
            if column.name not in ("id", "training_id")
        }
    fields["half_days"] = [(s.day, s.starts, s.ends) for s in slots_of(training)]
    # the papers name each person and job, never an address
    fields["trainee_names"] = [(t.name, t.job) for t in training.trainees]
    fields["trainee_emails"] = [t.email for t in training.trainees]
    return fields


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The names of the fields that differ."""
    return [name for name in after if after[name] != before.get(name)]
