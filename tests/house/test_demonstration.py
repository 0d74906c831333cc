"""The demonstration is whole, fictional, and adds nothing the second time."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal import clock, french, money, workdays, workflow
from portal.access.rules import Role
from portal.accounts.models import Organisation, User
from portal.accounts.service import DEMONSTRATION_PASSWORD, missing_settings
from portal.companies import rules as identifiers
from portal.demonstration import acts, loader, stories
from portal.documents.models import Document
from portal.emails.models import Email
from portal.extensions import db, store
from portal.funding import service as fundings
from portal.funding.rules import filing_deadline, opcos
from portal.journal import service as journal
from portal.journal.models import JournalEntry
from portal.messages.models import Message
from portal.reminders.models import Reminder
from portal.training.models import Programme, TrainingSession
from portal.training.rules import Event, State
from portal.uploads import gate
from tests.installation import close, migrated

EMAIL = re.compile(r"[\w.+-]+@[\w.-]+")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    app = migrated(tmp_path)
    with app.app_context():
        yield app
        close()


def load(app: Flask) -> str:
    done = app.test_cli_runner().invoke(args=["demonstration"])
    assert done.exit_code == 0, done.output
    return done.output


# one session in every state the workflow reaches today, in the order they were created
SHOWN = [
    ("running", "en-cours"),
    ("agreement_received", "accord-proche"),
    ("funded", "prete"),
    ("refused", "refusee"),
    ("agreement_received", "accord"),
    ("funded", "a-signer"),
    ("cancelled", "annulee"),
    ("sent", "deposee"),
    ("sent", "signee-tot"),
    ("sent", "vasseur"),
    ("draft", "partagee"),
    ("draft", "brouillon"),
]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """A demonstration that the tests of this module only look at, through its pages."""
    app = migrated(tmp_path_factory.mktemp("loaded"))
    with app.app_context():
        assert "est chargé" in load(app)
    yield app
    with app.app_context():
        close()


@pytest.fixture
def loaded(kept: Flask) -> Iterator[Flask]:
    """The same, to read its rows."""
    with kept.app_context():
        yield kept
        db.session.rollback()


def told(key: str) -> TrainingSession:
    return db.session.scalars(
        select(TrainingSession).filter_by(creation_key=f"demonstration-{key}")
    ).one()


def test_every_state_is_shown(loaded: Flask) -> None:
    found = db.session.scalars(select(TrainingSession).order_by(TrainingSession.id)).all()
    keys = [(row.state, row.creation_key.removeprefix("demonstration-")) for row in found]
    assert keys == SHOWN
    later = {State.DONE, State.INVOICED, State.SETTLED}  # nothing leads there yet
    assert {state for state, _key in keys} == set(State) - later
    assert journal.verify() == []
    described = db.session.get_one(Organisation, 1)
    assert missing_settings(described) == []
    assert store().has(str(described.logo_sha256))


def test_what_tells_sessions_of_one_state_apart(loaded: Flask) -> None:
    assert told("vasseur").filed_on is None
    assert told("deposee").filed_on is not None
    assert told("deposee").signed_at is None
    assert told("signee-tot").signed_at is not None
    assert told("signee-tot").granted_cents is None
    assert told("partagee").shared_at is not None
    assert told("brouillon").shared_at is None
    assert workflow.facts_of(told("a-signer")).owes_undertaking
    assert (told("prete").committed_cents, told("prete").granted_cents) == (80_000, 160_000)
    assert workflow.blockers(Event.START, told("prete"), Role.TRAINER) != ()


def test_reminders_left_and_messages_were_written(loaded: Flask) -> None:
    reminded = db.session.scalars(select(Reminder).order_by(Reminder.id)).all()
    assert [row.kind for row in reminded] == ["filing", "answers", "signature"]
    for row in reminded:
        assert row.by is None
        assert workdays.is_working(row.day)
    written = db.session.scalars(select(Message).order_by(Message.id)).all()
    assert [row.author_role for row in written] == ["trainer", "client"]
    assert written[0].written_at < written[1].written_at


def test_amounts_are_those_of_the_worked_examples(loaded: Flask) -> None:
    amounts = {key: told(key).price_cents for _state, key in SHOWN}
    assert amounts["accord"] == 280_000  # (a)
    assert (amounts["a-signer"], told("a-signer").granted_cents) == (504_000, 378_000)  # (b)
    assert fundings.split_of(told("a-signer")).remainder_cents == 126_000
    assert amounts["refusee"] == 150_000  # (c)
    assert amounts["accord-proche"] == 189_000  # (e)


FACTS = (
    "created_at", "shared_at", "sent_at", "filed_on", "received_at", "funded_at", "signed_at",
    "committed_at", "started_at",
)  # fmt: skip


def test_no_date_is_in_an_impossible_order(loaded: Flask) -> None:
    now = clock.now()
    for _state, key in SHOWN:
        training = told(key)
        days = [getattr(training, name) for name in FACTS if name != "received_at"]
        if training.agreements:
            days.insert(4, training.agreements[-1].received_at)
        if training.granted_cents is None:
            days = [day for day in days if day != training.signed_at]  # signed before it was filed
        order = [french.local_day(day) for day in days if day is not None]
        assert order == sorted(order), key
        assert all(french.local_day(day) <= french.local_day(now) for day in order), key
        entries = db.session.scalars(
            select(JournalEntry.at).filter_by(training_id=training.id).order_by(JournalEntry.seq)
        ).all()
        assert entries == sorted(entries), key
        begun = training.state == State.RUNNING
        if training.first_day is not None and not begun:
            assert training.first_day > french.local_day(now), key
        for day in {half.day for half in training.half_days}:
            assert workdays.is_working(day), key
        opco = opcos().get(training.opco_code or "")
        deadline = filing_deadline(opco, training.first_day)
        if deadline is not None and training.filed_on is not None:
            assert training.filed_on <= deadline, key


def test_no_message_was_withdrawn(loaded: Flask) -> None:
    """Each left at its time: nothing waits for the worker but papers nobody signs."""
    mails = db.session.scalars(select(Email)).all()
    assert len(mails) > 40
    assert {mail.state for mail in mails} == {"queued", "kept"}
    assert {mail.letter for mail in mails} > {
        "invitation", "sign_request", "one_time_code", "signed_to_client", "refused_to_client",
        "funded_to_client", "agreement_to_check",
    }  # fmt: skip


@pytest.mark.parametrize("key", ["accord", "accord-proche", "a-signer", "prete", "en-cours"])
def test_agreements_are_files_the_gate_takes(loaded: Flask, key: str, tmp_path: Path) -> None:
    upload = told(key).agreements[-1].upload
    content = store().read(upload.sha256)
    file = tmp_path / "accord.pdf"
    file.write_bytes(content)
    sent = gate.Incoming(upload.name, "application/pdf", file, len(content))
    with gate.inspect([sent]) as taken:
        assert (taken.pages, taken.flags) == (1, [])
    words = read_words(file)
    assert "accord de prise en charge" in words.lower()
    granted = told(key).granted_cents or told(key).price_cents
    assert granted is not None
    assert money.euros(granted).replace("\u00a0", " ") in words
    assert upload.sha256 != told("accord").agreements[-1].upload.sha256 or key == "accord"


def read_words(file: Path) -> str:
    done = subprocess.run(
        ["pdftotext", "-layout", str(file), "-"], capture_output=True, check=True, timeout=30
    )
    return done.stdout.decode().replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("who", "page", "words"),
    [
        ("claire.montagnier", "/formateur/", ("En cours", "Demande à compléter", "Vasseur")),
        ("malik.aubertin", "/formateur/?etat=a-venir", ("À signer par le client",)),
        ("nadia.belkacem", "/organisme/", ("À vérifier", "Refusée", "En attente d’accord")),
        ("nadia.belkacem", "/organisme/?etat=terminees", ("Annulée", "Domaine des Grands Prés")),
        ("nadia.belkacem", "/organisme/accords/", ("Boulangerie du Fournil", "Levant")),
    ],
)
def test_lists_and_queue_look_alive(
    kept: Flask, who: str, page: str, words: tuple[str, ...]
) -> None:
    browser, base = kept.test_client(), kept.config["PORTAL"].base_url
    form = browser.get("/connexion", base_url=base).text
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', form)
    assert token is not None
    email = f"{who}@rivage-formation.example"
    typed = {"csrf_token": token[1], "email": email, "password": DEMONSTRATION_PASSWORD}
    done = browser.post("/connexion", base_url=base, headers={"Origin": base}, data=typed)
    assert done.status_code == 303
    shown = browser.get(page, base_url=base)
    assert shown.status_code == 200
    for word in words:
        assert word in shown.text


def test_only_the_demonstration_tells_the_time() -> None:
    """A clock that can be set is for its past alone."""
    root = Path(clock.__file__).parent
    using = {
        file.relative_to(root).as_posix()
        for file in root.rglob("*.py")
        if "clock.told" in file.read_text(encoding="utf-8")
    }
    assert using == {"demonstration/loader.py"}


def test_a_typing_error_is_kept_in_the_draft(loaded: Flask) -> None:
    draft = told("brouillon")
    (company,) = (row for row in draft.answers if row.topic == "company")
    assert not company.is_valid
    assert company.raw["siret"] == [stories.BEGUN["siret"]]
    assert draft.company is None


def test_loading_twice_adds_nothing(app: Flask) -> None:
    load(app)
    before = [db.session.scalar(select(func.count()).select_from(m)) for m in COUNTED]
    assert load(app) == ""
    db.session.rollback()
    assert [db.session.scalar(select(func.count()).select_from(m)) for m in COUNTED] == before


COUNTED = (Organisation, User, Programme, TrainingSession, Document, Email)


def test_a_loading_that_was_interrupted_is_completed(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the act it stopped at: those that were done are not done again."""
    with monkeypatch.context() as broken:
        broken.setattr(acts, "LATER", None)  # the first message that leaves stops everything
        app.test_cli_runner().invoke(args=["demonstration"])
    db.session.rollback()
    assert 0 < db.session.scalar(select(func.count()).select_from(TrainingSession)) < len(SHOWN)
    load(app)
    found = db.session.scalars(select(TrainingSession).order_by(TrainingSession.id)).all()
    assert [row.state for row in found] == [state for state, _key in SHOWN]
    twice = select(JournalEntry.training_id).filter_by(event="create")
    assert len(db.session.scalars(twice).all()) == len(SHOWN)


def test_every_address_is_fictional(loaded: Flask) -> None:
    texts = [row.to_email for row in db.session.scalars(select(Email))]
    texts += [row.email for row in db.session.scalars(select(User))]
    for file in loader.HERE.rglob("*"):
        if file.suffix in (".toml", ".txt", ".py"):
            texts.append(file.read_text(encoding="utf-8"))
    addresses = {address.rstrip(".") for text in texts for address in EMAIL.findall(text)}
    assert len(addresses) > 8
    assert {address for address in addresses if not address.endswith(".example")} == set()


def test_accounts_are_marked_as_a_demonstration(loaded: Flask) -> None:
    users = db.session.scalars(select(User).order_by(User.id)).all()
    assert [user.name for user in users] == [
        "Claire Montagnier",
        "Malik Aubertin",
        "Nadia Belkacem",
    ]
    assert all(user.is_demonstration for user in users)


def test_a_real_installation_is_left_alone(tmp_path: Path) -> None:
    app = migrated(tmp_path, demo=False)
    with app.app_context():
        done = app.test_cli_runner().invoke(args=["demonstration"])
        assert done.exit_code == 1
        assert "PORTAL_DEMO=1" in done.output
        assert db.session.scalar(select(func.count()).select_from(User)) == 0
        close()


def test_the_catalogue_says_what_qualiopi_wants_published(loaded: Flask) -> None:
    programmes = db.session.scalars(select(Programme)).all()
    assert {row.title for row in programmes} == {
        "Lecture de plans et métrés",
        "Prise de parole en public",
        "Encadrer une petite équipe",
    }
    for row in programmes:
        assert row.minutes == 14 * 60 == sum(module["minutes"] for module in row.content)
        assert len(row.objectives) == 5
        assert "\n" not in row.methods
        assert row.results
        assert row.remote_help


def test_texts_follow_french_typography() -> None:
    wrong = re.compile(r"(?<=[\wé»)]) [:;?!»](?=\s)|« |'")
    for file in loader.HERE.rglob("*"):
        if file.suffix in (".toml", ".txt"):
            lines = file.read_text(encoding="utf-8").splitlines()
            found = [line for line in lines if not line.startswith("#") and wrong.search(line)]
            assert found == [], file.name


@pytest.mark.parametrize("company", [stories.VASSEUR, stories.NORDLYS, *stories.clients().values()])
def test_companies_have_valid_identifiers(company: dict[str, str]) -> None:
    assert identifiers.check_siret(company["siret"])
    assert identifiers.check_naf(company["naf"]) == company["naf"]
    assert identifiers.check_postcode(company["postcode"]) == company["postcode"]
    assert identifiers.check_phone(company["phone"])
