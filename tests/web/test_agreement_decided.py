"""« Accords à valider »: the oldest first, one decision, a minute to take it back."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from werkzeug.test import TestResponse

from portal import workflow
from portal.access.rules import Actor, Role
from portal.extensions import db
from portal.training.models import TrainingSession
from portal.training.rules import Event
from tests import story
from tests.conftest import OFFICE, sign_in
from tests.pages import Visitor, soup_of, text_of
from tests.screens import follow, plain, section, text_in
from tests.second_half import LATER, LETTER, REFUSAL, Answer, paper, sign_path, stored_paper
from tests.story import Told, a_training, messages

pytestmark = pytest.mark.usefixtures("frozen")

ClientOf = Callable[[int], Visitor]
Clock = time_machine.Traveller
QUEUE = "/organisme/accords/"
PARTIAL = {
    "decision": "partielle", "amount": "1 600,00", "number": "26-118204", "subrogation": "oui",
    "read_over": "y",
}  # fmt: skip
TOTAL = {"decision": "totale", "subrogation": "oui", "read_over": "y"}


def address(app: Flask, training: Told) -> str:
    """The page of the last agreement of a session."""
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        return f"{QUEUE}{row.agreements[-1].id}"


def decide(office: Visitor, page: str | TestResponse, **typed: Any) -> TestResponse:
    return office.submit(page, typed, form="#accord", button="Enregistrer la décision")


def facts(app: Flask, training: Told) -> dict[str, Any]:
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        names = ("state", "granted_cents", "granted_vat_cents", "committed_cents", "subrogation")
        found = {name: getattr(row, name) for name in names}
        found["agreement"] = [one.state for one in row.agreements]
        return found


def letters(app: Flask, training: Told) -> list[str]:
    return [mail["letter"] for mail in messages(app, training)]


def states(app: Flask, training: Told, *kinds: str) -> list[str]:
    """The states of those messages."""
    with app.app_context():
        return [story.last_email(training, letter).state for letter in kinds]


# --- The queue


def test_the_oldest_stands_first(app: Flask, office: Visitor, frozen: Clock) -> None:
    late = a_training(app, "received")
    frozen.shift(timedelta(days=3))
    fresh = a_training(app, "received", company={"legal_name": "Toiture Lanoy"})
    page = sign_in(app, OFFICE).get(QUEUE)
    rows = [text_in(row) for row in soup_of(page.text).select("tbody tr")]
    assert [re.search(r"S-2026-\d+", row)[0] for row in rows] == [late.ref, fresh.ref]  # type: ignore[index]
    assert "Reçu il y a 3 jours" in rows[0]
    assert "Reçu aujourd’hui" in rows[1]
    assert "Début le" in rows[0]


def test_the_navigation_counts_what_waits(app: Flask, office: Visitor) -> None:
    before = waiting(office.get("/organisme/"))
    training = a_training(app, "received")
    page = office.get(QUEUE)
    assert waiting(page) == before + 1
    assert current(page) == current(office.get(address(app, training))) == ["Accords"]
    assert current(office.get(f"/organisme/dossiers/{training.ref}/")) == ["Dossiers"]
    decide(office, address(app, training), **TOTAL)
    assert waiting(office.get("/organisme/")) == before


def waiting(page: TestResponse) -> int:
    """The number beside « Accords »."""
    count = soup_of(page.text).select_one(".nav .count")
    return int(text_in(count).split()[0]) if count else 0


def current(page: TestResponse) -> list[str]:
    """Where the navigation says one is."""
    return [text_in(a).split()[0] for a in soup_of(page.text).select(".nav a[aria-current]")]


def test_what_was_read_is_to_be_checked_and_never_applied_alone(
    app: Flask, office: Visitor
) -> None:
    training = a_training(app, "received")
    story.work(app)
    page = office.get(address(app, training))
    text = text_of(page)
    assert "1 600,00 €" in text
    assert "à vérifier" in text
    assert "non lu sur le document" in text
    assert facts(app, training)["granted_cents"] is None
    (mark,) = soup_of(page.text).select(".page-image")
    assert len(mark.select("svg rect")) >= 3  # the amount, the number and who is paid
    amount = soup_of(page.text).select_one("[name=amount]")
    assert amount is not None
    assert str(amount["value"]).replace("\u202f", " ").replace("\u00a0", " ") == "1 600,00"
    box = soup_of(page.text).select_one("[name=read_over]")
    assert box is not None
    assert not box.has_attr("checked")
    refused = decide(office, page, decision="partielle", subrogation="oui")
    assert refused.status_code == 422
    assert "Relisez ces points sur le document, puis cochez la case" in text_of(refused)
    assert facts(app, training)["state"] == "agreement_received"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            ("Formation : lecture de plans et metres", "Montant accordé : 1 600,00 € HT",
             "Subrogation de paiement : oui, paiement à l'organisme de formation",
             "Entreprise : Menuiserie Vasseur, SIRET 90055312400018"),
            {"Intitulé": "retrouvé", "Montant au plus égal au prix": "1 600,00 €, page 1",
             "SIRET du client": "900 553 124 00018, page 1"},
        ),
        (
            ("Action : anglais des affaires", "Montant accordé : 2 900,00 € HT"),
            {"Intitulé": "non retrouvé, à comparer",
             "Montant au plus égal au prix": "2 900,00 €, page 1",
             "Bénéficiaire du paiement": "non lu sur le document"},
        ),
    ],
)  # fmt: skip
def test_the_paper_is_compared_with_the_dossier(
    app: Flask, office: Visitor, lines: tuple[str, ...], expected: dict[str, str]
) -> None:
    training = a_training(app, "filed")
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        client = Actor(Role.CLIENT, row.links[0].id, "Hélène Vasseur")
        stored = stored_paper((*LETTER[:2], *lines))
        workflow.perform(Event.RECEIVE_AGREEMENT, row, client, stored=stored)
    story.work(app)
    page = soup_of(office.get(address(app, training)).text)
    shown = {text_in(li.span): text_in(li.small) for li in page.select(".checks li")}
    assert expected.items() <= {name: plain(text) for name, text in shown.items()}.items(), shown
    too_much = page.find("span", string="Montant au plus égal au prix")
    assert too_much is not None
    assert ("is-ok" in too_much.parent["class"]) is ("1 600" in lines[1])  # type: ignore[union-attr, index]


def test_the_live_sums_are_those_of_the_page(app: Flask, office: Visitor) -> None:
    training = a_training(app, "received")
    path = address(app, training)
    page = office.get(path)
    token = soup_of(page.text).select_one("#accord [name=csrf_token]")
    assert token is not None
    data = {**PARTIAL, "csrf_token": str(token["value"]), "action": "calculer"}
    live = office.hx(path, target="calcul", data=data)
    assert "Reste à charge800,00 €" in text_of(live)
    whole = office.submit(page, PARTIAL, form="#accord", button="Recalculer")
    block = soup_of(whole.text).find(id="calcul")
    fragment = soup_of(live.text).find(id="calcul")
    assert block is not None
    assert str(block).split() == str(fragment).split()
    above = office.hx(path, target="calcul", data={**data, "amount": "2 400,01"})
    assert "dépasse le prix hors taxes" in text_of(above)
    assert facts(app, training)["state"] == "agreement_received"


# --- The four decisions


def test_total_is_confirmed_to_both(app: Flask, office: Visitor, client_of: ClientOf) -> None:
    training = a_training(app, "received")
    client = client_of(training.id)
    page = follow(office, decide(office, address(app, training), **TOTAL))
    assert "Menuiserie Vasseur recevra la confirmation dans une minute." in text_of(page)
    assert "a reçu" not in text_of(page)
    assert facts(app, training)["granted_cents"] == 240_000
    assert {"funded_to_trainer", "funded_to_client"} <= set(letters(app, training))
    assert "sign_request" not in letters(app, training)
    space = client.get(training.space)
    assert "Formation confirmée" in text_of(space)
    assert "Accord de prise en charge" in section(space, "Avancement")
    assert "2 400,00 € pris en charge" in section(space, "Avancement")


def test_everybody_reads_and_downloads_the_agreement(
    app: Flask, office: Visitor, trainer: Visitor, client_of: ClientOf
) -> None:
    training = a_training(app, "received")
    client = client_of(training.id)
    decide(office, address(app, training), **PARTIAL)
    for visitor, page in (
        (client, training.space),
        (trainer, training.page),
        (office, f"/organisme/dossiers/{training.ref}/"),
    ):
        shown = visitor.get(page)
        card = section(shown, "Accord de prise en charge")
        assert "accord.pdf" in card
        assert "1 600,00 € HT, accord n° 26-118204" in card
        assert "Validé" in card
        file = soup_of(shown.text).select_one("a[href*='/accord/']")
        assert file is not None
        answer = visitor.get(str(file["href"]))
        assert answer.data == paper(*LETTER)
        assert answer.headers["Content-Disposition"].startswith("attachment")


def test_partial_sends_the_link_to_the_signatory_alone(
    app: Flask, office: Visitor, trainer: Visitor
) -> None:
    training = a_training(app, "received")
    page = follow(office, decide(office, address(app, training), **PARTIAL))
    assert "Hélène Vasseur recevra le lien de signature dans une minute." in text_of(page)
    sent = [mail for mail in messages(app, training) if "/l/sig-" in mail["text"]]
    assert [(mail["letter"], mail["to"]) for mail in sent] == [("sign_request", story.CLIENT)]
    assert "800,00 €" in plain(sent[0]["subject"])
    assert "À signer par le client" in text_of(trainer.get(training.page))
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        current = {d.kind: d for d in row.documents if d.superseded_at is None}
        assert sorted(current) == ["convention", "devis", "programme"]
        assert current["convention"].version == 2
        granted = current["convention"].facts["funding"]["granted"]
        assert granted["client_due_cents"] == 80_000


def test_refused_and_returned_say_why(app: Flask, office: Visitor, client_of: ClientOf) -> None:
    refused, returned = a_training(app, "received"), a_training(app, "received")
    for training, decision in ((refused, "refusee"), (returned, "renvoyer")):
        page = decide(office, address(app, training), decision=decision)
        assert page.status_code == 422
        assert "Indiquez la raison, en quelques mots" in text_of(page)
        page = decide(office, address(app, training), decision=decision, reason=REFUSAL)
        assert page.status_code == 303
    assert facts(app, refused)["state"] == "refused"
    assert facts(app, returned)["state"] == "sent"
    assert letters(app, refused)[-2:] == ["refused_to_client", "refused_to_trainer"]
    assert letters(app, returned)[-2:] == [
        "agreement_returned_to_client", "agreement_returned_to_trainer",
    ]  # fmt: skip
    assert all(REFUSAL in mail["text"] for mail in messages(app, refused)[-2:])
    client = client_of(refused.id)
    assert REFUSAL in text_of(client.get(refused.space))
    again = client_of(returned.id).get(returned.space)
    assert soup_of(again.text).select_one("#depot") is not None


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"amount": ""}, "Indiquez le montant accordé"),
        ({"amount": "2 400,01"}, "dépasse le prix hors taxes"),
        ({"amount": "-12"}, ""),
        ({"amount": "1 234,5O"}, ""),
        ({"amount": "0"}, ""),
        ({"subrogation": None}, "Dites qui l’OPCO paie"),
        ({"decision": None}, "Choisissez la décision de l’OPCO"),
    ],
)
def test_what_cannot_be_decided_is_said(
    app: Flask, office: Visitor, typed: dict[str, Any], sentence: str
) -> None:
    training = a_training(app, "received")
    before = facts(app, training), letters(app, training)
    page = decide(office, address(app, training), **{**PARTIAL, **typed})
    assert page.status_code == 422
    assert sentence in text_of(page)
    assert soup_of(page.text).select("#erreurs, .err")
    assert (facts(app, training), letters(app, training)) == before


def test_a_second_person_is_seen_and_comes_too_late(app: Flask, office: Visitor) -> None:
    from portal import clock
    from portal.access.rules import Role
    from portal.accounts import service as accounts

    with app.app_context():
        accounts.create_user(
            email="ines.rocher@rivage-formation.example", first_name="Inès", last_name="Rocher",
            role=Role.OFFICE, password="sept chaises bleues", phone=None, at=clock.now(),
        )  # fmt: skip
    training = a_training(app, "received")
    path = address(app, training)
    opened = office.get(path)
    assert "a ouvert" not in text_of(shown_to(office, opened))
    other = sign_in(app, "ines.rocher@rivage-formation.example")
    page = other.get(path)
    assert "Nadia Belkacem a ouvert cet accord il y a moins de cinq minutes." in text_of(page)
    shown_to(other, page)
    assert "Inès Rocher a ouvert cet accord" in text_of(shown_to(office, opened))
    assert decide(other, page, **TOTAL).status_code == 303
    before = facts(app, training), letters(app, training)
    late = decide(office, opened, **PARTIAL)
    assert late.status_code == 409
    assert "vérification" in text_of(late) or "validé" in text_of(late) or "traité" in text_of(late)
    assert (facts(app, training), letters(app, training)) == before


def shown_to(person: Visitor, page: TestResponse) -> TestResponse:
    """What the opened page asks for by itself, once it is shown."""
    form = soup_of(page.text).select_one("#presence")
    assert form is not None
    token = form.select_one("[name=csrf_token]")
    assert token is not None
    data = {"csrf_token": str(token["value"])}
    return person.hx(str(form["hx-post"]), target="presence", data=data)


# --- A minute to take it back


DECISIONS: list[tuple[dict[str, str], tuple[str, ...]]] = [
    (PARTIAL, ("funded_to_trainer", "sign_request")),
    (TOTAL, ("funded_to_trainer", "funded_to_client")),
    ({"decision": "refusee", "reason": REFUSAL}, ("refused_to_client", "refused_to_trainer")),
    (
        {"decision": "renvoyer", "reason": REFUSAL},
        ("agreement_returned_to_client", "agreement_returned_to_trainer"),
    ),
]


@pytest.mark.parametrize(("typed", "kinds"), DECISIONS)
def test_within_a_minute_its_messages_never_leave(
    app: Flask, office: Visitor, frozen: Clock, typed: dict[str, str], kinds: tuple[str, ...]
) -> None:
    training = a_training(app, "received")
    story.made(app, training)
    frozen.shift(timedelta(minutes=5))
    page = follow(office, decide(office, address(app, training), **typed))
    story.made(app, training)
    story.work(app)
    assert states(app, training, *kinds) == ["queued"] * len(kinds)
    frozen.shift(timedelta(seconds=59))
    page = follow(office, office.submit(office.get(QUEUE), button="Annuler"))
    assert "Décision annulée : aucun message n’est parti." in text_of(page)
    frozen.shift(timedelta(hours=1))
    story.work(app)
    assert states(app, training, *kinds) == ["cancelled"] * len(kinds)
    assert facts(app, training)["state"] == "agreement_received"
    assert facts(app, training)["granted_cents"] is None
    assert facts(app, training)["agreement"] == ["received"]
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        current = [d for d in row.documents if d.superseded_at is None]
        assert [(d.kind, d.version) for d in current] == [
            ("devis", 1), ("convention", 1), ("programme", 1),
        ]  # fmt: skip
        assert all(link.revoked_at for link in row.links if link.scope == "sign")
    office = sign_in(app, OFFICE)
    assert decide(office, address(app, training), **PARTIAL).status_code == 303
    assert facts(app, training)["granted_cents"] == 160_000


def test_after_a_minute_it_is_corrected_not_undone(
    app: Flask, office: Visitor, frozen: Clock
) -> None:
    training = a_training(app, "received")
    decide(office, address(app, training), **PARTIAL)
    page = office.get(QUEUE)
    frozen.shift(LATER)
    story.made(app, training)
    story.work(app)
    assert "queued" not in states(app, training, "funded_to_trainer", "sign_request")
    page = follow(office, office.submit(page, button="Annuler"))
    assert "La minute est passée : la décision est prise, corrigez-la" in text_of(page)
    assert facts(app, training)["granted_cents"] == 160_000
    assert "Annuler" not in [text_in(b) for b in soup_of(page.text).select("main button")]


# --- Correcting


def test_correcting_voids_the_undertaking_and_says_so(
    app: Flask, office: Visitor, client_of: ClientOf, frozen: Clock
) -> None:
    training = a_training(app, "signed")
    assert facts(app, training)["committed_cents"] == 80_000
    page = f"/organisme/dossiers/{training.ref}/corriger-l-accord"
    empty = office.submit(page, {"reason": ""})
    assert empty.status_code == 422
    assert office.submit(page, {"reason": "Montant mal lu"}).status_code == 303
    assert facts(app, training) == {
        "state": "agreement_received", "granted_cents": None, "granted_vat_cents": None,
        "committed_cents": None, "subrogation": True, "agreement": ["corrected", "received"],
    }  # fmt: skip
    to_client, to_trainer = messages(app, training)[-2:]
    assert "Votre engagement à régler ne vaut plus." in to_client["text"]
    assert "L’engagement du client ne vaut plus." in to_trainer["text"]
    assert "Montant mal lu" in to_client["text"]
    assert decide(office, address(app, training), **{**PARTIAL, "amount": "1 900"})
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        current = [d.kind for d in row.documents if d.superseded_at is None]
        assert "engagement" in current  # the convention is signed: the undertaking alone is not
    assert "500,00 €" in text_of(client_of(training.id).get(training.space))
    assert sign_path(app, training.id)


def test_an_early_signature_is_asked_the_undertaking_only(app: Flask, office: Visitor) -> None:
    training = a_training(app, "received", early=True)
    decide(office, address(app, training), **PARTIAL)
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        current = {d.kind: d.version for d in row.documents if d.superseded_at is None}
        assert current == {"devis": 1, "convention": 1, "programme": 1, "engagement": 1}
        assert row.signed_at is not None
        assert row.committed_cents is None
        assert [s.voided_at for s in row.signatures] == [None]


# --- Refused: three choices


@pytest.mark.parametrize(
    ("button", "state", "letter"),
    [
        ("Je règle moi-même", "funded", "self_funded_to_trainer"),
        ("Reporter", "draft", "postponed_to_trainer"),
        ("Annuler la formation", "cancelled", "cancelled_to_trainer"),
    ],
)
def test_each_choice_after_a_refusal(
    app: Flask, client_of: ClientOf, button: str, state: str, letter: str
) -> None:
    training = a_training(app, "refused")
    client = client_of(training.id)
    page = client.get(training.space)
    forms = [f for f in soup_of(page.text).select("main form") if button in text_in(f)]
    values = {str(i["name"]): str(i["value"]) for i in forms[0].select("input[type=hidden]")}
    assert client.post(str(forms[0]["action"]), data=values).status_code == 303
    assert facts(app, training)["state"] == state
    assert letter in letters(app, training)
    if state == "funded":
        assert facts(app, training)["granted_cents"] == 0
        assert sign_path(app, training.id)
        assert "engagez-vous à régler 2 400,00 €" in text_of(client.get(training.space))
    if state == "draft":
        with app.app_context():
            row = db.session.get_one(TrainingSession, training.id)
            assert (row.first_day, row.half_days) == (None, [])
            assert all(d.superseded_at for d in row.documents)


def test_the_client_says_no_by_itself(app: Flask, client_of: ClientOf) -> None:
    training = a_training(app, "filed")
    client = client_of(training.id)
    page = client.submit(training.space + "refus", {"reason": ""})
    assert page.status_code == 422
    assert "Indiquez la raison donnée par l’OPCO" in text_of(page)
    page = follow(client, client.submit(training.space + "refus", {"reason": REFUSAL}))
    assert "Financement refusé : que souhaitez-vous ?" in text_of(page)


def test_a_session_without_opco_can_be_confirmed_by_the_client(
    app: Flask, client_of: ClientOf
) -> None:
    training = a_training(app, "sent", funding={"funder": "none"})
    client = client_of(training.id)
    page = client.submit(training.space, form="form:has([name=choix])")
    assert page.status_code == 303
    assert facts(app, training)["state"] == "funded"
    assert "2 400,00 €" in text_of(client.get(training.space))


def test_a_new_agreement_after_a_refusal(app: Flask, client_of: ClientOf) -> None:
    from portal import workflow
    from portal.access.rules import Actor, Role
    from portal.training.rules import Event

    training = a_training(app, "refused", answer=Answer())
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        actor = Actor(Role.CLIENT, row.links[0].id, "Hélène Vasseur")
        paper = stored_paper(("Nouvel accord",))
        workflow.perform(Event.RECEIVE_AGREEMENT, row, actor, stored=paper)
    assert facts(app, training)["state"] == "agreement_received"
    assert "Accord transmis" in text_of(client_of(training.id).get(training.space))
