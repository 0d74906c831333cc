"""The client's door: one dossier, opened by its link, without an account."""

from typing import Any

from flask import Blueprint, Response, abort, flash, g, request, url_for
from flask.typing import ResponseReturnValue

from portal import clock, web, workflow
from portal.access import service as access
from portal.access.rules import Actor, Role
from portal.accounts import service as accounts
from portal.blueprints import agreement_files, calendars, checking, journey, papers, thread
from portal.blueprints.client import reading
from portal.blueprints.client import words as space_words
from portal.blueprints.dossier.acts import filing
from portal.blueprints.opened import Door
from portal.companies.rules import staff_note
from portal.effects import paper as paper_effects
from portal.emails import holding
from portal.funding import service as fundings
from portal.funding.rules import filing_deadline, opcos
from portal.training import service as trainings
from portal.training.forms import CLIENT_STEPS
from portal.training.models import TrainingSession
from portal.training.rules import Event, State
from portal.uploads.rules import Purpose

blueprint = Blueprint("client", __name__)
LAYOUT = "layouts/client.html"
TOO_LATE = (
    "Les documents sont déjà partis\u00a0: cette réponse n’a pas été changée. "
    "Pour la changer, appelez-nous."
)


@blueprint.before_request
def open_door() -> ResponseReturnValue | None:
    """Turns the cookie into the dossier it opens; without one, how to come back is said."""
    public_id = (request.view_args or {}).get("public_id", "")
    grant = access.space_of(web.space_cookie(), public_id, clock.now())
    if grant is None:
        return web.space_closed(public_id)
    training = grant.link.training
    company = training.company
    name = company.correspondent_name if company else "Client"
    g.training, g.link = training, grant.link
    g.actor = Actor(Role.CLIENT, grant.link_id, name, web.client_ip())
    return reading.check(public_id)


def current_training() -> TrainingSession:
    training: TrainingSession = g.training
    return training


def _door(training: TrainingSession) -> Door:
    pid = training.public_id
    return Door(
        layout=LAYOUT,
        steps=CLIENT_STEPS,
        other_steps=(),
        step_url=lambda slug: url_for("client.step", public_id=pid, slug=slug),
        autosave_url=lambda slug: url_for("client.autosave", public_id=pid, slug=slug),
        check_url=url_for("client.check", public_id=pid),
        home_url=url_for("client.space", public_id=pid),
        check_title="Vérifier",
        actor=web.actor(),
    )


@blueprint.get("/<public_id>/")
def space(public_id: str) -> Response:
    """What is awaited from the client first, then its papers, progress, money and contact."""
    return show_space(current_training())


def show_space(
    training: TrainingSession, status: int = 200, block: str | None = None, **extra: Any
) -> Response:
    """The space, after a message that was refused too (then with `extra` to say it)."""
    missing = set(trainings.missing_topics(training))
    awaited = [step for step in CLIENT_STEPS if missing.intersection(step.topics)]
    opco = opcos().get(training.opco_code or "")
    progress = space_words.progress(training, opco)
    context = _papers_context(training) | _messages_context(training)
    received = [row for row in training.uploads if row.purpose == Purpose.AGREEMENT]
    if block == "papers" and web.wants_fragment() and not context["preparing"]:
        status = 286
    return web.page(
        "client/space.html",
        block=block,
        status=status,
        training=training,
        opco=opco,
        deadline=filing_deadline(opco, training.first_day),
        amounts=trainings.amounts(training, accounts.organisation()),
        next_step=awaited[0] if awaited else None,
        answered=len(CLIENT_STEPS) - len(awaited),
        steps=CLIENT_STEPS,
        progress=progress,
        position=1 + next((i for i, item in enumerate(progress) if item[2] == "now"), 0),
        dates=space_words.dates(training),
        place=space_words.place(training),
        money_lines=space_words.money_lines(training, accounts.organisation()),
        remainder=space_words.remainder(training, accounts.organisation()),
        payment_days=space_words.payment_days(training, accounts.organisation()),
        kit=space_words.kit(training, accounts.organisation()),
        staff_note=staff_note,
        split=fundings.split_of(training) if training.granted_cents is not None else None,
        waiting_signature=workflow.facts_of(training).owes_undertaking,
        upload=received[-1] if received else None,
        agreements=agreement_files.listed(training),
        paper=paper_effects.waiting_scan(training),
        upload_error=None,
        readable_until=access.closing_time(g.link) if reading.is_read_only() else None,
        may_renew=workflow.address_on_file(training, g.link) is not None,
        **(context | extra),
    )


def _messages_context(training: TrainingSession) -> dict[str, Any]:
    pid = training.public_id
    return {
        "message_hint": f"{training.trainer.name} et {accounts.organisation().name} le reçoivent.",
        **thread.context(
            training,
            url_for(".write_message", public_id=pid),
            url_for(".mark_messages", public_id=pid),
            may_write=not reading.is_read_only(),
        ),
    }


def _papers_context(training: TrainingSession) -> dict[str, Any]:
    """The current papers and the addresses the list of papers needs."""
    pid = training.public_id
    is_held = holding.is_held(training.id)
    current = [paper for paper in papers.listed(training) if paper.is_current and not is_held]
    return {
        "is_held": is_held,
        "papers": current,
        "papers_title": "Vos documents",
        "preparing": papers.is_preparing(current),
        "changes": papers.changes(training),
        "to_renew": papers.overtakes_agreement(training),
        "here_url": url_for(".space", public_id=pid),
        "state_url": url_for(".papers_state", public_id=pid),
        "paper_url": lambda paper: url_for(".paper", public_id=pid, document_id=paper.id),
        "signed_url": lambda signed, name: url_for(
            ".signed_file", public_id=pid, signature_id=signed.id, name=name
        ),
        "zip_url": url_for(".papers_zip", public_id=pid),
    }


def _closed_to_writing(training: TrainingSession) -> Response | None:
    """Once sent, the answers are read in the space and changed by the trainer."""
    if training.state == State.DRAFT:
        return None
    return web.see_other(url_for(".space", public_id=training.public_id))


@blueprint.get("/<public_id>/etapes/<slug>")
def step(public_id: str, slug: str) -> Response:
    training = current_training()
    return _closed_to_writing(training) or journey.show(_door(training), training, slug)


@blueprint.post("/<public_id>/etapes/<slug>")
def save_step(public_id: str, slug: str) -> Response:
    training = current_training()
    closed = _closed_to_writing(training)
    if closed is not None:
        flash(TOO_LATE, "warn")
    return closed or journey.save(_door(training), training, slug)


@blueprint.post("/<public_id>/etapes/<slug>/brouillon")
def autosave(public_id: str, slug: str) -> Response:
    training = current_training()
    return journey.autosave(_door(training), training, slug)


@blueprint.get("/<public_id>/verifier")
def check(public_id: str) -> Response:
    training = current_training()
    return _closed_to_writing(training) or _check(training)


@blueprint.post("/<public_id>/verifier")
def submit(public_id: str) -> Response:
    """Sends the documents; a second press shows the first result."""
    training = current_training()
    thanks = url_for(".thanks", public_id=public_id)
    if training.state == State.SENT:
        return web.see_other(thanks)
    try:
        workflow.perform(Event.ISSUE_DOCUMENTS, training, web.actor())
    except workflow.Refused as refused:
        if training.state == State.SENT:
            return web.see_other(thanks)
        return _check(training, refused.sentences, 422)
    return web.see_other(thanks)


def _check(training: TrainingSession, refused: tuple[str, ...] = (), status: int = 200) -> Response:
    return checking.show(
        _door(training),
        training,
        refused=refused,
        status=status,
        asks_client=False,
        preview_url=lambda kind: url_for(".preview", public_id=training.public_id, kind=kind),
    )


@blueprint.get("/<public_id>/merci")
def thanks(public_id: str) -> Response:
    """C5: what was sent, and what to do next."""
    training = current_training()
    if training.state == State.DRAFT:
        return web.see_other(url_for(".check", public_id=public_id))
    opco = opcos().get(training.opco_code or "")
    return web.page(
        "client/thanks.html",
        training=training,
        opco=opco,
        deadline=filing_deadline(opco, training.first_day),
        **_papers_context(training),
    )


@blueprint.get("/<public_id>/documents/etat")
def papers_state(public_id: str) -> Response:
    """Polled while papers are being prepared; 286 tells HTMX to stop asking."""
    return show_space(current_training(), block="papers")


@blueprint.get("/<public_id>/documents/<int:document_id>")
def paper(public_id: str, document_id: int) -> Response:
    return papers.download(_given_training(), document_id)


@blueprint.get("/<public_id>/signatures/<int:signature_id>/<name>")
def signed_file(public_id: str, signature_id: int, name: str) -> Response:
    return papers.signed_file(current_training(), signature_id, name)


@blueprint.get("/<public_id>/documents.zip")
def papers_zip(public_id: str) -> Response:
    return papers.download_all(_given_training())


@blueprint.get("/<public_id>/agenda.ics")
def calendar(public_id: str) -> Response:
    """The half-days, for the client's own calendar."""
    return calendars.session_file(current_training(), Role.CLIENT)


def _given_training() -> TrainingSession:
    """The dossier, once its papers were read over: until then they are nobody's to download."""
    training = current_training()
    return abort(404) if holding.is_held(training.id) else training


@blueprint.get("/<public_id>/apercu/<kind>")
def preview(public_id: str, kind: str) -> Response:
    training = current_training()
    back = "check" if training.state == State.DRAFT else "space"
    return papers.preview(
        training,
        kind,
        LAYOUT,
        url_for(f".{back}", public_id=public_id),
        lambda code: url_for(".preview", public_id=public_id, kind=code),
    )


@blueprint.route("/<public_id>/depot", methods=["GET", "POST"])
def note_filing(public_id: str) -> Response:
    """« C’est fait »: the request is filed with the OPCO."""
    training = current_training()
    return filing(training, url_for(".space", public_id=public_id), LAYOUT)


@blueprint.post("/<public_id>/quitter")
def leave(public_id: str) -> Response:
    """Closes the space on this device."""
    access.close_space(web.space_cookie() or "")
    response = web.see_other(url_for("public.home"))
    web.forget_space(response)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


from portal.blueprints.client import agreement, messages, renewal  # noqa: E402, F401
