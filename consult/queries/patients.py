"""Who elsewhere may be the patient of a case: a suggestion with its reason, within what the viewer may see."""

from dataclasses import dataclass

from consult.domain.access import What
from consult.domain.errors import Words
from consult.domain.people import Actor
from consult.domain.studies import StudySummary
from consult.store import cases, patients, people
from consult.store.summaries import summarised
from consult.store.unit import Store


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A study of another hospital, that hospital's code and names, and why it may be of the same patient."""

    study: StudySummary
    site: str
    site_name: Words
    reasons: tuple[Words, ...]


def suggestions(store: Store, case_id: str, actor: Actor) -> list[Suggestion]:
    """What may belong to the case's patient elsewhere, newest first. Raises NotFound."""
    with store.read() as connection:
        case = cases.find(connection, case_id, actor)
        if not cases.sees(connection, case_id, actor, What.IMAGES):
            return []
        found = patients.matches(connection, case, actor)
        told = summarised(connection, [each.row for each in found])
        names = {site.code: site.name for site in people.all_institutions(connection)}
    return [
        Suggestion(study, each.row.institution, names.get(each.row.institution, Words("", "")), each.reasons)
        for study, each in zip(told, found, strict=True)
    ]
