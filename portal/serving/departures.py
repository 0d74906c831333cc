"""An answer on its way out: what its reader does not take at once waits here, not in a thread."""

import socket
import time

START_SECONDS = 30.0  # left to any answer…
HURRIED_SECONDS = 10.0  # left to it when the process was asked to stop
PACE = 3 * 1024  # … and this many octets per second after it: a bad line reads a paper of 100 KiB
HELD_LIMIT = 64 * 1024 * 1024  # octets slow readers can make one process hold


class Departure:
    """Stands for the socket while gunicorn writes an answer; the event loop sends what is left."""

    def __init__(self, sock: socket.socket) -> None:
        self.held = bytearray()
        self.since = time.monotonic()
        self._sock = sock
        self._octets = 0

    def sendall(self, data: bytes) -> None:
        """Sends what the other side takes now, and holds the rest. Raises OSError when it left."""
        self._octets += len(data)
        sent = 0 if self.held else self._send(data)
        self.held += memoryview(data)[sent:]

    def go_on(self) -> bool:
        """Sends a little more; True once nothing is left. Raises OSError."""
        del self.held[: self._send(self.held)]
        return not self.held

    def _send(self, data: bytes | bytearray) -> int:
        try:
            return self._sock.send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0

    def is_late(self, now: float, *, hurried: bool) -> bool:
        """Whether its reader takes too long; `now` in seconds of time.monotonic()."""
        limit = HURRIED_SECONDS if hurried else START_SECONDS + self._octets / PACE
        return now - self.since > limit

    # What gunicorn also asks of a socket

    def send(self, data: bytes) -> int:
        """Only « 100 Continue », which was said when it was time: the body is there."""
        return len(data)

    def shutdown(self, _how: int) -> None:
        """After a failure in mid-answer: the event loop closes, and does not wait for it."""
        raise OSError("closed by the event loop")

    def close(self) -> None:
        """See shutdown."""
