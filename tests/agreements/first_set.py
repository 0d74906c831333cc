"""The ten agreements the reading rules were written with. Names, numbers and sums are invented."""

from datetime import date

from portal.funding.rules import Base
from tests.agreements import first_letters as letters
from tests.agreements import first_tables as tables
from tests.agreements.drawing import Agreement, span

FIRST_SET = (
    Agreement(
        "boxed-letter",
        letters.boxed_letter,
        {
            "decision": "partial",
            "amount": 160_000,
            "base": Base.NET,
            "file_number": "26-118204",
            **span(date(2027, 1, 12), date(2027, 1, 13)),
            "minutes": 840,
            "headcount": 4,
            "subrogation": True,
            "organisation_nda": "27210432177",
            "payee": "organisation",
        },
    ),
    Agreement(
        "warm-letter",
        letters.warm_letter,
        {
            "decision": "total",
            "amount": 280_000,
            "base": Base.NET,
            "file_number": "EP-2026-104233",
            **span(date(2027, 2, 2), date(2027, 2, 3)),
            "minutes": 840,
            "headcount": 4,
            "subrogation": True,
            "organisation_nda": "11750000075",
            "payee": "organisation",
        },
    ),
    Agreement(
        "costs-table",
        tables.costs_table,
        {
            "decision": "partial",
            "amount": 315_000,
            "base": Base.NET,
            "file_number": "DF-2027-00815",
            **span(date(2027, 3, 8), date(2027, 3, 10)),
            "minutes": 1260,
            "headcount": 6,
            "subrogation": True,
            "client_siret": "51234098500013",
        },
    ),
    Agreement(
        "two-columns",
        tables.two_columns,
        {
            "decision": "total",
            "amount": 120_000,
            "base": Base.NET,
            "file_number": "ATL/26/774512",
            **span(date(2027, 2, 18), date(2027, 2, 18)),
            "minutes": 420,
            "headcount": 8,
            "subrogation": False,
            "client_siret": "11122233700011",
            "organisation_nda": "11750000075",
            "payee": "company",
        },
    ),
    Agreement(
        "refusal",
        letters.refusal,
        {
            "decision": "refused",
            "file_number": "MOB-58213-26",
            "client_siret": "44455566800011",
            **span(date(2026, 11, 2), date(2026, 11, 2)),
            "headcount": 3,
        },
    ),
    Agreement(
        "hourly-ceiling",
        letters.hourly_ceiling,
        {
            "decision": "partial",
            "amount": 378_000,
            "base": Base.NET,
            "file_number": "2026ATL0098341",
            **span(date(2027, 3, 15), date(2027, 3, 17)),
            "minutes": 1260,
            "headcount": 6,
            "subrogation": True,
            "client_siret": "11122233700011",
            "payee": "organisation",
        },
    ),
    Agreement(
        "gross-amount",
        letters.gross_amount,
        {
            "decision": "partial",
            "amount": 453_600,
            "base": Base.GROSS,
            "file_number": "UNI-773-2027",
            **span(date(2027, 4, 5), date(2027, 4, 7)),
            "headcount": 5,
            "subrogation": True,
            "payee": "organisation",
        },
    ),
    Agreement(
        "many-pages",
        tables.many_pages,
        {
            "decision": "partial",
            "amount": 224_000,
            "base": Base.NET,
            "file_number": "AFD270116-55",
            **span(date(2027, 4, 19), date(2027, 4, 23)),
            "minutes": 2100,
            "subrogation": False,
            "client_siret": "43098765100014",
            "payee": "company",
        },
    ),
    Agreement(
        "typed-form",
        tables.typed_form,
        {
            "decision": "partial",
            "amount": 123_450,
            "base": Base.NET,
            "file_number": "C2027-66410",
            **span(date(2027, 5, 10), date(2027, 5, 11)),
            "minutes": 840,
            "headcount": 3,
            "subrogation": True,
            "client_siret": "80123645600019",
            "organisation_nda": "27210432177",
        },
    ),
    Agreement("scan", tables.scan, {}, is_scan=True),
)
