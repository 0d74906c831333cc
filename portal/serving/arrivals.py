"""A request on its way in: gathered whole, within limits of size and time, before a thread acts.

A form stays in memory; what only a page that takes files admits goes to a temporary file.
"""

import re
import tempfile
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import IO

HEAD_SECONDS = 10.0  # for the request line and the headers
WHOLE_SECONDS = 90.0  # for a form: 256 KiB at the 3 KiB/s of a bad line
UPLOAD_SECONDS = 600.0  # for files: as long as the page that sends them waits
UPLOAD_PACE = 8 * 1024  # octets per second that files must keep up, after a first…
UPLOAD_START = 30.0  # … while
HURRIED_SECONDS = 2.0  # for everything, once the process was asked to stop or is crowded
HEAD_LIMIT = 64 * 1024  # octets
BODY_LIMIT = 256 * 1024  # octets the portal admits in a form
PIECE = 64 * 1024  # octets taken at a time

Admits = Callable[[bytes], int]  # by address asked for: the octets its page takes

_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*(?=\r\n)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding[ \t]*:", re.IGNORECASE)
_EXPECT = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)
_LENGTH_SAID = re.compile(rb"\r\ncontent-length[ \t]*:", re.IGNORECASE)
_LINE = re.compile(rb"([A-Z]+) (/[^ ?]*)\S* HTTP/1\.([01])\r\n")


class Arrival:
    """What has come so far of one request; for the parser, all there is to read of it."""

    def __init__(self, admits: Admits) -> None:
        self.received = bytearray()  # the head, and the body of a form
        self.upload: IO[bytes] | None = None  # the body, when it carries files
        self.missing: int | None = None  # octets still to come, once the head is there
        self.is_cut = False  # its body is too large: the portal says so, without having it
        self.asks_to_go_on = False  # it waits for « 100 Continue » before it sends its body
        self.since = time.monotonic()
        self._admits = admits
        self._taken = 0

    @property
    def is_whole(self) -> bool:
        return self.missing is not None and self.missing <= 0

    @property
    def room(self) -> int:
        """Octets to take next: of files, never one that belongs to the request behind them."""
        return PIECE if self.upload is None else min(PIECE, self.missing or 0)

    def add(self, piece: bytes) -> HTTPStatus | None:
        """Takes what has just come; says why the request cannot be waited for, if so."""
        self._taken += len(piece)
        if self.missing is not None:
            self.missing -= len(piece)
            return self._keep(piece)
        searched = max(0, len(self.received) - len(_END))
        self.received += piece
        end = self.received.find(_END, searched)
        if end >= 0:
            return self._read_head(end)
        too_long = len(self.received) > HEAD_LIMIT
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE if too_long else None

    def _keep(self, piece: bytes) -> HTTPStatus | None:
        if self.upload is None:
            self.received += piece
            return None
        try:
            self.upload.write(piece)
        except OSError:
            return HTTPStatus.INSUFFICIENT_STORAGE
        return None

    def _read_head(self, end: int) -> HTTPStatus | None:
        head = bytes(self.received[: end + 2])
        if _CHUNKED.search(head):  # no browser sends a form that way, and its end is not known
            return HTTPStatus.LENGTH_REQUIRED
        line, lengths = _LINE.match(head), _LENGTH.findall(head)
        octets = int(lengths[0]) if lengths else 0
        admitted = octets <= BODY_LIMIT or (line and octets <= self._admits(line[2]))
        # said twice, or oddly: gunicorn refuses it, or reads another length in it
        if not admitted or len(_LENGTH_SAID.findall(head)) > len(lengths) or len(lengths) > 1:
            self.is_cut, octets = True, 0
        body = self.received[end + len(_END) :]
        self.missing = octets - len(body)
        # a form may have been read together with the request behind it; files never are
        is_1_1 = line is not None and line[3] == b"1"
        self.asks_to_go_on = self.missing > 0 and is_1_1 and bool(_EXPECT.search(head))
        if octets > BODY_LIMIT:
            return self._spool(end + len(_END), bytes(body))
        return None

    def _spool(self, head: int, body: bytes) -> HTTPStatus | None:
        del self.received[head:]
        try:
            self.upload = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the request
        except OSError:
            return HTTPStatus.INSUFFICIENT_STORAGE
        return self._keep(body)

    def is_late(self, now: float, *, hurried: bool) -> bool:
        """Whether it takes too long to come; `now` in seconds of time.monotonic()."""
        if hurried:
            limit = HURRIED_SECONDS
        elif self.missing is None:
            limit = HEAD_SECONDS
        elif self.upload is None:
            limit = WHOLE_SECONDS
        else:
            limit = min(UPLOAD_SECONDS, UPLOAD_START + self._taken / UPLOAD_PACE)
        return now - self.since > limit

    def rewind(self) -> None:
        """Once it is whole: the parser reads it from its first octet."""
        if self.upload is not None:
            self.upload.seek(0)

    def recv(self, octets: int) -> bytes:
        """What gunicorn's parser reads after the head, in place of the socket: it never waits."""
        return self.upload.read(octets) if self.upload is not None else b""

    def close(self) -> None:
        """Lets go of the temporary file."""
        if self.upload is not None:
            self.upload.close()
