"""The client's space: one next action in each state, the papers, the deadline, the figures."""

import io
import zipfile
from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests import story
from tests.pages import Visitor, soup_of, text_of
from tests.screens import controls, fill, follow, section, text_in
from tests.story import VASSEUR, a_training

pytestmark = pytest.mark.usefixtures("frozen")
app = story.app_of_the_module()
trainer = story.trainer_of_the_module()

ClientOf = Callable[[int], Visitor]


def action(page: TestResponse) -> tuple[str, list[str]]:
    """What is awaited: the heading of the one card that asks for something, and its buttons."""
    cards = soup_of(page.text).select(".card--todo")
    assert len(cards) == 1, text_of(page)
    heading = cards[0].select_one("h2")
    return text_in(heading), [text_in(a) for a in cards[0].select(".actions a")]


def timeline(page: TestResponse) -> list[tuple[str, str]]:
    """(words, done, now or todo) of « Avancement »."""
    found = []
    for item in soup_of(page.text).select(".line-t li"):
        state = str(item["class"][0])
        found.append((text_in(item.find("b")).removesuffix(" (fait)"), state))
    return found


# --- One next action


def test_the_next_action_while_answers_are_missing(app: Flask, client_of: ClientOf) -> None:
    training = a_training(app, "shared")
    client = client_of(training.id)
    page = client.get(training.space)
    assert action(page) == ("Complétez votre demande", ["Commencer"])
    assert "Le devis, la convention et le programme apparaîtront ici dès l’envoi." in text_of(page)
    fill(client, training.client_step("entreprise"), VASSEUR)
    page = client.get(training.space)
    assert action(page) == ("Complétez votre demande", ["Continuer"])
    assert "Encore 3 étapes : vos réponses sont gardées." in text_of(page)
    fill(client, training.client_step("stagiaires"), {"headcount": "4"})
    page = client.get(training.space)
    assert "Encore 2 étapes : vos réponses sont gardées." in text_of(page)
    link = soup_of(page.text).select_one(".card--todo .actions a")
    assert link is not None
    assert link["href"] == training.client_step("financement")
    fill(client, str(link["href"]), {"funder": "unknown", "subrogation": "non"})
    assert action(client.get(training.space)) == ("Vérifiez, puis envoyez", ["Vérifier et envoyer"])


def test_the_next_action_once_papers_are_sent(app: Flask, client_of: ClientOf) -> None:
    training = a_training(app, "sent")
    client = client_of(training.id)
    page = client.get(training.space)
    assert action(page) == (
        "Déposez votre demande chez Constructys",
        ["Ouvrir eGestion", "C’est fait"],
    )
    assert timeline(page) == [
        ("Demande complétée", "done"),
        ("Documents envoyés", "done"),
        ("Demande à déposer chez Constructys", "now"),
        ("Accord de prise en charge", "todo"),
        ("Signature de la convention", "todo"),
        ("Formation", "todo"),
    ]
    assert "3 sur 6 : " in text_of(page)
    text = section(page, "Avancement")
    assert "23 novembre 2026, à helene.vasseur@menuiserie-vasseur.example" in text
    assert "12 et 13 janvier 2027" in text


def test_the_next_action_once_the_request_is_filed(app: Flask, client_of: ClientOf) -> None:
    training = a_training(app, "filed")
    page = client_of(training.id).get(training.space)
    assert action(page)[0] == "Envoyez-nous l’accord de Constructys"
    assert "Demande déposée le 23 novembre 2026, numéro CO-2026-7." in text_of(page)
    assert ("Accord de prise en charge", "now") in timeline(page)
    assert "déclaré par vous" in section(page, "Avancement")


def test_nothing_is_awaited_without_an_opco(app: Flask, client_of: ClientOf) -> None:
    training = a_training(app, "sent", funding={"funder": "none"})
    page = client_of(training.id).get(training.space)
    assert action(page) == ("Vos documents sont prêts", [])
    assert "il n’y a pas de demande à déposer" in text_of(page)
    assert "Reste à votre charge2 400,00 €" in section(page, "Financement")
    assert ("Accord de prise en charge", "todo") not in timeline(page)


def test_a_cancelled_session_closes_the_space(
    app: Flask, trainer: Visitor, client_of: ClientOf
) -> None:
    training = a_training(app, "sent")
    client = client_of(training.id)
    trainer.submit(training.page + "annuler", {"reason": "Le chantier est reporté"})
    assert client.get(training.space).status_code == 403
    assert "Cette session est annulée" in text_of(client.get(training.link))


# --- The deadline, and what to know before asking

DEADLINES = [
    ("CONSTRUCTYS", "Déposez-la avant le lundi 28 décembre 2026, sur le portail de Constructys."),
    ("AKTO", "Déposez-la avant le dimanche 13 décembre 2026, sur le portail d’AKTO."),
    (
        "ATLAS",
        "Déposez-la avant le début de la formation, sur le portail d’OPCO Atlas, qui vous dira",
    ),
    ("unknown", "Votre OPCO n’est pas encore connu : il figure sur vos courriers de formation"),
]


@pytest.mark.parametrize(("funder", "sentence"), DEADLINES)
def test_the_deadline_of_each_opco(
    app: Flask, client_of: ClientOf, trainer: Visitor, funder: str, sentence: str
) -> None:
    training = a_training(app, "sent", funding={"funder": funder})
    client = client_of(training.id)
    assert sentence in text_of(client.get(training.space))
    thanks = text_of(client.get(training.space + "merci"))
    known = funder in ("CONSTRUCTYS", "AKTO")
    assert ("délai à vérifier auprès d" in thanks) is not known
    for page in (client.get(training.space), client.get(training.space + "merci")):
        assert ("votre OPCO" in text_of(page)) is (funder == "unknown")  # known, it has a name
    page = text_of(trainer.get(training.page))
    assert ("Délai de dépôt à vérifier auprès de l’OPCO." in page) is not known
    mail = story.messages(app, training)[-2]["text"]
    assert ("délai de dépôt est à vérifier" in mail) is not known


def test_a_company_of_fifty_is_told_before_it_asks(app: Flask, client_of: ClientOf) -> None:
    note = "sont réservés aux entreprises de moins de 50 salariés (article L6332-1-3"
    large = a_training(app, "sent", company={"staff_count": "50"})
    small = a_training(app, "sent", company={"staff_count": "49"})
    assert note in text_of(client_of(large.id).get(large.space))
    assert note not in text_of(client_of(small.id).get(small.space))
    draft = a_training(app, "shared")
    client = client_of(draft.id)
    page = fill(client, draft.client_step("entreprise"), VASSEUR | {"staff_count": "50"})
    assert page.status_code == 303
    assert note in text_of(client.get(draft.client_step("entreprise")))


def test_figures_to_copy_into_the_opco_s_form(app: Flask, client_of: ClientOf) -> None:
    training = a_training(app, "sent")
    page = client_of(training.id).get(training.space)
    pairs = {text_in(div.dt): text_in(div.dd) for div in soup_of(page.text).select(".kv--cols div")}
    assert pairs == {
        "Organisme": "Rivage Formation",
        "SIRET de l’organisme": "901 447 821 00017",
        "Déclaration d’activité": "27 21 04321 77",
        "Intitulé": "Lecture de plans et métrés",
        "Dates": "12 et 13 janvier 2027",
        "Durée": "14,00 heures par stagiaire",
        "Effectif": "5 stagiaires",
        "Lieu": "14 rue des Forges, 21200 Beaune",
        "Coût pédagogique HT": "2 400,00 €",
    }
    assert "Constructys règle directement Rivage Formation" in text_of(page)


# --- « C’est fait »


def test_the_client_notes_the_day_it_filed(
    app: Flask, trainer: Visitor, client_of: ClientOf
) -> None:
    training = a_training(app, "sent")
    client = client_of(training.id)
    page = client.get(training.space + "depot")
    assert controls(page, "contenu")["filed_on"] == "2026-11-23"
    refused = client.submit(page, {"filed_on": "2026-11-24"})
    assert refused.status_code == 422
    assert "La date de dépôt ne peut pas être dans l’avenir" in text_of(refused)
    assert controls(refused, "contenu")["filed_on"] == "2026-11-24"
    assert "Indiquez la date du dépôt" in text_of(client.submit(page, {"filed_on": ""}))

    answer = client.submit(refused, {"filed_on": "20/11/2026", "number": "CO-2026-118"})
    page = follow(client, answer)
    assert "C’est noté : la demande est déposée." in text_of(page)
    assert "Demande déposée le 20 novembre 2026, numéro CO-2026-118." in text_of(page)
    text = text_of(trainer.get(training.page))
    assert "L’accord de Constructys est attendu" in text
    assert "Demande déposée il y a 3 jours" in text
    correct = soup_of(client.get(training.space).text).select_one('a[href$="/depot"]')
    assert correct is not None
    again = client.submit(str(correct["href"]), {"number": "CO-2026-119"})
    assert "numéro CO-2026-119" in text_of(follow(client, again))


# --- Papers


def test_one_by_one_or_all_together(app: Flask, client_of: ClientOf) -> None:
    training = a_training(app, "sent")
    client = client_of(training.id)
    assert client.get(training.space + "documents.zip").status_code == 404  # not made yet
    story.made(app, training)
    page = client.get(training.space)
    files = {}
    for link in soup_of(page.text).select("#documents a.btn"):
        answer = client.get(str(link["href"]))
        assert answer.mimetype == "application/pdf"
        assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
        files[answer.headers["Content-Disposition"].split("filename=")[1]] = answer.data
    number = training.ref.removeprefix("S-")
    names = [f"Devis-D-{number}.pdf", f"Convention-C-{number}.pdf", f"Programme-P-{number}.pdf"]
    assert list(files) == names
    archive = client.get(training.space + "documents.zip")
    assert f"Documents-{training.ref}.zip" in archive.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(archive.data)) as opened:
        assert {name: opened.read(name) for name in opened.namelist()} == files


def test_papers_of_another_dossier_do_not_exist(app: Flask, client_of: ClientOf) -> None:
    mine, other = a_training(app, "sent"), a_training(app, "sent")
    for training in (mine, other):
        story.made(app, training)
    client, stranger = client_of(mine.id), client_of(other.id)
    for visitor, training in ((client, mine), (stranger, other)):
        links = soup_of(visitor.get(training.space).text).select("#documents a.btn")
        assert len(links) == 3
        for link in links:
            path = str(link["href"]).replace(training.space, mine.space)
            assert client.get(path).status_code == (200 if training is mine else 404)
    assert client.get(other.space).status_code == 403


def test_once_sent_answers_are_read_not_written(app: Flask, client_of: ClientOf) -> None:
    training = a_training(app, "sent")
    client = client_of(training.id)
    for url in (training.client_step("entreprise"), training.space + "verifier"):
        assert client.get(url).headers["Location"] == training.space
    preview = client.get(training.space + "apercu/convention")
    assert "Convention de formation professionnelle" in text_of(preview)
    assert "Menuiserie Vasseur" in text_of(preview)


def test_the_preview_waits_for_answers(app: Flask, client_of: ClientOf) -> None:
    training = a_training(app, "shared")
    page = client_of(training.id).get(training.space + "apercu/devis")
    assert "L’aperçu attend des réponses" in text_of(page)
