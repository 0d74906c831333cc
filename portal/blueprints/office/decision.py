"""What the office fills in about an agreement: the decision, its figures, the reason."""

from typing import Any

from wtforms import BooleanField, StringField, TextAreaField
from wtforms.validators import Optional, ValidationError

from portal import french, money
from portal.effects.funding import asked_grant, regime_of
from portal.fields import MaxLength, MoneyField, Required, TileField
from portal.funding.models import Agreement
from portal.funding.rules import Base, Split, VatRegime, split
from portal.training.models import TrainingSession
from portal.web import PortalForm

TOTAL, PARTIAL, REFUSED, RETURN = "totale", "partielle", "refusee", "renvoyer"


class DecisionForm(PortalForm):
    """What the funder decided, read on its paper by a person."""

    decision = TileField(
        "Décision",
        choices={
            TOTAL: "Prise en charge totale",
            PARTIAL: "Prise en charge partielle",
            REFUSED: "Refusée",
            RETURN: "Demander un autre document",
        },
        validators=[Required("Choisissez la décision de l’OPCO")],
    )
    amount = MoneyField("Montant accordé", validators=[Optional()])
    base = TileField(
        "Ce montant est",
        choices={Base.NET.value: "hors taxes (HT)", Base.GROSS.value: "toutes taxes (TTC)"},
        default=Base.NET.value,
    )
    funder_pays_vat = BooleanField("L’OPCO paie aussi la TVA sur sa part")
    number = StringField(
        "N° d’accord",
        validators=[Optional(), MaxLength(60)],
        render_kw={"autocomplete": "off"},
    )
    subrogation = TileField(
        "Règlement",
        choices={"oui": "Subrogation", "non": "L’entreprise est remboursée"},
    )
    reason = TextAreaField("Raison", validators=[Optional(), MaxLength(500)])
    read_over = BooleanField("SIRET, intitulé, dates, durée et effectif relus sur le document")

    @property
    def is_grant(self) -> bool:
        return self.decision.data in (TOTAL, PARTIAL)

    def validate(self, extra_validators: Any = None) -> bool:
        """What a decision needs: `Optional` ends the checks of a field left empty."""
        is_valid = super().validate(extra_validators)
        for field, decisions, sentence in (
            (self.amount, (PARTIAL,), "Indiquez le montant accordé"),
            (self.reason, (REFUSED, RETURN), "Indiquez la raison, en quelques mots"),
        ):
            if self.decision.data in decisions and not field.data and not field.errors:
                field.errors = [sentence]
                is_valid = False
        return is_valid

    def validate_subrogation(self, field: Any) -> None:
        if self.is_grant and not field.data:
            raise ValidationError("Dites qui l’OPCO paie\u00a0: l’organisme, ou l’entreprise")

    def validate_read_over(self, field: Any) -> None:
        if self.is_grant and not field.data:
            raise ValidationError("Relisez ces points sur le document, puis cochez la case")


def suggest(form: DecisionForm, agreement: Agreement) -> None:
    """Fills in what was read on the paper; a person still has to look and decide."""
    read = agreement.suggestions or {}
    if read.get("decision"):
        words = {"total": TOTAL, "partial": PARTIAL, "refused": REFUSED}
        form.decision.data = words.get(read["decision"]["value"])
    if read.get("amount"):
        form.amount.data = read["amount"]["value"]
    if read.get("base"):
        form.base.data = read["base"]
    if read.get("file_number"):
        form.number.data = read["file_number"]["value"]
    if read.get("subrogation"):
        form.subrogation.data = "oui" if read["subrogation"]["value"] else "non"


def figures(training: TrainingSession, form: DecisionForm) -> dict[str, Any]:
    """The figures of a grant; a total one covers the whole price excluding VAT."""
    total = form.decision.data == TOTAL
    base = Base.NET if total or not has_vat(training) else Base(form.base.data or Base.NET)
    return {
        "printed_cents": training.price_cents if total else form.amount.data,
        "base": base,
        "funder_pays_vat": base is Base.GROSS or bool(form.funder_pays_vat.data),
        "subrogation": form.subrogation.data == "oui",
        "number": form.number.data,
    }


def sums(training: TrainingSession, form: DecisionForm) -> Split | str | None:
    """Who would pay what with the figures as they stand; a sentence when they cannot be right."""
    if not form.is_grant or training.price_cents is None:
        return None
    if form.decision.data == PARTIAL and not form.amount.data:
        return None
    asked = figures(training, form)
    granted = asked_grant(training, asked)
    try:
        return split(training.price_cents, regime_of(training), granted, asked["subrogation"])
    except ValueError:
        limit = french.NBSP.join(("hors", "taxes"))
        return f"Le montant accordé dépasse le prix {limit} de la formation\u00a0: vérifiez-le."


def consequence(training: TrainingSession, form: DecisionForm) -> str | None:
    """What follows for the client, in one sentence; None while it cannot be told."""
    company = training.company
    client = company.legal_name if company else "Le client"
    if form.decision.data == RETURN:
        return f"{client} pourra déposer un autre document."
    if form.decision.data == REFUSED:
        return f"{client} choisira de régler, de reporter ou d’annuler."
    shared = sums(training, form)
    if not isinstance(shared, Split):
        return None
    if not shared.remainder_cents:
        return f"{client} recevra la confirmation : rien à signer."
    signatory = company.signatory_name if company else client
    return f"{signatory} signera et s’engagera à régler {money.euros(shared.client_due_cents)}."


def has_vat(training: TrainingSession) -> bool:
    """Whether the organisation charges VAT on this session."""
    return regime_of(training) is VatRegime.STANDARD
