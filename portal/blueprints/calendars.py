"""Half-days as calendar files: one session's, and a trainer's by a secret address."""

from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, flash, request, url_for
from flask_login import current_user

from portal import clock, feeds, icalendar, web
from portal.access import feeds as access
from portal.access import tries
from portal.access.models import CalendarFeed
from portal.access.rules import Role
from portal.extensions import note, settings
from portal.icalendar import Event
from portal.training import agenda
from portal.training.models import TrainingSession

own = Blueprint("agenda", __name__, url_prefix="/agenda")  # at the trainer's door
shared = Blueprint("agenda", __name__, url_prefix="/agenda")  # for calendar programs

MISSES_PER_HOUR, HOUR = 30, 3_600


def session_file(training: TrainingSession, role: Role) -> Response:
    """The half-days of one session; 404 while it has no date."""
    events = agenda.events_of(training, role, _host())
    if not events:
        abort(404)
    return _file(training.title, events, f"{training.ref}.ics")


def _host() -> str:
    return urlsplit(settings().base_url).hostname or "portail"


def _file(name: str, events: list[Event], filename: str) -> Response:
    content = icalendar.calendar(name, events)
    response = web.send_stored(content, filename, "text/calendar")
    response.headers["Content-Type"] = icalendar.MIME
    return response


# --- The trainer's own, behind the login


@own.get("/")
def page() -> Response:
    """Whether the calendar is open. Its address is shown once, when it is made."""
    return _page(access.feed_of(current_user.id))


@own.post("/lien")
def renew() -> Response:
    """Makes the secret address, or another one, and shows it this once."""
    shown = request.form.get("rotation", type=int)
    feed = feeds.renew(current_user.id, shown, web.actor())
    return _page(feed, url=access.url_of(feed))


@own.post("/fermer")
def close() -> Response:
    feeds.close(current_user.id, web.actor())
    flash("Lien fermé\u00a0: les agendas qui le suivaient ne reçoivent plus rien.", "ok")
    return web.see_other(url_for(".page"))


def _page(feed: CalendarFeed | None, url: str = "") -> Response:
    is_open = feed is not None and feed.revoked_at is None
    return web.page("trainer/agenda.html", feed=feed if is_open else None, url=url)


# --- For calendar programs, without a login


@shared.get("/<token>/sessions.ics")
def feed(token: str) -> Response:
    """Every half-day of one trainer. Whoever has the address reads it, and nothing else."""
    found = access.find(token)
    if found is None:
        key = f"feed-miss:{tries.network(web.client_ip())}"
        if not tries.allow(key, MISSES_PER_HOUR, HOUR, clock.now()):
            abort(429)
        abort(404)
    if found.seen_at is None or (clock.now() - found.seen_at).total_seconds() > HOUR:
        note(CalendarFeed, found.id, seen_at=clock.now())
    events = agenda.all_events(agenda.sessions_of(found.user_id), Role.TRAINER, _host())
    return _file("Mes sessions de formation", events, "sessions.ics")
