"""The hands of the demonstration: each act is the real one, at the hour the story gives it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, NoReturn

from sqlalchemy import select

from portal import clock, correspondence, workdays, workflow
from portal.access import service as access
from portal.access.rules import CLOCK, Actor, Role, Scope
from portal.accounts import service as accounts
from portal.accounts.models import User
from portal.demonstration import letters, stories
from portal.documents import service as documents
from portal.documents.kinds import reference
from portal.effects import signing
from portal.emails import outbox
from portal.emails.models import Email, EmailState
from portal.extensions import db
from portal.funding import service as fundings
from portal.funding.rules import Base, opcos
from portal.reminders.rules import Kind
from portal.signature import codes
from portal.signature.models import Channel, OneTimeCode
from portal.signature.rules import consent_sentences
from portal.training import service as trainings
from portal.training.models import Programme, TrainingSession
from portal.training.rules import Event, Way

KEY = "demonstration-{}"
LATER = timedelta(minutes=2)  # what an act left to send has gone by then
BROWSER = {
    "ip": "203.0.113.24",
    "peer": "203.0.113.24",
    "user_agent": "Mozilla/5.0 (demonstration)",
    "accept_language": "fr-FR",
}


@dataclass(frozen=True)
class Step:
    """One act: when it happens, and the entry the journal has once it is done."""

    at: datetime
    event: str
    act: Callable[[], None]


@dataclass
class Story:
    """One session from its creation to where it stands today."""

    key: str
    trainer: User
    office: User
    client: Mapping[str, str]
    is_current: bool = False  # what it leaves to do is done at once, because what follows needs it
    steps: list[Step] = field(default_factory=list)

    def on(self, when: tuple[int, str], act: Callable[..., None], **data: Any) -> None:
        """Adds an act: how many working days ago, at what hour in Paris."""
        ago, hour = when
        day = workdays.shifted(clock.today(), -ago)
        at = datetime.combine(day, time.fromisoformat(hour), clock.PARIS)
        self.steps.append(Step(at, EVENT_OF[act], lambda: act(self, **data)))

    def training(self) -> TrainingSession:
        """Its session, read again."""
        db.session.rollback()
        found = trainings.created_with(KEY.format(self.key))
        if found is None:
            raise LookupError(self.key)
        return found

    def trainer_actor(self) -> Actor:
        return Actor(Role.TRAINER, self.trainer.id, self.trainer.name)

    def office_actor(self) -> Actor:
        return Actor(Role.OFFICE, self.office.id, self.office.name)

    def client_actor(self) -> Actor:
        link = access.open_link(self.training(), clock.now())
        name = "{signatory_first_name} {signatory_last_name}".format(**self.client)
        return Actor(Role.CLIENT, link.id if link else None, name)


# --- Acts


def create(story: Story, way: Way, email: str | None = None) -> None:
    key = KEY.format(story.key)
    workflow.create(story.trainer, story.trainer_actor(), way, key, client_email=email)


def share(story: Story) -> None:
    workflow.perform(Event.SHARE_LINK, story.training(), story.trainer_actor(), send=True)


def fill(story: Story, by_client: bool = False, **topics: Mapping[str, str]) -> None:
    """Saves each topic as its form would post it."""
    actor = story.client_actor() if by_client else story.trainer_actor()
    pages = [
        (
            topic,
            {name: [value] for name, value in answers.items()},
            {"version": 0, "edit_id": f"demonstration-{topic}", "final": True},
        )
        for topic, answers in topics.items()
    ]
    workflow.perform(Event.SAVE_TOPIC, story.training(), actor, topics=pages)


def issue(story: Story, by_client: bool = False) -> None:
    actor = story.client_actor() if by_client else story.trainer_actor()
    workflow.perform(Event.ISSUE_DOCUMENTS, story.training(), actor)


def note_filing(story: Story, number: str) -> None:
    data = {"filed_on": clock.today(), "number": number}
    workflow.perform(Event.NOTE_FILING, story.training(), story.client_actor(), **data)


def receive(story: Story, lines: Sequence[str], name: str = "accord-opco.pdf") -> None:
    stored = letters.agreement(name, lines)
    workflow.perform(Event.RECEIVE_AGREEMENT, story.training(), story.client_actor(), stored=stored)


def validate(story: Story, granted_cents: int, subrogation: bool, number: str) -> None:
    workflow.perform(
        Event.VALIDATE_AGREEMENT,
        story.training(),
        story.office_actor(),
        printed_cents=granted_cents,
        base=Base.NET,
        funder_pays_vat=False,
        subrogation=subrogation,
        number=number,
    )


def refuse(story: Story, reason: str) -> None:
    workflow.perform(Event.RECORD_REFUSAL, story.training(), story.client_actor(), reason=reason)


def ask_signature(story: Story) -> None:
    workflow.perform(Event.SEND_SIGN_LINK, story.training(), story.client_actor())


def sign(story: Story) -> None:
    """The signatory asks for a code, receives it, types it."""
    training = story.training()
    link = access.open_link(training, clock.now(), Scope.SIGN)
    document = signing.signable(training)
    if link is None or document is None:
        _nothing(f"to sign in {story.key}")
    actor = Actor(Role.CLIENT, link.id, story.client_actor().name)
    workflow.send_code(training, link, document, Channel.EMAIL, actor)
    leave(story)
    digits = codes.text_of(_code(link.id))
    codes.count_try(link, document, digits, clock.now())
    workflow.perform(
        Event.SIGN,
        training,
        actor,
        link=link,
        shown=(document.id, document.sha256),
        code=digits,
        name=actor.name,
        function=story.client["signatory_function"],
        drawn=None,
        sentences=_sentences(story, document.version),
        request_facts=BROWSER,
    )


def _code(link_id: int) -> OneTimeCode:
    query = select(OneTimeCode).filter_by(link_id=link_id).order_by(OneTimeCode.id.desc())
    return db.session.scalars(query).first() or _nothing(f"code of link {link_id}")


def _nothing(what: str) -> NoReturn:
    raise LookupError(what)


def _sentences(story: Story, version: int) -> list[str]:
    training = story.training()
    opco = opcos().get(training.opco_code or "")
    return consent_sentences(
        reference("convention", training.number, version),
        story.client["legal_name"],
        fundings.split_of(training) if training.granted_cents is not None else None,
        subrogation=bool(training.subrogation),
        organisation=accounts.organisation().name,
        funder=opco.name if opco else "",
        recovers_vat=story.client["recovers_vat"] == "oui",
    )


def start(story: Story) -> None:
    workflow.perform(Event.START, story.training(), story.trainer_actor())


def cancel(story: Story, reason: str) -> None:
    workflow.perform(Event.CANCEL, story.training(), story.trainer_actor(), reason=reason)


def remind(story: Story, kind: Kind) -> None:
    """The reminder the worker sent that day."""
    if not correspondence.remind(story.training(), CLOCK, kind):
        _nothing(f"to remind of in {story.key}")


def write(story: Story, text: str, by_client: bool = False) -> None:
    """A message; what is written at one hour by one side is one message."""
    actor = story.client_actor() if by_client else story.trainer_actor()
    key = f"demonstration-{clock.now().isoformat()}"
    correspondence.write_message(story.training(), actor, text, key)


def leave(story: Story) -> None:
    """What the worker does of one session: its papers are made, its messages leave."""
    training = story.training()
    query = select(Email.id).filter_by(training_id=training.id, state=EmailState.QUEUED.value)
    for identity in [document.id for document in documents.current(training)]:
        documents.prepare(identity)
    for identity in db.session.scalars(query).all():
        outbox.deliver(identity)


EVENT_OF: dict[Callable[..., None], str] = {
    create: "create",
    share: Event.SHARE_LINK.value,
    fill: Event.SAVE_TOPIC.value,
    issue: Event.ISSUE_DOCUMENTS.value,
    note_filing: Event.NOTE_FILING.value,
    receive: Event.RECEIVE_AGREEMENT.value,
    validate: Event.VALIDATE_AGREEMENT.value,
    refuse: Event.RECORD_REFUSAL.value,
    ask_signature: Event.SEND_SIGN_LINK.value,
    sign: Event.SIGN.value,
    start: Event.START.value,
    cancel: Event.CANCEL.value,
    remind: "remind",
    write: "write_message",
}


# --- Answers


def programme(code: str, basis: str = "", price: str = "") -> dict[str, str]:
    """The programme of that code, at the price of the catalogue unless one is given."""
    identity = db.session.scalar(select(Programme.id).filter_by(code=code))
    priced = {"price_basis": basis, "unit_price": price}
    return {"programme_id": str(identity), "remote_percent": "0", **priced}


def two_days(after: int) -> dict[str, str]:
    """Two days of 7 hours in a row, at least that many working days after today (ago, below 0)."""
    first = workdays.shifted(clock.today(), after)
    while after > 0 and not workdays.is_working(first + workdays.DAY):
        first = workdays.shifted(first, 1)
    return stories.schedule((first, workdays.shifted(first, 1)))
