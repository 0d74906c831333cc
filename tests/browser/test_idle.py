"""Somebody thinks for a long time over a form: the end of the session is said before it comes."""

import pytest
from playwright.sync_api import expect

from portal import clock
from portal.access.rules import Role
from portal.accounts.models import LoginSession
from portal.accounts.service import IDLE
from portal.extensions import db, writing
from tests.browser.portal_served import Portal
from tests.conftest import TRAINER

pytestmark = pytest.mark.browser
MINUTES = int(IDLE[Role.TRAINER].total_seconds() // 60)
CLOSED = "Votre session s’est refermée. Enregistrez : ce que vous avez écrit vous sera rendu."


def test_the_end_is_said_and_put_off_without_losing_a_word(portal: Portal) -> None:
    page = portal.page(who=TRAINER)
    page.clock.install()
    page.goto("/formateur/sessions/nouvelle")
    page.get_by_text("Moi", exact=True).click()
    page.get_by_role("button", name="Continuer").click()
    page.wait_for_url("**/etapes/client")
    page.get_by_label("Prénom").press_sequentially("Hélène")
    warning = page.get_by_text("cette page se ferme dans deux minutes")
    with page.expect_response(lambda answer: "brouillon" in answer.url):
        page.clock.run_for(2_000)
    page.clock.fast_forward((MINUTES - 4) * 60_000)
    expect(warning).to_be_hidden()
    page.clock.fast_forward(2 * 60_000)
    expect(warning).to_be_visible()
    with page.expect_request(lambda request: request.method == "HEAD"):
        page.get_by_role("button", name="Rester").click()
    expect(warning).to_be_hidden()
    expect(page.get_by_label("Prénom")).to_have_value("Hélène")
    with portal.app().app_context(), writing():
        for login in db.session.scalars(db.select(LoginSession)):
            login.seen_at = clock.now() - IDLE[Role.TRAINER]
    page.clock.fast_forward((MINUTES - 2) * 60_000)
    page.get_by_role("button", name="Rester").click()
    expect(page.get_by_text(CLOSED)).to_be_visible()
    expect(page.get_by_label("Prénom")).to_have_value("Hélène")
