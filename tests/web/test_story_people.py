"""People come in by invitation, keep their own keys, and leave at once when they must."""

import re
import time
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from werkzeug.test import TestResponse

from portal.access import tries
from portal.accounts import links
from portal.accounts import service as accounts
from portal.accounts.models import AccountLink
from portal.accounts.rules import Purpose
from portal.emails.message import message_of
from portal.emails.models import Email
from portal.extensions import db, writing
from portal.serving.masking import mask
from tests.conftest import NOW, OFFICE, OTHER_TRAINER, PASSWORD, TRAINER, sign_in, user
from tests.pages import BASE_URL, Visitor, soup_of, text_of
from tests.screens import assert_refused, follow

ZOE = "zoe.lambert@rivage-formation.example"
NEW = "claire@montagnier.example"
CHOSEN = "quatre lampes vertes"
MISSING_AT = "Il manque le signe @ dans l’adresse e-mail"
GONE = "Ce lien n’ouvre plus rien"


def mails(app: Flask, to: str) -> list[str]:
    """The letters written to that address, the latest first."""
    with app.app_context():
        query = db.select(Email.letter).filter_by(to_email=to).order_by(Email.id.desc())
        return list(db.session.scalars(query))


def link_in(app: Flask, to: str, letter: str) -> str:
    """The path of the link in the latest such message to that address."""
    with app.app_context():
        query = db.select(Email).filter_by(to_email=to, letter=letter).order_by(Email.id.desc())
        body = message_of(db.session.scalars(query).first()).body or ""  # type: ignore[arg-type]
    found = re.search(rf"{BASE_URL}(/acces/\S+)", body)
    assert found, body
    return found[1]


def invite(office: Visitor, email: str = ZOE, role: str = "trainer") -> TestResponse:
    typed = {"role": role, "first_name": "Zoé", "last_name": "Lambert", "email": email}
    return office.submit("/organisme/personnes/inviter", typed)


def may_sign_in(app: Flask, email: str, password: str) -> bool:
    visitor = Visitor(app, app.response_class)
    answer = visitor.submit("/connexion", {"email": email, "password": password})
    return answer.status_code == 303


def account_of(page: TestResponse) -> str:
    """The account under which a password manager keeps the password of this page."""
    (field,) = soup_of(page.text).select("form input[autocomplete=username]")
    return str(field["value"])


# --- Invitation


def test_a_person_is_invited_chooses_a_password_and_comes_in(
    app: Flask, office: Visitor, anonymous: Visitor
) -> None:
    answer = invite(office)
    assert answer.status_code == 303
    page = text_of(office.get(answer.headers["Location"]))
    assert f"Une invitation part à {ZOE}." in page
    assert "Invitation envoyée" in page
    link = link_in(app, ZOE, "account_invitation")
    shown = anonymous.get(link)
    assert "Bienvenue, Zoé" in text_of(shown)
    assert account_of(shown) == ZOE
    done = anonymous.submit(shown, {"new_password": CHOSEN})
    assert done.status_code == 303
    login = anonymous.get(done.headers["Location"])
    assert soup_of(login.text).select_one("#email")["value"] == ZOE  # type: ignore[index]
    assert may_sign_in(app, ZOE, CHOSEN)
    assert mails(app, ZOE) == ["account_invitation"]  # a first password is no news
    again = anonymous.get(link)
    assert (again.status_code, GONE in text_of(again)) == (410, True)
    assert anonymous.submit(shown, {"new_password": "trois autres mots"}).status_code == 410


def test_opening_the_link_changes_nothing_however_often(
    app: Flask, office: Visitor, anonymous: Visitor
) -> None:
    invite(office)
    link = link_in(app, ZOE, "account_invitation")
    for method in ("GET", "HEAD", "GET"):
        assert anonymous.open(link, method=method).status_code == 200
    with app.app_context():
        assert db.session.scalars(db.select(AccountLink)).one().used_at is None


def test_an_invitation_lasts_seven_days(
    app: Flask, frozen: time_machine.Traveller, office: Visitor, anonymous: Visitor
) -> None:
    invite(office)
    link = link_in(app, ZOE, "account_invitation")
    frozen.shift(timedelta(days=7) - timedelta(seconds=1))
    assert anonymous.get(link).status_code == 200
    frozen.shift(1)
    assert anonymous.get(link).status_code == 410


def test_another_invitation_closes_the_first(
    app: Flask, office: Visitor, anonymous: Visitor
) -> None:
    page = office.get(invite(office).headers["Location"])
    first = link_in(app, ZOE, "account_invitation")
    office.submit(page, form="main form[action$='/inviter']")
    second = link_in(app, ZOE, "account_invitation")
    assert anonymous.get(first).status_code == 410
    assert anonymous.get(second).status_code == 200


def test_an_invitation_sent_to_a_wrong_address_leaves_for_the_right_one(
    app: Flask, office: Visitor, anonymous: Visitor
) -> None:
    page = office.get(invite(office, "zoe.lambrt@rivage-formation.example").headers["Location"])
    wrong = link_in(app, "zoe.lambrt@rivage-formation.example", "account_invitation")
    form = "form#invitation"
    refused = office.submit(page, {"email": TRAINER}, form=form)
    sentence = "Cette adresse a déjà un compte : ouvrez-le dans Personnes"
    assert_refused(refused, "email", sentence)
    assert anonymous.get(wrong).status_code == 200
    assert_refused(office.submit(page, {"email": "zoe"}, form=form), "email", MISSING_AT)

    told = text_of(follow(office, office.submit(page, {"email": ZOE}, form=form)))
    assert f"Une invitation part à {ZOE}." in told
    assert f"zoe.lambrt@rivage-formation.example → {ZOE}" in told
    assert anonymous.get(wrong).status_code == 410
    shown = anonymous.get(link_in(app, ZOE, "account_invitation"))
    assert anonymous.submit(shown, {"new_password": CHOSEN}).status_code == 303
    assert may_sign_in(app, ZOE, CHOSEN)
    late = office.submit(page, {"email": NEW}, form=form)
    assert "Cette personne n’attend pas d’invitation" in text_of(follow(office, late))
    assert mails(app, NEW) == []


def test_an_address_that_has_an_account_is_not_invited_twice(office: Visitor) -> None:
    answer = invite(office, TRAINER.upper())
    assert_refused(
        answer,
        "email",
        "Cette adresse a déjà un compte : ouvrez-le dans Personnes",
    )


def test_whoever_is_invited_has_no_password_that_works(app: Flask, office: Visitor) -> None:
    invite(office)
    for guess in ("", "invitation", PASSWORD, accounts.NOBODY):
        assert not may_sign_in(app, ZOE, guess)


@pytest.mark.parametrize("weak", ["court", "Formation2026", "zoelambertzoe"])
def test_an_easy_password_is_refused_and_the_link_still_works(
    app: Flask, office: Visitor, anonymous: Visitor, weak: str
) -> None:
    invite(office)
    link = link_in(app, ZOE, "account_invitation")
    answer = anonymous.submit(link, {"new_password": weak})
    assert answer.status_code == 422
    assert weak not in answer.text
    assert anonymous.submit(answer, {"new_password": CHOSEN}).status_code == 303


# --- Forgotten password


def test_a_forgotten_password_is_replaced_and_every_login_closes(
    app: Flask, trainer: Visitor, anonymous: Visitor
) -> None:
    answer = anonymous.submit("/mot-de-passe-oublie", {"email": TRAINER})
    assert "Si un compte existe" in text_of(anonymous.get(answer.headers["Location"]))
    link = link_in(app, TRAINER, "account_reset")
    anonymous.submit(link, {"new_password": CHOSEN})
    assert trainer.get("/formateur/").status_code == 303
    assert not may_sign_in(app, TRAINER, PASSWORD)
    assert may_sign_in(app, TRAINER, CHOSEN)
    assert mails(app, TRAINER) == ["account_password_changed", "account_reset"]


def test_nobody_learns_who_has_an_account(app: Flask, anonymous: Visitor) -> None:
    answers, spans = [], []
    for email in (TRAINER, "personne@rivage-formation.example"):
        page = anonymous.get("/mot-de-passe-oublie")
        start = time.perf_counter()
        answer = anonymous.submit(page, {"email": email})
        spans.append(time.perf_counter() - start)
        answers.append((answer.status_code, answer.headers["Location"], answer.data))
    assert answers[0] == answers[1]
    assert min(spans) >= 0.4
    assert abs(spans[0] - spans[1]) < 0.15
    with app.app_context():
        assert db.session.scalars(db.select(Email.to_email)).all() == [TRAINER]


def test_a_mailbox_is_not_flooded(app: Flask, anonymous: Visitor) -> None:
    for _ in range(5):
        assert anonymous.submit("/mot-de-passe-oublie", {"email": TRAINER}).status_code == 303
    assert len(mails(app, TRAINER)) == 3


def test_a_reset_lasts_half_an_hour_and_only_the_last_one_works(
    app: Flask, anonymous: Visitor, frozen: time_machine.Traveller
) -> None:
    anonymous.submit("/mot-de-passe-oublie", {"email": TRAINER})
    first = link_in(app, TRAINER, "account_reset")
    anonymous.submit("/mot-de-passe-oublie", {"email": TRAINER})
    assert anonymous.get(first).status_code == 410
    second = link_in(app, TRAINER, "account_reset")
    frozen.shift(timedelta(minutes=30))
    assert anonymous.get(second).status_code == 410


@pytest.mark.parametrize("change", ["mdp", "case", "cut", "other id", "long"])
def test_a_forged_link_opens_nothing(app: Flask, anonymous: Visitor, change: str) -> None:
    anonymous.submit("/mot-de-passe-oublie", {"email": TRAINER})
    token = link_in(app, TRAINER, "account_reset").removeprefix("/acces/")
    forged = {
        "mdp": token.replace("mdp-", "inv-"),
        "case": token.swapcase(),
        "cut": token[:-1],
        "other id": token.replace("mdp-1-", "mdp-2-"),
        "long": "mdp-999999999-" + "A" * 43,
    }[change]
    assert anonymous.get(f"/acces/{forged}").status_code == 404


def test_guessing_links_is_counted(anonymous: Visitor) -> None:
    statuses = {anonymous.get(f"/acces/mdp-{n}-{'A' * 43}").status_code for n in range(31)}
    assert statuses == {404, 429}


def test_a_right_link_is_no_guess(
    app: Flask, frozen: time_machine.Traveller, anonymous: Visitor
) -> None:
    """Somebody else of the same network guessed all they could."""
    anonymous.submit("/mot-de-passe-oublie", {"email": TRAINER})
    link = link_in(app, TRAINER, "account_reset")
    with app.app_context():
        for _ in range(30):
            tries.allow("link-miss:127.0.0.1", 30, 3_600, NOW)
    assert anonymous.get(link).status_code == 200
    assert anonymous.submit(link, {"new_password": CHOSEN}).status_code == 303


def test_the_link_stands_in_no_row_no_log_and_no_page_of_the_office(
    app: Flask, anonymous: Visitor, office: Visitor
) -> None:
    anonymous.submit("/mot-de-passe-oublie", {"email": TRAINER})
    link = link_in(app, TRAINER, "account_reset")
    assert "mdp-" not in mask(f"GET {link}")
    with app.app_context():
        rows = db.session.scalars(db.select(Email)).all()
        assert link not in str([vars(row) for row in rows])
        mail_id = rows[-1].id
    page = office.get(f"/organisme/courriels/{mail_id}")
    assert link not in page.text
    assert "n’est montré qu’à la personne qui le reçoit" in text_of(page)


# --- Another address


def ask_address(trainer: Visitor, email: str = NEW, password: str = PASSWORD) -> TestResponse:
    return trainer.submit("/compte/adresse", {"email": email, "current_password": password})


def test_an_address_changes_once_confirmed_and_the_old_one_is_told(
    app: Flask, trainer: Visitor, anonymous: Visitor
) -> None:
    assert ask_address(trainer).status_code == 303
    assert mails(app, TRAINER) == ["account_address_asked"]
    assert may_sign_in(app, TRAINER, PASSWORD)  # nothing changed yet
    anonymous.submit(link_in(app, NEW, "account_address"))
    assert may_sign_in(app, NEW, PASSWORD)
    assert not may_sign_in(app, TRAINER, PASSWORD)
    assert trainer.get("/formateur/").status_code == 303
    assert mails(app, TRAINER)[0] == "account_address_changed"


def test_this_is_not_me_gives_the_account_back(
    app: Flask, trainer: Visitor, anonymous: Visitor
) -> None:
    ask_address(trainer)
    anonymous.submit(link_in(app, NEW, "account_address"))
    thief = sign_in(app, NEW)
    ask_address(thief, "ailleurs@voleur.example")  # and covers the tracks
    anonymous.submit(link_in(app, "ailleurs@voleur.example", "account_address"))
    page = anonymous.get(link_in(app, TRAINER, "account_address_changed"))
    assert "Ce n’est pas vous ?" in text_of(page)
    assert anonymous.submit(page).status_code == 303
    for email in (TRAINER, NEW, "ailleurs@voleur.example"):
        assert not may_sign_in(app, email, PASSWORD)
    later = link_in_or_none(app, NEW, "account_address_changed")
    assert later is None  # the thief's own « ce n’est pas moi » gives nothing back
    anonymous.submit(link_in(app, TRAINER, "account_reset"), {"new_password": CHOSEN})
    assert may_sign_in(app, TRAINER, CHOSEN)


def link_in_or_none(app: Flask, to: str, letter: str) -> str | None:
    with app.app_context():
        query = db.select(Email).filter_by(to_email=to, letter=letter)
        found = db.session.scalars(query).one()
        return message_of(found).body if "/acces/" in (message_of(found).body or "") else None


def test_asking_for_a_colleague_s_address_tells_nothing(app: Flask, trainer: Visitor) -> None:
    answers = []
    for email in (OTHER_TRAINER, NEW):
        answer = ask_address(trainer, email)
        said = text_of(trainer.get(answer.headers["Location"])).replace(email, "X")
        answers.append((answer.status_code, said))
    assert answers[0] == answers[1]
    assert mails(app, OTHER_TRAINER) == []


@pytest.mark.parametrize("page", ["/compte/adresse", "/compte/mot-de-passe"])
def test_what_matters_asks_for_the_password_again(trainer: Visitor, page: str) -> None:
    typed = {"current_password": "un autre mot de passe"}
    typed |= {"email": NEW} if page.endswith("adresse") else {"new_password": CHOSEN}
    answer = trainer.submit(page, typed)
    assert_refused(answer, "current_password", "Ce n’est pas votre mot de passe actuel")
    for _ in range(10):
        answer = trainer.submit(page, typed)
    assert "réessayez dans une heure" in text_of(answer)


# --- Password and logins


def test_another_password_closes_the_other_logins(app: Flask, trainer: Visitor) -> None:
    elsewhere = sign_in(app, TRAINER)
    typed = {"current_password": PASSWORD, "new_password": CHOSEN}
    assert trainer.submit("/compte/mot-de-passe", typed).status_code == 303
    assert trainer.get("/formateur/").status_code == 200
    assert elsewhere.get("/formateur/").status_code == 303
    assert mails(app, TRAINER) == ["account_password_changed"]


def test_open_logins_are_listed_and_closed(app: Flask, trainer: Visitor) -> None:
    elsewhere = sign_in(app, TRAINER)
    page = trainer.get("/compte/")
    assert text_of(page).count("Navigateur inconnu") == 2
    assert "Celle-ci" in text_of(page)
    trainer.submit(page, form="main form[action$='/fermer']")
    assert elsewhere.get("/formateur/").status_code == 303
    assert trainer.get("/formateur/").status_code == 200


def test_the_office_closes_everything_and_disables(app: Flask, office: Visitor) -> None:
    claire = sign_in(app, TRAINER)
    with app.app_context():
        page = f"/organisme/personnes/{user(TRAINER).id}"
    office.submit(page, form="main form[action$='/fermer']")
    assert claire.get("/formateur/").status_code == 303
    claire = sign_in(app, TRAINER)
    office.submit(page, form="main form[action$='/desactiver']")
    assert claire.get("/formateur/").status_code == 303
    assert not may_sign_in(app, TRAINER, PASSWORD)
    office.submit(page, form="main form[action$='/reactiver']")
    assert may_sign_in(app, TRAINER, PASSWORD)


def test_the_latest_acts_on_somebody_are_read_on_their_page(app: Flask, office: Visitor) -> None:
    """Five of them; the rest is in the journal, to which a link leads once there is a rest."""
    with app.app_context():
        page = f"/organisme/personnes/{user(TRAINER).id}"
    for act in ("desactiver", "reactiver") * 2 + ("desactiver",):
        office.submit(page, form=f"main form[action$='/{act}']")
    assert "Tous les actes" not in text_of(office.get(page))
    office.submit(page, form="main form[action$='/reactiver']")
    shown = office.get(page)
    said = text_of(shown)
    assert (said.count("Montagnier désactivé"), said.count("Montagnier réactivé")) == (2, 3)
    (more,) = (a for a in soup_of(shown.text).select("main a") if "Tous les actes" in a.text)
    assert text_of(office.get(str(more["href"]))).count("Montagnier désactivé") == 3


def test_the_last_of_the_office_stays(app: Flask, office: Visitor) -> None:
    with app.app_context():
        page = f"/organisme/personnes/{user(OFFICE).id}"
    invite(office, role="office")  # has no password yet: cannot replace anybody
    answer = office.submit(page, form="main form[action$='/desactiver']")
    assert "dernier compte actif" in text_of(office.get(answer.headers["Location"]))
    assert may_sign_in(app, OFFICE, PASSWORD)


def test_a_disabled_person_gets_no_new_password(app: Flask, anonymous: Visitor) -> None:
    anonymous.submit("/mot-de-passe-oublie", {"email": TRAINER})
    link = link_in(app, TRAINER, "account_reset")
    with app.app_context(), writing():
        user(TRAINER).is_enabled = False
    assert anonymous.get(link).status_code == 410
    anonymous.submit("/mot-de-passe-oublie", {"email": TRAINER})
    assert len(mails(app, TRAINER)) == 1


# --- Profile


def test_a_trainer_says_who_they_are_and_nothing_else(app: Flask, trainer: Visitor) -> None:
    page = trainer.get("/compte/")
    typed = {
        "titles": "Architecte DPLG",
        "vat_regime": "franchise",
        "specialities": "Plans\nMétrés",
    }
    assert trainer.submit(page, typed, form="#profil").status_code == 303
    data = {"role": "office", "is_enabled": "", "email": NEW, "password_hash": "x"}
    values = {"first_name": "Claire", "last_name": "Montagnier", "csrf_token": token(page)}
    trainer.post("/compte/", data=values | data)
    with app.app_context():
        claire = user(TRAINER)
        assert (claire.role, claire.is_enabled, claire.vat_regime) == ("trainer", True, None)
        assert claire.password_hash != "x"


def test_a_regime_chosen_by_mistake_is_taken_back(app: Flask, trainer: Visitor) -> None:
    for chosen, kept in (("franchise", "franchise"), ("", None)):
        assert trainer.submit("/compte/", {"vat_regime": chosen}, form="#profil").status_code == 303
        with app.app_context():
            assert user(TRAINER).vat_regime == kept
    (checked,) = soup_of(trainer.get("/compte/").text).select("#profil [name=vat_regime][checked]")
    assert checked["value"] == ""


def test_a_changed_password_is_kept_for_the_same_account(trainer: Visitor) -> None:
    assert account_of(trainer.get("/compte/mot-de-passe")) == TRAINER


def token(page: TestResponse) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found
    return found[1]


def test_a_link_is_taken_by_one_caller_only(app: Flask) -> None:
    with app.app_context(), writing():
        link = links.issue(user(TRAINER), Purpose.RESET, TRAINER, NOW)
        assert links.use(link.id, NOW) is link
        assert links.use(link.id, NOW) is None
