"""« Vérifier » : every answer on one page, with a way back to each, through either door."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Response

from portal import french, money, web
from portal.accounts import service as accounts
from portal.blueprints import journey, papers, summary
from portal.blueprints.opened import Door
from portal.documents.kinds import ISSUED_TOGETHER, KINDS
from portal.training import life_rules, schedule_rules
from portal.training import service as trainings
from portal.training.forms import TOPIC_LABEL
from portal.training.models import TrainingSession
from portal.training.rules import Event


def show(
    door: Door,
    training: TrainingSession,
    *,
    refused: tuple[str, ...],
    status: int,
    asks_client: bool,
    preview_url: Callable[[str], str],
) -> Response:
    """The page; what is missing heads it as links, and the button stays pressable."""
    organisation = accounts.organisation()
    missing = trainings.missing_topics(training)
    mine = {topic for step in door.steps for topic in step.topics}
    # topics still to fill in are listed apart, as links
    facts = replace(
        trainings.facts(training), missing=tuple(accounts.missing_settings(organisation))
    )
    recap = summary.recap(training)
    return web.page(
        "training/check.html",
        status=status,
        layout=door.layout,
        door=door,
        training=training,
        progress=journey.progress(door, training, "verifier"),
        missing=[topic for topic in missing if topic in mine],
        missing_url=lambda topic: topic_url(door, topic),
        awaited=[TOPIC_LABEL[topic] for topic in missing if topic not in mine],
        shown=mine,
        labels=TOPIC_LABEL,
        blockers=()
        if asks_client or refused
        else life_rules.blockers(Event.ISSUE_DOCUMENTS, facts, door.actor.role),
        refused=web.error_summary(refused),
        asks_client=asks_client,
        kinds=[KINDS[code] for code in ISSUED_TOGETHER],
        preview_url=preview_url,
        key=secrets.token_hex(8),
        recap=recap,
        since_sent=papers.since_sent(training),
        **_texts(training, recap),
    )


def topic_url(door: Door, topic: str) -> str:
    """The step of this door that asks for that topic; it comes back here once saved."""
    for step in door.steps:
        if topic in step.topics:
            return door.step_url(step.slug) + "?retour=verifier"
    return door.home_url


def _texts(training: TrainingSession, recap: dict[str, Any]) -> dict[str, str]:
    """The answers that are made of several columns, as sentences."""
    price = "À compléter"
    if recap["amounts"]:
        net, vat = recap["amounts"]["net"], recap["amounts"]["vat"]
        price = f"{money.euros(net)} {'HT' if vat else 'net de taxe'}"
        if vat:
            price += f"\n{money.euros(recap['amounts']['total'])} TTC"
        basis = schedule_rules.PRICE_BASIS_LABEL[
            schedule_rules.PriceBasis(training.price_basis or "flat")
        ]
        price += f"\n{basis}\u00a0: {money.euros(training.unit_price_cents or 0)}"
    dates = "À compléter"
    if recap["dates"]:
        days = french.count(recap["days"], "jour")
        dates = f"{recap['dates']}\n{days} · {french.duration(training.minutes or 0)}"
    places = {
        schedule_rules.PlaceMode.CLIENT: "Chez le client",
        schedule_rules.PlaceMode.REMOTE: "À distance",
        schedule_rules.PlaceMode.OTHER: "",
        None: "À compléter",
    }
    mode = schedule_rules.PlaceMode(training.place_mode) if training.place_mode else None
    place = "\n".join(part for part in (places[mode], training.place) if part)
    names = [trainee.name for trainee in training.trainees]
    unnamed = (training.headcount or 0) - len(names)
    if unnamed > 0:
        names.append(f"{french.count(unnamed, 'nom')} à venir")
    return {
        "price_text": price,
        "dates_text": dates,
        "place_text": place,
        "people_text": ", ".join(names[:12])
        + (f"… et {len(names) - 12} autres" if len(names) > 12 else ""),
        "warning": _duration_warning(training),
        "newer_text": _newer(training),
    }


def _newer(training: TrainingSession) -> str:
    """Says that the programme has changed since it was chosen; empty when it has not."""
    newer, chosen = trainings.newer_programme(training), training.programme
    if newer is None or chosen is None:
        return ""
    day = french.date_mid(newer.dated)
    return (
        f"Le programme a une version {newer.version}, du {day}. Cette session garde la version "
        f"{chosen.version} tant que vous ne choisissez pas la nouvelle."
    )


def _duration_warning(training: TrainingSession) -> str:
    """The half-days should add up to the programme's duration; the papers will say both."""
    programme = training.programme
    if programme is None or not training.minutes or training.minutes == programme.minutes:
        return ""
    return (
        f"Le programme prévoit {french.duration(programme.minutes)}, vos créneaux en totalisent "
        f"{french.duration(training.minutes)}. Les documents reprendront la durée des créneaux."
    )
