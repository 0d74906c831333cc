"""After the papers left: what a change does, how a session is opened again, how it ends."""

from collections.abc import Callable

import pytest
import time_machine
from flask import Flask
from werkzeug.test import TestResponse

from tests import screens, story
from tests.conftest import TRAINER, sign_in
from tests.pages import Visitor, soup_of, text_of
from tests.screens import controls, fill, follow, section, text_in
from tests.story import CLIENT, REASON, a_training

pytestmark = pytest.mark.usefixtures("frozen")
app = story.app_of_the_module()
trainer = story.trainer_of_the_module()
alone = story.app_of_one_test()

SAVE = "Enregistrer la modification"
ASK = "Indiquez la raison, en quelques mots"


def papers(page: TestResponse) -> tuple[list[str], list[str]]:
    """References of the papers in force, and of those that were replaced."""
    lines = soup_of(page.text).select("#documents .docs li")
    in_force, past = [], []
    for line in lines:
        reference = text_in(line.find("b")).rpartition("-2026-")
        name = reference[0][-1] + "-2026-" + reference[2]
        (past if line.find_parent("details") else in_force).append(name)
    return in_force, past


def downloadable(visitor: Visitor, page: TestResponse) -> list[bytes]:
    links = soup_of(page.text).select("#documents .docs a.btn")
    return [visitor.get(str(link["href"])).data for link in links]


# --- Amending


def test_new_dates_issue_new_papers_and_tell_both(
    app: Flask, trainer: Visitor, client_of: Callable[[int], Visitor]
) -> None:
    training = a_training(app, "sent")
    number = training.ref.removeprefix("S-")
    story.made(app, training)
    page = trainer.get(training.step("dates"))
    assert "Modifier : dates et lieu" in text_of(page)
    assert "Les documents sont déjà envoyés. Ce que fait un changement" in text_of(page)
    assert "Un nouveau devis, une nouvelle convention et un nouveau programme partent." in text_of(
        page
    )
    moved = {"days-0-date": "2027-02-02", "days-1-date": "2027-02-03", "reason": "Grève des trains"}
    page = follow(trainer, fill(trainer, page, moved, button=SAVE))
    assert "2 et 3 février 2027" in text_of(page)
    assert "Modification enregistrée. De nouveaux documents partent au client." in text_of(page)
    story.made(app, training)
    page = trainer.get(training.page)
    assert papers(page) == (
        [f"D-{number} v2", f"C-{number} v2", f"P-{number} v2"],
        [f"P-{number}", f"C-{number}", f"D-{number}"],
    )
    contents = downloadable(trainer, page)
    assert [content.split()[2] for content in contents] == [b"v2"] * 3 + [b"v1"] * 3

    to_client, to_trainer = story.messages(app, training)[-2:]
    assert (to_client["letter"], to_client["to"], to_client["papers"]) == (
        "documents_amended", CLIENT, 3,
    )  # fmt: skip
    assert (to_trainer["letter"], to_trainer["to"], to_trainer["papers"]) == (
        "amended_to_trainer", TRAINER, 3,
    )  # fmt: skip
    assert "Motif indiqué : « Grève des trains »." in to_client["text"]
    assert "les 2 et 3 février 2027" in to_client["text"]
    assert f"- Devis D-{number} v2" in to_client["text"]
    assert "/l/" not in to_trainer["text"]

    space = client_of(training.id).get(training.space)
    assert papers(space) == ([f"D-{number} v2", f"C-{number} v2", f"P-{number} v2"], [])
    assert "2 et 3 février 2027" in text_of(space)
    assert "Session modifiée : dates et horaires" in section(page, "Journal")


def test_a_second_change_makes_a_third_version(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, "sent")
    for price in ("2 000", "2 100"):
        answers = {"price_basis": "flat", "unit_price": price, "reason": "Remise"}
        page = follow(trainer, fill(trainer, training.step("programme"), answers, button=SAVE))
    in_force, _past = papers(page)
    assert all(reference.endswith(" v3") for reference in in_force)
    assert "2 100,00 € net de taxe" in text_of(page)


LIGHT = [
    ("client", {"phone": "01 99 00 12 34"}),
    (
        "client",
        {"contact_name": "Marc Delorme", "contact_email": "marc@menuiserie-vasseur.example"},
    ),
    ("client", {"billing_address": "BP 12, 21200 Beaune"}),
    ("stagiaires", {"people-0-email": "amine@menuiserie-vasseur.example"}),
    ("dates", {"access_notes": "Sonner deux fois"}),
]
HEAVY = [
    ("client", {"legal_name": "Vasseur Bois"}),
    ("client", {"funder": "AKTO"}),
    ("programme", {"remote_percent": "50"}),
    ("stagiaires", {"headcount": "6"}),
    ("dates", {"place_mode": "remote"}),
]
NAMED = [
    ("client", {"signatory_last_name": "Morel"}, "DC"),
    ("stagiaires", {"people-0-last_name": "Rahmani-Duval"}, "C"),
    ("stagiaires", {"people-0-job": "Chef d’atelier"}, "C"),
]


@pytest.mark.parametrize(("slug", "typed"), LIGHT)
def test_what_no_paper_says_changes_without_new_papers(
    app: Flask, trainer: Visitor, slug: str, typed: story.Answers
) -> None:
    training = a_training(app, "sent")
    before = len(story.messages(app, training))
    page = follow(trainer, fill(trainer, training.step(slug), typed, button=SAVE))
    assert "Modification enregistrée. Aucun document ne change." in text_of(page)
    assert all("v2" not in reference for reference in papers(page)[0])
    assert len(story.messages(app, training)) == before
    kept = controls(trainer.get(training.step(slug)))
    assert all(screens.plain(kept[name]) == value for name, value in typed.items())


@pytest.mark.parametrize(("slug", "typed", "letters"), NAMED)
def test_a_name_renews_the_papers_that_print_it(
    app: Flask, trainer: Visitor, slug: str, typed: story.Answers, letters: str
) -> None:
    training = a_training(app, "sent")
    answers = {**typed, "reason": "Correction"}
    page = follow(trainer, fill(trainer, training.step(slug), answers, button=SAVE))
    renewed = [name[0] for name in papers(page)[0] if name.endswith("v2")]
    assert "".join(renewed) == letters
    told = {mail["letter"]: mail["text"] for mail in story.messages(app, training)[-3:]}
    assert "CE QUI CHANGE" in told["documents_amended"]
    assert "amended_to_trainer" in told


@pytest.mark.parametrize(("slug", "typed"), HEAVY)
def test_what_a_paper_says_makes_new_papers(
    app: Flask, trainer: Visitor, slug: str, typed: story.Answers
) -> None:
    training = a_training(app, "sent")
    answers = {**typed, "reason": "Correction"}
    page = follow(trainer, fill(trainer, training.step(slug), answers, button=SAVE))
    assert all(reference.endswith("v2") for reference in papers(page)[0])
    assert [m["letter"] for m in story.messages(app, training)][-2:] == [
        "documents_amended", "amended_to_trainer",
    ]  # fmt: skip


def test_a_change_needs_a_reason_and_right_answers(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, "sent")
    page = fill(trainer, training.step("dates"), {"days-0-morning_starts": "08:30"}, button=SAVE)
    screens.assert_refused(page, "reason", ASK)
    assert controls(page)["days-0-morning_starts"] == "08:30"
    page = fill(trainer, page, {"days-0-date": "2027-13-01", "reason": "Grève"}, button=SAVE)
    assert page.status_code == 422
    assert controls(page)["reason"] == "Grève"
    shown = text_of(trainer.get(training.page))
    assert "12 et 13 janvier 2027" in shown
    assert "2 jours · 14 heures" in shown
    page = follow(trainer, fill(trainer, page, {"days-0-date": "2027-01-12"}, button=SAVE))
    assert "2 jours · 14 h 30" in text_of(page)


def test_a_name_on_a_paper_needs_a_reason_too(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, "sent")
    page = fill(
        trainer, training.step("stagiaires"), {"people-0-last_name": "Rahmani-Duval"}, button=SAVE
    )
    screens.assert_refused(page, "reason", ASK)
    assert controls(page)["people-0-last_name"] == "Rahmani-Duval"


def test_a_change_that_changes_nothing_says_so(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, "sent")
    page = follow(trainer, fill(trainer, training.step("dates"), {}, button=SAVE))
    assert "Rien n’avait changé." in text_of(page)
    assert all("v2" not in reference for reference in papers(page)[0])


def test_lists_change_on_the_page_only_until_the_change_is_saved(
    app: Flask, trainer: Visitor
) -> None:
    training = a_training(app, "sent")
    page = trainer.get(training.step("dates"))
    typed = {"reason": "Un jour de plus"}
    page = trainer.submit(page, typed, form="#etape", button="Ajouter un jour")
    assert controls(page)["days-2-date"] == "2027-01-14"
    assert controls(page)["reason"] == "Un jour de plus"
    assert "Enregistrer et reprendre plus tard" not in text_of(page)
    assert "12 et 13 janvier 2027" in text_of(trainer.get(training.page))
    page = follow(trainer, fill(trainer, page, {}, button=SAVE))
    assert "du 12 au 14 janvier 2027" in text_of(page)


def test_the_office_may_change_it_too(app: Flask, office: Visitor) -> None:
    training = a_training(app, "sent")
    base = f"/organisme/dossiers/{training.ref}/"
    answers = {"headcount": "6", "reason": "Une personne de plus"}
    page = follow(office, fill(office, base + "etapes/stagiaires", answers, button=SAVE))
    assert page.request.path == base
    assert "6 stagiaires" in text_of(page)
    journal = section(page, "Journal")
    assert "Session modifiée : nombre de stagiaires Nadia Belkacem (organisme)" in journal


# --- Opening again, ending


def test_a_session_opened_again_withdraws_its_papers(
    app: Flask, trainer: Visitor, client_of: Callable[[int], Visitor]
) -> None:
    training = a_training(app, "filed")
    number = training.ref.removeprefix("S-")
    story.made(app, training)
    client = client_of(training.id)
    page = trainer.get(training.page + "rouvrir")
    assert "ils restent lisibles, marqués « remplacés »" in text_of(page)
    refused = trainer.submit(page, {"reason": "  "}, button="Rouvrir la session")
    screens.assert_refused(refused, "reason", ASK)
    page = follow(trainer, trainer.submit(refused, {"reason": REASON}, button="Rouvrir"))
    assert "Tout est prêt à partir" in text_of(page)
    assert papers(page) == ([], [f"P-{number}", f"C-{number}", f"D-{number}"])
    assert len(downloadable(trainer, page)) == 3
    told = story.messages(app, training)[-1]
    assert (told["letter"], told["to"]) == ("documents_withdrawn", CLIENT)
    assert f"Motif indiqué : « {REASON} »." in told["text"]
    assert "N’utilisez plus le devis, la convention et le programme déjà reçus" in told["text"]
    space = client.get(training.space)
    assert "Vérifiez, puis envoyez" in text_of(space)
    assert papers(space) == ([], [])

    check = trainer.get(training.page + "verifier")
    trainer.submit(check, button="Envoyer les documents au client")
    in_force, past = papers(trainer.get(training.page))
    assert in_force == [f"D-{number} v2", f"C-{number} v2", f"P-{number} v2"]
    assert len(past) == 3
    assert "Déposez votre demande chez Constructys" in text_of(client.get(training.space))


def test_a_session_is_cancelled_for_good(app: Flask, trainer: Visitor, anonymous: Visitor) -> None:
    training = a_training(app, "sent")
    story.made(app, training)
    page = trainer.get(training.page + "annuler")
    refused = trainer.submit(page, {"reason": ""}, button="Annuler la session")
    screens.assert_refused(refused, "reason", ASK)
    page = follow(trainer, trainer.submit(refused, {"reason": REASON}, button="Annuler"))
    text = text_of(page)
    assert f"Session annulée le 23 novembre 2026. {REASON}" in text
    for gone in ("Rouvrir en brouillon", "Annuler la session", "Modifier", "Lien du client"):
        assert gone not in text
    assert "Dupliquer la session" in text
    assert len(downloadable(trainer, page)) == 3
    to_client, to_trainer = story.messages(app, training)[-2:]
    assert (to_client["letter"], to_client["to"]) == ("cancelled_to_client", CLIENT)
    assert (to_trainer["letter"], to_trainer["to"]) == ("cancelled_to_trainer", TRAINER)
    assert REASON in to_client["text"]
    assert "le lien de votre espace est fermé" in to_client["text"]
    assert "Cette session est annulée" in text_of(anonymous.get(training.link))
    for act in ("annuler", "rouvrir", "verifier"):
        assert trainer.get(training.page + act).headers["Location"] == training.page


def test_a_draft_nobody_saw_is_cancelled_without_telling_the_client(
    app: Flask, trainer: Visitor
) -> None:
    training = a_training(app, way="self")
    trainer.submit(training.page + "annuler", {"reason": REASON})
    assert [m["letter"] for m in story.messages(app, training)] == ["cancelled_to_trainer"]


def test_messages_not_yet_sent_are_withdrawn_with_the_papers(app: Flask, trainer: Visitor) -> None:
    training = a_training(app, "sent")
    trainer.submit(training.page + "rouvrir", {"reason": REASON})
    text = section(trainer.get(training.page), "Courriels")
    assert text.count("Retiré avant son départ") == 3  # the invitation, the papers, the copy


def test_new_papers_never_leave_on_the_first_day_but_the_dates_may_be_moved(
    alone: Flask, frozen: time_machine.Traveller
) -> None:
    training = a_training(alone, "sent")
    frozen.move_to("2027-01-12 08:00:00+00:00")
    trainer = sign_in(alone, TRAINER)
    answers = {"headcount": "6", "reason": "Une personne de plus"}
    page = fill(trainer, training.step("stagiaires"), answers, button=SAVE)
    assert page.status_code == 422
    assert "La formation commence aujourd’hui ou a déjà commencé" in text_of(page)
    light = {"people-0-email": "amine@menuiserie-vasseur.example", "reason": "Adresse"}
    assert fill(trainer, training.step("stagiaires"), light, button=SAVE).status_code == 303
    later = {"days-0-date": "2027-02-02", "days-1-date": "2027-02-03", "reason": "Neige"}
    page = follow(trainer, fill(trainer, training.step("dates"), later, button=SAVE))
    assert "2 et 3 février 2027" in text_of(page)
