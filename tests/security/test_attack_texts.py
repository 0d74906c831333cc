"""Hostile texts in every field, through the real forms: pages and messages keep their shape."""

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from portal import clock
from portal.documents.models import Document
from portal.emails import outbox
from portal.emails.models import Email
from portal.extensions import db
from portal.training.models import TrainingSession
from tests.pages import BASE_URL
from tests.security import typed
from tests.security.payloads import ALL
from tests.security.typed import Answers
from tests.security.world import Bare, World, finish

# Free texts of a dossier, and how long each may be.
COMPANY = {
    "legal_name": 160,
    "address": 200,
    "city": 80,
    "signatory_first_name": 80,
    "signatory_last_name": 80,
    "signatory_function": 80,
    "contact_name": 120,
    "billing_address": 300,
}
SCHEDULE = {"place": 240, "access_notes": 600}
PERSON = {"first_name": 80, "last_name": 80, "job": 80}
HARMLESS = "Texte"
EVIL_LINK = re.compile(r"https?://evil|[\w.]@evil|\bevil\.example", re.IGNORECASE)
VARIES = re.compile(
    r'(?:edit_id|key|csrf_token)" value="[^"]*"|<ol class="journal">.*?</ol>', re.DOTALL
)


def packs(limit: int) -> list[str]:
    """Every payload, as many in one text as that field takes."""
    found = [""]
    for payload in ALL:
        joined = f"{found[-1]} {payload}" if found[-1] else payload[:limit]
        if len(joined) <= limit:
            found[-1] = joined
        else:
            found.append(payload[:limit])
    return found


def turns(fields: dict[str, int]) -> Iterator[Answers]:
    """Answers until every payload went through every one of these fields."""
    by_field = {name: packs(limit) for name, limit in fields.items()}
    for turn in range(max(map(len, by_field.values()))):
        yield {name: texts[turn % len(texts)] for name, texts in by_field.items()}


def shape(html: str) -> list[str]:
    """The tags of a page in order, with the names of their attributes and where links lead.

    Line breaks are left out: a text area may hold some.
    """
    found = []
    for tag in re.findall(r"<[^>]*>", html):
        if tag != "<br>":
            leads = re.findall(r'(?:href|src|action|formaction|hx-[a-z]+)="[^"]*"', tag)
            found.append(re.sub(r'="[^"]*"', '=""', tag) + " ".join(leads))
    return found


def draft_pages(world: World) -> list[tuple[str, str]]:
    """Who reads what was typed in a draft, and where."""
    dossier = world.mine.draft
    space, page = f"/espace/{dossier.public_id}/", f"/formateur/sessions/{dossier.ref}/"
    return [
        ("client", space),
        ("client", f"{space}etapes/entreprise"),
        ("client", f"{space}verifier"),
        ("client", f"{space}apercu/convention"),
        ("owner", page),
        ("owner", f"{page}etapes/client"),
        ("owner", f"{page}etapes/dates"),
        ("office", "/organisme/"),
    ]


def shapes(world: World, browsers: dict[str, Bare], pages: list[tuple[str, str]]) -> list[str]:
    found = []
    for role, path in pages:
        answer = browsers[role].get(path)
        assert answer.status_code == 200, path
        assert "\x00" not in answer.text
        found += [f"--- {path}", *shape(VARIES.sub("", answer.text))]
    return found


def browsers_of(world: World) -> dict[str, Bare]:
    return {role: world.visitor(role) for role in ("client", "owner", "office")}


def fill(world: World, browsers: dict[str, Bare], company: Answers, schedule: Answers) -> None:
    dossier = world.mine.draft
    word = world.mine.word
    for browser, path, answers in (
        ("client", f"/espace/{dossier.public_id}/etapes/entreprise", company),
        ("owner", f"/formateur/sessions/{dossier.ref}/etapes/dates", schedule),
    ):
        topic = "company" if browser == "client" else "schedule"
        base = typed.company(word) if browser == "client" else typed.schedule(word)
        # the same opened page saves again and again: nobody conflicts with oneself
        sent = base | answers | {f"version-{topic}": "1", "edit_id": f"first-{topic}"}
        answer = browsers[browser].send(path, sent)
        assert answer.status_code == 303, (path, answers, answer.text[-3000:])


def test_pages_keep_their_shape_whatever_is_typed(world: World) -> None:
    browsers, pages = browsers_of(world), draft_pages(world)
    fill(world, browsers, dict.fromkeys(COMPANY, HARMLESS), dict.fromkeys(SCHEDULE, HARMLESS))
    expected = shapes(world, browsers, pages)
    places = turns(SCHEDULE)
    for company in turns(COMPANY):
        fill(world, browsers, company, next(places, dict.fromkeys(SCHEDULE, ALL[0])))
        assert shapes(world, browsers, pages) == expected, company


def people(texts: tuple[str, ...]) -> Answers:
    answers = {"headcount": str(len(texts)), "pasted": "", "needs_adaptation": "non"}
    for index, text in enumerate(texts):
        answers |= {f"people-{index}-{name}": text[:limit] for name, limit in PERSON.items()}
    return answers


@pytest.mark.parametrize("role", ["client", "owner"])
def test_the_list_of_trainees_keeps_its_shape(world: World, role: str) -> None:
    dossier, browsers = world.mine.draft, browsers_of(world)
    base = f"/espace/{dossier.public_id}/" if role == "client" else ""
    base = base or f"/formateur/sessions/{dossier.ref}/"
    pages = [
        (role, f"{base}{rest}") for rest in ("etapes/stagiaires", "verifier", "apercu/convention")
    ]
    found = []
    for texts in ((HARMLESS,) * len(ALL), ALL):
        sent = people(texts) | {"version-trainees": "1", "edit_id": "first-trainees"}
        assert browsers[role].send(f"{base}etapes/stagiaires", sent).status_code == 303
        found.append(shapes(world, browsers, pages))
    assert found[0] == found[1]


def vocabulary(html: str) -> set[str]:
    """The kinds of tags of a page: each name with the names of its attributes, and each link."""
    return set(shape(VARIES.sub("", html)))


def test_a_pasted_list_is_read_as_text(world: World) -> None:
    """Good lines become rows, bad ones stay in the box: neither becomes markup."""
    path = f"/espace/{world.mine.draft.public_id}/etapes/stagiaires"
    found = []
    for texts in (("Jean Texte", "Texte") * len(ALL), ALL):
        lines = "\n".join(re.sub(r"[\r\n\u2028\u2029]", " ", text) for text in texts)
        answer = world.visitor("client").send(
            path,
            {
                "action": "lire-liste",
                "pasted": lines,
                "version-trainees": "1",
                "edit_id": "first-trainees",
            },
        )
        assert answer.status_code == 200
        found.append(vocabulary(answer.text))
    assert found[1] <= found[0]


REFUSED = (
    ("owner", "/formateur/sessions/{draft}/etapes/client", tuple(typed.company("quetzal"))),
    ("owner", "/formateur/sessions/{draft}/etapes/dates", tuple(typed.schedule("quetzal"))),
    ("owner", "/formateur/sessions/{sent}/etapes/programme", (*typed.programme(), "reason")),
    ("owner", "/formateur/sessions/{sent}/depot", ("filed_on", "number")),
    ("owner", "/formateur/sessions/{sent}/lien/envoyer", ("email", "key")),
    ("owner", "/formateur/sessions/nouvelle", ("way", "client_email", "key")),
    ("nobody", "/connexion", ("email", "password")),
)


@pytest.mark.parametrize(("role", "path", "names"), REFUSED, ids=[path for _, path, _ in REFUSED])
def test_what_is_shown_again_after_a_fault_is_text(
    world: World, role: str, path: str, names: tuple[str, ...]
) -> None:
    address = path.format(draft=world.mine.draft.ref, sent=world.mine.sent.ref)
    visitor = world.visitor(role)

    def shown(text: str) -> set[str]:
        answer = visitor.send(address, dict.fromkeys(names, text) | {"edit_id": text})
        assert answer.status_code in (409, 422), (path, answer.status_code)
        return vocabulary(answer.text)

    expected = shown("x") | shown("")
    for text in ALL:
        assert not shown(text) - expected, text


def test_what_is_searched_is_text(world: World) -> None:
    visitor = world.visitor("owner")

    def found(text: str) -> set[str]:
        answer = visitor.get("/formateur/", query_string={"q": text, "etat": text, "apres": text})
        return {re.sub(r"(?:href|hx-get)=.*", "", tag) for tag in vocabulary(answer.text)}

    expected = found("rien du tout") | found("")
    for text in ALL:
        assert not found(text) - expected, text


# --- Messages


def messages_of(world: World) -> dict[str, EmailMessage]:
    """What left of the draft since it was made, by letter."""
    found = {}
    with world.app.app_context():
        finish(db.session.get_one(TrainingSession, world.mine.draft.id), world.mine.word)
        for mail_id in outbox.due_ids(clock.now()):
            outbox.deliver(mail_id)
        for mail in db.session.scalars(db.select(Email).filter_by(training_id=world.mine.draft.id)):
            message = message_from_bytes(
                outbox.path_of_eml(mail).read_bytes(), policy=policy.default
            )
            assert isinstance(message, EmailMessage)
            assert mail.state == "kept", (mail.letter, mail.error)
            found[mail.letter] = message
    return found


def told(world: World, answers: Answers, reason: str) -> dict[str, EmailMessage]:
    """The whole life of a dossier filled in with these texts: eight letters leave."""
    world.restore()
    browsers, dossier = browsers_of(world), world.mine.draft
    page = f"/formateur/sessions/{dossier.ref}"
    company = {name: text for name, text in answers.items() if name in COMPANY}
    schedule = {name: text for name, text in answers.items() if name in SCHEDULE}
    fill(world, browsers, company, schedule)
    assert browsers["client"].send(f"/espace/{dossier.public_id}/verifier").status_code == 303
    found = messages_of(world)
    for act in ("rouvrir", "annuler"):
        assert browsers["owner"].send(f"{page}/{act}", {"reason": reason}).status_code == 303
        found |= messages_of(world)
    with world.app.app_context():
        assert not db.session.scalars(db.select(Document).filter(Document.state == "failed")).all()
    return found


def facts(message: EmailMessage) -> dict[str, object]:
    """What no text may change: to whom, from whom, which parts, which links."""
    parts = list(message.walk())
    html = message.get_body(("html",)).get_content()  # type: ignore[union-attr]
    return {
        "headers": sorted(message.keys()),
        "to": [address.addr_spec for address in message["To"].addresses],
        "from": str(message["From"]),
        "reply-to": str(message["Reply-To"]),
        "parts": [part.get_content_type() for part in parts],
        "names": [part.get_filename() for part in parts],
        "shape": [re.sub(r"/l/[\w-]+", "/l/…", tag) for tag in shape(html)],
    }


def test_messages_keep_their_shape_whatever_is_typed(world: World) -> None:
    fields = COMPANY | SCHEDULE
    expected = told(world, dict.fromkeys(fields, HARMLESS), HARMLESS)
    assert len(expected) >= 6
    reasons = packs(500)
    for turn, answers in enumerate(list(turns(fields))[::4]):
        letters = told(world, answers, reasons[turn % len(reasons)])
        assert letters.keys() == expected.keys()
        for letter, message in letters.items():
            assert facts(message) == facts(expected[letter]), (letter, answers)
            assert not message.defects
            for kind in ("plain", "html"):
                body = message.get_body((kind,))
                assert body is not None
                said = re.sub(r"<[^>]*>", "", body.get_content()).replace(BASE_URL, "")
                assert not EVIL_LINK.search(said), EVIL_LINK.search(said)
            assert "\n" not in str(message["Subject"])
