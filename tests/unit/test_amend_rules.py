"""What a change after sending does: every row of the table, in the three situations it names."""

import pytest

from portal.companies.models import Company
from portal.training import amend_rules
from portal.training.amend_rules import TABLE, Accord, Papers

# field → papers made again, what becomes of the agreement, whether a signature falls
WRITTEN = {
    "phone": (Papers.NONE, Accord.STANDS, False),
    "billing_address": (Papers.NONE, Accord.STANDS, False),
    "trainee_emails": (Papers.NONE, Accord.STANDS, False),
    "signatory_last_name": (Papers.SIGNATORY, Accord.STANDS, False),
    "signatory_email": (Papers.SIGNATORY, Accord.STANDS, False),
    "trainee_names": (Papers.NAMES, Accord.TOLD, False),
    "trainer_id": (Papers.NAMES, Accord.TOLD, False),
    "programme_id": (Papers.ALL, Accord.REDONE, True),
    "half_days": (Papers.ALL, Accord.REDONE, True),
    "remote_percent": (Papers.ALL, Accord.REDONE, True),
    "headcount": (Papers.ALL, Accord.REDONE, True),
    "price_cents": (Papers.ALL, Accord.REDONE, True),
    "place": (Papers.ALL, Accord.REDONE, True),
    "siret": (Papers.ALL, Accord.VOID, True),
    "legal_name": (Papers.ALL, Accord.VOID, True),
    "a_field_to_come": (Papers.ALL, Accord.REDONE, True),
}
SITUATIONS = {"before": (False, False), "after": (True, False), "signed": (True, True)}
SAID = {
    ("contact", "before"): "Rien d’autre ne change.",
    ("contact", "after"): "Rien d’autre ne change.",
    ("contact", "signed"): "Rien d’autre ne change.",
    ("names", "before"): "Une nouvelle convention part au client.",
    ("names", "after"): "Une nouvelle convention part au client. Le client prévient son OPCO.",
    ("names", "signed"): (
        "Une annexe part au client ; la signature reste valable. Le client prévient son OPCO."
    ),
    ("signatory", "before"): (
        "De nouveaux devis et convention partent ; l’ancien lien de signature se ferme."
    ),
    ("signatory", "after"): (
        "De nouveaux devis et convention partent ; l’ancien lien de signature se ferme."
    ),
    ("signatory", "signed"): "La signature déjà donnée reste valable.",
    ("contract", "before"): (
        "Un nouveau devis, une nouvelle convention et un nouveau programme partent."
    ),
    ("contract", "after"): (
        "Un nouveau devis, une nouvelle convention et un nouveau programme partent. "
        "L’accord est à faire confirmer par l’OPCO."
    ),
    ("contract", "signed"): (
        "Un nouveau devis, une nouvelle convention et un nouveau programme partent. "
        "La signature tombe : la convention est à signer de nouveau. "
        "L’accord est à faire confirmer par l’OPCO."
    ),
    ("company", "before"): (
        "Un nouveau devis, une nouvelle convention et un nouveau programme partent."
    ),
    ("company", "after"): (
        "Un nouveau devis, une nouvelle convention et un nouveau programme partent. "
        "L’accord ne vaut plus : une nouvelle demande est à déposer."
    ),
    ("company", "signed"): (
        "Un nouveau devis, une nouvelle convention et un nouveau programme partent. "
        "La signature tombe : la convention est à signer de nouveau. "
        "L’accord ne vaut plus : une nouvelle demande est à déposer."
    ),
}


@pytest.mark.parametrize(("field", "row"), WRITTEN.items(), ids=WRITTEN)
def test_a_field_does_what_its_row_says(field: str, row: tuple[Papers, Accord, bool]) -> None:
    found = amend_rules.outcome([field])
    assert (found.rows[0].papers, found.accord, found.voids_signature) == row


def test_the_heaviest_of_several_changes_counts() -> None:
    found = amend_rules.outcome(["phone", "trainee_names", "price_cents", "signatory_email"])
    assert found.renews_all
    assert found.changes_names
    assert found.changes_signatory
    assert (found.accord, found.voids_signature) == (Accord.REDONE, True)
    nothing = amend_rules.outcome([])
    assert nothing.rows == ()
    assert (nothing.renews_all, nothing.accord) == (False, Accord.STANDS)


def test_no_field_stands_in_two_rows_and_none_of_the_company_is_forgotten() -> None:
    fields = [name for row in TABLE for name in row.fields]
    assert len(fields) == len(set(fields))
    columns = {column.name for column in Company.__table__.columns} - {"id", "training_id"}
    assert columns <= set(fields)


@pytest.mark.parametrize("code", [row.code for row in TABLE])
@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_page_says_what_the_act_does(code: str, situation: str) -> None:
    has_agreement, is_signed = SITUATIONS[situation]
    found = amend_rules.said(
        amend_rules.ROWS[code], has_agreement=has_agreement, is_signed=is_signed
    )
    assert found.replace("\u00a0", " ") == SAID[code, situation]


def test_a_page_says_its_own_rows_only() -> None:
    shown = amend_rules.said_of(("programme",), has_agreement=False, is_signed=False)
    assert [label for label, _does in shown] == [amend_rules.ROWS["contract"].label]


def test_the_journal_has_a_name_for_every_field() -> None:
    fields = {name for row in TABLE for name in row.fields}
    assert fields - amend_rules.UNTOLD == set(amend_rules.FIELD_LABEL)
    assert amend_rules.named(["place_mode", "place", "price_cents"]) == ["lieu", "prix"]
