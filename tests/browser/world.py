"""One portal with a session at each point of its life, and the way to every screen of it."""

from dataclasses import dataclass, field
from datetime import timedelta

from flask import Flask
from playwright.sync_api import Page

from portal import clock, workflow
from portal.access.models import ShareLink
from portal.access.rules import Actor, Role
from portal.extensions import db, writing
from portal.funding.rules import FunderChoice
from portal.training.models import TrainingSession
from portal.training.rules import Event
from tests import conftest, second_half, story
from tests.browser.portal_served import Portal
from tests.story import Told, a_training


@dataclass
class World:
    """The sessions by name, their links, and the portal that serves them."""

    portal: Portal
    app: Flask
    told: dict[str, Told] = field(default_factory=dict)

    @classmethod
    def of(cls, portal: Portal) -> "World":
        world = cls(portal, portal.app())
        for name, at, options in (
            ("draft", "draft", {"way": "self", "trainees": None}),
            ("whole", "draft", {"way": "self"}),
            ("begun", "draft", {"way": "link"}),
            ("shared", "shared", {}),
            ("answered", "shared", {}),
            ("sent", "sent", {}),
            ("alone", "sent", {"funding": {"funder": FunderChoice.NONE.value}}),
            ("filed", "filed", {}),
            ("cancelled", "sent", {}),
            ("received", "received", {}),
            ("to_sign", "funded", {}),
            ("signed", "signed", {}),
            ("refused", "refused", {}),
            ("running", "running", {}),
            *((name, "shared", {}) for name in ("expired", "replaced", "revoked")),
        ):
            world.told[name] = a_training(world.app, at, **options)  # type: ignore[arg-type]
            story.made(world.app, world.told[name])
        world._answer("answered")
        world._kill_links()
        return world

    def _answer(self, name: str) -> None:
        """The client filled everything in, and has not sent it yet."""
        with self.app.app_context():
            training = db.session.get_one(TrainingSession, self.told[name].id)
            actor = Actor(Role.CLIENT, training.links[-1].id, "Hélène Vasseur")
            asked = ("company", "trainees", "funding")
            given = {topic: story._answers(topic, {}) for topic in asked}
            story._fill(training, actor, given, asked)

    def _kill_links(self) -> None:
        with self.app.app_context():
            trainer = conftest.user(conftest.TRAINER)
            actor = Actor(Role.TRAINER, trainer.id, trainer.name)
            for name, event, data in (
                ("replaced", Event.RENEW_LINK, {}),
                ("revoked", Event.REVOKE_LINK, {}),
                ("cancelled", Event.CANCEL, {"reason": story.REASON}),
            ):
                training = db.session.get_one(TrainingSession, self.told[name].id)
                workflow.perform(event, training, actor, **data)
            with writing():
                query = db.select(ShareLink).filter_by(training_id=self.told["expired"].id)
                db.session.scalars(query).one().expires_at = clock.now() - timedelta(days=1)

    def sign_link(self, name: str) -> str:
        """The address that the signatory of that session reads in its mail."""
        return second_half.sign_path(self.app, self.told[name].id)

    def close(self) -> None:
        conftest.close(self.app)

    def step(self, name: str, slug: str) -> str:
        return self.told[name].step(slug)

    def enter(self, page: Page, name: str) -> None:
        """The client opens its link and presses « Commencer » or « Ouvrir mon espace »."""
        page.goto(self.told[name].link)
        with page.expect_event("load"):
            page.locator("main form button.btn--primary").click()
