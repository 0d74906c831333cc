"""The outbox as a table, without a word of the messages themselves."""

from collections.abc import Iterator

from sqlalchemy import select

from portal.emails.models import Email
from portal.emails.reading import is_undelivered, label_of
from portal.extensions import streamed
from portal.tabular import Column, Kind, Row
from portal.training.models import TrainingSession

COLUMNS = (
    Column("Créé", Kind.MOMENT, 17),
    Column("Envoyé", Kind.MOMENT, 17),
    Column("Destinataire", width=34),
    Column("Objet", width=60),
    Column("Session", width=14),
    Column("État", width=22),
    Column("Essais", Kind.COUNT, 8),
    Column("Réponse du serveur", width=50),
)


def rows(trainer_id: int | None, *, undelivered: bool = False) -> Iterator[Row]:
    """The messages of a trainer's sessions, or everybody's, the latest first; or those among them
    that did not arrive."""
    statement = select(
        Email.created_at, Email.sent_at, Email.to_email, Email.subject, TrainingSession.ref,
        Email.state, Email.bounced_at, Email.attempts, Email.error,
    ).outerjoin(TrainingSession, TrainingSession.id == Email.training_id)  # fmt: skip
    if trainer_id is not None:
        statement = statement.where(TrainingSession.trainer_id == trainer_id)
    if undelivered:
        statement = statement.where(is_undelivered())
    found = streamed(statement.order_by(Email.id.desc()))
    for created, sent, to, subject, ref, state, bounced, attempts, error in found:
        label = label_of(state, bounced).text
        yield (created, sent, to, subject, ref or "", label, attempts, error or "")
