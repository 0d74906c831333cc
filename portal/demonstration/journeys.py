"""The sessions of the demonstration: one in every state the workflow reaches today.

Amounts are those of the worked examples: all of these sessions are net of VAT, because the
organisation is exempt.
"""

from collections.abc import Mapping

from portal import clock, french, money
from portal.accounts.models import User
from portal.demonstration import acts, stories
from portal.demonstration.acts import Story, programme, two_days
from portal.reminders.rules import Kind
from portal.training.rules import Way

FULL_BUDGET = "Budget annuel de l’entreprise épuisé"
HEADCOUNT = {"needs_adaptation": "non"}


def told(claire: User, malik: User, office: User) -> list[Story]:
    """Every story, from today: its days move with the day it is loaded."""
    clients = stories.clients()
    return [
        _sent_by_the_client(Story("vasseur", claire, office, stories.VASSEUR)),
        _shared(Story("partagee", claire, office, {})),
        _begun(Story("brouillon", claire, office, stories.BEGUN)),
        _filed(Story("deposee", malik, office, stories.NORDLYS)),
        _received_in_full(Story("accord", claire, office, clients["fournil"])),
        _received_late(Story("accord-proche", malik, office, clients["rivieres"])),
        _to_sign(Story("a-signer", malik, office, stories.NORDLYS, is_current=True)),
        _ready(Story("prete", claire, office, stories.VASSEUR, is_current=True)),
        _signed_early(Story("signee-tot", malik, office, clients["rempart"], is_current=True)),
        _refused(Story("refusee", malik, office, clients["vallon"])),
        _running(Story("en-cours", claire, office, clients["fonderie"])),
        _cancelled(Story("annulee", claire, office, clients["prairie"], is_current=True)),
    ]


# --- Before the documents


def _shared(story: Story) -> Story:
    """Programme and dates are set; the client has its link and has not answered yet."""
    story.on((5, "09:40"), acts.create, way=Way.LINK, email=stories.WAITED_FOR)
    story.on((5, "09:46"), acts.fill, programme=programme("EPE-14"), schedule=two_days(44))
    story.on((5, "09:48"), acts.share)
    story.on((2, "09:05"), acts.remind, kind=Kind.ANSWERS)
    return story


def _begun(story: Story) -> Story:
    """A draft left in the middle, with a SIRET that lacks a figure: nothing typed is lost."""
    story.on((2, "17:31"), acts.create, way=Way.SELF)
    story.on((2, "17:38"), acts.fill, company=stories.BEGUN, programme=programme("PPP-14"))
    return story


def _cancelled(story: Story) -> Story:
    """Called off before its documents left: the link is closed, the message has gone."""
    to = story.client["signatory_email"]
    story.on((20, "14:05"), acts.create, way=Way.LINK, email=to)
    story.on(
        (20, "14:09"), acts.fill, company=story.client, programme=programme("EPE-14"),
        schedule=two_days(16),
    )  # fmt: skip
    story.on((20, "14:10"), acts.share)
    story.on((6, "11:20"), acts.cancel, reason="La récolte est avancée, l’équipe est retenue")
    return story


# --- The request with the OPCO


def _sent_by_the_client(story: Story) -> Story:
    """The whole first half: link, client's answers, the three documents; nothing filed yet."""
    _by_link(story, 9, programme("LPM-14"), two_days(34))
    _answered(story, 7, "CONSTRUCTYS", stories.people(stories.VASSEUR_TEAM))
    story.on((6, "11:20"), acts.write, text=stories.ADVICE)
    story.on((6, "16:05"), acts.write, text=stories.QUESTION, by_client=True)
    story.on((3, "09:05"), acts.remind, kind=Kind.FILING)
    return story


def _filed(story: Story) -> Story:
    """Filled in by the trainer; the client noted the day it asked its OPCO. Example (d)."""
    people = {"headcount": "8", "needs_adaptation": "oui"}
    _by_trainer(story, 12, "ATLAS", programme("PPP-14"), two_days(39), people, "non")
    story.on((8, "16:12"), acts.note_filing, number="ATL-2026-55172")
    return story


def _signed_early(story: Story) -> Story:
    """An OPCO that wants the convention signed with the request: signed, then filed."""
    people = {"headcount": "8", "needs_adaptation": "non"}
    priced = programme("EPE-14", "flat", "1 200,00")
    _by_trainer(story, 10, "AKTO", priced, two_days(46), people, "oui")
    story.on((9, "09:15"), acts.ask_signature)
    story.on((9, "15:42"), acts.sign)
    story.on((8, "10:30"), acts.note_filing, number="AK-88-301274")
    return story


# --- The funder's answer


def _received_in_full(story: Story) -> Story:
    """Example (a): 4 trainees, 56 hours at 50,00 €, everything is granted."""
    _by_link(story, 25, programme("EPE-14", "hour_trainee", "50,00"), two_days(21))
    _answered(story, 23, "OPCOEP", stories.people(stories.TEAMS["fournil"]))
    story.on((22, "11:08"), acts.note_filing, number="EP-2026-104233")
    lines = _letter(story, "OPCO EP", "EP-2026-104233", 280_000, 280_000, "14 heures, 4 stagiaires")
    story.on((4, "08:52"), acts.receive, lines=lines, name="accord-EP-2026-104233.pdf")
    return story


def _received_late(story: Story) -> Story:
    """Example (e), from a client that does not recover VAT; the first day comes near."""
    people = HEADCOUNT | {"headcount": "6"}
    priced = programme("PPP-14", "flat", "1 890,00")
    _by_trainer(story, 34, "UNIFORMATION", priced, two_days(9), people, "oui")
    story.on((33, "14:20"), acts.note_filing, number="UNI-26-7740")
    lines = _letter(story, "Uniformation", "UNI-26-7740", 189_000, 189_000, "14 h, 6 stagiaires")
    story.on((1, "17:03"), acts.receive, lines=lines)
    return story


def _to_sign(story: Story) -> Story:
    """Example (b), net of VAT: 5 040,00 €, 3 780,00 € granted, 1 260,00 € left to sign for."""
    people = HEADCOUNT | {"headcount": "6"}
    priced = programme("PPP-14", "hour_trainee", "60,00")
    _by_trainer(story, 24, "ATLAS", priced, two_days(17), people, "oui")
    story.on((23, "09:30"), acts.note_filing, number="ATL-2026-51908")
    lines = _letter(story, "OPCO Atlas", "ATL-2026-51908", 504_000, 378_000, "84 heures-stagiaires")
    story.on((5, "10:44"), acts.receive, lines=lines)
    story.on(
        (3, "11:02"), acts.validate, granted_cents=378_000, subrogation=True,
        number="ATL-2026-51908",
    )  # fmt: skip
    story.on((1, "09:05"), acts.remind, kind=Kind.SIGNATURE)
    return story


def _refused(story: Story) -> Story:
    """Example (c): 1 500,00 € and a refusal; the client chooses what comes next."""
    _by_link(story, 26, programme("PPP-14", "flat", "1 500,00"), two_days(15))
    _answered(story, 25, "MOBILITES", stories.people(stories.TEAMS["vallon"]))
    story.on((25, "16:40"), acts.note_filing, number="MOB-26-20418")
    story.on((2, "09:12"), acts.refuse, reason=FULL_BUDGET)
    return story


# --- From the signature to the first day


def _ready(story: Story) -> Story:
    """1 600,00 € out of 2 400,00 €: convention and undertaking are signed, the day is awaited."""
    _by_link(story, 29, programme("LPM-14"), two_days(4))
    _answered(story, 28, "CONSTRUCTYS", stories.people(stories.VASSEUR_TEAM))
    story.on((28, "15:25"), acts.note_filing, number="26-118204")
    lines = _letter(story, "Constructys", "26-118204", 240_000, 160_000, "14 heures, 5 stagiaires")
    story.on((8, "13:50"), acts.receive, lines=lines)
    story.on(
        (7, "09:21"), acts.validate, granted_cents=160_000, subrogation=True, number="26-118204"
    )
    story.on((6, "18:14"), acts.sign)
    return story


def _running(story: Story) -> Story:
    """Everything is granted; it began on the last working day."""
    people = HEADCOUNT | {"headcount": "7"}
    _by_trainer(story, 46, "OPCO2I", programme("LPM-14"), two_days(-1), people, "oui")
    story.on((45, "10:05"), acts.note_filing, number="2I-2026-63310")
    lines = _letter(story, "OPCO 2i", "2I-2026-63310", 240_000, 240_000, "14 heures, 7 stagiaires")
    story.on((15, "09:58"), acts.receive, lines=lines)
    story.on(
        (13, "14:36"), acts.validate, granted_cents=240_000, subrogation=True,
        number="2I-2026-63310",
    )  # fmt: skip
    story.on((1, "08:50"), acts.start)
    return story


# --- What they share


def _by_link(
    story: Story, ago: int, chosen: Mapping[str, str], schedule: Mapping[str, str]
) -> None:
    to = story.client["signatory_email"]
    story.on((ago, "10:02"), acts.create, way=Way.LINK, email=to)
    story.on((ago, "10:09"), acts.fill, programme=chosen, schedule=schedule)
    story.on((ago, "10:11"), acts.share)


def _answered(story: Story, ago: int, opco: str, trainees: Mapping[str, str]) -> None:
    """The client fills its part in and sends the documents."""
    funding = {"funder": opco, "subrogation": "oui"}
    answers = {"company": story.client, "trainees": trainees, "funding": funding}
    story.on((ago, "14:31"), acts.fill, by_client=True, **answers)
    story.on((ago, "14:37"), acts.issue, by_client=True)


def _by_trainer(
    story: Story,
    ago: int,
    opco: str,
    chosen: Mapping[str, str],
    schedule: Mapping[str, str],
    trainees: Mapping[str, str],
    subrogation: str,
) -> None:
    """The trainer fills everything in, and sends the documents the same day."""
    answers = {
        "company": story.client,
        "funding": {"funder": opco, "subrogation": subrogation},
        "programme": chosen,
        "schedule": schedule,
        "trainees": trainees,
    }
    story.on((ago, "09:05"), acts.create, way=Way.SELF)
    story.on((ago, "09:32"), acts.fill, **answers)
    story.on((ago, "09:36"), acts.issue)


def _letter(
    story: Story, funder: str, number: str, asked_cents: int, granted_cents: int, volume: str
) -> list[str]:
    """What the funder writes: who, what is asked, what is granted, who is paid."""
    return [
        funder,
        f"Accord de prise en charge n° {number}",
        f"Entreprise : {story.client['legal_name']}, SIRET {story.client['siret']}",
        "Organisme : Rivage Formation, NDA 27 21 04321 77",
        f"Durée : {volume}",
        f"Coût pédagogique demandé : {money.euros(asked_cents)}",
        f"Montant accordé : {money.euros(granted_cents)} HT",
        "Subrogation : oui, paiement à l’organisme de formation",
        f"Lettre établie en {french.MONTHS[clock.today().month - 1]}, exemple fictif",
    ]
