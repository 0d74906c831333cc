"""Every letter, in both twins: what it says, what it carries, and what it must never carry."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from portal.access import service as access
from portal.emails import letters
from portal.emails.envelope import NoRecipient
from portal.emails.facts import price, when
from portal.emails.message import message_of, words_of
from portal.emails.models import Email
from portal.emails.rules import accent_of, said, unlinked
from portal.extensions import db
from portal.rendering import TEMPLATES
from tests.documents import cast
from tests.emails.mailroom import (
    BASE_URL,
    NOW,
    dossier,
    every_letter,
    link_of,
    make_app,
    papers,
    parsed,
    posted,
)

pytestmark = pytest.mark.usefixtures("frozen")  # a link that died is in no message
CLIENT_ONLY = re.compile(r"/l/|/espace/|esp-[0-9]")
LINKIFIED = re.compile(r"https?://|www\.\S|[\w-]\.(?:example|com|fr)\b|\S@\S")
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "https://evil.example/login",
    "evil.example",
    "www.evil.example",
    "boss@evil.example",
    "A\r\nBcc: victim@evil.example",
    "{{ 7 * 7 }}{% include 'x' %}",
    "ordre \u202egnidda\u2066 \u200bcaché\x00\x08\x1b[31m",
    "A" * 5_000,
    "=1+1",
    "--><!--</td></table>",
    "É\u0301" * 50,
)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    app = make_app(tmp_path)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def written(
    *,
    training: dict[str, Any] | None = None,
    company: dict[str, Any] | None = None,
    reason: str = "Les dates ont changé à votre demande.",
) -> dict[str, Email]:
    """One letter of each kind, by its code, in the database."""
    made, organisation = dossier(company=cast.company(**(company or {})), **(training or {}))
    link, documents = link_of(made), papers(made)
    emails = every_letter(made, link, documents, organisation, reason)
    for email in emails:
        posted(email)
    return {email.letter: email for email in emails}


def text_in(html: str) -> str:
    soup = BeautifulSoup(html, "html.parser")
    for hidden in soup(["style", "title"]):
        hidden.decompose()
    return " ".join(soup.get_text(" ").split())


def squeezed(text: str) -> str:
    """Letters and digits alone: what two layouts of the same words share."""
    return re.sub(r"\W+", "", text).casefold()


# what several messages are made from, and the one whose code is tried in tests/signature
SHARED = {"base", "_parts", "notice", "one_time_code"}


def test_there_is_one_letter_per_template_and_two_twins_of_each(app: Flask) -> None:
    names = {path.name for path in (TEMPLATES / "emails").iterdir()}
    codes = set(written())
    twins = {f"{code}.{kind}" for code in codes | SHARED for kind in ("html", "txt")}
    assert names == twins


def test_every_letter_is_complete_in_both_twins(app: Flask) -> None:
    for email in written().values():
        words = words_of(email)
        for text in (words.text, text_in(words.html)):
            assert email.context["name"] in text
            assert "Nadia Belkacem" in text
            assert "contact@rivage-formation.example" in text
            assert "01\u00a099\u00a000\u00a012\u00a034" in text or "01 99 00 12 34" in text
            assert "S-2026-0142" in text
            assert not re.search(r"None|Undefined|\{[{%]|[%}]\}|&\w+;", text), email.letter
        assert "\n\n\n" not in words.text


def test_french_typography_is_kept(app: Flask) -> None:
    """No-break spaces where French wants them, curly apostrophes, no exclamation."""
    for email in written().values():
        words = words_of(email)
        page = BeautifulSoup(words.html, "html.parser")
        page.style.decompose()
        for text in (words.text, page.get_text(), email.subject):
            assert not re.search(r" [:;?!»]|« |'|!", text), email.letter


def test_the_two_twins_say_the_same(app: Flask) -> None:
    for email in written().values():
        words = words_of(email)
        page = squeezed(text_in(words.html))
        for line in words.text.splitlines():
            # A numbered step carries its address in the text, behind a word in the page.
            sentence = re.sub(r"^(?:- |\d\. )|https?://(?!portail)\S+", "", line)
            assert squeezed(sentence) in page, (email.letter, line)


def test_no_letter_carries_a_control_or_invisible_character(app: Flask) -> None:
    for email in written(company={"legal_name": HOSTILE[8]}, reason=HOSTILE[8]).values():
        words = words_of(email)
        for text in (email.subject, email.to_name, words.text, words.html):
            odd = {c for c in text if unicodedata.category(c)[0] == "C" and c != "\n"}
            assert not odd, (email.letter, odd)


def test_letters_to_the_trainer_never_hold_a_link_of_the_client(app: Flask) -> None:
    trainers = [email for email in written().values() if email.audience == "trainer"]
    assert len(trainers) == 4
    for email in trainers:
        assert email.to_email == "claire.montagnier@rivage-formation.example"
        assert email.context["link_id"] is None
        message = message_of(email)
        whole = message.as_bytes().decode() + words_of(email).text + words_of(email).html
        assert not CLIENT_ONLY.search(whole), email.letter
        assert f"{BASE_URL}/formateur/sessions/S-2026-0142/" in words_of(email).text


def test_rows_hold_ids_and_facts_but_never_a_link(app: Flask) -> None:
    for email in written().values():
        stored = repr(vars(email))
        assert not CLIENT_ONLY.search(stored), email.letter
        assert BASE_URL not in stored


def test_the_client_finds_its_link_as_a_button_and_as_text(app: Flask) -> None:
    emails = written()
    link = db.session.get_one(access.ShareLink, emails["invitation"].context["link_id"])
    url = access.url_of(link)
    for email in emails.values():
        if email.audience != "client" or email.letter == "cancelled_to_client":
            continue
        words = words_of(email)
        assert words.text.count(url) == 1
        anchors = BeautifulSoup(words.html, "html.parser").find_all("a", href=url)
        button, raw = anchors
        assert "padding" in button["style"]
        assert button.get_text()
        assert raw.get_text() == url


def test_every_address_in_a_letter_is_absolute_and_known(app: Flask) -> None:
    for email in written().values():
        soup = BeautifulSoup(words_of(email).html, "html.parser")
        for anchor in soup.find_all("a"):
            href = str(anchor["href"])
            assert href.startswith(
                (BASE_URL, "mailto:contact@rivage-formation.example", "https://www.constructys.fr/")
            ), href
            assert anchor.get_text(strip=True)
        assert not soup.find_all(["img", "link", "script", "iframe", "form", "svg"])
        assert "url(" not in words_of(email).html


def test_the_page_can_be_read_everywhere(app: Flask) -> None:
    for email in written().values():
        html = words_of(email).html
        soup = BeautifulSoup(html, "html.parser")
        assert soup.html["lang"] == "fr"
        assert soup.title.get_text() == email.subject
        assert len(soup.find_all("h1")) == 1
        assert "prefers-color-scheme: dark" in html
        assert soup.body.div.get_text(strip=True)  # the preheader
        for table in soup.find_all("table"):
            assert table["role"] == "presentation"
        assert len(html.encode()) < 30_000


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_what_people_typed_stays_text(app: Flask, hostile: str) -> None:
    typed = {
        "legal_name": hostile,
        "city": hostile,
        "signatory_first_name": hostile,
        "signatory_last_name": hostile,
        "contact_name": hostile,
    }
    place = {"place_mode": "other", "place": hostile}
    for email in written(company=typed, training=place, reason=hostile).values():
        words = words_of(email)
        soup = BeautifulSoup(words.html, "html.parser")
        assert not soup.find_all(["script", "img"])
        assert not any(name.startswith("on") for tag in soup.find_all() for name in tag.attrs)
        message = parsed(message_of(email).as_bytes())
        assert not message.defects
        expected = {
            "Content-Type",
            "MIME-Version",
            "Subject",
            "From",
            "To",
            "Date",
            "Message-ID",
            "Reply-To",
        }
        assert set(message.keys()) == expected
        assert len(message["To"].addresses) == 1
        assert message["To"].addresses[0].addr_spec == email.to_email
        assert "\n" not in email.subject
        assert max(len(line) for line in message_of(email).as_bytes().splitlines()) < 998
        for text in (words.text, text_in(words.html)):
            ours = re.sub(r"https://(?:portail\.rivage|www\.constructys)\S*", "", text)
            ours = ours.replace("contact@rivage-formation.example", "")
            assert not LINKIFIED.search(ours), LINKIFIED.search(ours)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Menuiserie Vasseur", "Menuiserie Vasseur"),
        ("J.Martin et Fils", "J. Martin et Fils"),
        ("S.A.R.L. Dupont", "S.A.R.L. Dupont"),
        ("Booking.com", "Booking. com"),
        ("http://evil.example", "http: //evil. example"),
        ("a@b", "a @ b"),
        ("evil。example", "evil. example"),
        ("version 2.10", "version 2.10"),
        ("Développer en .NET", "Développer en .NET"),
    ],
)
def test_names_are_shown_so_that_no_program_links_them(typed: str, shown: str) -> None:
    assert unlinked(typed) == shown


def test_what_was_typed_is_bounded() -> None:
    assert said("A" * 500, 80) == "A" * 79 + "…"
    assert said(None) == ""
    assert said(" deux\n\nlignes ") == "deux lignes"


def test_subjects_read_as_promised(app: Flask) -> None:
    subjects = {code: email.subject.replace("\u00a0", "_") for code, email in written().items()}
    assert subjects == {
        "invitation": "Votre formation «_Encadrer une petite équipe_»_: "
        "4 minutes pour compléter la demande",
        "documents_to_client": "Vos documents_: devis, convention, programme (S-2026-0142)",
        "documents_to_trainer": "Copie_: les documents de Menuiserie Vasseur (S-2026-0142)",
        "new_link": "Votre nouveau lien pour la formation «_Encadrer une petite équipe_»",
        "call_trainer": "Un nouveau lien est demandé par Menuiserie Vasseur (S-2026-0142)",
        "documents_withdrawn": "Vos documents ne sont plus à utiliser (S-2026-0142)",
        "documents_amended": "Documents mis à jour_: devis, convention, programme (S-2026-0142)",
        "amended_to_trainer": "Copie_: documents mis à jour de Menuiserie Vasseur (S-2026-0142)",
        "cancelled_to_client": "Formation annulée_: «_Encadrer une petite équipe_» (S-2026-0142)",
        "cancelled_to_trainer": "Session annulée_: Menuiserie Vasseur (S-2026-0142)",
        "client_reminder": "Avez-vous déposé votre demande chez Constructys_?",
    }


def test_the_three_papers_leave_with_their_next_step(app: Flask) -> None:
    text = words_of(written()["documents_to_client"]).text.replace("\u00a0", " ")
    assert "Devis D-2026-0142" in text
    assert "Convention C-2026-0142" in text
    assert "Programme P-2026-0142" in text
    assert "au plus tard le lundi 28 décembre 2026" in text
    assert "eGestion" in text
    assert "https://www.constructys.fr/entreprise/" in text
    assert "Constructys règle alors directement Rivage Formation" in text
    assert "Vous ne signez rien à cette étape" in text
    assert "1 890,00 € nets de TVA" in text


@pytest.mark.parametrize(
    ("training", "said", "unsaid"),
    [
        ({"subrogation": False}, "vous réglez Rivage Formation, puis Constructys", "règle alors"),
        ({"subrogation": None}, "3. Dès que vous recevez l’accord", "ubrogation"),
        (
            {"opco_code": "ATLAS"},
            "le délai de dépôt est à vérifier auprès d’OPCO Atlas",
            "plus tard",
        ),
        ({"opco_code": "AKTO"}, "signez l’exemplaire joint avant de le déposer", "se signe quand"),
        (
            {"funder_choice": "unknown", "opco_code": None},
            f"{BASE_URL}/trouver-mon-opco",
            "plus tard",
        ),
        (
            {"funder_choice": "none", "opco_code": None},
            "aucune demande à déposer",
            "trouver-mon-opco",
        ),
        ({"funder_choice": None, "opco_code": None}, "trouver votre OPCO", "plus tard"),
    ],
)
def test_the_next_step_follows_the_funder(
    app: Flask, training: dict[str, Any], said: str, unsaid: str
) -> None:
    email = written(training=training)["documents_to_client"]
    for text in (words_of(email).text, text_in(words_of(email).html)):
        text = text.replace("\u00a0", " ")
        assert said in text or said.startswith("3. ")
        assert unsaid not in text


def test_a_deadline_that_has_passed_is_said(app: Flask) -> None:
    training, organisation = dossier()
    late = NOW + timedelta(days=40)
    email = letters.documents_to_client(training, papers(training), organisation, late)
    posted(email)
    text = words_of(email).text.replace("\u00a0", " ")
    assert "est dépassé depuis le lundi 28 décembre 2026" in text
    assert "plus tard" not in text


def test_a_larger_company_is_told_whom_the_funds_are_for(app: Flask) -> None:
    text = words_of(written(company={"staff_count": 50})["documents_to_client"]).text
    assert "réservés aux entreprises plus petites" in text


def test_an_amendment_after_filing_says_to_pass_the_papers_on(app: Flask) -> None:
    training = {"filed_on": NOW.date(), "filed_by": "client"}
    emails = written(training=training)
    for code in ("documents_amended", "documents_withdrawn", "cancelled_to_client"):
        assert "(le 23\u00a0novembre\u00a02026)" in words_of(emails[code]).text, code


def test_a_reminder_speaks_of_the_step_that_waits(app: Flask) -> None:
    training, organisation = dossier()
    link = link_of(training)
    training.state = "draft"
    answers = letters.client_reminder(training, link, organisation, NOW)
    assert answers.subject.endswith("attend vos réponses")
    assert "Reprendre la demande" in words_of(answers).html
    training.state, training.funder_choice = "sent", "none"
    reading = letters.client_reminder(training, link, organisation, NOW)
    assert "déposé" not in reading.subject
    assert "déposé votre demande" not in words_of(reading).text
    db.session.rollback()


def test_a_draft_of_which_nothing_is_known_is_still_well_said(app: Flask) -> None:
    training, organisation = dossier(
        programme=None,
        company=None,
        funder_choice=None,
        opco_code=None,
        place_mode=None,
        headcount=4,
    )
    training.first_day, training.state = None, "draft"
    link = link_of(training)
    emails = [
        letters.invitation(training, link, organisation, NOW, "x"),
        letters.new_link(training, link, organisation, NOW),
        letters.call_trainer(training, organisation, NOW),
        letters.documents_withdrawn(training, organisation, "", NOW),
        letters.cancelled_to_client(training, organisation, "Reportée", NOW),
        letters.cancelled_to_trainer(training, organisation, "Reportée", NOW),
        letters.client_reminder(training, link, organisation, NOW),
    ]
    for email in emails:
        posted(email)
        for text in (words_of(email).text, text_in(words_of(email).html)):
            assert not re.search(r"None|«\s*»|, ,|,\.|\(\)", text), (email.letter, text)
            assert "Formation à préciser" not in text
    assert emails[0].subject == "Votre formation\u00a0: 4 minutes pour compléter la demande"
    assert words_of(emails[0]).text.startswith("Bonjour,\n")


def test_the_link_decides_who_reads_a_letter_about_it(app: Flask) -> None:
    training, organisation = dossier()
    link = link_of(training, recipient_email="rh@menuiserie-vasseur.example")
    invitation = letters.invitation(training, link, organisation, NOW, "x")
    assert (invitation.to_email, invitation.to_name) == ("rh@menuiserie-vasseur.example", "")
    documents = letters.documents_to_client(training, [], organisation, NOW)
    assert (documents.to_email, documents.to_name) == (
        "marc@menuiserie-vasseur.example",
        "Marc Delorme",
    )
    assert documents.context["link_id"] == link.id


def test_without_an_address_nobody_is_written_to(app: Flask) -> None:
    training, organisation = dossier(company=None)
    link = link_of(training, recipient_email=None)
    with pytest.raises(NoRecipient):
        letters.new_link(training, link, organisation, NOW)


@pytest.mark.parametrize("change", [{"revoked_at": NOW}, {"expires_at": NOW}])
def test_a_closed_link_is_not_offered(app: Flask, change: dict[str, Any]) -> None:
    training, organisation = dossier()
    link_of(training, **change)
    email = letters.documents_to_client(training, papers(training), organisation, NOW)
    posted(email)
    assert email.context["link_id"] is None
    assert "Ouvrir mon espace" not in words_of(email).text + words_of(email).html


def test_keys_are_the_same_for_the_same_act_and_differ_for_another(app: Flask) -> None:
    training, organisation = dossier()
    link, documents = link_of(training), papers(training)
    first = every_letter(training, link, documents, organisation)
    second = every_letter(training, link, documents, organisation)
    assert [e.dedupe_key for e in first] == [e.dedupe_key for e in second]
    assert len({e.dedupe_key for e in first}) == len(first)
    assert len({e.message_id for e in first + second}) == 2 * len(first)
    for email in first:
        assert re.fullmatch(r"<[0-9a-f]{32}@portail\.rivage-formation\.example>", email.message_id)


def test_what_is_written_survives_the_journey(app: Flask) -> None:
    """Headers and bodies, once through the wire, are what was meant."""
    email = written()["documents_to_client"]
    message = parsed(message_of(email).as_bytes())
    assert message["Subject"] == email.subject
    assert message["From"].addresses[0].display_name == "Rivage Formation"
    assert message["From"].addresses[0].addr_spec == "contact@rivage-formation.example"
    assert message["Reply-To"] == "contact@rivage-formation.example"
    assert message["To"].addresses[0].display_name == "Marc Delorme"
    assert message["Message-ID"] == email.message_id
    assert message["Date"].datetime == NOW
    body = message.get_body(("plain",))
    page = message.get_body(("html",))
    assert body.get_content().splitlines() == words_of(email).text.splitlines()
    assert page.get_content().splitlines() == words_of(email).html.splitlines()
    names = [part.get_filename() for part in message.iter_attachments()]
    assert names == [
        "Devis-D-2026-0142.pdf",
        "Convention-C-2026-0142.pdf",
        "Programme-P-2026-0142.pdf",
    ]


@pytest.mark.parametrize("name", ["Rivage, Formation & Cie", 'Le "Rivage"', "Été <x@y>"])
def test_any_name_of_the_organisation_stands_in_from(app: Flask, name: str) -> None:
    training, organisation = dossier()
    organisation.name = name
    email = letters.call_trainer(training, organisation, NOW)
    posted(email)
    sender = parsed(message_of(email).as_bytes())["From"].addresses[0]
    assert (sender.display_name, sender.addr_spec) == (name, "contact@rivage-formation.example")


def test_phrases() -> None:
    first = cast.ISSUED
    assert when(None, None) == ""
    assert when(first, first) == "le 23\u00a0novembre\u00a02026"
    assert when(first, first + timedelta(days=1)).startswith("les 23")
    assert when(first, first + timedelta(days=4)).startswith("du 23")
    assert price(None, "exempt") == ""
    assert price(504_000, "standard") == "5\u00a0040,00\u00a0€ HT, soit 6\u00a0048,00\u00a0€ TTC"
    assert price(504_000, "franchise") == "5\u00a0040,00\u00a0€ nets de TVA"


@pytest.mark.parametrize(
    ("colour", "kept"),
    [("#7A1F3D", True), ("#0b5f62", True), ("#FFEE00", False), ("red;x:y", False), ("", False)],
)
def test_the_button_stays_readable_in_the_colour_of_the_organisation(
    colour: str, kept: bool
) -> None:
    assert (accent_of(colour) == colour) is kept
