"""Issuing papers as rows, and making their files afterwards."""

from datetime import datetime, timedelta
from html import unescape
from re import sub
from struct import unpack
from typing import Any

from markupsafe import Markup
from sqlalchemy import func, or_, select

from portal import clock
from portal.accounts.models import Organisation
from portal.documents import press
from portal.documents.facts import Facts, beside
from portal.documents.kinds import ISSUED_TOGETHER, KINDS, Kind, kind_of, reference
from portal.documents.models import Document, DocumentState
from portal.extensions import claim, db, store, writing
from portal.rendering import paper_environment
from portal.training.models import TrainingSession

LEASE = timedelta(minutes=2)  # longer than the press may take
MAX_ATTEMPTS = 5
FAILED = "Le document n’a pas pu être fabriqué"
TOTAL = Markup("\ue000")  # where the press writes the number of pages
LOGO = "logo"  # the one address the press resolves


def issue(
    training: TrainingSession,
    organisation: Organisation,
    at: datetime,
    kinds: tuple[str, ...] = ISSUED_TOGETHER,
) -> list[Document]:
    """Adds the next version of those papers, pending, and supersedes the current ones.

    Called inside the caller's transaction. All papers of one issue carry the same version. Beside
    papers that stay in force, they name the organisation and its terms as these do.
    Raises facts.IncompleteTraining when the dossier lacks something they must say.
    """
    training_id = training.id
    highest = db.session.scalar(
        select(func.max(Document.version)).where(
            Document.training_id == training_id, Document.kind.in_(kinds)
        )
    )
    version = (highest or 0) + 1
    day = clock.paris(at).date()
    versions = _versions(training_id) | dict.fromkeys(kinds, version)
    references = {k: reference(k, training.number, v) for k, v in versions.items()}
    frozen = {
        kind: KINDS[kind].facts(training, organisation, day, version) | {"references": references}
        for kind in kinds
    }
    _supersede(training_id, at, kinds)
    standing = next(iter(current(training)), None)
    if standing is not None:
        frozen = {kind: beside(facts, standing.facts) for kind, facts in frozen.items()}
    documents = [
        Document(
            training_id=training_id,
            kind=kind,
            version=version,
            facts=frozen[kind],
            state=DocumentState.PENDING.value,
            attempts=0,
            created_at=at,
        )
        for kind in kinds
    ]
    db.session.add_all(documents)
    db.session.flush()
    db.session.expire(training, ["documents"])
    return documents


def _versions(training_id: int) -> dict[str, int]:
    """The version in force of each kind: what the papers issued now may refer to."""
    rows = db.session.execute(
        select(Document.kind, Document.version).where(
            Document.training_id == training_id, Document.superseded_at.is_(None)
        )
    )
    return {row.kind: row.version for row in rows}


def supersede(
    training: TrainingSession, at: datetime, kinds: tuple[str, ...] = tuple(KINDS)
) -> None:
    """Those papers of `training` are not current any more; inside the caller's transaction."""
    _supersede(training.id, at, kinds)
    db.session.expire(training, ["documents"])


def issued_since(training: TrainingSession, at: datetime) -> list[Document]:
    """The current papers issued at or after `at`."""
    return [document for document in current(training) if document.created_at >= at]


def withdraw(document: Document, at: datetime) -> None:
    """Takes back a paper nobody received yet: the version before it is in force again."""
    document.superseded_at = at
    db.session.flush()  # one current paper per kind
    before = db.session.scalar(
        select(Document).filter_by(
            training_id=document.training_id, kind=document.kind, version=document.version - 1
        )
    )
    if before is not None:
        before.superseded_at = None
    db.session.flush()


def _supersede(training_id: int, at: datetime, kinds: tuple[str, ...]) -> None:
    for row in db.session.scalars(
        select(Document).where(
            Document.training_id == training_id,
            Document.kind.in_(kinds),
            Document.superseded_at.is_(None),
        )
    ):
        row.superseded_at = at
    db.session.flush()  # before the next versions: one current paper per kind


def current(training: TrainingSession) -> list[Document]:
    """The papers in force, in the order of the catalogue."""
    rows = (row for row in training.documents if row.superseded_at is None)
    order = list(KINDS)
    return sorted(rows, key=lambda row: order.index(row.kind))


def pending_ids() -> list[int]:
    """The papers to make: pending, and nobody at work on them."""
    return list(
        db.session.scalars(
            select(Document.id)
            .where(Document.state == DocumentState.PENDING.value, _unleased(clock.now()))
            .order_by(Document.id)
        )
    )


def prepare(document_id: int) -> bool:
    """Makes the file of a pending paper; True when it stands ready, by this call or before.

    Claimed by lease: doing it twice, or dying in the middle, is harmless. After five failures
    the paper is `failed`, with a French sentence for the office.
    """
    now = clock.now()
    won = claim(
        Document,
        document_id,
        Document.state == DocumentState.PENDING.value,
        _unleased(now),
        lease_until=now + LEASE,
        attempts=Document.attempts + 1,
    )
    document = db.session.get(Document, document_id)
    if document is None or not won:
        return document is not None and document.state == DocumentState.READY.value
    kind, facts, attempts = document.kind, document.facts, document.attempts
    guess = _likely_pages(kind)
    db.session.rollback()  # no transaction is held while the press works
    try:
        logo = _logo(facts)
        accent = facts["organisation"]["accent"]
        printed = press.print_pdf(paper_html(kind, facts, logo), guess, logo, accent)
        sha256 = store().put(printed.content)
    except Exception as error:  # whatever went wrong is said on the row
        _note_failure(document_id, attempts, error)
        return False
    return claim(
        Document,
        document_id,
        Document.state == DocumentState.PENDING.value,
        state=DocumentState.READY.value,
        sha256=sha256,
        octets=len(printed.content),
        pages=printed.pages,
        lease_until=None,
        error=None,
        ready_at=clock.now(),
    )


def retry(document: Document) -> None:
    """Puts a failed paper back among the pending ones; inside the caller's transaction."""
    if document.state == DocumentState.FAILED.value:
        document.state = DocumentState.PENDING.value
        document.attempts = 0
        document.lease_until = None


def _note_failure(document_id: int, attempts: int, error: Exception) -> None:
    over = attempts >= MAX_ATTEMPTS
    after = "abandon après cinq essais" if over else "nouvel essai prévu"
    reason = f"{FAILED}, {after}. Détail technique\u00a0: {type(error).__name__}, {error}"
    with writing():
        document = db.session.get(Document, document_id)
        if document is not None and document.state == DocumentState.PENDING.value:
            document.state = (DocumentState.FAILED if over else DocumentState.PENDING).value
            document.lease_until = None
            document.error = reason[:500]


def _unleased(now: datetime) -> Any:
    return or_(Document.lease_until.is_(None), Document.lease_until < now)


def _likely_pages(kind: str) -> int:
    """The pages of the last paper of that kind: a right guess spares the second pass."""
    last = db.session.scalar(
        select(Document.pages)
        .where(Document.kind == kind, Document.state == DocumentState.READY.value)
        .order_by(Document.id.desc())
        .limit(1)
    )
    return last or 1


def body_html(kind_code: str, facts: Facts, logo: str | None = None, wordmark: bool = False) -> str:
    """The body of a paper, as the PDF prints it and as the screen shows it inside `.paper`.

    `logo` is an address the reader of the HTML may load (ours, on screen); a `wordmark` says the
    name by itself, which is then not written beside it.
    """
    kind = kind_of(kind_code)
    template = paper_environment().get_template(kind.template)
    return template.render(_context(kind, facts), logo=logo, wordmark=wordmark)


def letterhead_html(organisation: Any, logo: str | None, wordmark: bool) -> str:
    """Head and imprint of the papers, as the screen shows them inside `.paper`.

    `organisation` has the attributes of the row; the rest as in `body_html`.
    """
    template = paper_environment().get_template("documents/letterhead.html")
    return template.render(org=organisation, logo=logo, wordmark=wordmark)


def paper_html(kind_code: str, facts: Facts, logo: bytes | None = None) -> str:
    """The whole page the press prints; refuses a paper that lost one of its legal mentions."""
    kind = kind_of(kind_code)
    body = body_html(kind_code, facts, LOGO if logo else None, is_wordmark(logo or b""))
    lost = missing_mentions(kind, facts, body)
    if lost:
        raise ValueError("mention absente\u00a0: " + "\u00a0; ".join(lost))
    template = paper_environment().get_template("documents/base.html")
    safe = Markup(body)  # noqa: S704 - made just above by the escaping environment
    return template.render(_context(kind, facts), body=safe, total=TOTAL)


def is_wordmark(png: bytes) -> bool:
    """A PNG at least twice as wide as high, from its header: a name drawn, not a mark alone."""
    if not png.startswith(b"\x89PNG") or len(png) < 24:
        return False
    width, height = unpack(">II", png[16:24])
    return bool(width >= 2 * height)


def missing_mentions(kind: Kind, facts: Facts, body: str) -> list[str]:
    """The mentions of the catalogue that are not in that HTML."""
    text = " ".join(unescape(sub(r"<[^>]*>", "", body)).split())
    return [m for m in kind.mentions(facts) if " ".join(m.split()) not in text]


def _context(kind: Kind, facts: Facts) -> dict[str, Any]:
    own = {code: reference(code, facts["number"], facts["version"]) for code in KINDS}
    return {
        **facts,
        "kind": kind.code,
        "title": kind.title,
        "reference": reference(kind.code, facts["number"], facts["version"]),
        "references": own | facts.get("references", {}),
    }


def _logo(facts: Facts) -> bytes | None:
    """The organisation's logo; None when it has none."""
    sha256 = facts["organisation"]["logo_sha256"]
    return store().read(sha256) if sha256 and store().has(sha256) else None


def pdf_bytes(document: Document) -> bytes:
    """The file of a ready paper; raises ValueError when it is not made yet."""
    if document.sha256 is None:
        raise ValueError("not ready")
    return store().read(document.sha256)
