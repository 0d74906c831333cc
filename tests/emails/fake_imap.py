"""A mailbox served over IMAP on this machine: enough of RFC 3501 for what reads it."""

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Box:
    """Messages by UID, which of them were read, and what the server was told."""

    messages: dict[int, bytes] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    dialogue: list[str] = field(default_factory=list)
    password: str = "secret mot"
    is_broken: bool = False
    is_refusing: bool = False
    says_weights: bool = True
    port: int = 0

    @property
    def url(self) -> str:
        return f"imap+plain://retours:secret%20mot@127.0.0.1:{self.port}"

    def add(self, *messages: bytes) -> None:
        for message in messages:
            self.messages[len(self.messages) + 1] = message

    def answer(self, line: str) -> list[bytes]:
        """The untagged lines for one command, the status of the tagged one last."""
        words = line.split(" ")
        command = words[0].upper()
        if command == "CAPABILITY":
            return [b"* CAPABILITY IMAP4rev1", b"OK done"]
        if command == "LOGIN":
            right = line == f'LOGIN retours "{self.password}"'
            return [b"OK in" if right else b"NO [AUTHENTICATIONFAILED] wrong"]
        if command == "SELECT":
            return [b"* %d EXISTS" % len(self.messages), b"OK [READ-WRITE] selected"]
        if command == "UID" and self.is_refusing:
            return [b"NO [UNAVAILABLE] later"]
        if command == "UID" and not self.is_broken:
            return self._uid(words[1].upper(), line)
        return [b"BAD what"]

    def _uid(self, command: str, line: str) -> list[bytes]:
        if command == "SEARCH":
            assert "UNSEEN HEADER Content-Type" in line
            found = [
                uid
                for uid, raw in self.messages.items()
                if uid not in self.seen and b"delivery-status" in raw.split(b"\r\n\r\n")[0]
            ]
            return [b"* SEARCH " + " ".join(map(str, found)).encode(), b"OK searched"]
        uid = int(line.split(" ")[2])
        raw = self.messages[uid]
        if command == "STORE":
            self.seen.add(uid)
            return [b"* %d FETCH (UID %d FLAGS (\\Seen))" % (uid, uid), b"OK stored"]
        if "RFC822.SIZE" in line and not self.says_weights:
            return [b"* %d FETCH (UID %d)" % (uid, uid), b"OK sized"]
        if "RFC822.SIZE" in line:
            return [b"* %d FETCH (UID %d RFC822.SIZE %d)" % (uid, uid, len(raw)), b"OK sized"]
        assert "BODY.PEEK[]" in line  # reading a report must not mark it: what follows does
        head = b"* %d FETCH (UID %d BODY[] {%d}\r\n" % (uid, uid, len(raw))
        return [head + raw + b")", b"OK fetched"]


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        box: Box = self.server.box  # type: ignore[attr-defined]
        self.wfile.write(b"* OK ready\r\n")
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            tag, _, command = line.partition(" ")
            box.dialogue.append(re.sub(r"^LOGIN.*", "LOGIN", command))
            *untagged, status = box.answer(command)
            for text in untagged:
                self.wfile.write(text + b"\r\n")
            self.wfile.write(tag.encode() + b" " + status + b"\r\n")


@contextmanager
def served() -> Iterator[Box]:
    """A mailbox that answers until the end of the block."""
    box = Box()
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        shared: Any = server
        shared.box = box
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield box
        server.shutdown()
