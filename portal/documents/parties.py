"""Who a paper names and what it teaches: the parts of its facts that one row gives."""

from typing import Any

from portal import french
from portal.accounts.models import Organisation, User
from portal.companies.models import Company
from portal.programmes.rules import certification_text
from portal.training.models import Programme


def of_region(region: str) -> str:
    """« de Bretagne », « d’Île-de-France », « des Hauts-de-France », « du Grand Est »."""
    if region.startswith(("Hauts-", "Pays ")):
        return f"des {region}"
    if region.startswith(("Grand ", "Centre-")):
        return f"du {region}"
    return f"d’{region}" if french.fold(region)[:1] in "aeiouy" else f"de {region}"


_IDENTITY = (
    "name",
    "legal_form",
    "capital_cents",
    "rcs",
    "address",
    "postcode",
    "city",
    "siret",
    "nda",
    "vat_number",
)
_LETTERHEAD = (
    *_IDENTITY,
    "signatory_name",
    "signatory_function",
    "contact_name",
    "contact_function",
    "email",
    "phone",
    "website",
    "logo_sha256",
    "accent",
    "internal_rules",
    "terms",
    "mediator",
)
# Who the client contracts with, and on which terms; people and looks may change in between.
BOUND = (*_IDENTITY, "nda_region", "internal_rules", "terms")


def organisation_facts(row: Organisation) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in _LETTERHEAD},
        "nda_region": of_region(row.nda_region),
        "qualiopi": {
            "number": row.qualiopi_number,
            "certifier": row.qualiopi_certifier,
            "valid_until": row.qualiopi_valid_until.isoformat(),
        },
        "disability": {
            "name": row.disability_name,
            "email": row.disability_email,
            "phone": row.disability_phone,
        },
    }


def client_facts(row: Company) -> dict[str, Any]:
    return {
        "legal_name": row.legal_name,
        "siret": row.siret,
        "naf": row.naf,
        "address": row.address,
        "postcode": row.postcode,
        "city": row.city,
        "signatory_name": row.signatory_name,
        "signatory_function": row.signatory_function,
        "contact_name": row.correspondent_name,
        "billing_address": row.billing_address,
    }


def programme_facts(row: Programme) -> dict[str, Any]:
    return {
        "code": row.code,
        "title": row.title,
        "version": row.version,
        "dated": row.dated.isoformat(),
        "minutes": row.minutes,
        "objectives": [str(objective) for objective in row.objectives],
        "content": [
            {
                "title": module["title"],
                "minutes": module.get("minutes"),
                "points": [str(point) for point in module.get("points", ())],
            }
            for module in row.content
        ],
        **{
            name: getattr(row, name)
            for name in (
                "prerequisites",
                "audience",
                "access_delay",
                "methods",
                "means",
                "follow_up",
                "assessment",
                "sanction",
                "accessibility",
                "results",
            )
        },
        "certification": certification_text(
            row.certification, row.certification_code, row.certifier, row.certified_on
        ),
    }


def trainer_facts(row: User) -> dict[str, Any]:
    return {
        "name": row.name,
        "titles": row.titles or "",
        "qualifications": row.qualifications or "",
    }
