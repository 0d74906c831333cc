"""What changed between two versions of the papers, from their frozen facts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time

from portal import french, money
from portal.documents.facts import Facts

NOT_SAID = "non précisé"
NONE = "–"  # nothing in that place: a day that came, or that went
SEVERAL = "\u00a0; "
# What a funder answers about: a change of these has to be confirmed by it.
AGREED_UPON = frozenset(
    {
        "Formation",
        "Entreprise",
        "Dates et horaires",
        "Durée",
        "Lieu",
        "Part à distance",
        "Effectif",
        "Prix",
    }
)


@dataclass(frozen=True)
class Difference:
    """One line: what it is about, then and now, in French."""

    label: str
    before: str
    after: str


def between(before: Facts, after: Facts, only: frozenset[str] | None = None) -> list[Difference]:
    """What somebody who read `before` has to know of `after`, `only` under those labels; empty
    when nothing of that differs."""
    found = []
    for label, read in _READ:
        if only is not None and label not in only:
            continue
        then, now = read(before), read(after)
        if then != now:
            before_that, after_that = _apart(then, now)
            found.append(Difference(label, before_that, after_that))
    return found


def _apart(then: str, now: str) -> tuple[str, str]:
    """Both without the lines that stayed: of eight days, the one that moved."""
    stayed = set(then.splitlines()) & set(now.splitlines())
    before, after = (
        SEVERAL.join(line for line in text.splitlines() if line not in stayed)
        for text in (then, now)
    )
    return before or (NONE if stayed else NOT_SAID), after or (NONE if stayed else NOT_SAID)


def _half_days(facts: Facts) -> str:
    """One line per day."""
    hours: dict[str, list[str]] = {}
    for slot in facts["schedule"]["half_days"]:
        starts, ends = (french.hour(time.fromisoformat(slot[end])) for end in ("starts", "ends"))
        hours.setdefault(slot["day"], []).append(f"{starts} – {ends}")
    return "\n".join(
        f"{french.date_mid(date.fromisoformat(day))}, {french.enumeration(halves)}"
        for day, halves in hours.items()
    )


def _names(facts: Facts) -> str:
    return french.enumeration(
        [
            f"{person['name']} ({person['job']})" if person["job"] else person["name"]
            for person in facts["trainees"]["named"]
        ]
    )


def _place(facts: Facts) -> str:
    place = facts["place"]
    return place["label"] or ("à distance" if place["mode"] == "remote" else "")


def _price(facts: Facts) -> str:
    price = facts["price"]
    if not price["vat_cents"]:
        return money.euros(price["net_cents"])
    return f"{money.euros(price['net_cents'])} HT, {money.euros(price['gross_cents'])} TTC"


def _organisation(facts: Facts) -> str:
    organisation = facts["organisation"]
    return f"{organisation['name']}, SIRET {french.siret(organisation['siret'])}"


def _forfeits(facts: Facts) -> str:
    """« sans frais jusqu’à 10 jours ouvrés, puis 30 %, 50 % à moins de 3 »."""
    payment = facts["payment"]
    return (
        f"sans frais jusqu’à {french.count(payment['notice_days'], 'jour ouvré', 'jours ouvrés')}, "
        f"puis {payment['forfeit_percent']}\u00a0%, {payment['late_forfeit_percent']}\u00a0% "
        f"à moins de {payment['late_notice_days']}"
    )


def _granted(name: str) -> Callable[[Facts], str]:
    def read(facts: Facts) -> str:
        granted = facts["funding"]["granted"]
        return money.euros(granted[name]) if granted else ""

    return read


def _signatory(facts: Facts) -> str:
    client = facts["client"]
    return f"{client['signatory_name']}, {client['signatory_function']}"


_READ: tuple[tuple[str, Callable[[Facts], str]], ...] = (
    ("Formation", lambda facts: str(facts["programme"]["title"])),
    (
        "Entreprise",
        lambda facts: (
            f"{facts['client']['legal_name']}, SIRET {french.siret(facts['client']['siret'])}"
        ),
    ),
    ("Personne qui signe", _signatory),
    ("Dates et horaires", _half_days),
    ("Durée", lambda facts: french.duration(facts["schedule"]["minutes"])),
    ("Lieu", _place),
    ("Part à distance", lambda facts: f"{facts['remote']['percent']}\u00a0%"),
    ("Effectif", lambda facts: french.count(facts["trainees"]["headcount"], "stagiaire")),
    ("Stagiaires", _names),
    ("Intervention", lambda facts: str(facts["trainer"]["name"])),
    ("Prix", _price),
    ("Organisme", _organisation),
    ("Déclaration d’activité", lambda facts: french.nda(facts["organisation"]["nda"])),
    ("Délai de paiement", lambda facts: french.count(facts["payment"]["days"], "jour")),
    ("Report et dédit", _forfeits),
    ("Financeur", lambda facts: facts["funding"]["opco"] or ""),
    (
        "Subrogation",
        lambda facts: "oui" if facts["funding"]["subrogation"] else "non",
    ),
    ("Pris en charge", _granted("net_cents")),
    ("Reste à charge", _granted("remainder_cents")),
    ("À régler par l’entreprise", _granted("client_due_cents")),
)
