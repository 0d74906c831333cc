"""What people type in the pages of a dossier: right answers, one dictionary per topic."""

from datetime import date

SIRETS = {"quetzal": "90055312400018", "wapiti": "73282932000074"}
DAYS = (date(2027, 1, 12), date(2027, 1, 13))
Answers = dict[str, str]


def company(word: str, **changes: str) -> Answers:
    return {
        "siret": SIRETS[word],
        "legal_name": f"Ateliers {word}",
        "address": f"14 rue {word}",
        "postcode": "21200",
        "city": "Beaune",
        "naf": "43.32A",
        "staff_count": "18",
        "recovers_vat": "oui",
        "signatory_first_name": "Hélène",
        "signatory_last_name": f"Vasseur-{word}",
        "signatory_function": "gérante",
        "signatory_email": f"helene@{word}.example",
        "phone": "0199001234",
        "contact_name": f"Marc {word}",
        "contact_email": f"marc@{word}.example",
        "billing_address": f"Boîte postale {word}",
    } | changes


def funding(**changes: str) -> Answers:
    return {"funder": "CONSTRUCTYS", "subrogation": "oui"} | changes


def programme(number: int = 1, **changes: str) -> Answers:
    return {
        "programme_id": str(number),
        "price_basis": "",
        "unit_price": "",
        "remote_percent": "0",
    } | changes


def schedule(word: str, **changes: str) -> Answers:
    answers = {"place_mode": "other", "place": f"Salle {word}", "access_notes": f"Code {word}"}
    hours = ("09:00", "12:30", "13:30", "17:00")
    names = ("morning_starts", "morning_ends", "afternoon_starts", "afternoon_ends")
    for index, day in enumerate(DAYS):
        answers |= {f"days-{index}-{n}": h for n, h in zip(names, hours, strict=True)}
        answers[f"days-{index}-date"] = day.isoformat()
    return answers | changes


def trainees(word: str, **changes: str) -> Answers:
    return {
        "headcount": "2",
        "people-0-first_name": "Amine",
        "people-0-last_name": f"Rahmani-{word}",
        "people-0-email": f"amine@{word}.example",
        "people-0-job": f"Pose {word}",
        "pasted": "",
        "needs_adaptation": "non",
    } | changes


def topics(word: str) -> dict[str, Answers]:
    return {
        "company": company(word),
        "funding": funding(),
        "programme": programme(),
        "schedule": schedule(word),
        "trainees": trainees(word),
    }
