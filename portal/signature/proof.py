"""The « dossier de preuve »: everything known of a signature, for machines (JSON) and people (PDF).

Pure data and one template: the same evidence always gives the same proof.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup

from portal import french, money
from portal.rendering import paper_environment
from portal.signature.models import Channel, SignatureKind
from portal.signature.rules import canonical

SCHEMA = 1
TOTAL = Markup("\ue000")  # where the press writes the number of pages

CHANNEL_LABEL = {
    Channel.EMAIL: "par e-mail, dans la même boîte que le lien",
    Channel.SMS: "par SMS, au téléphone de l’entreprise",
    Channel.PHONE: "lu au téléphone par l’organisme",
}
EVENT_LABEL = {
    "issue_documents": "Documents émis",
    "amend": "Documents modifiés",
    "receive_agreement": "Accord de prise en charge reçu",
    "validate_agreement": "Accord validé",
    "correct_agreement": "Accord corrigé",
    "self_fund": "Financement par l’entreprise",
    "send_sign_link": "Lien de signature envoyé",
    "delegate_signature": "Signature transmise à une autre personne",
    "decline_signature": "Signature refusée",
    "send_code": "Code de confirmation émis",
    "sign": "Signature",
    "record_paper_signature": "Signature sur papier enregistrée",
}
ROLE_LABEL = {
    "trainer": "Formation",
    "client": "Client",
    "office": "Organisme",
    "trainee": "Stagiaire",
    "clock": "Portail",
}


@dataclass(frozen=True)
class Seal:
    """What is known of the seal, hexadecimal SHA-256 and ISO instants; `stamp` says what became
    of the time-stamp: the authority's instant, « non demandé » or « non obtenu »."""

    sha256: str
    octets: int
    sealed_at: str
    certificate_subject: str
    certificate_sha256: str
    certificate_ends_at: str
    stamp: str


@dataclass(frozen=True)
class Entry:
    """One entry of the journal about this dossier, with all that its digest is made of: anybody
    can compute it again (`journal.rules.entry_digest`)."""

    seq: int
    at: str
    event: str
    actor_role: str
    actor_id: int | None
    training_id: int | None
    body: str
    details_sha256: str
    previous: str
    sha256: str


@dataclass(frozen=True)
class Chain:
    """The journal as it stood: the entries of the dossier, and the head of the whole."""

    entries: Sequence[Entry]
    head: str


def build(
    evidence: Mapping[str, Any],
    evidence_sha256: str,
    seal: Seal | None,
    chain: Chain,
    deliveries: Sequence[Mapping[str, Any]],
    organisation: Mapping[str, str],
    verify_url: str,
) -> dict[str, Any]:
    """The whole proof, ready for `to_json`; `deliveries` is what became of the messages since."""
    return {
        "schema": SCHEMA,
        "evidence": dict(evidence),
        "evidence_sha256": evidence_sha256,
        "seal": asdict(seal) if seal else None,
        "journal": {"entries": [asdict(entry) for entry in chain.entries], "head": chain.head},
        "deliveries": [dict(delivery) for delivery in deliveries],
        "organisation": dict(organisation),
        "verify_url": verify_url,
    }


def to_json(proof: Mapping[str, Any]) -> bytes:
    """The one text of that proof: sorted keys, UTF-8, no blanks."""
    return canonical(proof).encode()


def to_html(proof: Mapping[str, Any]) -> str:
    """The page the press prints; it names the QR code as the address `logo`."""
    evidence = proof["evidence"]
    template = paper_environment().get_template("documents/proof.html")
    return template.render(
        proof=proof,
        evidence=evidence,
        rows=_rows(evidence),
        identity=_identity(evidence),
        amounts=_amounts(evidence["amounts"]),
        steps=_steps(evidence, proof["deliveries"]),
        request=_request(evidence),
        seal=_seal(proof),
        entries=_entries(proof["journal"]["entries"]),
        total=TOTAL,
    )


Row = tuple[str, str]


def _rows(evidence: Mapping[str, Any]) -> list[Row]:
    document = evidence["document"]
    pages = french.count(document["pages"], "page") if document["pages"] else ""
    size = french.size(document["octets"]) if document["octets"] else ""
    return _said(
        [
            ("Document", f"{document['title']} {document['reference']}"),
            ("Fichier", ", ".join(part for part in (pages, size) if part)),
            ("SHA-256 du fichier présenté", _hex(document["sha256"])),
            ("Dossier", evidence["training"]),
            ("Nature", evidence["legal"]),
        ]
    )


def _identity(evidence: Mapping[str, Any]) -> list[Row]:
    person, company, typed = evidence["signatory"], evidence["company"], evidence["address"]
    by = f"{typed['typed_by']}, {_moment(typed['typed_at'])}" if typed["typed_by"] else ""
    return _said(
        [
            ("Nom déclaré", person["name"]),
            ("Fonction déclarée", person["function"]),
            ("Adresse e-mail", person["email"]),
            ("Adresse saisie par", by),
            ("Entreprise", company["legal_name"]),
            ("SIRET", french.siret(company["siret"]) if company["siret"] else ""),
        ]
    )


def _amounts(amounts: Mapping[str, Any]) -> list[Row]:
    labels = {
        "price_cents": "Prix HT",
        "vat_cents": "TVA",
        "granted_cents": "Pris en charge HT",
        "remainder_cents": "Reste à charge HT",
        "funder_due_cents": "À régler par le financeur",
        "client_due_cents": "À régler par l’entreprise",
        "committed_cents": "Engagement pris",
    }
    return [
        (label, money.euros(amounts[name]))
        for name, label in labels.items()
        if amounts[name] is not None
    ]


def _steps(evidence: Mapping[str, Any], deliveries: Sequence[Mapping[str, Any]]) -> list[Row]:
    """What happened, in order, each with its instant; messages as they were delivered."""
    if evidence["kind"] == SignatureKind.PAPER:
        scan, confirmed = evidence["scan"], evidence["confirmed"]
        return [
            ("Document numérisé reçu", f"{_moment(scan['received_at'])}, {scan['received_by']}"),
            ("SHA-256 du document numérisé", _hex(scan["sha256"])),
            ("Signature confirmée", f"{_moment(evidence['time']['utc'])}, {confirmed['name']}"),
        ]
    link, code = evidence["link"], evidence["one_time_code"]
    sent = {
        letter: [_message(row) for row in deliveries if row["letter"] == letter]
        for letter in ("sign_request", "one_time_code")
    }
    rows = [
        ("Lien de signature émis", f"{_moment(link['issued_at'])}, pour {link['address']}"),
        *[("Message du lien", message) for message in sent["sign_request"]],
        ("« Commencer » pressé", _moment(link["begun_at"])),
    ]
    if code:
        channel = CHANNEL_LABEL[Channel(code["channel"])]
        rows += [
            ("Code émis", f"{_moment(code['issued_at'])}, {channel}"),
            *[("Message du code", message) for message in sent["one_time_code"]],
            ("Code accepté", f"{_moment(code['used_at'])}, essai n° {code['tries']}"),
        ]
    return _said([*rows, ("Signature", _moment(evidence["time"]["utc"]))])


def _request(evidence: Mapping[str, Any]) -> list[Row]:
    asked, time = evidence.get("request") or {}, evidence["time"]
    synchronised = "synchronisée" if time["synchronised"] else "synchronisation non constatée"
    return _said(
        [
            ("Adresse IP", asked.get("ip")),
            ("Adresse du dernier relais", asked.get("peer")),
            ("Navigateur", asked.get("user_agent")),
            ("Langues", asked.get("accept_language")),
            ("Heure UTC", time["utc"]),
            ("Heure de Paris", time["paris"]),
            ("Horloge", f"{time['source']}, {synchronised}"),
            ("Programme", _hex(evidence["software"]["source_sha256"])),
        ]
    )


def _seal(proof: Mapping[str, Any]) -> list[Row]:
    seal = proof["seal"]
    if seal is None:
        return []
    stamp = _moment(seal["stamp"]) if "T" in seal["stamp"] else seal["stamp"]
    return [
        ("Cachet de", seal["certificate_subject"]),
        ("SHA-256 du certificat", _hex(seal["certificate_sha256"])),
        ("SHA-256 du fichier scellé", _hex(seal["sha256"])),
        ("Scellé", _moment(seal["sealed_at"])),
        ("Horodatage RFC 3161", stamp),
    ]


def _entries(entries: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """The entries that speak of the signature; the JSON holds them all."""
    return [
        (
            french.moment(datetime.fromisoformat(entry["at"])),
            f"{entry['seq']}. {EVENT_LABEL[entry['event']]} ({ROLE_LABEL[entry['actor_role']]})",
            entry["sha256"][:16] + "…",
        )
        for entry in entries
        if entry["event"] in EVENT_LABEL
    ]


def _message(message: Mapping[str, Any]) -> str:
    left = _moment(message["sent_at"]) if message["sent_at"] else "départ non confirmé"
    reply = f", réponse du serveur : {message['reply']}" if message["reply"] else ""
    return f"{message['message_id']}, {left}{reply}"


def _moment(text: str | None) -> str:
    return french.moment(datetime.fromisoformat(text)) if text else ""


def _hex(sha256: str | None) -> str:
    """Four groups of sixteen: a digest people can compare."""
    return " ".join(sha256[at : at + 16] for at in range(0, 64, 16)) if sha256 else ""


def _said(rows: Sequence[tuple[str, Any]]) -> list[Row]:
    return [(label, str(text)) for label, text in rows if text]
