"""The corridor of calendars by secret address: whole acts, each with its journal entry."""

from portal import clock
from portal.access import feeds
from portal.access.models import CalendarFeed
from portal.access.rules import Actor
from portal.extensions import writing
from portal.journal import service as journal


def renew(user_id: int, rotation: int | None, actor: Actor) -> CalendarFeed:
    """A new secret address. `rotation` is the one the page showed (None: there was none open):
    pressing twice gives the same address, not a second one that kills the first."""
    with writing():
        standing = feeds.feed_of(user_id)
        shown = standing.rotation if standing and standing.revoked_at is None else None
        if shown != rotation and standing is not None and shown is not None:
            return standing
        feed = feeds.open_feed(user_id, clock.now())
        body = {"feed": feed.id, "rotation": feed.rotation}
        journal.record("open_calendar", actor, clock.now(), body=body)
    return feed


def close(user_id: int, actor: Actor) -> None:
    """The secret address opens nothing any more."""
    with writing():
        feed = feeds.close_feed(user_id, clock.now())
        if feed is not None:
            journal.record("close_calendar", actor, clock.now(), body={"feed": feed.id})
