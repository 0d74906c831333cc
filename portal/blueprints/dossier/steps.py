"""The staff's side of the multi-step form, and its last page."""

from flask import Response, request, url_for

from portal import web, workflow
from portal.blueprints import checking, journey
from portal.blueprints.dossier import blueprint
from portal.blueprints.dossier.pages import training_of
from portal.blueprints.opened import Door
from portal.training import service as trainings
from portal.training.forms import TRAINER_STEPS
from portal.training.models import TrainingSession
from portal.training.rules import Event, State, Way


def awaits_client(training: TrainingSession) -> bool:
    """Whether the client has still to answer by its link; once whole, anybody may send."""
    return (
        training.way == Way.LINK
        and training.state == State.DRAFT
        and bool(trainings.missing_topics(training))
    )


def door_of(training: TrainingSession) -> Door:
    """A client who fills its own part in is not asked for twice: its steps are left out."""
    by_link = awaits_client(training)
    return Door(
        layout="layouts/pro.html",
        steps=[step for step in TRAINER_STEPS if step.in_link_way or not by_link],
        other_steps=[step for step in TRAINER_STEPS if by_link and not step.in_link_way],
        step_url=lambda slug: url_for(".step", ref=training.ref, slug=slug),
        autosave_url=lambda slug: url_for(".autosave", ref=training.ref, slug=slug),
        check_url=url_for(".check", ref=training.ref),
        home_url=url_for(".page", ref=training.ref),
        check_title="Vérifier et créer le lien" if by_link else "Vérifier et envoyer",
        actor=web.actor(),
    )


@blueprint.get("/<ref>/etapes/<slug>")
def step(ref: str, slug: str) -> Response:
    training = training_of(ref)
    return journey.show(door_of(training), training, slug)


@blueprint.post("/<ref>/etapes/<slug>")
def save_step(ref: str, slug: str) -> Response:
    training = training_of(ref)
    return journey.save(door_of(training), training, slug)


@blueprint.post("/<ref>/etapes/<slug>/brouillon")
def autosave(ref: str, slug: str) -> Response:
    training = training_of(ref)
    return journey.autosave(door_of(training), training, slug)


@blueprint.get("/<ref>/reprendre")
def resume(ref: str) -> Response:
    """Where a draft was left: its first step still to fill in, else the check page."""
    training = training_of(ref)
    if training.state != State.DRAFT:
        return web.see_other(url_for(".page", ref=ref))
    missing = set(trainings.missing_topics(training))
    for step in door_of(training).steps:
        if missing.intersection(step.topics):
            return web.see_other(url_for(".step", ref=ref, slug=step.slug))
    return web.see_other(url_for(".check", ref=ref))


@blueprint.get("/<ref>/verifier")
def check(ref: str) -> Response:
    """Everything answered, line by line, before it leaves."""
    training = training_of(ref)
    if training.state != State.DRAFT:
        return web.see_other(url_for(".page", ref=ref))
    return _check(training)


@blueprint.post("/<ref>/verifier")
def submit(ref: str) -> Response:
    """Sends the documents, or makes the client's link; a second press shows the first result."""
    training = training_of(ref)
    if training.state == State.SENT:
        return web.see_other(url_for(".page", ref=ref))
    is_link = request.form.get("action") == "lien"
    event = Event.SHARE_LINK if is_link else Event.ISSUE_DOCUMENTS
    try:
        workflow.perform(event, training, web.actor(), key=request.form.get("key"))
    except workflow.Refused as refused:
        training = training_of(ref)
        if training.state == State.SENT:
            return web.see_other(url_for(".page", ref=ref))
        return _check(training, refused.sentences, 422)
    return web.see_other(url_for(".page", ref=ref))


def _check(training: TrainingSession, refused: tuple[str, ...] = (), status: int = 200) -> Response:
    return checking.show(
        door_of(training),
        training,
        refused=refused,
        status=status,
        asks_client=awaits_client(training),
        preview_url=lambda kind: url_for(".preview", ref=training.ref, kind=kind),
    )
