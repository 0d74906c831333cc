"""Ids that are right, under an address that is not theirs; and lists that show one's own."""

from itertools import product

import pytest
from werkzeug.routing import IntegerConverter
from werkzeug.test import TestResponse

from portal.emails.models import Email
from portal.extensions import db, writing
from tests.pages import text_of
from tests.security.world import Bare, Dossier, Side, World

TRAINER, SPACE = "/formateur/sessions/{ref}/", "/espace/{public_id}/"
NESTED = ("documents/{document}", "documents/{document}?v=1", "documents/0{document}")


def below(base: str, dossier: Dossier, rest: str = "") -> str:
    return base.format(ref=dossier.ref, public_id=dossier.public_id) + rest


def says_nothing_of(side: Side, answer: TestResponse) -> bool:
    received = (answer.get_data().decode("utf-8", "replace") + str(answer.headers)).lower()
    return not [mark for mark in side.marks if mark in received]


def refused(world: World, answer: TestResponse, status: int = 404) -> bool:
    unchanged = world.is_untouched()
    return answer.status_code == status and says_nothing_of(world.theirs, answer) and unchanged


@pytest.mark.parametrize(("role", "base"), [("owner", TRAINER), ("client", SPACE)])
@pytest.mark.parametrize("nested", NESTED)
def test_a_paper_answers_under_its_own_dossier_only(
    world: World, role: str, base: str, nested: str
) -> None:
    """Every paper of both sides under every dossier this person may open."""
    visitor, mine = world.visitor(role), world.mine
    tried = product((mine.draft, mine.sent), mine.sent.documents + world.theirs.sent.documents)
    for dossier, document in tried:
        is_its_own = dossier is mine.sent and document in mine.sent.documents
        answer = visitor.get(below(base, dossier, nested.format(document=document)))
        assert answer.status_code == (200 if is_its_own else 404), (dossier.ref, document)
        assert says_nothing_of(world.theirs, answer)
        if is_its_own:
            assert mine.word.encode() in answer.data


@pytest.mark.parametrize("number", ["-1", "0", "99999", "9" * 30, "1e0", "%31x", "1%00"])
def test_numbers_that_are_no_paper_are_not_found(world: World, number: str) -> None:
    visitor = world.visitor("owner")
    for path in (
        below(TRAINER, world.mine.sent, f"documents/{number}"),
        f"/formateur/courriels/{number}",
        f"/formateur/courriels/{number}/message.eml",
        f"/formateur/courriels/{number}/pieces/{number}",
    ):
        answer = visitor.get(path)
        assert answer.status_code == 404, path
        assert says_nothing_of(world.theirs, answer)


def test_a_zip_holds_the_papers_of_its_dossier(world: World) -> None:
    for role, base in (("owner", TRAINER), ("client", SPACE), ("other", TRAINER)):
        side = world.theirs if role == "other" else world.mine
        stranger = world.mine if role == "other" else world.theirs
        content = world.visitor(role).get(below(base, side.sent, "documents.zip")).data
        assert content.count(side.word.encode()) >= 3
        assert stranger.word.encode() not in content


@pytest.mark.parametrize("rest", ["", "verifier", "merci", "etapes/entreprise", "documents/etat"])
def test_a_grant_opens_its_dossier_whatever_the_address_says(world: World, rest: str) -> None:
    client, stranger = world.visitor("client"), world.theirs.sent
    for public_id in (
        stranger.public_id,
        stranger.public_id.upper(),
        stranger.ref,
        str(stranger.id),
        stranger.tokens["live"],
        f"{world.mine.sent.public_id}%2F..%2F{stranger.public_id}",
        f"{world.mine.sent.public_id}/../{stranger.public_id}",
    ):
        answer = client.get(f"/espace/{public_id}/{rest}")
        assert answer.status_code in (403, 404), public_id
        received = answer.text.lower()
        assert world.theirs.word not in received


def test_messages_of_another_trainer_do_not_exist(world: World) -> None:
    visitor = world.visitor("owner")
    theirs = world.theirs.sent
    for mail_id in {*theirs.mails.values(), *world.theirs.draft.mails.values()}:
        for rest in ("", "/message.eml", *(f"/pieces/{d}" for d in theirs.documents)):
            assert refused(world, visitor.get(f"/formateur/courriels/{mail_id}{rest}")), rest
        assert refused(world, visitor.send(f"/formateur/courriels/{mail_id}/renvoyer"))


def test_a_message_hands_out_its_own_papers_only(world: World) -> None:
    visitor, mails = world.visitor("owner"), world.mine.sent.mails
    papers = [*world.mine.sent.documents, *world.theirs.sent.documents, 0, 99_999]
    for letter, document in product(("invitation", "documents_to_client"), papers):
        path = f"/formateur/courriels/{mails[letter]}/pieces/{document}"
        is_attached = letter == "documents_to_client" and document in world.mine.sent.documents
        assert visitor.get(path).status_code == (200 if is_attached else 404), path


def test_a_row_that_names_a_stranger_s_paper_does_not_hand_it_out(world: World) -> None:
    """Whatever wrote it there: each attachment is of the dossier of its message."""
    mail_id, stranger = world.mine.sent.mails["documents_to_client"], world.theirs.sent.documents[0]
    with world.app.app_context(), writing():
        db.session.get_one(Email, mail_id).document_ids = [stranger]
    path = f"/formateur/courriels/{mail_id}/pieces/{stranger}"
    for role in ("owner", "office"):
        answer = world.visitor(role).get(
            path if role == "owner" else path.replace("formateur", "organisme")
        )
        assert answer.status_code == 404, role


def test_a_client_never_takes_what_another_one_answered(world: World) -> None:
    """The button that fills a page in from a past client is the trainer's own."""
    client = world.visitor("client")
    for draft, company in product((world.mine.draft,), range(1, 6)):
        answer = client.send(
            below(SPACE, draft, "etapes/entreprise"),
            {"action": "reprendre-client", "past_client": str(company), "version-company": "1"},
        )
        assert refused(world, answer, 400), company


def test_a_trainer_takes_its_own_past_clients_only(world: World) -> None:
    for company in range(1, 6):
        answer = world.visitor("owner").send(
            below(TRAINER, world.mine.draft, "etapes/client"),
            {"action": "reprendre-client", "past_client": str(company), "version-company": "1"},
        )
        assert says_nothing_of(world.theirs, answer)
        world.restore()


def test_the_key_of_somebody_s_opened_page_shows_nothing(world: World) -> None:
    """Keys make a second press harmless; learning one must not give the session it made."""
    theirs = world.visitor("other").send(
        "/formateur/sessions/nouvelle", {"way": "self", "key": "the-same-key"}
    )
    mine = world.visitor("owner")
    for key in ("the-same-key", "wapiti-draft", "3-the-same-key"):
        for path in ("/formateur/sessions/nouvelle", below(TRAINER, world.mine.sent, "dupliquer")):
            answer = mine.send(path, {"way": "self", "key": key})
            assert answer.status_code == 303
            assert answer.headers["Location"] != theirs.headers["Location"]
            assert world.theirs.draft.ref not in answer.headers["Location"]
            assert mine.get(answer.headers["Location"]).status_code == 200


def lists(visitor: Bare, home: str, words: str) -> list[TestResponse]:
    tabs = [f"{home}?q={words}&etat={tab}" for tab in ("en-cours", "a-venir", "terminees")]
    return [visitor.get(path) for path in (*tabs, f"{home}?q={words}", home + "courriels/", home)]


def test_lists_and_searches_show_ones_own(world: World) -> None:
    words = [world.theirs.word, world.theirs.sent.ref, "%25", "_", "%27 OR 1=1 --", "*", "\\"]
    visitor = world.visitor("owner")
    for word in words:
        for answer in lists(visitor, "/formateur/", word):
            if word in (world.theirs.word, world.theirs.sent.ref):  # the box shows what was typed
                assert f"Ateliers {world.theirs.word}" not in answer.text
                assert world.theirs.draft.ref not in answer.text
            else:
                assert says_nothing_of(world.theirs, answer), word
    assert world.theirs.word in world.visitor("office").get("/organisme/").text


PAGE_KEYS = ("2027-01-12_1", "0001-01-01_0", "9999-12-31_999999999", "x_1", "_", "2027-13-01_1")


@pytest.mark.parametrize("key", [*PAGE_KEYS, "2027-01-12_" + "9" * 29, "2027-01-12_-1"])
def test_the_key_of_a_page_of_the_list_shows_no_one_else_s(world: World, key: str) -> None:
    answer = world.visitor("owner").get(f"/formateur/?apres={key}")
    assert answer.status_code == 200
    assert says_nothing_of(world.theirs, answer)


def test_nobody_reads_what_the_organisation_keeps_for_itself(world: World) -> None:
    """Password digests, stored addresses of files, internal ids: no page shows them."""
    with world.app.app_context():
        hashes = [x for (x,) in db.session.execute(db.text('SELECT password_hash FROM "user"'))]
        stored = [x for (x,) in db.session.execute(db.text("SELECT sha256 FROM document"))]
    asked = (
        ("owner", below(TRAINER, world.mine.sent)),
        ("owner", f"/formateur/courriels/{world.mine.sent.mails['documents_to_client']}"),
        ("office", f"/organisme/dossiers/{world.mine.sent.ref}/"),
        ("office", "/organisme/courriels/"),
        ("client", below(SPACE, world.mine.sent)),
    )
    for role, path in asked:
        answer = world.visitor(role).get(path)
        assert answer.status_code == 200
        for secret in (*hashes, *stored, "argon2", "creation_key"):
            assert secret not in answer.text, (path, secret)


def test_the_client_s_space_shows_neither_the_journal_nor_the_trainer_s_messages(
    world: World,
) -> None:
    for dossier in (world.mine.draft, world.mine.sent):
        text = text_of(world.visitor("client").get(below(SPACE, dossier)))
        for words in (
            "Journal",
            "Courriels",
            "Adresse inconnue",
            "Dupliquer",
            "Annuler la session",
        ):
            assert words not in text


@pytest.mark.parametrize("number", ["2147483648", "9223372036854775808", "9" * 40])
def test_a_number_too_large_for_any_row_is_no_page(world: World, number: str) -> None:
    asked = 0
    for rule in world.app.url_map.iter_rules():
        counted = [name for name, x in rule._converters.items() if isinstance(x, IntegerConverter)]
        if not counted or "GET" not in (rule.methods or ()):
            continue
        role = "office" if rule.endpoint.startswith("office.") else "owner"
        if rule.endpoint.startswith(("client.", "signing.")):
            role = "client"
        known = world.mine.parts(rule.endpoint, world.mine.sent)
        built = rule.build(
            {name: known[name] for name in rule.arguments} | dict.fromkeys(counted, 1)
        )
        assert built is not None
        path = built[1].replace("/1", f"/{number}")
        assert world.visitor(role).get(path).status_code in (403, 404, 405), path
        asked += 1
    assert asked > 8


@pytest.mark.parametrize(
    "path", ["/l/%00", "/formateur/sessions/S%00/", "/formateur/?q=%00", "/%00"]
)
def test_an_address_with_a_nul_is_no_failure(world: World, path: str) -> None:
    assert world.visitor("owner").get(path).status_code in (200, 404)
