"""A gunicorn worker whose threads never wait for a person: they act on what is there.

gthread reads requests and writes answers in its threads, without any limit of time, and waits in
its event loop for whoever it says goodbye to: eight senders or readers of a byte now and then were
enough to stop every page. Here the event loop does all three, without ever waiting: whoever is slow
costs a socket.
"""

import socket
import time
from concurrent.futures import Future
from functools import partial
from http import HTTPStatus
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any, NamedTuple

from gunicorn.workers.gthread import TConn, ThreadWorker

from portal.serving.arrivals import PIECE, Arrival
from portal.serving.departures import HELD_LIMIT, Departure

CROWDED = 0.75  # of the connections a process accepts: from there on, forms have to be quick
UPLOADS = 16  # requests with files gathered at a time in one process, of 61 MiB at most
GOODBYE_SECONDS = 5.0  # left to the other side for reading the last answer and hanging up
LOOK_SECONDS = 0.5  # between two looks at who is late

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_SENTENCES = {
    HTTPStatus.REQUEST_TIMEOUT: "L’envoi a pris trop de temps. Réessayez.",
    HTTPStatus.LENGTH_REQUIRED: "La taille de l’envoi n’est pas indiquée.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "L’en-tête de la demande est trop long.",
    HTTPStatus.SERVICE_UNAVAILABLE: "Le portail reçoit déjà beaucoup de fichiers. "
    "Réessayez dans une minute.",
    HTTPStatus.INSUFFICIENT_STORAGE: "Le portail manque de place pour recevoir ce fichier.",
}


class Line(NamedTuple):
    """The part of a connection that gunicorn reads while it answers."""

    sock: Departure
    client: Any
    server: Any


class WebWorker(ThreadWorker):
    """Everything but `handle_request` and `_keepalive_after` runs in the event loop, which must
    never wait, nor let an error through."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.arrivals: dict[TConn, Arrival] = {}  # on their way in
        self.acting: dict[TConn, Arrival] = {}  # in the hands of a thread
        self.answers: dict[TConn, Departure] = {}  # being written by a thread
        self.departures: dict[TConn, tuple[Departure, Future[Any]]] = {}  # on their way out
        self.leaving: dict[TConn, float] = {}  # answered, and not hung up yet: since when
        self.looked_at = 0.0

    # --- In

    def enqueue_req(self, conn: TConn) -> None:
        """A connection that was accepted, or is kept and speaks again."""
        ahead = conn.parser.unreader.take_buffered() if conn.parser else b""
        arrival = self.arrivals[conn] = Arrival(self._admits)
        conn.sock.setblocking(False)
        self.poller.register(conn.sock, EVENT_READ, partial(self._on_readable, conn))
        if not self._take(conn, arrival, ahead):
            self._on_readable(conn)  # most requests come in one piece, which is there by now

    def _admits(self, path: bytes) -> int:
        """Octets that the page at this address takes; what is served may not be the portal."""
        admits = getattr(self.wsgi, "extensions", {}).get("admitted_octets")
        return admits(path.decode("latin-1")) if admits else 0

    def _on_readable(self, conn: TConn, _sock: Any = None) -> None:
        try:
            piece = conn.sock.recv(self.arrivals[conn].room)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if piece:
            self._take(conn, self.arrivals[conn], piece)
        else:
            self._turn_away(conn)

    def _take(self, conn: TConn, arrival: Arrival, piece: bytes) -> bool:
        """True when the request is no longer gathered: a thread has it, or it was turned away."""
        refusal = arrival.add(piece)
        if refusal is None and arrival.upload is not None and self._has_enough_uploads():
            refusal = HTTPStatus.SERVICE_UNAVAILABLE
        if refusal is not None:
            self._turn_away(conn, refusal)
            return True
        if arrival.is_whole:
            self._hand_over(conn)
            return True
        if arrival.asks_to_go_on:
            arrival.asks_to_go_on = False
            _say(conn, _CONTINUE)
        return False

    def _has_enough_uploads(self) -> bool:
        return sum(arrival.upload is not None for arrival in self.arrivals.values()) > UPLOADS

    def _hand_over(self, conn: TConn) -> None:
        arrival = self.acting[conn] = self.arrivals.pop(conn)
        self.poller.unregister(conn.sock)
        arrival.rewind()
        conn.init()
        conn.parser.unreader.sock = arrival  # a thread never reads from the other side
        conn.parser.unreader.unread(bytes(arrival.received))
        super().enqueue_req(conn)

    def _turn_away(self, conn: TConn, status: HTTPStatus | None = None) -> None:
        self.arrivals.pop(conn).close()
        self.poller.unregister(conn.sock)
        if status is None:
            self._hang_up(conn)
        else:
            _say(conn, _refusal(status))
            self._say_goodbye(conn)

    # --- In a thread

    def handle_request(self, req: Any, conn: TConn) -> Any:
        """As gthread, writing to what never makes the thread wait."""
        departure = self.answers[conn] = Departure(conn.sock)
        return super().handle_request(req, Line(departure, conn.client, conn.server))

    def _keepalive_after(self, conn: TConn, keepalive: Any) -> bool:
        """A body that was not taken stands where the next request would begin."""
        return not self.acting[conn].is_cut and super()._keepalive_after(conn, keepalive)

    # --- Out

    def finish_request(self, conn: TConn, fs: "Future[Any]") -> None:
        """A thread has answered."""
        self.acting.pop(conn).close()
        departure = self.answers.pop(conn, None)
        if departure is None or not departure.held:
            self._answered(conn, fs)
            return
        conn.sock.setblocking(False)
        self.departures[conn] = departure, fs
        self.poller.register(conn.sock, EVENT_WRITE, partial(self._on_writable, conn))

    def _on_writable(self, conn: TConn, _sock: Any) -> None:
        departure, fs = self.departures[conn]
        try:
            is_gone = departure.go_on()
        except OSError:
            self._give_up(conn)
            return
        if is_gone:
            del self.departures[conn]
            self.poller.unregister(conn.sock)
            self._answered(conn, fs)

    def _give_up(self, conn: TConn) -> None:
        del self.departures[conn]
        self.poller.unregister(conn.sock)
        self._hang_up(conn)

    def _answered(self, conn: TConn, fs: "Future[Any]") -> None:
        is_kept = not fs.cancelled() and fs.exception() is None and fs.result()
        if is_kept:
            super().finish_request(conn, fs)
        else:
            self._say_goodbye(conn)

    def _say_goodbye(self, conn: TConn) -> None:
        """Ends our side, and lets the other one read: hanging up on unread octets would take the
        last answer back (RFC 9112 section 9.6)."""
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._hang_up(conn)
            return
        self.leaving[conn] = time.monotonic()
        self.poller.register(conn.sock, EVENT_READ, partial(self._on_goodbye, conn))

    def _on_goodbye(self, conn: TConn, _sock: Any) -> None:
        try:
            is_there = bool(conn.sock.recv(PIECE))
        except BlockingIOError:
            return
        except OSError:
            is_there = False
        if not is_there:
            self._leave(conn)

    def _leave(self, conn: TConn) -> None:
        del self.leaving[conn]
        self.poller.unregister(conn.sock)
        self._hang_up(conn)

    def _hang_up(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close()

    # --- Who is late

    def murder_pending(self) -> None:
        """Called again and again by the event loop: ends what takes too long."""
        super().murder_pending()
        now = time.monotonic()
        if now - self.looked_at < LOOK_SECONDS:
            return
        self.looked_at = now
        is_crowded = self.nr_conns > CROWDED * self.worker_connections
        for conn, arrival in list(self.arrivals.items()):
            hurried = not self.alive or (is_crowded and arrival.upload is None)
            if arrival.is_late(now, hurried=hurried):
                self._turn_away(conn, HTTPStatus.REQUEST_TIMEOUT if arrival.received else None)
        self._end_departures(now)
        for conn, since in list(self.leaving.items()):
            if now - since > GOODBYE_SECONDS or not self.alive or is_crowded:
                self._leave(conn)

    def _end_departures(self, now: float) -> None:
        """The late ones, then the oldest while too much is held."""
        held = sum(len(departure.held) for departure, _fs in self.departures.values())
        for conn, (departure, _fs) in list(self.departures.items()):
            if departure.is_late(now, hurried=not self.alive) or held > HELD_LIMIT:
                held -= len(departure.held)
                self._give_up(conn)


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
