"""« Vérifier un document » : anybody, with the file or with the code printed on it.

Knows digests and codes only; says nothing of anyone. Works without JavaScript.
"""

from flask import Blueprint, Response, abort, request

from portal import clock, web
from portal.access import tries
from portal.blueprints.receiving import takes_one_file
from portal.signature import verify
from portal.signature.rules import read_verification_code
from portal.signature.verify import Verdict
from portal.uploads.rules import MAX_OCTETS

blueprint = Blueprint("verification", __name__)

HOUR = 3_600
FILES_PER_HOUR, MISSES_PER_HOUR = 60, 30
NOTHING_GIVEN = "Choisissez un fichier, ou saisissez le code imprimé dans sa marge"
WRONG_CODE = (
    "Ce code comporte une erreur\u00a0: il compte 28 lettres et chiffres, en sept groupes de quatre"
)
TOO_LARGE = "Ce fichier dépasse 12\u00a0Mo\u00a0: ce n’est pas un document de ce portail"


@blueprint.get("/verifier")
def page() -> Response:
    """The form; with `code`, as the QR code of a paper opens it, the answer too."""
    code = request.args.get("code", "").strip()
    return _answer_code(code) if code else _page()


@blueprint.post("/verifier")
@takes_one_file
def check() -> Response:
    """The answer about the file handed in, or else about the code typed."""
    given = request.files.get("file")
    content = given.stream.read(MAX_OCTETS + 1) if given is not None else b""
    code = request.form.get("code", "").strip()
    if content:
        _count("verify-file", FILES_PER_HOUR)
        if len(content) > MAX_OCTETS:
            return _page(error=("file", TOO_LARGE), status=413)
        return _page(verdict=verify.verify_file(content))
    if code:
        return _answer_code(code)
    return _page(error=("file", NOTHING_GIVEN), status=422)


def _answer_code(code: str) -> Response:
    """A code that cannot be one is told apart from one we do not know: a letter was misread."""
    if read_verification_code(code) is None:
        return _page(code=code[:60], error=("code", WRONG_CODE), status=422)
    verdict = verify.verify_code(code)
    if verdict is verify.UNKNOWN:
        _count("verify-miss", MISSES_PER_HOUR)
    return _page(code=code[:60], verdict=verdict)


def _count(name: str, limit: int) -> None:
    key = f"{name}:{tries.network(web.client_ip())}"
    if not tries.allow(key, limit, HOUR, clock.now()):
        abort(429)


def _page(
    verdict: Verdict | None = None,
    code: str = "",
    error: tuple[str, str] | None = None,
    status: int = 200,
) -> Response:
    return web.page(
        "public/verify.html",
        status=status,
        verdict=verdict,
        code=code,
        error=error,
        errors=[error] if error else [],
    )
