"""Reading one session: its page, its papers, its preview."""

import secrets
from typing import Any

from flask import Response, abort, url_for

from portal import clock, correspondence, web, workflow
from portal.access import service as access
from portal.access.rules import Role, Scope
from portal.accounts import service as accounts
from portal.blueprints import agreement_files, calendars, mails, papers, summary, thread
from portal.blueprints.dossier import blueprint
from portal.documents import coherence, overtaken
from portal.effects.paper import waiting_scan
from portal.emails import reading as emails
from portal.emails.reading import Line
from portal.fields import EmailField, Required
from portal.funding import service as fundings
from portal.journal import reading as journal
from portal.training import awaited, listing
from portal.training import service as trainings
from portal.training.forms import TOPIC_LABEL, TRAINER_STEPS
from portal.training.labels import label
from portal.training.models import TrainingSession
from portal.training.rules import Event, State
from portal.web import PortalForm


class SendForm(PortalForm):
    """Where the link goes."""

    email = EmailField(
        "Adresse e-mail du client",
        validators=[Required("Indiquez l’adresse à laquelle envoyer le lien")],
        render_kw={"autocomplete": "off"},
    )


def training_of(ref: str) -> TrainingSession:
    """The session, if the person at the door may see it; a stranger's does not exist."""
    training = trainings.by_ref(ref)
    actor = web.actor()
    if training is None or (actor.role is Role.TRAINER and training.trainer_id != actor.id):
        abort(404)
    return training


@blueprint.get("/<ref>/")
def page(ref: str) -> Response:
    """Where the session stands, what is awaited, its papers, its link, its messages."""
    return show_page(training_of(ref))


@blueprint.get("/<ref>/agenda.ics")
def calendar(ref: str) -> Response:
    """The half-days, for the person's own calendar."""
    return calendars.session_file(training_of(ref), web.actor().role)


def show_page(
    training: TrainingSession, status: int = 200, block: str | None = None, **extra: Any
) -> Response:
    """The page of a session, after a refusal or a fault too (then with `extra` to say it)."""
    role = web.actor().role
    situation = listing.situation_of(training)
    missing = trainings.missing_topics(training)
    is_office = role is Role.OFFICE
    lines = emails.of_training(training.id)
    context = {
        "training": training,
        "role": role,
        "door": {"actor": web.actor()},
        "home": "office.dashboard" if is_office else "trainer.dashboard",
        "home_title": "Dossiers" if is_office else "Mes sessions",
        "label": label(role, situation),
        "recap": summary.recap(training),
        "missing": missing,
        "missing_labels": [TOPIC_LABEL[topic] for topic in missing],
        "steps": TRAINER_STEPS,
        "mails": mails.with_urls(lines),
        "entries": journal.of_training(training.id),
        "split": fundings.split_of(training) if training.granted_cents is not None else None,
        "agreement": fundings.latest(training),
        "agreements": agreement_files.listed(training),
        "start_blockers": workflow.blockers(Event.START, training, Role.TRAINER),
        "owes": workflow.facts_of(training).owes_undertaking,
        "upload_error": None,
        "may": lambda event: workflow.may(Event(event), training, role),
        "refused": [],
        "differences": coherence.of_training(training),
        "overtaken": overtaken.since_issued(training, accounts.organisation()),
        "reminders": correspondence.reminders_of(training),
        "message_hint": "Le client et les personnes de l’organisme le lisent, ici et par e-mail.",
        **thread.context(
            training,
            url_for(".write_message", ref=training.ref),
            url_for(".mark_messages", ref=training.ref),
        ),
        "key": secrets.token_hex(16),
        **_signature_context(training),
        **_papers_context(training, lines),
        **_link_context(training),
    }
    if block == "papers" and web.wants_fragment() and not context["preparing"]:
        status = 286
    return web.page("training/page.html", block=block, status=status, **(context | extra))


def _signature_context(training: TrainingSession) -> dict[str, Any]:
    """What is awaited of the signatory: nothing, once signed or when nothing is owed."""
    facts = workflow.facts_of(training)
    owes_nothing = training.state == State.FUNDED and not facts.owes_undertaking
    closed = workflow.blockers(Event.SEND_SIGN_LINK, training, Role.OFFICE)
    awaited = not owes_nothing and not closed
    return {
        "awaits_signature": awaited,
        "sign_link": access.open_link(training, clock.now(), Scope.SIGN),
        "scan": waiting_scan(training) if awaited else None,
    }


def _papers_context(training: TrainingSession, lines: list[Line]) -> dict[str, Any]:
    """The papers, and the addresses the list of papers needs."""
    ref, listed = training.ref, papers.listed(training)
    return {
        "papers": listed,
        "papers_title": "Documents",
        "changes": papers.changes(training),
        "to_renew": papers.overtakes_agreement(training),
        "preparing": papers.is_preparing(listed) or any(line.is_leaving for line in lines),
        "here_url": url_for(".page", ref=ref),
        "state_url": url_for(".papers_state", ref=ref),
        "paper_url": lambda paper: url_for(".paper", ref=ref, document_id=paper.id),
        "signed_url": lambda signed, name: url_for(
            ".signed_file", ref=ref, signature_id=signed.id, name=name
        ),
        "zip_url": url_for(".papers_zip", ref=ref),
    }


def _link_context(training: TrainingSession) -> dict[str, Any]:
    link = access.open_link(training, clock.now())
    form = SendForm(formdata=None)
    if link:
        form.email.data = workflow.address_on_file(training, link)
    invitation = awaited.invitations([training.id]).get(training.id)
    return {
        "link": link,
        "link_url": access.url_of(link) if link else None,
        "address_on_file": workflow.address_on_file(training, link) if link else None,
        "send_form": form,
        "send_summary": [],
        # then a reminder is one of « Relances », which counts them
        "was_written": training.state != State.DRAFT or invitation is not None,
        "invitation": invitation,
    }


@blueprint.get("/<ref>/documents/etat")
def papers_state(ref: str) -> Response:
    """Polled while papers and messages leave; 286 tells HTMX to stop asking."""
    return show_page(training_of(ref), block="papers")


@blueprint.get("/<ref>/documents/<int:document_id>")
def paper(ref: str, document_id: int) -> Response:
    return papers.download(training_of(ref), document_id)


@blueprint.get("/<ref>/signatures/<int:signature_id>/<name>")
def signed_file(ref: str, signature_id: int, name: str) -> Response:
    return papers.signed_file(training_of(ref), signature_id, name)


@blueprint.get("/<ref>/documents.zip")
def papers_zip(ref: str) -> Response:
    return papers.download_all(training_of(ref))


@blueprint.get("/<ref>/apercu/<kind>")
def preview(ref: str, kind: str) -> Response:
    """The paper as it would leave now, as readable HTML."""
    training = training_of(ref)
    back = (
        url_for(".check", ref=ref) if training.state == State.DRAFT else url_for(".page", ref=ref)
    )
    return papers.preview(
        training, kind, "layouts/pro.html", back, lambda k: url_for(".preview", ref=ref, kind=k)
    )
