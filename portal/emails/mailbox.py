"""The mailbox where returned messages arrive, read over IMAP (RFC 3501).

Only delivery reports are fetched; everything else in it stays as it is, unread.
"""

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

TIMEOUT = 20.0  # seconds without a word from the server
MAX_OCTETS = 1024 * 1024  # a report that weighs more is not one
AT_ONCE = 50  # reports of one visit; the next visit takes the others
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


class MailboxError(RuntimeError):
    """The mailbox could not be read; the message says what its server answered."""


class Mailbox:
    """An open mailbox."""

    def __init__(self, connection: imaplib.IMAP4) -> None:
        self._connection = connection

    def reports(self) -> Iterator[tuple[str, bytes]]:
        """Unread delivery reports: their UID and their content."""
        criteria = ("UNSEEN", "HEADER", "Content-Type", '"delivery-status"')
        found = _flat(self._uid("SEARCH", *criteria)).decode("ascii", "replace")
        for uid in found.split()[:AT_ONCE]:
            size = _SIZE.search(_flat(self._uid("FETCH", uid, "(RFC822.SIZE)")))
            if size is None or int(size[1]) > MAX_OCTETS:
                yield uid, b""
                continue
            parts = self._uid("FETCH", uid, "(BODY.PEEK[])")
            yield uid, next((part[1] for part in parts if isinstance(part, tuple)), b"")

    def mark_read(self, uid: str) -> None:
        self._uid("STORE", uid, "+FLAGS", r"(\Seen)")

    def _uid(self, command: str, *arguments: str) -> list[bytes | tuple[bytes, bytes]]:
        status, data = self._connection.uid(command, *arguments)
        if status != "OK":
            raise MailboxError(f"{command}: {status}")
        return data


@contextmanager
def opened(url: str) -> Iterator[Mailbox]:
    """The mailbox of imaps://user:password@host:993; the certificate is verified.

    imap+plain:// speaks without TLS (this machine only: see config). Raises MailboxError.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    connection: imaplib.IMAP4 | None = None
    try:
        if parts.scheme == "imaps":
            context = ssl.create_default_context()
            connection = imaplib.IMAP4_SSL(
                host, parts.port or 993, ssl_context=context, timeout=TIMEOUT
            )
        else:
            connection = imaplib.IMAP4(host, parts.port or 143, timeout=TIMEOUT)
        connection.login(unquote(parts.username or ""), unquote(parts.password or ""))
        connection.select("INBOX")
        yield Mailbox(connection)
    except (imaplib.IMAP4.error, OSError) as error:
        raise MailboxError(f"{type(error).__name__}: {error}"[:300]) from error
    finally:
        if connection is not None:
            connection.shutdown()


def _flat(parts: list[bytes | tuple[bytes, bytes]]) -> bytes:
    return b" ".join(part[0] if isinstance(part, tuple) else part or b"" for part in parts)
