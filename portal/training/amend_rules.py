"""What changing a field does once the documents are sent: one table, read by guards and screens."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Papers(IntEnum):
    """Which papers are made again; heavier ones include what lighter ones say."""

    NONE = 0
    NAMES = 1  # the convention; once it is signed, an annex beside it
    SIGNATORY = 2  # those that name who signs, unless it is signed already
    ALL = 3  # quote, convention and programme


class Accord(IntEnum):
    """What becomes of the funder's agreement."""

    STANDS = 0
    TOLD = 1  # it stands, and the client tells its funder
    REDONE = 2  # to be confirmed by the funder: back to checking
    VOID = 3  # it was given to somebody else: a new request is filed


@dataclass(frozen=True)
class Row:
    """Fields that have the same consequences; `topics` are the pages where they are changed."""

    code: str
    label: str
    fields: frozenset[str]
    topics: frozenset[str]
    papers: Papers
    accord: Accord
    voids_signature: bool


TABLE = (
    Row(
        "contact",
        "Contact, téléphone, facturation, e-mail d’un stagiaire, accès, besoin d’adaptation",
        frozenset(
            "phone contact_name contact_email billing_address trainee_emails access_notes "
            "needs_adaptation staff_count recovers_vat naf".split()
        ),
        frozenset({"company", "schedule", "trainees"}),
        Papers.NONE,
        Accord.STANDS,
        voids_signature=False,
    ),
    Row(
        "names",
        "Nom ou poste d’un stagiaire, à effectif égal\u00a0; personne qui forme",
        frozenset({"trainee_names", "trainer_id"}),
        frozenset({"trainees"}),
        Papers.NAMES,
        Accord.TOLD,
        voids_signature=False,
    ),
    Row(
        "signatory",
        "Personne qui signe",
        frozenset(
            "signatory_first_name signatory_last_name signatory_function signatory_email".split()
        ),
        frozenset({"company"}),
        Papers.SIGNATORY,
        Accord.STANDS,
        voids_signature=False,
    ),
    Row(
        "contract",
        "Intitulé, dates, horaires, part à distance, lieu, effectif, prix, financement",
        frozenset(
            "programme_id half_days remote_percent place_mode place headcount price_cents address "
            "postcode city funder_choice opco_code subrogation".split()
        ),
        frozenset({"company", "funding", "programme", "schedule", "trainees"}),
        Papers.ALL,
        Accord.REDONE,
        voids_signature=True,
    ),
    Row(
        "company",
        "Entreprise\u00a0: SIRET, raison sociale",
        frozenset({"siret", "legal_name"}),
        frozenset({"company"}),
        Papers.ALL,
        Accord.VOID,
        voids_signature=True,
    ),
)
ROWS = {row.code: row for row in TABLE}
# Health (article 9 of the GDPR): the journal does not even say that it changed.
UNTOLD = frozenset({"needs_adaptation"})
# As the journal of a session names what was changed; several columns may have one name.
FIELD_LABEL = {
    "phone": "téléphone",
    "contact_name": "contact",
    "contact_email": "contact",
    "billing_address": "adresse de facturation",
    "trainee_emails": "e-mail d’un stagiaire",
    "access_notes": "accès",
    "staff_count": "effectif de l’entreprise",
    "recovers_vat": "TVA de l’entreprise",
    "naf": "code NAF",
    "trainee_names": "stagiaires",
    "trainer_id": "personne qui forme",
    "signatory_first_name": "signataire",
    "signatory_last_name": "signataire",
    "signatory_function": "signataire",
    "signatory_email": "signataire",
    "programme_id": "programme",
    "half_days": "dates et horaires",
    "remote_percent": "part à distance",
    "place_mode": "lieu",
    "place": "lieu",
    "headcount": "nombre de stagiaires",
    "price_cents": "prix",
    "address": "adresse de l’entreprise",
    "postcode": "adresse de l’entreprise",
    "city": "adresse de l’entreprise",
    "funder_choice": "financeur",
    "opco_code": "financeur",
    "subrogation": "subrogation",
    "siret": "SIRET",
    "legal_name": "raison sociale",
}


@dataclass(frozen=True)
class Outcome:
    """What a set of changes does: every consequence of its rows, the heaviest first."""

    rows: tuple[Row, ...]

    @property
    def renews_all(self) -> bool:
        return any(row.papers is Papers.ALL for row in self.rows)

    @property
    def changes_names(self) -> bool:
        return any(row.papers is Papers.NAMES for row in self.rows)

    @property
    def changes_signatory(self) -> bool:
        return any(row.papers is Papers.SIGNATORY for row in self.rows)

    @property
    def accord(self) -> Accord:
        return max((row.accord for row in self.rows), default=Accord.STANDS)

    @property
    def voids_signature(self) -> bool:
        return any(row.voids_signature for row in self.rows)


def outcome(changed: Iterable[str]) -> Outcome:
    """What changing these fields does. A field that is not in the table counts as contractual."""
    found = {_row_of(name).code for name in changed}
    return Outcome(tuple(row for row in reversed(TABLE) if row.code in found))


def named(changed: Iterable[str]) -> list[str]:
    """The names of those fields, each once."""
    return list(dict.fromkeys(FIELD_LABEL[name] for name in changed if name in FIELD_LABEL))


def _row_of(field: str) -> Row:
    return next((row for row in TABLE if field in row.fields), ROWS["contract"])


def said(row: Row, *, has_agreement: bool, is_signed: bool) -> str:
    """That row as the page of the change says it, in the present situation: a French sentence."""
    after = {
        Accord.STANDS: "",
        Accord.TOLD: " Le client prévient son OPCO.",
        Accord.REDONE: " L’accord est à faire confirmer par l’OPCO.",
        Accord.VOID: " L’accord ne vaut plus\u00a0: une nouvelle demande est à déposer.",
    }[row.accord]
    text = _papers_said(row, is_signed)
    if is_signed and row.voids_signature:
        text += " La signature tombe\u00a0: la convention est à signer de nouveau."
    return text + (after if has_agreement else "")


def _papers_said(row: Row, is_signed: bool) -> str:
    if row.papers is Papers.NONE:
        return "Rien d’autre ne change."
    if row.papers is Papers.ALL:
        return "Un nouveau devis, une nouvelle convention et un nouveau programme partent."
    if is_signed:
        if row.papers is Papers.NAMES:
            return "Une annexe part au client\u00a0; la signature reste valable."
        return "La signature déjà donnée reste valable."
    if row.papers is Papers.NAMES:
        return "Une nouvelle convention part au client."
    return "De nouveaux devis et convention partent\u00a0; l’ancien lien de signature se ferme."


def said_of(
    topics: Iterable[str], *, has_agreement: bool, is_signed: bool
) -> list[tuple[str, str]]:
    """The rows of those pages, lightest first: what is changed, and what it does."""
    shown = set(topics)
    return [
        (row.label, said(row, has_agreement=has_agreement, is_signed=is_signed))
        for row in TABLE
        if row.topics & shown
    ]
