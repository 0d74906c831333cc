"""A gunicorn worker that gives a request to a thread only once it has come in whole.

gthread reads heads and bodies in its threads and sets no limit of time: eight senders of a byte now
and then were enough to stop every page. Here the event loop gathers what comes, where a slow
sender costs a socket and nothing else, and the threads only ever act.
"""

import re
import time
from functools import partial
from http import HTTPStatus
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

HEAD_SECONDS = 10.0  # for the request line and the headers
WHOLE_SECONDS = 90.0  # for everything: 256 KiB at the 3 KiB/s of a bad line
LEAVING_SECONDS = 2.0  # for everything, once the worker was asked to stop
HEAD_LIMIT = 64 * 1024  # octets
BODY_LIMIT = 256 * 1024  # octets the portal admits; it refuses more by itself, unread

_PIECE = 64 * 1024
_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding[ \t]*:", re.IGNORECASE)
_EXPECT = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*\r\n", re.IGNORECASE)
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_SENTENCES = {
    HTTPStatus.REQUEST_TIMEOUT: "L’envoi a pris trop de temps. Réessayez.",
    HTTPStatus.LENGTH_REQUIRED: "La taille de l’envoi n’est pas indiquée.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "L’en-tête de la demande est trop long.",
}


class Arrival:
    """What has come so far of one request."""

    def __init__(self, received: bytes) -> None:
        self.received = bytearray(received)
        self.wanted: int | None = None  # octets of head and body, once the head is there
        self.asks_to_go_on = False  # it waits for « 100 Continue » before it sends its body
        self.since = time.monotonic()

    @property
    def is_whole(self) -> bool:
        return self.wanted is not None and len(self.received) >= self.wanted

    def add(self, piece: bytes) -> HTTPStatus | None:
        """Takes what has just come; says why the request cannot be waited for, if so."""
        searched = max(0, len(self.received) - len(_END))
        self.received += piece
        if self.wanted is not None:
            return None
        end = self.received.find(_END, searched)
        if end >= 0:
            return self._read_head(end)
        too_long = len(self.received) > HEAD_LIMIT
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE if too_long else None

    def _read_head(self, end: int) -> HTTPStatus | None:
        head = bytes(self.received[: end + 2])
        if _CHUNKED.search(head):  # no browser sends a form that way, and its end is not known
            return HTTPStatus.LENGTH_REQUIRED
        length = _LENGTH.search(head)
        octets = int(length[1]) if length else 0
        self.wanted = end + len(_END) + (octets if octets <= BODY_LIMIT else 0)
        self.asks_to_go_on = not self.is_whole and bool(_EXPECT.search(head))
        return None

    def is_late(self, now: float, *, leaving: bool) -> bool:
        limit = HEAD_SECONDS if self.wanted is None else WHOLE_SECONDS
        return now - self.since > (LEAVING_SECONDS if leaving else limit)


class ArrivalWorker(ThreadWorker):
    """gthread, whose threads are kept for requests that are there.

    Everything here runs in the event loop, which must never wait, nor let an error through.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.arrivals: dict[TConn, Arrival] = {}
        self.looked_at = 0.0

    def enqueue_req(self, conn: TConn) -> None:
        """A connection that was accepted, or is kept and speaks again."""
        ahead = conn.parser.unreader.take_buffered() if conn.parser else b""
        arrival = self.arrivals[conn] = Arrival(b"")
        conn.sock.setblocking(False)
        self.poller.register(conn.sock, EVENT_READ, partial(self._on_readable, conn))
        if not self._take(conn, arrival, ahead):
            self._on_readable(conn)  # most requests come in one piece, which is there by now

    def _on_readable(self, conn: TConn, _sock: Any = None) -> None:
        try:
            piece = conn.sock.recv(_PIECE)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if piece:
            self._take(conn, self.arrivals[conn], piece)
        else:
            self._turn_away(conn)

    def _take(self, conn: TConn, arrival: Arrival, piece: bytes) -> bool:
        """True when the connection left the event loop, for a thread or for good."""
        refusal = arrival.add(piece)
        if refusal is not None:
            self._turn_away(conn, refusal)
            return True
        if arrival.is_whole:
            self._leave(conn)
            conn.init()
            conn.parser.unreader.unread(bytes(arrival.received))
            super().enqueue_req(conn)
            return True
        if arrival.asks_to_go_on:
            arrival.asks_to_go_on = False
            _say(conn, _CONTINUE)
        return False

    def murder_pending(self) -> None:
        """Called again and again by the event loop: turns away what takes too long to come."""
        super().murder_pending()
        now = time.monotonic()
        if now - self.looked_at < 0.5:
            return
        self.looked_at = now
        for conn, arrival in list(self.arrivals.items()):
            if arrival.is_late(now, leaving=not self.alive):
                self._turn_away(conn, HTTPStatus.REQUEST_TIMEOUT if arrival.received else None)

    def _turn_away(self, conn: TConn, status: HTTPStatus | None = None) -> None:
        self._leave(conn)
        if status is not None:
            _say(conn, _refusal(status))
        self.nr_conns -= 1
        conn.close()

    def _leave(self, conn: TConn) -> None:
        del self.arrivals[conn]
        self.poller.unregister(conn.sock)


def _refusal(status: HTTPStatus) -> bytes:
    body = _SENTENCES[status].encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nConnection: close\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _say(conn: TConn, words: bytes) -> None:
    """A few octets, if the other side takes them at once."""
    try:
        conn.sock.send(words)
    except OSError:
        return  # gone, or not listening: it is closed or timed out like any other
