"""Opening a PDF nobody vouches for, without decoding what it draws. For the child process alone.

Nothing here decompresses the content of a page, an image or a font: a bomb stays folded. qpdf
unfolds object and cross-reference streams only, up to a limit.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream
from pikepdf.settings import qpdf_limit_errors, set_qpdf_limits

from portal.uploads.rules import MAX_PAGES, Flag, Refusal, Rejected

MAX_OBJECTS = 200_000
MAX_UNFOLDED = 64 * 1024 * 1024  # octets of one object or cross-reference stream
MAX_DEPTH = 100
BLANK = b" \t\r\n\0\x0c"
TRAILING_ALLOWED = 1024  # octets after the end that readers do not mind

ACTIONS = frozenset(
    "/JavaScript /Launch /GoToE /GoToR /SubmitForm /ImportData /Rendition /Movie /Sound "
    "/RichMediaExecute /GoTo3DView /Trans /Thread".split()
)
ACTIVE_KINDS = frozenset("/RichMedia /Movie /Sound /Screen /3D".split())
ACTIVE_KEYS = frozenset("/AA /JavaScript /JS /XFA /RichMediaContent /RichMediaSettings".split())
PROGRAMS = re.compile(
    r"\.(?:exe|com|bat|cmd|scr|pif|msi|dll|js|jse|vbs|vbe|wsf|hta|ps1|jar|lnk|url|reg|chm|cpl|iso"
    r"|docm|xlsm|pptm|sh|app|apk)[. ]*$",
    re.IGNORECASE,
)
# An object whose text names none of these is not looked at any further.
_SUSPECT = re.compile(
    rb"/(?:JavaScript|JS|AA|XFA|Launch|GoToE|GoToR|SubmitForm|ImportData|Rendition|Movie|Sound"
    rb"|RichMedia\w*|GoTo3DView|Trans|Thread|Screen|3D|EF|EmbeddedFiles?|FileAttachment|ByteRange)"
    rb"(?![^\s()<>\[\]{}/%])"
)
_UNSEEN = re.compile(r"unfilterable|limit exceeded|error decoding stream")
PAGE_KEYS = frozenset(
    "/Type /MediaBox /CropBox /Rotate /Resources /Contents /Group /UserUnit /Annots".split()
)
ANNOTATION_KEYS = frozenset("/Type /Subtype /Rect /AP /AS /F".split())
# Drawn by a program of the reader, never by us
NOT_DRAWN = ACTIVE_KINDS | {"/FileAttachment", "/Popup", "/Link"}


def prepare() -> None:
    """Limits of the library, once per process."""
    set_qpdf_limits(
        flate_max_memory=MAX_UNFOLDED,
        run_length_max_memory=MAX_UNFOLDED,
        png_max_memory=MAX_UNFOLDED,
        tiff_max_memory=MAX_UNFOLDED,
        max_stream_filters=4,
        doc_max_warnings=10_000,
    )


def open_pdf(path: Path) -> tuple[Pdf, set[Flag]]:
    """The document and what was noticed; raises Rejected."""
    content = path.read_bytes()
    flags = {Flag.TRAILING} if _trailing(content) > TRAILING_ALLOWED else set()
    try:
        pdf = pikepdf.open(path, attempt_recovery=False)
    except pikepdf.PasswordError as error:
        raise Rejected(Refusal.PASSWORD, "") from error
    except pikepdf.PdfError:
        if _is_cut(content):
            raise Rejected(Refusal.UNREADABLE, "") from None
        pdf = _recover(path)
        flags.add(Flag.RECOVERED)
    flags |= _checked(pdf)
    return pdf, flags


def _recover(path: Path) -> Pdf:
    try:
        return pikepdf.open(path, attempt_recovery=True)
    except pikepdf.PasswordError as error:
        raise Rejected(Refusal.PASSWORD, "") from error


def _trailing(content: bytes) -> int:
    """How many octets follow the end of the document, blanks left out."""
    end = content.rfind(b"%%EOF")
    return 0 if end < 0 else len(content[end + 5 :].strip(BLANK))


def _is_cut(content: bytes) -> bool:
    """Whether the end of the file never came: what could be saved would be part of an agreement."""
    if b"%%EOF" not in content:
        return True
    linear = re.search(rb"/Linearized\s[^>]*?/L\s+(\d{1,12})", content[:2048])
    return linear is not None and int(linear.group(1)) > len(content)


def _checked(pdf: Pdf) -> set[Flag]:
    if int(pdf.trailer.get("/Size", 0)) > 2 * MAX_OBJECTS or len(pdf.objects) > MAX_OBJECTS:
        raise Rejected(Refusal.TOO_COMPLEX, "")
    flags = _counted(pdf) | noticed(pdf) | _complained(pdf)
    if pdf.Root.get("/NeedsRendering", False):
        # Only its own program can draw that form: an image would say « veuillez patienter »
        raise Rejected(Refusal.ACTIVE, "")
    if pdf.is_encrypted:
        flags.add(Flag.RESTRICTED)
    return flags


def _counted(pdf: Pdf) -> set[Flag]:
    """Refuses none, too many, or a count nothing stands behind: poppler goes by it, we do not."""
    pages, claimed = len(pdf.pages), pdf.Root.Pages.get("/Count", 0)
    if pages > MAX_PAGES:
        raise Rejected(Refusal.TOO_MANY_PAGES, "")
    if not pages or not isinstance(claimed, int) or claimed > len(pdf.objects):
        raise Rejected(Refusal.UNREADABLE, "")
    return set() if claimed == pages else {Flag.RECOVERED}


def _complained(pdf: Pdf) -> set[Flag]:
    """What the library met on its way. Objects left folded were not seen: the file is refused."""
    warnings = [str(warning) for warning in pdf.get_warnings()]
    if has_met_a_limit() or any(_UNSEEN.search(warning) for warning in warnings):
        raise Rejected(Refusal.TOO_COMPLEX, "")
    return {Flag.RECOVERED} if warnings else set()


def has_met_a_limit() -> bool:
    """Whether the library stopped unfolding something: whatever it then says comes from that."""
    return qpdf_limit_errors() > 0


# --- What a reader of PDF could be made to do


def noticed(pdf: Pdf) -> set[Flag]:
    """Active content, attachments and signatures, wherever they stand in the document."""
    flags: set[Flag] = set()
    for found in pdf.objects:
        if isinstance(found, Stream):
            text: Object = found.stream_dict
        elif isinstance(found, Dictionary | Array):
            text = found
        else:
            continue
        if _SUSPECT.search(text.unparse(resolved=True)):
            for holder in _dictionaries(text):
                flags |= _of_dictionary(holder)
    return flags


def _dictionaries(top: Object) -> Iterator[Dictionary]:
    """The direct dictionaries of an object, itself included; references are not followed."""
    left: list[tuple[Any, int]] = [(top, 0)]
    while left:
        value, depth = left.pop()
        if isinstance(value, Dictionary):
            yield value
            inside = [item for _, item in value.items()]
        else:
            inside = list(value)
        if depth < MAX_DEPTH:
            left += [
                (item, depth + 1)
                for item in inside
                if isinstance(item, Dictionary | Array) and not item.is_indirect
            ]
        else:
            raise Rejected(Refusal.TOO_COMPLEX, "")


def _of_dictionary(holder: Dictionary) -> set[Flag]:
    flags: set[Flag] = set()
    subtype, kind = _name(holder.get("/Subtype")), _name(holder.get("/Type"))
    if is_action(holder) or subtype in ACTIVE_KINDS or _has_active_key(holder):
        flags.add(Flag.ACTIVE)
    if "/EF" in holder or "/EmbeddedFiles" in holder or "/EmbeddedFile" in (kind, subtype):
        flags.add(Flag.ATTACHMENT)
        names = [str(holder.get(key, "")) for key in ("/F", "/UF", "/Desc")]
        if any(PROGRAMS.search(name) for name in names):
            flags.add(Flag.ACTIVE)
    if subtype == "/FileAttachment":
        flags.add(Flag.ATTACHMENT)
    if "/ByteRange" in holder:
        flags.add(Flag.SIGNED)
    return flags


def _has_active_key(holder: Dictionary) -> bool:
    """Those keys with a value of the right shape: « /JS » may also be the name of a font."""
    for key in ACTIVE_KEYS & set(holder.keys()):
        value = holder.get(key)
        if key == "/AA":
            found = isinstance(value, Dictionary) and any(
                isinstance(item, Dictionary) and "/S" in item for _, item in value.items()
            )
        elif key == "/JS":
            found = "/S" in holder
        elif key == "/JavaScript":
            found = isinstance(value, Dictionary) and ("/Names" in value or "/Kids" in value)
        else:
            found = value is not None
        if found:
            return True
    return False


def is_action(value: Any) -> bool:
    """Whether that dictionary tells the reader to do something outside the page."""
    return isinstance(value, Dictionary) and _name(value.get("/S")) in ACTIONS


def _name(value: Any) -> str:
    return str(value) if isinstance(value, Name) else ""


# --- Copying pages without what could act


def add_pages(target: Pdf, source: Pdf) -> None:
    """Adds the pages of `source` as they are drawn: no action, link, form or attachment."""
    for page in source.pages:
        holder = page.obj
        for key in set(holder.keys()) - PAGE_KEYS:
            del holder[key]
        annotations = holder.get("/Annots")
        if isinstance(annotations, Array):
            drawn = [item for item in annotations if isinstance(item, Dictionary)]
            holder.Annots = Array([_copied(item) for item in drawn if _is_drawn(item)])
        elif annotations is not None:
            del holder["/Annots"]
    target.pages.extend(source.pages)


def _is_drawn(annotation: Dictionary) -> bool:
    return "/AP" in annotation and _name(annotation.get("/Subtype")) not in NOT_DRAWN


def _copied(annotation: Dictionary) -> Dictionary:
    return Dictionary({key: item for key, item in annotation.items() if key in ANNOTATION_KEYS})
