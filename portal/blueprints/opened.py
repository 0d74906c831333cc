"""What the pages of the multi-step form pass on to one another: the door, the page opened at it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort

from portal.access.rules import Actor
from portal.companies.finder import Card, Finding
from portal.training import people
from portal.training import service as trainings
from portal.training.answers import Raw
from portal.training.forms import Step
from portal.training.models import TopicAnswers, TrainingSession
from portal.web import PortalForm


@dataclass(frozen=True)
class Door:
    """How one audience walks: its layout, its steps, its URLs, and who acts.

    `other_steps` are not asked for here (the client fills them in by its link) but may be opened.
    """

    layout: str
    steps: Sequence[Step]
    other_steps: Sequence[Step]
    step_url: Callable[[str], str]
    autosave_url: Callable[[str], str]
    check_url: str
    home_url: str
    check_title: str
    actor: Actor

    def step(self, slug: str) -> Step:
        for step in (*self.steps, *self.other_steps):
            if step.slug == slug:
                return step
        abort(404)

    def url_after(self, slug: str) -> str:
        slugs = [step.slug for step in self.steps]
        rest = slugs[slugs.index(slug) + 1 :] if slug in slugs else []
        return self.step_url(rest[0]) if rest else self.check_url

    def url_before(self, slug: str) -> str:
        slugs = [step.slug for step in self.steps]
        index = slugs.index(slug) if slug in slugs else 0
        return self.step_url(slugs[index - 1]) if index else self.home_url


@dataclass
class Look:
    """What the pressed button gave, for the page that answers it."""

    finding: Finding | None = None
    fault: str = ""
    query: str = ""
    names: Sequence[Card] = ()
    is_silent: bool = False
    said: str = ""


@dataclass
class Opened:
    """One opened page of the form: what it shows and with which versions it was opened."""

    training: TrainingSession
    step: Step
    edit_id: str
    raws: dict[str, Raw | None]
    versions: dict[str, int]
    saved: TopicAnswers | None = None
    bad_lines: Sequence[people.BadLine] = ()
    conflicts: Sequence[dict[str, Any]] = ()
    is_overtaken: bool = False
    refused: Sequence[str] = ()
    focus: str = ""
    reason: str = ""
    look: Look | None = None

    def forms(self, validate: bool = False) -> dict[str, PortalForm]:
        forms = {
            topic: trainings.form_of(topic, raw, self.training) for topic, raw in self.raws.items()
        }
        if validate:
            for form in forms.values():
                form.validate()
        return forms
