"""What is asked for a session: the topics, their forms, and the steps each door shows."""

from dataclasses import dataclass

from portal.training.client_forms import CompanyForm, FundingForm
from portal.training.course_forms import ProgrammeForm, ScheduleForm, TraineesForm
from portal.web import PortalForm


@dataclass(frozen=True)
class Step:
    """One page of a door: a named URL, its title, and the topics it shows."""

    slug: str
    title: str
    topics: tuple[str, ...]
    in_link_way: bool = True


FORMS: dict[str, type[PortalForm]] = {
    "company": CompanyForm,
    "funding": FundingForm,
    "programme": ProgrammeForm,
    "schedule": ScheduleForm,
    "trainees": TraineesForm,
}
TOPIC_LABEL = {
    "company": "l’entreprise",
    "funding": "le financement",
    "programme": "le programme et le prix",
    "schedule": "les dates et le lieu",
    "trainees": "les stagiaires",
}

TRAINER_STEPS = (
    Step("client", "Client", ("company", "funding"), in_link_way=False),
    Step("programme", "Programme et prix", ("programme",)),
    Step("dates", "Dates et lieu", ("schedule",)),
    Step("stagiaires", "Stagiaires", ("trainees",), in_link_way=False),
)
CLIENT_STEPS = (
    Step("entreprise", "Votre entreprise", ("company",)),
    Step("stagiaires", "Stagiaires", ("trainees",)),
    Step("financement", "Financement", ("funding",)),
)
