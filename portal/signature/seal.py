"""The organisation's electronic seal on a PDF (PAdES), and its examination. pyHanko, worker only.

The bytes that were shown stay the beginning of the sealed file: the seal is an incremental update,
certified so that any later change breaks it.
"""

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import httpx
from asn1crypto import tsp
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.content import PdfContent
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import AxisAlignment, BoxConstraints, SimpleBoxLayoutRule
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.timestamps.common_utils import TimestampRequestError
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator import ValidationContext

from portal.signature import strip as strips
from portal.signature.certificate import Certificate, SealError
from portal.signature.strip import Filled, Strip

FIELD = "Cachet"
DIGEST = "sha256"
TSA_SECONDS = 10.0
# Room for the signature, in characters of the file: our own certificate is short, a chain of
# certificates and a time-stamp are not.
ROOM_OWN, ROOM_GIVEN, ROOM_STAMP = 4_096, 16_384, 16_384

# Both warn at each validation that our own certificate is not on a list of trust: it is not.
for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).setLevel(logging.ERROR)


class StampFailed(RuntimeError):
    """The time-stamping authority gave no time-stamp."""


@dataclass(frozen=True)
class Sealed:
    """A sealed file; `stamped_at` is the authority's time when it gave one."""

    content: bytes
    sha256: str
    sealed_at: datetime
    stamped_at: datetime | None


@dataclass(frozen=True)
class Checked:
    """What the examination of a sealed file found.

    `is_whole`: nothing was added after the seal; `is_intact`: nothing changed under it, and it was
    made with the key of the certificate whose SHA-256 is `fingerprint`.
    """

    is_intact: bool
    is_whole: bool
    is_certified: bool
    fingerprint: str
    sealed_at: datetime | None
    stamped_at: datetime | None

    @property
    def is_good(self) -> bool:
        return self.is_intact and self.is_whole and self.is_certified


def seal(
    pdf: bytes,
    certificate: Certificate,
    *,
    reason: str,
    location: str,
    name: str,
    strip: Strip | None = None,
    filled: tuple[int, Sequence[Filled]] | None = None,
    tsa_url: str = "",
) -> Sealed:
    """`pdf` sealed, with the strip in the margin of its first page when there is one, and the
    boxes `filled` on the page of that number, from 0.

    Raises SealError when the file cannot be sealed or its seal does not verify, StampFailed when
    the time-stamp asked for was not given.
    """
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    if filled:
        _lay_over(writer, filled[0], strips.draw_filled(filled[1]))
    box = (strips.LEFT, strips.BOTTOM, strips.LEFT + strips.WIDTH, strips.BOTTOM + strips.HEIGHT)
    # pyHanko writes whole points
    rounded = (round(box[0]), round(box[1]), round(box[2]), round(box[3]))
    signer = PdfSigner(
        PdfSignatureMetadata(
            field_name=FIELD,
            md_algorithm=DIGEST,
            reason=reason,
            location=location,
            name=name,
            certify=True,
            docmdp_permissions=MDPPerm.NO_CHANGES,
            subfilter=SigSeedSubFilter.PADES,
        ),
        certificate.signer,
        timestamper=_Authority(tsa_url) if tsa_url else None,
        stamp_style=_style(strip) if strip else None,
        new_field_spec=SigFieldSpec(FIELD, on_page=0, box=rounded if strip else None),
    )
    room = (ROOM_OWN if certificate.is_own else ROOM_GIVEN) + (ROOM_STAMP if tsa_url else 0)
    try:
        content: bytes = signer.sign_pdf(writer, bytes_reserved=room).getvalue()
    except TimestampRequestError as error:
        raise StampFailed(str(error)) from error
    found = check(content)
    if not content.startswith(pdf) or not found.is_good or found.sealed_at is None:
        raise SealError("Le cachet posé ne se vérifie pas")
    if found.fingerprint != certificate.fingerprint:
        raise SealError("Le cachet posé n’est pas celui de l’organisme")
    return Sealed(content, sha256(content).hexdigest(), found.sealed_at, found.stamped_at)


def check(content: bytes) -> Checked:
    """Examines the seal of a file of ours; raises SealError when it carries none, or several."""
    try:
        reader = PdfFileReader(io.BytesIO(content))
        signatures = reader.embedded_regular_signatures
        if len(signatures) != 1:
            raise SealError(f"{len(signatures)} cachet(s) au lieu d’un")
        (embedded,) = signatures
        trusted = ValidationContext(trust_roots=[embedded.signer_cert], allow_fetching=False)
        nobody = ValidationContext(trust_roots=[], allow_fetching=False)
        status = validate_pdf_signature(embedded, trusted, ts_validation_context=nobody)
    except SealError:
        raise
    except Exception as error:  # an altered file fails anywhere in its reading
        raise SealError(f"Fichier illisible ({type(error).__name__})") from error
    stamp = status.timestamp_validity
    permission = embedded.docmdp_level
    return Checked(
        is_intact=status.intact and status.valid and (stamp is None or stamp.intact),
        is_whole=status.coverage is SignatureCoverageLevel.ENTIRE_FILE,
        is_certified=permission is MDPPerm.NO_CHANGES,
        fingerprint=sha256(embedded.signer_cert.dump()).hexdigest(),
        sealed_at=status.signer_reported_dt,
        stamped_at=stamp.timestamp if stamp else None,
    )


# --- What the seal writes: lines over a page, the strip as its own appearance


def _lay_over(writer: Any, page: int, pdf: bytes) -> None:
    """Adds the one page of a small PDF over a page, within the update that the seal certifies."""
    drawn = writer.import_page_as_xobject(PdfFileReader(io.BytesIO(pdf)), page_ix=0)
    show = generic.StreamObject(stream_data=b"q /Filled Do Q")
    dictionary: Any = generic.DictionaryObject
    forms = dictionary({"/XObject": dictionary({"/Filled": drawn})})
    writer.add_stream_to_page(page, writer.add_object(show), forms)


class _Page(PdfContent):
    """The one page of a small PDF, as an appearance."""

    def __init__(self, pdf: bytes) -> None:
        super().__init__()
        self.pdf = pdf

    def render(self) -> bytes:
        reader = PdfFileReader(io.BytesIO(self.pdf))
        page: Any = self._ensure_writer.import_page_as_xobject(reader, page_ix=0)
        self.resources.xobject["/Strip"] = page
        self.box = BoxConstraints(width=strips.WIDTH, height=strips.HEIGHT)
        return b"/Strip Do"


def _style(strip: Strip) -> StaticStampStyle:
    layout = SimpleBoxLayoutRule(
        x_align=AxisAlignment.ALIGN_MIN,
        y_align=AxisAlignment.ALIGN_MIN,
    )
    return StaticStampStyle(
        border_width=0, background=_Page(strips.draw(strip)), background_layout=layout
    )


# --- The time-stamping authority


class _Authority(TimeStamper):
    """RFC 3161 over HTTP, with a time-out; only a digest leaves."""

    def __init__(self, url: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.url = url

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        headers = {"Content-Type": "application/timestamp-query"}
        try:
            async with httpx.AsyncClient(timeout=TSA_SECONDS) as client:
                answer = await client.post(self.url, content=req.dump(), headers=headers)
            answer.raise_for_status()
            return tsp.TimeStampResp.load(answer.content, strict=True)
        except (httpx.HTTPError, ValueError) as error:
            raise TimestampRequestError(f"{type(error).__name__}") from error
