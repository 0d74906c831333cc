"""« Trouver mon OPCO »: open to all, one field, and answers that can be shared by their address."""

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, Response, request
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

from portal import clock, french, web
from portal.access import tries
from portal.access.rules import Role
from portal.companies.finder import Answer, Asked, Finder, understand
from portal.companies.opco import WHY, Proposal, Standing
from portal.companies.reference import Convention, Tables, month_name
from portal.extensions import db, settings
from portal.funding.rules import Opco, opcos

blueprint = Blueprint("opco", __name__)
log = logging.getLogger(__name__)

QUESTIONS = 60  # put to the directory by one address
WINDOW = 600  # seconds
SHOWN = 200  # characters of the question that are shown again
HUMAN_FINDER = "https://quel-est-mon-opco.francecompetences.fr/"


@dataclass
class Visitor:
    """Counts what one address asks of the directory; staff who signed in is not counted."""

    is_refused: bool = False
    wait: int = 0  # seconds

    def may_ask(self) -> bool:
        if current_user.is_authenticated:
            return True
        key, now = f"directory:{tries.network(web.client_ip())}", clock.now()
        try:
            if tries.allow(key, QUESTIONS, WINDOW, now):
                return True
            oldest = tries.times(key, WINDOW, now)[0]
        except SQLAlchemyError:
            db.session.rollback()
            log.exception("questions to the directory cannot be counted: they stay open")
            return True
        self.is_refused = True
        left = (oldest + timedelta(seconds=WINDOW) - now).total_seconds()
        self.wait = max(1, math.ceil(left))
        return False


@blueprint.get("/trouver-mon-opco")
def find() -> Response:
    """The field, what it found, and the eleven OPCO."""
    typed = request.args.get("q", "")
    visitor = Visitor()
    finder = Finder.of(settings())
    answer = finder.answer(understand(typed), visitor.may_ask)
    is_whole = not web.wants_fragment()
    response = web.page(
        "opco/page.html",
        block=("result", "said"),
        status=429 if visitor.is_refused and is_whole else 200,
        typed=typed.strip()[:SHOWN],
        answer=answer,
        asked=Asked,
        standing=Standing,
        everyone=list(opcos().values()),
        tables=finder.tables,
        minutes=math.ceil(visitor.wait / 60),
        is_refused=visitor.is_refused,
        is_whole=is_whole,
        may_create=current_user.is_authenticated and current_user.role == Role.TRAINER,
        human_finder=HUMAN_FINDER,
        opco_names=_names,
        funds_month=month_name(max(f.month for f in finder.tables.funds.values())),
        **shown(answer.proposal, finder.tables),
        named=opcos()[answer.question.value] if answer.question.kind is Asked.OPCO else None,
        summary=_in_one_sentence(answer),
    )
    if visitor.is_refused:
        response.headers["Retry-After"] = str(visitor.wait)
    return response


def shown(proposal: Proposal, tables: Tables) -> dict[str, object]:
    """A proposal in words, for this page and for the forms."""
    found = [tables.conventions[i] for i in proposal.idccs if i in tables.conventions]
    known = opcos()
    return {
        "proposal": proposal,
        "opco": known.get(proposal.code or ""),
        "choices": [known[code] for code in proposal.codes if code in known],
        "funds": [tables.funds[code] for code in proposal.funds],
        "found_conventions": found,
        "convention_of": _by_opco(found),
        "manager": known.get(proposal.manager),
        "why": WHY[proposal.path],
        "source": proposal.source[:1].upper() + proposal.source[1:],
        "month": month_name(proposal.month),
        "filing": filing,
        "of": french.of,
    }


def _names(codes: Sequence[str]) -> str:
    return " ou ".join(opcos()[code].name for code in codes)


def _by_opco(found: list[Convention]) -> Callable[[str], list[Convention]]:
    return lambda code: [convention for convention in found if code in convention.codes]


def filing(opco: Opco) -> str:
    """The last filing day as a rule: « au plus tard 15 jours avant le début »."""
    if opco.filing_days is None:
        return f"En ligne, avant le début de la formation\u00a0; délai à vérifier chez {opco.name}"
    sentence = f"En ligne, {opco.filing_days}\u00a0jours au moins avant le début de la formation"
    return sentence if opco.filing_is_sure else f"{sentence} (délai à confirmer)"


def _in_one_sentence(answer: Answer) -> str:
    """What a screen reader is told when the answer arrives by itself."""
    proposal = answer.proposal
    if answer.question.fault:
        return answer.question.fault
    if proposal.code:
        return f"OPCO trouvé\u00a0: {opcos()[proposal.code].name}"
    if proposal.standing is Standing.CHOICE:
        return "Plusieurs OPCO possibles"
    if proposal.standing is Standing.HINT:
        return f"Une piste, à vérifier\u00a0: {opcos()[proposal.codes[0]].name}"
    if proposal.standing is Standing.FUND:
        return "Sans salarié, vous dépendez d’un fonds d’assurance formation"
    count = len(answer.conventions) + len(answer.companies) + len(answer.activities)
    if answer.question.kind is Asked.WORDS:
        return "Aucun résultat" if not count else f"Résultats\u00a0: {count}"
    return ""
