"""Calendars by secret address: opened, read, replaced and closed by the person they belong to."""

from datetime import datetime

from sqlalchemy import select

from portal.access import rules
from portal.access.models import CalendarFeed
from portal.accounts.models import User
from portal.extensions import db, settings


def feed_of(user_id: int) -> CalendarFeed | None:
    """That person's calendar, open or closed; None when there never was one."""
    return db.session.scalar(select(CalendarFeed).filter_by(user_id=user_id))


def open_feed(user_id: int, at: datetime) -> CalendarFeed:
    """A new address for that person's calendar; the one before opens nothing any more.

    Inside the caller's transaction.
    """
    feed = feed_of(user_id)
    if feed is None:
        feed = CalendarFeed(user_id=user_id, rotation=0, created_at=at)
        db.session.add(feed)
    else:
        feed.rotation += 1
    feed.created_at, feed.seen_at, feed.revoked_at = at, None, None
    db.session.flush()
    return feed


def close_feed(user_id: int, at: datetime) -> CalendarFeed | None:
    """Its address opens nothing any more. Inside the caller's transaction."""
    feed = feed_of(user_id)
    if feed is not None:
        feed.revoked_at = feed.revoked_at or at
    return feed


def url_of(feed: CalendarFeed) -> str:
    """The secret address: computed, never stored."""
    text = rules.feed_token(settings().link_key, feed.id, feed.rotation)
    return f"{settings().base_url}/agenda/{text}/sessions.ics"


def find(text: str) -> CalendarFeed | None:
    """The open calendar at that address; None for a forged, replaced or closed one, or a person
    whose account was disabled."""
    identity = rules.feed_id_of(text)
    feed = db.session.get(CalendarFeed, identity) if identity else None
    if feed is None or feed.revoked_at is not None:
        return None
    owner = db.session.get_one(User, feed.user_id)
    genuine = rules.feed_token(settings().link_key, feed.id, feed.rotation)
    return feed if rules.is_same(genuine, text) and owner.is_enabled else None
