"""The organisation's settings change while dossiers are open: papers sent keep their words, and
each page says what to do."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from portal import clock, workflow
from portal.access.rules import Actor, Role
from portal.documents.models import Document
from portal.extensions import db
from portal.training.models import TrainingSession
from portal.training.rules import Event
from tests import second_half
from tests.conftest import OFFICE, TRAINER, sign_in
from tests.pages import Visitor, text_of
from tests.screens import follow
from tests.second_half import Answer
from tests.story import Told, a_training, messages, print_papers

pytestmark = pytest.mark.usefixtures("frozen")
SETTINGS = "/organisme/reglages"
FORMER, NEW = "901 447 821 00017", "901 447 821 00025"
NOTE = "Les réglages de l’organisme ont changé depuis l’envoi."
NADIA = Actor(Role.OFFICE, 3, "Nadia Belkacem")


def change(office: Visitor, slug: str, **typed: str) -> None:
    answer = office.submit(f"{SETTINGS}/{slug}", typed, form="#reglages")
    assert "Réglages enregistrés." in text_of(follow(office, answer))


def charge_vat(office: Visitor) -> None:
    change(office, "mentions", vat_regime="standard", vat_number="FR62901447821")


def file_page(training: Told) -> str:
    return f"/organisme/dossiers/{training.ref}/"


def facts_of(app: Flask, training: Told, kind: str) -> dict[str, Any]:
    """What the paper in force of that kind says."""
    with app.app_context():
        query = db.select(Document).filter_by(
            training_id=training.id, kind=kind, superseded_at=None
        )
        return dict(db.session.scalars(query).one().facts)


def act(app: Flask, training: Told, event: Event, **data: Any) -> None:
    with app.app_context():
        workflow.perform(event, db.session.get_one(TrainingSession, training.id), NADIA, **data)


def send_again(visitor: Visitor, training: Told, page: str) -> TestResponse:
    """« Rouvrir », then « Envoyer » on the page that checks everything."""
    reopened = visitor.submit(f"{page}rouvrir", {"reason": "Les documents changent"})
    assert reopened.status_code == 303
    return follow(visitor, visitor.submit(f"{page}verifier"))


# --- Its SIRET and its declaration


def test_the_dossier_says_that_its_papers_keep_the_former_siret_and_what_to_do(
    app: Flask, office: Visitor
) -> None:
    training = a_training(app, "sent")
    assert NOTE not in text_of(office.get(file_page(training)))
    change(office, "identite", siret=NEW)
    for visitor, page in (
        (office, file_page(training)),
        (sign_in(app, TRAINER), training.page),
    ):
        shown = text_of(visitor.get(page))
        assert NOTE in shown
        assert f"{FORMER} devient {NEW}" in shown
        assert "rouvrez la session, vérifiez-la, puis envoyez-la de nouveau" in shown
    assert facts_of(app, training, "devis")["organisation"]["siret"] == FORMER.replace(" ", "")


def test_following_the_note_issues_the_papers_with_the_new_one(app: Flask, office: Visitor) -> None:
    training = a_training(app, "sent")
    change(office, "identite", siret=NEW)
    page = send_again(office, training, file_page(training))
    assert NOTE not in text_of(page)
    for kind in ("devis", "convention", "programme"):
        assert facts_of(app, training, kind)["organisation"]["siret"] == NEW.replace(" ", "")
    assert f"SIRET {FORMER} devient Rivage Formation, SIRET {NEW}" in text_of(page)


@pytest.mark.parametrize("early", [False, True])
def test_an_agreement_is_decided_whatever_the_settings_became(
    app: Flask, office: Visitor, early: bool
) -> None:
    """The convention or the undertaking issued then stands beside a quote with the former number:
    it says what the quote says, and nothing is refused."""
    training = a_training(app, "received", early=early)
    change(office, "identite", siret=NEW, name="Rivage Formation Bourgogne")
    change(office, "mentions", nda="27 21 04321 88")
    change(office, "banque", payment_days="45")
    change(office, "dedit", notice_days="20")
    with app.app_context():
        second_half.validate(training.id, Answer())
    issued = facts_of(app, training, "engagement" if early else "convention")
    quote = facts_of(app, training, "devis")
    for name in ("siret", "nda", "name", "terms"):
        assert issued["organisation"][name] == quote["organisation"][name]
    assert issued["payment"] == quote["payment"]
    assert quote["payment"]["days"] == 30
    shown = text_of(office.get(file_page(training)))
    assert "Deux documents de ce dossier se contredisent" not in shown
    assert "L’OPCO s’est prononcé sur eux : gardez-les." in shown
    with app.app_context():
        second_half.sign(training.id)


def test_people_and_looks_follow_the_settings_at_once(app: Flask, office: Visitor) -> None:
    training = a_training(app, "received")
    change(office, "signataire", signatory_name="Paul Rey")
    with app.app_context():
        second_half.validate(training.id, Answer())
    assert facts_of(app, training, "convention")["organisation"]["signatory_name"] == "Paul Rey"
    assert NOTE not in text_of(office.get(file_page(training)))


@pytest.mark.parametrize(
    ("at", "sentence"),
    [
        ("received", "l’organisme renvoie l’accord au client"),
        ("funded", "l’organisme corrige l’accord, puis le renvoie au client"),
    ],
)
def test_the_way_it_says_after_an_agreement_leads_to_new_papers(
    app: Flask, office: Visitor, at: str, sentence: str
) -> None:
    training = a_training(app, at)
    change(office, "mentions", nda="27 21 04321 88")
    shown = text_of(office.get(file_page(training)))
    assert sentence in shown
    if at == "funded":
        act(app, training, Event.CORRECT_AGREEMENT, reason="Déclaration d’activité")
    act(app, training, Event.RETURN_AGREEMENT, reason="Les documents changent")
    assert "rouvrez la session" in text_of(office.get(file_page(training)))
    send_again(office, training, file_page(training))
    assert facts_of(app, training, "convention")["organisation"]["nda"] == "27210432188"


def test_a_client_that_pays_alone_keeps_what_it_decided_on(app: Flask, office: Visitor) -> None:
    training = a_training(app, "refused")
    with app.app_context():
        row = db.session.get_one(TrainingSession, training.id)
        client = Actor(Role.CLIENT, row.links[0].id, "Hélène Vasseur")
        workflow.perform(Event.SELF_FUND, row, client)
    change(office, "mentions", nda="27 21 04321 88")
    shown = text_of(office.get(file_page(training)))
    assert "annulez la session, puis dupliquez-la" in shown


def test_a_session_that_runs_is_left_in_peace(app: Flask, office: Visitor) -> None:
    training = a_training(app, "running")
    change(office, "identite", siret=NEW)
    assert NOTE not in text_of(office.get(file_page(training)))


# --- What a client owes that cancels


def test_forfeits_are_printed_from_the_settings_and_stay_in_what_was_issued(
    app: Flask, office: Visitor
) -> None:
    first = a_training(app, "sent")
    page = office.get(f"{SETTINGS}/dedit")
    assert "Convention, article 10" in text_of(page)
    values = {
        "notice_days": "15",
        "forfeit_percent": "20",
        "late_notice_days": "5",
        "late_forfeit_percent": "40",
    }
    change(office, "dedit", **values)
    second = a_training(app, "sent")
    former, now = (print_papers(app, told)["convention"].text for told in (first, second))
    assert "jusqu’à 10 jours ouvrés avant le premier jour" in plain_words(former)
    assert "30 % du prix HT, et 50 % à moins de 3 jours ouvrés" in plain_words(former)
    assert "jusqu’à 15 jours ouvrés avant le premier jour" in plain_words(now)
    assert "20 % du prix HT, et 40 % à moins de 5 jours ouvrés" in plain_words(now)
    again = text_of(send_again(office, first, file_page(first)))
    assert "puis 30 %, 50 % à moins de 3 devient sans frais jusqu’à 15 jours ouvrés" in again


def plain_words(text: str) -> str:
    return " ".join(text.replace("\u00a0", " ").replace("'", "’").split())


# --- VAT


def test_the_amounts_of_a_session_that_was_sent_do_not_move(app: Flask, office: Visitor) -> None:
    training = a_training(app, "received")
    charge_vat(office)
    with app.app_context():
        second_half.validate(training.id, Answer())
    price = facts_of(app, training, "convention")["price"]
    assert (price["vat_cents"], price["gross_cents"]) == (0, 240_000)
    shown = text_of(office.get(file_page(training)))
    assert "Exonération devient TVA facturée" in shown
    assert "prix compris" in shown
    assert "2 880,00" not in shown


def test_a_reopened_session_shows_the_new_regime_before_it_is_sent_and_tells_the_client(
    app: Flask, office: Visitor
) -> None:
    training = a_training(app, "sent")
    charge_vat(office)
    page = file_page(training)
    office.submit(f"{page}rouvrir", {"reason": "TVA"})
    checked = text_of(office.get(f"{page}verifier"))
    assert "2 880,00 € TTC" in checked
    assert "2 400,00 € devient 2 400,00 € HT, 2 880,00 € TTC" in checked
    follow(office, office.submit(f"{page}verifier"))
    assert facts_of(app, training, "devis")["price"]["gross_cents"] == 288_000
    visitor = Visitor(app, app.response_class)
    space = follow(visitor, visitor.submit(training.link))
    assert "2 400,00 € devient 2 400,00 € HT, 2 880,00 € TTC" in text_of(space)


def test_a_trainer_s_own_regime_changes_no_paper(app: Flask) -> None:
    training = a_training(app, "received")
    claire = sign_in(app, TRAINER)
    claire.submit("/compte/", {"vat_regime": "standard"}, form="#profil")
    with app.app_context():
        second_half.validate(training.id, Answer())
    assert facts_of(app, training, "convention")["price"]["vat_cents"] == 0
    assert NOTE not in text_of(sign_in(app, OFFICE).get(file_page(training)))


def test_what_is_checked_says_nothing_of_a_first_sending(app: Flask, office: Visitor) -> None:
    training = a_training(app, "draft", way="self")
    assert "Depuis le dernier envoi" not in text_of(office.get(f"{file_page(training)}verifier"))
    assert clock.today()
    assert messages(app, training) == []


def test_the_client_reads_the_delay_its_convention_prints(
    app: Flask, office: Visitor, client_of: Callable[[int], Visitor]
) -> None:
    """Papers sent keep their delay of payment; the pages around them say the same."""
    training = a_training(app, "funded")
    change(office, "banque", payment_days="45")
    with app.app_context():
        signing = second_half.sign_path(app, training.id)
    space = text_of(client_of(training.id).get(training.space))
    assert "payable à 30 jours" in space
    signatory = Visitor(app, app.response_class)
    page = follow(signatory, signatory.submit(signing))
    assert "payable à 30 jours" in text_of(page)
