"""The multi-step form, walked through two doors: the trainer's (or office's) and the client's."""

import secrets
from collections.abc import Sequence
from typing import Any

from flask import Response, abort, flash, request

from portal import web, workflow
from portal.access.rules import Role
from portal.blueprints import editing, lookup, summary
from portal.blueprints.opened import Door, Opened
from portal.companies.rules import staff_note
from portal.training import answers as raw_answers
from portal.training import schedule_rules
from portal.training import service as trainings
from portal.training.answers import Raw
from portal.training.forms import FORMS, Step
from portal.training.life_rules import ASK_REASON
from portal.training.models import TopicAnswers, TrainingSession
from portal.training.rules import Event, State
from portal.training.service import StaleTopic
from portal.web import Fault


def show(door: Door, training: TrainingSession, slug: str) -> Response:
    """The step with what was last typed in it, or what was held back for this page."""
    step = door.step(slug)
    held = web.held_values()
    raws: dict[str, Raw | None] = {}
    versions: dict[str, int] = {}
    latest: TopicAnswers | None = None
    tried = held is not None
    for topic in step.topics:
        stored = trainings.answers_of(training, topic)
        versions[topic] = stored.version if stored else 0
        if held is not None:
            # as that page was opened: what somebody saved since is still a conflict
            versions[topic] = held.get(f"version-{topic}", 0, type=int)
            raws[topic] = raw_answers.keep(FORMS[topic], held.items(multi=True))
        elif stored is not None:
            raws[topic] = stored.raw
            tried = tried or (stored.edit_id.endswith(trainings.SUBMITTED) and not stored.is_valid)
            latest = stored if latest is None or stored.saved_at > latest.saved_at else latest
        else:
            raws[topic] = trainings.first_answers(training, topic)
    edit_id = (held.get("edit_id", "") if held is not None else "")[:32] or secrets.token_hex(8)
    opened = Opened(training, step, edit_id, raws, versions, latest)
    lookup.propose(opened)
    return _answer(door, opened, validate=tried)


def save(door: Door, training: TrainingSession, slug: str) -> Response:
    """Carries out the pressed button: continue, save for later, or change a list."""
    opened = _posted(training, door.step(slug))
    action = request.form.get("action", "")
    if action not in ("", "plus-tard"):
        return _edit(door, opened, action)
    if not action and lookup.is_awaited(opened):
        return _edit(door, opened, "chercher-entreprise")
    lookup.complete(opened)
    amending = training.state != State.DRAFT
    forms = opened.forms()
    faulty = [form for form in forms.values() if not form.validate()]  # each one, to the last
    valid = not faulty
    try:
        if amending:
            if not valid:
                return _answer(door, opened, validate=True, status=422)
            changed, papers = _perform(door, opened, Event.AMEND, reason=opened.reason)
            flash(editing.amended(changed, papers), "ok")
            return web.see_other(door.home_url)
        _perform(door, opened, Event.SAVE_TOPIC, journaled=valid)
    except workflow.Refused as refused:
        opened.refused = refused.sentences
        return _answer(door, opened, validate=True, status=422)
    except StaleTopic as stale:
        return _conflict(door, opened, stale)
    if action == "plus-tard":
        return web.see_other(door.home_url)
    if not valid and not lookup.may_wait(opened, forms):
        return _reopened(door, opened)
    if request.args.get("retour") == "verifier":
        return web.see_other(door.check_url)
    return web.see_other(door.url_after(slug))


def autosave(door: Door, training: TrainingSession, slug: str) -> Response:
    """Keeps the draft as it is being typed; never shows a fault, nor overwrites another's."""
    opened = _posted(training, door.step(slug))
    try:
        saved = _perform(door, opened, Event.SAVE_TOPIC, final=False, journaled=False)
    except workflow.Refused as refused:
        opened.refused = refused.sentences
        return _answer(door, opened, blocks=("saved",), status=409)
    except StaleTopic as stale:
        if stale.stored.edit_id.removesuffix(trainings.SUBMITTED) == opened.edit_id:
            return Response(status=204)  # this page was submitted meanwhile: nothing to keep
        if not web.wants_fragment():
            return _conflict(door, opened, stale)
        opened.saved = stale.stored
        opened.is_overtaken = True
        return _answer(door, opened, blocks=("saved",), status=409)
    opened.versions = {answers.topic: answers.version for answers in saved}
    opened.saved = saved[-1]
    return _answer(door, opened, blocks=("saved", "recap"))


def _posted(training: TrainingSession, step: Step) -> Opened:
    pairs = list(request.form.items(multi=True))
    return Opened(
        training=training,
        step=step,
        edit_id=request.form.get("edit_id", "")[:32] or secrets.token_hex(8),
        raws={topic: raw_answers.keep(FORMS[topic], pairs) for topic in step.topics},
        versions={
            topic: request.form.get(f"version-{topic}", 0, type=int) for topic in step.topics
        },
        reason=request.form.get("reason", "").strip()[:500],
    )


def _perform(door: Door, opened: Opened, event: Event, final: bool = True, **data: Any) -> Any:
    topics = [
        (topic, raw or {}, {"version": opened.versions[topic], "edit_id": opened.edit_id,
                            "final": final})
        for topic, raw in opened.raws.items()
    ]  # fmt: skip
    return workflow.perform(event, opened.training, door.actor, topics=topics, **data)


def _edit(door: Door, opened: Opened, action: str) -> Response:
    """Changes a list (days, people) or takes a past client: everything is kept as typed."""
    verb, _, index = action.rpartition("-")
    topic, edit = editing.EDITS.get(action) or editing.EDITS.get(verb) or ("", None)
    if edit is None or topic not in opened.raws:
        abort(400)
    if edit is editing.take_past_client and not editing.past_clients(door, opened):
        abort(400)  # a client never reads what another one answered
    edit(opened, index)
    try:
        finding = opened.look.finding if opened.look else None
        saved = _perform(
            door, opened, Event.SAVE_TOPIC, final=False, journaled=False, finding=finding
        )
        opened.versions = {answers.topic: answers.version for answers in saved}
        opened.saved = saved[-1]
    except workflow.Refused:
        if opened.training.state == State.DRAFT:
            raise
        # an amendment is saved whole, with its reason: lists only change on the page
    except StaleTopic as stale:
        return _conflict(door, opened, stale)
    first = ("identity", "funder", "said") if opened.look else ("questions",)
    return _answer(door, opened, blocks=(*first, "saved", "recap"))


def _conflict(door: Door, opened: Opened, stale: StaleTopic) -> Response:
    """409: both values side by side; keeping one's own is one more press, with the new version."""
    form = opened.forms()[stale.topic]
    opened.conflicts = raw_answers.differences(
        form, opened.raws[stale.topic] or {}, stale.stored.raw
    )
    opened.saved = stale.stored
    opened.versions[stale.topic] = stale.stored.version
    return _answer(door, opened, status=409, blocks=("questions", "saved"))


def _reopened(door: Door, opened: Opened) -> Response:
    """The same step with its faults: kept as typed, with the versions just saved."""
    for topic in opened.versions:
        stored = trainings.answers_of(opened.training, topic)
        opened.versions[topic] = stored.version if stored else 0
        opened.saved = stored
    opened.edit_id = secrets.token_hex(8)
    return _answer(door, opened, validate=True, status=422)


def _answer(
    door: Door,
    opened: Opened,
    validate: bool = False,
    status: int = 200,
    blocks: Sequence[str] = (),
) -> Response:
    forms = opened.forms(validate=validate)
    errors = [e for form in forms.values() for e in web.error_summary(form)] if validate else []
    return web.page(
        "training/step.html",
        block=blocks,
        status=status,
        layout=door.layout,
        door=door,
        training=opened.training,
        step=opened.step,
        progress=progress(door, opened.training, opened.step.slug),
        forms=forms,
        opened=opened,
        refused=[Fault("reason" if s == ASK_REASON else "", s) for s in opened.refused],
        asked_reason=ASK_REASON if ASK_REASON in opened.refused else "",
        errors=errors,
        bad_lines=opened.bad_lines,
        amending=opened.training.state != State.DRAFT,
        amendments=editing.amendments(opened) if opened.training.state != State.DRAFT else (),
        past_clients=editing.past_clients(door, opened),
        back_title="Mon espace" if door.actor.role is Role.CLIENT else "La session",
        **summary.catalogue(opened.training, is_asked="programme" in forms),
        basis_label=schedule_rules.PRICE_BASIS_LABEL,
        found=lookup.context(opened),
        staff_note=staff_note,
        typed_duration=summary.typed_duration,
        recap=summary.recap(opened.training),
        oob=web.wants_fragment(),
        from_check=request.args.get("retour") == "verifier",
    )


def progress(door: Door, training: TrainingSession, slug: str) -> list[tuple[str, str, str]]:
    """The steps as the stepper shows them: title, URL, and done, now or todo."""
    missing = set(trainings.missing_topics(training))
    found = [
        (step.title, door.step_url(step.slug), _mark(step, slug, missing)) for step in door.steps
    ]
    found.append((door.check_title, door.check_url, "now" if slug == "verifier" else "todo"))
    return found


def _mark(step: Step, slug: str, missing: set[str]) -> str:
    if step.slug == slug:
        return "now"
    return "todo" if missing.intersection(step.topics) else "done"
