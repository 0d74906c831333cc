"""One message handed to a mail server, and what the server made of it.

Flask-Mail opens a connection without time-out and without checking the certificate: both are
set here. Every ending is one of four: accepted, to try later, refused for good, or unknown
because the line was cut after the whole message had been handed over.
"""

import smtplib
import socket
import ssl
import threading
from functools import cache
from typing import Any

import flask_mail

from portal import french
from portal.config import Smtp
from portal.extensions import mail

TIMEOUT = 20.0  # seconds without a word from the server
WHOLE = 120.0  # seconds for the whole exchange: a server that speaks one byte at a time is cut off
_WORDS = 300  # characters kept of what a server says
# These blame our settings, not the message: it stays in the queue while someone repairs them.
_OUR_FAULT = frozenset({530, 534, 535, 538})


class Undelivered(Exception):
    """The message was not accepted; `reason` is a French sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Postponed(Undelivered):
    """To try again later."""


class Refused(Undelivered):
    """Refused for good: trying again would change nothing."""


class Uncertain(Undelivered):
    """The line was cut after the message was handed over: it may have arrived."""


class _Dialogue(smtplib.SMTP):
    """Keeps what Flask-Mail throws away: the last reply, and whether the message went whole."""

    handed_over = False
    last_reply = ""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._overtime = False
        self._guard = threading.Timer(WHOLE, self._cut)
        self._guard.daemon = True
        self._guard.start()
        try:
            super().__init__(*arguments, **options)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._guard.cancel()
        super().close()

    def _cut(self) -> None:
        """Ends an exchange that lasts too long, under the thread that waits for it."""
        self._overtime = True
        try:
            if self.sock is not None:
                self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            super().close()  # it was closing by itself

    def getreply(self) -> tuple[int, bytes]:
        """The reply of the server; half a reply at the moment of the cut counts for nothing."""
        try:
            return super().getreply()
        finally:
            if self._overtime:
                raise smtplib.SMTPServerDisconnected("too long") from TimeoutError()

    def send(self, s: Any) -> None:
        super().send(s)
        # Only the end of a message looks like this: a server may accept it from here on.
        if isinstance(s, bytes) and s.endswith(b"\r\n.\r\n"):
            self.handed_over = True

    def data(self, msg: Any) -> tuple[int, bytes]:
        code, words = super().data(msg)
        self.last_reply = f"{code} {said_by(words)}".strip()
        return code, words


class _TlsDialogue(_Dialogue, smtplib.SMTP_SSL):
    """The same over TLS from the first byte."""


@cache
def _authorities() -> ssl.SSLContext:
    """The authorities this machine trusts, read once: it takes as long as writing the message."""
    return ssl.create_default_context()


class Connection(flask_mail.Connection):
    """Flask-Mail's connection to the server of `smtp`, bounded in time, certificate verified."""

    host: _Dialogue | None

    def __init__(self, smtp: Smtp, own_name: str) -> None:
        super().__init__(mail.connect().mail)
        self.smtp = smtp
        self.own_name = own_name
        self.handed_over = False
        self.reply = ""

    def __enter__(self) -> "Connection":
        # Unlike its parent it never pretends: without a server, the outbox does not come here.
        self.host = self.configure_host()
        return self

    def __exit__(self, *exc: object) -> None:
        if self.host is None:
            return
        self.handed_over, self.reply = self.host.handed_over, self.host.last_reply
        try:
            self.host.quit()
        except (smtplib.SMTPException, OSError):
            # The server already answered: how it says goodbye changes nothing.
            self.host.close()

    def configure_host(self) -> _Dialogue:
        smtp = self.smtp
        kind: type[_Dialogue] = _Dialogue
        options: dict[str, Any] = {"local_hostname": self.own_name, "timeout": TIMEOUT}
        if smtp.security == "tls":
            kind, options = _TlsDialogue, {**options, "context": _authorities()}
        host = kind(smtp.host, smtp.port, **options)
        try:
            if smtp.security == "starttls":
                host.starttls(context=_authorities())
            if smtp.username and smtp.password:
                host.login(smtp.username, smtp.password)
        except BaseException:
            host.close()
            raise
        return host


def send(smtp: Smtp, message: flask_mail.Message, own_name: str) -> str:
    """Hands `message` over; returns the server's reply (« 250 OK queued as 4F2 »).

    Raises Postponed, Refused or Uncertain.
    """
    connection = Connection(smtp, _literal(own_name))
    try:
        with connection:
            connection.send(message)
        return connection.reply
    except (smtplib.SMTPException, OSError) as error:
        raise _ending(error, connection) from error
    except (UnicodeError, flask_mail.BadHeaderError) as error:
        raise Refused("L’adresse du destinataire n’est pas de celles qu’un serveur lit") from error


def _literal(name: str) -> str:
    """How we name ourselves to the server: an IP address stands between brackets (RFC 5321)."""
    try:
        socket.inet_aton(name)
    except OSError:
        return f"[IPv6:{name}]" if ":" in name else name
    return f"[{name}]"


def _ending(error: Exception, connection: Connection) -> Undelivered:
    """Which of the endings that error is."""
    code = _code_of(error)
    at_our_message = isinstance(
        error, smtplib.SMTPSenderRefused | smtplib.SMTPRecipientsRefused | smtplib.SMTPDataError
    )
    if at_our_message and 500 <= code < 600 and code not in _OUR_FAULT:
        return Refused(_explained(error))
    if connection.handed_over and not 400 <= code < 600:
        return Uncertain(
            "Le serveur de messagerie a reçu le message, puis la connexion a été coupée "
            "avant sa réponse\u00a0: le message est peut-être arrivé"
        )
    return Postponed(_explained(error))


def _code_of(error: Exception) -> int:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return int(next(iter(error.recipients.values()))[0])
    return int(error.smtp_code) if isinstance(error, smtplib.SMTPResponseException) else 0


def _explained(error: Exception) -> str:
    """What went wrong, for the person who reads « Courriels »."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, words = next(iter(error.recipients.values()))
        return f"Le serveur refuse cette adresse\u00a0: {code} {said_by(words)}"
    if isinstance(error, smtplib.SMTPAuthenticationError):
        said = f"{error.smtp_code} {said_by(error.smtp_error)}"
        return f"Le serveur refuse l’identifiant ou le mot de passe du portail\u00a0: {said}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"Le serveur a répondu\u00a0: {error.smtp_code} {said_by(error.smtp_error)}"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "Le serveur de messagerie n’offre pas ce que le portail exige (chiffrement, adresse)"
    causes = (error, error.__cause__, error.__context__)
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return "Le certificat du serveur de messagerie n’est pas valable\u00a0: rien n’a été envoyé"
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "La connexion chiffrée avec le serveur de messagerie a échoué"
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return "Le serveur de messagerie n’a pas répondu à temps"
    if isinstance(error, socket.gaierror):
        return "Le nom du serveur de messagerie est introuvable sur le réseau"
    if isinstance(error, ConnectionRefusedError):
        return "Le serveur de messagerie refuse la connexion"
    return "La connexion avec le serveur de messagerie a été coupée"


def said_by(words: bytes | str) -> str:
    """The words of a server on one line, at most 300 characters."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return french.one_line(text)[:_WORDS]
